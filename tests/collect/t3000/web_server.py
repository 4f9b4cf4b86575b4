"""A web server on loopback that does with each request what the test says: raw octets, so that they can be as wrong as they like."""

from __future__ import annotations

import contextlib
import functools
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import trio

Stream = trio.SocketStream | trio.SSLStream[trio.SocketStream]
Behaviour = Callable[[Stream], Awaitable[None]]


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def sends(*pieces: bytes) -> Behaviour:
    """Send these, one after the other, and wait for the next request."""

    async def behaviour(stream: Stream) -> None:
        for piece in pieces:
            await stream.send_all(piece)

    return behaviour


def hangs_up(*pieces: bytes) -> Behaviour:
    """Send these and close."""

    async def behaviour(stream: Stream) -> None:
        await sends(*pieces)(stream)
        await trio.aclose_forcefully(stream)

    return behaviour


async def resets(stream: Stream) -> None:
    """Break off without a farewell."""
    assert isinstance(stream, trio.SocketStream)
    stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    await trio.aclose_forcefully(stream)


async def is_silent(stream: Stream) -> None:
    """Answer nothing."""
    await trio.sleep_forever()


async def never_ends(stream: Stream) -> None:
    """Send a body without a length and without an end."""
    await stream.send_all(b'HTTP/1.1 200 OK\r\n\r\n{"data":"')
    while True:
        await stream.send_all(b"x" * 4096)


class WebServer:
    """What came, and how many connections. The last behaviour is that of every later request."""

    def __init__(self, *behaviours: Behaviour) -> None:
        self.port = 0
        self.requests: list[tuple[list[str], bytes]] = []
        self.connections = 0
        self.under_way = 0
        self._behaviours = behaviours

    async def converse(self, stream: Stream) -> None:
        """Serve one connection."""
        self.connections += 1
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while (request := await _receive(stream)) is not None:
                behaviour = self._behaviours[min(len(self.requests), len(self._behaviours) - 1)]
                self.requests.append(request)
                self.under_way += 1
                await behaviour(stream)
                self.under_way -= 1


async def _receive(stream: Stream) -> tuple[list[str], bytes] | None:
    """Give the lines of the next request's head, and its body."""
    came = b""
    while b"\r\n\r\n" not in came:
        piece = await stream.receive_some()
        if not piece:
            return None
        came += piece
    head, _, body = came.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    length = next(int(line.partition(":")[2]) for line in lines if line.lower().startswith("content-length:"))
    while len(body) < length:
        body += await stream.receive_some()
    return lines, body


@contextlib.asynccontextmanager
async def serving(*behaviours: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncIterator[WebServer]:
    """A server on a free port of loopback."""
    server = WebServer(*behaviours)

    async def converse(stream: trio.SocketStream) -> None:
        if tls is None:
            await server.converse(stream)
        else:
            secure = trio.SSLStream(stream, tls, server_side=True, https_compatible=True)
            with contextlib.suppress(trio.BrokenResourceError):
                await server.converse(secure)

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(functools.partial(trio.serve_tcp, converse, 0, host="127.0.0.1"))
        server.port = listeners[0].socket.getsockname()[1]
        yield server
        nursery.cancel_scope.cancel()
