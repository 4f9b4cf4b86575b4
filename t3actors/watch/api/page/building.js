// What is known of the devices, points and alarms: fetched after the socket is open, then kept by what it tells.
//
// Of a building of up to MOST_POINTS all points are here. Of a larger one a part is: those of one device, or that the search or the status
// finds, as the gateway finds them.

import { Part } from "./part.js";

const MOST_POINTS = 5000;
const WAITING_AT_MOST = 2000;
const FETCHED_AGAIN_MS = 600000;
const DEVICES_AGAIN_MS = 15000;
const TOLD_WITHIN_MS = 15000;
const MOST_ALARMS = 200;
const FAULTY = ["fault", "stale", "unknown"];
const MOST_FAULTY = 100;
const natural = new Intl.Collator("en", { numeric: true }).compare;

export class Building extends EventTarget {
  constructor(gateway) {
    super();
    this.gateway = gateway;
    this.devices = new Map();
    this.points = new Map();
    this.alarms = [];
    this.part = new Part(gateway);
    this.isWhole = true; // all points are here
    this._opened = null; // the row of the point whose trend is open: it may be in no part
    this._turn = 0;
    this._waiting = null; // messages that came while points were being fetched
    this._dirty = new Set();
    this._isDrawing = false;
    this._timers = {};
    this._faulty = []; // where not all points are here
    this._expected = null; // how many points the gateway had when they were fetched
    gateway.addEventListener("open", () => this.load());
    gateway.addEventListener("told", (event) => this._take(event.detail));
    gateway.addEventListener("health", () => this._count());
    setInterval(() => { if (gateway.isLive && !document.hidden) this._fetchDevices(); }, DEVICES_AGAIN_MS);
    setInterval(() => { if (gateway.isLive && !document.hidden) this.load(); }, FETCHED_AGAIN_MS);
  }

  // Which points are wanted: of one device ("": of all), that have these words, of this status, so many.
  want(changes) {
    if (this.part.want(changes) && !this.isWhole && this.gateway.isLive) this._soon("load", 250, () => this.load());
  }

  // A point's row, whatever part is here.
  row(key) {
    return this.points.get(key) || (this._opened?.key === key ? this._opened : null);
  }

  // A row as it was just read: of the point that is open.
  open(row) {
    const known = this.points.get(row ? row.key : "");
    if (!known) this._opened = row;
    else if (row.known > known.known) Object.assign(known, row);
    this.dispatchEvent(new Event("opened"));
  }

  // Whether there may be more alarms than are here.
  get hasMoreAlarms() {
    return this.alarms.length >= MOST_ALARMS;
  }

  // The points that are not ok, as far as they are known here.
  faulty() {
    return this.isWhole ? [...this.points.values()].filter((row) => FAULTY.includes(row.status)) : this._faulty;
  }

  // Fetch all that is shown, then apply what was told meanwhile.
  async load() {
    const turn = (this._turn += 1);
    const begun = this.gateway.now();
    const expected = this.gateway.health?.points ?? 0;
    this._waiting ||= [];
    try {
      const devices = await this._askDevices();
      const alarms = await this._askAlarms();
      const { rows, isWhole } = expected <= MOST_POINTS ? await this.part.all(MOST_POINTS) : await this.part.found();
      const faulty = isWhole ? [] : await this._askFaulty();
      if (turn !== this._turn) return;
      const isDeaf = this.gateway.isLive && rows.some((row) => this._wasNotTold(row, begun));
      Object.assign(this, { devices, alarms, isWhole, _faulty: faulty, _expected: expected });
      this.points = new Map(rows.sort((a, b) => natural(a.name, b.name)).map((row) => [row.key, row]));
      const waiting = this._waiting;
      this._waiting = null;
      waiting.forEach((told) => this._take(told));
      if (isDeaf) this.gateway.reconnect();
      else this.gateway.loaded();
      this.dispatchEvent(new Event("loaded"));
    } catch (error) {
      if (turn !== this._turn) return;
      this.gateway.notLoaded(error.message);
      this._soon("load", 3000, () => this.load());
    }
  }

  async _askDevices() {
    const { devices } = await this.gateway.ask("devices");
    for (const row of devices) row.key = row.name;
    return new Map(devices.sort((a, b) => natural(a.name, b.name)).map((row) => [row.name, row]));
  }

  async _askAlarms() {
    const { alarms } = await this.gateway.ask("alarms", { limit: MOST_ALARMS });
    return alarms.reverse();
  }

  async _askFaulty() {
    const counts = this.gateway.health?.points_by_status || {};
    const found = [];
    for (const status of FAULTY.filter((each) => counts[each])) found.push(...(await this.part.some(status, MOST_FAULTY)));
    return found;
  }

  async _fetchDevices() {
    try {
      const devices = await this._askDevices(), alarms = await this._askAlarms();
      const faulty = this.isWhole ? [] : await this._askFaulty();
      Object.assign(this, { devices, alarms, _faulty: faulty });
      this.dispatchEvent(new Event("devices"));
    } catch {
      // the gateway's state says so
    }
  }

  // A change that the database has had for long and the socket should have told of.
  _wasNotTold(row, now) {
    const ours = this.points.get(row.key);
    return ours !== undefined && row.value !== ours.value && row.changed_at > ours.known && row.changed_at < now - TOLD_WITHIN_MS;
  }

  // Points that are new, or gone, are not told of: their number is.
  _count() {
    const points = this.gateway.health.points;
    if (this._expected !== null && points !== this._expected && this.gateway.isLive) this._soon("load", 3000, () => this.load());
  }

  _take(told) {
    if (this._waiting) {
      if (this._waiting.length < WAITING_AT_MOST) this._waiting.push(told);
      else this._soon("load", 1000, () => this.load());
      return;
    }
    if (told.missed) this.load();
    for (const change of told.points || []) this._takePoint(change);
    for (const change of told.devices || []) this._takeDevice(change);
  }

  _takePoint(change) {
    const key = `${change.device}/${change.point_id}`;
    this.gateway.clock.hear(change.at);
    if (this._opened?.key === key || this.points.has(key)) this.dispatchEvent(new CustomEvent("point", { detail: { key, change } }));
    else if (this.isWhole || this.part.wants(change)) this._soon("load", 3000, () => this.load());
    for (const row of new Set([this.points.get(key), this._opened?.key === key ? this._opened : null])) {
      if (row && change.at >= row.known) this._apply(row, change);
    }
  }

  _apply(row, change) {
    const isText = typeof change.value === "string";
    row.hasMoved = row.value !== change.value || row.status !== change.status;
    row.value = isText ? null : change.value;
    row.text = isText ? change.value : (row.states && row.states[change.value]) || null;
    if (row.status !== change.status) {
      row.status_at = change.at;
      this._haveStatusesChanged = true;
    }
    row.status = change.status;
    row.status_reason = change.reason;
    row.flags = change.flags;
    row.sampled_at = change.sampled_at;
    if (change.changed) row.changed_at = change.at;
    row.known = change.at;
    this._dirty.add(row.key);
    this._drawOnce();
  }

  // However many changes come: what is shown is written once per frame.
  _drawOnce() {
    if (this._isDrawing) return;
    this._isDrawing = true;
    requestAnimationFrame(() => {
      this._isDrawing = false;
      const detail = { keys: this._dirty, statuses: Boolean(this._haveStatusesChanged) };
      this._dirty = new Set();
      this._haveStatusesChanged = false;
      this.dispatchEvent(new CustomEvent("changed", { detail }));
    });
  }

  _takeDevice(change) {
    const row = this.devices.get(change.device);
    if (row) {
      row.status = change.status;
      row.status_reason = change.reason;
      row.status_at = change.at;
      this._soon("tell", 100, () => this.dispatchEvent(new Event("devices")));
    }
    this._soon("devices", 1500, () => this._fetchDevices());
    this.gateway.lookSoon();
  }

  _soon(what, inMs, then) {
    if (this._timers[what]) return;
    this._timers[what] = setTimeout(() => {
      delete this._timers[what];
      then();
    }, inMs);
  }
}
