"""One operation of the API: a method and a path, what it takes, what it answers. Routes and openapi.json are both made of these."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from t3actors.watch.api.answers import JSON, decoded
from t3actors.watch.api.parameters import Parameter, path_values, query_values
from t3actors.watch.api.refusals import Refused


class Asked(msgspec.Struct, frozen=True):
    """What was asked: the values of its parameters by their names, and its body."""

    values: dict[str, Any]
    body: Any = None


Handler = Callable[[Asked], Awaitable[Response]]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """`answer`: the type of the JSON answer, where `media_type` is JSON. `refusals`: statuses besides those that any may have."""

    method: str
    path: str
    says: str
    handler: Handler
    answer: Any = None
    status: HTTPStatus = HTTPStatus.OK
    media_type: str = JSON
    parameters: tuple[Parameter, ...] = ()
    body: type[msgspec.Struct] | None = None
    refusals: tuple[HTTPStatus, ...] = ()

    async def answered(self, request: Request) -> Response:
        """Read what is asked, and answer it. **Raises**: Refused."""
        values = {
            **path_values(self.parameters, request.path_params),
            **query_values(self.parameters, request.query_params.multi_items()),
        }
        body = None if self.body is None else await _body(request, self.body)
        return await self.handler(Asked(values, body))


def routes_of(operations: Iterable[Operation]) -> list[Route]:
    """Make the routes: one for each path, whatever its methods."""
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    return [_route(path, methods) for path, methods in by_path.items()]


def _route(path: str, methods: dict[str, Operation]) -> Route:
    async def answer(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await methods[method].answered(request)

    return Route(path, answer, methods=list(methods))


async def _body(request: Request, kind: type[msgspec.Struct]) -> Any:
    given = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if given != JSON:
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"a body must be {JSON}")
    return decoded(await request.body() or b"{}", kind)
