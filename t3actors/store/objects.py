"""Statements for the less used tables: programs, schedules, holidays, trend logs, control loops.

A field of a struct is a column of its table; `index` is its `<kind>_index`. Nothing is written that is there already.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from t3actors.messages import ObjectsRead, ObjectTable
from t3actors.objects import Holiday, ObjectRow, PidController, Program, Schedule, TrendLog
from t3actors.store.known import KnownDevice
from t3actors.store.tally import Tally

ROWS: dict[ObjectTable, type[ObjectRow]] = {
    "PROGRAMS": Program,
    "SCHEDULES": Schedule,
    "HOLIDAYS": Holiday,
    "TRENDLOGS": TrendLog,
    "PID_CONTROLLERS": PidController,
}
INDEX: dict[ObjectTable, str] = {
    "PROGRAMS": "program_index",
    "SCHEDULES": "schedule_index",
    "HOLIDAYS": "holiday_index",
    "TRENDLOGS": "trendlog_index",
    "PID_CONTROLLERS": "pid_controller_index",
}


def columns_of(row: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the columns that a struct fills, but for its index."""
    return tuple(field for field in row.__struct_fields__ if field != "index")


def _upsert(table: ObjectTable) -> str:
    columns = columns_of(ROWS[table])
    names = ", ".join(columns)
    new = ", ".join(f"excluded.{name}" for name in columns)
    return (
        f"INSERT INTO {table} (serial_number, {INDEX[table]}, updated_at, {names})"  # noqa: S608
        f" VALUES (?, ?, ?{', ?' * len(columns)}) ON CONFLICT (serial_number, {INDEX[table]}) DO UPDATE SET"
        f" ({names}, updated_at) = ({new}, excluded.updated_at) WHERE ({names}) IS NOT ({new})"
    )


_UPSERT = {table: _upsert(table) for table in ROWS}
_STORED = {
    table: f"SELECT {index} FROM {table} WHERE serial_number = ?"  # noqa: S608
    for table, index in INDEX.items()
}
_DELETE = {
    table: f"DELETE FROM {table} WHERE serial_number = ? AND {index} = ?"  # noqa: S608
    for table, index in INDEX.items()
}


def write(tally: Tally, read: ObjectsRead) -> None:
    """Bring the device's rows of one table to what was read. **Raises**: RowRefused of any row of it."""
    device = tally.known.devices.get(read.device)
    if device is None:
        return
    for row in read.rows:
        write_row(tally, device, read, row)
    finish(tally, device, read)


def write_row(tally: Tally, device: KnownDevice, read: ObjectsRead, row: ObjectRow) -> None:
    """Bring one row to what was read. **Raises**: RowRefused."""
    if type(row) is not ROWS[read.table]:
        raise TypeError(f"a {type(row).__name__} is no row of {read.table}")
    values = (finite(getattr(row, column)) for column in columns_of(type(row)))
    tally.connection.execute(_UPSERT[read.table], (device.serial, row.index, read.at_ms, *values))
    tally.count("rows", tally.connection.changes())


def finish(tally: Tally, device: KnownDevice, read: ObjectsRead) -> None:
    """Delete the rows that the device has no more, once all of a complete reading are written."""
    if not read.complete:
        return
    stored = {index for (index,) in tally.connection.execute(_STORED[read.table], (device.serial,))}
    gone: Sequence[int] = sorted(stored - {row.index for row in read.rows})
    tally.connection.executemany(_DELETE[read.table], [(device.serial, index) for index in gone])
    tally.count("rows", len(gone))


def finite(value: object) -> object:
    """Return the value, or None for a number that is none."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
