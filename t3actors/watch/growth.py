"""How fast the database grows, as measured: its size against its size up to a day ago. Pure: time and size are given.

Less than an hour says nothing: a file grows when its log is folded in, by some megabytes at a time.
"""

from __future__ import annotations

from collections import deque

EVERY_S = 600.0
SAYS_AFTER_S = 3600.0
WITHIN_S = 86_400.0


class Growth:
    """Bounded by a day of looks, one every ten minutes."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque(maxlen=int(WITHIN_S / EVERY_S) + 1)
        self._newest: tuple[float, int] | None = None

    def note(self, now_s: float, size_bytes: int) -> None:
        """Take a look."""
        self._newest = (now_s, size_bytes)
        if not self._seen or now_s - self._seen[-1][0] >= EVERY_S:
            self._seen.append(self._newest)

    def mb_a_day(self) -> float | None:
        """Return the growth in megabytes a day, below 0 where more was let go than stored; None while too little was seen."""
        if self._newest is None or not self._seen:
            return None
        (then_s, then_bytes), (now_s, now_bytes) = self._seen[0], self._newest
        if now_s - then_s < SAYS_AFTER_S:
            return None
        return (now_bytes - then_bytes) / 1e6 * 86_400 / (now_s - then_s)
