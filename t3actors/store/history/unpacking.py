"""Takes rows of `blocks` and `aggregate_blocks` apart into columns: what block.py and aggregate_block.py have packed. Pure.

Whoever only reads needs no more than this, and it imports next to nothing: the command line reads a day of samples in the time
that others take to be imported (cli/quickly.py).
"""

from __future__ import annotations

from math import isfinite

from t3actors.named import NamedTuple
from t3actors.store.history.integers import unpack, unpack_floats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

MOST = 1023  # samples in a block: the views count up to it
WHOLE, RAW, TEXT, DIGITS = 0, -1, -2, -3
FRACTIONS = 65_535

Value = float | int | str | bytes | None
AGGREGATE_FIELDS = (
    "n", "t0", "tq", "tw", "vd", "v0", "vw", "xw", "lw", "fw", "c0", "cw", "k0", "kw", "d", "x", "r0", "rw", "ends",
)  # fmt: skip
"""The columns of `aggregate_blocks` as `aggregates_of` takes them."""
AggregateColumns = tuple[
    list[int], list[int], list[float], list[float], list[float], list[float], list[float], list[int], list[bool | None], list[int]
]  # fmt: skip
"""Aggregates of one series in time order: milliseconds, n, least, most, mean, last, time_mean, known_ms, held, spans (aggregates.py)."""


class Samples(NamedTuple):
    """A run of one series in time order: milliseconds since the day began, values, codes."""

    times: list[int]
    values: list[Value]
    codes: list[int]


class BlockDamaged(ValueError):
    """The row is no block."""


def samples_of(fields: Sequence[Any], day_ms: int = 0) -> Samples:
    """Take the columns of a row of `blocks` behind its id apart; times count from `-day_ms`. **Raises**: BlockDamaged."""
    try:
        return _samples_of(fields, day_ms)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, MemoryError) as error:
        raise BlockDamaged(f"not a block of history: {error}") from error


def _samples_of(fields: Sequence[Any], day_ms: int) -> Samples:
    n, t0, tq, tw, v0, vd, vw, d, q, x = fields
    if not 1 <= n <= MOST:
        raise ValueError(f"{n} samples")
    t0 += day_ms
    if tw == 0:
        times = list(range(t0, t0 + n * tq, tq)) if tq else [t0] * n
    elif tq == 1:
        times = [t0 + offset for offset in unpack(d, 0, tw, n)]
    else:
        times = [t0 + tq * offset for offset in unpack(d, 0, tw, n)]
    start = n * tw
    values: list[Value]
    if vd > 0:
        values = [(v0 + number) / vd for number in unpack(d, start, vw, n)]
    elif vd == WHOLE:
        values = [v0 + number for number in unpack(d, start, vw, n)]
    elif vd == RAW:
        values = list(unpack_floats(d, start, n))
    elif vd in (TEXT, DIGITS):
        values = _texts(d, start, x, n, digits=vd == DIGITS)
    else:
        raise ValueError(f"kind {vd} is not known")
    codes = [0] * n
    if q is not None:
        _apply(q, values, codes)
    return Samples(times, values, codes)


def _texts(d: bytes, start: int, x: str | None, n: int, *, digits: bool) -> list[Value]:
    import json  # noqa: PLC0415 - few points have texts, and it takes long to import

    index = json.loads(x or "")
    if len(index) != n:
        raise ValueError("texts are missing")
    texts = [d[start + place : start + place + length] for place, length in index]
    return list(texts) if digits else [text.decode() for text in texts]


def _apply(q: str | bytes, values: list[Value], codes: list[int]) -> None:
    n = len(codes)
    if isinstance(q, bytes):
        marks = unpack(q, 0, len(q) // n, n)
        codes[:] = [mark >> 1 for mark in marks]
        values[:] = [None if mark & 1 else value for mark, value in zip(marks, values, strict=True)]
        return
    import json  # noqa: PLC0415 - few blocks have marks

    runs = json.loads(q)
    ends = [first for first, _ in runs[1:]] + [n]
    for (first, mark), end in zip(runs, ends, strict=True):
        if not 0 <= first <= end <= n:
            raise ValueError("the runs of marks are not in order")
        codes[first:end] = [mark >> 1] * (end - first)
        if mark & 1:
            values[first:end] = [None] * (end - first)


def aggregates_of(fields: Sequence[Any], base_ms: int = 0) -> AggregateColumns:
    """Take the columns of a row of `aggregate_blocks` behind its id apart, but for `x`, the shares of states, which is not looked at;
    times count from `-base_ms`. **Raises**: BlockDamaged."""
    try:
        return _aggregates_of(fields, base_ms)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, MemoryError) as error:
        raise BlockDamaged(f"not a block of aggregates: {error}") from error


def _aggregates_of(fields: Sequence[Any], base_ms: int) -> AggregateColumns:
    n, t0, tq, tw, vd, v0, vw, xw, lw, fw, c0, cw, k0, kw, d, _x, r0, rw, ends = fields
    if not 1 <= n <= MOST:
        raise ValueError(f"{n} rows")
    at = n * tw
    offsets = unpack(d, 0, tw, n) if tw else range(n)
    times = [(t0 + tq * offset) * 1000 + base_ms for offset in offsets]
    if vd == RAW:
        least, most, last = (unpack_floats(d, at + 8 * n * place, n) for place in range(3))
        at += 24 * n
    else:
        low = [v0 + number for number in unpack(d, at, vw, n)]
        at += n * vw
        least = [number / vd for number in low]
        most = [(base + more) / vd for base, more in zip(low, unpack(d, at, xw, n), strict=True)]
        at += n * xw
        last = [(base + more) / vd for base, more in zip(low, unpack(d, at, lw, n), strict=True)]
        at += n * lw
    means = unpack(d, at, fw, 2 * n)
    mean, time_mean = between(least, most, means[:n]), between(least, most, means[n:])
    at += 2 * n * fw
    counts = _more(c0, unpack(d, at, cw, n))
    at += n * cw
    known = [seconds * 1000 for seconds in _more(k0, unpack(d, at, kw, n))]
    spans = _more(r0, unpack(d, at + n * kw, rw, n))
    if not 1 <= min(spans) <= max(spans) <= MOST:
        raise ValueError(f"a row of {max(spans)} spans")
    return times, counts, least, most, mean, last, time_mean, known, _held(ends, n), spans


def _held(ends: str | None, n: int) -> list[bool | None]:
    if ends is None:
        return [None] * n
    held: list[bool | None] = [True] * n
    for place in ends.strip("[]").split(",") if ends else ():
        held[int(place)] = False
    return held


def _more(least: int, numbers: list[int]) -> list[int]:
    return [least + number for number in numbers] if least else numbers


def between(least: list[float], most: list[float], fractions: list[int]) -> list[float]:
    """Return what lies so many 65535ths of the way from least to most."""
    made = [low + (high - low) * (part / FRACTIONS) for low, high, part in zip(least, most, fractions, strict=True)]
    if isfinite(sum(made)) or all(map(isfinite, made)):
        return made
    shares = [part / FRACTIONS for part in fractions]  # a range beyond all numbers
    return [low * (1 - share) + high * share for low, high, share in zip(least, most, shares, strict=True)]
