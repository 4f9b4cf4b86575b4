// The trend of one point: what it is now, its curve, and which time of it is shown. Why it is so is why.js's business.

import { append, curveOf, nextPiece, none } from "./curve.js";
import { Gestures } from "./gestures.js";
import { Plot } from "./plot.js";
import { write } from "./rows.js";
import { legendOf, readingOf, summaryOf } from "./telling.js";
import { Values } from "./values.js";
import { bounded, fitting, followed, HOUR, last, SPANS } from "./view.js";
import { element, marks, shown, span, statusWord, ZONE } from "./words.js";

const MOST_PIECES = 10000;
const find = (id) => document.getElementById(id);

export class Trend {
  constructor(gateway, building) {
    this._gateway = gateway;
    this._building = building;
    this._box = find("plot");
    this._plot = new Plot(this._box.querySelector("canvas"));
    this._values = new Values(gateway);
    this._key = "";
    this._curve = none();
    this._view = last(24 * HOUR, 0);
    this._cursor = null;
    this._selection = null;
    this._turn = 0;
    this._gestures = new Gestures(this._box, {
      view: () => this._view,
      cursor: () => this._cursor,
      shareAt: (x) => this._plot.shareAt(x),
      look: (view) => this._look(view),
      lookLast: (ms) => this._look(last(ms, gateway.now())),
      read: (at, isMarked) => this._read(at, isMarked),
      step: (direction) => this._step(direction),
      select: (range) => this._mark({ selection: range }),
      leave: () => this._mark({ cursor: null }),
    });
    this._addButtons();
    find("zone").textContent = `Times are of this browser's time zone, ${ZONE}.`;
    new ResizeObserver(() => this._paint()).observe(this._box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this._paint());
    building.addEventListener("point", (event) => this._take(event.detail));
    building.addEventListener("loaded", () => {
      if (!this._key) return;
      this._load();
      this._values.refresh();
    });
  }

  open(key) {
    this._key = key;
    this._curve = none();
    this._cursor = null;
    this._isTold = false;
    this._isFitting = true; // the first curve says how far back it is worth looking
    find("trend-summary").textContent = "";
    find("readout").textContent = "\u00a0";
    find("legend").replaceChildren();
    this._legend = "";
    this._values.open(key, () => this._row);
    this._look(last(24 * HOUR, this._gateway.now()));
    this._load();
  }

  close() {
    this._key = "";
    this._turn += 1;
    clearTimeout(this._soon);
    this._values.close();
  }

  // Once a second, and whenever something of it may have changed.
  tick() {
    if (!this._key) return;
    this._sayNow();
    this._curve.states = this._row?.states || null;
    const now = this._gateway.now();
    this._view = followed(this._view, now);
    if (this._view.follows && now - this._loadedAt > Math.max(30000, (this._view.to - this._view.from) / 200)) this._load();
    if (this._isTold) this._tell();
    this._paint();
  }

  get _row() {
    return this._building.row(this._key);
  }

  // Until when something is known: what was not heard is not drawn.
  get _known() {
    return this._gateway.isLive ? this._gateway.now() : this._gateway.heardAt();
  }

  get _circumstances() {
    return { now: this._gateway.now(), known: this._known, row: this._row };
  }

  _sayNow() {
    const row = this._row, isLive = this._gateway.isLive;
    if (!row) return;
    const now = this._gateway.now();
    const age = isLive && row.status === "ok" ? `changed ${span(now - row.changed_at)} ago` : row.sampled_at ? `read ${span(now - row.sampled_at)} ago` : "never read";
    const signed = isLive ? statusWord(row.status) : element("span", `? not live, was ${row.status}`, "word idle");
    const box = find("trend-now");
    box.className = `now ${isLive && row.status === "ok" ? "" : "is-old"}`;
    box.replaceChildren(element("span", shown(row.text ?? row.value, row), "value"), " ", signed, " ", element("span", [age, ...marks(row)].join(", "), "age"));
  }

  _look(view) {
    const now = this._gateway.now();
    this._view = bounded(view, now);
    const length = this._view.to - this._view.from;
    for (const button of find("spans").children) {
      button.setAttribute("aria-pressed", this._view.follows && Math.abs(button.dataset.ms - length) < 1);
    }
    this._paint();
    clearTimeout(this._soon);
    this._soon = setTimeout(() => this._load(), 150);
  }

  async _load() {
    clearTimeout(this._soon);
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
      this._curve = curveOf(told, this._row?.states || null);
      this._isTold = true;
      this._fit();
      this._paint();
      this._tell();
    } catch (error) {
      this._isTold = false;
      if (turn === this._turn) find("trend-summary").textContent = `The history could not be had: ${error.message}`;
    }
  }

  // Of a history that is younger than a day, show no empty day.
  _fit() {
    const isFirst = this._isFitting;
    this._isFitting = false;
    const begins = this._curve.pieces[0]?.at;
    if (!isFirst || begins === undefined || begins < this._view.from) return;
    const ms = fitting(begins, this._gateway.now());
    if (ms < this._view.to - this._view.from) this._look(last(ms, this._gateway.now()));
  }

  // A change that was just stored: at the curve's end, without asking for it all again.
  _take({ key, change }) {
    if (key !== this._key) return;
    append(this._curve, change);
    if (this._curve.pieces.length > MOST_PIECES) this._load();
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

  _tell() {
    write(find("trend-summary"), summaryOf(this._curve, this._view, this._circumstances));
    const marked = legendOf(this._curve, this._view, this._circumstances);
    const told = JSON.stringify(marked);
    if (told === this._legend) return;
    this._legend = told;
    find("legend").replaceChildren(...marked.map(([kind, label]) => element("li", label, kind)));
  }

  _mark(marked) {
    if ("cursor" in marked) this._cursor = marked.cursor;
    if ("selection" in marked) this._selection = marked.selection;
    this._paint();
  }

  _read(at, isMarked) {
    find("readout").removeAttribute("role"); // a mouse that moves is not read out
    if (isMarked) this._mark({ cursor: at });
    write(find("readout"), readingOf(this._curve, at, this._circumstances));
  }

  _step(direction) {
    const at = nextPiece(this._curve, this._view, this._cursor, direction);
    if (at === null) return;
    this._mark({ cursor: at });
    find("readout").setAttribute("role", "status");
    write(find("readout"), readingOf(this._curve, at, this._circumstances));
  }

  _addButtons() {
    for (const [label, ms] of SPANS) {
      const button = element("button", label);
      button.type = "button";
      button.dataset.ms = ms;
      button.addEventListener("click", () => this._look(last(ms, this._gateway.now())));
      find("spans").append(button);
    }
    const moves = { earlier: () => this._gestures.move(-0.5), later: () => this._gestures.move(0.5), "zoom-in": () => this._gestures.zoom(0.5), "zoom-out": () => this._gestures.zoom(2), now: () => this._gestures.now() };
    for (const [id, move] of Object.entries(moves)) find(id).addEventListener("click", move);
  }
}
