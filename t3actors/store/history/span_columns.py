"""Aggregates of one series as columns, a span each, in the order of time: a year of hours is read and shown column by column. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import chain, groupby, pairwise
from operator import itemgetter

from t3actors.named import NamedTuple
from t3actors.store.history.aggregates import Aggregate
from t3actors.store.history.unpacking import AggregateColumns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Spans(NamedTuple):
    """Columns of one length. As in Aggregate, but that each row stands for one span alone."""

    at_ms: list[int]
    n: list[int]
    least: list[float]
    most: list[float]
    mean: list[float]
    last: list[float]
    time_mean: list[float]
    known_ms: list[int]
    held: list[bool]


def in_columns(rows: Sequence[Aggregate]) -> AggregateColumns:
    """Turn rows into columns as they are packed."""
    at_ms, n, least, most, mean, last, time_mean, known_ms, held, _shares, spans = _columns(rows)
    return at_ms, n, least, most, mean, last, time_mean, known_ms, held, spans


def told_by(rows: Sequence[Aggregate]) -> Spans:
    """Turn rows that are a span each into columns."""
    return Spans(*_columns(rows)[:9])


def _columns(rows: Sequence[Aggregate]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in Aggregate._fields]


def in_rows(spans: Spans) -> list[Aggregate]:
    """Turn columns into rows."""
    return list(map(Aggregate, *spans))


def one_after_another(pieces: Iterable[AggregateColumns]) -> AggregateColumns:
    """Put pieces, each in the order of its times, behind one another by their times; where they reach into each other, row by row."""
    filled = [piece for piece in pieces if piece[0]]
    ordered = sorted(filled, key=_begin)
    if all(before[0][-1] < after[0][0] for before, after in pairwise(ordered)):
        return _chained(ordered)
    made = _chained(filled)
    order = sorted(range(len(made[0])), key=made[0].__getitem__)
    return tuple([column[place] for place in order] for column in made)  # type: ignore[return-value]


def _begin(piece: AggregateColumns) -> int:
    return piece[0][0]


def _chained(pieces: Sequence[AggregateColumns]) -> AggregateColumns:
    if not pieces:
        return [], [], [], [], [], [], [], [], [], []
    return tuple(list(chain.from_iterable(columns)) for columns in zip(*pieces, strict=True))  # type: ignore[return-value]


def apart(columns: AggregateColumns, span_ms: int) -> Spans:
    """Give each span a row of its own, and say of each whether its value held on; where that is not known, as far as the rows tell.

    It did where the next span is told of, or where it was known to the end of its own.
    """
    at_ms, n, least, most, mean, last, time_mean, known_ms, told, counts = columns
    if counts and max(counts) > 1:
        told = [each for held, count in zip(told, counts, strict=True) for each in (*[True] * (count - 1), held)]
        at_ms = [at + span_ms * more for at, count in zip(at_ms, counts, strict=True) for more in range(count)]
        places = [place for place, count in enumerate(counts) for _ in range(count)]
        n, known_ms = ([column[place] for place in places] for column in (n, known_ms))
        least, most, mean, last, time_mean = (
            [column[place] for place in places] for column in (least, most, mean, last, time_mean)
        )
    nexts = [*at_ms[1:], -1] if at_ms else []
    held = [
        known >= span_ms or after == at + span_ms if held is None else held
        for at, after, known, held in zip(at_ms, nexts, known_ms, told, strict=True)
    ]
    return Spans(at_ms, n, least, most, mean, last, time_mean, known_ms, held)


def part_of(spans: Spans, places: Sequence[int]) -> Spans:
    """Return these rows."""
    if len(places) == len(spans.at_ms):
        return spans
    return Spans(*([column[place] for place in places] for column in spans))  # type: ignore[arg-type]


def between(spans: Spans, since_ms: int, until_ms: int) -> Spans:
    """Return the rows whose times lie between two, both included."""
    if sorted(spans.at_ms) == spans.at_ms:
        wanted = slice(bisect_left(spans.at_ms, since_ms), bisect_right(spans.at_ms, until_ms))
        return Spans(*(column[wanted] for column in spans))  # type: ignore[arg-type]
    return part_of(spans, [place for place, at_ms in enumerate(spans.at_ms) if since_ms <= at_ms <= until_ms])


def in_time(found: Sequence[tuple[int, Spans]]) -> list[tuple[int, Spans]]:
    """Put what several series (by number) tell into the order of time; of one time, of their numbers."""
    filled = sorted((each for each in found if each[1].at_ms), key=lambda each: each[1].at_ms[0])
    if all(before.at_ms[-1] < after.at_ms[0] for (_, before), (_, after) in pairwise(filled)):
        return filled
    by_number = dict(found)
    rows = sorted((at_ms, which, place) for which, spans in found for place, at_ms in enumerate(spans.at_ms))
    return [
        (which, part_of(by_number[which], [place for _, _, place in some]))
        for which, some in groupby(rows, key=itemgetter(1))
    ]
