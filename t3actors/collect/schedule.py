"""When a device's points fall due. Pure: `now_s` is an argument, on the loop's monotonic clock.

Due times lie on a fixed grid per interval (start + phase + k * interval), so they do not drift however long a poll takes. A poll
that overruns skips the due times it ran over; they are counted, never piled up. The same rule re-aligns after a suspend.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

FIRST_POLLS_WITHIN_S = 2.0
"""The first polls of all devices are spread over at most this long, so that a start shows values at once without a burst."""

GOLDEN = (math.sqrt(5) - 1) / 2


def phase(ordinal: int) -> float:
    """Spread devices evenly over the interval, whatever their number: the golden-ratio sequence, in [0, 1)."""
    return (ordinal * GOLDEN) % 1.0


class PollPlan:
    """The due times of one device: one grid per distinct poll interval of its points.

    Grids share their origin, so intervals that divide each other fall due together and are read in one poll.
    """

    def __init__(self, intervals_s: Iterable[float], start_s: float, phase: float) -> None:
        self.intervals_s = tuple(sorted(set(intervals_s)))
        if not self.intervals_s or self.intervals_s[0] <= 0:
            raise ValueError(f"poll intervals must be above 0 s, seen: {self.intervals_s}")
        shortest = self.intervals_s[0]
        self._origin_s = start_s + phase * shortest
        first_s = start_s + phase * min(shortest, FIRST_POLLS_WITHIN_S)
        self._due_s = dict.fromkeys(self.intervals_s, first_s)

    def change_to(self, intervals_s: Iterable[float], now_s: float) -> None:
        """Other intervals from now on; those that stay keep their due times, the others fall due next on their grids."""
        self.intervals_s = tuple(sorted(set(intervals_s)))
        self._due_s = {
            interval: self._due_s[interval] if interval in self._due_s else self._grid_after(now_s, interval)
            for interval in self.intervals_s
        }

    @property
    def shortest_s(self) -> float:
        """The device's own poll interval."""
        return self.intervals_s[0]

    def next_due_s(self) -> float:
        """When the next poll falls due."""
        return min(self._due_s.values())

    def take_due(self, now_s: float) -> frozenset[float]:
        """Take what is due now: the intervals whose points are to be read.

        A grid that is due within a tenth of the shortest interval comes along: one poll instead of two in quick succession.
        """
        horizon_s = now_s + 0.1 * self.shortest_s
        taken = frozenset(interval for interval, due in self._due_s.items() if due <= horizon_s)
        for interval in taken:
            due = self._due_s[interval]
            settled = self._is_on_grid(due, interval)
            self._due_s[interval] = due + interval if settled else self._grid_after(due, interval, at_least=0.5)
        return taken

    def skip_overrun(self, now_s: float) -> int:
        """The poll has ended: skip the due times it ran over, and say how many of the shortest interval's those were."""
        skipped = 0
        for interval, due in self._due_s.items():
            if due < now_s:
                later = self._grid_after(now_s, interval)
                if interval == self.shortest_s:
                    skipped = round((later - due) / interval)
                self._due_s[interval] = later
        return skipped

    def restart_from(self, now_s: float) -> None:
        """Everything was just read outside the grid (after an outage, or by request): the next due times follow from here."""
        for interval in self.intervals_s:
            self._due_s[interval] = self._grid_after(now_s, interval, at_least=0.5)

    def _is_on_grid(self, at_s: float, interval: float) -> bool:
        return abs((at_s - self._origin_s) / interval % 1.0 - 0.5) > 0.499_999

    def _grid_after(self, at_s: float, interval: float, at_least: float = 0.0) -> float:
        """The first grid time after `at_s`, and at least that share of an interval after it."""
        steps = math.floor((at_s - self._origin_s) / interval + at_least) + 1
        return self._origin_s + steps * interval
