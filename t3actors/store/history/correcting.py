"""Corrects the hours of points for which samples came late: as long as they stand in `hours`, of the day at work and a day or two before.

A point's hours are made anew out of its samples, from the first that came late on: what it changed may have held for long. Each series
is a step and a transaction. Hours that are packed by the day, and minutes, are as they were made: to change one row of a month its
whole part would have to be written again. That is counted and said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import apsw

from t3actors.store.history import holding
from t3actors.store.history.aggregates import Aggregate, aggregated, number_of
from t3actors.store.history.block import Samples
from t3actors.store.history.desk import Desk, Job
from t3actors.store.history.frontiers import HOUR_S
from t3actors.store.history.holding import HOUR_MS
from t3actors.store.history.samples import Series, newest

_ALIKE = (
    "SELECT a.series_id, '', 0, '', a.states, a.point_index FROM series s JOIN series a"
    " ON a.series_id BETWEEN s.series_id >> 16 << 16 AND (s.series_id >> 16 << 16) + 65535"
    " AND a.point_index = s.point_index AND (s.series_id >> 16 & 3 <> 1 OR a.point_id = s.point_id) WHERE s.series_id = ?"
)
_HAS_STATES = (
    "SELECT CASE WHEN json_valid(states) THEN json_array_length(states) > 2 END FROM series WHERE series_id = ?"
)
_CLEAR = "DELETE FROM hours WHERE hour = ? AND series_id = ?"
_COUNTED = "SELECT h.hour, h.n FROM numbered i CROSS JOIN hours h ON h.hour = ?1 + i.i AND h.series_id = ?3 WHERE i.i < ?2 - ?1"
_ALL_THERE_IS = 1 << 40


def correct(desk: Desk, first_s: dict[int, int]) -> Job:
    """Correct the hours of these series from the time of the first sample that came late for each; seconds."""
    for series_id, at_s in first_s.items():
        hour = max(at_s // HOUR_S, desk.frontiers.hours_from)
        end = desk.frontiers.packed_until // HOUR_S
        if hour < end:
            with desk.transaction():
                _correct_point(desk, series_id, hour, end)
            yield


def _correct_point(desk: Desk, series_id: int, hour: int, end: int) -> None:
    """Also the hours of the point's other series: what held there ends with the first sample here."""
    connection = desk.connection
    alike = [Series(*row) for row in connection.execute(_ALIKE, (series_id,))]
    found = newest(connection, alike, hour * HOUR_MS, end * HOUR_MS - 1, _ALL_THERE_IS)
    gaps = holding.gaps_in(connection, hour * HOUR_MS, end * HOUR_MS)
    for which, series in enumerate(alike):
        run = Samples([], [], [])
        for part in found:
            run.times.extend(part.times)
            run.values.extend(part.values if part.which == which else [None] * len(part.times))
        there = Counter(
            at_ms // HOUR_MS for at_ms, value in zip(run.times, run.values, strict=True) if number_of(value) is not None
        )
        if any(n > there[at] for at, n in connection.execute(_COUNTED, (hour, end, series.series_id))):
            continue  # samples are gone that these hours were made of: they tell more than what is left
        held = holding.before(connection, desk.frontiers.hours_from, hour, series.series_id)
        states = bool(connection.execute(_HAS_STATES, (series.series_id,)).get)
        rows = aggregated(run, HOUR_MS, end * HOUR_MS, held, gaps, since_ms=hour * HOUR_MS, states=states)
        _write(connection, series.series_id, hour, end, held, rows)


def _write(
    connection: apsw.Connection, series_id: int, hour: int, end: int, held: float | None, rows: Sequence[Aggregate]
) -> None:
    connection.executemany(_CLEAR, [(each, series_id) for each in range(hour, end)])
    written: list[holding.Row] = []
    for row in rows:
        at = row.at_ms // HOUR_MS
        if held is not None and at > hour:
            written.append(holding.row_of(series_id, hour, holding.nothing_known(hour * HOUR_MS, held)))
        if row.n or row.known_ms < HOUR_MS or not row.held:  # a quiet hour has no row
            written.append(holding.row_of(series_id, at, row))
        hour, held = at + row.spans, row.last if row.held else None
    if held is not None and hour < end:
        written.append(holding.row_of(series_id, hour, holding.nothing_known(hour * HOUR_MS, held)))
    holding.put(connection, written)
