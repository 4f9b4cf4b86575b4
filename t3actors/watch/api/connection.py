"""One connection: Hypercorn's HTTP/1.1 and WebSocket (http11.py) over a trio stream. With that file the one door to Hypercorn.

Hypercorn's own `serve` is not used, for three reasons found in 0.18: its sends are shielded from cancellation, so that one client that
reads nothing keeps a stop waiting for ever; an error in one connection ends all of them; and it speaks HTTP/2 on cleartext to
whoever asks. Here a send that makes no progress breaks its connection, each connection ends alone, and HTTP/1.1 is all there is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import trio
from hypercorn.config import Config
from hypercorn.events import Event, Updated
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState
from hypercorn.utils import wrap_app
from starlette.types import ASGIApp

from t3actors.watch.api.http11 import HEAD_BYTES, Http11

PIECE_BYTES = 65536


def http_config(request_within_s: float, ping_every_s: float = 20.0) -> Config:
    """Hypercorn's settings. `request_within_s`: from one request (or the connection's start) to the whole head of the next."""
    config = Config()
    config.accesslog = config.errorlog = None
    config.alpn_protocols = ["http/1.1"]
    config.h11_max_incomplete_size = HEAD_BYTES
    config.include_server_header = False
    config.keep_alive_timeout = request_within_s
    config.websocket_max_message_size = 4096
    config.websocket_ping_interval = ping_every_s
    return config


class PatientStream:
    """A stream whose sends must make progress: 64 kB within `send_within_s`, or it breaks, and `on_stuck`
    is called. What Hypercorn needs of a stream."""

    def __init__(
        self,
        stream: trio.SocketStream | trio.SSLStream[trio.SocketStream],
        send_within_s: float,
        on_stuck: Callable[[], object],
    ) -> None:
        self._stream = stream
        self._send_within_s = send_within_s
        self._on_stuck = on_stuck
        self.socket = stream.transport_stream.socket if isinstance(stream, trio.SSLStream) else stream.socket
        self.idle_since_s: float | None = trio.current_time()
        """When its last request was answered; None while one is under way."""

    async def ready_within(self, seconds: float) -> None:
        """Have the encryption agreed on, where there is one. **Raises**: trio.BrokenResourceError."""
        if isinstance(self._stream, trio.SSLStream):
            with trio.move_on_after(seconds) as patience:
                await self._stream.do_handshake()
            if patience.cancelled_caught:
                raise trio.BrokenResourceError(f"no TLS within {seconds:g} s")

    async def send_all(self, data: bytes) -> None:
        """Send, or hang up. **Raises**: trio.BrokenResourceError, trio.ClosedResourceError."""
        view = memoryview(data)
        for start in range(0, len(view), PIECE_BYTES):
            with trio.move_on_after(self._send_within_s) as patience:
                try:
                    await self._stream.send_all(view[start : start + PIECE_BYTES])
                except trio.BusyResourceError:  # Hypercorn sends one at a time: it is the end that is being said
                    raise trio.BrokenResourceError("our side has said that no more comes") from None
            if patience.cancelled_caught:
                self.hang_up()
                self._on_stuck()
                raise trio.BrokenResourceError(f"nothing was read there for {self._send_within_s:g} s")

    async def receive_some(self, most: int | None = None) -> bytes | bytearray:
        """Receive; empty at the end."""
        return await self._stream.receive_some(most)

    async def send_eof(self) -> None:
        """Say that no more comes."""
        if isinstance(self._stream, trio.SocketStream):
            await self._stream.send_eof()

    async def aclose(self) -> None:
        """Close, without a farewell that nobody may read."""
        self.hang_up()
        await trio.lowlevel.checkpoint()

    def hang_up(self) -> None:
        """Close at once; whoever waits for it is woken."""
        self.socket.close()


def client_of(connected: trio.socket.SocketType) -> tuple[str, int] | None:
    """Return the address and port of who is connected: None on a unix socket, and of who has gone already."""
    try:
        peer = connected.getpeername()
    except OSError:
        return None
    return (str(peer[0]), int(peer[1])) if isinstance(peer, tuple) else None


class Conversation(TCPServer):
    """One connection from its first octet to its last. `secure`: it is encrypted. `on_refused`: see Http11.

    That it is idle for too long is a deadline here, not a task that is begun anew with each request, as Hypercorn's own.
    """

    def __init__(
        self,
        app: ASGIApp,
        config: Config,
        stream: PatientStream,
        *,
        secure: bool,
        on_refused: Callable[[str], object],
    ) -> None:
        wrapped: Any = wrap_app(app, 0, "asgi")  # type: ignore[arg-type]  # Starlette's ASGI types are wider
        super().__init__(wrapped, config, WorkerContext(None), {}, stream)  # type: ignore[arg-type]
        self._secure = secure
        self._on_refused = on_refused
        self._idle = trio.CancelScope()

    async def run(self) -> None:
        """Speak until either side ends it."""
        client = client_of(self.stream.socket)
        try:
            async with TaskGroup() as task_group:
                self._task_group = task_group
                protocol = Http11(
                    self.app,
                    self.config,
                    self.context,
                    task_group,
                    ConnectionState(self.state),
                    self._secure,
                    client,
                    None,
                    self.protocol_send,
                )
                protocol.on_refused = self._on_refused
                self.protocol = protocol  # type: ignore[assignment]  # it stands where a choice of protocols would
                self._is_idle(idle=True)
                with self._idle:
                    await self._read_data()
                self.stream.hang_up()  # a send that waits for the other side is shielded from what follows
                nursery = task_group._nursery  # noqa: SLF001 - nobody is left to answer
                if nursery is not None:
                    nursery.cancel_scope.cancel()
        finally:
            self.stream.hang_up()

    async def protocol_send(self, event: Event) -> None:
        """Do what the protocol says."""
        if isinstance(event, Updated):
            self._is_idle(idle=event.idle)
        else:
            await super().protocol_send(event)

    def _is_idle(self, *, idle: bool) -> None:
        self._idle.deadline = trio.current_time() + self.config.keep_alive_timeout if idle else math.inf
