"""Decides when a driver may do a piece of its own work between two polls. Pure.

The next poll is not to be kept waiting: a piece begins only if the last one would fit, half as long again, into the time left. A
poll that always overruns must not starve the work either: then one piece is done all the same, every STARVED_S.
"""

from __future__ import annotations

import math

STARVED_S = 5.0
AGAIN_AFTER_S = 30.0
"""After a silence: the next poll finds out what it means."""


class SpareTime:
    """`due_s`: when the next piece wants to be done; infinity when there is none. Times are monotonic seconds."""

    def __init__(self) -> None:
        self.due_s = math.inf
        self._last_s = -math.inf
        self._took_s = 0.0

    def begin(self, now_s: float) -> None:
        """The device was met: there may be work."""
        self.due_s = now_s

    def allows(self, now_s: float, poll_s: float) -> bool:
        """Say whether a piece may begin now, when the next poll is due at `poll_s`."""
        return now_s + 1.5 * self._took_s < poll_s or now_s - self._last_s >= STARVED_S

    def worked(self, began_s: float, now_s: float, pause_s: float | None) -> None:
        """A piece was done; the next in `pause_s`, or None."""
        self._last_s = now_s
        self._took_s = now_s - began_s
        self.due_s = math.inf if pause_s is None else now_s + pause_s
