// One device: how it is, why, since when, what is tried next, where to look; and what happened to it lately.

import { write } from "./rows.js";
import { element, span, when } from "./words.js";

const AGAIN_MS = 5000;
const EVENTS_ASKED = 1000;
const EVENTS_SHOWN = 20;
const TOGETHER_MS = 5000;
const A_MONTH_MS = 30 * 86400000;
const find = (id) => document.getElementById(id);

export class Device {
  constructor(gateway, building) {
    this._gateway = gateway;
    this._building = building;
    this._name = "";
    this._told = null;
    setInterval(() => { if (this._name && gateway.isLive && !document.hidden) this._ask(); }, AGAIN_MS);
    building.addEventListener("loaded", () => { if (this._name) this._ask(); });
    building.addEventListener("devices", () => {
      const row = building.devices.get(this._name);
      if (row && this._told && row.status !== this._told.device.status) this._ask();
    });
  }

  open(name) {
    this._name = name;
    this._told = null;
    this._listedFor = "";
    for (const id of ["device-sentence", "device-facts", "device-events"]) find(id).replaceChildren();
    find("device-look").hidden = true;
    this._ask();
  }

  close() {
    this._name = "";
  }

  async _ask() {
    const name = this._name;
    if (!name || !this._gateway.isLoaded) return; // it is done as soon as it is
    try {
      const told = await this._gateway.ask(`devices/${encodeURIComponent(name)}`);
      if (name !== this._name) return;
      this._told = { ...told, at: this._gateway.now() };
      this.tick();
      const changes = JSON.stringify([name, told.device.status_at, told.points_by_status]);
      if (changes === this._listedFor) return;
      const since = Math.max(0, Math.round(this._gateway.now() - A_MONTH_MS));
      const lately = await this._gateway.ask("events", { device: name, limit: EVENTS_ASKED, since });
      if (name !== this._name) return;
      this._listedFor = changes;
      this._list(lately.events);
    } catch (error) {
      if (name === this._name) write(find("device-sentence"), `What the gateway knows of it cannot be had now: ${error.message}`);
    }
  }

  tick() {
    if (!this._name || !this._told) return;
    const { device, now: actor, at, look_at: lookAt, points_by_status: counts } = this._told;
    const now = this._gateway.now();
    const isLive = this._gateway.isLive;
    write(find("device-sentence"), (isLive ? "" : "Not live; as last heard: ") + sentence(device, actor, now, at));
    write(find("device-look").lastElementChild, lookAt);
    find("device-look").hidden = !lookAt;
    const interval = device.poll_interval_s;
    const facts = [
      ["Last answered", device.last_ok_at ? `${when(device.last_ok_at, now, true)}, ${span(now - device.last_ok_at)} ago` : "never"],
      ["Address", `${device.protocol} ${device.address}`],
      ["Polled", interval === null ? "not known" : `every ${interval} s${device.override?.poll_interval_s ? " (set by hand until the gateway is restarted)" : ""}`
        + (device.achieved_interval_s > interval * 1.2 ? `; the line achieves ${Number(device.achieved_interval_s.toPrecision(3))} s` : "")],
      ["Polls", `${device.polls_ok} answered, ${device.polls_failed} missed`],
      ["Points", Object.entries(counts).map(([status, count]) => `${count} ${status}`).join(", ") || "none"],
      ["Serial number", device.serial_number === null ? "not reported" : String(device.serial_number)],
      ["Model", [device.model, device.firmware].filter(Boolean).join(", ") || "not reported"],
    ];
    const list = find("device-facts");
    if (list.children.length !== facts.length) {
      list.replaceChildren(...facts.map(([name]) => {
        const div = element("div");
        div.append(element("dt", name), element("dd"));
        return div;
      }));
    }
    facts.forEach(([, value], place) => write(list.children[place].lastChild, value));
  }

  _list(events) {
    const now = this._gateway.now();
    const items = together(events.reverse()).slice(0, EVENTS_SHOWN).map(({ event, change, points }) => {
      const who = points.length > 1 ? `${points.length} points: ` : points.length ? `${points[0]}: ` : "";
      return element("li", `${when(event.at, now, true)}  ${who}${change}${event.reason ? `: ${event.reason}` : ""}`);
    });
    find("device-events").replaceChildren(...(items.length ? items : [element("li", "Nothing within a month.")]));
  }
}

// What befell many points at a time is one line.
function together(events) {
  const lines = [];
  for (const event of events) {
    const change = event.from_status || event.to_status ? `${event.from_status || "?"} → ${event.to_status || "?"}` : event.event;
    const last = lines.at(-1);
    if (event.point && last?.points.length && last.change === change && last.event.at - event.at < TOGETHER_MS) last.points.push(event.point);
    else lines.push({ event, change, points: event.point ? [event.point] : [] });
  }
  return lines;
}

function sentence(device, actor, now, at) {
  const since = device.status_at ? ` since ${when(device.status_at, now, true)} (${span(now - device.status_at)})` : "";
  if (device.status === "online") return `Online${since}. It is polled and answers.`;
  const why = device.status_reason || "no reason is known yet";
  const said = `${device.status[0].toUpperCase()}${device.status.slice(1)}${since}: ${why}.`;
  if (device.override?.stopped || device.status === "disabled") return said;
  if (!actor) return said;
  const tries = actor.attempts ? ` ${actor.attempts} ${actor.attempts === 1 ? "try" : "tries"} in a row brought nothing.` : "";
  const next = actor.next_try_s === null ? "" : ` It is asked again ${nextTry(actor.next_try_s * 1000 - (now - at))}, by itself; nothing has to be restarted.`;
  return said + tries + next;
}

function nextTry(ms) {
  return ms <= 1000 ? "now" : `in ${span(ms)}`;
}
