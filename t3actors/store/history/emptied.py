"""Removes series of which nothing is kept any more: their point is gone, or described otherwise, and all they had is expired.

Else `series` grows for as long as devices come and go. A point that comes back gets a new series, whatever number it has: nothing is left
of the old one to be mixed with. Each series is looked at, and removed, in a transaction of its own: who writes rows by hand meanwhile finds
it or makes another.
"""

from __future__ import annotations

from t3actors.events import history as events
from t3actors.points import Status
from t3actors.store.history.desk import Desk, Job, Pace
from t3actors.store.history.frontiers import HOUR_S
from t3actors.store.known import Known

MOST_SECONDS = 10_000
"""Where more of them wait to be packed (a day, while the clock is not trusted) it waits as well: each is a seek for each series."""

_SERIES = "SELECT series_id FROM series WHERE series_id > ? ORDER BY series_id LIMIT ?"
_IS_PACKED = (
    "SELECT 1 FROM parts p CROSS JOIN runs r ON r.part = p.part AND r.series_id = ?"
    " WHERE p.kind IN (0, 1, 2) AND p.state IN (0, 1, 2, 9) LIMIT 1"
)
_HAS_ROWS = (
    "SELECT 1 FROM sample_seconds t CROSS JOIN samples x ON x.logging_time = t.logging_time AND x.series_id = ?2"
    " WHERE t.logging_time >= ?1 LIMIT 1"
)
_HAS_HOURS = "SELECT 1 FROM numbered n CROSS JOIN hours h ON h.hour = ?1 - 1 + n.i AND h.series_id = ?3 WHERE n.i <= ?2 - ?1 LIMIT 1"
_UNPACKED = "SELECT count(*) FROM (SELECT 1 FROM sample_seconds WHERE logging_time >= ? LIMIT ?)"
_IS_LATE = "SELECT MIN(logging_time) FROM late_samples"
_REMOVE = "DELETE FROM series WHERE series_id = ?"


def remove(desk: Desk, known: Known) -> Job:
    """Look at all series that no point is written to."""
    connection = desk.connection
    removed, last, pace = 0, -1, Pace(8, 1, 256)
    while True:
        if not _may_look(desk):
            break
        with pace.step() as most:
            series = [series_id for (series_id,) in connection.execute(_SERIES, (last, most))]
            written = _written_to(known)
            empty = [
                each for each in series if each not in written and connection.execute(_IS_PACKED, (each,)).get is None
            ]
            last = series[-1] if series else last
        yield
        for series_id in empty:
            with desk.transaction():
                is_gone = _is_empty(desk, series_id) and series_id not in _written_to(known)
                if is_gone:
                    connection.execute(_REMOVE, (series_id,))
            if is_gone:
                _forget(known, series_id)
                removed += 1
            yield
        if not series:
            break
    if removed:
        desk.log(events.HISTORY_EMPTIED, series=removed)


def _may_look(desk: Desk) -> bool:
    execute, packed_until = desk.connection.execute, desk.frontiers.packed_until
    return execute(_IS_LATE).get is None and execute(_UNPACKED, (packed_until, MOST_SECONDS + 1)).get <= MOST_SECONDS


def _is_empty(desk: Desk, series_id: int) -> bool:
    execute, frontiers = desk.connection.execute, desk.frontiers
    hours = frontiers.hours_from, frontiers.packed_until // HOUR_S, series_id
    return (
        execute(_IS_PACKED, (series_id,)).get is None
        and execute(_HAS_ROWS, (frontiers.packed_until, series_id)).get is None
        and execute(_HAS_HOURS, hours).get is None
        and execute(_IS_LATE).get is None
    )


def _written_to(known: Known) -> set[int]:
    """Return the series of points that are there."""
    return {
        point.series.series_id
        for device in known.devices.values()
        for point in device.rows.values()
        if point.series is not None and point.status is not Status.DISABLED
    }


def _forget(known: Known, series_id: int) -> None:
    for key in [key for key, series in known.series.items() if series.series_id == series_id]:
        del known.series[key]
    for device in known.devices.values():
        for point in device.rows.values():
            if point.series is not None and point.series.series_id == series_id:
                point.series = None
