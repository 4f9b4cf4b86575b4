// What is wrong, thing by thing: what, since when, why, where to look. What has one cause at many devices is one thing. Pure but for looks.js:
// lists of items as items.js shows them.

import { cause, count, sign, when } from "./words.js";

const WELL = new Set(["online", "disabled"]);
const ANSWERS = new Set(["online", "conflict"]);
const NOT_OK = new Set(["fault", "stale", "unknown"]);
const TOGETHER = 3; // so many of one cause are one thing
const NAMED = 5;
const SHOWN = 12;
const LOOKS = {
  "The store": "the disk, and who else has the database open: t3actors doctor",
  "T3000's own database": "webview.blocked in the log; our own history and the polls do not depend on it",
};

export function troublesOf({ health, devices, faulty, looks, now }) {
  const found = [...ofParts(health), ...ofDevices(devices, health), ...ofPoints(faulty, devices, looks), ...ofHands(health)];
  found.sort((a, b) => (b.kind === "bad") - (a.kind === "bad") || (b.since || 0) - (a.since || 0));
  const shown = found.slice(0, SHOWN);
  if (found.length > SHOWN) shown.push({ key: "more", kind: "warn", title: `And ${found.length - SHOWN} more`, reason: "see the lists of devices and points", since: null });
  return shown.map((each) => ({ ...each, sinceText: each.since ? `since ${when(each.since, now)}` : "" }));
}

// The newest alarm first; those that say the same at many devices are one thing.
export function alarmsOf(alarms, now) {
  const groups = grouped(alarms, (each) => `${each.acknowledged} ${alarmSaid(each)}`, "raised_at");
  return split(groups).map((rows) => {
    const each = rows[0];
    const common = {
      kind: each.acknowledged ? "warn" : "bad", word: each.acknowledged ? "○ acknowledged" : "▲ not acknowledged",
      since: each.raised_at, sinceText: `since ${when(each.raised_at, now)}`, reason: alarmSaid(each),
    };
    if (rows.length === 1) return { ...common, key: String(each.id), title: each.name, go: ["device", each.name] };
    return { ...common, key: `alarms ${each.acknowledged} ${common.reason}`, title: count(rows.length, "alarm"), names: named(rows, (row) => [row.name, ["device", row.name]]) };
  }).sort((a, b) => b.since - a.since);
}

function alarmSaid(alarm) {
  const said = [alarm.message || alarm.description || alarm.source, alarm.alarm_state, alarm.priority === null ? "" : `priority ${alarm.priority}`];
  return said.filter(Boolean).join(", ") + (ANSWERS.has(alarm.device_status) ? "" : `; its device is ${alarm.device_status}: nobody knows whether it still stands`);
}

function ofParts(health) {
  const named = [["The event loop", health.loop], ["The detector", health.detector], ["The store", health.store], ["The tree of actors", health.actors]];
  if (health.webview) named.push(["T3000's own database", health.webview]);
  const known = new Set(health.troubled.map((each) => each.reason));
  const links = health.troubled_links.filter((each) => each.state !== "starting" && !known.has(each.reason)).map((each) => [each.link, each]);
  const doors = health.t3000.filter((each) => each.state !== "starting" && !known.has(each.reason)).map((each) => [`The way into ${each.device}`, each]);
  return [...named, ...links, ...doors].filter(([, part]) => part.state !== "ok").map(([name, part]) => ({
    key: `part ${name}`, kind: part.state === "degraded" || part.state === "starting" ? "warn" : "bad", title: name,
    word: part.state, since: part.since_at, reason: part.reason, look: LOOKS[name] || "",
  }));
}

function ofDevices(devices, health) {
  const looks = new Map(health.troubled.map((each) => [cause(each.reason), each.look_at]));
  const groups = grouped([...devices.values()].filter((row) => !WELL.has(row.status)), (row) => `${row.status} ${cause(row.status_reason)}`);
  return split(groups).map((rows) => {
    const row = rows[0], look = looks.get(cause(row.status_reason)) || "";
    const common = { kind: kindOf(row.status), word: `${sign(row.status)[0]} ${row.status}`, since: row.status_at, look, reason: cause(row.status_reason) };
    if (rows.length === 1) return { ...common, key: `device ${row.name}`, title: row.name, go: ["device", row.name] };
    return { ...common, key: `devices ${row.status} ${common.reason}`, title: count(rows.length, "device"), names: named(rows, (each) => [each.name, ["device", each.name]]) };
  });
}

function ofPoints(faulty, devices, looks) {
  const alone = faulty.filter((row) => NOT_OK.has(row.status) && devices.get(row.name)?.status === "online");
  return grouped(alone, (row) => `${row.name} ${row.status} ${cause(row.status_reason)}`).map((rows) => {
    const row = rows[0];
    const common = { kind: kindOf(row.status), word: `${sign(row.status)[0]} ${row.status}`, since: row.status_at, reason: cause(row.status_reason) };
    const look = looks.of(cause(row.status_reason), row.key);
    if (rows.length === 1) return { ...common, look, key: `point ${row.key}`, title: row.full_label && row.full_label !== row.point_id ? `${row.key} ${row.full_label}` : row.key, go: ["point", row.key] };
    return { ...common, look, key: `points ${row.name} ${row.status} ${common.reason}`, title: `${row.name}: ${count(rows.length, "point")}`, go: ["device", row.name],
      names: named(rows, (each) => [each.point_id, ["point", each.key]]) };
  });
}

function ofHands(health) {
  return Object.entries(health.overrides).map(([name, override]) => ({
    key: `hand ${name}`, kind: "warn", title: name, go: ["device", name], word: override.stopped ? "○ stopped by hand" : `○ polled every ${override.poll_interval_s} s, by hand`,
    since: null, reason: "it holds until it is taken back, or the gateway is restarted", look: override.stopped ? `t3actors device start ${name}, if that is over` : "",
  }));
}

function kindOf(status) {
  return sign(status)[1] === "bad" ? "bad" : "warn";
}

// Rows of one cause, each group with the newest first.
function grouped(rows, by, since = "status_at") {
  const groups = new Map();
  for (const row of rows) {
    const key = by(row);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(row);
  }
  return [...groups.values()].map((each) => each.sort((a, b) => (b[since] || 0) - (a[since] || 0)));
}

// Few of one cause stand alone.
function split(groups) {
  return groups.flatMap((rows) => (rows.length < TOGETHER ? rows.map((row) => [row]) : [rows]));
}

function named(rows, name) {
  const names = rows.slice(0, NAMED).map(name);
  return rows.length > NAMED ? [...names, [`and ${rows.length - NAMED} more`, null]] : names;
}
