"""One HTTP/1.1 connection to T3000's web server: one request, one whole answer, bounded. The one door to h11 in this stage.

h11 is used without I/O of its own: it writes the head, cuts what comes, and refuses what is no HTTP. It knows no time-outs;
http_door.py does. **Thread**: the trio loop.
"""

from __future__ import annotations

import ssl
from typing import NamedTuple

import h11
import trio

from t3actors.addresses import join_address
from t3actors.collect.stream import open_stream
from t3actors.collect.t3000.words import size
from t3actors.errors import BadResponse, LinkDown

PATH = "/api/t3000/ffi/call"
LARGEST_ERROR = 65_536  # octets of an answer that is not 200: whatever comes after them is not read
_PIECE = 65_536
_RAW_KEPT = 64

Stream = trio.SocketStream | trio.SSLStream[trio.SocketStream]


class HttpAnswer(NamedTuple):
    """A whole answer; of one that is not 200 perhaps only the beginning."""

    status: int
    reason: str
    body: bytearray


class ClosedUnanswered(Exception):
    """The connection was closed and no octet of an answer had come."""


class HttpConnection:
    """A connection that is open. `is_reusable` when the last answer left it in order."""

    def __init__(self, address: str, stream: Stream) -> None:
        self.is_reusable = True
        self.answers = 0
        self._address = address
        self._stream = stream
        self._wire = h11.Connection(h11.CLIENT)
        self._came = b""
        self._has_ended = False

    async def exchange(self, request: bytes, most: int) -> HttpAnswer:
        """Send a JSON body and receive the answer, of at most `most` octets.

        **Raises**: ClosedUnanswered; LinkDown when it closes in the middle; BadResponse for what is no HTTP, or too much.
        """
        self.is_reusable = False
        self._came = b""
        head = h11.Request(method="POST", target=PATH, headers=self._headers(len(request)))
        frames = (self._wire.send(head), self._wire.send(h11.Data(data=request)), self._wire.send(h11.EndOfMessage()))
        try:
            await self._stream.send_all(b"".join(frame for frame in frames if frame))
            answer = await self._receive(most)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise self._closed() from None
        except h11.RemoteProtocolError:
            if self._has_ended:
                raise self._closed() from None
            raise BadResponse(f"{self._address}: the answer is no HTTP/1.1", raw=self._came) from None
        self.answers += 1
        return answer

    def close(self) -> None:
        """Close at once."""
        stream = self._stream.transport_stream if isinstance(self._stream, trio.SSLStream) else self._stream
        stream.socket.close()

    def _headers(self, length: int) -> list[tuple[str, str]]:
        return [
            ("Host", self._address),
            ("User-Agent", "t3actors"),
            ("Accept", "application/json"),
            ("Accept-Encoding", "identity"),
            ("Content-Type", "application/json"),
            ("Content-Length", str(length)),
        ]

    async def _receive(self, most: int) -> HttpAnswer:
        head = await self._head()
        self._check(head, most)
        is_good = head.status_code == 200
        body = bytearray()
        while isinstance(event := await self._next(), h11.Data):
            body += event.data
            if is_good and len(body) > most:
                raise self._too_large(most)
            if not is_good and len(body) >= LARGEST_ERROR:
                return HttpAnswer(head.status_code, head.reason.decode("latin-1"), body)
        if self._wire.our_state is h11.DONE and self._wire.their_state is h11.DONE and not self._wire.trailing_data[0]:
            self._wire.start_next_cycle()
            self.is_reusable = True
        return HttpAnswer(head.status_code, head.reason.decode("latin-1"), body)

    async def _head(self) -> h11.Response:
        while True:
            event = await self._next()
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise self._closed()

    def _check(self, head: h11.Response, most: int) -> None:
        for name, value in head.headers:
            if name == b"content-encoding" and value.lower() != b"identity":
                raise BadResponse(
                    f"{self._address}: the answer is compressed, which was not asked for", raw=value[:_RAW_KEPT]
                )
            if name == b"content-length" and head.status_code == 200 and int(value) > most:
                raise self._too_large(most)

    async def _next(self) -> h11.Event:
        while True:
            event = self._wire.next_event()
            if isinstance(event, h11.Event):
                return event
            received = bytes(await self._stream.receive_some(_PIECE))
            self._came = self._came or received[:_RAW_KEPT]
            self._has_ended = not received
            self._wire.receive_data(received)

    def _closed(self) -> ClosedUnanswered | LinkDown:
        if not self._came:
            return ClosedUnanswered()
        return LinkDown(f"{self._address}: the connection was closed in the middle of an answer")

    def _too_large(self, most: int) -> BadResponse:
        return BadResponse(f"{self._address}: the answer is larger than the buffer of {size(most)}", raw=self._came)


async def connect(host: str, port: int, context: ssl.SSLContext | None, within_s: float) -> HttpConnection:
    """Connect, and agree on encryption where there is a `context`.

    **Raises**: LinkDown.
    """
    address = join_address(host, port)
    stream = await open_stream(address, host, port, within_s)
    if context is None:
        return HttpConnection(address, stream)
    secure = trio.SSLStream(stream, context, server_hostname=host, https_compatible=True)
    connection = HttpConnection(address, secure)
    agreed = False
    try:
        with trio.move_on_after(within_s):
            await secure.do_handshake()
            agreed = True
    except trio.BrokenResourceError as error:
        raise LinkDown(f"{address}: no TLS: {error.__cause__ or 'closed'}") from error
    finally:
        if not agreed:
            connection.close()
    if not agreed:
        raise LinkDown(f"{address}: no TLS within {within_s:g} s")
    return connection
