// A table of any length of which only the rows in sight are in the document. Up, Down, Page keys, Home and End move; one row is in the
// order of the Tab key.

const BEYOND = 6; // rows kept above and below those in sight

export class Rows {
  // `fill(tr, row)` writes a row's cells, `make()` makes an empty row whose button (class "open") opens it; each row has a `key`.
  constructor(scroller, { make, fill, open }) {
    this._scroller = scroller;
    this._table = scroller.querySelector("table");
    this._body = this._table.tBodies[0];
    this._make = make;
    this._fill = fill;
    this._above = spacer();
    this._below = spacer();
    this._body.append(this._above, this._below);
    this._rows = [];
    this._places = new Map();
    this._drawn = new Map();
    this._active = "";
    this._chosen = "";
    scroller.addEventListener("scroll", () => this._later(), { passive: true });
    window.addEventListener("resize", () => this._later());
    scroller.addEventListener("keydown", (event) => this._key(event));
    this._body.addEventListener("click", (event) => {
      const tr = event.target.closest("tr[data-key]");
      if (!tr) return;
      this._active = tr.dataset.key;
      open(tr.dataset.key);
    });
    this._body.addEventListener("focusin", (event) => {
      const tr = event.target.closest("tr[data-key]");
      if (tr) this._activate(tr.dataset.key);
    });
  }

  show(rows) {
    this._rows = rows;
    this._places = new Map(rows.map((row, place) => [row.key, place]));
    if (!this._places.has(this._active)) this._active = rows.length ? rows[0].key : "";
    this._table.setAttribute("aria-rowcount", rows.length + 1);
    this._draw();
    this.refresh();
  }

  choose(key) {
    this._chosen = key;
    for (const [each, tr] of this._drawn) this._mark(tr, each);
  }

  // Write the rows in sight anew: all, or those of these keys.
  refresh(keys = null) {
    for (const [key, tr] of this._drawn) {
      if (keys === null || keys.has(key)) this._fill(tr, this._rows[this._places.get(key)]);
    }
  }

  focus(key) {
    if (!this._places.has(key)) return false;
    this._activate(key);
    this._reveal(this._places.get(key));
    this._drawn.get(key)?.querySelector(".open").focus();
    return true;
  }

  _later() {
    if (this._waits) return;
    this._waits = true;
    requestAnimationFrame(() => {
      this._waits = false;
      this._draw();
    });
  }

  get _height() {
    return (parseFloat(getComputedStyle(this._scroller).getPropertyValue("--row")) || 3) * parseFloat(getComputedStyle(document.documentElement).fontSize);
  }

  _draw() {
    const height = this._height;
    const total = this._rows.length;
    const first = Math.max(0, Math.min(total, Math.floor(this._scroller.scrollTop / height) - BEYOND));
    const end = Math.min(total, Math.ceil((this._scroller.scrollTop + Math.max(this._scroller.clientHeight, height)) / height) + BEYOND);
    const wanted = new Set();
    for (let place = first; place < end; place += 1) wanted.add(this._rows[place].key);
    for (const [key, tr] of this._drawn) {
      if (wanted.has(key)) continue;
      if (tr.contains(document.activeElement)) this._scroller.focus({ preventScroll: true });
      tr.remove();
      this._drawn.delete(key);
    }
    let after = this._above;
    for (let place = first; place < end; place += 1) {
      const row = this._rows[place];
      let tr = this._drawn.get(row.key);
      if (!tr) {
        tr = this._make();
        tr.dataset.key = row.key;
        this._drawn.set(row.key, tr);
        this._fill(tr, row);
        this._mark(tr, row.key);
      }
      if (after.nextSibling !== tr) after.after(tr);
      tr.setAttribute("aria-rowindex", place + 2);
      after = tr;
    }
    this._above.firstChild.style.height = `${first * height}px`;
    this._below.firstChild.style.height = `${(total - end) * height}px`;
    this._above.hidden = first === 0;
    this._below.hidden = end === total;
  }

  _mark(tr, key) {
    const button = tr.querySelector(".open");
    button.tabIndex = key === this._active ? 0 : -1;
    button.setAttribute("aria-current", key === this._chosen);
    tr.classList.toggle("chosen", key === this._chosen);
  }

  _activate(key) {
    if (key === this._active) return;
    const before = this._drawn.get(this._active);
    this._active = key;
    if (before) this._mark(before, before.dataset.key);
    const now = this._drawn.get(key);
    if (now) this._mark(now, key);
  }

  _reveal(place) {
    const height = this._height;
    const head = this._table.tHead.offsetHeight;
    const top = place * height;
    const sight = this._scroller.clientHeight - head;
    if (top < this._scroller.scrollTop) this._scroller.scrollTop = top;
    else if (top + height > this._scroller.scrollTop + sight) this._scroller.scrollTop = top + height - sight;
    this._draw();
  }

  _key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -Infinity, End: Infinity };
    if (!(event.key in steps) || event.altKey || event.ctrlKey || event.metaKey || !this._rows.length) return;
    event.preventDefault();
    const here = this._places.get(this._active) ?? 0;
    const there = Math.max(0, Math.min(this._rows.length - 1, here + steps[event.key]));
    this.focus(this._rows[there].key);
  }
}

function spacer() {
  const tr = document.createElement("tr");
  tr.className = "space";
  tr.setAttribute("aria-hidden", "true");
  const td = document.createElement("td");
  tr.append(td);
  return tr;
}

// Write a text only where it changed: what is not written is not laid out anew, nor read out.
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
