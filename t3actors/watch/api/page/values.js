// The last values of a point as a table, where it is opened.

import { element, shown, statusWord, when } from "./words.js";

const VALUES = 50;
const find = (id) => document.getElementById(id);

export class Values {
  constructor(gateway) {
    this._gateway = gateway;
    this._key = "";
    find("values").addEventListener("toggle", () => this._list());
  }

  open(key, row) {
    this._key = key;
    this._row = row;
    find("values").querySelector("tbody").replaceChildren();
    this._list();
  }

  refresh() {
    this._list();
  }

  close() {
    this._key = "";
  }

  async _list() {
    if (!find("values").open || !this._key || !this._gateway.isLoaded) return;
    const key = this._key;
    try {
      const { samples } = await this._gateway.ask("history", { point: key, since: 0, limit: VALUES });
      if (key !== this._key) return;
      const now = this._gateway.now();
      find("values").querySelector("tbody").replaceChildren(...samples.reverse().map((sample) => {
        const tr = element("tr");
        const value = sample.value === null && sample.text === null ? "" : shown(sample.text ?? sample.value, { ...this._row(), units: sample.units });
        const status = element("td");
        status.append(statusWord(sample.status));
        tr.append(element("td", when(sample.sampled_at, now, true)), element("td", value, "number"), status);
        return tr;
      }));
    } catch {
      // the gateway's state says so
    }
  }
}
