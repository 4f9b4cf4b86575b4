"""How many requests are let through: a token bucket. Pure: `now_s` is an argument."""

from __future__ import annotations


class Bucket:
    """Lets `rate` a second through on average, and `burst` at once."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._at_s: float | None = None

    def take(self, now_s: float, many: float = 1.0) -> float:
        """Take so many. **Returns**: 0.0, or after how many seconds there will be as many: then none was taken."""
        self._fill(now_s)
        if self._left >= many:
            self._left -= many
            return 0.0
        return (many - self._left) / self._rate

    def book(self, now_s: float, within_s: float) -> float | None:
        """Take one, whose turn comes after those that were booked before. **Returns**: in how many seconds; None where that is later than
        `within_s`: then none was taken."""
        self._fill(now_s)
        wait_s = max(0.0, 1.0 - self._left) / self._rate
        if wait_s > within_s:
            return None
        self._left -= 1.0
        return wait_s

    def _fill(self, now_s: float) -> None:
        if self._at_s is not None:
            self._left = min(self._burst, self._left + max(0.0, now_s - self._at_s) * self._rate)
        self._at_s = now_s
