"""Notices times in which the gateway itself did not run: the machine was suspended, or the process, or its loop, stood still.

Nobody looked then: what was known before is not known to have held (decision 19). Told by the machine's own time (CLOCK_BOOTTIME, which
goes on while it is suspended) between two looks of the loop. That devices were silent is no pause: the loop turned, and saw that they were.

Whoever must not take what came before a pause for what came after it looks himself, whenever it matters: after a pause it is not
known who runs first. Made by pipeline.py, which has it look all the time. Thread: the trio loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, NoReturn

import trio

from t3actors.moments import span

LIMIT_S = 5.0
"""As long as the loop must have stood still to be called stalled (pipeline.py): less is a busy machine, and polls come a little late."""
EVERY_S = 0.5


class Pause(NamedTuple):
    """One such time: the gateway's last look before it and the first one after it (Unix UTC milliseconds)."""

    since_ms: int
    until_ms: int
    lasted_s: float
    asleep_s: float
    """For how much of it the machine was suspended: the loop's clock stood still too."""

    @property
    def stood_s(self) -> float:
        """By how much of it the loop's clock went on."""
        return max(0.0, self.lasted_s - self.asleep_s)

    @property
    def reason(self) -> str:
        """Say what it was."""
        what = "the machine was suspended" if self.asleep_s > self.lasted_s / 2 else "the gateway stood still"
        return f"{what} for {span(self.lasted_s)}"


class Away(NamedTuple):
    """All pauses since the start: another one with each. Durations are summed up."""

    pauses: int = 0
    lasted_s: float = 0.0
    stood_s: float = 0.0


class Pauses:
    """`machine_ms`: the machine's time since it was switched on, time asleep included; `now_s`: the loop's clock."""

    def __init__(
        self,
        machine_ms: Callable[[], int],
        wall_ms: Callable[[], int],
        now_s: Callable[[], float] = trio.current_time,
    ) -> None:
        self.away = Away()
        self._machine_ms = machine_ms
        self._wall_ms = wall_ms
        self._now_s = now_s
        self._seen_ms: float = math.inf
        self._ahead_ms = 0.0
        """What the machine's time is ahead of the loop's clock: by so much more after a suspend."""
        self._untold: list[Pause] = []

    def look(self) -> Away:
        """Look. **Returns**: the very same object as long as there was no other pause."""
        machine_ms = self._machine_ms()
        if machine_ms - self._seen_ms > 1000 * LIMIT_S:
            self._notice(machine_ms)
        self._seen_ms = machine_ms
        return self.away

    def take(self) -> list[Pause]:
        """Take the pauses that nobody has told of yet."""
        untold, self._untold = self._untold, []
        return untold

    async def keep_looking(self) -> NoReturn:
        """Look all the time, until cancelled."""
        while True:
            self.look()
            self._ahead_ms = self._seen_ms - 1000 * self._now_s()
            await trio.sleep(EVERY_S)

    def _notice(self, machine_ms: int) -> None:
        lasted_ms = machine_ms - self._seen_ms
        ahead_ms = machine_ms - 1000 * self._now_s()
        asleep_ms = min(lasted_ms, max(0.0, ahead_ms - self._ahead_ms))
        self._ahead_ms = ahead_ms
        until_ms = self._wall_ms()
        pause = Pause(until_ms - round(lasted_ms), until_ms, lasted_ms / 1000, asleep_ms / 1000)
        self._untold.append(pause)
        away = self.away
        self.away = Away(away.pauses + 1, away.lasted_s + pause.lasted_s, away.stood_s + pause.stood_s)


def no_pauses() -> Pauses:
    """Give one to those who run alone: it never notices any."""
    return Pauses(lambda: 0, lambda: 0)
