"""Whether a Temco panel's analog values are to be divided by 1000: decided from what they can be, and said how. Pure.

Not known to us from any document: T3000's own protocol counts thousandths, its standard objects may or may not. A value with a
fraction is never thousandths. A whole one that no sensor in its units can show, but a thousandth of it can, speaks for 1000;
one that is likely as it stands, and a thousandth of it is not, for 1. Where nothing speaks, or both do, nothing is
divided, and that is said.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import NamedTuple

THOUSANDTHS = 1000
_LIKELY = {  # by engineering units: from what to what a building's values lie, when they are not near 0
    62: (1.0, 400.0),  # °C
    64: (5.0, 750.0),  # °F
    63: (200.0, 700.0),  # K
    98: (1.0, 110.0),  # %
    29: (5.0, 110.0),  # %RH
    5: (0.5, 480.0),  # V
    3: (0.5, 400.0),  # A
    2: (0.5, 25.0),  # mA
    96: (100.0, 20_000.0),  # ppm
    27: (1.0, 100.0),  # Hz
}


class Scale(NamedTuple):
    """What to divide by, whether that was decided, and why, for the log."""

    divisor: int
    decided: bool
    reason: str


def decide(values: Iterable[tuple[int | None, float]]) -> Scale:
    """Decide from (engineering units, present-value as read) of the panel's analog points."""
    thousandths = plain = fractions = 0
    for units_code, value in values:
        if not isfinite(value) or value == 0:
            continue
        if value != int(value):
            fractions += 1
            continue
        low, high = _LIKELY.get(units_code, (0.0, 0.0)) if units_code is not None else (0.0, 0.0)
        as_read, divided = low <= abs(value) <= high, low <= abs(value) / THOUSANDTHS <= high
        plain += as_read and not divided
        thousandths += divided and not as_read
    if fractions:
        return Scale(1, decided=True, reason=f"{fractions} values have a fraction")
    if thousandths and not plain:
        return Scale(THOUSANDTHS, decided=True, reason=f"{thousandths} values are likely only in thousandths")
    if plain and not thousandths:
        return Scale(1, decided=True, reason=f"{plain} values are likely only as they are")
    reason = f"{plain} values speak for 1, {thousandths} for 1000" if plain else "no value speaks for either"
    return Scale(1, decided=False, reason=reason)
