// The axes of a plot: where lines and their names stand, and drawing them.

import { number, tick } from "./words.js";

const MINUTE = 60000, HOUR = 3600000, DAY = 86400000;
const STEPS = [1000, 2000, 5000, 10000, 15000, 30000, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR,
  3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY, 182 * DAY, 365 * DAY];
const NAMES_AT_MOST = 150;
const GAP = 8;

// The names of the values' axis: [[value, name]].
export function valueNames(range, height, states) {
  const values = range.isEmpty ? [] : valueTicks(range, Math.max(2, Math.floor(height / 45)), states);
  return values.map((value) => [value, (states && states[value]) || number(value)]);
}

// How wide the names are, in CSS pixels.
export function widthOf(context, names) {
  return Math.min(NAMES_AT_MOST, Math.max(32, ...names.map(([, name]) => Math.ceil(context.measureText(name).width))) + GAP);
}

export function drawAxes({ context, colour, x, y, left, right, top, bottom, view }, names) {
  context.lineWidth = 1;
  context.strokeStyle = colour("line");
  context.fillStyle = colour("soft");
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const [value, name] of names) {
    stroke(context, left, Math.round(y(value)) + 0.5, right, Math.round(y(value)) + 0.5);
    context.fillText(name, left - GAP + 2, y(value), left - GAP);
  }
  context.textAlign = "center";
  context.textBaseline = "top";
  const step = STEPS.find((each) => (view.to - view.from) / each <= Math.max(2, (right - left) / 90)) || STEPS.at(-1);
  for (const at of timeTicks(view, step)) {
    stroke(context, Math.round(x(at)) + 0.5, top, Math.round(x(at)) + 0.5, bottom + 4);
    const name = tick(at, step), half = context.measureText(name).width / 2;
    context.fillText(name, Math.max(left + half - 20, Math.min(x(at), right - half)), bottom + 8);
  }
  const day = new Intl.DateTimeFormat(undefined, { weekday: "short", year: "numeric", month: "short", day: "numeric" });
  context.textAlign = "left";
  context.fillText(day.format(view.from), left, bottom + 24);
  if (new Date(view.from).toDateString() !== new Date(view.to).toDateString()) {
    context.textAlign = "right";
    context.fillText(day.format(view.to), right, bottom + 24);
  }
}

function stroke(context, fromX, fromY, toX, toY) {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
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
