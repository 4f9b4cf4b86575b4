// Why a point is as it is: the sentence, where to look next, and below them all that they rest on, from the wire to the row.

import { asKept } from "./part.js";
import { write } from "./rows.js";
import { element, shown, span, when } from "./words.js";

const AGAIN_MS = 10000;
const POLLS = 5;
const find = (id) => document.getElementById(id);

export class Why {
  constructor(gateway, building) {
    this._gateway = gateway;
    this._building = building;
    this._key = "";
    this._told = null;
    find("chain").addEventListener("toggle", () => this._show());
    building.addEventListener("loaded", () => this._ask());
    setInterval(() => { if (gateway.isLive && !document.hidden) this._ask(); }, AGAIN_MS);
  }

  open(key) {
    this._key = key;
    this._told = null;
    find("trend-why").textContent = "";
    find("trend-look").hidden = true;
    find("chain-facts").replaceChildren();
    find("chain-events").replaceChildren();
    this._ask();
  }

  close() {
    this._key = "";
  }

  async _ask() {
    const key = this._key;
    if (!key || !this._gateway.isLoaded) return; // it is done as soon as it is
    try {
      const told = await this._gateway.ask("why", { point: key });
      if (key !== this._key) return;
      this._told = told;
      this._building.open(asKept({ ...told.row }));
      write(find("trend-why"), `At ${when(told.at, told.at, true)}: ${told.sentence}.`);
      write(find("trend-look").lastElementChild, told.look_at);
      find("trend-look").hidden = !told.look_at;
      this._show();
    } catch (error) {
      if (key === this._key) write(find("trend-why"), `Why it is so cannot be said now: ${error.message}`);
    }
  }

  _show() {
    if (!this._told || !find("chain").open) return;
    const told = this._told;
    find("chain-facts").replaceChildren(...chainOf(told).map(([name, said]) => {
      const div = element("div");
      div.append(element("dt", name), element("dd", said));
      return div;
    }));
    const happened = told.events.toReversed().map((each) => {
      const change = each.from_status || each.to_status ? `${each.from_status || "?"} → ${each.to_status || "?"}` : each.event;
      return element("li", `${when(each.at, told.at, true)}  ${each.point ? "" : `${told.device.name}: `}${change}${each.reason ? `: ${each.reason}` : ""}`);
    });
    find("chain-events").replaceChildren(...(happened.length ? happened : [element("li", "Nothing is stored of it.")]));
  }
}

// From the wire to the row: [[stage, what it says]].
export function chainOf({ at, device, row, actor, override, now, trace }) {
  const chain = [["Asked as", `${trace?.point?.source || row.point_id} of ${device.protocol} ${device.address}${row.mode === "cov" ? "; it tells of changes by itself (COV)" : ""}`]];
  chain.push(["Polled by", actor
    ? `${actor.child}, ${actor.state}${actor.restarts ? `, restarted ${actor.restarts} times` : ""}${actor.last_exit ? `; last ended by ${actor.last_exit}` : ""}`
    : "nobody"]);
  if (override) chain.push(["Set by hand", override.stopped ? "it is stopped" : `every ${override.poll_interval_s} s`]);
  if (now) {
    const next = now.next_try_s === null ? "" : `; asked again in ${span(now.next_try_s * 1000)}`;
    chain.push(["Device", `${now.state}; ${now.counts.polls_ok} polls answered, ${now.counts.polls_failed} missed${now.attempts ? `, ${now.attempts} in a row now` : ""}${next}`]);
    for (const poll of now.polls.slice(-POLLS).toReversed()) {
      const took = poll.took_s === null ? "" : ` in ${Number((poll.took_s * 1000).toPrecision(3))} ms`;
      chain.push([`Poll at ${when(poll.at_ms, at, true)}`, poll.error || `${poll.points} points${took}`]);
    }
  } else chain.push(["Device", `${device.status} as stored; its actor does not answer`]);
  chain.push(...detectorOf(trace, row, at));
  chain.push(["In the database", `${shown(row.text ?? row.value, row)}, ${row.status}${row.status_reason ? ` (${row.status_reason})` : ""}; `
    + `${row.sampled_at ? `read at ${when(row.sampled_at, at, true)}` : "never read"}${row.changed_at ? `, changed at ${when(row.changed_at, at, true)}` : ""}`]);
  return chain;
}

function detectorOf(trace, row, at) {
  if (!trace) return [["Detector", "does not answer, or does not know it"]];
  const { rules } = trace;
  const seen = trace.seen ? shown(trace.seen.value, row) : "nothing that still holds";
  return [
    ["Read last", `${seen}, at ${when(trace.sampled_at_ms, at, true)}${trace.ages_in_s === null ? "" : `; it ages in ${span(trace.ages_in_s * 1000)}, if nothing is read until then`}`],
    ["Stored last", `${shown(trace.stored.value, row)}, ${trace.stored.status}, ${span(trace.emitted_ago_s * 1000)} before${trace.waits ? "; a newer change waits for its batch" : ""}`],
    ["Its rules", `a change is ${rules.deadband ? `more than ${rules.deadband}${row.units ? ` ${row.units}` : ""}` : "any difference"}; polled every ${rules.poll_interval_s} s; `
      + `stale after ${rules.stale_after} missed polls, down after ${rules.down_after}; history: ${rules.trend}`],
  ];
}
