// What is known of the devices and points: fetched after the socket is open, then kept by what it tells.

const MOST_POINTS = 5000;
const A_PAGE = 1000;
const WAITING_AT_MOST = 2000;
const FETCHED_AGAIN_MS = 60000;
const DEVICES_AGAIN_MS = 15000;
const TOLD_WITHIN_MS = 15000;
const natural = new Intl.Collator("en", { numeric: true }).compare;

export class Building extends EventTarget {
  constructor(gateway) {
    super();
    this.gateway = gateway;
    this.devices = new Map();
    this.points = new Map();
    this.scope = ""; // the device whose points are shown; "": all devices'
    this.hasMore = false; // there are points that were not fetched
    this._turn = 0;
    this._waiting = null; // messages that came while points were being fetched
    this._dirty = new Set();
    this._isDrawing = false;
    this._timers = {};
    gateway.addEventListener("open", () => this.load());
    gateway.addEventListener("told", (event) => this._take(event.detail));
    setInterval(() => { if (gateway.isLive) this._fetchDevices(); }, DEVICES_AGAIN_MS);
    setInterval(() => { if (gateway.isLive && !document.hidden) this.load(); }, FETCHED_AGAIN_MS);
  }

  show(device) {
    if (device === this.scope) return;
    this.scope = device;
    if (this.hasMore) this.load();
  }

  // Fetch all that is shown, then apply what was told meanwhile.
  async load() {
    const turn = (this._turn += 1);
    const begun = this.gateway.now();
    this._waiting ||= [];
    try {
      const { devices } = await this.gateway.ask("devices");
      const { rows, hasMore } = await this._fetchPoints();
      if (turn !== this._turn) return;
      const isDeaf = this.gateway.isLive && rows.some((row) => this._wasNotTold(row, begun));
      this.devices = new Map(devices.sort((a, b) => natural(a.name, b.name)).map((row) => [row.name, row]));
      this.points = new Map(rows.map((row) => [row.key, row]));
      this.hasMore = hasMore;
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

  async _fetchPoints() {
    const found = [];
    let offset = 0;
    while (offset !== null && found.length < MOST_POINTS) {
      const device = this.hasMore && this.scope ? { device: this.scope } : {};
      const page = await this.gateway.ask("points", { limit: A_PAGE, offset, ...device });
      found.push(...page.points);
      offset = page.next_offset;
    }
    for (const row of found) {
      row.key = `${row.name}/${row.point_id}`;
      row.known = Math.max(row.sampled_at || 0, row.changed_at || 0, row.status_at || 0);
      row.words = `${row.key} ${row.label} ${row.full_label} ${row.units}`.toLowerCase();
    }
    const rows = found.sort((a, b) => natural(a.name, b.name));
    return { rows, hasMore: offset !== null || (this.hasMore && this.scope !== "") };
  }

  // A change that the database has had for long and the socket should have told of.
  _wasNotTold(row, now) {
    const ours = this.points.get(row.key);
    return ours !== undefined && row.value !== ours.value && row.changed_at > ours.known && row.changed_at < now - TOLD_WITHIN_MS;
  }

  async _fetchDevices() {
    try {
      const { devices } = await this.gateway.ask("devices");
      this.devices = new Map(devices.sort((a, b) => natural(a.name, b.name)).map((row) => [row.name, row]));
      this.dispatchEvent(new Event("devices"));
    } catch {
      // the gateway's state says so
    }
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
    const row = this.points.get(key);
    this.gateway.takeClock(change.at);
    this.dispatchEvent(new CustomEvent("point", { detail: { key, change } }));
    if (!row) {
      if (!this.hasMore) this._soon("load", 3000, () => this.load());
      return;
    }
    if (change.at < row.known) return;
    const isText = typeof change.value === "string";
    row.hasMoved = row.value !== change.value || row.status !== change.status;
    row.value = isText ? null : change.value;
    row.text = isText ? change.value : (row.states && row.states[change.value]) || null;
    if (row.status !== change.status) row.status_at = change.at;
    row.status = change.status;
    row.status_reason = change.reason;
    row.flags = change.flags;
    row.sampled_at = change.sampled_at;
    if (change.changed) row.changed_at = change.at;
    row.known = change.at;
    this._dirty.add(key);
    if (this._isDrawing) return;
    this._isDrawing = true;
    requestAnimationFrame(() => {
      this._isDrawing = false;
      const keys = this._dirty;
      this._dirty = new Set();
      this.dispatchEvent(new CustomEvent("changed", { detail: keys }));
    });
  }

  _takeDevice(change) {
    const row = this.devices.get(change.device);
    if (row) {
      row.status = change.status;
      row.status_reason = change.reason;
      row.status_at = change.at;
      this.dispatchEvent(new Event("devices"));
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
