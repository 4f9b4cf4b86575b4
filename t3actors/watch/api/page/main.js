// The page: puts together the way to the gateway, what is known, and what shows it. Everything that comes from the gateway is written as text,
// never as markup.

import { Building } from "./building.js";
import { Device } from "./device.js";
import { Gateway } from "./gateway.js";
import { Head } from "./head.js";
import { Opened } from "./opened.js";
import { Tables } from "./tables.js";
import { Trend } from "./trend.js";
import { Why } from "./why.js";

const OWN_PLACE = new URL(".", import.meta.url).href;

const gateway = new Gateway();
const building = new Building(gateway);
const go = (kind, key) => opened.go(kind, key);
const head = new Head(gateway, building, go);
const tables = new Tables(gateway, building, go);
const trend = new Trend(gateway, building);
const why = new Why(gateway, building);
const device = new Device(gateway, building);

const opened = new Opened({
  shown(now) {
    for (const each of [trend, why, device]) each.close();
    building.open(null);
    tables.devices.choose(now?.kind === "device" ? now.key : "");
    tables.points.choose(now?.kind === "point" ? now.key : "");
    if (now?.kind === "point") {
      trend.open(now.key);
      why.open(now.key);
    } else if (now) {
      device.open(now.key);
      tables.want({ device: now.key });
    }
    tick();
  },
  label({ kind, key }) {
    const row = kind === "point" ? building.row(key) : null;
    return row && (row.full_label || row.label);
  },
  focus: ({ kind, key }) => (kind === "device" ? tables.devices : tables.points).focus(key),
});

function tick() {
  head.tick();
  tables.refresh();
  trend.tick();
  device.tick();
}

gateway.addEventListener("state", () => {
  head.show();
  tick();
});
gateway.addEventListener("health", () => head.show());
building.addEventListener("loaded", () => {
  tables.showDevices();
  tables.showPoints();
  head.show();
  opened.entitle();
});
building.addEventListener("devices", () => {
  tables.showDevices();
  head.show();
});
building.addEventListener("opened", () => opened.entitle());
building.addEventListener("changed", ({ detail: { statuses } }) => {
  trend.tick();
  if (statuses) head.showSoon();
});
// What fails here may be what would have shown that nothing is live: it is said, and what an extension of the browser gets wrong is not.
for (const kind of ["error", "unhandledrejection"]) {
  window.addEventListener(kind, ({ error = null, reason = null }) => {
    const failed = error || reason;
    if (failed instanceof Error && String(failed.stack).includes(OWN_PLACE)) gateway.pageFailed(failed.message);
  });
}
setInterval(tick, 1000);
gateway.start();
opened.route();
head.show();
