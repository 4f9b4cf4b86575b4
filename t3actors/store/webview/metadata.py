"""DATA_SYNC_METADATA: when each device's inputs, outputs, variables and history were last synchronised, for the front end's "last sync".

Its rows are marked FFI_BACKEND, the one method by which T3000's dashboard counts. Of each device and type, rows from before yesterday
go, as T3000's own writer has them go.
"""

from __future__ import annotations

import apsw

from t3actors.store.webview.local_time import LocalTime
from t3actors.store.webview.shape import TABLES

TREND = "TRENDLOG_DATA"
_INSERT = (
    "INSERT INTO DATA_SYNC_METADATA (sync_time, sync_time_fmt, data_type, serial_number, panel_id, records_synced, sync_method,"
    " success, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'FFI_BACKEND', 1, ?1)"
)
_PRUNE = "DELETE FROM DATA_SYNC_METADATA WHERE serial_number = ? AND data_type = ? AND sync_time < ?"


class SyncLog:
    """Counts what was written since each device's last rows: bounded by devices."""

    def __init__(self, times: LocalTime) -> None:
        self._times = times
        self._counts: dict[int, dict[str, int]] = {}

    def count(self, device_id: int, kind: int | None, records: int) -> None:
        """So many points of a kind (None: trend rows) were written."""
        if records:
            counts = self._counts.setdefault(device_id, {})
            data_type = TREND if kind is None else TABLES[kind]
            counts[data_type] = counts.get(data_type, 0) + records

    def write(self, connection: apsw.Connection, device_id: int, serial: int, panel: int, now_s: int) -> None:
        """Write one row for each type of which something was counted, inside the caller's transaction."""
        local, oldest = self._times.text(now_s), self._times.midnight_before(now_s, 1)
        for data_type, records in self._counts.get(device_id, {}).items():
            connection.execute(_INSERT, (now_s, local, data_type, str(serial), panel, records))
            connection.execute(_PRUNE, (str(serial), data_type, oldest))

    def written(self) -> None:
        """The transaction is over."""
        self._counts.clear()
