"""The application: which path answers what. Every one of them is in openapi.json, and the other way round: a test holds that."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp

from t3actors.points import Kind, Status
from t3actors.reloaded import Reloaded
from t3actors.watch.api.answers import json_answer, nowhere, refused_answer, routing_refused
from t3actors.watch.api.asking import Asking, ControlAnswer, IntervalBody, ReloadBody, SyncAnswer, SyncBody
from t3actors.watch.api.describing import document
from t3actors.watch.api.inside import Inside
from t3actors.watch.api.listening import LIVE_PARAMETERS, Listening
from t3actors.watch.api.looking import (
    AlarmsAnswer,
    DeviceAnswer,
    DevicesAnswer,
    EventsAnswer,
    HistoryAnswer,
    Looking,
    PointsAnswer,
    TreeAnswer,
)
from t3actors.watch.api.operations import Asked, Operation, routes_of
from t3actors.watch.api.parameters import flag, in_path, moment, one_of, text, whole, words
from t3actors.watch.api.refusals import Refused
from t3actors.watch.api.storage import Storage, StorageAnswer
from t3actors.watch.api.trend import Trend, TrendAnswer
from t3actors.watch.api.why import Why, WhyAnswer
from t3actors.watch.metrics import CONTENT_TYPE
from t3actors.watch.parts import HealthReport

LIVE = "/live"


class Application(Starlette):
    """Starlette without its own word on errors: those go up to the guard, which tells of them."""

    def build_middleware_stack(self) -> ASGIApp:
        """Answer refusals, and let every other error through."""
        return ExceptionMiddleware(self.router, handlers=self.exception_handlers)


def application(inside: Inside) -> Application:
    """Build the application on what it may reach."""
    handlers: Any = {HTTPException: routing_refused, Refused: refused_answer}
    made = operations(inside)
    routes = [*routes_of(made), WebSocketRoute(LIVE, Listening(inside).live)]
    app = Application(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    app.router.default = nowhere(sorted({each.path for each in made}), LIVE)
    return app


def operations(inside: Inside) -> list[Operation]:
    """List every operation there is."""
    made = [*_looking(inside), *_asking(inside)]
    described = msgspec.json.encode(document(made, inside.who.version))

    async def openapi(_asked: Asked) -> Response:
        return json_answer(described)

    return [
        *made,
        Operation(method="GET", path="/openapi.json", says="This description.", handler=openapi, answer=dict),
    ]


def _looking(inside: Inside) -> list[Operation]:
    looking, listening = Looking(inside), Listening(inside)
    by_device = text("device", "Only this device's.")
    point = text("point", "Its name: device/point_id.", needed=True)
    newest = whole("limit", "At most the newest so many.", 1, 50_000, 1000)
    since = moment("since", "From when on. Default: a day ago.", inside.wall_ms)
    until = moment("until", "Up to when. Default: now.", inside.wall_ms)
    return [
        Operation(
            method="GET",
            path="/health",
            says="Whether the gateway makes progress, part by part; 503 while it does not.",
            handler=looking.health,
            answer=HealthReport,
        ),
        Operation(
            method="GET",
            path="/devices",
            says="Every device, as stored.",
            handler=looking.devices,
            answer=DevicesAnswer,
        ),
        Operation(
            method="GET",
            path="/devices/{device}",
            says="One device: as stored, its points by status, and its last polls.",
            handler=looking.device,
            answer=DeviceAnswer,
            parameters=(in_path("device", "Its name."),),
        ),
        Operation(
            method="GET",
            path="/points",
            says="A page of points, as stored: `unknown` when the database is not being written.",
            handler=looking.points,
            answer=PointsAnswer,
            parameters=(
                by_device,
                one_of("status", "Only those of this status.", [str(each) for each in Status]),
                one_of("kind", "Only those of this kind.", [str(each) for each in Kind]),
                words("search", "Only those in whose name, labels and units each of these words stands."),
                whole("limit", "At most so many.", 1, 10_000, 1000),
                whole("offset", "So many are left out before them.", 0, 10_000_000, 0),
            ),
        ),
        Operation(
            method="GET",
            path="/history",
            says="What one point stored, oldest first; no value where its status was not ok.",
            handler=looking.history,
            answer=HistoryAnswer,
            parameters=(point, since, until, newest),
        ),
        Operation(
            method="GET",
            path="/trend",
            says="One point's curve in a few hundred pieces, however long the time, with what made holes in it.",
            handler=Trend(inside).trend,
            answer=TrendAnswer,
            parameters=(point, since, until, whole("pieces", "Of about so many pieces.", 10, 5000, 600)),
        ),
        Operation(
            method="GET",
            path="/events",
            says="Changes of status, restarts, syncs: the newest, oldest first.",
            handler=looking.events,
            answer=EventsAnswer,
            parameters=(by_device, since, newest),
        ),
        Operation(
            method="GET",
            path="/alarms",
            says="The alarms that stand at the devices, as they have them.",
            handler=looking.alarms,
            answer=AlarmsAnswer,
            parameters=(by_device, flag("all", "Those that are over, too."), newest),
        ),
        Operation(
            method="GET",
            path="/why",
            says="All that bears on one point, from the wire to its row, and what to look at next.",
            handler=Why(inside).why,
            answer=WhyAnswer,
            parameters=(point,),
        ),
        Operation(
            method="GET",
            path="/storage",
            says="What the database takes, how fast it grows, and when it will have all that it may take.",
            handler=Storage(inside).storage,
            answer=StorageAnswer,
        ),
        Operation(
            method="GET",
            path="/tree",
            says="The supervision tree, and what was counted.",
            handler=looking.tree,
            answer=TreeAnswer,
        ),
        Operation(
            method="GET",
            path="/metrics",
            says="The page for a Prometheus server.",
            handler=looking.metrics,
            media_type=CONTENT_TYPE,
        ),
        Operation(
            method="GET",
            path=LIVE,
            says="A WebSocket: every change as it is stored (LiveMessage), in text messages.",
            handler=listening.without_upgrade,
            status=HTTPStatus.SWITCHING_PROTOCOLS,
            parameters=LIVE_PARAMETERS,
            refusals=(HTTPStatus.UPGRADE_REQUIRED,),
        ),
    ]


def _asking(inside: Inside) -> list[Operation]:
    asking = Asking(inside)
    device = in_path("device", "Its name.")
    conflict = (HTTPStatus.CONFLICT,)
    return [
        Operation(
            method="POST",
            path="/sync",
            says="Poll these devices, or all, once, now; answered when the readings are taken, within two minutes.",
            handler=asking.sync,
            answer=SyncAnswer,
            body=SyncBody,
        ),
        Operation(
            method="POST",
            path="/reload",
            says="Read the configuration anew: only what differs is started anew; all of it, or nothing where it has a fault.",
            handler=asking.reload,
            answer=Reloaded,
            body=ReloadBody,
            refusals=conflict,
        ),
        Operation(
            method="POST",
            path="/devices/{device}/stop",
            says="Have it polled no more, until it is started or the gateway is restarted.",
            handler=asking.stop,
            answer=ControlAnswer,
            parameters=(device,),
            refusals=conflict,
        ),
        Operation(
            method="POST",
            path="/devices/{device}/start",
            says="Have it polled again that was stopped by hand.",
            handler=asking.start,
            answer=ControlAnswer,
            parameters=(device,),
            refusals=conflict,
        ),
        Operation(
            method="PATCH",
            path="/devices/{device}",
            says="Have it polled at another interval, until the gateway is restarted.",
            handler=asking.set_interval,
            answer=ControlAnswer,
            body=IntervalBody,
            parameters=(device,),
            refusals=conflict,
        ),
    ]
