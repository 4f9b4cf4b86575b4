"""`WS /live`: every change as it is stored, to whoever listens. How slow a listener may be is fanout.py's business."""

from __future__ import annotations

import re
from fnmatch import translate
from http import HTTPStatus
from typing import Any

import trio
from starlette.responses import Response
from starlette.websockets import WebSocket

from t3actors.watch.api.answers import ErrorAnswer, json_answer
from t3actors.watch.api.checks import PROTOCOL
from t3actors.watch.api.inside import Inside
from t3actors.watch.api.operations import Asked
from t3actors.watch.api.parameters import NAME, Parameter, flag, name_of, one_of, query_values, text
from t3actors.watch.api.refusals import Refused
from t3actors.watch.fanout import Filter, Listener


def _pattern(raw: str) -> str:
    try:
        re.compile(translate(name_of(raw)))
    except re.error as fault:
        raise ValueError from fault
    return raw


NOTHING_AFTER_S = 5.0
NOTHING = "{}"
LIVE_PARAMETERS = (
    text("device", "Only this device's changes."),
    Parameter(
        name="point",
        says="Only points whose name device/point_id fits this pattern of * ? [...].",
        allowed="a pattern such as ahu-1/* or */IN?",
        schema={"type": "string", "pattern": f"^{NAME.pattern}$"},
        read=_pattern,
    ),
    flag("repeats", "Unchanged values that are stored again, too."),
    one_of(
        "compress", "1: compress messages, where the client offers it; each costs more of the gateway's time.", ["1"]
    ),
)


class Listening:
    """Serves those who listen."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    async def without_upgrade(self, _asked: Asked) -> Response:
        """Answer whoever asks for it as for a page."""
        raise Refused(HTTPStatus.UPGRADE_REQUIRED, "this is a WebSocket", upgrade="websocket", connection="upgrade")

    async def live(self, socket: WebSocket) -> None:
        """Serve one listener until it goes."""
        try:
            values = query_values(LIVE_PARAMETERS, socket.query_params.multi_items())
            listener = self._join(values)
        except Refused as refused:
            await socket.send_denial_response(json_answer(ErrorAnswer(refused.why), refused.status))
            return
        try:
            await socket.accept(PROTOCOL if PROTOCOL in socket.scope.get("subprotocols", ()) else None)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_send, socket, listener)
                await _until_gone(socket)
                nursery.cancel_scope.cancel()
        finally:
            self._inside.fanout.leave(listener)

    def _join(self, values: dict[str, Any]) -> Listener:
        wanted = Filter(device=values["device"], point=values["point"], repeats=values["repeats"])
        listener = self._inside.fanout.join(wanted)
        if listener is None:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "too many listen already")
        return listener


async def _send(socket: WebSocket, listener: Listener) -> None:
    """Send what is stored; and where nothing was for a while, that: an open connection alone proves nothing to a client."""
    while True:
        text = NOTHING
        with trio.move_on_after(NOTHING_AFTER_S):
            text = await listener.next_text()
        await socket.send_text(text)


async def _until_gone(socket: WebSocket) -> None:
    """Take what the client says, which is nothing that anybody wants, until it goes."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
