"""Stamps anew what was stamped by a clock that turned out wrong: samples that are not packed yet, and events.

So many rows are one transaction as a step can do: each leaves its old time and lies at its new one, its mark taken off. Where a sample
lies already, it takes the next free millisecond: nothing is taken for a repeat. Order within the stretch stays. How far the events are is
noted with them (`first_event`): none is moved twice.
"""

from __future__ import annotations

import apsw

from t3actors.events import history as events
from t3actors.store.history.desk import Desk, Job, Pace
from t3actors.store.stretches import LEFT, NUMBER_SHIFT, STEP_MS, STEPPED, Unsettled

EVENTS_AT_ONCE = 200  # at least; more where that is quick
TABLES = ("late_samples", "samples")  # in this order: what is late goes from among the rows as well

_ROWS = {
    table: "SELECT logging_time, series_id, ms, value, status"  # noqa: S608
    f" FROM {table} WHERE (logging_time, series_id, ms) > (?, ?, ?) AND logging_time <= ? AND status >> {NUMBER_SHIFT} = ? LIMIT ?"
    for table in TABLES
}
_DELETE = {
    table: f"DELETE FROM {table} WHERE logging_time = ? AND series_id = ? AND ms = ?"  # noqa: S608
    for table in TABLES
}
_INSERT = {
    table: f"INSERT INTO {table} (logging_time, series_id, ms, value, status) VALUES (?, ?, ?, ?, ?)"  # noqa: S608
    for table in TABLES
}
_TAKEN = (
    "SELECT 1 FROM samples WHERE logging_time = ?1 AND series_id = ?2 AND ms = ?3"
    " UNION ALL SELECT 1 FROM late_samples WHERE logging_time = ?1 AND series_id = ?2 AND ms = ?3"
)
_EMPTY_SECONDS = (
    "DELETE FROM sample_seconds WHERE logging_time BETWEEN ? AND ?"
    " AND NOT EXISTS (SELECT 1 FROM samples x WHERE x.logging_time = sample_seconds.logging_time)"
)
_LAST_EVENT = "SELECT MAX(id) FROM EVENTS"
_EVENTS = "UPDATE EVENTS SET at = at + ?1 WHERE id >= ?2 AND id < ?3 AND at BETWEEN ?4 AND ?5"
_EVENTS_DONE = "UPDATE CLOCK_STRETCHES SET first_event = ? WHERE number = ?"
_STARTED = "UPDATE GATEWAY SET started_at = started_at + ?1 WHERE started_at BETWEEN ?2 AND ?3"
_SETTLED = "UPDATE CLOCK_STRETCHES SET restamped_ms = ? WHERE number = ?"

Row = tuple[int, int, int, float | int | str | bytes | None, int]


def restamp(desk: Desk, stretch: Unsettled, offset_ms: int) -> Job:
    """Move what the stretch stamped to where it belongs: the clock is now `offset_ms` ahead of the machine's own."""
    shift_ms = offset_ms - stretch.offset_ms
    if abs(shift_ms) <= STEP_MS:
        shift_ms = 0  # it was right all along
    moved = 0
    for table in TABLES:
        # A row that is packed stays where its block has it: moved, it would be there twice.
        packed_until = desk.frontiers.packed_until if table == "samples" else 0
        last = (max(stretch.since_at // 1000 - 60, packed_until), 0, 0)
        pace = Pace(200, 20, 2000)
        while True:
            with pace.step() as most:
                bindings = (*last, stretch.until_at // 1000 + 60, stretch.number, most)
                rows: list[Row] = list(desk.connection.execute(_ROWS[table], bindings))
                if rows:
                    last = rows[-1][:3]
                    with desk.transaction():
                        moved += _move(desk, rows, shift_ms)
            if not rows:
                break
            yield
    yield from _move_events(desk, stretch, shift_ms)
    with desk.transaction():
        desk.connection.execute(_STARTED, (shift_ms, stretch.since_at - 60_000, stretch.until_at + 60_000))
        desk.connection.execute(_SETTLED, (shift_ms, stretch.number))
        _end_what_stays(desk, stretch, shift_ms)
    desk.log(events.CLOCK_SETTLED, shifted_ms=shift_ms, samples=moved)
    yield


def _end_what_stays(desk: Desk, stretch: Unsettled, shift_ms: int) -> None:
    """What is packed keeps its times: its last value does not hold from there until now (from 1970, 56 years)."""
    packed_ms = desk.frontiers.packed_until * 1000
    if shift_ms > STEP_MS and packed_ms > stretch.since_at:
        left_at = min(packed_ms, stretch.until_at)
        desk.connection.execute(LEFT, (left_at,))
        desk.connection.execute(STEPPED, (left_at + shift_ms, "what was packed before keeps its times"))


def _move_events(desk: Desk, stretch: Unsettled, shift_ms: int) -> Job:
    if not shift_ms:
        return
    first, end = stretch.first_event, (desk.connection.execute(_LAST_EVENT).get or 0) + 1
    pace = Pace(EVENTS_AT_ONCE, EVENTS_AT_ONCE, 20 * EVENTS_AT_ONCE)
    while first < end:
        with pace.step() as most, desk.transaction():
            until = min(first + most, end)
            bindings = (shift_ms, first, until, stretch.since_at - 60_000, stretch.until_at + 60_000)
            desk.connection.execute(_EVENTS, bindings)
            desk.connection.execute(_EVENTS_DONE, (until, stretch.number))
            first = until
        yield


def _move(desk: Desk, rows: list[Row], shift_ms: int) -> int:
    connection, frontiers = desk.connection, desk.frontiers
    for name in TABLES:  # what is late stands among the rows as well
        connection.executemany(_DELETE[name], [row[:3] for row in rows])
    for second, series_id, ms, value, status in rows:
        at_ms = _free(connection, series_id, second * 1000 + ms + shift_ms)
        row = (at_ms // 1000, series_id, at_ms % 1000, value, status & 7)
        if row[0] < frontiers.sealed_until:
            connection.execute(_INSERT["late_samples"], row)
        if row[0] >= frontiers.recent_from:
            connection.execute("INSERT OR IGNORE INTO sample_seconds VALUES (?)", (row[0],))
            connection.execute(_INSERT["samples"], row)
    connection.execute(_EMPTY_SECONDS, (rows[0][0], rows[-1][0]))
    return len(rows)


def _free(connection: apsw.Connection, series_id: int, at_ms: int) -> int:
    while connection.execute(_TAKEN, (at_ms // 1000, series_id, at_ms % 1000)).get:
        at_ms += 1
    return at_ms
