"""Bounds EVENTS and ALARMS: the oldest rows go, in small steps. What history cannot be read without stays as long as history does.

That are the rows which say when no gateway ran and what the clock was put forward over (GATEWAY_ENDS): without them a value would hold
over a restart of long ago. They are few; where a gateway began again and again they are made fewer: of the lives between two
ends the shortest are left out, so that two absences and the moments between them are one.
"""

from __future__ import annotations

import math

from t3actors.store.history.desk import Desk, Job, Pace
from t3actors.store.history.frontiers import DAY_S

MOST_EVENTS = 250_000
MOST_ALARMS = 100_000
MOST_GAP_ROWS = 20_000
"""Ten restarts a day for a year and a half; a look at them takes some milliseconds."""
EVENT_BYTES, ALARM_BYTES = 100.0, 300.0

ENDS = ("gateway.stopped", "gateway.lost", "clock.left")
BEGINS = ("gateway.started", "clock.stepped")
_OF_GAPS = f"(device_id IS NULL AND event IN ({', '.join(repr(event) for event in (*ENDS, *BEGINS))}))"
_GAP_ROWS = f"SELECT count(*) FROM EVENTS WHERE {_OF_GAPS}"  # noqa: S608
_GAPS = f"SELECT id, at, event FROM EVENTS WHERE {_OF_GAPS} ORDER BY +id"  # noqa: S608
_OLDEST_PART = "SELECT MIN(day) FROM parts WHERE kind = ? AND state = ?"
_OLDEST_ROWS = (
    "SELECT MIN(logging_time) FROM samples",
    "SELECT MIN(logging_time) FROM late_samples",
    "SELECT MIN(hour) * 3600 FROM hours",
)


def is_overfull(desk: Desk) -> bool:
    """Say whether EVENTS or ALARMS have more rows than they may, and some: by their ids, which are given in order."""
    return _gap_rows(desk) > _most_gap_rows(desk) or any(
        _spare(desk, *table) > table[1] // 50 for table in _bounded(desk)
    )


def trim(desk: Desk) -> Job:
    """Delete the oldest events, and alarms that are over."""
    for table, most, condition in _bounded(desk):
        spare = _spare(desk, table, most, condition)
        if spare <= 0:
            continue
        pace = Pace(200, 10, 5000)
        first = _first(desk, table, condition) or 0
        end = first + spare
        while first < end:
            with pace.step() as rows, desk.transaction():
                last, first = first, min(first + rows, end)
                desk.connection.execute(
                    f"DELETE FROM {table} WHERE id >= ? AND id < ? AND {condition}",  # noqa: S608
                    (last, first),
                )
            yield
    yield from _trim_gaps(desk)


def _trim_gaps(desk: Desk) -> Job:
    """Let go of gaps that no history is left of, and make one of many where they are too many."""
    if _gap_rows(desk) <= _most_gap_rows(desk):
        return
    rows = list(desk.connection.execute(_GAPS))
    yield
    gone = _of_no_history(rows, _oldest_ms(desk))
    left = [row for row in rows if row[0] not in gone]
    excess = len(left) - _most_gap_rows(desk) * 3 // 4
    if excess > 0:
        gone |= _shortest_lives(left, excess)
    ids = sorted(gone, reverse=True)
    pace = Pace(200, 10, 5000)
    while ids:
        with pace.step() as most, desk.transaction():
            desk.connection.executemany("DELETE FROM EVENTS WHERE id = ?", [(number,) for number in ids[-most:]])
            del ids[-most:]
        yield


def _of_no_history(rows: list[tuple[int, int, str]], oldest_ms: int) -> set[int]:
    """Return the rows of gaps that were over before that time, the oldest first: whole gaps, or the first that stays would
    have no end."""
    gone: set[int] = set()
    gap: list[int] = []
    for number, at_ms, event in rows:
        gap.append(number)
        if event in BEGINS:
            if at_ms >= oldest_ms:
                break
            if len(gap) > 1:  # the very first start stays: nothing is known of before it
                gone.update(gap)
            gap = []
    return gone


def _shortest_lives(rows: list[tuple[int, int, str]], excess: int) -> set[int]:
    """Return the rows that say of a life when it began and when it ended: so many, of the shortest lives."""
    lives: list[tuple[int, int, int]] = []
    began: tuple[int, int] | None = None
    for (number, at_ms, event), (_, _, after) in zip(rows, [*rows[1:], (0, 0, "")], strict=True):
        if event in BEGINS:
            began = number, at_ms
        elif began is not None:
            # Else the clock was put back between, and it was no life of no time; or the gap behind begins with a row of its own.
            if at_ms >= began[1] and after not in ENDS:
                lives.append((at_ms - began[1], began[0], number))
            began = None
    lives.sort()
    return {number for _, first, last in lives[: -(-excess // 2)] for number in (first, last)}


def _oldest_ms(desk: Desk) -> int:
    """Return since when there is any history."""
    execute = desk.connection.execute
    days = [execute(_OLDEST_PART, (kind, state)).get for kind in (0, 1, 2) for state in (1, 2)]
    seconds = [day * DAY_S for day in days if day is not None]
    seconds += [second for second in (execute(sql).get for sql in _OLDEST_ROWS) if second is not None]
    return min(seconds, default=desk.now_s()) * 1000


def _gap_rows(desk: Desk) -> int:
    counted: int = desk.connection.execute(_GAP_ROWS).get
    return counted


def _most_gap_rows(desk: Desk) -> int:
    return min(MOST_GAP_ROWS, _bounded(desk)[0][1])


def _bounded(desk: Desk) -> tuple[tuple[str, int, str], ...]:
    """Give (table, its most rows, what of it may go). In a small budget they leave most of it to history."""
    share = desk.config.budget_bytes / 10 or math.inf
    return (
        ("EVENTS", int(min(MOST_EVENTS, share / EVENT_BYTES)), f"NOT {_OF_GAPS}"),
        ("ALARMS", int(min(MOST_ALARMS, share / ALARM_BYTES)), "cleared_at IS NOT NULL"),
    )


def _spare(desk: Desk, table: str, most: int, condition: str) -> int:
    first, last = _first(desk, table, condition), desk.connection.execute(f"SELECT MAX(id) FROM {table}").get  # noqa: S608
    return 0 if first is None else int(last - first + 1 - most)


def _first(desk: Desk, table: str, condition: str) -> int | None:
    # What stays of EVENTS lies before what may go: so many rows at most are passed by.
    sql = f"SELECT id FROM {table} WHERE id >= 0 AND {condition} ORDER BY id LIMIT 1"  # noqa: S608
    first: int | None = desk.connection.execute(sql).get
    return first
