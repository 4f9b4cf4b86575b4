// The page: puts together the way to the gateway, what is known, the two tables and the detail beside them. What is open stands in the address
// (#device=..., #point=...), so that it can be sent to somebody. Everything that comes from the gateway is written as text, never as markup.

import { Building } from "./building.js";
import { Device } from "./device.js";
import { Gateway } from "./gateway.js";
import { Rows, write } from "./rows.js";
import { Trend } from "./trend.js";
import { bytes, element, shown, sign, span, statusWord, when } from "./words.js";

const STORAGE_EVERY_MS = 60000;
const CLOCKS_APART_MS = 5000;
const find = (id) => document.getElementById(id);

const gateway = new Gateway();
const building = new Building(gateway);
const trend = new Trend(gateway, building);
const device = new Device(gateway, building);
const devices = new Rows(find("devices"), { make: () => emptyRow(4), fill: fillDevice, open: (key) => go("device", key) });
const points = new Rows(find("points"), { make: () => emptyRow(4), fill: fillPoint, open: (key) => go("point", key) });
let opener = null;

// ---------------------------------------------------------------------------------------------------------------- tables

function emptyRow(cells) {
  const tr = element("tr");
  const head = element("th");
  head.scope = "row";
  const button = element("button", "", "open");
  button.type = "button";
  button.append(element("span"), element("small"));
  head.append(button);
  tr.append(head);
  for (let place = 1; place < cells; place += 1) {
    const td = element("td");
    td.append(element("span"), element("span", "", "age"));
    tr.append(td);
  }
  return tr;
}

function status(cell, word, aside) {
  const text = gateway.isLive ? `${sign(word)[0]} ${word}` : `? was ${word}`;
  const [first, second] = cell.children;
  write(first, text);
  first.className = `word ${gateway.isLive ? sign(word)[1] : "idle"}`;
  write(second, aside);
}

function fillDevice(tr, row) {
  const [name, state, count, answered] = tr.cells;
  const now = gateway.now();
  write(name.firstChild.children[0], row.name);
  write(name.firstChild.children[1], `${row.protocol} ${row.address}`);
  status(state, row.status, row.status === "online" ? "" : row.status_reason);
  state.title = row.status_reason;
  count.className = "number wide";
  write(count.firstChild, String(row.points));
  answered.className = "wide";
  write(answered.firstChild, row.last_ok_at && row.status !== "online" ? `${span(now - row.last_ok_at)} ago` : row.last_ok_at ? "at its last poll" : "never");
  const kind = gateway.isLive ? sign(row.status)[1] : "";
  tr.classList.toggle("is-bad", kind === "bad");
  tr.classList.toggle("is-warn", kind === "warn");
}

function fillPoint(tr, row) {
  const [name, value, state, changed] = tr.cells;
  const now = gateway.now();
  const isLive = gateway.isLive && row.status === "ok";
  write(name.firstChild.children[0], building.scope ? row.point_id : row.key);
  write(name.firstChild.children[1], row.full_label || row.label);
  name.firstChild.title = `${row.key} ${row.full_label || row.label}`;
  value.className = "number";
  value.firstChild.className = "value";
  const text = shown(row.text ?? row.value, row);
  const hasMoved = row.hasMoved && value.firstChild.textContent !== text && value.firstChild.textContent !== "";
  write(value.firstChild, text);
  value.title = text;
  write(value.children[1], isLive ? "" : row.sampled_at ? `${span(now - row.sampled_at)} old` : "never read");
  status(state, row.status, gateway.isLive ? row.status_reason : "");
  state.title = row.status_reason;
  changed.className = "wide";
  write(changed.firstChild, row.changed_at ? `${span(now - row.changed_at)} ago` : "");
  tr.classList.toggle("is-old", !isLive);
  const kind = gateway.isLive ? sign(row.status)[1] : "";
  tr.classList.toggle("is-bad", kind === "bad");
  tr.classList.toggle("is-warn", kind === "warn");
  if (hasMoved) flash(value);
}

function flash(cell) {
  cell.classList.remove("flash");
  requestAnimationFrame(() => cell.classList.add("flash"));
}

function showDevices() {
  const rows = [...building.devices.values()].map((row) => Object.assign(row, { key: row.name }));
  const isWell = (row) => row.status === "online" || row.status === "disabled";
  devices.show([...rows.filter((row) => !isWell(row)), ...rows.filter(isWell)]);
}

function showPoints() {
  const words = find("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = find("status").value;
  const rows = [...building.points.values()].filter((row) =>
    (!building.scope || row.name === building.scope)
    && (!wanted || (wanted === "not ok" ? row.status !== "ok" && row.status !== "disabled" : row.status === wanted))
    && words.every((word) => row.words.includes(word)));
  points.show(rows);
  write(find("points-of"), `${building.scope ? `of ${building.scope}: ` : ""}${rows.length} of ${building.points.size} shown`);
  find("all-devices").hidden = !building.scope;
  const total = gateway.health?.points || 0;
  find("points-left-out").hidden = !building.hasMore;
  write(find("points-left-out"), building.scope ? "Only this device's points are fetched." : `This gateway has ${total} points; only the first are fetched. Choose a device to see its own.`);
}

// ---------------------------------------------------------------------------------------------------------------- header

const SAID = {
  starting: () => "Connecting to the gateway",
  loading: ({ why }) => `Connected; reading what is stored${why ? ` (${why})` : ""}`,
  live: () => "Live",
  stuck: ({ why }) => `Not live: the gateway makes no progress (${why || "it does not say why"})`,
  lost: ({ why }) => `Not connected${why ? `: ${why}` : ""}; trying again by itself`,
  locked: () => "Not connected: a token is needed",
};

function showState() {
  const { kind } = gateway.state;
  document.body.className = kind === "live" ? "live" : "lost";
  document.body.dataset.state = kind;
  write(find("state-word"), `${kind === "live" ? "● " : "▲ "}${SAID[kind](gateway.state)}`);
  const form = find("token-form");
  const wasHidden = form.hidden;
  form.hidden = kind !== "locked";
  if (kind === "locked") {
    write(find("token-fault"), gateway.state.why);
    if (wasHidden) find("token").focus();
  }
  showHealth();
  devices.refresh();
  points.refresh();
  tick();
}

function showHealth() {
  const health = gateway.health;
  if (!health || !health.name) return;
  write(find("name"), health.name);
  document.title = `${gateway.isLive ? "" : "(not live) "}${health.name} · t3actors`;
  write(find("version"), `t3actors ${health.version}, up ${span(gateway.now() - health.started_at)}`);
  const figures = [...Object.entries(health.devices).map(([word, count]) => [`Devices ${word}`, count]), ...Object.entries(health.points_by_status).map(([word, count]) => [`Points ${word}`, count])];
  find("figures").replaceChildren(...figures.map(([name, value]) => {
    const div = element("div");
    div.append(element("dt", name), element("dd", String(value)));
    return div;
  }));
  showTroubles(health);
}

function showTroubles(health) {
  const found = health.troubled.map((each) => {
    const li = element("li", "", sign(each.status)[1] === "bad" ? "" : "warn-edge");
    const button = element("button", each.device, "link");
    button.type = "button";
    button.dataset.device = each.device;
    const since = each.since_at ? ` for ${span(gateway.now() - each.since_at)} (since ${when(each.since_at, gateway.now())})` : "";
    const head = element("p");
    head.append(button, " ", statusWord(each.status), `${since}${each.reason ? `: ${each.reason}` : ""}.`);
    li.append(head);
    if (each.look_at) li.append(element("p", `Look at: ${each.look_at}`, "look"));
    return li;
  });
  const known = new Set(health.troubled.map((each) => each.reason));
  const links = health.troubled_links.filter((each) => each.state !== "starting" && !known.has(each.reason)).map((each) => [each.link, each]);
  const parts = [["The event loop", health.loop], ["The detector", health.detector], ["The store", health.store], ["The tree of actors", health.actors]];
  for (const [name, part] of [...parts, ...links]) {
    if (part.state !== "ok") found.push(element("li", `${name}: ${part.state}${part.reason ? `, ${part.reason}` : ""}; since ${when(part.since_at, gateway.now())}.`));
  }
  for (const [name, override] of Object.entries(health.overrides)) {
    const what = override.stopped ? "was stopped by hand" : `is polled every ${override.poll_interval_s} s, set by hand`;
    found.push(element("li", `${name} ${what}; it holds until it is taken back or the gateway is restarted.`, "warn-edge"));
  }
  const bad = Object.entries(health.devices).reduce((sum, [word, count]) => sum + (word === "online" || word === "disabled" ? 0 : count), 0);
  if (bad > health.troubled.length) found.push(element("li", `And ${bad - health.troubled.length} more devices: see the list.`));
  const list = find("trouble-list");
  const focused = document.activeElement?.dataset?.device;
  const isIn = list.contains(document.activeElement);
  if (list.textContent !== found.map((li) => li.textContent).join("")) {
    list.replaceChildren(...found);
    if (isIn && focused) [...list.querySelectorAll("button")].find((each) => each.dataset.device === focused)?.focus();
  }
  find("troubles").hidden = !found.length;
}

async function showStorage() {
  if (!gateway.isLive) return;
  try {
    const told = await gateway.ask("storage");
    const parts = [`Database ${bytes(told.database_bytes)}${told.budget_bytes ? ` of ${bytes(told.budget_bytes)}` : ""}; ${bytes(told.free_bytes)} of disk free.`];
    if (told.grows_by_a_day === null) parts.push("How fast it grows is known after an hour.");
    else parts.push(`It grows by ${bytes(Math.round(told.grows_by_a_day))} a day.`);
    if (told.full_at) {
      const then = told.full_of === "budget" ? "the budget is used up and the oldest samples go" : "the disk is full but for min_free and history stops growing";
      parts.push(`At that pace ${then} in ${span(told.full_at - told.at)}.`);
    } else if (told.grows_by_a_day !== null) parts.push("At that pace it lasts ten years.");
    write(find("storage"), parts.join(" "));
  } catch {
    // the gateway's state says so
  }
}

function tick() {
  const silent = gateway.silentMs();
  write(find("heard"), silent === null ? "" : `· last heard ${span(silent)} ago`);
  const apart = gateway.offsetMs || 0;
  find("notice").hidden = Math.abs(apart) < CLOCKS_APART_MS;
  write(find("notice"), `This browser's clock is ${span(Math.abs(apart))} ${apart < 0 ? "ahead of" : "behind"} the gateway's. Ages and times here go by the gateway's.`);
  devices.refresh();
  points.refresh();
  trend.tick();
  device.tick();
}

// ---------------------------------------------------------------------------------------------------------------- what is open

function go(kind, key) {
  opener = { kind, key };
  const hash = `#${kind}=${encodeURIComponent(key)}`;
  if (location.hash === hash) route();
  else location.hash = hash;
}

function opened() {
  const [, kind, coded] = location.hash.match(/^#(device|point)=(.+)$/) || [];
  try {
    return kind ? { kind, key: decodeURIComponent(coded) } : null;
  } catch {
    return null;
  }
}

function route() {
  const now = opened();
  find("detail").hidden = !now;
  find("main").classList.toggle("has-detail", Boolean(now));
  find("trend").hidden = now?.kind !== "point";
  find("device").hidden = now?.kind !== "device";
  trend.close();
  device.close();
  devices.choose(now?.kind === "device" ? now.key : "");
  points.choose(now?.kind === "point" ? now.key : "");
  if (!now) return;
  entitle(now);
  if (now.kind === "point") trend.open(now.key);
  else {
    device.open(now.key);
    building.show(now.key);
    showPoints();
  }
  tick();
  if (opener) find("detail-title").focus({ preventScroll: true });
  find("detail").scrollIntoView({ block: "nearest" });
  if (innerWidth < 1120) find("detail").scrollIntoView({ block: "start" });
}

function entitle({ kind, key }) {
  const row = kind === "point" ? building.points.get(key) : null;
  const label = row && (row.full_label || row.label);
  write(find("detail-title"), label ? `${key} · ${label}` : key);
}

function close() {
  history.pushState(null, "", location.pathname + location.search);
  route();
  const table = opener?.kind === "device" ? devices : points;
  if (!opener || !table.focus(opener.key)) find("points-title").focus();
  opener = null;
}

// ---------------------------------------------------------------------------------------------------------------- beginning

gateway.addEventListener("state", showState);
gateway.addEventListener("health", showHealth);
building.addEventListener("loaded", () => {
  showDevices();
  showPoints();
  showStorage();
  const now = opened();
  if (now) entitle(now);
});
building.addEventListener("devices", showDevices);
building.addEventListener("changed", (event) => {
  points.refresh(event.detail);
  trend.tick();
  if (find("status").value) showPoints();
});
find("search").addEventListener("input", showPoints);
find("status").addEventListener("change", showPoints);
find("filter").addEventListener("submit", (event) => event.preventDefault());
find("all-devices").addEventListener("click", () => {
  building.show("");
  showPoints();
  find("points-title").focus();
});
find("trouble-list").addEventListener("click", (event) => {
  const name = event.target.dataset.device;
  if (name) go("device", name);
});
find("close").addEventListener("click", close);
find("detail").addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
find("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  gateway.setToken(find("token").value);
  find("token").value = "";
});
window.addEventListener("hashchange", route);
setInterval(tick, 1000);
setInterval(showStorage, STORAGE_EVERY_MS);
gateway.start();
route();
showState();
