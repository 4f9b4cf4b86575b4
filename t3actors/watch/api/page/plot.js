// Draws a curve on a canvas: steps from change to change, bands from least to most, holes where no gateway ran. Knows no request.

import { number, tick } from "./words.js";

const LEFT = 58, RIGHT = 8, TOP = 14, BOTTOM = 40;
const MINUTE = 60000, HOUR = 3600000, DAY = 86400000;
const STEPS = [1000, 2000, 5000, 10000, 15000, 30000, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR,
  3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY, 182 * DAY, 365 * DAY];

// A curve: `pieces` [{at, low, high, last, status}], oldest first, each of what came within `stepMs`; `absences` [{from_at, until_at}],
// `restarts` [{at}], `states` or null.
export class Plot {
  constructor(canvas) {
    this._canvas = canvas;
    this._context = canvas.getContext("2d");
  }

  get width() {
    return this._canvas.clientWidth;
  }

  // Which moment is at `x` CSS pixels from the canvas's left edge.
  timeAt(x, view) {
    return view.from + ((x - LEFT) / Math.max(1, this.width - LEFT - RIGHT)) * (view.to - view.from);
  }

  draw(curve, view, { now, cursor = null, selection = null }) {
    const canvas = this._canvas;
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width || !height) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const context = this._context;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const right = width - RIGHT, bottom = height - BOTTOM;
    const x = (at) => LEFT + ((at - view.from) / (view.to - view.from)) * (right - LEFT);
    const range = rangeOf(curve, view, now);
    const y = (value) => bottom - ((value - range.low) / (range.high - range.low)) * (bottom - TOP);
    const frame = { context, colour, x, y, right, bottom, width, range, view, now };
    drawAxes(frame, curve);
    context.save();
    context.beginPath();
    context.rect(LEFT, 0, right - LEFT, height);
    context.clip();
    drawHoles(frame, curve);
    drawCurve(frame, curve);
    drawRestarts(frame, curve);
    if (cursor !== null) line(frame, x(cursor), colour("ink"), []);
    if (selection) {
      context.fillStyle = colour("band");
      context.fillRect(x(selection[0]), TOP, x(selection[1]) - x(selection[0]), bottom - TOP);
    }
    context.restore();
  }
}

// Which pieces hold at some time in view, with the moment at which each ends.
export function inView(curve, view, now) {
  const { pieces, absences } = curve;
  const found = [];
  for (let place = firstAt(pieces, view.from); place < pieces.length && pieces[place].at <= view.to; place += 1) {
    const piece = pieces[place];
    let end = place + 1 < pieces.length ? pieces[place + 1].at : Math.max(now, piece.at);
    let isCut = false;
    for (const absence of absences) {
      if (absence.from_at < end && absence.until_at > piece.at && absence.until_at > absence.from_at) {
        end = Math.max(piece.at, absence.from_at);
        isCut = true;
        break;
      }
    }
    found.push({ piece, end, isCut });
  }
  return found;
}

// What holds at a moment; null where nothing does.
export function pieceAt(curve, at, now) {
  if (at > now) return null;
  const found = inView(curve, { from: at, to: at }, now).at(-1);
  return found && found.piece.at <= at && (!found.isCut || at < found.end) ? found.piece : null;
}

function firstAt(pieces, at) {
  let low = 0, high = pieces.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pieces[middle].at <= at) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

export function rangeOf(curve, view, now) {
  let low = Infinity, high = -Infinity;
  for (const { piece, end } of inView(curve, view, now)) {
    if (piece.low === null || end < view.from) continue;
    low = Math.min(low, piece.low);
    high = Math.max(high, piece.high);
  }
  if (low > high) return { low: 0, high: 1, isEmpty: true };
  const spread = high - low;
  const margin = spread > 0 ? spread * 0.08 : Math.max(Math.abs(high) * 0.02, 0.5);
  return { low: low - margin, high: high + margin, least: low, most: high, isEmpty: false };
}

function drawAxes({ context, colour, x, y, right, bottom, range, view }, curve) {
  context.font = "12px system-ui, sans-serif";
  context.lineWidth = 1;
  context.strokeStyle = colour("line");
  context.fillStyle = colour("soft");
  context.textBaseline = "middle";
  context.textAlign = "right";
  const values = range.isEmpty ? [] : valueTicks(range, Math.max(2, Math.floor((bottom - TOP) / 45)), curve.states);
  for (const value of values) {
    context.beginPath();
    context.moveTo(LEFT, Math.round(y(value)) + 0.5);
    context.lineTo(right, Math.round(y(value)) + 0.5);
    context.stroke();
    context.fillText((curve.states && curve.states[value]) || number(value), LEFT - 6, y(value), LEFT - 8);
  }
  context.textAlign = "center";
  context.textBaseline = "top";
  const step = STEPS.find((each) => (view.to - view.from) / each <= Math.max(2, (right - LEFT) / 90)) || STEPS.at(-1);
  for (const at of timeTicks(view, step)) {
    context.beginPath();
    context.moveTo(Math.round(x(at)) + 0.5, TOP);
    context.lineTo(Math.round(x(at)) + 0.5, bottom + 4);
    context.stroke();
    context.fillText(tick(at, step), Math.min(x(at), right - 26), bottom + 8);
  }
  const day = new Intl.DateTimeFormat(undefined, { weekday: "short", year: "numeric", month: "short", day: "numeric" });
  context.textAlign = "left";
  context.fillText(day.format(view.from), LEFT, bottom + 24);
  if (new Date(view.from).toDateString() !== new Date(view.to).toDateString()) {
    context.textAlign = "right";
    context.fillText(day.format(view.to), right, bottom + 24);
  }
}

function drawHoles({ context, colour, x, bottom, view }, curve) {
  for (const { from_at: from, until_at: until } of curve.absences) {
    if (until < view.from || from > view.to) continue;
    const left = Math.max(LEFT, x(from)), wide = Math.max(3, Math.min(x(until), x(view.to)) - left);
    context.fillStyle = colour("hole");
    context.fillRect(left, TOP, wide, bottom - TOP);
    context.strokeStyle = colour("soft");
    context.lineWidth = 1;
    context.save();
    context.beginPath();
    context.rect(left, TOP, wide, bottom - TOP);
    context.clip();
    context.beginPath();
    for (let at = left - (bottom - TOP); at < left + wide; at += 9) {
      context.moveTo(at, bottom);
      context.lineTo(at + (bottom - TOP), TOP);
    }
    context.stroke();
    context.restore();
  }
}

function drawCurve(frame, curve) {
  const { context, colour, x, y, bottom, view, now } = frame;
  let path = null;
  context.lineWidth = 1.75;
  context.lineJoin = "round";
  for (const { piece, end, isCut } of inView(curve, view, now)) {
    const left = x(piece.at), to = Math.max(x(Math.min(end, view.to + 1)), left);
    const gathered = curve.stepMs ? Math.max(x(Math.min(end, piece.at + curve.stepMs)), left) : to; // after that, `last` holds
    if (piece.status !== "ok") {
      context.fillStyle = colour(piece.status === "stale" ? "warn" : piece.status === "disabled" || piece.status === "unknown" ? "idle" : "bad");
      context.fillRect(left, bottom - 6, Math.max(2, (piece.last === null ? to : gathered) - left), 6);
    }
    if (piece.low !== null && piece.high > piece.low) {
      context.fillStyle = colour("band");
      context.fillRect(left, y(piece.high), Math.max(1.5, gathered - left), Math.max(1.5, y(piece.low) - y(piece.high)));
    }
    if (piece.last === null) {
      path = null;
      continue;
    }
    context.strokeStyle = colour("curve");
    context.beginPath();
    context.moveTo(left, path === null ? y(piece.last) : path);
    context.lineTo(left, y(piece.last));
    context.lineTo(Math.max(to, left + 1), y(piece.last));
    context.stroke();
    path = isCut ? null : y(piece.last);
  }
}

function drawRestarts(frame, curve) {
  for (const { at } of curve.restarts) {
    if (at >= frame.view.from && at <= frame.view.to) line(frame, frame.x(at), frame.colour("warn"), [4, 4]);
  }
}

function line({ context, bottom }, at, colour, dash) {
  context.save();
  context.strokeStyle = colour;
  context.lineWidth = 1.25;
  context.setLineDash(dash);
  context.beginPath();
  context.moveTo(at, TOP);
  context.lineTo(at, bottom);
  context.stroke();
  context.restore();
}

export function valueTicks({ low, high }, most, states) {
  if (states) return states.map((_, value) => value).filter((value) => value >= low && value <= high).slice(0, 12);
  const raw = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((each) => each * power >= raw) * power;
  const ticks = [];
  for (let place = Math.ceil(low / step); place <= high / step && ticks.length < 50; place += 1) ticks.push(Number((place * step).toPrecision(12)));
  return ticks;
}

// Ticks on the local clock: at midnight where they are days apart, also over a change to summer time.
export function timeTicks({ from, to }, step) {
  const ticks = [];
  if (step >= DAY) {
    const at = new Date(from);
    at.setHours(0, 0, 0, 0);
    for (const days = step / DAY; at <= to && ticks.length < 100; at.setDate(at.getDate() + days)) if (at >= from) ticks.push(at.getTime());
    return ticks;
  }
  const shift = new Date(from).getTimezoneOffset() * MINUTE;
  for (let at = Math.ceil((from - shift) / step) * step + shift; at <= to && ticks.length < 100; at += step) ticks.push(at);
  return ticks;
}
