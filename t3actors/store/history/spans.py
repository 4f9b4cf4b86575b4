"""Joins aggregates into longer spans (hours into days, minutes into quarters of an hour), and what is alike into one row. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from t3actors.store.history.aggregates import Aggregate
from t3actors.store.history.unpacking import MOST


def joined(rows: Sequence[Aggregate], span_ms: int) -> list[Aggregate]:
    """Join the rows, which are in time order and of one span each, that begin within each span of that length (counted from 0)."""
    made: list[Aggregate] = []
    start = 0
    while start < len(rows):
        begin = rows[start].at_ms // span_ms * span_ms
        end = start
        while end < len(rows) and rows[end].at_ms < begin + span_ms:
            end += 1
        made.append(_one(begin, rows[start:end]))
        start = end
    return made


def _one(begin: int, rows: Sequence[Aggregate]) -> Aggregate:
    if len(rows) == 1:
        return rows[0] if rows[0].at_ms == begin else rows[0]._replace(at_ms=begin)
    count, known_ms = sum(row.n for row in rows), sum(row.known_ms for row in rows)
    weights = [row.known_ms / known_ms if known_ms else 1 / len(rows) for row in rows]
    time_mean = sum(row.time_mean * weight for row, weight in zip(rows, weights, strict=True))
    mean = sum(row.mean * (row.n / count) for row in rows) if count else time_mean
    least, most = min(row.least for row in rows), max(row.most for row in rows)
    shares = _shares(rows, weights)
    return Aggregate(
        begin, count, least, most, min(max(mean, least), most), rows[-1].last, min(max(time_mean, least), most), known_ms,
        rows[-1].held, shares,
    )  # fmt: skip


def _shares(rows: Sequence[Aggregate], weights: Sequence[float]) -> dict[int, float] | None:
    spent: dict[int, float] = {}
    for row, weight in zip(rows, weights, strict=True):
        if row.shares is None:
            return None
        for state, share in row.shares.items():
            spent[state] = spent.get(state, 0.0) + share * weight
    return {state: round(share, 6) for state, share in sorted(spent.items())}


def calmed(rows: Iterable[Aggregate], span_ms: int) -> list[Aggregate]:
    """Join rows that follow one another, through all of which one value held, into as few as may be."""
    made: list[Aggregate] = []
    for row in rows:
        before = made[-1] if made else None
        if (
            before is not None
            and before.n == row.n == 0
            and before.known_ms == row.known_ms == span_ms
            and row.at_ms == before.at_ms + before.spans * span_ms
            and (row.last, row.shares) == (before.last, before.shares)
            and before.spans + row.spans <= MOST
        ):
            made[-1] = before._replace(spans=before.spans + row.spans, held=row.held)
        else:
            made.append(row)
    return made


def told(rows: Iterable[Aggregate], span_ms: int) -> list[Aggregate]:
    """Say of each row whether its value held on, where that is not known: as far as the rows tell.

    It did where the next span is told of, or where it was known to the end of its own.
    """
    made = list(rows)
    for place, (row, after) in enumerate(zip_longest(made, made[1:])):
        if row.held is None:
            end_ms = row.at_ms + row.spans * span_ms
            held = row.known_ms >= span_ms or (after is not None and after.at_ms == end_ms)
            made[place] = row._replace(held=held)
    return made
