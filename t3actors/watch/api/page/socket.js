// The live socket: opened, heard, and let go of when it says nothing. The gateway says something every 5 s, if only that nothing was stored;
// a socket that is open proves nothing, for the network or the gateway may be gone without a word.

const DEAF_AFTER_MS = 11000;

export class LiveSocket {
  // `opened`, `told(message)` and `closed` are called for the present socket alone, never for one that was let go of.
  constructor({ opened, told, closed }) {
    this._calls = { opened, told, closed };
    this._socket = null;
    this._heardAt = 0;
    this.isOpen = false;
  }

  get isThere() {
    return this._socket !== null;
  }

  // Whether it should have opened, or said something, by now.
  get isDeaf() {
    return this.isThere && performance.now() - this._heardAt > DEAF_AFTER_MS;
  }

  open(token) {
    const url = new URL("live", document.baseURI);
    url.protocol = url.protocol.replace("http", "ws");
    this._heardAt = performance.now();
    const coded = btoa(token).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const socket = (this._socket = new WebSocket(url, token ? ["t3actors", `t3actors.token.${coded}`] : ["t3actors"]));
    socket.onopen = () => {
      if (socket !== this._socket) return;
      this.isOpen = true;
      this._heardAt = performance.now();
      this._calls.opened();
    };
    socket.onmessage = (message) => {
      if (socket !== this._socket) return;
      this._heardAt = performance.now();
      const told = parsed(message.data);
      if (told) this._calls.told(told);
    };
    socket.onclose = () => {
      if (socket !== this._socket) return;
      const wasOpen = this.isOpen;
      this.forget();
      this._calls.closed(wasOpen);
    };
  }

  // Let go of it, without waiting for the other side's goodbye.
  forget() {
    const socket = this._socket;
    this._socket = null;
    this.isOpen = false;
    if (socket) socket.close();
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
