"""ApiServer: listens, and gives each connection a task of its own. Stopped, or failed, it takes nothing else of the gateway along.

A socket that cannot be opened is a state, told once and tried again: a port that somebody else holds must not keep devices from being
polled. Every connection is bounded: in number, in how long a request may take to come in, in how long an answer may wait for its reader.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import traceback
from collections import Counter
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from pathlib import Path

import h11
import trio
from starlette.types import ASGIApp, Scope
from wsproto.utilities import ProtocolError

from supervision.actor import TrioActor
from t3actors.addresses import split_address
from t3actors.config import ApiConfig
from t3actors.events import Log
from t3actors.events.api import API_BLOCKED, API_OPENED, API_SOCKET_LOST
from t3actors.watch.api.complaints import Complaints
from t3actors.watch.api.connection import Conversation, PatientStream, client_of, http_config
from t3actors.watch.api.guard import Door, Guard
from t3actors.watch.api.rates import Bucket
from t3actors.watch.api.refusals import Refused
from t3actors.watch.api.secrets import read_token, tls_context
from t3actors.watch.api.sockets import SOCKET_NAME, identity_of, lost_unix, open_tcp, open_unix, remove_unix

AGAIN_AFTER_S = 10.0
LOOK_EVERY_S = 5.0
REQUEST_WITHIN_S = 10.0
SEND_WITHIN_S = 20.0
HANDSHAKE_WITHIN_S = 5.0
ARRIVALS_A_REQUEST = 2.0
"""So many times `rate` connections are taken a second: one that brings no request that is answered costs about as much as one that does."""
SEND_BUFFER_BYTES = 65_536
"""What the kernel keeps for one who reads slowly: with 200 of them, some 25 MB (it takes twice as much)."""
OUT_OF_DESCRIPTORS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}
FULL = Refused(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections: see connections in [api]", retry_after="5")


class ApiServer(TrioActor):
    """Role "api". `data_dir` is where its unix socket stands; the caller holds that directory's lock. `is_open`: see Guard."""

    def __init__(
        self,
        config: ApiConfig,
        data_dir: Path,
        app: ASGIApp,
        log: Log,
        refusals: Counter[str],
        close: Callable[[], object],
        is_open: Callable[[Scope], bool] = lambda _: False,
    ) -> None:
        super().__init__()
        self._refusals = refusals
        self._close_behind = close
        self._is_open = is_open
        self._config = config
        self._data_dir = data_dir
        self._app = app
        self._log = log
        self._http = http_config(REQUEST_WITHIN_S)

    async def on_start(self) -> None:
        """Open the doors, each in a task of its own. One that stays shut is no failure."""
        self._complaints = Complaints(self._log, self.now_s, self._refusals)
        self.spawn(self._keep_open, str(self._data_dir / SOCKET_NAME), self._open_local)
        if self._config.listen:
            self.spawn(self._keep_open, self._config.listen, self._open_tcp)

    def on_stop(self) -> None:
        """Let go of what the application has open."""
        self._close_behind()

    def on_failure(self, exception_type: object, exception_value: object, traceback: object) -> None:  # noqa: ARG002
        """Likewise."""
        self._close_behind()

    async def _keep_open(self, endpoint: str, open_door: Callable[[], tuple[socket.socket, Door]]) -> None:
        while True:
            opened, door = await self._opened(endpoint, open_door)
            identity = identity_of(self._data_dir) if door.is_local else None
            self._log(API_OPENED, endpoint=endpoint, token=door.token is not None, tls=door.secure)
            try:
                with opened:
                    async with trio.open_nursery() as nursery:
                        if door.is_local:
                            nursery.start_soon(self._until_lost, endpoint, identity, nursery.cancel_scope)
                        await self._listen(opened, door)
            finally:
                if door.is_local:
                    remove_unix(self._data_dir, identity)

    async def _opened(
        self, endpoint: str, open_door: Callable[[], tuple[socket.socket, Door]]
    ) -> tuple[socket.socket, Door]:
        """Open a door, tried again until it opens; each reason is told once."""
        told = ""
        while True:
            try:
                return open_door()
            except (OSError, ValueError) as error:
                reason = _reason(error)
                if reason != told:
                    told = reason
                    self._log(API_BLOCKED, endpoint=endpoint, reason=reason, next_try_s=AGAIN_AFTER_S)
                await trio.sleep(AGAIN_AFTER_S)

    async def _until_lost(self, endpoint: str, identity: tuple[int, int] | None, listening: trio.CancelScope) -> None:
        """End the listening once nobody can find the socket under its name any more."""
        while True:
            await trio.sleep(LOOK_EVERY_S)
            if how := lost_unix(self._data_dir, identity):
                self._log(API_SOCKET_LOST, endpoint=endpoint, how=how)
                listening.cancel()

    def _open_local(self) -> tuple[socket.socket, Door]:
        return open_unix(self._data_dir), Door(endpoint=str(self._data_dir / SOCKET_NAME))

    def _open_tcp(self) -> tuple[socket.socket, Door]:
        config = self._config
        token = read_token(config.token_file) if config.token_file else None
        self._tls = tls_context(config.tls_certificate, config.tls_key) if config.tls_certificate else None
        door = Door(config.listen, is_local=False, secure=self._tls is not None, token=token, hosts=config.hosts)
        return open_tcp(*split_address(config.listen, 0)), door

    # ------------------------------------------------------------------------------------------- connections

    async def _listen(self, opened: socket.socket, door: Door) -> None:
        bucket = Bucket(self._config.rate, max(self._config.rate, 20.0))
        arrivals = Bucket(ARRIVALS_A_REQUEST * self._config.rate, ARRIVALS_A_REQUEST * max(self._config.rate, 20.0))
        guard = Guard(self._app, door, bucket, self._complaints, self._is_open)
        listener = trio.SocketListener(trio.socket.from_stdlib_socket(opened))
        mine: dict[PatientStream, trio.CancelScope] = {}
        async with trio.open_nursery() as nursery:
            try:
                while True:
                    await self._not_too_fast(arrivals, door)
                    stream = await self._accept(listener)
                    if self._has_room(mine, door):
                        nursery.start_soon(self._converse, stream, door, guard, mine)
                    else:
                        nursery.start_soon(_turn_away, stream, door.secure)
            finally:
                for each in list(mine):  # before the tasks are cancelled: a send that nobody reads is shielded
                    each.hang_up()

    async def _not_too_fast(self, arrivals: Bucket, door: Door) -> None:
        """Take connections no faster than requests may come. What is too much waits in the kernel: it costs the loop nothing."""
        wait_s = arrivals.take(trio.current_time())
        while wait_s:
            self._complaints.flooded(door.endpoint, "rate")
            await trio.sleep(wait_s)
            wait_s = arrivals.take(trio.current_time())

    def _has_room(self, mine: dict[PatientStream, trio.CancelScope], door: Door) -> bool:
        """Say whether one more may come. Where there are enough, the one that has asked for nothing for the longest gives way."""
        if len(mine) < self._config.connections:
            return True
        self._complaints.flooded(door.endpoint, "connections")
        idle = {stream: stream.idle_since_s for stream in mine if stream.idle_since_s is not None}
        if not idle:
            return False
        longest = min(idle, key=lambda stream: idle[stream])
        longest.hang_up()
        mine.pop(longest).cancel()
        return True

    @staticmethod
    async def _accept(listener: trio.SocketListener) -> trio.SocketStream:
        while True:
            try:
                return await listener.accept()
            except OSError as error:
                if error.errno not in OUT_OF_DESCRIPTORS:
                    raise
                await trio.sleep(0.2)

    async def _converse(
        self, raw: trio.SocketStream, door: Door, guard: Guard, mine: dict[PatientStream, trio.CancelScope]
    ) -> None:
        """Speak with one client to the end."""
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        client = client_of(raw.socket)
        who = "local" if door.is_local else client[0] if client else "somebody who is gone"
        stuck = partial(self._complaints.hung_up, door.endpoint, who)
        stream = PatientStream(self._wrapped(raw, door), SEND_WITHIN_S, stuck)
        whole = mine[stream] = trio.CancelScope()
        try:
            with whole:
                await stream.ready_within(HANDSHAKE_WITHIN_S)
                app = guard.for_connection(stream, whole.cancel)
                refused = partial(self._complaints.refused, door.endpoint, who)
                await Conversation(app, self._http, stream, secure=door.secure, on_refused=refused).run()
        except Exception as error:  # noqa: BLE001 - its end becomes an event, and touches no other connection
            if not _is_theirs(error):
                told = "".join(traceback.format_exception(error))
                self._complaints.failed(door.endpoint, "a connection", repr(error), told)
        finally:
            mine.pop(stream, None)
            stream.hang_up()

    def _wrapped(self, raw: trio.SocketStream, door: Door) -> trio.SocketStream | trio.SSLStream[trio.SocketStream]:
        if not door.secure or self._tls is None:
            return raw
        return trio.SSLStream(raw, self._tls, server_side=True, https_compatible=True)


async def _turn_away(stream: trio.SocketStream, secure: bool) -> None:
    """Say why; not where encryption would have to be agreed on first."""
    with trio.move_on_after(0.0 if secure else 1.0):
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await stream.send_all(FULL.octets())
    await trio.aclose_forcefully(stream)


def _reason(error: OSError | ValueError) -> str:
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror


def _is_theirs(error: BaseException) -> bool:
    """Tell what the other side did (hung up, spoke another protocol) from an error of ours."""
    if isinstance(error, BaseExceptionGroup):
        return all(_is_theirs(each) for each in error.exceptions)
    return isinstance(
        error, OSError | trio.BrokenResourceError | trio.ClosedResourceError | h11.ProtocolError | ProtocolError
    )
