"""Packs what came late: for hours that were packed already, and has these corrected.

A few thousand rows are one transaction: they leave `late_samples` and lie in a part of their own, at once.
"""

from __future__ import annotations

from typing import NamedTuple

from t3actors.events import history as events
from t3actors.store.history import block, correcting
from t3actors.store.history.block import Samples, Value
from t3actors.store.history.desk import Desk, Job
from t3actors.store.history.frontiers import DAY_S, HOUR_S, hour_of
from t3actors.store.history.parts import LEVEL_PIECE, Kind, PartWriter, State

MOST_TRIES = 3
ROWS_AT_ONCE = 2000  # reading, packing and writing them is one step

_FIRST = "SELECT MIN(logging_time) FROM late_samples WHERE logging_time < ?"
_ROWS = (
    "SELECT x.series_id, x.logging_time, x.ms, x.value, x.status, s.raw_s FROM late_samples x"
    " LEFT JOIN series s ON s.series_id = x.series_id"
    " WHERE x.logging_time >= ? AND x.logging_time < ? ORDER BY x.logging_time, x.series_id, x.ms LIMIT ?"
)
_DELETE = "DELETE FROM late_samples WHERE (logging_time, series_id, ms) <= (?, ?, ?) AND logging_time >= ?"


class _Row(NamedTuple):
    series_id: int
    second: int
    ms: int
    value: Value
    status: int
    keep_s: int | None


def is_waiting(desk: Desk) -> bool:
    """Say whether something waits to be packed."""
    return desk.connection.execute(_FIRST, (desk.frontiers.packed_until,)).get is not None


def pack_late(desk: Desk) -> Job:
    """Correct the hours that it changes, then pack what waits: cut short, it is begun anew."""
    tries, beyond = 0, 0
    while rows := _waiting(desk):
        yield from correcting.correct(desk, _firsts(rows))
        with desk.transaction():
            # What came for these hours meanwhile corrects them too.
            is_all = rows == _waiting(desk) or tries >= MOST_TRIES
            tries = 0 if is_all else tries + 1
            if is_all:
                rows = _waiting(desk)
                _pack(desk, rows)
                beyond += sum(_is_beyond(desk, row) for row in rows)
        yield
    if beyond:
        desk.log(events.HISTORY_LATE, samples=beyond, hours_from=desk.frontiers.hours_from * HOUR_S * 1000)


def _waiting(desk: Desk) -> list[_Row]:
    """Return what is packed next, of one day."""
    first = desk.connection.execute(_FIRST, (desk.frontiers.packed_until,)).get
    if first is None:
        return []
    until = min(_end_of(first, desk.frontiers.recent_from), desk.frontiers.packed_until)
    return [_Row(*row) for row in desk.connection.execute(_ROWS, (first, until, ROWS_AT_ONCE))]


def _firsts(rows: list[_Row]) -> dict[int, int]:
    firsts: dict[int, int] = {}
    for row in rows:
        firsts.setdefault(row.series_id, row.second)
    return firsts


def _is_beyond(desk: Desk, row: _Row) -> bool:
    """Say whether aggregates are made of its time that are not corrected any more."""
    return row.second // HOUR_S < desk.frontiers.hours_from


def _pack(desk: Desk, rows: list[_Row]) -> None:
    connection, frontiers = desk.connection, desk.frontiers
    first, last = rows[0].second, rows[-1]
    day = first // DAY_S
    keeping: dict[int | None, dict[int, Samples]] = {}
    for row in rows:
        run = keeping.setdefault(row.keep_s, {}).setdefault(row.series_id, Samples([], [], []))
        run.times.append((row.second - day * DAY_S) * 1000 + row.ms)
        run.values.append(row.value)
        run.codes.append(row.status)
    state = State.ALONE if first < frontiers.recent_from else State.BESIDE_ROWS
    for keep_s, runs in keeping.items():
        part = PartWriter(Kind.SAMPLES, LEVEL_PIECE, day, (first, last.second + 1), keep_s)
        for series_id in sorted(runs):
            part.add(series_id, block.encode(runs[series_id]), len(runs[series_id].times))
        part.flush(connection, desk.wall_ms())
        part.finish(connection, state)
    connection.execute(_DELETE, (last.second, last.series_id, last.ms, first))


def _end_of(first: int, recent_from: int) -> int:
    """A part is of one day; and the rows of what is still shown as rows go by the hour."""
    day_end = (first // DAY_S + 1) * DAY_S
    return min(day_end, recent_from) if first < recent_from else hour_of(first) + HOUR_S
