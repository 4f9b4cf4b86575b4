"""What the writer knows of its database without asking: devices, points, series. Loaded once, kept by journal.

Bounded by the rows of DEVICES, the point tables and `series`.
"""

from __future__ import annotations

import apsw
import msgspec

from t3actors.points import DeviceStatus, Kind, Point, Status
from t3actors.store.journal import Journal
from t3actors.store.values import Newest

PROVISIONAL = 1 << 32  # + device_id: a serial that no real device has (contract)
KINDS = (Kind.INPUT, Kind.OUTPUT, Kind.VARIABLE)
TABLES = {Kind.INPUT: "INPUT_POINTS", Kind.OUTPUT: "OUTPUT_POINTS", Kind.VARIABLE: "VARIABLE_POINTS"}
"""As everybody reads them."""
ROWS = {Kind.INPUT: "input_rows", Kind.OUTPUT: "output_rows", Kind.VARIABLE: "variable_rows"}
"""What stands in them but for the newest values: newest.py."""

Meaning = tuple[str, int | None, str | None, str]
"""Units, range, states, source: what a stored number means. When it changes, the number means nothing."""

Keeping = tuple[int | None, int | None, int | None]
"""How long samples, minutes and hours of a series are kept, in seconds; None is the default."""

Standing = tuple[str, int | None, int, int | None]
"""Reason, auto_manual, flags, hw_switch: with the status, how well a point is."""

SeriesKey = tuple[int, int, Meaning, float, str]
"""group_id, point_index, meaning, sync_interval, created_by."""


class KnownSeries:
    """One series, the newest time written to it by this writer, and how long it is kept."""

    __slots__ = ("keeping", "last_ms", "series_id")

    def __init__(self, series_id: int, last_ms: int, keeping: Keeping = (None, None, None)) -> None:
        self.series_id = series_id
        self.last_ms = last_ms
        self.keeping = keeping


class KnownPoint:
    """One row of a point table."""

    __slots__ = (
        "device", "keeping", "key", "kind", "meaning", "newest", "point_id", "point_index", "series", "standing", "status",
    )  # fmt: skip

    def __init__(self, device: KnownDevice, kind: Kind, point_index: int, point_id: str, status: Status) -> None:
        self.device = device
        self.kind = kind
        self.point_index = point_index
        self.point_id = point_id
        self.status = status
        self.meaning: Meaning | None = None
        self.key: SeriesKey | None = None
        self.keeping: Keeping = (None, None, None)
        self.series: KnownSeries | None = None
        self.newest = Newest()
        self.standing: Standing = ("", None, 0, None)

    @property
    def number(self) -> int:
        """Its point_no (schema 8)."""
        return self.device.device_id << 34 | KINDS.index(self.kind) << 32 | self.point_index


class KnownDevice:
    """One row of DEVICES. `rows` are all its point rows; `points` those that go by their id now.

    `claims`: the serial number that it reports while another device has it; then, and only then, its conflict is about that.
    `before`: its status in the gateway's earlier life, until somebody has spoken for it in this one.
    """

    __slots__ = ("before", "claims", "device_id", "name", "points", "rows", "serial", "status")

    def __init__(
        self,
        device_id: int,
        name: str,
        serial: int,
        status: DeviceStatus,
        claims: int | None = None,
        before: DeviceStatus | None = None,
    ) -> None:
        self.device_id = device_id
        self.name = name
        self.serial = serial
        self.status = status
        self.claims = claims
        self.before = before
        self.rows: dict[tuple[Kind, int], KnownPoint] = {}
        self.points: dict[str, KnownPoint] = {}


class Known:
    """All of it. `newest_ms`: no sample in the file is later than that, but those this writer has written since.

    `points`: how many rows the point tables have; `fresh`: rows of fresh_values.
    `crowded`: the devices of which it was said that more alarms stand than are kept. `cycles`: what EVENTS last says of a panel's rows.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self.journal = Journal()
        self.devices: dict[str, KnownDevice] = {}
        self.serials: dict[int, KnownDevice] = {}
        self.series: dict[SeriesKey, KnownSeries] = {}
        self.crowded: dict[str, None] = {}
        self.cycles: dict[str, tuple[int, int, int, int]] = {}
        self.points = 0
        self.fresh: int = connection.execute("SELECT COUNT(*) FROM fresh_values").get
        newest = connection.execute(
            "SELECT MAX(COALESCE((SELECT MAX(logging_time) FROM samples), -1), sealed_until - 1) FROM history"
        ).get
        self.newest_ms: int = -1 if newest < 0 else newest * 1000 + 999
        by_id = self._load_devices(connection)
        self._load_points(connection, by_id)
        self._load_series(connection, by_id)

    def conflicts(self) -> dict[str, str]:
        """Return the devices whose serial number is another's, and why."""
        claiming = [device for device in self.devices.values() if device.claims is not None]
        return {device.name: self.claimed_by_another(device.claims or 0) for device in claiming}

    def claimed_by_another(self, serial: int) -> str:
        """Word a conflict over this serial number."""
        owner = self.serials.get(serial)
        return f"serial number {serial} is already that of {'another' if owner is None else owner.name}"

    def _load_devices(self, connection: apsw.Connection) -> dict[int, KnownDevice]:
        by_id = {}
        for device_id, name, serial, status, claims, before in connection.execute(
            "SELECT device_id, name, serial_number, status, claimed_serial, status_before FROM DEVICES"
        ):
            was = None if before is None else DeviceStatus(before)
            device = KnownDevice(device_id, name, serial, DeviceStatus(status), claims, was)
            self.devices[name] = self.serials[serial] = by_id[device_id] = device
        return by_id

    def _load_points(self, connection: apsw.Connection, by_id: dict[int, KnownDevice]) -> None:
        standings: dict[Standing, Standing] = {}  # few differ
        for kind, table in TABLES.items():
            # Rows that went come first, so that a present point takes the name.
            hw_switch = "hw_switch_status" if kind is Kind.OUTPUT else "NULL"
            for device_id, index, point_id, status, units, range_, states, source, *rest in connection.execute(
                "SELECT device_id, point_index, point_id, status, units, range, states, source, value, text, sampled_at,"  # noqa: S608
                f" changed_at, status_reason, auto_manual, flags, {hw_switch} FROM {table} ORDER BY status <> 'disabled'"
            ):
                device = by_id[device_id]
                point = KnownPoint(device, kind, index, point_id, Status(status))
                point.meaning = units, range_, states, source
                point.newest = Newest(*rest[:4])
                reason, auto_manual, flags, switch = rest[4:]
                point.standing = standings.setdefault(
                    (reason, auto_manual, flags, switch), (reason, auto_manual, flags, switch)
                )
                device.rows[kind, index] = point
                self.points += 1
                other = device.points.get(point_id)
                if other is None or other.status is Status.DISABLED:
                    device.points[point_id] = point

    def _load_series(self, connection: apsw.Connection, by_id: dict[int, KnownDevice]) -> None:
        for series_id, index, units, range_, states, source, interval, created_by, *keeping in connection.execute(
            "SELECT series_id, point_index, units, range, states, source, sync_interval, created_by, raw_s, minutes_s, hours_s"
            " FROM series WHERE series_id >> 16 & 3 <> 1 ORDER BY started_at, series_id"  # a row by hand is no device's own
        ):
            meaning = (units, range_, states, source)
            key = (series_id >> 16, index, meaning, float(interval), created_by)
            series = KnownSeries(series_id, self.newest_ms, (keeping[0], keeping[1], keeping[2]))
            self.series[key] = series
            device = by_id.get(series_id >> 20)
            point = device and device.rows.get((KINDS[series_id >> 18 & 3], index))
            if point and point.meaning == meaning:
                point.key, point.series = key, series


def meaning_of(point: Point) -> Meaning:
    """Return what a stored number of this point means."""
    states = msgspec.json.encode(point.states).decode() if point.states else None
    return point.units, point.range_code, states, point.source


def keeping_of(point: Point) -> Keeping:
    """Return how long this point's history is kept."""
    raw_s, minutes_s, hours_s = (
        None if kept is None else int(kept) for kept in (point.rules.raw_s, point.rules.minutes_s, point.rules.hours_s)
    )
    return raw_s, minutes_s, hours_s


def group_of(device_id: int, kind: Kind, data_source: int) -> int:
    """Return the number of the group (schema 001: device_id * 16 + kind * 4 + data_source - 1)."""
    return device_id << 4 | KINDS.index(kind) << 2 | data_source - 1
