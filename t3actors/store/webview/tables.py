"""DEVICES and INPUTS, OUTPUTS, VARIABLES of T3000's file: brought to what we know, and no further.

The point tables have no key at all: a row is found by (SerialNumber, X_Index), several with the same are all brought up to date, and
none is inserted where one is. To look a whole device up once is cheaper than to search for each point: the rows found are
remembered until another connection has written. Everything happens inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import apsw

from t3actors.store.webview.shape import ID_COLUMNS, INDEX_COLUMNS, TABLES, Cell, index_of

ID = "Id"  # of shape.point_row
_VALUES = ("fValue", "Control", "Status", "Auto_Manual")
_POINT_COLUMNS = (
    ID, "Panel", "Full_Label", "Label", "Units", "Range_Field", "Digital_Analog", "Type_Field", "Calibration", "Calibration_H",
    "Calibration_L", "Calibration_Sign", "Sign", *_VALUES,
)  # fmt: skip

PointRows = Mapping[int, Mapping[str, str | None]]
"""By the point's number: shape.point_row."""


class Tables:
    """The rows that are known, bounded by the points."""

    def __init__(self, columns: Mapping[str, frozenset[str]]) -> None:
        self._device_columns = columns["DEVICES"]
        self._point_columns = tuple(
            {
                name: own
                for name in _POINT_COLUMNS
                if (own := ID_COLUMNS[kind] if name == ID else name) in columns[table]
            }
            for kind, table in enumerate(TABLES)
        )
        self._rows: dict[tuple[int, int], dict[int, list[int]]] = {}

    def forget(self) -> None:
        """Rows may have come, gone, or been numbered anew."""
        self._rows.clear()

    # ----------------------------------------------------------------------------------------------------- devices

    def device(self, connection: apsw.Connection, serial: int) -> dict[str, Cell]:
        """Return the device's row; {} where there is none."""
        names = sorted(self._device_columns)
        found = connection.execute(
            f"SELECT {', '.join(names)} FROM DEVICES WHERE SerialNumber = ?",  # noqa: S608
            (serial,),
        ).fetchone()
        return {} if found is None else dict(zip(names, found, strict=True))

    def write_device(
        self,
        connection: apsw.Connection,
        serial: int,
        there: Mapping[str, Cell],
        wanted: Mapping[str, Cell],
        fallbacks: Mapping[str, Cell],
    ) -> None:
        """Bring the device's row from what is there to what is wanted; `fallbacks` only where nobody has said anything."""
        filled = {name: value for name, value in wanted.items() if value is not None}
        for name, value in fallbacks.items():
            if value is not None and name not in filled and there.get(name) in (None, ""):
                filled[name] = value
        differing = {
            name: value
            for name, value in filled.items()
            if name in self._device_columns and (not there or there.get(name) != value)
        }
        if not there:
            names = ("SerialNumber", *differing)
            places = ", ".join("?" * len(names))
            connection.execute(
                f"INSERT INTO DEVICES ({', '.join(names)}) VALUES ({places})",  # noqa: S608
                (serial, *differing.values()),
            )
        elif differing:
            _update(connection, "DEVICES", differing, "SerialNumber = ?", serial)

    # ------------------------------------------------------------------------------------------------------ points

    def write_points(self, connection: apsw.Connection, serial: int, kind: int, wanted: PointRows) -> int:
        """Bring the rows of a device's points of one kind to what is wanted. **Returns**: how many were not so."""
        table, columns = TABLES[kind], self._point_columns[kind]
        names = [columns[name] for name in columns]
        there: dict[int, list[tuple[int, dict[str, str | None]]]] = {}
        rows: dict[int, list[int]] = {}
        found: list[Any] = connection.execute(
            f"SELECT rowid, {INDEX_COLUMNS[kind]}, {', '.join(names)} FROM {table} WHERE SerialNumber = ?",  # noqa: S608
            (serial,),
        ).fetchall()
        for rowid, index, *present in found:
            number = _number(index)
            if number is not None:
                there.setdefault(number, []).append((rowid, dict(zip(columns, present, strict=True))))
                rows.setdefault(number, []).append(rowid)
        self._rows[serial, kind] = rows
        written = 0
        for number, row in wanted.items():
            cells = {name: row[name] for name in columns if row.get(name) is not None}
            if number not in there:
                rows[number] = [self._insert(connection, serial, kind, number, cells)]
                written += 1
            for rowid, before in there.get(number, ()):
                differing = {columns[name]: value for name, value in cells.items() if before[name] != value}
                if differing:
                    _update(connection, table, differing, "rowid = ?", rowid)
                    written += 1
        return written

    def write_values(
        self,
        connection: apsw.Connection,
        serial: int,
        kind: int,
        changed: Iterable[tuple[int, Mapping[str, str | None]]],
    ) -> bool:
        """Write new values by (number, shape.value_columns). **Returns**: False when a row is not there: write_points makes it."""
        rows = self._rows.get((serial, kind))
        if rows is None:
            rows = self._look_up(connection, serial, kind)
        columns = [name for name in _VALUES if name in self._point_columns[kind]]
        assignments = ", ".join(f"{name} = COALESCE(?, {name})" for name in columns)
        bindings = []
        complete = True
        for number, cells in changed:
            found = rows.get(number)
            complete = complete and found is not None
            bindings += [(*(cells[name] for name in columns), rowid) for rowid in found or ()]
        connection.executemany(f"UPDATE {TABLES[kind]} SET {assignments} WHERE rowid = ?", bindings)  # noqa: S608
        return complete

    def _look_up(self, connection: apsw.Connection, serial: int, kind: int) -> dict[int, list[int]]:
        rows: dict[int, list[int]] = {}
        for rowid, index in connection.execute(
            f"SELECT rowid, {INDEX_COLUMNS[kind]} FROM {TABLES[kind]} WHERE SerialNumber = ?",  # noqa: S608
            (serial,),
        ):
            number = _number(index)
            if number is not None:
                rows.setdefault(number, []).append(rowid)
        self._rows[serial, kind] = rows
        return rows

    @staticmethod
    def _insert(
        connection: apsw.Connection, serial: int, kind: int, number: int, cells: Mapping[str, str | None]
    ) -> int:
        row = {(ID_COLUMNS[kind] if name == ID else name): value for name, value in cells.items()}
        names = ("SerialNumber", INDEX_COLUMNS[kind], *row)
        places = ", ".join("?" * len(names))
        connection.execute(
            f"INSERT INTO {TABLES[kind]} ({', '.join(names)}) VALUES ({places})",  # noqa: S608
            (serial, str(index_of(number)), *row.values()),
        )
        return connection.last_insert_rowid()


def _number(index: object) -> int | None:
    """Return the number of the point with this X_Index, which another writer may have stored as a number."""
    text = str(index)
    return int(text) + 1 if text.isdecimal() and text.isascii() and len(text) < 10 else None


def _update(connection: apsw.Connection, table: str, cells: Mapping[str, Cell], where: str, key: int) -> None:
    assignments = ", ".join(f"{name} = ?" for name in cells)
    connection.execute(f"UPDATE {table} SET {assignments} WHERE {where}", (*cells.values(), key))  # noqa: S608
