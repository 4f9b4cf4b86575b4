"""How an answer looks: JSON, made by msgspec; a refusal is one object with a sentence in `error`."""

from __future__ import annotations

from difflib import get_close_matches
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from t3actors.watch.api.guard import Refused

JSON = "application/json"
Body = TypeVar("Body")


def json_answer(value: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Answer with a value as JSON."""
    return Response(msgspec.json.encode(value), int(status), media_type=JSON)


async def asked(request: Request, kind: type[Body], empty: bytes = b"{}") -> Body:
    """Return the request's body as `kind`; an empty one counts as `empty`. **Raises**: Refused, saying what is wrong with it."""
    body = await request.body() or empty
    given = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if given != JSON:
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"a body must be {JSON}")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"the body: {error}") from None


def known(name: str, names: Any, what: str) -> str:
    """Return the name. **Raises**: Refused where nobody has it, with the nearest that somebody has."""
    if name in names:
        return name
    near = get_close_matches(name, names, n=1)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    raise Refused(HTTPStatus.NOT_FOUND, f'no {what} "{name[:128]}"{hint}')


async def refused_answer(_request: Request, error: Exception) -> Response:
    """Answer what the application itself refuses."""
    assert isinstance(error, Refused)  # noqa: S101 - it is registered for this alone
    answer = json_answer({"error": error.why}, error.status)
    answer.headers.update({name.decode(): value.decode() for name, value in error.headers})
    return answer


async def routing_refused(_request: Request, error: Exception) -> Response:
    """Answer in our form what Starlette refuses: no such path, no such method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for this alone
    answer = json_answer({"error": str(error.detail).lower()}, HTTPStatus(error.status_code))
    answer.headers.update(error.headers or {})
    return answer
