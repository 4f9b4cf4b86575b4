"""Packs what came late, for hours that were packed already, and has these corrected.

A round takes all of some series, as many samples as fit into memory, however many wait: so each hour of a point is corrected once.
First what they change is made anew (correcting.py), then they leave `late_samples` and lie in parts of their own, some thousand in a
transaction. What comes meanwhile waits for the next round. A round that is cut short is begun anew: nothing is counted twice, for all
is made anew out of samples.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from operator import itemgetter
from typing import NamedTuple

from t3actors.events import history as events
from t3actors.store.history import block, correcting
from t3actors.store.history.desk import Desk, Job, Pace
from t3actors.store.history.frontiers import DAY_S, HOUR_S, hour_of
from t3actors.store.history.parts import LEVEL_PIECE, Kind, PartWriter, State
from t3actors.store.history.unpacking import Samples, Value

ROWS_AT_ONCE = 50_000
"""Samples of a round: some 10 MB as Python has them."""

_FIRST = "SELECT MIN(logging_time) FROM late_samples WHERE logging_time >= ? AND logging_time < ?"
_COUNT = "SELECT series_id, count(*) FROM late_samples WHERE logging_time >= ? AND logging_time < ? GROUP BY series_id"
_ROWS = (
    "SELECT x.series_id, x.logging_time, x.ms, x.value, x.status, s.raw_s FROM late_samples x"
    " LEFT JOIN series s ON s.series_id = x.series_id"
    " WHERE x.logging_time >= ? AND x.logging_time < ? AND x.series_id BETWEEN ? AND ?"
)
_DELETE = "DELETE FROM late_samples WHERE logging_time = ? AND series_id = ? AND ms = ?"
_FIRST_OF_ALL = -(1 << 62)


class _Row(NamedTuple):
    series_id: int
    second: int
    ms: int
    value: Value
    status: int
    keep_s: int | None

    @property
    def at_ms(self) -> int:
        return self.second * 1000 + self.ms


def is_waiting(desk: Desk) -> bool:
    """Say whether something waits to be packed."""
    return desk.connection.execute(_FIRST, (_FIRST_OF_ALL, desk.frontiers.packed_until)).get is not None


def pack_late(desk: Desk) -> Generator[None, None, bool]:
    """One round. **Returns**: whether others were left for the next."""
    counts: dict[int, int] = {}
    for span in _spans(desk):
        for series_id, count in desk.connection.execute(_COUNT, span):
            counts[series_id] = counts.get(series_id, 0) + count
        yield
    series = _some(counts)
    if not series:
        return False
    rows: list[_Row] = []
    for span in _spans(desk):
        rows += map(_Row._make, desk.connection.execute(_ROWS, (*span, series[0], series[-1])))
        yield
        if len(rows) >= ROWS_AT_ONCE and len(series) == 1:
            break
    rows.sort(key=_by_time)
    yield
    yield from correcting.correct(desk, _by_series(rows))
    yield from _pack(desk, rows)
    hours = {(row.series_id, row.second // HOUR_S) for row in rows}
    desk.log(events.HISTORY_LATE, samples=len(rows), points=len({row.series_id for row in rows}), hours=len(hours))
    return len(series) < len(counts) or len(rows) < sum(counts[each] for each in series)


def _spans(desk: Desk) -> Iterator[tuple[int, int]]:
    """Cut the time in which something waits into spans of as many seconds as a step can do."""
    pace, until = Pace(600, 1, 30 * DAY_S), desk.frontiers.packed_until
    since = _FIRST_OF_ALL
    while (first := desk.connection.execute(_FIRST, (since, until)).get) is not None:
        with pace.step() as seconds:
            since = min(first + seconds, until)
            yield first, since


def _some(counts: dict[int, int]) -> list[int]:
    """Return the first series, in order, as many as fit into a round."""
    some: list[int] = []
    rows = 0
    for series_id in sorted(counts):
        if some and rows + counts[series_id] > ROWS_AT_ONCE:
            break
        some.append(series_id)
        rows += counts[series_id]
    return some


def _by_series(rows: list[_Row]) -> dict[int, Samples]:
    made: dict[int, Samples] = {}
    for row in rows:
        run = made.setdefault(row.series_id, Samples([], [], []))
        run.times.append(row.at_ms)
        run.values.append(row.value)
        run.codes.append(row.status)
    return made


def _pack(desk: Desk, rows: list[_Row]) -> Job:
    """Pack rows, which are in order of time, some at a time: they leave `late_samples` with the commit that shows their part."""
    pace, first = Pace(500, 50, 8000), 0
    while first < len(rows):
        with pace.step() as most:
            end_s = _end_of(rows[first].second, desk.frontiers.recent_from)
            end = first
            while end < len(rows) and end < first + most and rows[end].second < end_s:
                end += 1
            with desk.transaction():
                _pack_some(desk, rows[first:end])
            first = end
        yield


def _pack_some(desk: Desk, rows: list[_Row]) -> None:
    connection = desk.connection
    first, last = rows[0].second, rows[-1].second
    day = first // DAY_S
    keeping: dict[int | None, dict[int, Samples]] = {}
    for row in rows:
        run = keeping.setdefault(row.keep_s, {}).setdefault(row.series_id, Samples([], [], []))
        run.times.append(row.at_ms - day * DAY_S * 1000)
        run.values.append(row.value)
        run.codes.append(row.status)
    state = State.ALONE if first < desk.frontiers.recent_from else State.BESIDE_ROWS
    for keep_s, runs in keeping.items():
        part = PartWriter(Kind.SAMPLES, LEVEL_PIECE, day, (first, last + 1), keep_s)
        for series_id in sorted(runs):
            part.add(series_id, block.encode(runs[series_id]), len(runs[series_id].times))
        part.flush(connection, desk.wall_ms())
        part.finish(connection, state)
    connection.executemany(_DELETE, [(row.second, row.series_id, row.ms) for row in rows])


def _end_of(first: int, recent_from: int) -> int:
    """A part is of one day; and the rows of what is still shown as rows go by the hour."""
    day_end = (first // DAY_S + 1) * DAY_S
    return min(day_end, recent_from) if first < recent_from else hour_of(first) + HOUR_S


_by_time = itemgetter(1, 0, 2)
