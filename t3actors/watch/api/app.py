"""The application: which path answers what. A path of it is in openapi.json, and the other way round: a test holds that."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from t3actors.watch.api.answers import JSON, refused_answer, routing_refused
from t3actors.watch.api.asking import Asking
from t3actors.watch.api.guard import Refused
from t3actors.watch.api.inside import Inside


class Application(Starlette):
    """Starlette without its own word on errors: those go up to the guard, which tells of them."""

    def build_middleware_stack(self) -> ASGIApp:
        """Answer refusals, and let every other error through."""
        return ExceptionMiddleware(self.router, handlers=self.exception_handlers)


def application(inside: Inside) -> Application:
    """Build the application on what it may reach."""
    handlers: Any = {HTTPException: routing_refused, Refused: refused_answer}
    app = Application(routes=routes(inside), exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app


def routes(inside: Inside) -> list[BaseRoute]:
    """Every path there is."""
    asking = Asking(inside)

    async def health(_request: Request) -> Response:
        seen = inside.health.shown()
        return Response(seen.body, HTTPStatus.OK if seen.live else HTTPStatus.SERVICE_UNAVAILABLE, media_type=JSON)

    return [
        Route("/health", health, methods=["GET"]),
        Route("/sync", asking.sync, methods=["POST"]),
    ]
