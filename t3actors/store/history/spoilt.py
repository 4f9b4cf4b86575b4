"""Mends what packing cannot take: a row of history that another program wrote, or that our own packer has no answer to.

Called by tidying.py when a job fails over what it read. What is read next (the hour that is due, what came late, the hours'
aggregates, what is known of the series) is looked at row by row; a row that cannot be packed keeps its time and loses its value: it is a
`fault` from then on. A text that is not UTF-8 keeps what can be read of it. So one row costs itself, and packing goes on.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from t3actors.events import history as events
from t3actors.points import Status
from t3actors.store.history import block
from t3actors.store.history.aggregates import aggregated
from t3actors.store.history.block import DAY_MS
from t3actors.store.history.desk import Desk, Job
from t3actors.store.history.frontiers import DAY_S, HOUR_S, hour_of
from t3actors.store.history.unpacking import Samples, Value
from t3actors.store.sqlite_errors import RowRefused
from t3actors.store.values import STATUS_CODES

SPOILT = (ValueError, TypeError, ArithmeticError, LookupError, struct.error, *RowRefused)
"""What reading and packing raise because of what they read."""

ROWS_AT_ONCE = 500
MOST_OF_A_SERIES = 100  # rows that break the packer only together with others; then the hour waits, and it is said
FAULT = STATUS_CODES[Status.FAULT]
_FOREVER = 1 << 62

_NO_KEY = "DELETE FROM {0} WHERE logging_time >= ? AND logging_time < ? AND (typeof(series_id) <> 'integer' OR typeof(ms) <> 'integer')"
_ROWS = (
    "SELECT logging_time, series_id, ms, typeof(value), CASE typeof(value) WHEN 'text' THEN CAST(value AS BLOB) ELSE value END,"
    " CASE typeof(status) WHEN 'integer' THEN status END FROM {0}"
    " WHERE (logging_time, series_id, ms) > (?, ?, ?) AND logging_time < ? LIMIT ?"
)
_PUT = "UPDATE {0} SET value = ?, status = ? WHERE logging_time = ? AND series_id = ? AND ms = ?"
_FIRST = "SELECT MIN(logging_time) FROM sample_seconds WHERE logging_time >= ?"
_SERIES_ON = "SELECT MIN(series_id) FROM series WHERE series_id > ?"
_RUN = (
    "SELECT x.logging_time, x.ms, x.value, x.status FROM sample_seconds t"
    " CROSS JOIN samples x ON x.logging_time = t.logging_time AND x.series_id = ?3"
    " WHERE t.logging_time >= ?1 AND t.logging_time < ?2"
)
_BAD_HOURS = (
    "DELETE FROM hours WHERE hour >= ? AND (shares IS NOT NULL AND NOT json_valid(shares) OR typeof(series_id) <> 'integer'"
    " OR typeof(n) <> 'integer' OR typeof(least) <> 'real' OR typeof(most) <> 'real' OR typeof(mean) <> 'real' OR typeof(last) <> 'real'"
    " OR typeof(time_mean) <> 'real' OR typeof(known_s) <> 'integer')"
)
_STATES = "SELECT series_id, CAST(states AS BLOB) FROM series WHERE states IS NOT NULL"
_NO_STATES = "UPDATE series SET states = NULL WHERE series_id = ?"
_WHOSE = "SELECT d.name, CAST(s.point_id AS BLOB) FROM series s JOIN DEVICES d ON d.device_id = s.series_id >> 20 WHERE s.series_id = ?"


class _Row(NamedTuple):
    second: int
    series_id: int
    ms: int
    value: Value
    status: int

    @property
    def key(self) -> tuple[int, int, int]:
        return self.second, self.series_id, self.ms


class _Found(msgspec.Struct):
    """What was mended: how many rows, and of the first whose it was, when, and why."""

    rows: int = 0
    series_id: int = 0
    at_ms: int = 0
    reason: str = ""

    def note(self, reason: str, series_id: int = 0, at_ms: int = 0, rows: int = 1) -> None:
        if not self.rows:
            self.series_id, self.at_ms, self.reason = series_id, at_ms, reason
        self.rows += rows


def mend(desk: Desk) -> Job:
    """Look for what made a job fail, and mend it."""
    found = _Found()
    yield from _mend_rows(desk, "late_samples", 0, _FOREVER, found)
    first = desk.connection.execute(_FIRST, (desk.frontiers.packed_until,)).get
    if first is not None:
        hour_s = hour_of(first)
        yield from _mend_rows(desk, "samples", hour_s, hour_s + HOUR_S, found)
        yield from _mend_runs(desk, hour_s, found)
    _mend_tables(desk, found)
    if found.rows:
        device, point_id = _whose(desk, found.series_id)
        desk.log(
            events.HISTORY_SPOILT, rows=found.rows, device=device, point_id=point_id, at=found.at_ms or None, reason=found.reason
        )  # fmt: skip
    yield


# ------------------------------------------------------------------------------------------------------ row by row


def _mend_rows(desk: Desk, table: str, since_s: int, until_s: int, found: _Found) -> Job:
    with desk.transaction():
        desk.connection.execute(_NO_KEY.format(table), (since_s, until_s))
        keyless = desk.connection.changes()
    if keyless:
        found.note("a sample of no series", rows=keyless)
    last = (since_s, -1, -1)
    while True:
        rows = list(desk.connection.execute(_ROWS.format(table), (*last, until_s, ROWS_AT_ONCE)))
        if not rows:
            return
        last = rows[-1][:3]
        mended = []
        for second, series_id, ms, kind, value, status in rows:
            row, reason = _mended(_Row(second, series_id, ms, value, status), kind)
            if reason:
                found.note(reason, series_id, second * 1000 + ms)
                mended.append((row.value, row.status, *row.key))
        if mended:
            with desk.transaction():
                desk.connection.executemany(_PUT.format(table), mended)
        yield


def _mended(row: _Row, kind: str) -> tuple[_Row, str]:
    """Return the row as it can be packed, and what was wrong with it: nothing, where that is empty."""
    spoilt = row._replace(value=None, status=FAULT)
    if row.status is None or not 0 <= row.status < 1 << 53:
        return spoilt, "its status is none"
    octets = row.value if isinstance(row.value, bytes) else b""
    if kind == "text":
        row = row._replace(value=octets.decode(errors="replace"))
        if row.value != octets.decode(errors="ignore"):
            return row, f"a text that is not UTF-8: {octets[:60]!r}"
    elif kind == "blob" and not octets.isdigit():
        return spoilt, f"a blob: {octets[:60]!r}"
    fault = _fault_of([row], row.second // DAY_S)
    return (spoilt, f"{row.value!r:.80}: {fault}") if fault else (row, "")


def _fault_of(rows: list[_Row], day: int) -> str:
    """Say how the packer fails over these rows of one series and day; nothing where it does not."""
    run = Samples(
        [(row.second - day * DAY_S) * 1000 + row.ms for row in rows], [row.value for row in rows], [row.status for row in rows]
    )  # fmt: skip
    try:
        for made in block.encode(run):
            block.decode(made)
        aggregated(run, 60_000, DAY_MS)
    except SPOILT as error:
        return f"{type(error).__name__}: {error}"
    return ""


# ---------------------------------------------------------------------------------------- what fails only together


def _mend_runs(desk: Desk, hour_s: int, found: _Found) -> Job:
    day = hour_s // DAY_S
    for series_id in _series(desk):
        for _ in range(MOST_OF_A_SERIES):
            rows = [
                _Row(second, series_id, ms, value, status)
                for second, ms, value, status in desk.connection.execute(_RUN, (hour_s, hour_s + HOUR_S, series_id))
            ]
            fault = _fault_of(rows, day) if rows else ""
            if not fault:
                break
            row = rows[_last_of_shortest(rows, day) - 1]
            found.note(f"{row.value!r:.80}: {fault}", series_id, row.second * 1000 + row.ms)
            with desk.transaction():
                desk.connection.execute(_PUT.format("samples"), (None, FAULT, *row.key))
            yield
        yield


def _last_of_shortest(rows: list[_Row], day: int) -> int:
    """Return how many rows from the first on the packer cannot take: one less it can."""
    good, bad = 0, len(rows)
    while bad - good > 1:
        middle = (good + bad) // 2
        if _fault_of(rows[:middle], day):
            bad = middle
        else:
            good = middle
    return bad


def _series(desk: Desk) -> Iterator[int]:
    series_id: int | None = -1
    while (series_id := desk.connection.execute(_SERIES_ON, (series_id,)).get) is not None:
        yield series_id


# ----------------------------------------------------------------------------------------------------- other tables


def _mend_tables(desk: Desk, found: _Found) -> None:
    with desk.transaction():
        desk.connection.execute(_BAD_HOURS, (desk.frontiers.hours_from - 1,))
        rows = desk.connection.changes()
        if rows:
            found.note("aggregates of an hour that are none", rows=rows)
        described: list[Any] = desk.connection.execute(_STATES).fetchall()
        for series_id, states in described:
            if not _is_json(states):
                found.note(f"the words of its states: {states[:60]!r}", series_id)
                desk.connection.execute(_NO_STATES, (series_id,))


def _is_json(octets: bytes) -> bool:
    try:
        json.loads(octets)
    except ValueError:
        return False
    return True


def _whose(desk: Desk, series_id: int) -> tuple[str | None, str | None]:
    for device, point_id in desk.connection.execute(_WHOSE, (series_id,)):
        return device, point_id.decode(errors="replace")
    return None, None
