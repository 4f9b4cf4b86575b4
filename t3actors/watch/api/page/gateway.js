// The way to the gateway: requests with the token, the live socket, and whether what is shown can be called live.
//
// Heard is whatever came from it: an answer or a message. /health is asked every other second; DEAF_AFTER_MS without anything, and the page is
// not live. It tries again by itself, for ever.

import { Clock } from "./clock.js";
import { takeNewPage } from "./renewal.js";
import { LiveSocket } from "./socket.js";

const HEALTH_EVERY_MS = 2000;
const ANSWERS_WITHIN_MS = 15000;
const HEALTH_WITHIN_MS = 10000;
const DEAF_AFTER_MS = 6000;
const HEALTH_MADE_EVERY_MS = 1100;
const FAILED_FOR_MS = 60000;
const AGAIN_AFTER_MS = [500, 1000, 2000, 4000, 5000];
const TOKEN = "t3actors.token";

export class Refused extends Error {
  constructor(status, why) {
    super(why);
    this.status = status;
  }
}

export class Gateway extends EventTarget {
  constructor() {
    super();
    this.health = null;
    this.state = { kind: "starting", why: "" };
    this.isLoaded = false; // what is shown was fetched since the socket was opened
    this.clock = new Clock();
    this._heard = null;
    this._tries = 0;
    this._fault = "";
    this._failure = null; // of the page itself: {why, since}
    this._timer = 0;
    this._turn = 0;
    this._token = sessionStorage.getItem(TOKEN) || "";
    this._isLocked = false;
    this._socket = new LiveSocket({
      opened: () => {
        this._tries = 0;
        this._hear();
        this.dispatchEvent(new Event("open"));
        this._judge();
      },
      told: (message) => {
        this._hear();
        this.dispatchEvent(new CustomEvent("told", { detail: message }));
      },
      closed: (wasOpen) => {
        this.isLoaded = false;
        this._judge();
        if (wasOpen) this._look();
      },
    });
  }

  start() {
    setInterval(() => this._judge(), 500);
    const wake = () => {
      this._judge(); // who slept is told so before anything that he knew is seen
      if (document.hidden) return;
      this._tries = 0;
      this._look();
    };
    for (const waking of ["visibilitychange", "resume"]) document.addEventListener(waking, wake);
    window.addEventListener("online", wake);
    window.addEventListener("pageshow", ({ persisted }) => { if (persisted) wake(); }); // else it has only just been loaded
    window.addEventListener("offline", () => {
      this._fault = "this device is not on a network";
      this._forget();
    });
    this._look();
  }

  now() {
    return this.clock.now();
  }

  // Since when nothing was heard; null: never was.
  silentMs() {
    if (!this._heard) return null;
    return Math.max(0, performance.now() - this._heard.steady, Date.now() - this._heard.wall);
  }

  // When it was last heard, by its own clock.
  heardAt() {
    return this.now() - (this.silentMs() || 0);
  }

  setToken(token) {
    token = token.trim();
    if (!/^[\x21-\x7e]+$/.test(token)) {
      this.state = { kind: "locked", why: "a token is one line of letters, digits and signs, without blanks" };
      this.dispatchEvent(new Event("state"));
      return;
    }
    this._token = token;
    sessionStorage.setItem(TOKEN, token);
    this._isLocked = false;
    this._tries = 0;
    this._look();
  }

  // Raises Refused with the gateway's own sentence; or an Error where it is not reached.
  async ask(path, parameters = {}, withinMs = ANSWERS_WITHIN_MS) {
    const query = new URLSearchParams(parameters).toString(), token = this._token;
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    const answer = await fetch(query ? `${path}?${query}` : path, {
      headers, cache: "no-store", credentials: "omit", redirect: "error", signal: AbortSignal.timeout(withinMs),
    });
    const told = await answer.json();
    if (answer.status !== 401) this._hear();
    else if (token === this._token && !this._isLocked) this._lock(told.error); // else the refusal of a token before this one
    if (!answer.ok && !(path === "health" && answer.status === 503 && "live" in told)) throw new Refused(answer.status, String(told.error));
    return told;
  }

  async _look() {
    clearTimeout(this._timer);
    if (this._isLocked) return;
    const turn = (this._turn += 1);
    const askedAt = Date.now();
    try {
      const health = await this.ask("health", {}, HEALTH_WITHIN_MS);
      if (turn !== this._turn) return;
      this._fault = "";
      this.clock.hear(health.at, askedAt);
      if (this._failure && performance.now() - this._failure.since > FAILED_FOR_MS) location.reload(); // it can be had again: it has answered
      else if (this.health && this.health.version !== health.version) location.reload(); // another gateway brings another page
      else if (this.health && this.health.boot_id !== health.boot_id) takeNewPage();
      this.health = health;
      this.dispatchEvent(new Event("health"));
      if (!this._socket.isThere) this._socket.open(this._token);
    } catch (error) {
      if (turn !== this._turn || this._isLocked) return;
      this._fault = error instanceof Refused ? error.message : "";
    }
    this._judge();
    const pause = this._socket.isOpen ? HEALTH_EVERY_MS : AGAIN_AFTER_MS[Math.min(this._tries, AGAIN_AFTER_MS.length - 1)];
    if (!this._socket.isOpen) this._tries += 1;
    this._timer = setTimeout(() => this._look(), pause * (0.8 + 0.4 * Math.random()));
  }

  // Something happened that /health will tell of once it has been made anew.
  lookSoon() {
    if (this._isSoon) return;
    this._isSoon = true;
    setTimeout(() => {
      this._isSoon = false;
      this._look();
    }, HEALTH_MADE_EVERY_MS);
  }

  // Let go of the socket: a new one is opened as soon as the gateway answers.
  reconnect() {
    this._forget();
    this._look();
  }

  _forget() {
    this._socket.forget();
    this.isLoaded = false;
    this._judge();
  }

  _lock(why) {
    this._isLocked = true;
    this._fault = this._token ? why : "";
    this._token = "";
    sessionStorage.removeItem(TOKEN);
    this._forget();
  }

  _hear() {
    this._heard = { steady: performance.now(), wall: Date.now() };
  }

  _judge() {
    const silent = this.silentMs();
    if (this._socket.isDeaf && !this._isLocked) {
      this.reconnect(); // judges again
      return;
    }
    if (silent > DEAF_AFTER_MS && this._socket.isOpen) {
      this._fault = "";
      this._forget();
      return;
    }
    let state;
    if (this._isLocked) state = { kind: "locked", why: this._fault };
    else if (this._failure) state = { kind: "failed", why: this._failure.why };
    else if (silent === null) state = { kind: "starting", why: this._fault };
    else if (!this._socket.isOpen) state = { kind: "lost", why: this._fault };
    else if (this.health && !this.health.live) state = { kind: "stuck", why: String(this.health.gateway?.reason || "") }; // which part, in its words
    else if (!this.isLoaded) state = { kind: "loading", why: this._fault };
    else state = { kind: "live", why: "" };
    if (state.kind === this.state.kind && state.why === this.state.why) return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }

  get isLive() {
    return this.state.kind === "live";
  }

  loaded() {
    this.isLoaded = true;
    this._judge();
  }

  // Something of the page went wrong: whatever it shows may be old from now on.
  pageFailed(why) {
    this._failure ||= { why, since: performance.now() };
    this._judge();
  }

  // What is stored could not be fetched, for this reason; it is tried again.
  notLoaded(why) {
    this._fault = why;
    this._judge();
  }
}
