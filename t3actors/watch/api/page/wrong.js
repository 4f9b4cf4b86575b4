// The lists of what is wrong: troubles and alarms. What is not live is told as what was so.

import { Items } from "./items.js";
import { Looks } from "./looks.js";
import { write } from "./rows.js";
import { alarmsOf, troublesOf } from "./troubles.js";
import { count, span, when } from "./words.js";

const ALARMS_SHOWN = 10;
const find = (id) => document.getElementById(id);

export class Wrong {
  constructor(gateway, building, go) {
    this._gateway = gateway;
    this._building = building;
    this._looks = new Looks(gateway, () => this.show());
    this._troubles = new Items(find("trouble-list"), go);
    this._alarms = new Items(find("alarm-list"), go);
    this.newest = null; // the trouble that began last
  }

  show() {
    const building = this._building, { health, isLive } = this._gateway, now = this._gateway.now();
    if (!health?.name) return;
    const troubles = troublesOf({ health, devices: building.devices, faulty: building.faulty(), looks: this._looks, now });
    const alarms = alarmsOf(building.alarms, now);
    this.newest = troubles.filter((each) => each.since).sort((a, b) => b.since - a.since)[0] || null;
    this._troubles.show(isLive ? troubles : troubles.map(asItWas));
    this._alarms.show((isLive ? alarms : alarms.map(asItWas)).slice(0, ALARMS_SHOWN));
    find("troubles").hidden = !troubles.length;
    find("alarms").hidden = !alarms.length;
    const then = this._gateway.state.kind === "lost" ? `at ${when(this._gateway.heardAt(), now, true)}` : "before";
    write(find("troubles-title"), isLive ? "What is wrong now" : `What was wrong ${then}`);
    write(find("alarms-word"), isLive ? "Alarms at the devices" : `Alarms at the devices ${then}`);
    write(find("alarms-count"), count(building.alarms.length, "alarm") + (building.hasMoreAlarms ? " and more" : ""));
    find("alarms-left-out").hidden = alarms.length <= ALARMS_SHOWN;
    write(find("alarms-left-out"), "And others. All of them: t3actors alarms on the gateway's machine, or the table ALARMS.");
    this.tick();
  }

  // Once a second: for how long, while anybody knows that it lasts.
  tick() {
    const now = this._gateway.now();
    const lasts = this._gateway.isLive ? (since) => `${span(now - since)},` : () => "";
    for (const items of [this._troubles, this._alarms]) items.tick(lasts);
  }
}

function asItWas(item) {
  return { ...item, word: item.word ? `? was ${item.word.replace(/^\W /, "")}` : "", tone: "idle" };
}
