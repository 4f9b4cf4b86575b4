// Whether all is well, in one line; what is wrong, in the next. Pure.

import { count, named, span, when } from "./words.js";

const DISK_SOON_MS = 30 * 86400000;
const WELL = new Set(["online", "disabled"]);

// {kind, headline, more, wrongs}. kind: good, warn, bad, lost (nothing here is live) or wait.
export function verdictOf({ state, health, alarms, hasMoreAlarms, storage, newest, now, heardAt }) {
  if (state.kind !== "live") return notLive(state, now, heardAt);
  const wrongs = [...ofTheGateway(health, storage), ...ofDevices(health), ...ofPoints(health), ...ofAlarms(alarms, hasMoreAlarms)];
  const online = health.devices.online || 0, all = sum(health.devices);
  const totals = `${online === all ? `All ${count(all, "device")}` : `${online} of ${count(all, "device")}`} online, ${health.points_by_status.ok || 0} of ${count(health.points, "point")} ok.`;
  if (!wrongs.length) return { kind: "good", headline: all ? "All is well" : "No device is configured", more: all ? totals : "", wrongs: 0 };
  wrongs.sort((a, b) => b.isBad - a.isBad);
  const kind = wrongs[0].isBad ? "bad" : "warn";
  const more = newest ? `${totals} Lastly: ${named(newest.title)} ${newest.word.replace(/^\W /, "")} since ${when(newest.since, now)} (${span(now - newest.since)}).` : totals;
  return { kind, headline: capital(wrongs.map((each) => each.said).join("; ")), more, wrongs: wrongs.length };
}

function notLive({ kind, why }, now, heardAt) {
  const told = {
    starting: ["wait", "Connecting to the gateway", why],
    loading: ["wait", "Reading what is stored", why],
    locked: ["lost", "A token is needed", ""],
    failed: ["lost", "Not live: this page has failed", `${capital(why)}. What is shown may be old; it is loaded anew in a minute. If that happens again, report it. On the gateway's machine: t3actors status.`],
    stuck: ["lost", "Not live: the gateway makes no progress", `${why ? `${capital(why)}. ` : ""}What is shown is what was stored last. On the gateway's machine: t3actors status, t3actors logs.`],
    lost: ["lost", `Not live: what is shown is as of ${when(heardAt, now, true)}`,
      `The gateway does not answer${why ? ` (${why})` : ""}. It is tried again by itself. If it stays so: is this device on the network? On the gateway's machine: t3actors status.`],
  }[kind];
  return { kind: told[0], headline: told[1], more: told[2], wrongs: 0 };
}

function ofTheGateway(health, storage) {
  const found = [];
  if (health.gateway.state !== "ok") found.push({ isBad: health.gateway.state !== "starting" && health.gateway.state !== "degraded", said: `the gateway is ${health.gateway.state}` });
  if (storage?.full_of === "disk" && storage.full_at - storage.at < DISK_SOON_MS) found.push({ isBad: false, said: `the disk is full in ${span(storage.full_at - storage.at)}` });
  return found;
}

function ofDevices({ devices }) {
  const all = sum(devices);
  const silent = devices.offline || 0, doubled = devices.conflict || 0;
  const waiting = Object.entries(devices).reduce((total, [word, each]) => total + (WELL.has(word) ? 0 : each), 0) - silent - doubled;
  return [
    ...(silent ? [{ isBad: true, said: `${silent} of ${count(all, "device")} ${silent === 1 ? "does" : "do"} not answer` }] : []),
    ...(doubled ? [{ isBad: true, said: `${count(doubled, "device")} ${doubled === 1 ? "is" : "are"} in conflict with another` }] : []),
    ...(waiting ? [{ isBad: false, said: `${count(waiting, "device")} ${waiting === 1 ? "has" : "have"} not answered lately` }] : []),
  ];
}

function ofPoints({ points_by_status: points }) {
  return [["fault", true, "faulty"], ["stale", false, "stale"]].filter(([status]) => points[status])
    .map(([status, isBad, word]) => ({ isBad, said: `${count(points[status], "point")} ${points[status] === 1 ? "is" : "are"} ${word}` }));
}

function ofAlarms(alarms, hasMore) {
  const open = alarms.filter((each) => !each.acknowledged).length;
  const many = count(alarms.length, "alarm") + (hasMore ? " and more" : "");
  return alarms.length ? [{ isBad: open > 0, said: `${many} ${alarms.length === 1 ? "stands" : "stand"}${open ? "" : ", acknowledged"}` }] : [];
}

function sum(counts) {
  return Object.values(counts).reduce((total, each) => total + each, 0);
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
