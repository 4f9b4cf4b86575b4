// Draws a curve (curve.js) on a canvas: steps from change to change, bands from least to most, holes where no gateway ran. Knows no request.

import { drawAxes, valueNames, widthOf } from "./axes.js";
import { inView, rangeOf } from "./curve.js";

const RIGHT = 8, TOP = 14, BOTTOM = 40, FOOT = 7;

export class Plot {
  constructor(canvas) {
    this._canvas = canvas;
    this._context = canvas.getContext("2d");
    this._left = 58;
  }

  get width() {
    return this._canvas.clientWidth;
  }

  // Where `x`, in CSS pixels from the canvas's left edge, is between the ends of the time: 0 to 1.
  shareAt(x) {
    return (x - this._left) / Math.max(1, this.width - this._left - RIGHT);
  }

  draw(curve, view, { now, cursor = null, selection = null }) {
    const frame = this._frame(curve, view, now);
    if (!frame) return;
    const { context, colour, x, left, right, top, bottom } = frame;
    drawAxes(frame, frame.names);
    context.save();
    context.beginPath();
    context.rect(left, 0, right - left, bottom + BOTTOM);
    context.clip();
    drawHoles(frame, curve);
    drawCurve(frame, curve);
    drawRestarts(frame, curve);
    if (cursor !== null) line(frame, x(cursor), colour("ink"), []);
    if (selection) {
      context.fillStyle = colour("band");
      context.fillRect(x(selection[0]), top, x(selection[1]) - x(selection[0]), bottom - top);
    }
    context.restore();
  }

  // What everything is drawn by; null where there is no room.
  _frame(curve, view, now) {
    const canvas = this._canvas, context = this._context;
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width || !height) return null;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = "12px system-ui, sans-serif";
    const style = getComputedStyle(canvas);
    const range = rangeOf(curve, view, now);
    const right = width - RIGHT, top = TOP, bottom = height - BOTTOM;
    const names = valueNames(range, bottom - top, curve.states);
    const left = (this._left = Math.min(width / 3, widthOf(context, names) + 4));
    return {
      context, view, now, left, right, top, bottom, names,
      colour: (name) => style.getPropertyValue(`--${name}`).trim(),
      x: (at) => left + ((at - view.from) / (view.to - view.from)) * (right - left),
      y: (value) => bottom - FOOT - ((value - range.low) / (range.high - range.low)) * (bottom - FOOT - top),
    };
  }
}

function drawHoles({ context, colour, x, left, top, bottom, view }, curve) {
  for (const { from_at: from, until_at: until } of curve.absences) {
    if (until < view.from || from > view.to) continue;
    const begin = Math.max(left, x(from)), wide = Math.max(3, Math.min(x(until), x(view.to)) - begin);
    context.fillStyle = colour("hole");
    context.fillRect(begin, top, wide, bottom - top);
    context.strokeStyle = colour("soft");
    context.lineWidth = 1;
    context.save();
    context.beginPath();
    context.rect(begin, top, wide, bottom - top);
    context.clip();
    context.beginPath();
    for (let at = begin - (bottom - top); at < begin + wide; at += 9) {
      context.moveTo(at, bottom);
      context.lineTo(at + (bottom - top), top);
    }
    context.stroke();
    context.restore();
  }
}

const FOOTS = { stale: "warn", disabled: "idle", unknown: "idle" };

function drawCurve({ context, colour, x, y, bottom, view, now }, curve) {
  const steps = new Path2D();
  let height = null; // of the step before, where this one goes on from it
  for (const { piece, end, isCut } of inView(curve, view, now)) {
    const left = x(piece.at), to = Math.max(x(Math.min(end, view.to + 1)), left);
    const gathered = curve.stepMs ? Math.max(x(Math.min(end, piece.at + curve.stepMs)), left) : to; // after that, `last` holds
    if (piece.status !== "ok") {
      context.fillStyle = colour(FOOTS[piece.status] || "bad");
      context.fillRect(left, bottom - FOOT + 1, Math.max(2, (piece.last === null ? to : gathered) - left), FOOT - 1);
    }
    if (piece.low !== null && piece.high > piece.low) {
      context.fillStyle = colour("band");
      context.fillRect(left, y(piece.high), Math.max(1.5, gathered - left), Math.max(1.5, y(piece.low) - y(piece.high)));
    }
    if (piece.last === null) {
      height = null;
      continue;
    }
    steps.moveTo(left, height === null ? y(piece.last) : height);
    steps.lineTo(left, y(piece.last));
    steps.lineTo(Math.max(to, left + 1), y(piece.last));
    height = isCut ? null : y(piece.last);
  }
  context.lineWidth = 1.75;
  context.lineJoin = "round";
  context.strokeStyle = colour("curve");
  context.stroke(steps);
}

function drawRestarts(frame, curve) {
  for (const { at } of curve.restarts) {
    if (at >= frame.view.from && at <= frame.view.to) line(frame, frame.x(at), frame.colour("warn"), [4, 4]);
  }
}

function line({ context, top, bottom }, at, colour, dash) {
  context.save();
  context.strokeStyle = colour;
  context.lineWidth = 1.25;
  context.setLineDash(dash);
  context.beginPath();
  context.moveTo(at, top);
  context.lineTo(at, bottom);
  context.stroke();
  context.restore();
}
