"""Floating point numbers as whole ones over one divisor, exactly: 21.5 is 215 over 10. Pure.

Decimal values (a sensor's 0.1, a meter's 0.01) have a power of ten; what came as a 32-bit float has a power of two. A
column of which neither is true to the last bit (real 64-bit noise, infinity, minus zero) has none and stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

TENS = (1, 10, 100, 1000, 10_000)
LARGEST_TWO = 1 << 50
EXACT = 1 << 53
"""Whole numbers below it are exact as 64-bit floats: so is the division by which SQL gets the value back."""

Scaled = tuple[int, list[int]]


def scaled(values: Sequence[float]) -> Scaled | None:
    """Return (divisor, whole numbers) such that each number over the divisor is the very value; or None."""
    largest = max(map(abs, values))
    if largest >= EXACT or not all(map(math.isfinite, values)):
        return None
    for ten in TENS:
        if largest * ten >= EXACT:
            break
        made = _over(values, ten)
        if made is not None:
            return ten, made
    return _binary(values, largest)


def _over(values: Sequence[float], divisor: int) -> list[int] | None:
    """Return the whole numbers, unless one of them is not exact. The first few tell most often."""
    for value in values[:4]:
        if round(value * divisor) / divisor != value:
            return None
    whole = [round(value * divisor) for value in values]
    for number, value in zip(whole, values, strict=True):
        if number / divisor != value or (number == 0 and math.copysign(1.0, value) < 0):
            return None
    return whole


def _binary(values: Sequence[float], largest: float) -> Scaled | None:
    """A divisor that is a power of two: the largest denominator of all values, for they are fractions of such."""
    divisor = 1
    for value in values:
        denominator = value.as_integer_ratio()[1]
        if denominator > divisor:
            divisor = denominator
            if divisor > LARGEST_TWO or largest * divisor >= EXACT:
                return None
    made = _over(values, divisor)
    return None if made is None else (divisor, made)
