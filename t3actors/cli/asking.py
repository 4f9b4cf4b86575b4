"""Asks a running gateway on its socket: HTTP over a unix socket, with the standard library alone, for a verb must start fast."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import struct
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from t3actors.cli.exits import Exit, Told
from t3actors.cli.hanging import Hanging, how_it_hangs
from t3actors.cli.signs import is_stopped
from t3actors.cli.whereabouts import Whereabouts
from t3actors.store.lock import holder_of
from t3actors.store.locked import is_locked
from t3actors.watch.api.sockets import SOCKET_NAME, socket_address

CONNECTS_WITHIN_S = 5.0
CONNECTS_AGAIN_S = 0.05
PEER = struct.Struct("3i")  # struct ucred, unix(7): process, user, group
ELSEWHERE = -1
"""A process of another container: what bears its number here is another one."""
HEALTH = "/health"
HEALTH_WITHIN_S = 5.0
"""It is made ready every second: who has not sent it by then sends nothing at all."""
STARTS_WITHIN_S = 2.0
"""So long a verb waits for one that is just being started before it says so."""
LOOKS_AGAIN_S = 0.05
ANSWERS_WITHIN_S = 10.0
Json = Any


class Refusal(Told):
    """The gateway does not do it. Its own sentence, and exit code 1."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class NoAnswer(Refusal):
    """There is a gateway, and it answers nobody. Exit code 1."""

    def __init__(self, data_dir: Path, how: Hanging) -> None:
        super().__init__(0, f"the gateway in {data_dir} does not answer: {how.seen}; {how.do}")
        self.how = how


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, data_dir: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self.peer = 0
        """Who listens there, by the kernel's word (unix(7)); 0: nobody was asked yet."""
        self._data_dir = data_dir
        self._answers_within_s = timeout_s

    def connect(self) -> None:
        """Connect to the gateway's socket."""
        with contextlib.ExitStack() as otherwise_closed:
            opened = otherwise_closed.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            opened.settimeout(self._answers_within_s)
            with socket_address(self._data_dir) as address:
                _connect(opened, address)
            otherwise_closed.pop_all()
        self.sock = opened
        peer, _, _ = PEER.unpack(opened.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))
        self.peer = peer or ELSEWHERE


def _connect(opened: socket.socket, address: str) -> None:
    """Connect. Where as many wait already as may, the kernel does not let us wait with them, unix(7). **Raises**: OSError."""
    give_up_s = time.monotonic() + CONNECTS_WITHIN_S
    while True:
        try:
            opened.connect(address)
        except BlockingIOError:
            if time.monotonic() > give_up_s:
                raise
            time.sleep(CONNECTS_AGAIN_S)
        else:
            return


def ask(
    where: Whereabouts,
    method: str,
    path: str,
    body: Mapping[str, object] | None = None,
    *,
    answers_within_s: float = ANSWERS_WITHIN_S,
    also: tuple[int, ...] = (),
) -> Json:
    """Ask the gateway and return its answer, once it has shown that it answers at all: a sync may take minutes, and a hung gateway, too.

    `path`: what is not for a URL is escaped in it.
    Raises: Refusal, NoAnswer; SystemExit 69 where no gateway runs. `also`: statuses whose answer is returned as well.
    """
    health = health_of(where) if method == "GET" else _health_past_the_start(where)
    if method != "GET" and health is not None and not health["live"]:
        click.echo(f"t3actors: {why_it_may_take_long(health)}", err=True)
    return _exchange(where, method, path, body, answers_within_s, also)


def _health_past_the_start(where: Whereabouts) -> dict[str, Any] | None:
    """As `health_of`, of one that is just being started a moment later: whoever waits for it need not be told."""
    give_up_s = time.monotonic() + STARTS_WITHIN_S
    while True:
        health = health_of(where)
        if health is None or not is_starting(health) or time.monotonic() > give_up_s:
            return health
        time.sleep(LOOKS_AGAIN_S)


def is_starting(health: Mapping[str, Any]) -> bool:
    """Say whether it has not come to work yet; before it has looked at itself for the first time it says no more than why."""
    return not health["live"] and health.get("gateway", {"state": "starting"})["state"] == "starting"


def why_it_may_take_long(health: Mapping[str, Any]) -> str:
    """What a gateway that is not live says of itself, for whoever waits for it. One that starts does make progress."""
    if "gateway" not in health:
        return f"{health['reason']}, this may take long"
    state, reason = health["gateway"]["state"], health["gateway"]["reason"]
    if is_starting(health):
        return f"the gateway is still starting, this may take long: {reason}"
    return f"the gateway makes no progress, this may take long: {state}: {reason}"


def health_of(where: Whereabouts) -> dict[str, Any] | None:
    """Return how the gateway says that it is; None where it has no time to say.

    Raises: Refusal, NoAnswer; SystemExit 69 where no gateway runs.
    """
    also = (http.client.SERVICE_UNAVAILABLE, http.client.TOO_MANY_REQUESTS)
    said: dict[str, Any] = _exchange(where, "GET", HEALTH, None, HEALTH_WITHIN_S, also)
    return said if "live" in said else None


def _exchange(
    where: Whereabouts,
    method: str,
    path: str,
    body: Mapping[str, object] | None,
    answers_within_s: float,
    also: tuple[int, ...],
) -> Json:
    connection = _SocketConnection(where.data_dir, answers_within_s)
    try:
        connection.connect()
        if is_stopped(connection.peer):
            raise NoAnswer(where.data_dir, how_it_hangs(connection.peer))
        connection.request(
            method,
            path,
            body=None if body is None else json.dumps(body),
            headers={"Content-Type": "application/json", "Connection": "close"},
        )
        answer = connection.getresponse()
        status, raw = answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        holder = connection.peer or holder_of(where.data_dir)
        raise _unanswered(where.data_dir, holder, error, path, answers_within_s) from None
    finally:
        connection.close()
    said = _decoded(raw)
    if status >= http.client.BAD_REQUEST and status not in also:
        why = said.get("error") if isinstance(said, dict) else None
        raise Refusal(status, why or f"the gateway answered {status}")
    return said


def _decoded(raw: bytes) -> Json:
    try:
        return json.loads(raw)
    except ValueError:
        raise Refusal(0, "what answers on the socket is no gateway of this version") from None


def _unanswered(
    data_dir: Path, holder: int, error: Exception, path: str, answers_within_s: float
) -> Refusal | SystemExit:
    if isinstance(error, PermissionError):
        return Refusal(0, f"{data_dir / SOCKET_NAME}: you may not use it; its group may (the service's group, say)")
    if isinstance(error, FileNotFoundError | ConnectionRefusedError | NotADirectoryError):
        if not is_locked(data_dir):
            click.echo(f"t3actors: no gateway is running in {data_dir}", err=True)
            return SystemExit(Exit.NOT_RUNNING)
        why = f"process {holder} holds {data_dir}, but nobody listens on {SOCKET_NAME} now"
        return Refusal(0, f"{why}: it is starting or stopping, or api.blocked in its log says why")
    if isinstance(error, BlockingIOError) or (isinstance(error, TimeoutError) and path == HEALTH):
        return NoAnswer(data_dir, how_it_hangs(holder))
    if isinstance(error, TimeoutError):
        return Refusal(0, f"the gateway answers, but has not done this within {answers_within_s:g} s: t3actors top")
    return Refusal(0, f"the gateway does not answer on its socket: {error} (api.blocked in its log says why)")
