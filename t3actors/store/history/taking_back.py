"""Takes the frontiers back when the clock was set back: history was packed for hours that are yet to come.

Nobody knows which clock was right, so nothing is lost. Hours from now on are packed anew when they are over: out of their rows, and out of
what of them is in the archive (again.py). Until then what was packed of them is shown as it is: it is cut (cutting.py) into parts by
the day, and by the hour when its day comes, so that an hour's old part goes with the commit that shows the new one. So each hour has one
row of a point at each commit. Samples that are packed beside their rows are packed anew; those in the archive stay.
"""

from __future__ import annotations

from t3actors.store.history import holding, parts
from t3actors.store.history.cutting import cut, put_rows
from t3actors.store.history.desk import Desk, Job, Pace
from t3actors.store.history.frontiers import DAY_S, HOUR_S, Frontiers, hour_of
from t3actors.store.history.parts import LEVEL_PIECE, Kind, PartWriter, State
from t3actors.store.history.patching import between, packed_rows

BEGAN_S = 1_767_225_600
"""2026-01-01. No gateway ran before: a clock that says so is behind, not right, and what was packed is not of times to come."""

_BRING_BACK = (  # what is late alone is to be a row like the others again
    "INSERT OR IGNORE INTO sample_seconds SELECT logging_time FROM late_samples WHERE logging_time >= ? AND logging_time < ?",
    "INSERT OR IGNORE INTO samples SELECT * FROM late_samples WHERE logging_time >= ? AND logging_time < ?",
)
_SAMPLES = "kind = 0 AND state = 1 AND until_s > ? AND from_s >= ?"  # those whose rows still stand
_AGGREGATES = "kind IN (1, 2) AND state IN (1, 2) AND until_s > ? ORDER BY kind, part"
_LEFT = (  # when the clock was put to the times that are yet to come, since it last was right about now; a restart is no step
    "WITH now (number) AS (SELECT MAX(s.number) FROM CLOCK_STRETCHES s LEFT JOIN CLOCK_STRETCHES n ON n.number = s.number + 1"
    " WHERE s.since_at <= ?1 AND COALESCE(s.until_at, n.since_at) > ?1)"
    " SELECT until_at / 1000 FROM CLOCK_STRETCHES WHERE until_at < ?1 AND number = (SELECT MIN(number) FROM CLOCK_STRETCHES"
    " WHERE since_at > ?1 AND number > COALESCE((SELECT number FROM now), 0)) - 1"
)
_SERIES = "SELECT series_id FROM series WHERE series_id > ? ORDER BY series_id LIMIT ?"
_SERIES_KEPT = "SELECT series_id FROM series WHERE hours_s IS ? AND series_id > ? ORDER BY series_id LIMIT ?"
_KEPT = "SELECT DISTINCT hours_s FROM series"


def is_ahead(desk: Desk) -> bool:
    """Say whether history is packed for hours that are yet to come: the clock was wrong, or is."""
    return desk.now_s() >= BEGAN_S and desk.frontiers.packed_until > hour_of(desk.now_s()) + HOUR_S


def take_back(desk: Desk) -> Job:
    """Have the hours from now on packed once they are over."""
    connection, before = desk.connection, desk.frontiers
    since, first = -1, _first_hour(desk)
    while since != first:  # of a day that was packed whole: all of it, anew, and with it what came late for that day
        since = first
        ahead = parts.find(connection, _SAMPLES, (since, before.recent_from))
        first = min([since, *(hour_of(part.from_s) for part in ahead)])
    for part in parts.find(connection, _AGGREGATES, (since,)):
        days = range(max(since, part.from_s) // DAY_S + 1, part.until_s // DAY_S + 1)
        yield from cut(desk, part, [since, *(day * DAY_S for day in days)])
    with desk.transaction():
        connection.execute("UPDATE parts SET state = 9 WHERE kind IN (0, 1, 2) AND state = 0")
    if since // HOUR_S < before.hours_from:
        yield from _note_what_held(desk, since)
    pieces: list[PartWriter] = []
    yield from _pack_hours_to_come(desk, max(since // HOUR_S, before.hours_from), pieces)
    moved = Frontiers(since, since, min(before.recent_from, since), min(before.hours_from, since // HOUR_S))
    with desk.moving(moved):
        parts.set_state(connection, (part.part for part in ahead), State.GOING)
        for piece in pieces:
            piece.finish(connection, State.ALONE)
        for sql in _BRING_BACK:
            connection.execute(sql, (since, before.recent_from))
        connection.execute("DELETE FROM late_samples WHERE logging_time >= ?", (since,))
    yield


def _first_hour(desk: Desk) -> int:
    """Return the first hour that is to be packed anew: this one, or that in which the clock was put forward. What held then held on."""
    now_s = desk.now_s()
    left_s = desk.connection.execute(_LEFT, (now_s * 1000,)).get
    return hour_of(now_s if left_s is None else max(int(left_s), BEGAN_S))


def _note_what_held(desk: Desk, since: int) -> Job:
    """Write what each series comes into the first hour with: its packed hours tell. (Schema 7: the hour before `hours_from`.)"""
    connection, hour = desk.connection, since // HOUR_S - 1
    pace, last = Pace(16, 1, 512), -1
    while True:
        with pace.step() as most:
            series = [series_id for (series_id,) in connection.execute(_SERIES, (last, most))]
            held: list[holding.Row] = []
            for series_id in series:
                rows = packed_rows(connection, Kind.HOURS, series_id, since - HOUR_S, since + HOUR_S)
                for row in rows:
                    part = between(row, since - HOUR_S, since, HOUR_S)
                    if part is not None and part.held:
                        held.append(holding.row_of(series_id, hour, part))
            with desk.transaction():
                connection.executemany(
                    "DELETE FROM hours WHERE hour = ? AND series_id = ?", [(hour, each) for each in series]
                )
                holding.put(connection, held)
            last = series[-1] if series else last
        yield
        if not series:
            return


def _pack_hours_to_come(desk: Desk, first: int, pieces: list[PartWriter]) -> Job:
    """Pack what `hours` has from that hour on, by the day: its rows will be those of the new hours."""
    connection, end = desk.connection, desk.frontiers.packed_until // HOUR_S
    kept = [keep_s for (keep_s,) in connection.execute(_KEPT)]
    since = first
    while since < end:
        until = min(end, (since // 24 + 1) * 24)
        for keep_s in kept:
            piece = PartWriter(Kind.HOURS, LEVEL_PIECE, since // 24, (since * HOUR_S, until * HOUR_S), keep_s)
            pieces.append(piece)
            pace, last = Pace(32, 1, 1024), -1
            while True:
                with pace.step() as most:
                    series = [each for (each,) in connection.execute(_SERIES_KEPT, (keep_s, last, most))]
                    for series_id in series:
                        rows = holding.hours_of(connection, series_id, desk.frontiers.hours_from, until)
                        inside = [between(row, since * HOUR_S, until * HOUR_S, HOUR_S) for row in rows]
                        put_rows(piece, series_id, [row for row in inside if row is not None])
                    with desk.transaction():
                        piece.flush(connection, desk.wall_ms())
                    last = series[-1] if series else last
                yield
                if not series:
                    break
        since = until
