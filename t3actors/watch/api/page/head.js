// The head of the page: the state of the connection, the verdict, and the gateway's own facts.

import { write } from "./rows.js";
import { Storage } from "./storage.js";
import { verdictOf } from "./verdict.js";
import { count, element, span, when } from "./words.js";
import { Wrong } from "./wrong.js";

const CLOCKS_APART_MS = 5000;
const SAID_EVERY_MS = 5000;
const SHOWN_EVERY_MS = 500;
const STATES = { starting: "▲ Connecting", loading: "▲ Reading what is stored", live: "● Live", stuck: "▲ Not live", failed: "▲ Not live", lost: "▲ Not connected", locked: "▲ Not connected: a token is needed" };
const find = (id) => document.getElementById(id);

export class Head {
  constructor(gateway, building, go) {
    this._gateway = gateway;
    this._building = building;
    this._storage = new Storage(gateway, () => this.show());
    this._wrong = new Wrong(gateway, building, go);
    this._saidAt = -SAID_EVERY_MS;
    find("token-form").addEventListener("submit", (event) => {
      event.preventDefault();
      gateway.setToken(find("token").value);
      find("token").value = "";
    });
  }

  // Something of it may have changed.
  show() {
    this._showState();
    this._wrong.show();
    this._showVerdict();
    const { health } = this._gateway;
    if (!health?.name) return;
    write(find("name"), health.name);
    this._showFacts();
    this.tick();
  }

  // Statuses change in crowds.
  showSoon() {
    this._soonShown ??= setTimeout(() => {
      this._soonShown = undefined;
      this.show();
    }, SHOWN_EVERY_MS);
  }

  // Once a second: ages.
  tick() {
    const now = this._gateway.now();
    const silent = this._gateway.silentMs();
    write(find("heard"), silent === null ? "" : `· heard ${span(silent)} ago`);
    this._wrong.tick();
    const apart = this._gateway.clock.offsetMs || 0;
    find("notice").hidden = Math.abs(apart) < CLOCKS_APART_MS;
    write(find("notice"), `This browser's clock is ${span(Math.abs(apart))} ${apart < 0 ? "ahead of" : "behind"} the gateway's. Ages and times here go by the gateway's.`);
    if (!this._gateway.isLive || this._verdict?.kind !== "good") this._showVerdict();
  }

  _showState() {
    const { kind, why } = this._gateway.state;
    document.body.className = kind === "live" ? "live" : "lost";
    document.body.dataset.state = kind;
    write(find("state-word"), STATES[kind]);
    const form = find("token-form");
    const wasHidden = form.hidden;
    form.hidden = kind !== "locked";
    if (kind !== "locked") return;
    write(find("token-fault"), why);
    if (wasHidden) find("token").focus();
  }

  _showVerdict() {
    const { state, health } = this._gateway;
    const verdict = (this._verdict = verdictOf({
      state, health, alarms: this._building.alarms, hasMoreAlarms: this._building.hasMoreAlarms, storage: this._storage.told, newest: this._wrong.newest,
      now: this._gateway.now(), heardAt: this._gateway.heardAt(),
    }));
    find("verdict").dataset.kind = verdict.kind;
    write(find("verdict-word"), `${{ good: "●", warn: "▲", bad: "■", lost: "▲", wait: "…" }[verdict.kind]} ${verdict.headline}`);
    write(find("verdict-more"), verdict.more);
    const mark = verdict.kind === "good" ? "" : state.kind === "live" ? `(${verdict.wrongs} wrong) ` : "(not live) ";
    document.title = `${mark}${health?.name || "t3actors"} · t3actors`;
    this._say(verdict.headline);
  }

  // Told to whoever listens instead of looking: the verdict, where it differs, and not in a stream.
  _say(text) {
    this._toSay = text;
    const wait = this._saidAt + SAID_EVERY_MS - performance.now();
    if (wait > 0) {
      this._soon ??= setTimeout(() => {
        this._soon = undefined;
        this._say(this._toSay);
      }, wait);
      return;
    }
    if (find("said").textContent === text) return;
    this._saidAt = performance.now();
    write(find("said"), text);
  }

  _showFacts() {
    const { health } = this._gateway, now = this._gateway.now();
    const facts = [
      ["Version", `t3actors ${health.version}`],
      ["Running since", `${when(health.started_at, now)} (${span(now - health.started_at)})`],
      ["Devices", told(health.devices)],
      ["Points", told(health.points_by_status)],
      ["To be stored", count(health.pending_changes, "change")],
      ...this._storage.facts(now),
    ];
    const list = find("gateway-facts");
    if (list.children.length !== facts.length) {
      list.replaceChildren(...facts.map(() => {
        const div = element("div");
        div.append(element("dt"), element("dd"));
        return div;
      }));
    }
    facts.forEach(([name, said], place) => {
      write(list.children[place].firstChild, name);
      write(list.children[place].lastChild, said);
    });
    write(find("storage"), this._storage.forecast());
  }
}

function told(counts) {
  return Object.entries(counts).map(([word, each]) => `${each} ${word}`).join(", ") || "none";
}
