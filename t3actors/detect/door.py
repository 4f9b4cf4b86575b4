"""The swinging door: which samples tell a course, so that straight lines between them pass every reading within `error`. Pure.

A line from the last sample must pass within `error` of each reading since: that leaves it a range of slopes, the door, which
each reading can only narrow. A reading that a line through the door reaches is let pass; with the first one that none reaches,
the reading before it becomes a sample, and the door begins anew there. So the error is a bound, not an estimate: of each
reading that is let pass, the line to any later one that is let pass lies within it.

Called by track.py, for points with `compress`.
"""

from __future__ import annotations

import math
from typing import NamedTuple


class Passed(NamedTuple):
    """A reading on its way: monotonic seconds, Unix UTC milliseconds, value."""

    now_s: float
    at_ms: int
    value: float


class Door:
    """The door of one point, from its last sample on. `held`: the last reading that was let pass, None right after a sample."""

    __slots__ = ("_high", "_low", "_pivot", "error", "held")

    def __init__(self, error: float, pivot: Passed) -> None:
        self.error = error
        self._pivot = pivot
        self._low, self._high = -math.inf, math.inf
        self.held: Passed | None = None

    def take(self, reading: Passed) -> Passed | None:
        """Let a reading pass. **Returns**: the one before it, where that is to be a sample now."""
        if self._reaches(reading):
            self._narrow(reading)
            self.held = reading
            return None
        sample = self.held
        self.restart(self._pivot if sample is None else sample)
        self._narrow(reading)
        self.held = reading
        return sample

    def restart(self, pivot: Passed) -> None:
        """Begin anew from a sample."""
        self._pivot = pivot
        self._low, self._high = -math.inf, math.inf
        self.held = None

    def _reaches(self, reading: Passed) -> bool:
        run_s = reading.now_s - self._pivot.now_s
        if run_s <= 0:
            return abs(reading.value - self._pivot.value) <= self.error
        return self._low <= (reading.value - self._pivot.value) / run_s <= self._high

    def _narrow(self, reading: Passed) -> None:
        run_s = reading.now_s - self._pivot.now_s
        if run_s > 0:
            rise = reading.value - self._pivot.value
            self._low = max(self._low, (rise - self.error) / run_s)
            self._high = min(self._high, (rise + self.error) / run_s)
