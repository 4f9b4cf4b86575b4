// The gateway's clock, as far as it can be told from here: ages are reckoned by it, whatever this device's own clock says.
//
// What bears the time `at` was made no later than when it came, so the gateway's clock is ahead of ours by at least at - now; the most that was
// seen is the nearest. An answer was made at most MADE_BEFORE_MS before it was asked for, so it also says how far ahead it is at most: where
// that contradicts what was believed, one of the clocks was set.

const MADE_BEFORE_MS = 2500; // /health is made about once a second

export class Clock {
  constructor() {
    this.offsetMs = null; // the gateway's clock less ours; null: not known yet
  }

  // The gateway's time, Unix ms.
  now() {
    return Date.now() + (this.offsetMs || 0);
  }

  // `askedAt`: by our clock, of an answer; null: of a message that nobody asked for, which may have waited long.
  hear(at, askedAt = null) {
    if (!Number.isFinite(at)) return;
    const least = at - Date.now();
    const most = askedAt === null ? Infinity : at + MADE_BEFORE_MS - askedAt;
    if (this.offsetMs === null || this.offsetMs > most || least > this.offsetMs) this.offsetMs = least;
  }
}
