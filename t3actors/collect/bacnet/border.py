"""The border between how much a device answers at once and how much it refuses, in octets or in properties. Pure; limits.py moves it."""

from __future__ import annotations

from math import isqrt

import msgspec

_TIGHT = 1.25  # the border is known well enough when what is refused is at most so many times what works


class Border(msgspec.Struct, frozen=True):
    """Between what is known to work and what is known to be refused (None: nothing was).

    `allowed`: what a request was allowed that worked and had no room for one want more; it need not have used it up. Before anything
    was refused: what one that worked was estimated at.
    """

    good: int = 0
    bad: int | None = None
    allowed: int = 0

    @property
    def known(self) -> int:
        """Up to where there is nothing to find out."""
        return max(self.good, self.allowed)

    def target(self, least: int, *, settled: bool) -> int | None:
        """Give the most to ask for now; None when nothing is against any size."""
        if self.bad is None:
            return None
        known = max(self.known, least)
        if settled or self.is_tight(least):
            return max(1, min(known, self.bad - 1))
        return min(max(isqrt(known * self.bad), known + 1), self.bad - 1)

    def is_tight(self, least: int) -> bool:
        """Say whether there is nothing worth finding out."""
        known = max(self.known, least)
        return self.bad is None or self.bad <= known + 1 or self.bad <= known * _TIGHT

    def works(self, size: int, allowed: int = 0) -> Border:
        """Give the border once this size has worked: if one not larger was refused, that was a wrong estimate."""
        good = max(self.good, size)
        if self.bad is None:
            return Border(good, None, max(self.allowed, allowed))
        return Border(good, max(self.bad, good + 1), max(self.allowed, min(allowed, self.bad - 1)))

    def fails(self, size: int) -> Border:
        """Give the border once this size was refused: what was good before and is not smaller is so no more."""
        allowed = self.allowed if self.bad is not None and self.allowed < size else 0
        return Border(self.good if self.good < size else size * 2 // 3, size, allowed)
