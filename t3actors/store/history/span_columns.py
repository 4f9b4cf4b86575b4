"""Aggregates of one series as columns, a span each, in the order of time: a year of hours is read and shown column by column. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, groupby, pairwise
from operator import itemgetter

from t3actors.named import NamedTuple
from t3actors.store.history.aggregates import Aggregate
from t3actors.store.history.unpacking import AggregateColumns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    One = TypeVar("One")


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
    many = [place for place, count in enumerate(counts) if count > 1] if counts and max(counts) > 1 else []
    if many:
        at_ms = _spread(at_ms, many, lambda at, place: range(at, at + span_ms * counts[place], span_ms))
        told = _spread(told, many, lambda held, place: [*[True] * (counts[place] - 1), held])
        n, known_ms = (_spread(column, many, lambda one, place: [one] * counts[place]) for column in (n, known_ms))
        least, most, mean, last, time_mean = (
            _spread(column, many, lambda one, place: [one] * counts[place])
            for column in (least, most, mean, last, time_mean)
        )
    held = told if None not in told else _held(at_ms, known_ms, told, span_ms)
    return Spans(at_ms, n, least, most, mean, last, time_mean, known_ms, held)  # type: ignore[arg-type]


def _held(at_ms: list[int], known_ms: list[int], told: list[bool | None], span_ms: int) -> list[bool]:
    return [
        known >= span_ms or after == at + span_ms if held is None else held
        for at, after, known, held in zip(at_ms, [*at_ms[1:], -1], known_ms, told, strict=True)
    ]


def _spread(column: list[One], many: Sequence[int], each: Callable[[One, int], Iterable[One]]) -> list[One]:
    """Put several in the place of one: of a column of spans, those that each row at these places stands for."""
    made: list[One] = []
    start = 0
    for place in many:
        made += column[start:place]
        made += each(column[place], place)
        start = place + 1
    return made + column[start:]


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
