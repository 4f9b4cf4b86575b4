// How things are said: statuses, numbers, times. Pure, but for the browser's language of dates and its time zone.

const SIGNS = {
  ok: ["●", "good"], stale: ["▲", "warn"], down: ["■", "bad"], fault: ["✕", "bad"], disabled: ["○", "idle"], unknown: ["?", "idle"],
  online: ["●", "good"], offline: ["■", "bad"], connecting: ["▲", "warn"], conflict: ["✕", "bad"],
};

export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || "local time";

const LONGEST_NAME = 80;
const A_PLACE = /^\S*\d\S*: (?=\S)/;
const FLAGS = [[1, "in alarm"], [2, "fault flagged"], [4, "overridden"], [8, "out of service"]];

// A reason without the address that it begins with: the row says whose it is.
export function cause(reason) {
  return (reason || "").replace(A_PLACE, "");
}

// What bears on a value besides its status: the device's own flags, and whether somebody set it by hand.
export function marks(row) {
  const said = FLAGS.filter(([bit]) => row.flags & bit).map(([, word]) => word);
  return row.auto_manual === 1 ? [...said, "manual"] : said;
}

// A name within a sentence: of a sensible length, and no sign in it turns round what stands behind it.
export function named(name) {
  const signs = [...name];
  return `\u2068${signs.length > LONGEST_NAME ? `${signs.slice(0, LONGEST_NAME).join("")}…` : name}\u2069`;
}

export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

export function sign(status) {
  return SIGNS[status] || SIGNS.unknown;
}

// An element with a text, which is never read as markup.
export function element(name, text = "", className = "") {
  const made = document.createElement(name);
  if (text !== "") made.textContent = text;
  if (className) made.className = className;
  return made;
}

export function statusWord(status) {
  const [glyph, kind] = sign(status);
  return element("span", `${glyph} ${status}`, `word ${kind}`);
}

// 1234567 ms -> "20 min": the largest unit of which there are two, as a person says it.
export function span(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  if (seconds < 63072000) return `${Math.round(seconds / 86400)} days`;
  return `${(seconds / 31536000).toFixed(1)} years`;
}

export function number(value) {
  if (typeof value !== "number") return "no value";
  const short = Number(value.toPrecision(6));
  return (Math.abs(short) >= 1e9 || (short !== 0 && Math.abs(short) < 1e-4) ? short.toExponential() : String(short)).replace("-", "−");
}

// A value with its unit, or the word for its state.
export function shown(value, row) {
  if (typeof value === "string") return value;
  const states = row?.states;
  if (states && Number.isInteger(value) && states[value]) return states[value];
  return number(value) + (row?.units && typeof value === "number" ? ` ${row.units}` : "");
}

const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const YEAR = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric" });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const SECONDS = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

// A moment: with its day where that is not today's.
export function when(ms, now = Date.now(), withSeconds = false) {
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return "?";
  const at = new Date(ms);
  const clock = (withSeconds ? SECONDS : CLOCK).format(at);
  if (at.toDateString() === new Date(now).toDateString()) return clock;
  return `${(at.getFullYear() === new Date(now).getFullYear() ? DAY : YEAR).format(at)}, ${clock}`;
}

// What a tick of the time axis is called, where ticks are so far apart.
export function tick(ms, stepMs) {
  const at = new Date(ms);
  if (stepMs < 60000) return SECONDS.format(at);
  if (stepMs < 86400000 && (at.getHours() || at.getMinutes())) return CLOCK.format(at);
  return stepMs > 27 * 86400000 ? YEAR.format(at) : DAY.format(at);
}

export function bytes(count) {
  let value = count, unit = "B";
  for (const next of ["kB", "MB", "GB", "TB"]) {
    if (Math.abs(value) < 1000) break;
    value /= 1000;
    unit = next;
  }
  return `${Number(value.toPrecision(3))} ${unit}`;
}
