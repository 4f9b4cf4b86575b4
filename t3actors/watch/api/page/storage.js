// What the database takes, and until when it has room: asked once a minute.

import { bytes, span } from "./words.js";

const EVERY_MS = 60000;

export class Storage {
  constructor(gateway, changed) {
    this._gateway = gateway;
    this._changed = changed;
    this.told = null;
    gateway.addEventListener("state", () => { if (gateway.isLive && !this.told) this._ask(); });
    setInterval(() => { if (gateway.isLive && !document.hidden) this._ask(); }, EVERY_MS);
  }

  facts() {
    const { told } = this;
    if (!told) return [];
    return [
      ["Database", `${bytes(told.database_bytes)}${told.budget_bytes ? ` of ${bytes(told.budget_bytes)}` : ""}`],
      ["Disk", `${bytes(told.free_bytes)} free`],
    ];
  }

  // How long it lasts, in a sentence.
  forecast() {
    const { told } = this;
    if (!told) return "";
    const pace = told.history_by_a_day ?? told.grows_by_a_day;
    if (pace === null) return "How fast it grows is known after an hour.";
    if (pace <= 0) return "It does not grow now.";
    const room = told.raw_days === null ? "" : ` The budget has room for samples of ${span(told.raw_days * 86400000)}.`;
    const grows = `History takes ${bytes(Math.round(pace))} a day.${room}`;
    if (!told.full_at) return `${grows} At that pace neither budget nor disk is used up within ten years.`;
    const then = told.full_of === "budget" ? "its budget is used up and the oldest samples go" : "the disk is full but for min_free and history stops growing";
    return `${grows} At that pace ${then} in ${span(told.full_at - told.at)}.`;
  }

  async _ask() {
    try {
      this.told = await this._gateway.ask("storage");
      this._changed();
    } catch {
      // the gateway's state says so
    }
  }
}
