// What is open beside the lists: a device, a point, or nothing. It stands in the address (#device=..., #point=...), so that it can be sent to
// somebody, and so that "back" goes back.

import { write } from "./rows.js";

const NARROW = "(max-width: 69.99rem)";
const find = (id) => document.getElementById(id);

export class Opened {
  // `shown(opened)` is told what is open now, {kind, key} or null; `label(opened)` is its label; `focus(opened)` focuses its row, if it can.
  constructor({ shown, label, focus }) {
    this._calls = { shown, label, focus };
    this._opener = null;
    find("close").addEventListener("click", () => this.close());
    find("detail").addEventListener("keydown", (event) => { if (event.key === "Escape") this.close(); });
    window.addEventListener("hashchange", () => this.route());
  }

  go(kind, key) {
    this._opener = { kind, key };
    const hash = `#${kind}=${encodeURIComponent(key)}`;
    if (location.hash === hash) this.route();
    else location.hash = hash;
  }

  get now() {
    const [, kind, coded] = location.hash.match(/^#(device|point)=(.+)$/) || [];
    try {
      return kind ? { kind, key: decodeURIComponent(coded) } : null;
    } catch {
      return null;
    }
  }

  route() {
    const now = this.now;
    find("detail").hidden = !now;
    find("main").dataset.open = now ? now.kind : "";
    find("trend").hidden = now?.kind !== "point";
    find("device").hidden = now?.kind !== "device";
    this.entitle();
    this._calls.shown(now);
    if (!now) return;
    find("detail").parentElement.scrollTop = 0; // where the column moves by itself, and stood further down
    if (this._opener) find("detail-title").focus({ preventScroll: true });
    if (matchMedia(NARROW).matches) find("detail").scrollIntoView({ block: "start" });
  }

  entitle() {
    const now = this.now;
    if (!now) return;
    const label = this._calls.label(now);
    write(find("detail-title"), label && label !== now.key ? `${now.key} · ${label}` : now.key);
  }

  close() {
    history.pushState(null, "", location.pathname + location.search);
    this.route();
    if (!this._opener || !this._calls.focus(this._opener)) find("points-title").focus();
    this._opener = null;
  }
}
