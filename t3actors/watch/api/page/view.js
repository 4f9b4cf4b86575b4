// Which time a plot shows: {from, to, follows}, Unix ms; one that follows ends now and moves on. Pure.

export const HOUR = 3600000;
export const SPANS = [["1 h", HOUR], ["8 h", 8 * HOUR], ["1 day", 24 * HOUR], ["7 days", 168 * HOUR], ["30 days", 720 * HOUR], ["1 year", 8766 * HOUR]];
const FITTING = [HOUR / 6, HOUR, 8 * HOUR, 24 * HOUR];
const SHORTEST = 5000;
const LONGEST = 20 * 8766 * HOUR;

export function last(ms, now) {
  return { from: now - ms, to: now, follows: true };
}

// As wanted, but neither too short nor too long, nor beyond now.
export function bounded({ from, to, follows }, now) {
  const length = Math.max(SHORTEST, Math.min(LONGEST, to - from));
  let begin = (from + to) / 2 - length / 2;
  if (begin + length > now) begin = now - length;
  return { from: begin, to: begin + length, follows: follows ?? begin + length >= now - length / 100 };
}

// As it is now, where it follows.
export function followed(view, now) {
  return view.follows ? { ...view, from: now - (view.to - view.from), to: now } : view;
}

// `around` stays where it is.
export function zoomed({ from, to }, factor, around) {
  return { from: around - (around - from) * factor, to: around + (to - around) * factor };
}

export function moved({ from, to }, share) {
  const by = (to - from) * share;
  return { from: from + by, to: to + by };
}

// What was under each of two fingers stays under it: moments `a` and `b`, now at these shares of the width. Null: they are too close.
export function pinched(a, b, shareA, shareB) {
  const length = (b - a) / (shareB - shareA);
  if (Math.abs(shareB - shareA) < 0.02 || !(length > 0)) return null;
  return { from: a - shareA * length, to: a + (1 - shareA) * length };
}

// The shortest of a few spans up to a day that has all of a curve that begins then.
export function fitting(beginsAt, now) {
  return FITTING.find((ms) => ms >= now - beginsAt) || FITTING.at(-1);
}
