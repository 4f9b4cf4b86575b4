"""A device that was shown under a number of ours, and has its own now, is the same device: its rows move there.

That happens once in a device's life, at its first contact. Without it the front end would list it twice, and its history would be
torn. Everything happens inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping

import apsw

from t3actors.store.webview.shape import LASTING_PANEL, TABLES, SourceDevice

_PARENTS = "SELECT id, PointId, PointType FROM TRENDLOG_DATA WHERE SerialNumber = ? AND PanelId = ?"
_TWIN = "SELECT id FROM TRENDLOG_DATA WHERE SerialNumber = ? AND PanelId = ? AND PointId = ? AND PointType = ? ORDER BY id LIMIT 1"


def rekey(
    connection: apsw.Connection, columns: Mapping[str, frozenset[str]], device: SourceDevice, serial: int, panel: int
) -> bool:
    """Move what stands under the numbers that this device had before. **Returns**: True when there was something."""
    moved = False
    lasting, surrogate = LASTING_PANEL + device.device_id, device.surrogate
    before = {(serial, lasting)} if surrogate is None else {(serial, lasting), (surrogate, lasting), (surrogate, panel)}
    for old in before - {(serial, panel)}:
        moved |= _move_history(connection, old, (serial, panel))
    if (
        surrogate not in (None, serial)
        and connection.execute("SELECT 1 FROM DEVICES WHERE SerialNumber = ?", (surrogate,)).get
    ):
        _move_device(connection, columns, surrogate, serial)
        moved = True
    return moved


def _move_history(connection: apsw.Connection, old: tuple[int, int], new: tuple[int, int]) -> bool:
    parents = connection.execute(_PARENTS, old).fetchall()
    for parent, point_id, point_type in parents:
        twin = connection.execute(_TWIN, (*new, point_id, point_type)).get
        if twin is None:
            connection.execute("UPDATE TRENDLOG_DATA SET SerialNumber = ?, PanelId = ? WHERE id = ?", (*new, parent))
        else:
            connection.execute("UPDATE TRENDLOG_DATA_DETAIL SET ParentId = ? WHERE ParentId = ?", (twin, parent))
            connection.execute("DELETE FROM TRENDLOG_DATA WHERE id = ?", (parent,))
    return bool(parents)


def _move_device(connection: apsw.Connection, columns: Mapping[str, frozenset[str]], old: int, new: int) -> None:
    if connection.execute("SELECT 1 FROM DEVICES WHERE SerialNumber = ?", (new,)).get:
        connection.execute("DELETE FROM DEVICES WHERE SerialNumber = ?", (old,))
        for table in TABLES:  # the device has rows of its own: those are brought up to date
            connection.execute(f"DELETE FROM {table} WHERE SerialNumber = ?", (old,))  # noqa: S608
    else:
        for table in ("DEVICES", *TABLES):
            connection.execute(f"UPDATE {table} SET SerialNumber = ? WHERE SerialNumber = ?", (new, old))  # noqa: S608
    if columns["DATA_SYNC_METADATA"]:
        connection.execute(
            "UPDATE DATA_SYNC_METADATA SET serial_number = ? WHERE serial_number = ?", (str(new), str(old))
        )
