"""Asks a running gateway on its socket: HTTP over a unix socket, with the standard library alone, for a verb must start fast."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from t3actors.cli.exits import Exit
from t3actors.cli.whereabouts import Whereabouts
from t3actors.store.lock import is_locked
from t3actors.watch.api.sockets import SOCKET_NAME, socket_address

CONNECTS_WITHIN_S = 5.0
ANSWERS_WITHIN_S = 10.0
Json = Any


class Refusal(click.ClickException):
    """The gateway does not do it. Its own sentence, and exit code 1."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status

    def show(self, file: Any = None) -> None:
        """Say it in our form."""
        click.echo(f"t3actors: {self.message}", err=True, file=file)


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, data_dir: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._data_dir = data_dir
        self._answers_within_s = timeout_s

    def connect(self) -> None:
        """Connect to the gateway's socket."""
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            opened.settimeout(CONNECTS_WITHIN_S)
            with socket_address(self._data_dir) as address:
                opened.connect(address)
            opened.settimeout(self._answers_within_s)
        except BaseException:
            opened.close()
            raise
        self.sock = opened


def ask(
    where: Whereabouts,
    method: str,
    path: str,
    body: Mapping[str, object] | None = None,
    *,
    answers_within_s: float = ANSWERS_WITHIN_S,
    also: tuple[int, ...] = (),
) -> Json:
    """Ask the gateway and return its answer.

    Raises: Refusal; SystemExit 69 where no gateway runs. `also`: statuses whose answer is returned as well.
    """
    connection = _SocketConnection(where.data_dir, answers_within_s)
    try:
        connection.request(
            method,
            quote(path, safe="/:?=&,@*"),
            body=None if body is None else json.dumps(body),
            headers={"Content-Type": "application/json", "Connection": "close"},
        )
        answer = connection.getresponse()
        status, raw = answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise _unanswered(where.data_dir, error, answers_within_s) from None
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


def _unanswered(data_dir: Path, error: Exception, answers_within_s: float) -> Refusal | SystemExit:
    if isinstance(error, PermissionError):
        return Refusal(0, f"{data_dir / SOCKET_NAME}: you may not use it; its group may (the service's group, say)")
    if isinstance(error, FileNotFoundError | ConnectionRefusedError | NotADirectoryError) and not is_locked(data_dir):
        click.echo(f"t3actors: no gateway is running in {data_dir}", err=True)
        return SystemExit(Exit.NOT_RUNNING)
    if isinstance(error, TimeoutError):
        return Refusal(0, f"the gateway has not answered within {answers_within_s:g} s")
    return Refusal(0, f"the gateway does not answer on its socket: {error} (api.blocked in its log says why)")
