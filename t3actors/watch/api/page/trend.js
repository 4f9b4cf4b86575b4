// The trend of one point: what it is now and why, its curve, and how to move in it.

import { inView, pieceAt, Plot, rangeOf } from "./plot.js";
import { write } from "./rows.js";
import { element, number, shown, span, statusWord, when, ZONE } from "./words.js";

const HOUR = 3600000;
const SPANS = [["1 h", HOUR], ["8 h", 8 * HOUR], ["1 day", 24 * HOUR], ["7 days", 168 * HOUR], ["30 days", 720 * HOUR], ["1 year", 8766 * HOUR]];
const SHORTEST = 5000;
const LONGEST = 20 * 8766 * HOUR;
const WHY_EVERY_MS = 10000;
const VALUES = 50;
const find = (id) => document.getElementById(id);
const none = () => ({ pieces: [], absences: [], restarts: [], states: null });

export class Trend {
  constructor(gateway, building) {
    this._gateway = gateway;
    this._building = building;
    this._box = find("plot");
    this._plot = new Plot(this._box.querySelector("canvas"));
    this._key = "";
    this._row = null;
    this._curve = none();
    this._cursor = null;
    this._selection = null;
    this._pointers = new Map();
    this._turn = 0;
    for (const [label, ms] of SPANS) {
      const button = element("button", label);
      button.type = "button";
      button.dataset.ms = ms;
      button.addEventListener("click", () => this._showLast(ms));
      find("spans").append(button);
    }
    find("zone").textContent = `Times are of this browser's time zone, ${ZONE}.`;
    find("values").addEventListener("toggle", () => this._listValues());
    new ResizeObserver(() => this._paint()).observe(this._box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this._paint());
    this._listen();
    building.addEventListener("point", (event) => this._take(event.detail));
    building.addEventListener("loaded", () => {
      if (!this._key) return;
      this._load();
      this._ask();
      this._listValues();
    });
    setInterval(() => { if (this._key && gateway.isLive && !document.hidden) this._ask(); }, WHY_EVERY_MS);
  }

  open(key) {
    this._key = key;
    this._row = this._building.points.get(key) || null;
    this._curve = none();
    this._cursor = null;
    this._isTold = false;
    for (const id of ["trend-why", "trend-summary"]) find(id).textContent = "";
    find("trend-look").hidden = true;
    find("readout").textContent = "\u00a0";
    find("legend").replaceChildren();
    this._legend = "";
    this._showLast(24 * HOUR);
    this._ask();
    this._listValues();
  }

  close() {
    this._key = "";
    this._turn += 1;
    clearTimeout(this._soon);
  }

  // Once a second, and whenever something of it may have changed.
  tick() {
    if (!this._key) return;
    const row = (this._row = this._building.points.get(this._key) || this._row);
    const now = find("trend-now");
    const isLive = this._gateway.isLive;
    if (row) {
      const value = shown(row.text ?? row.value, row);
      const age = isLive && row.status === "ok" ? `changed ${span(this._gateway.now() - row.changed_at)} ago`
        : row.sampled_at ? `read ${span(this._gateway.now() - row.sampled_at)} ago` : "never read";
      const signed = isLive ? statusWord(row.status) : element("span", `? not live, was ${row.status}`, "word idle");
      now.className = `now ${isLive && row.status === "ok" ? "" : "is-old"}`;
      now.replaceChildren(element("span", value, "value"), " ", signed, " ", element("span", age, "age"));
    }
    if (this._view.follows) {
      const length = this._view.to - this._view.from;
      const to = this._gateway.now();
      this._view = { ...this._view, from: to - length, to };
      if (to - this._loadedAt > Math.max(30000, length / 200)) this._load();
    }
    if (this._isTold) this._tell();
    this._paint();
  }

  get _known() {
    return this._gateway.isLive ? this._gateway.now() : this._gateway.now() - (this._gateway.silentMs() || 0);
  }

  _showLast(ms) {
    const to = this._gateway.now();
    this._look({ from: to - ms, to, follows: true });
  }

  _look(view) {
    const length = Math.max(SHORTEST, Math.min(LONGEST, view.to - view.from));
    const middle = (view.from + view.to) / 2;
    let from = middle - length / 2;
    const now = this._gateway.now();
    if (from + length > now) from = now - length;
    this._view = { from, to: from + length, follows: view.follows ?? from + length >= now - length / 100 };
    for (const button of find("spans").children) {
      button.setAttribute("aria-pressed", this._view.follows && Math.abs(button.dataset.ms - length) < 1);
    }
    this._paint();
    clearTimeout(this._soon);
    this._soon = setTimeout(() => this._load(), 150);
  }

  async _load() {
    if (!this._key || !this._gateway.isLoaded) return; // it is done as soon as it is
    const turn = (this._turn += 1);
    const { from, to } = this._view;
    const margin = (to - from) / 4;
    const pieces = Math.max(100, Math.min(2000, Math.round(this._plot.width || 600)));
    this._loadedAt = this._gateway.now();
    try {
      const told = await this._gateway.ask("trend", {
        point: this._key, since: Math.max(0, Math.round(from - margin)), until: Math.round(to + margin), pieces,
      });
      if (turn !== this._turn) return;
      this._curve = {
        pieces: told.at.map((at, i) => ({ at, low: told.low[i], high: told.high[i], last: told.last[i], status: told.status[i] })),
        absences: told.absences, restarts: told.restarts, states: this._row?.states || null,
        stepMs: told.step_ms, leftOut: told.left_out, aggregatedUntil: told.aggregated_until,
      };
      this._isTold = true;
      this._paint();
      this._tell();
    } catch (error) {
      this._isTold = false;
      if (turn === this._turn) find("trend-summary").textContent = `The history could not be had: ${error.message}`;
    }
  }

  async _ask() {
    const key = this._key;
    if (!key || !this._gateway.isLoaded) return;
    try {
      const why = await this._gateway.ask("why", { point: key });
      if (key !== this._key) return;
      this._row ||= { ...why.row, key };
      write(find("trend-why"), `At ${when(why.at, why.at, true)}: ${why.sentence}.`);
      write(find("trend-look"), why.look_at ? `Look at: ${why.look_at}` : "");
      find("trend-look").hidden = !why.look_at;
    } catch (error) {
      if (key === this._key) write(find("trend-why"), `Why it is so cannot be said now: ${error.message}`);
    }
  }

  async _listValues() {
    if (!find("values").open || !this._key || !this._gateway.isLoaded) return;
    const key = this._key;
    try {
      const { samples } = await this._gateway.ask("history", { point: key, since: 0, limit: VALUES });
      if (key !== this._key) return;
      const now = this._gateway.now();
      find("values").querySelector("tbody").replaceChildren(...samples.reverse().map((sample) => {
        const tr = element("tr");
        const value = sample.value === null && sample.text === null ? "" : shown(sample.text ?? sample.value, { ...this._row, units: sample.units });
        const status = element("td");
        status.append(statusWord(sample.status));
        tr.append(element("td", when(sample.sampled_at, now, true)), element("td", value, "number"), status);
        return tr;
      }));
    } catch {
      // the gateway's state says so
    }
  }

  // A change that was just stored: at the curve's end, without asking for it all again.
  _take({ key, change }) {
    if (key !== this._key) return;
    const isOk = change.status === "ok" && typeof change.value === "number";
    const at = isOk ? change.sampled_at : change.at;
    const { pieces } = this._curve;
    if (pieces.length && pieces.at(-1).at >= at) return;
    const value = isOk ? change.value : null;
    pieces.push({ at, low: value, high: value, last: value, status: change.status });
    if (pieces.length > 10000) this._load();
    this._paint();
  }

  _paint() {
    if (!this._key || this._isPainting) return;
    this._isPainting = true;
    requestAnimationFrame(() => {
      this._isPainting = false;
      this._plot.draw(this._curve, this._view, { now: this._known, cursor: this._cursor, selection: this._selection });
      Object.assign(this._box.dataset, { from: Math.round(this._view.from), to: Math.round(this._view.to), pieces: this._curve.pieces.length });
    });
  }

  // Say in words what the curve shows, and name what is drawn.
  _tell() {
    const { _curve: curve, _view: view } = this;
    const now = this._gateway.now();
    const range = rangeOf(curve, view, this._known);
    const absences = curve.absences.filter((each) => each.until_at >= view.from && each.from_at <= view.to);
    const restarts = curve.restarts.filter((each) => each.at >= view.from && each.at <= view.to);
    const holes = inView(curve, view, this._known).filter(({ piece }) => piece.status !== "ok").length;
    const said = [`From ${when(view.from, now)} to ${view.follows ? "now" : when(view.to, now)}:`];
    if (range.isEmpty) said.push(typeof this._row?.text === "string" && this._row.value === null ? "this point is text; its values are in the table below." : "no value is stored.");
    else if (range.least === range.most) said.push(`always ${shown(range.least, this._row)}.`);
    else said.push(`least ${shown(range.least, this._row)}, most ${shown(range.most, this._row)}.`);
    if (absences.length) {
      const last = absences.at(-1);
      said.push(`${absences.length === 1 ? "Once no gateway ran" : `${absences.length} times no gateway ran, lastly`} from ${when(last.from_at, now, true)} to ${when(last.until_at, now, true)}; after it the curve begins with the next value that was stored.`);
    }
    if (restarts.length) said.push(`What polls the device was restarted ${restarts.length === 1 ? "once" : `${restarts.length} times`}, last at ${when(restarts.at(-1).at, now, true)}.`);
    if (curve.aggregatedUntil && curve.aggregatedUntil > view.from) said.push(`Before ${when(curve.aggregatedUntil, now)} only least and most by the hour.`);
    if (curve.leftOut) said.push(`${curve.leftOut} older values in another unit are not shown.`);
    write(find("trend-summary"), said.join(" "));
    const marks = [["line", `value${this._row?.units ? ` in ${this._row.units}` : ""}, held until it changes`]];
    if (curve.pieces.some((piece) => piece.high !== piece.low)) marks.push(["band", `least to most in ${curve.stepMs ? span(curve.stepMs) : "an hour"}`]);
    if (absences.length) marks.push(["hole", "no gateway ran"]);
    if (restarts.length) marks.push(["restart", "what polls it was restarted"]);
    if (holes) marks.push(["not-ok", "at the foot: not ok, no value"]);
    const told = JSON.stringify(marks);
    if (told === this._legend) return;
    this._legend = told;
    find("legend").replaceChildren(...marks.map(([kind, label]) => element("li", label, kind)));
  }

  _point(at) {
    const piece = pieceAt(this._curve, at, this._known);
    const told = !piece ? "nothing known" : piece.last === null && piece.low === null ? piece.status
      : piece.low !== piece.high ? `${number(piece.low)} to ${shown(piece.high, this._row)}` : `${shown(piece.last, this._row)}`;
    write(find("readout"), `${when(at, this._gateway.now(), true)}: ${told}`);
  }

  _zoom(factor, around) {
    const { from, to } = this._view;
    this._look({ from: around - (around - from) * factor, to: around + (to - around) * factor });
  }

  _move(share) {
    const by = (this._view.to - this._view.from) * share;
    this._look({ from: this._view.from + by, to: this._view.to + by });
  }

  _step(direction) {
    const { pieces } = this._curve;
    const inSight = pieces.filter(({ at }) => at >= this._view.from && at <= this._view.to);
    if (!inSight.length) return;
    const here = this._cursor ?? (direction < 0 ? Infinity : -Infinity);
    const next = direction > 0 ? inSight.find(({ at }) => at > here) : inSight.findLast(({ at }) => at < here);
    this._cursor = (next || (direction > 0 ? inSight.at(-1) : inSight[0])).at;
    find("readout").setAttribute("role", "status");
    this._point(this._cursor);
    this._paint();
  }

  _listen() {
    const box = this._box;
    box.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const middle = this._cursor ?? (this._view.follows ? this._view.to : (this._view.from + this._view.to) / 2);
      const keys = {
        ArrowLeft: () => (event.shiftKey ? this._step(-1) : this._move(-0.2)),
        ArrowRight: () => (event.shiftKey ? this._step(1) : this._move(0.2)),
        "+": () => this._zoom(0.5, middle), "=": () => this._zoom(0.5, middle), "-": () => this._zoom(2, middle),
        Home: () => this._showLast(24 * HOUR),
        End: () => this._showLast(this._view.to - this._view.from),
      };
      if (!keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
    box.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this._move(event.deltaX / 1000);
      else this._zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 300))), this._plot.timeAt(event.offsetX, this._view));
    }, { passive: false });
    box.addEventListener("dblclick", () => this._showLast(24 * HOUR));
    box.addEventListener("pointerdown", (event) => this._down(event));
    box.addEventListener("pointermove", (event) => this._moved(event));
    for (const name of ["pointerup", "pointercancel"]) box.addEventListener(name, (event) => this._up(event));
    box.addEventListener("pointerleave", () => {
      if (this._pointers.size) return;
      this._cursor = null;
      this._paint();
    });
  }

  _down(event) {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    this._box.setPointerCapture(event.pointerId);
    this._pointers.set(event.pointerId, { x: event.offsetX, start: this._plot.timeAt(event.offsetX, this._view) });
    this._isPan = event.pointerType === "touch" || event.shiftKey;
    find("readout").removeAttribute("role");
  }

  _moved(event) {
    const pointer = this._pointers.get(event.pointerId);
    const at = this._plot.timeAt(event.offsetX, this._view);
    if (!pointer) {
      if (event.pointerType !== "touch") this._cursor = at;
      this._point(at);
      this._paint();
      return;
    }
    pointer.x = event.offsetX;
    if (this._pointers.size === 2) this._pinch();
    else if (this._isPan) this._look({ from: this._view.from - (at - pointer.start), to: this._view.to - (at - pointer.start) });
    else {
      this._selection = [Math.min(pointer.start, at), Math.max(pointer.start, at)];
      this._paint();
    }
  }

  // Two fingers: what was under each stays under it.
  _pinch() {
    const [a, b] = [...this._pointers.values()];
    const share = (x) => this._plot.timeAt(x, { from: 0, to: 1 });
    const apart = share(b.x) - share(a.x);
    const length = (b.start - a.start) / apart;
    if (Math.abs(apart) < 0.02 || !(length > 0)) return;
    const from = a.start - share(a.x) * length;
    this._look({ from, to: from + length });
  }

  _up(event) {
    if (!this._pointers.delete(event.pointerId)) return;
    const selection = this._selection;
    this._selection = null;
    if (selection && selection[1] - selection[0] > (this._view.to - this._view.from) / 100) {
      this._look({ from: selection[0], to: selection[1], follows: false });
    }
    for (const pointer of this._pointers.values()) pointer.start = this._plot.timeAt(pointer.x, this._view);
    this._isPan = true;
    this._paint();
  }
}
