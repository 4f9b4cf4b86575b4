"""What a minute or an hour of one point was: least, most, mean, last, count; the mean over time; the share of each state. Pure.

The mean over time weighs each value by how long it held: what is stored on change only has few samples where nothing
happens. A value holds until the next sample, over however many spans, but not beyond the end of the gateway that read it, and
not over a sample that is not ok. The value that a point came into the span with is one that it had: it counts for least and
most. A span in which a value held is told, also where it has no sample; what nothing is known of is not. Of a point that is 0
or 1 the mean over time is the share of time in 1; of one with more states `shares` has each.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from t3actors.named import NamedTuple
from t3actors.store.history.unpacking import Samples, Value

MOST_STATES = 64  # a point whose values take more of them in an hour has no states

Gap = tuple[int, int]
"""[from, until) in which no gateway ran: milliseconds on the samples' own scale."""


class Aggregate(NamedTuple):
    """One point in one span. `at_ms`: its beginning, on the samples' own scale; `known_ms`: for how long a value held.

    Where `n` is 0 the value that it came in with held, all of the time or some: least, most, means and last are that value.
    """

    at_ms: int
    n: int
    least: float
    most: float
    mean: float
    last: float
    time_mean: float
    known_ms: int
    held: bool | None
    """The value holds on into the next span; None: nobody knows (packed before schema 10)."""
    shares: dict[int, float] | None = None
    spans: int = 1
    """For how many spans it stands, one after the other and each like it: only where no sample lies in them."""


def aggregated(
    samples: Samples,
    span_ms: int,
    end_ms: int,
    held: float | None = None,
    gaps: Sequence[Gap] = (),
    *,
    since_ms: int | None = None,
    states: bool = False,
) -> list[Aggregate]:
    """Sum up a run from `since_ms` (None: the beginning of its first sample's span) to `end_ms`; spans are counted from 0.

    Spans without a sample through which a value held are one row, `spans` long. `held`: the value at the beginning, where
    one is known. `gaps`: in the order of time. `states`: tell the share of each value.
    """
    times, values, _ = samples
    if since_ms is None:
        since_ms = times[0] // span_ms * span_ms if times else end_ms
    made: list[Aggregate] = []
    start = 0
    while start < len(times):
        begin = times[start] // span_ms * span_ms
        made += quiet(since_ms, begin, span_ms, held, gaps, states=states)
        if begin > since_ms:
            held = _held_over(since_ms, begin, held, gaps)
        until = min(begin + span_ms, end_ms)
        stop = bisect_left(times, begin + span_ms, start)
        numbers = [number_of(value) for value in values[start:stop]]
        row = _row((begin, max(begin, since_ms), until), times[start:stop], numbers, held, gaps, states=states)
        held = _held_over(times[stop - 1], until, numbers[-1], gaps)
        if row is not None:
            made.append(row._replace(held=held is not None))
        start, since_ms = stop, until
    return made + quiet(since_ms, end_ms, span_ms, held, gaps, states=states)


def quiet(
    since_ms: int, end_ms: int, span_ms: int, held: float | None, gaps: Sequence[Gap] = (), *, states: bool = False
) -> list[Aggregate]:
    """Sum up a time without a sample: one row of whole spans, and one for each part of a span before and behind."""
    if held is None or end_ms <= since_ms:
        return []
    first = -(-since_ms // span_ms) * span_ms
    if first > since_ms:
        until = min(first, end_ms)
        row = _row((first - span_ms, since_ms, until), [], [], held, gaps, states=states)
        held = _held_over(since_ms, until, held, gaps)
        behind = quiet(first, end_ms, span_ms, held, gaps, states=states)
        return behind if row is None else [row._replace(held=held is not None), *behind]
    known_until = min([end_ms, *(max(since_ms, gone) for gone, back in gaps if back > since_ms)])
    whole, part_ms = divmod(known_until - since_ms, span_ms)
    shares = _shares([(held, 1)], 1) if states else None
    row = Aggregate(since_ms, 0, held, held, held, held, held, span_ms, True, shares, whole)
    made = [row] if whole else []
    if part_ms:
        made.append(
            row._replace(at_ms=since_ms + whole * span_ms, known_ms=part_ms, held=known_until == end_ms, spans=1)
        )
    elif whole and known_until < end_ms:
        made = [row._replace(spans=whole - 1)] if whole > 1 else []
        made.append(row._replace(at_ms=since_ms + (whole - 1) * span_ms, held=False, spans=1))
    return made


def _held_over(since_ms: int, until_ms: int, held: float | None, gaps: Sequence[Gap]) -> float | None:
    """Return the value that held at `until_ms` still: None where a gap lies between."""
    return None if held is None or any(since_ms < back and gone < until_ms for gone, back in gaps) else held


def number_of(value: Value) -> float | None:
    """Return the value as a number that can be summed up, or None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return float(value) if isinstance(value, int) else None


def _row(
    span: tuple[int, int, int], times: list[int], numbers: list[float | None], held: float | None, gaps: Sequence[Gap],
    *, states: bool,
) -> Aggregate | None:  # fmt: skip
    """Sum up one span: when it began, from when and until when it is looked at."""
    begin, since, until = span
    known: list[float] = [number for number in numbers if number is not None]
    weights = _weights(since, until, times, [held, *numbers], gaps)
    if not known and not weights:
        return None
    had = [*known, *(number for number, _ in weights[:1])]  # the value that it came in with is one that it had
    least, most = min(had), max(had)
    known_ms = sum(weight for _, weight in weights)
    mean = time_mean = _within(least, most, sum(known) / len(known)) if known else least
    if known_ms:
        time_mean = _within(least, most, sum(number * weight for number, weight in weights) / known_ms)
    shares = _shares(weights, known_ms) if states else None
    return Aggregate(begin, len(known), least, most, mean, had[len(known) - 1], time_mean, known_ms, True, shares)


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
