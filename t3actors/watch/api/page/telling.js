// A curve in words: what it shows, what is drawn, what held at a moment. Pure.

import { inView, pieceAt, rangeOf } from "./curve.js";
import { number, shown, span, when } from "./words.js";

// One paragraph for whoever does not see the plot, and for everybody else.
export function summaryOf(curve, view, { now, known, row }) {
  const range = rangeOf(curve, view, known);
  const absences = absencesIn(curve, view), restarts = restartsIn(curve, view);
  const said = [`From ${when(view.from, now)} to ${view.follows ? "now" : when(view.to, now)}:`];
  if (range.isEmpty) said.push(typeof row?.text === "string" && row.value === null ? "this point is text; its values are in the table below." : "no value is stored.");
  else if (range.least === range.most) said.push(`always ${shown(range.least, row)}.`);
  else said.push(`least ${shown(range.least, row)}, most ${shown(range.most, row)}.`);
  if (absences.length) {
    const last = absences.at(-1);
    const often = absences.length === 1 ? "Once no gateway ran" : `${absences.length} times no gateway ran, lastly`;
    said.push(`${often} from ${when(last.from_at, now, true)} to ${when(last.until_at, now, true)}; after it the curve begins with the next value that was stored.`);
  }
  if (restarts.length) {
    const often = restarts.length === 1 ? "once" : `${restarts.length} times`;
    said.push(`What polls the device was restarted ${often}, last at ${when(restarts.at(-1).at, now, true)}.`);
  }
  const worst = notOk(curve, view, known).at(-1);
  if (worst) said.push(`Lastly not ok: ${worst.piece.status}, from ${when(worst.piece.at, now, true)}${worst.end < known ? ` to ${when(worst.end, now, true)}` : ""}.`);
  if (curve.aggregatedUntil && curve.aggregatedUntil > view.from) said.push(`Before ${when(curve.aggregatedUntil, now)} only least and most by the hour.`);
  if (curve.leftOut) said.push(`${curve.leftOut} older values in another unit are not shown.`);
  return said.join(" ");
}

// What is drawn in view: [[kind, label]].
export function legendOf(curve, view, { known, row }) {
  const marks = [["line", curve.states ? "state, held until it changes" : `value${row?.units ? ` in ${row.units}` : ""}, held until it changes`]];
  if (inView(curve, view, known).some(({ piece }) => piece.high !== piece.low)) marks.push(["band", `least to most in ${curve.stepMs ? span(curve.stepMs) : "an hour"}`]);
  if (absencesIn(curve, view).length) marks.push(["hole", "no gateway ran"]);
  if (restartsIn(curve, view).length) marks.push(["restart", "what polls it was restarted"]);
  if (notOk(curve, view, known).length) marks.push(["not-ok", "at the foot: not ok, no value"]);
  return marks;
}

export function readingOf(curve, at, { now, known, row }) {
  const piece = pieceAt(curve, at, known);
  const told = !piece ? "nothing known" : piece.last === null && piece.low === null ? `${piece.status}, no value`
    : piece.low !== piece.high ? `${row?.states ? shown(piece.low, row) : number(piece.low)} to ${shown(piece.high, row)}` : shown(piece.last, row);
  return `${when(at, now, true)}: ${told}`;
}

function absencesIn(curve, view) {
  return curve.absences.filter((each) => each.until_at >= view.from && each.from_at <= view.to);
}

function restartsIn(curve, view) {
  return curve.restarts.filter((each) => each.at >= view.from && each.at <= view.to);
}

function notOk(curve, view, known) {
  return inView(curve, view, known).filter(({ piece }) => piece.status !== "ok");
}
