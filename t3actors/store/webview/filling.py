"""What is written into one opened file of T3000's, inside the caller's transactions; and what is known of it from one to the next.

A `Mirror` is a device as it stands there: its keys, and its points by our own numbers. Bounded by devices and points.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import apsw
import msgspec

from t3actors.points import DeviceStatus, Status
from t3actors.store.webview import shape, spelling
from t3actors.store.webview.local_time import LocalTime, iso_utc
from t3actors.store.webview.metadata import SyncLog
from t3actors.store.webview.posting import Change
from t3actors.store.webview.rekey import rekey
from t3actors.store.webview.source import Snapshot
from t3actors.store.webview.tables import Tables
from t3actors.store.webview.trend import Series, Trends

_STATUS = ("Status", "is_online", "last_checked")


class MirroredPoint(msgspec.Struct, frozen=True, gc=False):
    """A point as T3000's tables have it."""

    number: int
    digital: bool
    series: Series


class Mirror(msgspec.Struct, frozen=True):
    """A device as T3000's tables have it. `synced_to`: the row of the outbox up to which its points are brought already.

    `serial` 0: it is not shown there, and no change of its points is written.
    """

    serial: int
    panel: int
    synced_to: int
    points: dict[tuple[int, int], MirroredPoint]


class Filling:
    """One opening of the file."""

    def __init__(
        self,
        columns: Mapping[str, frozenset[str]],
        times: LocalTime,
        sync_log: SyncLog,
        product_ids: Mapping[str, int],
    ) -> None:
        self.mirrors: dict[int, Mirror] = {}
        self._columns = columns
        self._times = times
        self._tables = Tables(columns)
        self._trends = Trends(columns["TRENDLOG_DATA"])
        self._sync_log = sync_log
        self._product_ids = product_ids

    def forget(self) -> None:
        """Another connection has written, or a transaction was rolled back: rows are looked up again."""
        self._tables.forget()
        self._trends.forget()

    def synchronise(self, connection: apsw.Connection, snapshot: Snapshot, shown_as: int, now_s: int) -> Mirror:
        """Bring a device and all its points to what our own tables say. `shown_as`: under which serial number it was so far; 0: none."""
        device = snapshot.device
        serial = 0 if device is None else shape.serial_of(device)
        if shown_as not in {0, serial, None if device is None else device.surrogate}:
            self._leave(connection, snapshot, shown_as, now_s)
        if device is None:
            return nobody(snapshot)
        there = self._tables.device(connection, serial)
        panel = shape.panel_of(device, there)
        if rekey(connection, self._columns, device, serial, panel):
            self.forget()
            there = self._tables.device(connection, serial)
        product_id = spelling.product_id_of(device.model, self._product_ids)
        wanted = {**shape.device_row(device, panel, product_id), "last_checked": iso_utc(now_s)}
        self._tables.write_device(connection, serial, there, wanted, shape.device_fallbacks(device, product_id))
        rows: list[dict[int, dict[str, str | None]]] = [{} for _ in shape.TABLES]
        points: dict[tuple[int, int], MirroredPoint] = {}
        for point in snapshot.points:
            row = rows[point.kind][point.number] = shape.point_row(point, panel)
            series = Series(
                serial, panel, point.kind, point.number, shape.id_of(point.kind, point.number), row["Digital_Analog"],
                row["Range_Field"], row["Units"],
            )  # fmt: skip
            points[point.kind, point.point_index] = MirroredPoint(point.number, point.digital, series)
        for kind, wanted_rows in enumerate(rows):
            if wanted_rows:
                written = self._tables.write_points(connection, serial, kind, wanted_rows)
                self._sync_log.count(device.device_id, kind, written)
        return Mirror(serial, panel, snapshot.newest, points)

    def write(
        self, connection: apsw.Connection, row_id: int, changes: Sequence[Change], now_s: int, *, only_new: bool
    ) -> set[int]:
        """Write changes of one row of the outbox. **Returns**: devices whose points have no rows: they are to be synchronised."""
        values: dict[tuple[int, int], dict[int, dict[str, str | None]]] = {}
        details: list[tuple[int, str, str]] = []
        now = self._times.text(now_s)
        for change in changes:
            mirror = self.mirrors.get(change.device_id)
            point = None if mirror is None else mirror.points.get((change.kind, change.point_index))
            if mirror is None or point is None:
                continue
            if row_id > mirror.synced_to:
                cells = shape.value_columns(change.raw, change.status, change.auto_manual, digital=point.digital)
                latest = values.setdefault((change.device_id, change.kind), {})
                before = latest.get(point.number)
                latest[point.number] = cells if before is None else _over(before, cells)
            if change.sample and change.raw is not None:
                parent = self._trends.parent(connection, point.series, now)
                details.append((parent, str(change.raw), self._times.text(change.at_s)))
                self._sync_log.count(change.device_id, None, 1)
        self._trends.add(connection, details, only_new=only_new)
        incomplete = set()
        for (device_id, kind), latest in values.items():
            if not self._tables.write_values(connection, self.mirrors[device_id].serial, kind, latest.items()):
                incomplete.add(device_id)
            self._sync_log.count(device_id, kind, len(latest))
        return incomplete

    def _leave(self, connection: apsw.Connection, snapshot: Snapshot, serial: int, now_s: int) -> None:
        """A device is not there any more under this number (it was exchanged): nothing that we wrote there may look alive."""
        mine = self.mirrors.get(snapshot.device_id)
        if any(other.serial == serial for other in self.mirrors.values() if other is not mine):
            return
        self._write_status(connection, serial, DeviceStatus.OFFLINE, now_s)
        cells = shape.value_columns(None, Status.DISABLED, None, digital=False)
        points = {(kind, point.number) for (kind, _), point in ({} if mine is None else mine.points).items()}
        for kind in range(len(shape.TABLES)):
            numbers = sorted(number for of_kind, number in points or snapshot.numbers if of_kind == kind)
            self._tables.write_values(connection, serial, kind, [(number, cells) for number in numbers])
        self.forget()

    def write_statuses(self, connection: apsw.Connection, shown: Mapping[int, DeviceStatus], now_s: int) -> None:
        """Say of each device whether it answers, as of now; and what was synchronised since this was last said."""
        for device_id, status in shown.items():
            mirror = self.mirrors.get(device_id)
            if mirror is None or not mirror.serial:
                continue
            if status is not DeviceStatus.DISABLED:
                self._write_status(connection, mirror.serial, status, now_s)
            if self._columns["DATA_SYNC_METADATA"]:
                self._sync_log.write(connection, device_id, mirror.serial, mirror.panel, now_s)

    def _write_status(self, connection: apsw.Connection, serial: int, status: DeviceStatus, now_s: int) -> None:
        columns = [name for name in _STATUS if name in self._columns["DEVICES"]]
        if columns:
            word, is_online = spelling.device_status_of(status)
            cells = {"Status": word, "is_online": is_online, "last_checked": iso_utc(now_s)}
            assignments = ", ".join(f"{name} = ?" for name in columns)
            connection.execute(
                f"UPDATE DEVICES SET {assignments} WHERE SerialNumber = ?",  # noqa: S608
                (*(cells[name] for name in columns), serial),
            )

    def missing(self, devices: Iterable[int], row_id: int) -> list[int]:
        """Name those devices that are to be synchronised before this row of the outbox is written."""
        found = []
        for device_id in devices:
            mirror = self.mirrors.get(device_id)
            if mirror is None or mirror.synced_to < row_id:
                found.append(device_id)
        return found


def nobody(snapshot: Snapshot) -> Mirror:
    """Return the mirror of a device that is not to be shown, as of this snapshot."""
    return Mirror(0, 0, snapshot.newest, {})


def _over(before: dict[str, str | None], cells: dict[str, str | None]) -> dict[str, str | None]:
    return {name: before[name] if value is None else value for name, value in cells.items()}
