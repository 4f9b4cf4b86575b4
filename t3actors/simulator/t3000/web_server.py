"""T3000's web server on loopback: `POST /api/t3000/ffi/call`, one call at a time, with faults that can be switched on.

It answers as T3000Webview does (t3_ffi_api_service.rs): the C++ function's JSON with status 200, and its own words when the function
fails. **Thread**: trio's.
"""

from __future__ import annotations

import contextlib
import functools
import json
import time
from collections.abc import Callable, Mapping

import h11
import trio

from t3actors.simulator.t3000.faults import NO_FAULT, Fault, FaultKind
from t3actors.simulator.t3000.installation import Installation

PATH = b"/api/t3000/ffi/call"
LARGEST_REQUEST = 2 * 1024 * 1024  # axum's default
_PIECE = 65_536
_ERRORS = {
    FaultKind.STATUS_500: "FFI call returned error code: -1",
    FaultKind.NOT_READY: "MFC application not initialized",
    FaultKind.BUSY: "FFI lock timed out - prior C++ call may be stuck",
}
_WORDS = {
    FaultKind.WARMUP: {"error": "T3000 initialization in progress, please retry shortly", "code": "T3000_WARMUP"},
    FaultKind.OFFLINE: {"action": "LOGGING_DATA_RES", "error": "Panel is offline ."},
}


class T3000WebServer:
    """Listens while `serve` runs. `calls` are the requests that came, oldest first; `answers` how many had their turn."""

    def __init__(
        self,
        installation: Installation,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tick_s: float = 1.0,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        self.installation = installation
        self.host = host
        self.port = port
        self.fault = NO_FAULT
        self._fault_changed = trio.Event()
        self.calls: list[dict[str, object]] = []
        self.connections = 0
        self.answers = 0
        self._tick_s = tick_s
        self._wall_s = wall_s
        self._turn = trio.Lock()

    @property
    def url(self) -> str:
        """Where it is, once it serves."""
        return f"http://{self.host}:{self.port}"

    async def serve(self, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve and let time pass, until cancelled; started with the port."""
        self.installation.advance(0.0, self._wall_s())
        async with trio.open_nursery() as nursery:
            listening = functools.partial(trio.serve_tcp, self._converse, self.port, host=self.host)
            listeners = await nursery.start(listening)
            self.port = listeners[0].socket.getsockname()[1]
            nursery.start_soon(self._let_time_pass)
            task_status.started(self.port)

    def set_fault(self, kind: FaultKind, delay_s: float = 0.0) -> None:
        """Switch a fault on, in place of the one before; NONE ends it, and what hangs. **Raises**: ValueError."""
        self.fault = Fault(kind, delay_s)
        self._fault_changed.set()
        self._fault_changed = trio.Event()

    async def _let_time_pass(self) -> None:
        while True:
            await trio.sleep(self._tick_s)
            self.installation.advance(self._tick_s, self._wall_s())

    # -- a connection

    async def _converse(self, stream: trio.SocketStream) -> None:
        self.connections += 1
        wire = h11.Connection(h11.SERVER)
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async with stream:
                try:
                    await self._serve_requests(stream, wire)
                except h11.RemoteProtocolError as error:
                    if wire.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
                        await self._send(stream, wire, error.error_status_hint, {"error": str(error)})

    async def _serve_requests(self, stream: trio.SocketStream, wire: h11.Connection) -> None:
        while (asked := await self._request(stream, wire)) is not None:
            status, said = self._decoded(*asked)
            if status != 200:
                await self._send(stream, wire, status, said)
            elif not await self._call(stream, wire, said):
                return
            if wire.our_state is not h11.DONE or wire.their_state is not h11.DONE:
                return
            wire.start_next_cycle()

    async def _request(self, stream: trio.SocketStream, wire: h11.Connection) -> tuple[h11.Request, bytes] | None:
        head, body = None, bytearray()
        while True:
            event = wire.next_event()
            if isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > LARGEST_REQUEST:
                    raise h11.RemoteProtocolError("the request is too large", error_status_hint=413)
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return head, bytes(body)
            elif isinstance(event, h11.ConnectionClosed):
                return None
            else:
                wire.receive_data(bytes(await stream.receive_some(_PIECE)))

    @staticmethod
    def _decoded(head: h11.Request, body: bytes) -> tuple[int, dict[str, object]]:
        if head.target != PATH:
            return 404, {}
        if head.method != b"POST":
            return 405, {}
        types = [value for name, value in head.headers if name == b"content-type"]
        if not types or not types[0].startswith(b"application/json"):
            return 415, {"error": "Expected request with `Content-Type: application/json`"}
        try:
            asked = json.loads(body)
        except (ValueError, RecursionError):
            return 400, {"error": "Failed to parse the request body as JSON"}
        return 200, asked if isinstance(asked, dict) else {}

    # -- a call

    async def _call(self, stream: trio.SocketStream, wire: h11.Connection, asked: dict[str, object]) -> bool:
        """Answer one call; false when the connection is to be closed."""
        self.calls.append(asked)
        async with self._turn:
            fault = self.fault
            if fault.kind is FaultKind.HANG:
                await self._fault_changed.wait()
            elif fault.kind is FaultKind.SLOW:
                await trio.sleep(fault.delay_s)
            text = self.installation.answer(asked, self._wall_s())
            self.answers += 1
        if fault.kind is FaultKind.DROP:
            return False
        if fault.kind is FaultKind.GARBAGE:
            await stream.send_all(bytes(range(256)) + b"\r\n\r\n")
            return False
        if fault.kind is FaultKind.DROP_MIDWAY:
            length = str(len(text)).encode()
            await stream.send_all(
                b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\n" + text[: len(text) // 2]
            )
            return False
        if fault.kind in _ERRORS:
            await self._send(
                stream, wire, 500, {"status": "error", "error": _ERRORS[fault.kind], "timestamp": self._now()}
            )
        elif fault.kind in _WORDS:
            await self._send(stream, wire, 200, _WORDS[fault.kind])
        elif fault.kind is FaultKind.TRUNCATED:
            cut = text[: len(text) // 2].decode()
            await self._send(stream, wire, 200, {"status": "success", "data": cut, "timestamp": self._now()})
        else:
            await self._send(stream, wire, 200, text)
        return True

    def _now(self) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(self._wall_s()))

    @staticmethod
    async def _send(
        stream: trio.SocketStream, wire: h11.Connection, status: int, said: Mapping[str, object] | bytes
    ) -> None:
        body = said if isinstance(said, bytes) else json.dumps(said, separators=(",", ":")).encode()
        headers = [("content-type", "application/json"), ("content-length", str(len(body)))]
        frames = (
            wire.send(h11.Response(status_code=status, headers=headers)),
            wire.send(h11.Data(data=body)),
            wire.send(h11.EndOfMessage()),
        )
        await stream.send_all(b"".join(frame for frame in frames if frame))
