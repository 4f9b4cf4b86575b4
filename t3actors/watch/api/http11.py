"""What is said on one connection: Hypercorn's HTTP/1.1 and WebSocket, and what of them is refused before any application is asked.

Found in Hypercorn 0.18, and kept out here: octets behind a request for a WebSocket end in an error of the application's; a refusal of
its own has no body, and may leave the connection open; what comes behind an answer is taken apart without giving anybody else a
turn; and the head and the body of an answer are a send each.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import h11
import trio
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol.events import EndBody, Response, StreamClosed
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol
from hypercorn.protocol.ws_stream import ASGIWebsocketState, WSStream
from hypercorn.typing import H11SendableEvent
from wsproto.events import CloseConnection
from wsproto.frame_protocol import CloseReason

from t3actors.watch.api.rates import Bucket
from t3actors.watch.api.refusals import Refused

HEAD_BYTES, HEAD_LINES = 16_384, 100
"""Of a request: 2,500 short headers, which find room in as many octets, would cost the loop some 8 ms."""
GOES_WITHIN_S = 1.0
"""For so long an application that has too much to hear already is waited for, to hear that its request is over."""
REFUSED_WAITS_S = 0.25
"""Who is refused waits for his answer a moment: a flood then costs its sender's connections, not our loop."""
HEARD_AT_ONCE, HEARD_A_SECOND = 4096, 64
"""Octets that a listener may say: he has nothing to say but that he lives, 6 octets every 20 s, and that he goes."""
COMPRESSION = b"sec-websocket-extensions"
WITHOUT_BODY = [(b"content-length", b"0"), (b"connection", b"close")]
"""What Hypercorn sends with a refusal of its own."""
TOO_EARLY = "a WebSocket says nothing before it is let in"
TOO_MUCH = "who listens on a WebSocket says no more than that he lives"
MALFORMED = {
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: f"the head of a request may have {HEAD_BYTES} octets in {HEAD_LINES} lines",
    HTTPStatus.NOT_IMPLEMENTED: "no other transfer encoding than chunked is spoken",
}
NO_REQUEST = "that is no well-formed request of HTTP/1.1"
NO_HANDSHAKE = "that is no handshake of a WebSocket (RFC 6455, version 13)"


class Http11(H11Protocol):
    """HTTP/1.1 and WebSocket; an upgrade to HTTP/2 is not heard, and messages are compressed only where the request asks for it.

    What is refused here, before any application is asked, is said as every refusal is, goes to `on_refused`, and ends the connection.
    """

    on_refused: Callable[[str], object]
    _is_over = False
    _head_lines = 0
    _head = b""

    async def handle(self, event: Event) -> None:
        """Take what came. A listener who speaks too early or too much is heard no more: his frames cost the loop time, and packed ones
        grow a thousandfold."""
        if isinstance(event, RawData) and event.data:
            if self._is_over:
                return
            if isinstance(self.stream, WSStream) and not await self._is_heard(self.stream, len(event.data)):
                return
            if self.stream is None and self._is_head_too_long(event.data):
                await self._send_error_response(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
                return
        await super().handle(event)

    async def _check_protocol(self, event: h11.Request) -> None:
        """Stay with HTTP/1.1."""

    async def _create_stream(self, request: h11.Request) -> None:
        if b"compress=1" not in request.target.partition(b"?")[2]:
            kept = [(name, value) for name, value in request.headers if name != COMPRESSION]
            if len(kept) < len(request.headers):
                request = h11.Request(
                    method=request.method, target=request.target, headers=kept, http_version=request.http_version
                )
        self._head_lines = 0
        self._patience = Bucket(HEARD_A_SECOND, HEARD_AT_ONCE)
        if self.connection.trailing_data[0] and _wants_websocket(request):
            await self._refuse(Refused(HTTPStatus.BAD_REQUEST, TOO_EARLY))
            return
        await super()._create_stream(request)

    async def stream_send(self, event: StreamEvent) -> None:
        """Send what the application says; a handshake that Hypercorn refuses by itself in our words."""
        if isinstance(event, Response) and event.headers == WITHOUT_BODY and isinstance(self.stream, WSStream):
            await self._refuse(Refused(HTTPStatus(event.status_code), NO_HANDSHAKE))
        elif not (self._is_over and isinstance(event, EndBody)):
            await super().stream_send(event)

    async def _send_h11_event(self, event: H11SendableEvent) -> None:
        """Send what an event is on the wire; the head of an answer together with what follows it: a send costs as much as all else."""
        try:
            data = self.connection.send(event)
        except h11.LocalProtocolError:
            if self.connection.their_state != h11.ERROR:
                raise
            return
        if isinstance(event, h11.Response):
            self._head = data
            return
        data, self._head = self._head + data, b""
        if data:
            await self.send(RawData(data=data))

    async def _send_error_response(self, status_code: int) -> None:
        """What came is no request."""
        status = HTTPStatus(status_code)
        self._is_over = True
        await trio.sleep(REFUSED_WAITS_S)
        await self._refuse(Refused(status, MALFORMED.get(status, NO_REQUEST)))

    async def _maybe_recycle(self) -> None:
        """Go on to what came behind a request that is over: its head is looked at as if it came now."""
        connection = self.connection
        goes_on = isinstance(connection, h11.Connection) and connection.our_state is connection.their_state is h11.DONE
        if not goes_on or not self._is_head_too_long(connection.trailing_data[0]):
            await super()._maybe_recycle()
            return
        await self._close_stream()
        self.connection = h11.Connection(h11.SERVER)  # an empty one: what came is not taken apart
        await self._send_error_response(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        await self.can_read.set()

    async def _close_stream(self) -> None:
        """Let go of a request that is over. No more of it is taken; Hypercorn itself would wait for ever here where an application that has
        answered before all of the body came, and has not heard what came, is to hear of the end as well; and go on reading."""
        stream, self.stream = self.stream, None
        if stream is None:
            return
        if self.connection.their_state is not h11.DONE:
            self._is_over = True
        with trio.move_on_after(GOES_WITHIN_S):
            await stream.handle(StreamClosed(stream_id=STREAM_ID))

    def _is_head_too_long(self, data: bytes) -> bool:
        """Count the lines of a head as it comes, before anybody takes it apart."""
        end = data.find(b"\r\n\r\n")
        self._head_lines += data.count(b"\n", 0, len(data) if end < 0 else end)
        return self._head_lines > HEAD_LINES

    async def _is_heard(self, stream: WSStream, octets: int) -> bool:
        """Say whether a WebSocket takes so many octets now; hush him who says them at a wrong time."""
        if stream.state is ASGIWebsocketState.HANDSHAKE:
            await self._hush(stream, TOO_EARLY)
        elif stream.handshake.accepted:  # else he was refused, and the answer is on its way
            if not self._patience.take(trio.current_time(), octets):
                return True
            await self._hush(stream, TOO_MUCH)
        return False

    async def _hush(self, stream: WSStream, why: str) -> None:
        """End a WebSocket from our side; its application hears that it is gone."""
        if stream.state is ASGIWebsocketState.HANDSHAKE:
            stream.closed = True  # whatever the application would say now, it is too late
            await self._refuse(Refused(HTTPStatus.BAD_REQUEST, why))
        else:
            self._is_over = True
            self.on_refused(why)
            await stream._send_wsproto_event(CloseConnection(code=CloseReason.POLICY_VIOLATION))  # noqa: SLF001 - its only word for it
            stream.closed = True
            await self.send(Closed())
        if stream.app_put is not None:
            await stream.app_put({"type": "websocket.disconnect", "code": CloseReason.POLICY_VIOLATION.value})

    async def _refuse(self, refused: Refused) -> None:
        """Answer, and close."""
        self._is_over = True
        self.on_refused(refused.why)
        headers, body = refused.worded(closes=True)
        await self._send_h11_event(h11.Response(status_code=refused.status, headers=headers))
        await self._send_h11_event(h11.Data(data=body))
        await self._send_h11_event(h11.EndOfMessage())
        await self.send(Closed())


def _wants_websocket(request: h11.Request) -> bool:
    """Say whether it is the begin of a WebSocket."""
    return request.method == b"GET" and any(
        name == b"upgrade" and value.strip().lower() == b"websocket" for name, value in request.headers
    )
