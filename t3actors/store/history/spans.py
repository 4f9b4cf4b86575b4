"""Joins aggregates into longer spans: hours into days, minutes into quarters of an hour. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from t3actors.store.history.aggregates import Aggregate


def joined(rows: Sequence[Aggregate], span_ms: int) -> list[Aggregate]:
    """Join the rows, which are in time order, that begin within each span of that length (counted from 0)."""
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
        return rows[0]._replace(at_ms=begin)
    count, known_ms = sum(row.n for row in rows), sum(row.known_ms for row in rows)
    mean = sum(row.mean * (row.n / count) for row in rows)
    weights = [row.known_ms / known_ms if known_ms else 1 / len(rows) for row in rows]
    time_mean = sum(row.time_mean * weight for row, weight in zip(rows, weights, strict=True))
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
