"""How an answer looks: JSON, made by msgspec; a refusal is one object with a sentence in `error`."""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import get_close_matches
from http import HTTPStatus
from typing import TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from t3actors.quoting import quoted
from t3actors.watch.api.refusals import Refused

JSON = "application/json"
Body = TypeVar("Body")
_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_HALF = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_NUL = rb"\u0000"


class ErrorAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """A refusal: one sentence for whoever asked. `faults`: those of a configuration, one line each."""

    error: str
    faults: tuple[str, ...] = ()


def json_answer(value: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Answer with a value, or with JSON that was made already."""
    body = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return Response(body, int(status), media_type=JSON)


def decoded(body: bytes, kind: type[Body]) -> Body:
    """Return a body as `kind`. **Raises**: Refused, saying what is wrong with it."""
    escapes = body.replace(rb"\\", b"")
    try:
        found = msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        half = _HALF.search(_PAIR.sub(b"", escapes))
        why = (
            str(error) if half is None else f"a text has {half[0].decode()}, half of a pair of surrogates: no character"
        )
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"the body: {why}") from None
    if _NUL in escapes:
        why = r"a text has the character \u0000, which no name and no path may have"
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"the body: {why}")
    return found


def refuse_unknown(name: str, names: Collection[str], what: str) -> None:
    """**Raises**: Refused where nobody has this name, with the nearest that somebody has."""
    if name not in names:
        near = get_close_matches(name, names, n=1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise Refused(HTTPStatus.NOT_FOUND, f'no {what} "{quoted(name)}"{hint}')


def nowhere(paths: Collection[str], listened: str) -> ASGIApp:
    """Make what answers where no route leads, with the nearest of `paths`; a WebSocket, too. `listened`: the path where there is one."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            why = f"no WebSocket at that path; there is one at {listened}"
            denied = json_answer(ErrorAnswer(why), HTTPStatus.NOT_FOUND)
            await WebSocket(scope, receive, send).send_denial_response(denied)
            return
        near = get_close_matches(scope["path"], paths, n=1)
        raise Refused(HTTPStatus.NOT_FOUND, f"no such path; did you mean {near[0]}?" if near else "no such path")

    return answer


async def refused_answer(_request: Request, error: Exception) -> Response:
    """Answer what the application itself refuses."""
    assert isinstance(error, Refused)  # noqa: S101 - it is registered for this alone
    answer = json_answer(ErrorAnswer(error.why), error.status)
    answer.headers.update({name.decode(): value.decode() for name, value in error.headers})
    return answer


async def routing_refused(_request: Request, error: Exception) -> Response:
    """Answer in our form what Starlette refuses: no such path, no such method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for this alone
    answer = json_answer(ErrorAnswer(str(error.detail).lower()), HTTPStatus(error.status_code))
    answer.headers.update(error.headers or {})
    return answer
