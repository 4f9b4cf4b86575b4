"""Judges how fresh a panel's points are by T3000's own logging times. Pure.

T3000 answers from its cache: what it could not read anew it gives again, word for word. Only its logging time (when it last read
the last block, Unix seconds of the PC's clock; 0: never) says so. Of each kind of point it is one of:

    none given                      fresh, at the cycle's own time (GET_WEBVIEW_LIST reads the device; memory has no times)
    0                               never read: the values are nobody's
    moved since the last cycle      fresh, at that time, or at the cycle's own where the PC's clock is a day off
    not moved, for a while          fresh still, at the cycle's own time (contract: a row per point per cycle)
    not moved for longer, or as     stale: T3000 reads this panel no more
      old as that when first seen

A while is `stale_after` cycles, at the interval they really come, and at least LEAST_S: T3000 reads its panels more rarely than it may
be asked.
"""

from __future__ import annotations

import math
from enum import Enum, auto
from typing import NamedTuple

from t3actors.points import Kind

BELIEVED_WITHIN_MS = 86_400_000
"""A logging time that differs more from our own clock is a clock that is wrong, not a time."""
LEAST_S = 30.0
"""Action 15 has one panel read anew at most every 15 s (BacnetWebView.cpp)."""


class Fresh(Enum):
    """How far the points of one kind can be believed."""

    OK = auto()
    STALE = auto()
    NEVER = auto()


class Judged(NamedTuple):
    """`at_ms`: the time of the samples. `since_s`: the logging time that has not moved, where they are stale."""

    fresh: Fresh
    at_ms: int
    since_s: int = 0

    @property
    def why_not(self) -> str:
        """Say why they cannot be believed; nothing where they can."""
        match self.fresh:
            case Fresh.OK:
                return ""
            case Fresh.NEVER:
                return "T3000 has not read this panel yet"
            case Fresh.STALE:
                return f"T3000 has not read this panel since {self.since_s} (Unix seconds, its own clock)"


class Freshness:
    """Remembers one panel's logging times from cycle to cycle."""

    def __init__(self, stale_after: int, interval_s: float) -> None:
        self._stale_after = stale_after
        self._interval_s = interval_s
        self.achieves(interval_s)
        self._seen: dict[Kind, int] = {}
        self._moved_s: dict[Kind, float] = {}

    def begin_again(self) -> None:
        """Nobody asked for a while: what comes next is judged as if first seen."""
        self._seen.clear()

    def achieves(self, interval_s: float) -> None:
        """Note at which interval cycles really come."""
        self._limit_s = max(self._stale_after * max(interval_s, self._interval_s), LEAST_S)

    def judge(self, kind: Kind, logging_at_s: int | None, cycle_at_ms: int, now_s: float) -> Judged:
        """Judge one kind's points of one cycle. `cycle_at_ms`: Unix UTC milliseconds by our own clock; `now_s`: monotonic."""
        if logging_at_s is None:
            return Judged(Fresh.OK, cycle_at_ms)
        if logging_at_s <= 0:
            return Judged(Fresh.NEVER, cycle_at_ms)
        before = self._seen.get(kind)
        self._seen[kind] = logging_at_s
        if before == logging_at_s:
            stands_s = now_s - self._moved_s[kind]
            return Judged(Fresh.OK, cycle_at_ms) if stands_s < self._limit_s else self._stale(cycle_at_ms, logging_at_s)
        self._moved_s[kind] = now_s
        age_s = cycle_at_ms / 1000 - logging_at_s
        if before is None and age_s > self._limit_s:
            self._moved_s[kind] = -math.inf
            return self._stale(cycle_at_ms, logging_at_s)
        believed = abs(age_s) * 1000 <= BELIEVED_WITHIN_MS
        return Judged(Fresh.OK, logging_at_s * 1000 if believed else cycle_at_ms)

    @staticmethod
    def _stale(cycle_at_ms: int, since_s: int) -> Judged:
        return Judged(Fresh.STALE, cycle_at_ms, since_s)
