"""How those stand who are beside the line from device to database: T3000's own database, and the ways into installations of T3000.

Asked by health.py once a second, each of them in its turn; whoever does not answer keeps nobody waiting but the others here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import trio

from supervision.errors import NobodyThere
from supervision.registry import Registry
from t3actors.questions import DoorStanding, DoorStandingRequested, WebviewStanding, WebviewStandingRequested
from t3actors.watch.parts import ANSWERS_WITHIN_S, Judgement, of_door, of_webview

WEBVIEW = "webview"
Standing = TypeVar("Standing")


class Neighbours:
    """`has_webview`: T3000's own database is to be kept filled. `installations`: those that are asked. Thread: the trio loop."""

    def __init__(self, *, has_webview: bool = False, installations: Callable[[], Sequence[str]] = list) -> None:
        self._has_webview = has_webview
        self._installations = installations
        self._webview: WebviewStanding | None = None
        self._heard_s = -math.inf
        self._doors: dict[str, DoorStanding | None] = {}

    async def look(self, registry: Registry, now_s: Callable[[], float]) -> None:
        """Ask them."""
        if self._has_webview:
            if self._heard_s == -math.inf:
                self._heard_s = now_s()
            heard = await _asked(registry, WEBVIEW, WebviewStandingRequested(), WebviewStanding)
            if heard is not None:
                self._webview, self._heard_s = heard, now_s()
        names = self._installations()
        for name in names:
            self._doors[name] = await _asked(registry, f"device/{name}", DoorStandingRequested(), DoorStanding)
        for gone in self._doors.keys() - set(names):
            del self._doors[gone]

    def webview(self, now_s: float) -> Judgement | None:
        """Judge T3000's own database; None where there is none to be filled."""
        return of_webview(self._webview, now_s - self._heard_s) if self._has_webview else None

    @property
    def webview_waiting(self) -> int:
        """How many batches wait for it, as it said last."""
        return 0 if self._webview is None else self._webview.waiting

    def doors(self) -> Iterable[tuple[str, DoorStanding, Judgement]]:
        """Judge the ways into installations."""
        for name, standing in self._doors.items():
            yield name, standing or DoorStanding(method=""), of_door(standing)


async def _asked(registry: Registry, role: str, question: object, kind: type[Standing]) -> Standing | None:
    """Ask; None where nobody plays the role now, or says so in time."""
    if registry.incarnation(role) is None:
        return None
    try:
        answer = await registry.ask(role, question, timeout_s=ANSWERS_WITHIN_S)
    except (NobodyThere, trio.TooSlowError):
        return None
    return answer if isinstance(answer, kind) else None
