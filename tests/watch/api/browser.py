"""Clients of the API as they come: raw octets, HTTP, a WebSocket; each on a unix socket or a TCP port."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Ping, RejectConnection, Request, TextMessage
from wsproto.extensions import PerMessageDeflate

from tests.waiting import WITHIN_S

Where = Path | int


async def connect(where: Where) -> trio.SocketStream:
    """Connect to a data_dir's socket, or to a port of loopback."""
    if isinstance(where, int):
        return await trio.open_tcp_stream("127.0.0.1", where)
    return await trio.open_unix_socket(str(where / "t3actors.sock"))


async def say(where: Where, octets: bytes, within_s: float = WITHIN_S) -> bytes:
    """Send octets and return all that comes until the other side closes."""
    async with await connect(where) as stream:
        with trio.fail_after(within_s):
            with suppress(trio.BrokenResourceError):
                await stream.send_all(octets)
            return await everything(stream)


async def everything(stream: trio.SocketStream) -> bytes:
    """Return all that comes until the other side closes, in whatever way."""
    got = b""
    with suppress(trio.BrokenResourceError):
        while octets := await stream.receive_some():
            got += octets
    return got


def status_of(answer: bytes) -> int:
    """Return the status of an answer; 0 where there is none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def request(path: str = "/", *headers: str, method: str = "GET", body: bytes = b"", host: str = "gateway") -> bytes:
    """Word a request after which the connection is closed."""
    lines = [f"{method} {path} HTTP/1.1", *([f"Host: {host}"] if host else []), "Connection: close", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def upgrade(path: str = "/live", *headers: str) -> bytes:
    """Word the request that begins a WebSocket (RFC 6455, 1.3), after which nothing may be said before the answer."""
    lines = [f"GET {path} HTTP/1.1", "Host: gateway", "Connection: Upgrade", "Upgrade: websocket"]
    lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def error_of(answer: bytes) -> str:
    """Return the sentence of a refusal: a whole answer, of JSON with `error`."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/json" in head.lower()
    assert f"content-length: {len(body)}".encode() in head.lower()
    error: str = json.loads(body)["error"]
    return error


class WebSocket:
    """One who listens. `compressed`: the server took the offer to compress; `protocol`: the one that it chose."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._connection = WSConnection(ConnectionType.CLIENT)
        self.status = 101
        self.compressed = False
        self.protocol: str | None = None

    async def open(
        self, path: str, *headers: tuple[bytes, bytes], offer: bool = True, protocols: Sequence[str] = ()
    ) -> None:
        """Shake hands."""
        extensions = [PerMessageDeflate()] if offer else []
        asked = Request(
            host="gateway",
            target=path,
            extensions=extensions,
            extra_headers=list(headers),
            subprotocols=list(protocols),
        )
        await self._stream.send_all(self._connection.send(asked))
        while True:
            event = await self._next_event()
            if isinstance(event, AcceptConnection):
                self.compressed = bool(event.extensions)
                self.protocol = event.subprotocol
                return
            if isinstance(event, RejectConnection):
                self.status = event.status_code
                return

    async def next(self, within_s: float = WITHIN_S) -> dict[str, Any]:
        """Return the next message."""
        text = ""
        with trio.fail_after(within_s):
            while True:
                event = await self._next_event()
                if isinstance(event, TextMessage):
                    text += event.data
                    if event.message_finished:
                        told: dict[str, Any] = json.loads(text)
                        return told
                assert not isinstance(event, CloseConnection), f"closed with {event.code}"

    async def _next_event(self) -> Any:
        while True:
            for event in self._connection.events():
                if isinstance(event, Ping):
                    await self._stream.send_all(self._connection.send(event.response()))
                else:
                    return event
            octets = await self._stream.receive_some()
            self._connection.receive_data(octets or None)


@asynccontextmanager
async def listening(
    where: Where, path: str = "/live", *headers: tuple[bytes, bytes], offer: bool = True, protocols: Sequence[str] = ()
) -> AsyncIterator[WebSocket]:
    """Listen for the length of a block."""
    async with await connect(where) as stream:
        socket = WebSocket(stream)
        await socket.open(path, *headers, offer=offer, protocols=protocols)
        yield socket
