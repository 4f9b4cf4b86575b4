"""Stands before the application: whom it turns away, and that no request takes long or much to come in.

In this order: path, host, origin, token, rate, body; what is open to anybody (bundle.py) is let in whatever its origin and token. A
refusal is one JSON object with a sentence in `error`. One who is refused for the token waits for his answer a moment, and one who comes
faster than `rate` for his turn: a flood then costs its sender's connections, not our loop, and three browsers that open the page at
once have it whole.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Protocol

import msgspec
import trio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from t3actors.watch.api.checks import (
    header_map,
    host_fault,
    offered_token,
    origin_fault,
    path_fault,
    token_fault,
)
from t3actors.watch.api.complaints import Complaints
from t3actors.watch.api.http11 import REFUSED_WAITS_S
from t3actors.watch.api.rates import Bucket
from t3actors.watch.api.refusals import HARDENING, Refused

MOST_BODY = 65_536
MOST_PIECES = 2000
"""Of a body: each costs the loop some 50 us, however small it is."""
TOO_LARGE = f"a body may have {MOST_BODY} octets, in {MOST_PIECES} pieces"
BODY_WITHIN_S = 10.0
LINGERS_S = 1.0
TURN_WITHIN_S = 3.0
"""So long a request waits for its turn at most: at the default `rate` 200 `connections` have waited for 2 s. Less than a verb waits for
`/health`: it would call a gateway that has much to do one that hangs."""


class Door(msgspec.Struct, frozen=True):
    """What is asked of whoever comes this way. `is_local`: the unix socket, whose file rights have decided already."""

    endpoint: str
    is_local: bool = True
    secure: bool = False
    token: bytes | None = None
    hosts: tuple[str, ...] = ()


class Busy(Protocol):
    """A connection that is told when it is at work."""

    idle_since_s: float | None


class Guard:
    """An ASGI application before another. `hang_up` ends a connection from which more comes than anybody wants.

    `is_open` says of a request whether anybody may have its answer, with or without the token, from wherever he comes.
    """

    def __init__(
        self,
        app: ASGIApp,
        door: Door,
        bucket: Bucket,
        complaints: Complaints,
        is_open: Callable[[Scope], bool] = lambda _: False,
    ) -> None:
        self._app = app
        self._door = door
        self._bucket = bucket
        self._complaints = complaints
        self._is_open = is_open

    def for_connection(self, connection: Busy, hang_up: Callable[[], None]) -> ASGIApp:
        """Return the application that one connection speaks to."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            connection.idle_since_s = None
            await _Request(self, scope, receive, send, hang_up).answer()
            connection.idle_since_s = trio.current_time()

        return answer

    # What follows is called by the requests.

    async def admit(self, scope: Scope) -> dict[bytes, bytes]:
        """Let a request in by its head. **Raises**: Refused."""
        door = self._door
        fault = path_fault(scope["raw_path"])
        if fault:
            self.complain(scope, fault)
            raise Refused(HTTPStatus.NOT_FOUND, fault)
        try:
            headers = header_map(scope["headers"])
        except ValueError as error:
            self.complain(scope, str(error))
            raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from None
        is_open = self._is_open(scope)
        fault = host_fault(headers.get(b"host"), door.hosts, is_local=door.is_local)
        fault = fault or ("" if is_open else origin_fault(headers, secure=door.secure))
        if fault:
            self.complain(scope, fault)
            raise Refused(HTTPStatus.FORBIDDEN, fault)
        fault = "" if is_open else token_fault(_authorization(scope, headers), door.token)
        if fault:
            self.complain(scope, fault)
            await trio.sleep(REFUSED_WAITS_S)
            raise Refused(HTTPStatus.UNAUTHORIZED, fault, www_authenticate="Bearer")
        wait_s = self._bucket.book(trio.current_time(), TURN_WITHIN_S)
        if wait_s is None:
            self._complaints.flooded(door.endpoint, "rate")
            await trio.sleep(REFUSED_WAITS_S)
            why = "too many requests: see rate in [api]"
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, why, retry_after=str(int(TURN_WITHIN_S)))
        if wait_s:
            await trio.sleep(wait_s)
        return headers

    def complain(self, scope: Scope, why: str) -> None:
        """Tell of a request that is turned away for what it is."""
        self._complaints.refused(self._door.endpoint, peer_of(scope), why)

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer."""
        await self._app(scope, receive, send)

    def failed(self, scope: Scope, error: Exception) -> None:
        """Tell of an error of ours."""
        what = f"{scope.get('method', 'WS')} {scope['path']}"
        told = "".join(traceback.format_exception(error))
        self._complaints.failed(self._door.endpoint, what, repr(error), told)


class _Request:
    """One request, or one WebSocket, from its head to its end."""

    def __init__(self, guard: Guard, scope: Scope, receive: Receive, send: Send, hang_up: Callable[[], None]) -> None:
        self._guard = guard
        self._scope = scope
        self._receive = receive
        self._send = send
        self._hang_up = hang_up
        self._begun = False
        self._body: bytes | None = None
        self._is_whole = scope["type"] != "http"

    async def answer(self) -> None:
        """Answer it, whatever it is."""
        try:
            headers = await self._guard.admit(self._scope)
            if self._scope["type"] == "http":
                await self._take_body(headers)
            await self._guard.run(self._scope, self._next, self._say)
        except Refused as refused:
            await self._refuse(refused)
        except Exception as error:  # noqa: BLE001 - it becomes an event, and the connection goes on
            self._guard.failed(self._scope, error)
            if not self._begun:
                await self._refuse(Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "an error of the gateway: see its log"))
            else:
                self._hang_up()

    async def _take_body(self, headers: dict[bytes, bytes]) -> None:
        """Have the whole body before anybody works on it. **Raises**: Refused."""
        if int(headers.get(b"content-length", b"0")) > MOST_BODY:  # h11 lets only digits through
            raise self._complained(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE)
        body = bytearray()
        pieces = 0
        with trio.move_on_after(BODY_WITHIN_S):
            while True:
                message = await self._receive()
                if message["type"] != "http.request":
                    raise Refused(HTTPStatus.BAD_REQUEST, "the request was not sent to its end")
                body += message.get("body", b"")
                pieces += 1
                if len(body) > MOST_BODY or pieces > MOST_PIECES:
                    raise self._complained(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE)
                if not message.get("more_body", False):
                    self._body, self._is_whole = bytes(body), True
                    return
        raise self._complained(HTTPStatus.REQUEST_TIMEOUT, f"the body did not come within {BODY_WITHIN_S:g} s")

    def _complained(self, status: HTTPStatus, why: str) -> Refused:
        self._guard.complain(self._scope, why)
        return Refused(status, why)

    async def _next(self) -> Message:
        if self._scope["type"] != "http" or self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def _say(self, message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.accept", "websocket.http.response.start"}:
            self._begun = True
            if message["type"] != "websocket.accept":
                own = list(message.get("headers", []))
                named = {name for name, _ in own}
                message = {**message, "headers": own + [each for each in HARDENING if each[0] not in named]}
        await self._send(message)

    async def _refuse(self, refused: Refused) -> None:
        """Answer with a refusal. A body that is still on its way is taken and thrown away meanwhile, but not waited for long."""
        kind = "http" if self._scope["type"] == "http" else "websocket.http"
        async with trio.open_nursery() as nursery:
            if not self._is_whole:
                over = trio.Event()
                nursery.start_soon(self._throw_away, over)
                with trio.move_on_after(LINGERS_S):
                    await over.wait()
            headers, body = refused.worded(closes=not self._is_whole)
            start: dict[str, Any] = {
                "type": f"{kind}.response.start",
                "status": int(refused.status),
                "headers": headers,
            }
            await self._send(start)
            await self._send({"type": f"{kind}.response.body", "body": body, "more_body": False})
            nursery.cancel_scope.cancel()
        if not self._is_whole:
            self._hang_up()

    async def _throw_away(self, over: trio.Event) -> None:
        """Take what still comes, to its end."""
        while True:
            message = await self._receive()
            if message["type"] != "http.request" or not message.get("more_body", False):
                self._is_whole = message["type"] == "http.request"
                over.set()
                return


def _authorization(scope: Scope, headers: dict[bytes, bytes]) -> bytes | None:
    """Return what a request brings along: a browser's WebSocket can bring no such header."""
    given = headers.get(b"authorization")
    if given is None and scope["type"] == "websocket":
        token = offered_token(headers.get(b"sec-websocket-protocol"))
        return None if token is None else b"Bearer " + token
    return given


def peer_of(scope: Scope) -> str:
    """Name who asks: an IP address, or the local user's side."""
    client = scope.get("client")
    return client[0] if client else "local"
