"""What a minute or an hour of one point was: least, most, mean, last, count; the mean over time; the share of each state. Pure.

The mean over time weighs each value by how long it held: what is stored on change only has few samples where nothing
happens. A value holds until the next sample, not beyond the end of the gateway that read it, and not over a sample that
is not ok. The value that a point came into the span with is one that it had: it counts for least and most. Of a point that
is 0 or 1 the mean over time is the share of time in 1; of one with more states `shares` has each.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from t3actors.store.history.block import Samples, Value

MOST_STATES = 64  # a point whose values take more of them in an hour has no states

Gap = tuple[int, int]
"""[from, until) in which no gateway ran: milliseconds on the samples' own scale."""


class Aggregate(NamedTuple):
    """One point in one span. `at_ms`: its beginning, on the samples' own scale; `known_ms`: for how long a value held."""

    at_ms: int
    n: int
    least: float
    most: float
    mean: float
    last: float
    time_mean: float
    known_ms: int
    held: bool
    """Its last sample was ok: the value holds on into the next span."""
    shares: dict[int, float] | None = None


def aggregated(
    samples: Samples,
    span_ms: int,
    end_ms: int,
    held: float | None = None,
    gaps: Sequence[Gap] = (),
    *,
    states: bool = False,
) -> list[Aggregate]:
    """Sum up a run from the beginning of its first span to `end_ms`. A span without a number in it has no row.

    `held`: the value at that beginning, where one is known. `states`: tell the share of each value.
    """
    times, values, _ = samples
    made: list[Aggregate] = []
    start = 0
    while start < len(times):
        begin = times[start] // span_ms * span_ms
        until = min(begin + span_ms, end_ms)
        stop = bisect_left(times, begin + span_ms, start)
        if start and any(times[start - 1] < back <= begin for _, back in gaps):
            held = None
        numbers = [number_of(value) for value in values[start:stop]]
        row = _row(begin, until, times[start:stop], numbers, held, gaps, states=states)
        if row is not None:
            made.append(row)
        held = numbers[-1]
        start = stop
    return made


def number_of(value: Value) -> float | None:
    """Return the value as a number that can be summed up, or None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return float(value) if isinstance(value, int) else None


def _row(
    begin: int, until: int, times: list[int], numbers: list[float | None], held: float | None, gaps: Sequence[Gap],
    *, states: bool,
) -> Aggregate | None:  # fmt: skip
    known: list[float] = [number for number in numbers if number is not None]
    if not known:
        return None
    weights = _weights(begin, until, times, [held, *numbers], gaps)
    had = [*known, *(number for number, _ in weights[:1])]  # the value that it came in with is one that it had
    least, most = min(had), max(had)
    mean = time_mean = _within(least, most, sum(known) / len(known))
    known_ms = sum(weight for _, weight in weights)
    if known_ms:
        time_mean = _within(least, most, sum(number * weight for number, weight in weights) / known_ms)
    shares = _shares(weights, known_ms) if states else None
    holds = numbers[-1] is not None
    return Aggregate(begin, len(known), least, most, mean, known[-1], time_mean, known_ms, holds, shares)


def _weights(
    begin: int, until: int, times: list[int], numbers: list[float | None], gaps: Sequence[Gap]
) -> list[tuple[float, int]]:
    """Return each value with how long it held."""
    edges = [begin, *times, until]
    made = []
    for number, (since, next_at) in zip(numbers, pairwise(edges), strict=True):
        if number is None:
            continue
        end = next_at
        for gone, back in gaps:
            if since < back and gone < next_at:
                end = min(end, max(since, gone))
        if end > since:
            made.append((number, end - since))
    return made


def _within(least: float, most: float, mean: float) -> float:
    """A mean lies between its values, whatever rounding makes of it; a sum beyond all numbers is their middle."""
    return min(max(mean, least), most) if math.isfinite(mean) else least / 2 + most / 2


def _shares(weights: list[tuple[float, int]], known_ms: int) -> dict[int, float] | None:
    spent: dict[int, int] = {}
    for number, weight in weights:
        if number != int(number):
            return None
        spent[int(number)] = spent.get(int(number), 0) + weight
    if len(spent) > MOST_STATES or not known_ms:
        return None
    return {state: round(weight / known_ms, 6) for state, weight in sorted(spent.items())}
