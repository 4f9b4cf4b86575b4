"""Reads the database for the command line and the watch, beside a running gateway or after it. Never writes.

Every answer is a list of structs of t3actors/rows.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import apsw
import msgspec

from t3actors.errors import StoreUnreachable
from t3actors.rows import (
    AbsenceRow,
    AggregateRow,
    AggregateRun,
    AlarmRow,
    DeviceRow,
    EventRow,
    GatewayRow,
    PointCount,
    PointRow,
    SampleRow,
    SampleRun,
    StorageUsage,
    aggregate_rows_of,
    rows_of,
)
from t3actors.store.history import reading, reading_spans
from t3actors.store.history.parts import Kind
from t3actors.store.known import PROVISIONAL
from t3actors.store.migrate import found_schema, schema_files
from t3actors.store.reading_connection import open_for_reading
from t3actors.store.sqlite_errors import translated
from t3actors.store.usage import usage

LIVE_MS = 35_000  # as in the POINTS view


Row = TypeVar("Row", bound=msgspec.Struct)

_BY_NAME, _OF_THAT_NAME = " ORDER BY name", " WHERE name = ?"
_OF_ALARM = {"name": "d.name", "device_status": "d.status"}
_GATEWAY = (
    "SELECT name, version, boot_id, started_at, heartbeat_at, clock_trusted, schema, clean_stop,"  # noqa: S608
    " NOT clean_stop AND ABS(heartbeat_at - CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))"
    f" <= {LIVE_MS} AS live FROM GATEWAY"
)
_DEVICES = (
    f"SELECT name, device_id, CASE WHEN serial_number < {PROVISIONAL} THEN serial_number END AS serial_number, enabled,"  # noqa: S608
    " protocol, address, status, status_reason, status_at, last_ok_at, poll_interval_s, achieved_interval_s, polls_ok,"
    " polls_failed, panel_id, panel_name, model, firmware,"
    " (SELECT count(*) FROM input_rows p WHERE p.serial_number = d.serial_number AND p.status <> 'disabled')"
    " + (SELECT count(*) FROM output_rows p WHERE p.serial_number = d.serial_number AND p.status <> 'disabled')"
    " + (SELECT count(*) FROM variable_rows p WHERE p.serial_number = d.serial_number AND p.status <> 'disabled') AS points"
    f" FROM DEVICES_NOW d{_BY_NAME}"
)
_DEVICES_OF_SCHEMA_10 = _DEVICES.replace("DEVICES_NOW", "DEVICES")
_DEVICES_OF_SCHEMA_7 = _DEVICES_OF_SCHEMA_10.replace("_rows p", "_points p")
_POINTS = (
    f"SELECT {', '.join(PointRow.__struct_fields__)} FROM POINTS WHERE (name = ?1 OR ?1 IS NULL)"  # noqa: S608
    " AND (point_id = ?2 OR ?2 IS NULL) AND (status = ?3 OR ?3 IS NULL) AND (point_type = ?4 OR ?4 IS NULL)"
    " AND (?5 IS NULL OR NOT EXISTS (SELECT 1 FROM json_each(?5) w WHERE instr(lower(concat_ws(' ',"
    " name || '/' || point_id, label, full_label, units)), w.value) = 0))"
    " ORDER BY name, point_type, point_index LIMIT ?6 OFFSET ?7"
)
_POINT_COUNTS = (
    "SELECT name, status, count(*) AS points FROM POINTS WHERE name = ?1 OR ?1 IS NULL GROUP BY name, status"
)
_POINTS_OF_SCHEMA_1 = _POINTS.replace(" mode FROM", " 'poll' AS mode FROM")  # until the next start brings it up to date
_ALARMS = (
    f"SELECT {', '.join(_OF_ALARM.get(field, f'a.{field}') for field in AlarmRow.__struct_fields__)}"  # noqa: S608
    " FROM ALARMS a JOIN DEVICES o ON o.serial_number = a.serial_number JOIN DEVICES_NOW d ON d.device_id = o.device_id"
    " WHERE (d.name = ?1 OR ?1 IS NULL) AND (NOT ?2 OR (a.cleared_at IS NULL AND o.status <> 'disabled'))"
    " ORDER BY a.raised_at DESC, a.id DESC LIMIT ?3"
)
_ALARMS_OF_SCHEMA_10 = _ALARMS.replace("DEVICES_NOW", "DEVICES")
_ALARMS_OF_SCHEMA_5 = _ALARMS_OF_SCHEMA_10.replace("a.clock_off_s", "NULL AS clock_off_s")
_BLOCKS_OF_SCHEMA_6 = (  # until the next start brings it up to date: each row of them is of one span
    "CREATE TEMP VIEW aggregate_blocks AS SELECT *, 1 AS r0, 0 AS rw, NULL AS ends FROM main.aggregate_blocks"
)
_BLOCKS_OF_SCHEMA_9 = "CREATE TEMP VIEW aggregate_blocks AS SELECT *, NULL AS ends FROM main.aggregate_blocks"
_HISTORY_OF_SCHEMA_2 = (  # until the next start brings it up to date
    f"SELECT {', '.join(SampleRow.__struct_fields__[:-1])}, 1 AS clock_trusted FROM TRENDLOG_DATA"  # noqa: S608
    " WHERE name = ? AND point_id = ? AND logging_time BETWEEN ? AND ? AND sampled_at BETWEEN ? AND ?"
    " ORDER BY logging_time DESC, sampled_at DESC LIMIT ?"
)
_EVENTS = (
    "SELECT e.id AS id, e.at AS at, d.name AS name, e.point AS point, e.event AS event, e.from_status AS from_status,"
    " e.to_status AS to_status, e.reason AS reason FROM EVENTS e LEFT JOIN DEVICES d ON d.device_id = e.device_id"
    " WHERE e.at >= ?1 AND (d.name = ?2 OR ?2 IS NULL) ORDER BY e.id DESC LIMIT ?3"
)
_ABSENCES = (
    "SELECT ended_at AS from_at, started_at AS until_at FROM GATEWAY_ENDS WHERE ended_at BETWEEN 1 AND ?2 AND started_at >= ?1"
    " ORDER BY started_at DESC LIMIT 1000"
)
_FOREVER_MS = 1 << 52


class Reader:
    """A read-only view of one database. **Thread**: one at a time. A context manager."""

    def __init__(self, path: Path, connection: apsw.Connection, schema: int) -> None:
        self.path = path
        self._connection = connection
        self._points = _POINTS if schema > 1 else _POINTS_OF_SCHEMA_1
        self._devices = _DEVICES if schema > 10 else _DEVICES_OF_SCHEMA_10 if schema > 7 else _DEVICES_OF_SCHEMA_7
        self._alarms = _ALARMS if schema > 10 else _ALARMS_OF_SCHEMA_10 if schema > 5 else _ALARMS_OF_SCHEMA_5
        self._is_packed = schema > 2
        if 2 < schema < 10:
            connection.pragma("query_only", 0)  # the file itself is open read-only
            connection.execute(_BLOCKS_OF_SCHEMA_6 if schema < 7 else _BLOCKS_OF_SCHEMA_9)
            connection.pragma("query_only", 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close(True)

    def interrupt(self) -> None:
        """End the question that another thread is asking: it raises StoreError there. **Thread**: any."""
        self._connection.interrupt()

    def gateway(self) -> GatewayRow | None:
        """Return who wrote the file, and whether it still does; None when no gateway ever finished opening it."""
        return next(iter(self._rows(GatewayRow, _GATEWAY)), None)

    def devices(self) -> list[DeviceRow]:
        """Return the devices by name."""
        return self._rows(DeviceRow, self._devices)

    def device(self, name: str) -> DeviceRow | None:
        """Return one device; None where there is none of that name."""
        return next(iter(self._rows(DeviceRow, self._devices.replace(_BY_NAME, _OF_THAT_NAME), (name,))), None)

    def points(
        self,
        device: str | None = None,
        *,
        point_id: str | None = None,
        status: str | None = None,
        kind: str | None = None,
        words: Sequence[str] = (),
        limit: int = -1,
        offset: int = 0,
    ) -> list[PointRow]:
        """Return the points of one device, or of all, that have this id, status and kind; at most `limit` of them after `offset`.

        `words`: each stands in a point's name, labels or units, whatever the case of its ASCII letters.
        """
        sought = msgspec.json.encode([_lower(word) for word in words]).decode() if words else None
        wanted = (device, point_id, status, None if kind is None else kind.upper(), sought, limit, offset)
        names = PointRow.__struct_fields__
        with translated(self.path, self._connection):
            found = self._connection.execute(self._points, wanted).fetchall()
        rows: list[dict[str, Any]] = [dict(zip(names, values, strict=True)) for values in found]
        for row in rows:
            row["states"] = _words(row["states"])
        return msgspec.convert(rows, list[PointRow], strict=False)

    def point_counts(self, device: str | None = None) -> list[PointCount]:
        """Return how many points have which status, per device."""
        return self._rows(PointCount, _POINT_COUNTS, (device,))

    def alarms(self, device: str | None = None, limit: int = 1000, *, standing: bool = True) -> list[AlarmRow]:
        """Return the newest `limit` alarms that stand (not of disabled devices), or all there ever were; oldest first."""
        return self._rows(AlarmRow, self._alarms, (device, standing, limit))[::-1]

    def history(
        self, device: str, point_id: str, since_ms: int = 0, until_ms: int = _FOREVER_MS, limit: int = 1000
    ) -> list[SampleRow]:
        """Return the newest `limit` samples of a point between two times (both included), oldest first."""
        if self._is_packed:
            return rows_of(self.history_runs(device, point_id, since_ms, until_ms, limit))
        times = (since_ms // 1000, until_ms // 1000, since_ms, until_ms)
        return self._rows(SampleRow, _HISTORY_OF_SCHEMA_2, (device, point_id, *times, limit))[::-1]

    def history_runs(
        self, device: str, point_id: str, since_ms: int = 0, until_ms: int = _FOREVER_MS, limit: int = 1000
    ) -> list[SampleRun]:
        """Return them as columns: many samples at a time."""
        self._must_be_packed()
        with translated(self.path, self._connection):
            return reading.runs(self._connection, device, point_id, since_ms, until_ms, limit)

    def hours(self, device: str, point_id: str, since_ms: int = 0, until_ms: int = _FOREVER_MS) -> list[AggregateRow]:
        """Return the aggregates of a point by the hour: of hours that have ended, and begin between two times."""
        return aggregate_rows_of(self.hour_runs(device, point_id, since_ms, until_ms))

    def minutes(self, device: str, point_id: str, since_ms: int = 0, until_ms: int = _FOREVER_MS) -> list[AggregateRow]:
        """Return the aggregates of a point by the minute, where [store] or the point has them kept."""
        return aggregate_rows_of(self.minute_runs(device, point_id, since_ms, until_ms))

    def hour_runs(
        self, device: str, point_id: str, since_ms: int = 0, until_ms: int = _FOREVER_MS
    ) -> list[AggregateRun]:
        """Return hours as columns: many at a time."""
        return self._aggregates(Kind.HOURS, device, point_id, since_ms, until_ms)

    def minute_runs(
        self, device: str, point_id: str, since_ms: int = 0, until_ms: int = _FOREVER_MS
    ) -> list[AggregateRun]:
        """Return minutes as columns."""
        return self._aggregates(Kind.MINUTES, device, point_id, since_ms, until_ms)

    def storage(self) -> StorageUsage:
        """Return what history takes, and of whom."""
        self._must_be_packed()
        with translated(self.path, self._connection):
            return usage(self._connection)

    def spans(self, device: str, point_id: str, since_ms: int, until_ms: int, every_ms: int) -> list[AggregateRow]:
        """Return aggregates of a point over spans of any length, out of hours, minutes or samples, oldest first."""
        self._must_be_packed()
        with translated(self.path, self._connection):
            told = reading_spans.spans(self._connection, device, point_id, since_ms, until_ms, every_ms)
        return aggregate_rows_of(reading.aggregate_runs(device, point_id, told))

    def _must_be_packed(self) -> None:
        if not self._is_packed:
            raise StoreUnreachable(
                f"{self.path}: is of an older version: start the gateway once to bring it up to date"
            )

    def _aggregates(self, kind: Kind, device: str, point_id: str, since_ms: int, until_ms: int) -> list[AggregateRun]:
        if not self._is_packed:
            return []
        with translated(self.path, self._connection):
            told = reading_spans.aggregates(self._connection, kind, device, point_id, since_ms, until_ms)
        return reading.aggregate_runs(device, point_id, told)

    def events(self, device: str | None = None, since_ms: int = 0, limit: int = 1000) -> list[EventRow]:
        """Return the newest `limit` events since a time, oldest first."""
        return self._rows(EventRow, _EVENTS, (since_ms, device, limit))[::-1]

    def absences(self, since_ms: int, until_ms: int) -> list[AbsenceRow]:
        """Return when no gateway ran, of what touches the time between the two: the newest 1000, oldest first."""
        return self._rows(AbsenceRow, _ABSENCES, (since_ms, until_ms))[::-1]

    def _rows(self, row: type[Row], sql: str, bindings: tuple[int | str | None, ...] = ()) -> list[Row]:
        names = row.__struct_fields__
        with translated(self.path, self._connection):
            found = self._connection.execute(sql, bindings).fetchall()
        return [msgspec.convert(dict(zip(names, values, strict=True)), row, strict=False) for values in found]


def _words(states: str | None) -> list[str] | None:
    """Return the words for a point's states; None where it has none, or somebody wrote nonsense there."""
    if not states:
        return None
    try:
        return msgspec.json.decode(states, type=list[str])
    except msgspec.DecodeError:
        return None


def _lower(word: str) -> str:
    """Lower ASCII letters, which is what SQLite's lower() does."""
    return "".join(each.lower() if each.isascii() else each for each in word)


def open_reader(path: Path) -> Reader:
    """Open a gateway's database read-only. **Raises**: StoreUnreachable, SchemaTooNew, StoreError."""
    connection = open_for_reading(path)
    try:
        schema = found_schema(connection, path, schema_files()[-1].number)
    except BaseException:
        connection.close()
        raise
    if schema:
        return Reader(path, connection, schema)
    connection.close()
    raise StoreUnreachable(f"{path}: is an empty database: no gateway has written to it yet")
