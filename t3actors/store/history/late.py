"""Packs what came late: for hours that were packed already.

A few thousand rows are one transaction: they leave `late_samples` and lie in a part of their own, at once.
"""

from __future__ import annotations

from t3actors.store.history import block
from t3actors.store.history.block import Samples
from t3actors.store.history.desk import Desk, Job
from t3actors.store.history.frontiers import DAY_S, HOUR_S, hour_of
from t3actors.store.history.parts import LEVEL_PIECE, Kind, PartWriter, State

ROWS_AT_ONCE = 2000  # reading, packing and writing them is one step

_FIRST = "SELECT MIN(logging_time) FROM late_samples WHERE logging_time < ?"
_ROWS = (
    "SELECT x.series_id, x.logging_time, x.ms, x.value, x.status, s.raw_s FROM late_samples x"
    " LEFT JOIN series s ON s.series_id = x.series_id"
    " WHERE x.logging_time >= ? AND x.logging_time < ? ORDER BY x.logging_time, x.series_id, x.ms LIMIT ?"
)
_DELETE = "DELETE FROM late_samples WHERE (logging_time, series_id, ms) <= (?, ?, ?) AND logging_time >= ?"


def is_waiting(desk: Desk) -> bool:
    """Say whether something waits to be packed."""
    return desk.connection.execute(_FIRST, (desk.frontiers.packed_until,)).get is not None


def pack_late(desk: Desk) -> Job:
    """Pack what waits."""
    while _pack_some(desk):
        yield


def _pack_some(desk: Desk) -> bool:
    connection, frontiers = desk.connection, desk.frontiers
    with desk.transaction():
        first = connection.execute(_FIRST, (frontiers.packed_until,)).get
        if first is None:
            return False
        until = _end_of(first, frontiers.recent_from)
        rows = list(connection.execute(_ROWS, (first, until, ROWS_AT_ONCE)))
        day, last = first // DAY_S, rows[-1]
        keeping: dict[int | None, dict[int, Samples]] = {}
        for series_id, second, ms, value, status, keep_s in rows:
            run = keeping.setdefault(keep_s, {}).setdefault(series_id, Samples([], [], []))
            run.times.append((second - day * DAY_S) * 1000 + ms)
            run.values.append(value)
            run.codes.append(status)
        state = State.ALONE if first < frontiers.recent_from else State.BESIDE_ROWS
        for keep_s, runs in keeping.items():
            part = PartWriter(Kind.SAMPLES, LEVEL_PIECE, day, (first, last[1] + 1), keep_s)
            for series_id in sorted(runs):
                part.add(series_id, block.encode(runs[series_id]), len(runs[series_id].times))
            part.flush(connection, desk.wall_ms())
            part.finish(connection, state)
        connection.execute(_DELETE, (last[1], last[0], last[2], first))
    return True


def _end_of(first: int, recent_from: int) -> int:
    """A part is of one day; and the rows of what is still shown as rows go by the hour."""
    day_end = (first // DAY_S + 1) * DAY_S
    return min(day_end, recent_from) if first < recent_from else hour_of(first) + HOUR_S
