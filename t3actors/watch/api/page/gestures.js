// How a plot is moved in: mouse, touch, pen and keys become wishes. It knows no curve and no request.
//
// `plot` is asked for view(), shareAt(x); told look(view), lookLast(ms), read(at), step(direction), select(range), leave().

import { HOUR, moved, pinched, zoomed } from "./view.js";

const A_DAY = 24 * HOUR;

export class Gestures {
  constructor(box, plot) {
    this._box = box;
    this._plot = plot;
    this._pointers = new Map();
    this._selection = null;
    this._isPan = false;
    box.addEventListener("keydown", (event) => this._key(event));
    box.addEventListener("wheel", (event) => this._wheel(event), { passive: false });
    box.addEventListener("dblclick", () => plot.lookLast(A_DAY));
    box.addEventListener("pointerdown", (event) => this._down(event));
    box.addEventListener("pointermove", (event) => this._moved(event));
    for (const name of ["pointerup", "pointercancel"]) box.addEventListener(name, (event) => this._up(event));
    box.addEventListener("pointerleave", () => { if (!this._pointers.size) plot.leave(); });
  }

  zoom(factor, around = null) {
    const view = this._plot.view();
    this._plot.look(zoomed(view, factor, around ?? (view.follows ? view.to : (view.from + view.to) / 2)));
  }

  move(share) {
    this._plot.look(moved(this._plot.view(), share));
  }

  now() {
    const view = this._plot.view();
    this._plot.lookLast(view.to - view.from);
  }

  _key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const around = this._plot.cursor();
    const keys = {
      ArrowLeft: () => (event.shiftKey ? this._plot.step(-1) : this.move(-0.2)),
      ArrowRight: () => (event.shiftKey ? this._plot.step(1) : this.move(0.2)),
      "+": () => this.zoom(0.5, around), "=": () => this.zoom(0.5, around), "-": () => this.zoom(2, around),
      Home: () => this._plot.lookLast(A_DAY),
      End: () => this.now(),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }

  // Ctrl with the wheel is the browser's own zoom, and a touchpad's pinch: both zoom the time here.
  _wheel(event) {
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.move(event.deltaX / 1000);
    else this.zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 300))), this._timeAt(event.offsetX));
  }

  _timeAt(x) {
    const { from, to } = this._plot.view();
    return from + this._plot.shareAt(x) * (to - from);
  }

  _down(event) {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    this._box.setPointerCapture(event.pointerId);
    this._pointers.set(event.pointerId, { x: event.offsetX, start: this._timeAt(event.offsetX) });
    this._isPan = event.pointerType === "touch" || event.shiftKey;
    if (event.pointerType === "touch" && this._pointers.size === 1) this._plot.read(this._timeAt(event.offsetX), true);
  }

  _moved(event) {
    const pointer = this._pointers.get(event.pointerId);
    const at = this._timeAt(event.offsetX);
    if (!pointer) {
      this._plot.read(at, event.pointerType !== "touch");
      return;
    }
    pointer.x = event.offsetX;
    if (this._pointers.size === 2) this._pinch();
    else if (this._isPan) this._plot.look(shifted(this._plot.view(), pointer.start - at));
    else this._select([Math.min(pointer.start, at), Math.max(pointer.start, at)]);
  }

  _pinch() {
    const [a, b] = [...this._pointers.values()];
    const view = pinched(a.start, b.start, this._plot.shareAt(a.x), this._plot.shareAt(b.x));
    if (view) this._plot.look(view);
  }

  _select(range) {
    this._selection = range;
    this._plot.select(range);
  }

  _up(event) {
    if (!this._pointers.delete(event.pointerId)) return;
    const selection = this._selection;
    this._select(null);
    const { from, to } = this._plot.view();
    if (selection && selection[1] - selection[0] > (to - from) / 100) this._plot.look({ from: selection[0], to: selection[1], follows: false });
    for (const pointer of this._pointers.values()) pointer.start = this._timeAt(pointer.x);
    this._isPan = true;
  }
}

function shifted({ from, to }, ms) {
  return { from: from + ms, to: to + ms };
}
