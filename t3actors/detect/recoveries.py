"""Says that points are read again: once for an answer, also where that comes in several parts. Called by hearing.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from t3actors.events import Log
from t3actors.events.detect import POINTS_RECOVERED


class Recoveries:
    """Bounded by the devices."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._points: Counter[str] = Counter()

    def took(self, device: str, points: int, group: str | None) -> None:
        """So many points of a device are back. `group`: the answer that this is a part of, which is not over."""
        if points:
            self._points[device] += points
        if group is None:
            self.over((device,))

    def over(self, devices: Iterable[str]) -> None:
        """The answer for these devices is whole."""
        for device in devices:
            points = self._points.pop(device, 0)
            if points:
                self._log(POINTS_RECOVERED, device=device, points=points)
