"""How well polls keep to their due times: a small histogram that any number of devices feed. Pure counting."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from itertools import accumulate
from operator import add
from typing import NamedTuple

from t3actors.messages import PollCounts

BOUNDS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 60_000)
"""Upper bounds of the buckets, in milliseconds; a last bucket holds what is later still."""


class Lateness(NamedTuple):
    """How many polls were late by at most each of `bounds_s`, each counted once, and a last count beyond; and the sum of it all."""

    bounds_s: tuple[float, ...]
    counts: tuple[int, ...]
    sum_s: float


class Pace:
    """Counts of polls by how late they started, since the last `take`. Thread: the trio loop."""

    def __init__(self) -> None:
        self.polls_started = 0
        self._sum_ms = 0.0
        self._before = [0] * (len(BOUNDS_MS) + 1)
        self._counts: list[int] = []
        self._worst_ms = 0.0
        self._begin()

    def record(self, late_s: float) -> None:
        """A poll started this long after it fell due."""
        self.polls_started += 1
        late_ms = max(0.0, late_s * 1000.0)
        self._counts[bisect_left(BOUNDS_MS, late_ms)] += 1
        self._worst_ms = max(self._worst_ms, late_ms)
        self._sum_ms += late_ms

    def histogram(self) -> Lateness:
        """All polls since the start, whatever was taken meanwhile."""
        counts = tuple(map(add, self._before, self._counts))
        return Lateness(tuple(bound / 1000 for bound in BOUNDS_MS), counts, self._sum_ms / 1000)

    def take(self) -> tuple[int, float]:
        """How many polls started since the last call, and the 99th percentile of their lateness in milliseconds.

        The percentile is the upper bound of its bucket, or the worst one seen where that is less.
        """
        counts, worst_ms = self._counts, self._worst_ms
        self._before = list(map(add, self._before, counts))
        self._begin()
        polls = sum(counts)
        if polls == 0:
            return 0, 0.0
        for bound, below in zip(BOUNDS_MS, accumulate(counts), strict=False):
            if below >= 0.99 * polls:
                return polls, min(float(bound), worst_ms)
        return polls, worst_ms

    def _begin(self) -> None:
        self._counts = [0] * (len(BOUNDS_MS) + 1)
        self._worst_ms = 0.0


OVERRUNS_TO_TELL = 3
"""One slow poll is nothing to wake anybody for."""
FITS_AGAIN_AFTER = 30
"""Polls on time in a row before an overrun is called over."""


class Achieved:
    """The interval a device's line really achieves, and whether its polls overrun. Pure: `now_s` is an argument."""

    def __init__(self, interval_s: float) -> None:
        self.interval_s = interval_s
        self._measured = False
        self._last_started_s: float | None = None
        self._overruns = 0
        self._on_time_in_a_row = 0

    def polled(self, started_s: float) -> None:
        """A poll that started then was answered: a moving average over such polls with no outage between them."""
        if self._last_started_s is not None:
            took_s = started_s - self._last_started_s
            self.interval_s = 0.7 * self.interval_s + 0.3 * took_s if self._measured else took_s
            self._measured = True
        self._last_started_s = started_s

    def interrupted(self) -> None:
        """An outage: the time over it says nothing of the line."""
        self._last_started_s = None

    def skipped(self, due_times: int) -> bool | None:
        """A poll ran over so many due times. True when an overrun begins, False when one is over, None otherwise."""
        if due_times:
            self._overruns += 1
            self._on_time_in_a_row = 0
            return True if self._overruns == OVERRUNS_TO_TELL else None
        self._on_time_in_a_row += 1
        if self._on_time_in_a_row < FITS_AGAIN_AFTER:
            return None
        was_told, self._overruns = self._overruns >= OVERRUNS_TO_TELL, 0
        return False if was_told else None


class Exchange(NamedTuple):
    """One poll: when it ended (monotonic), how long it took, and how many points it read or why it brought nothing."""

    ended_s: float
    took_s: float | None
    points: int
    error: str


REMEMBERED = 8


class Polls:
    """One device's polls: how many were answered and missed, at which interval they come, and how the last ones went."""

    def __init__(self, interval_s: float) -> None:
        self.achieved = Achieved(interval_s)
        self.last: deque[Exchange] = deque(maxlen=REMEMBERED)
        self._ok = 0
        self._failed = 0

    def answered(self, started_s: float) -> None:
        """A poll that started then was answered."""
        self._ok += 1
        self.achieved.polled(started_s)

    def missed(self) -> None:
        """One was not."""
        self._failed += 1
        self.achieved.interrupted()

    def remember(self, ended_s: float, started_s: float | None, points: int = 0, error: str = "") -> None:
        """Note how a poll went that ended just now, for whoever asks."""
        self.last.append(Exchange(ended_s, None if started_s is None else ended_s - started_s, points, error))

    @property
    def counts(self) -> PollCounts:
        """What is told with each poll."""
        return PollCounts(self._ok, self._failed, self.achieved.interval_s)
