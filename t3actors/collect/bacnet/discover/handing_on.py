"""Hands found devices on, a few a second, and takes those back that were never met.

Who was met is in the database: a found device is remembered there only once it answered. Those remembered from an earlier life are
handed on at once; of new ones, only so many as there is room for (newcomers.py), the others wait in their order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from typing import NamedTuple, Protocol

import trio
from msgspec.structs import replace

from supervision.errors import NobodyThere
from supervision.registry import Registry
from t3actors.collect.bacnet.discover.newcomers import MOST_UNMET, Newcomers
from t3actors.collect.bacnet.discover.sightings import Claim, Happening, Sightings
from t3actors.config import DeviceConfig
from t3actors.errors import GatewayError
from t3actors.events import Log
from t3actors.events.bacnet import BACNET_DISMISSED
from t3actors.questions import Remembered, RememberedRequested

WRITER = "writer"
WRITER_ANSWERS_WITHIN_S = 30.0
STARTED_PER_S = 20.0
START_AGAIN_S = 5.0
REMEMBERED_PER_S = 200.0  # all of them well before the detector disables what nobody polls
LOOK_AT_NEWCOMERS_S = (5.0, 60.0)  # while others wait for a place; else
UNMET_SHOWN = 1000
"""Who never answers is shown, and its row in DEVICES stays. Once so many were taken back, who is found is shown only when it answers:
whoever forges announcements for a year must not fill database and memory with them."""


class Polled(Protocol):
    """Those who were handed on. None of these raises; `adopt` may be called twice for one device."""

    def names(self) -> Collection[str]:
        """Give who is polled now."""

    async def adopt(self, device: DeviceConfig) -> bool:
        """Have it polled. **Returns**: False when that cannot be now."""

    async def dismiss(self, name: str) -> bool:
        """Have it polled no more. **Returns**: False when that cannot be now."""

    def looked(self, trouble: str) -> None:
        """Everybody was asked, and who was found was handed on; or why not."""


class WriterSilent(Exception):
    """The writer cannot say now who is remembered."""


async def ask_remembered(registry: Registry) -> tuple[Remembered, ...]:
    """Ask the writer which found devices are remembered. **Raises**: WriterSilent."""
    try:
        answer: tuple[Remembered, ...] = await registry.ask(WRITER, RememberedRequested(), WRITER_ANSWERS_WITHIN_S)
    except (NobodyThere, GatewayError, trio.TooSlowError) as error:
        raise WriterSilent(str(error) or f"the writer did not answer within {WRITER_ANSWERS_WITHIN_S:g} s") from error
    return answer


class _Waiting(NamedTuple):
    device: DeviceConfig
    claim: Claim | None
    """None for one that is remembered, and so was met."""


class HandingOn:
    """Thread: the trio loop. Its owner runs `start_all` and `look_at_newcomers`. `tell`: what came of taking one back."""

    def __init__(
        self,
        polled: Polled,
        sightings: Sightings,
        *,
        registry: Registry,
        now_s: Callable[[], float],
        spawn: Callable[..., object],
        tell: Callable[[Collection[Happening]], None],
        log: Log,
    ) -> None:
        self._polled = polled
        self._sightings = sightings
        self._registry = registry
        self._now_s = now_s
        self._spawn = spawn
        self._tell = tell
        self._log = log
        self._newcomers = Newcomers()
        self._known: deque[_Waiting] = deque()
        self._new: deque[_Waiting] = deque()
        self._wake = trio.Event()
        self._round_is_over = False
        self._taken_back = 0

    def soon(self, device: DeviceConfig, claim: Claim | None = None) -> None:
        """Hand it on when its turn comes; at once where it is remembered (no `claim`)."""
        self._put(_Waiting(device, claim))

    def round_over(self) -> None:
        """Everybody was asked."""
        self._round_is_over = True
        self._wake.set()

    async def dismiss_unknown(self, remembered: Collection[str]) -> None:
        """Take those back whom an earlier life of discovery handed on and nobody met: if they are there, they are found again."""
        for name in self._polled.names():
            if name not in remembered:
                await self._polled.dismiss(name)

    async def start_all(self) -> None:
        """Hand on, for ever."""
        while True:
            self._wake = trio.Event()
            if self._known:
                one = self._known.popleft()
            elif self._new and self._newcomers.has_room:
                one = self._new.popleft()
            else:
                self._say_whether_all_are_started()
                await self._wake.wait()
                continue
            if one.claim is not None:
                if not self._sightings.has(one.claim):
                    continue  # it was let go meanwhile
                self._newcomers.tried(one.claim, self._now_s())
                if self._taken_back >= UNMET_SHOWN:
                    one = _Waiting(replace(one.device, shown_once_met=True), one.claim)
            if not await self._polled.adopt(one.device):
                self._spawn(self._start_again, one)
            await trio.sleep(1.0 / (REMEMBERED_PER_S if one.claim is None else STARTED_PER_S))

    async def look_at_newcomers(self) -> None:
        """Look from time to time who was met meanwhile, and who never is."""
        often_s, seldom_s = LOOK_AT_NEWCOMERS_S
        looked_s = self._now_s()
        while True:
            await trio.sleep(often_s)
            if self._newcomers and (self._new or self._now_s() - looked_s >= seldom_s):
                looked_s = self._now_s()
                await self._look()

    async def _look(self) -> None:
        try:
            remembered = {one.name for one in await ask_remembered(self._registry)}
        except WriterSilent:
            return
        for claim in self._newcomers.met(remembered):
            self._sightings.keep(claim)
        dismissed = []
        for claim in self._newcomers.overdue(self._now_s(), others_wait=bool(self._new)):
            if await self._polled.dismiss(claim.name):
                self._newcomers.gone(claim)
                self._tell(self._sightings.let_go(claim))
                dismissed.append(claim.name)
        self._taken_back += len(dismissed)
        if dismissed:
            self._log(BACNET_DISMISSED, device=dismissed[0], devices=len(dismissed), waiting=len(self._new))
        self._wake.set()

    def _say_whether_all_are_started(self) -> None:
        if self._round_is_over:
            more = len(self._new)
            self._polled.looked(
                f"{more} more devices were found; they wait until of those {MOST_UNMET} that are tried some have answered"
                if more
                else ""
            )

    def _put(self, one: _Waiting) -> None:
        (self._known if one.claim is None else self._new).append(one)
        self._wake.set()

    async def _start_again(self, one: _Waiting) -> None:
        await trio.sleep(START_AGAIN_S)
        if one.claim is not None:
            self._newcomers.gone(one.claim)
        self._put(one)
