// Where to look for what is wrong with a point: the gateway's own advice, asked for once for each cause.

const MOST = 100;

export class Looks {
  // `found()` is called when advice has come.
  constructor(gateway, found) {
    this._gateway = gateway;
    this._found = found;
    this._known = new Map();
  }

  // The advice for a cause, of which this point is one; "" while it is not known.
  of(cause, point) {
    if (!this._known.has(cause) && this._gateway.isLive && this._known.size < MOST) this._ask(cause, point);
    return this._known.get(cause) || "";
  }

  async _ask(cause, point) {
    this._known.set(cause, "");
    try {
      const told = await this._gateway.ask("why", { point });
      this._known.set(cause, told.look_at);
      if (told.look_at) this._found();
    } catch {
      this._known.delete(cause);
    }
  }
}
