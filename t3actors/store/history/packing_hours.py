"""Packs the aggregates in `hours` by the day, and fills the hours in which a value only held: so many equal ones are one row.

Of each series that something held of at the end of the day a row of its last hour stays: what the next day's hours came in with.
"""

from __future__ import annotations

from t3actors.store.history import aggregate_block, holding
from t3actors.store.history.aggregates import Aggregate
from t3actors.store.history.desk import Desk, Job, Pace
from t3actors.store.history.frontiers import DAY_S, HOUR_S, first_hour
from t3actors.store.history.parts import LEVEL_PIECE, Kind, PartWriter, State
from t3actors.store.history.spans import calmed

_ROWS = (
    "SELECT series_id, (hour - ?1 * 24) * 3600000, n, least, most, mean, last, time_mean, known_s * 1000, held, shares FROM numbered"
    " CROSS JOIN hours ON hour = ?1 * 24 + i - 1 WHERE i < 25 AND hour >= ?4 AND series_id BETWEEN ?2 AND ?3 ORDER BY series_id, hour"
)
_SERIES = "SELECT series_id FROM series WHERE hours_s IS ? AND series_id > ? ORDER BY series_id LIMIT ?"
_KEPT = "SELECT DISTINCT hours_s FROM series"


def due_day(desk: Desk) -> int | None:
    """Return the day whose aggregates are to be packed next; None when the one at work has not ended."""
    first = desk.frontiers.hours_from
    if not holding.is_any_held(desk.connection, first):
        found = desk.connection.execute("SELECT MIN(hour) FROM hours WHERE hour >= ?", (first,)).get
        if found is None:
            return None
        first = found
    return None if (first // 24 + 1) * DAY_S > desk.frontiers.packed_until else int(first // 24)


def pack_hours(desk: Desk, day: int) -> Job:
    """Pack the aggregates of a day; their rows are no longer shown then."""
    connection = desk.connection
    with desk.transaction():
        connection.execute("UPDATE parts SET state = 9 WHERE kind IN (0, 1, 2) AND state = 0")
    kept = [keep_s for (keep_s,) in connection.execute(_KEPT)]
    yield
    writers = []
    for keep_s in kept:  # one part after the other: the blocks of each are one range
        writer = PartWriter(Kind.HOURS, LEVEL_PIECE, day, (day * DAY_S, (day + 1) * DAY_S), keep_s)
        writers.append(writer)
        pace, last = Pace(32, 1, 1024), -1
        while True:
            with pace.step() as most:
                some = [series_id for (series_id,) in connection.execute(_SERIES, (keep_s, last, most))]
                if some:
                    _pack_some(desk, writer, day, some)
                    last = some[-1]
            yield
            if not some:
                break
    end = (day + 1) * 24
    later = min(first_hour(connection, end), desk.frontiers.packed_until // HOUR_S) // 24 * 24
    hours_from = end if holding.is_any_held(connection, end) else later
    with desk.moving(desk.frontiers._replace(hours_from=hours_from)):
        for writer in writers:
            writer.finish(connection, State.ALONE)
    yield


def _pack_some(desk: Desk, writer: PartWriter, day: int, series: list[int]) -> None:
    wanted = set(series)
    rows: dict[int, list[Aggregate]] = {}
    for series_id, *fields in desk.connection.execute(
        _ROWS, (day, series[0], series[-1], desk.frontiers.hours_from - 1)
    ):
        if series_id in wanted:
            rows.setdefault(series_id, []).append(holding.of_row(fields))
    first = max(0, desk.frontiers.hours_from - day * 24)
    into_next: list[holding.Row] = []
    for series_id in sorted(rows):
        found = rows[series_id]
        told = calmed(holding.filled(found, first, 24), holding.HOUR_MS)
        if told:
            writer.add(series_id, aggregate_block.encode(told, HOUR_S), len(told))
        if found[-1].held and found[-1].at_ms < 23 * holding.HOUR_MS:
            into_next.append(holding.row_of(series_id, day * 24 + 23, told[-1]))
    with desk.transaction():
        writer.flush(desk.connection, desk.wall_ms())
        holding.put(desk.connection, into_next)
