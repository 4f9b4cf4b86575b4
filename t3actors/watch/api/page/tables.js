// The two tables: devices, and the points that are wanted. What is not live does not look live in them.

import { Rows, write } from "./rows.js";
import { cause, element, marks, shown, sign, span } from "./words.js";

const AGAIN_MS = 1000;
const WELL = new Set(["online", "disabled"]);
const find = (id) => document.getElementById(id);

export class Tables {
  constructor(gateway, building, go) {
    this._gateway = gateway;
    this._building = building;
    this.devices = new Rows(find("devices"), { make: () => emptyRow(4), fill: (tr, row) => this._fillDevice(tr, row), open: (key) => go("device", key) });
    this.points = new Rows(find("points"), { make: () => emptyRow(4), fill: (tr, row) => this._fillPoint(tr, row), open: (key) => go("point", key) });
    find("search").addEventListener("input", () => this.want({ search: find("search").value }));
    find("status").addEventListener("change", () => this.want({ status: find("status").value }));
    find("filter").addEventListener("submit", (event) => event.preventDefault());
    find("all-devices").addEventListener("click", () => {
      this.want({ device: "" });
      find("points-title").focus();
    });
    find("more-points").addEventListener("click", () => this.want({ most: building.part.most + 1000 }));
    building.addEventListener("changed", ({ detail: { keys, statuses } }) => {
      this.points.refresh(keys);
      if (statuses && find("status").value) this._showSoon();
    });
  }

  want(changes) {
    this._building.want(changes);
    this.showPoints();
  }

  refresh() {
    this.devices.refresh();
    this.points.refresh();
  }

  showDevices() {
    const rows = [...this._building.devices.values()];
    const ill = rows.filter((row) => !WELL.has(row.status));
    this.devices.show([...ill, ...rows.filter((row) => WELL.has(row.status))]);
    write(find("devices-of"), ill.length ? `${ill.length} of ${rows.length} not well, first` : String(rows.length || ""));
  }

  showPoints() {
    const { part, points, isWhole } = this._building;
    const rows = [...points.values()].filter((row) => part.has(row));
    this.points.show(rows);
    const total = isWhole ? points.size : this._gateway.health?.points || 0;
    write(find("points-of"), `${part.device ? `of ${part.device}: ` : ""}${rows.length} of ${total} shown`);
    find("all-devices").hidden = !part.device;
    find("points-left-out").hidden = isWhole || !part.hasMore;
    write(find("points-left-out").firstElementChild, `The gateway has more than these ${rows.length}. Search, or choose a status or a device, to have others.`);
  }

  // Of many changes of status: not more than once a second.
  _showSoon() {
    this._soon ??= setTimeout(() => {
      this._soon = undefined;
      this.showPoints();
    }, AGAIN_MS);
  }

  _fillDevice(tr, row) {
    const [name, state, number, answered] = tr.cells;
    const now = this._gateway.now();
    write(name.firstChild.children[0], row.name);
    write(name.firstChild.children[1], `${row.protocol} ${row.address}`);
    this._fillStatus(tr, state, this._gateway.isLive, row.status, row.status === "online" ? "" : cause(row.status_reason));
    state.title = row.status_reason;
    number.className = "number wide";
    write(number.firstChild, String(row.points));
    answered.className = "wide";
    write(answered.firstChild, row.last_ok_at && !(row.status === "online" && this._gateway.isLive) ? `${span(now - row.last_ok_at)} ago` : row.last_ok_at ? "at its last poll" : "never");
  }

  _fillPoint(tr, row) {
    const [name, value, state, changed] = tr.cells;
    const now = this._gateway.now();
    const isTold = this._gateway.isLive;
    const isLive = isTold && row.status === "ok";
    const label = row.full_label || row.label;
    write(name.firstChild.children[0], this._building.part.device ? row.point_id : row.key);
    write(name.firstChild.children[1], label === row.point_id ? "" : label);
    name.firstChild.title = `${row.key} ${label}`;
    value.className = "number";
    value.firstChild.className = "value";
    const text = shown(row.text ?? row.value, row);
    const hasMoved = row.hasMoved && value.firstChild.textContent !== text && value.firstChild.textContent !== "";
    write(value.firstChild, text);
    value.title = text;
    write(value.children[1], isLive ? "" : row.sampled_at ? `${span(now - row.sampled_at)} old` : "never read");
    this._fillStatus(tr, state, isTold, row.status, [...marks(row), ...(isTold && row.status_reason ? [cause(row.status_reason)] : [])].join(", "));
    state.title = row.status_reason;
    changed.className = "wide";
    write(changed.firstChild, row.changed_at ? `${span(now - row.changed_at)} ago` : "");
    tr.classList.toggle("is-old", !isLive);
    if (hasMoved) flash(value);
  }

  _fillStatus(tr, cell, isLive, word, aside) {
    const [glyph, kind] = sign(word);
    const [first, second] = cell.children;
    write(first, isLive ? `${glyph} ${word}` : `? was ${word}`);
    first.className = `word ${isLive ? kind : "idle"}`;
    write(second, aside);
    tr.classList.toggle("is-bad", isLive && kind === "bad");
    tr.classList.toggle("is-warn", isLive && kind === "warn");
  }
}

function emptyRow(cells) {
  const tr = element("tr");
  const head = element("th");
  head.scope = "row";
  const button = element("button", "", "open");
  button.type = "button";
  button.append(element("span"), element("small"));
  head.append(button);
  tr.append(head);
  for (let place = 1; place < cells; place += 1) {
    const td = element("td");
    td.append(element("span"), element("span", "", "age"));
    tr.append(td);
  }
  return tr;
}

function flash(cell) {
  cell.classList.remove("flash");
  requestAnimationFrame(() => cell.classList.add("flash"));
}
