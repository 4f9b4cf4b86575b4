"""Our own database as the webview writer sees it: read-only, with a connection of its own, in short reads.

Another file under the same name (a new one in the place of a damaged one) is noticed by `refresh`. **Thread**: one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import msgspec

from t3actors.errors import StoreUnreachable
from t3actors.points import DeviceStatus, Status
from t3actors.store.connection import identity_of
from t3actors.store.known import KINDS, PROVISIONAL, TABLES
from t3actors.store.reading_connection import beside, open_for_reading
from t3actors.store.sqlite_errors import store_error
from t3actors.store.values import from_columns
from t3actors.store.webview.posting import raw_of
from t3actors.store.webview.shape import SourceDevice, SourcePoint

MOST_ROWS = 64  # postings read at a time
MOST_BYTES = 4_000_000

_DEVICE_FIELDS = SourceDevice.__struct_fields__
_SURROGATE = "(SELECT serial_number FROM webview_surrogates s WHERE s.device_id = d.device_id)"
_DEVICE = (
    f"SELECT {', '.join(field if field != 'surrogate' else _SURROGATE for field in _DEVICE_FIELDS)}"  # noqa: S608
    " FROM DEVICES d WHERE device_id = ?"
)
_POINTS = tuple(
    f"SELECT p.point_index, p.point_id, n.number, p.label, p.full_label, p.value, p.text, p.units, p.range, p.states,"  # noqa: S608
    f" p.digital_analog, p.auto_manual, p.status, {'p.calibration' if kind == 0 else 'NULL'} FROM {TABLES[KINDS[kind]]} p"
    f" JOIN webview_numbers n ON n.device_id = ?1 AND n.kind = {kind} AND n.point_index = p.point_index"
    " WHERE p.serial_number = ?2"
    for kind in range(len(KINDS))
)
_SHOWN = (  # who has not been met and has no points, or is met in a conflict, is nobody yet
    f"SELECT device_id, status FROM DEVICES d WHERE serial_number < {PROVISIONAL} OR (status <> 'conflict' AND EXISTS"  # noqa: S608
    " (SELECT 1 FROM webview_numbers n WHERE n.device_id = d.device_id)) ORDER BY device_id"
)
_NUMBERS = "SELECT kind, number FROM webview_numbers WHERE device_id = ?"
_WAITING = "SELECT COUNT(*) FROM webview_outbox WHERE id > ?"
_POSTINGS = "SELECT id, stream, content FROM webview_outbox WHERE id > ? ORDER BY id LIMIT ?"
_NEWEST = "SELECT COALESCE(MAX(id), 0) FROM webview_outbox"


class Row(NamedTuple):
    """A row of the outbox."""

    id: int
    stream: int
    content: bytes


class Snapshot(NamedTuple):
    """A device and its points as they stood when the outbox had grown to `newest`. `device` None: it is not to be shown.

    `numbers`: (kind, number) of every point that it ever had there.
    """

    device_id: int
    newest: int
    device: SourceDevice | None
    points: list[SourcePoint]
    numbers: frozenset[tuple[int, int]]


class Source:
    """One opening of our own database after the other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.identity = ""
        self._connection: apsw.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._log: tuple[int, int] | None = None
        self._index: tuple[int, int] | None = None

    def refresh(self) -> bool:
        """Open the file if it is not open, or another one. **Returns**: True when it was opened. **Raises**: StoreError."""
        try:
            found = identity_of(self.path)
            log, index = (identity_of(beside(self.path, end)) for end in ("-wal", "-shm"))
        except OSError as error:
            raise store_error(self.path, error) from error
        if self._connection is not None and log is not None and index != self._index:
            self.close()  # a removed index stays in use as long as anybody has it: the writer gets a new one once all let go
        if index is None and log is not None:
            raise StoreUnreachable(f"{self.path}: its -shm is gone; it is opened anew")
        # While its log is gone (somebody removed it) a connection that has it open sees more than one that is opened anew.
        if self._connection is not None and found == self._file and log in {None, self._log}:
            return False
        self.close()
        connection = open_for_reading(self.path)
        self._connection, self._file, self._log, self._index = connection, found, log, index
        with self._reading() as execute:
            self.identity = execute("SELECT identity FROM webview_identity").get
        return True

    def close(self) -> None:
        """Let go of the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close(True)

    def shown(self) -> dict[int, DeviceStatus]:
        """Return the devices that T3000's file is to have, with their status. **Raises**: StoreError."""
        with self._reading() as execute:
            return {device_id: DeviceStatus(status) for device_id, status in execute(_SHOWN)}

    def snapshot(self, device_id: int) -> Snapshot:
        """Return one device, its points, and how far the outbox had grown then. **Raises**: StoreError."""
        with self._reading() as execute:
            execute("BEGIN")
            try:
                newest = execute(_NEWEST).get
                shown = execute(f"SELECT 1 FROM ({_SHOWN}) WHERE device_id = ?", (device_id,)).get  # noqa: S608
                row = execute(_DEVICE, (device_id,)).fetchone() if shown else None
                numbers = frozenset(execute(_NUMBERS, (device_id,)))
                if row is None:
                    return Snapshot(device_id, newest, None, [], numbers)
                device = msgspec.convert(dict(zip(_DEVICE_FIELDS, row, strict=True)), SourceDevice)
                points = [
                    _point(kind, *found)
                    for kind, sql in enumerate(_POINTS)
                    for found in execute(sql, (device_id, device.serial_number))
                ]
                return Snapshot(device_id, newest, device, points, numbers)
            finally:
                execute("COMMIT")

    def postings(self, after: int) -> list[Row]:
        """Return the oldest rows of the outbox beyond that id, as many as are handled in one go. **Raises**: StoreError."""
        rows: list[Row] = []
        size = 0
        with self._reading() as execute:
            for found in execute(_POSTINGS, (after, MOST_ROWS)):
                rows.append(Row(*found))
                size += len(found[2])
                if size > MOST_BYTES:
                    break
        return rows

    def waiting(self, after: int) -> int:
        """Return how many rows there are beyond that id. **Raises**: StoreError."""
        with self._reading() as execute:
            count: int = execute(_WAITING, (after,)).get
            return count

    def outbox(self) -> tuple[int, set[int]]:
        """Return how far the outbox has grown, and the streams that its rows belong to. **Raises**: StoreError."""
        with self._reading() as execute:
            newest: int = execute(_NEWEST).get
            return newest, {stream for (stream,) in execute("SELECT DISTINCT stream FROM webview_outbox")}

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        connection = self._connection
        if connection is None:
            raise StoreUnreachable(f"{self.path}: is not open")
        try:
            yield connection.execute
        except apsw.Error as error:
            raise store_error(self.path, error, connection.system_errno) from error


def _point(
    kind: int, index: int, point_id: str, number: int, label: str, full_label: str, value: Any, text: str | None, units: str,
    range_code: int | None, states: str | None, digital_analog: int, auto_manual: int | None, status: str,
    calibration: float | None,
) -> SourcePoint:  # fmt: skip
    return SourcePoint(
        kind=kind,
        point_index=index,
        point_id=point_id,
        number=number,
        label=label,
        full_label=full_label,
        raw=raw_of(from_columns(value, text)),
        units=units,
        range_code=range_code,
        states=tuple(msgspec.json.decode(states, type=list[str])) if states else (),
        digital=not digital_analog,
        auto_manual=auto_manual,
        status=Status(status),
        calibration=calibration,
    )
