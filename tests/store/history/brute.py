"""What history's aggregates are to say, reckoned the slow way: out of each sample, when it held, and when a gateway ran."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from t3actors.store.history.aggregates import Gap

Held = tuple[int, int, float]
"""From, until (milliseconds), value."""


class Told(NamedTuple):
    """A span: samples with a number in it, least, most, mean over time, for how long a value was known (milliseconds)."""

    n: int
    least: float
    most: float
    time_mean: float
    known_ms: int
    last: float


def held(samples: Sequence[tuple[int, float | None]], gaps: Sequence[Gap], until_ms: int) -> list[Held]:
    """Return when each value held: until the next sample, but not beyond the end of the gateway that read it."""
    made = []
    for index, (at_ms, value) in enumerate(samples):
        end_ms = samples[index + 1][0] if index + 1 < len(samples) else until_ms
        for gone, back in gaps:
            if at_ms < back and gone < end_ms:
                end_ms = max(at_ms, gone)
        if value is not None and end_ms > at_ms:
            made.append((at_ms, end_ms, value))
    return made


def told(
    samples: Sequence[tuple[int, float | None]], gaps: Sequence[Gap], span_ms: int, until_ms: int
) -> dict[int, Told]:
    """Return the spans that begin before `until_ms` and in which something was known, by when they begin."""
    pieces = held(samples, gaps, until_ms)
    made: dict[int, Told] = {}
    first = min((at_ms for at_ms, _ in samples), default=until_ms) // span_ms * span_ms
    for begin in range(first, until_ms, span_ms):
        end = begin + span_ms
        inside = [value for at_ms, value in samples if begin <= at_ms < end and value is not None]
        here = [
            (max(since, begin), min(until, end), value)
            for since, until, value in pieces
            if since < end and until > begin
        ]
        known_ms = sum(until - since for since, until, _ in here)
        if not inside and not here:
            continue
        values = inside + [value for _, _, value in here]
        mean = (
            sum((until - since) * value for since, until, value in here) / known_ms
            if known_ms
            else sum(inside) / len(inside)
        )
        made[begin] = Told(len(inside), min(values), max(values), mean, known_ms, inside[-1] if inside else here[0][2])
    return made
