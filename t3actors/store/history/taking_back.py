"""Takes the frontiers back when the clock was ahead: history was packed for hours that are yet to come.

Its hours are packed anew when they are over, out of their rows, which still stand. Aggregates of times to come go, also out of the
middle of a day or a month that was packed whole: what lies before is copied, in steps; one transaction shows the copies, hides the
rest and moves the frontiers. So each hour has one row of a point at each commit. Samples that the wrong clock had already made an
archive of stay: they are told apart by their time only.
"""

from __future__ import annotations

from t3actors.store.history import aggregate_block, parts
from t3actors.store.history.aggregate_block import AggregateBlock
from t3actors.store.history.aggregates import Aggregate
from t3actors.store.history.desk import Desk, Job, Pace
from t3actors.store.history.frontiers import DAY_S, HOUR_S, Frontiers, hour_of
from t3actors.store.history.parts import LEVEL_PIECE, Kind, Part, PartWriter, State
from t3actors.store.history.unpacking import BlockDamaged

BEGAN_S = 1_767_225_600
"""2026-01-01. No gateway ran before: a clock that says so is behind, not right, and what was packed is not of times to come."""

_BRING_BACK = (  # what is late alone is to be a row like the others again
    "INSERT OR IGNORE INTO sample_seconds SELECT logging_time FROM late_samples WHERE logging_time >= ? AND logging_time < ?",
    "INSERT OR IGNORE INTO samples SELECT * FROM late_samples WHERE logging_time >= ? AND logging_time < ?",
)
_SAMPLES = "kind = 0 AND state = 1 AND until_s > ? AND from_s >= ?"  # those whose rows still stand
_AGGREGATES = "kind IN (1, 2) AND state IN (1, 2) AND until_s > ? ORDER BY kind, part"


def is_ahead(desk: Desk) -> bool:
    """Say whether history is packed for hours that are yet to come: the clock was wrong."""
    return desk.now_s() >= BEGAN_S and desk.frontiers.packed_until > hour_of(desk.now_s()) + HOUR_S


def take_back(desk: Desk) -> Job:
    """Have the hours from now on packed once they are over."""
    connection, before = desk.connection, desk.frontiers
    since, first = -1, hour_of(desk.now_s())
    while since != first:  # of a day that was packed whole: all of it, anew, and with it what came late for that day
        since = first
        ahead = parts.find(connection, _SAMPLES, (since, before.recent_from))
        first = min([since, *(hour_of(part.from_s) for part in ahead)])
    with desk.transaction():
        connection.execute("UPDATE parts SET state = 9 WHERE kind IN (0, 1, 2) AND state = 0")
    aggregates = parts.find(connection, _AGGREGATES, (since,))
    copies: list[tuple[PartWriter, State]] = []
    for part in aggregates:
        if part.from_s < since:
            copy = PartWriter(Kind(part.kind), LEVEL_PIECE, part.day, (part.from_s, since), part.keep_s)
            copies.append((copy, State(part.state)))
            yield from _copy(desk, part, copy, since)
    moved = Frontiers(since, since, min(before.recent_from, since), min(before.hours_from, since // HOUR_S))
    with desk.moving(moved):
        parts.set_state(connection, (part.part for part in (*ahead, *aggregates)), State.GOING)
        for copy, state in copies:
            copy.finish(connection, state)
        for sql in _BRING_BACK:
            connection.execute(sql, (since, before.recent_from))
        connection.execute("DELETE FROM late_samples WHERE logging_time >= ?", (since,))
    yield


def _copy(desk: Desk, part: Part, copy: PartWriter, until_s: int) -> Job:
    """Copy what lies before that time."""
    span_s = 60 if part.kind == Kind.MINUTES else HOUR_S
    end_ms = (until_s - part.day * DAY_S) * 1000
    pace, last = Pace(8, 1, 512), -1
    while True:
        with pace.step() as most:
            series = parts.series_after(desk.connection, (part,), last, most)
            if series:
                rows: dict[int, list[Aggregate]] = {}
                for series_id, block in parts.blocks_of(desk.connection, part, series[0], series[-1]):
                    rows.setdefault(series_id, []).extend(_before(block, end_ms, span_s * 1000))
                for series_id in sorted(rows):
                    if rows[series_id]:
                        copy.add(series_id, aggregate_block.encode(rows[series_id], span_s), len(rows[series_id]))
                with desk.transaction():
                    copy.flush(desk.connection, desk.wall_ms())
                last = series[-1]
        yield
        if not series:
            return


def _before(block: object, end_ms: int, span_ms: int) -> list[Aggregate]:
    """Return what of a block lies before that time. A damaged one is left out: the rest is worth more than the gap."""
    if not isinstance(block, AggregateBlock):
        return []
    try:
        rows = aggregate_block.decode(block)
    except BlockDamaged:
        return []
    return [row._replace(spans=min(row.spans, (end_ms - row.at_ms) // span_ms)) for row in rows if row.at_ms < end_ms]
