"""TRENDLOG_DATA (one parent per point) and TRENDLOG_DATA_DETAIL (its values): T3000's history.

T3000's own writers do not agree on a point's PointIndex (its sync counts from 0, its chart from 1), so it has two parents for many
a point; its history query goes by SerialNumber, PanelId, PointId and PointType. So any parent of these four is taken as it is, and
a new one is made only where there is none. Parents may be deleted under us: they are looked up again once another connection
has written. Everything happens inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import apsw

from t3actors.store.webview.shape import POINT_TYPES, index_of

_FIND = (
    "SELECT id{columns} FROM TRENDLOG_DATA WHERE SerialNumber = ?1 AND PanelId = ?2 AND PointId = ?3 AND PointType = ?4"
    " ORDER BY PointIndex <> ?5, id LIMIT 1"
)
_DESCRIPTION = ("Digital_Analog", "Range_Field", "Units")
_ADD = "INSERT INTO TRENDLOG_DATA_DETAIL (ParentId, Value, LoggingTime_Fmt) VALUES (?1, ?2, ?3)"
_ADD_NEW = (
    "INSERT INTO TRENDLOG_DATA_DETAIL (ParentId, Value, LoggingTime_Fmt) SELECT ?1, ?2, ?3 WHERE NOT EXISTS"
    " (SELECT 1 FROM TRENDLOG_DATA_DETAIL WHERE ParentId = ?1 AND LoggingTime_Fmt = ?3 AND Value = ?2)"
)


class Series(NamedTuple):
    """A point as TRENDLOG_DATA knows it."""

    serial: int
    panel: int
    kind: int
    number: int
    xid: str
    digital_analog: str | None
    range_field: str | None
    units: str | None


class Trends:
    """The parents that are known, bounded by the points; and how rows are added."""

    def __init__(self, columns: frozenset[str]) -> None:
        self._columns = columns
        self._described = tuple(name for name in _DESCRIPTION if name in columns)
        self._find = _FIND.format(columns="".join(f", {name}" for name in self._described))
        self._parents: dict[Series, int] = {}

    def forget(self) -> None:
        """Parents may have been deleted."""
        self._parents.clear()

    def parent(self, connection: apsw.Connection, series: Series, now: str) -> int:
        """Return the parent's id: found, or made. What it says of units, range and kind is brought up to date."""
        known = self._parents.get(series)
        if known is not None:
            return known
        point_type, index = POINT_TYPES[series.kind], index_of(series.number)
        key = (series.serial, series.panel, series.xid, point_type, index)
        found = connection.execute(self._find, key).fetchone()
        if found is None:
            parent = self._make(connection, series, point_type, index, now)
        else:
            parent = found[0]
            self._describe(connection, parent, series, dict(zip(self._described, found[1:], strict=True)), now)
        self._parents[series] = parent
        return parent

    @staticmethod
    def add(connection: apsw.Connection, rows: Iterable[tuple[int, str, str]], *, only_new: bool) -> None:
        """Add (parent, value, local time) rows; `only_new`: but none that has an equal there."""
        connection.executemany(_ADD_NEW if only_new else _ADD, rows)

    def _make(self, connection: apsw.Connection, series: Series, point_type: str, index: int, now: str) -> int:
        row = {
            "SerialNumber": series.serial, "PanelId": series.panel, "PointId": series.xid, "PointIndex": index,
            "PointType": point_type, "Digital_Analog": series.digital_analog, "Range_Field": series.range_field,
            "Units": series.units, "IsActive": 1, "CreatedAt": now, "UpdatedAt": now,
        }  # fmt: skip
        names = [name for name in row if name in self._columns]
        places = ", ".join("?" * len(names))
        connection.execute(
            f"INSERT INTO TRENDLOG_DATA ({', '.join(names)}) VALUES ({places})",  # noqa: S608
            [row[name] for name in names],
        )
        return connection.last_insert_rowid()

    def _describe(
        self, connection: apsw.Connection, parent: int, series: Series, there: dict[str, str | None], now: str
    ) -> None:
        wanted = {"Digital_Analog": series.digital_analog, "Range_Field": series.range_field, "Units": series.units}
        differing = {name: wanted[name] for name in there if wanted[name] not in (None, there[name])}
        if not differing:
            return
        if "UpdatedAt" in self._columns:
            differing["UpdatedAt"] = now
        assignments = ", ".join(f"{name} = ?" for name in differing)
        connection.execute(f"UPDATE TRENDLOG_DATA SET {assignments} WHERE id = ?", (*differing.values(), parent))  # noqa: S608
