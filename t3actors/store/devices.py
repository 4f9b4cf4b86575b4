"""Statements for what concerns a whole device: its row, its serial number, its list of points."""

from __future__ import annotations

from t3actors.messages import DeviceAnnounced, DeviceProgress, DeviceRemoved, DeviceStatusChanged
from t3actors.points import DeviceStatus, Kind, Point, Status
from t3actors.store import newest
from t3actors.store.known import PROVISIONAL, ROWS, KnownDevice, KnownPoint, group_of, keeping_of, meaning_of
from t3actors.store.tally import Tally
from t3actors.store.values import Newest

_INSERT = "INSERT INTO DEVICES (device_id, serial_number, name, status_at) VALUES (?, ?, ?, ?)"
_FACTS = (
    "panel_id", "panel_name", "building_name", "ip_address", "port", "modbus_address", "bacnet_network",
    "bacnet_mstp_mac_id", "object_instance", "vendor_id", "model", "firmware",
)  # fmt: skip
_DESCRIBE = ", ".join(
    (
        "UPDATE DEVICES SET enabled = ?, protocol = ?, address = ?, poll_interval_s = ?, updated_at = ?",
        "discovered = MAX(discovered, ?)",
        *(f"{fact} = COALESCE(?, {fact})" for fact in _FACTS),
    )
)
_DESCRIBE += " WHERE device_id = ?"
_STATUS = (
    "UPDATE DEVICES SET status = ?, status_reason = ?, status_at = ?, updated_at = ?, claimed_serial = ?, status_before = NULL"
    " WHERE device_id = ?"
)
_PROGRESS = (
    "UPDATE DEVICES SET last_ok_at = COALESCE(?, last_ok_at), polls_ok = ?, polls_failed = ?, achieved_interval_s = ?,"
    " unheard = unheard AND NOT ?, updated_at = ? WHERE device_id = ?"
)
_KEEP = "UPDATE series SET raw_s = ?, minutes_s = ?, hours_s = ? WHERE series_id = ?"
_RENAME_SERIES = "UPDATE series SET point_id = ?1 WHERE series_id BETWEEN ?2 AND ?3 AND point_index = ?4 AND created_by <> 'manual_entry'"

_DESCRIPTION = (
    "point_id", "label", "full_label", "units", "units_code", "range", "states", "source", "digital_analog",
    "object_type", "object_instance", "mode",
)  # fmt: skip
_OWN = {Kind.INPUT: ("calibration",), Kind.OUTPUT: ("low_voltage", "high_voltage"), Kind.VARIABLE: ("unused",)}


def _upsert(kind: Kind) -> str:
    described = (*_DESCRIPTION, *_OWN[kind])
    names = ", ".join(described)
    new = ", ".join(f"excluded.{name}" for name in described)
    return (
        f"INSERT INTO {ROWS[kind]} (serial_number, point_index, device_id, status_at, updated_at, {names})"  # noqa: S608
        f" VALUES (?, ?, ?, ?, ?{', ?' * len(described)}) ON CONFLICT (serial_number, point_index) DO UPDATE SET"
        f" ({names}, updated_at) = ({new}, excluded.updated_at) WHERE ({names}) IS NOT ({new})"
    )


_UPSERT = {kind: _upsert(kind) for kind in Kind}
_POINT_STATUS = {
    kind: f"UPDATE {table} SET status = ?, status_reason = ?, status_at = ?, updated_at = ?"  # noqa: S608
    " WHERE serial_number = ? AND point_index = ?"
    for kind, table in ROWS.items()
}


def announce(tally: Tally, announced: DeviceAnnounced, at_ms: int) -> list[KnownPoint]:
    """Bring the device's row and its points' rows to what was announced. **Returns**: as `finish`. **Raises**: RowRefused of any of it."""
    device = describe(tally, announced, at_ms)
    for point in announced.points:
        describe_point(tally, device, announced, point, at_ms)
    return finish(tally, device, announced, at_ms)


def describe(tally: Tally, announced: DeviceAnnounced, at_ms: int) -> KnownDevice:
    """Bring the device's own row to what was announced."""
    device = tally.known.devices.get(announced.device) or _new_device(tally, announced.device, at_ms)
    facts = (getattr(announced.facts, fact) for fact in _FACTS)
    tally.connection.execute(
        _DESCRIBE,
        (
            announced.enabled, announced.protocol, announced.address, announced.poll_interval_s, at_ms, announced.discovered,
            *facts, device.device_id,
        ),
    )  # fmt: skip
    tally.count("rows", 1)
    _re_key(tally, device, announced.facts.serial_number, at_ms)
    if not announced.enabled and device.status is not DeviceStatus.DISABLED:
        _set_status(tally, device, DeviceStatus.DISABLED, announced.disabled_because, at_ms)
    elif announced.enabled and device.status is DeviceStatus.DISABLED:
        _set_status(tally, device, DeviceStatus.UNKNOWN, "", at_ms)
    return device


def describe_point(tally: Tally, device: KnownDevice, announced: DeviceAnnounced, described: Point, at_ms: int) -> None:
    """Bring one point's row to what was announced; a new meaning of its numbers takes the old number away."""
    kind, index = described.kind, described.point_index
    meaning = meaning_of(described)
    own = (getattr(described, name) for name in _OWN[kind])
    tally.connection.execute(
        _UPSERT[kind],
        (
            device.serial, index, device.device_id, at_ms, at_ms, described.point_id, described.label, described.full_label,
            described.units, described.units_code, described.range_code, meaning[2], described.source,
            0 if described.digital else 1, described.object_type, described.object_instance, described.mode, *own,
        ),
    )  # fmt: skip
    tally.count("rows", 1)
    point = device.rows.get((kind, index))
    if point is None:
        point = KnownPoint(device, kind, index, described.point_id, Status.UNKNOWN)
        tally.journal.put(device.rows, (kind, index), point)
        tally.journal.set(tally.known, "points", tally.known.points + 1)
    elif point.point_id != described.point_id:
        _rename(tally, point, described.point_id)
    tally.journal.put(device.points, described.point_id, point)
    key = (
        group_of(device.device_id, kind, announced.data_source),
        index, meaning, float(described.rules.poll_interval_s), announced.created_by,
    )  # fmt: skip
    if point.meaning is not None and point.meaning != meaning:
        cleared = Newest(changed_at=point.newest.changed_at)
        tally.journal.set(point, "newest", cleared)
        newest.write(tally, {point.number: cleared.row(point.number, at_ms)})
        set_point_status(tally, point, Status.UNKNOWN, "described anew: not read since", at_ms)
        tally.drop(device.name, point.point_id)
    if point.key != key:
        tally.journal.set(point, "meaning", meaning)
        tally.journal.set(point, "key", key)
        tally.journal.set(point, "series", tally.known.series.get(key))
    _keep(tally, point, described)


def _keep(tally: Tally, point: KnownPoint, described: Point) -> None:
    """Note how long its history is kept, on the series that is written to."""
    keeping = keeping_of(described)
    if point.keeping != keeping:
        tally.journal.set(point, "keeping", keeping)
    if point.series is not None and point.series.keeping != keeping:
        tally.connection.execute(_KEEP, (*keeping, point.series.series_id))
        tally.journal.set(point.series, "keeping", keeping)


def finish(tally: Tally, device: KnownDevice, announced: DeviceAnnounced, at_ms: int) -> list[KnownPoint]:
    """Disable and enable rows once all announced points are known. **Returns**: points that are gone; no sample says it yet."""
    gone = []
    present = {(point.kind, point.point_index) for point in announced.points}
    for key, point in device.rows.items():
        if key in present and announced.enabled:
            if point.status is Status.DISABLED:
                set_point_status(tally, point, Status.UNKNOWN, "", at_ms)
        elif point.status is not Status.DISABLED and (announced.complete or not announced.enabled):
            reason = "no longer on the device" if announced.enabled else announced.disabled_because
            set_point_status(tally, point, Status.DISABLED, reason, at_ms)
            gone += [point] if announced.enabled else []
    return gone


def change_status(tally: Tally, changed: DeviceStatusChanged) -> None:
    """Store a transition of the device's life cycle.

    A conflict stands, whatever the device says of itself: one about a serial number until that is no longer another's
    (`_re_key`), any other until discovery says that it `was` one.
    """
    device = tally.known.devices.get(changed.device)
    if device is None or device.status is changed.status:
        return
    ends_conflict = changed.was is DeviceStatus.CONFLICT and device.claims is None
    if device.status is not DeviceStatus.CONFLICT or ends_conflict:
        _write_status(tally, device, changed.status, changed.reason, changed.at_ms)


def remove(tally: Tally, removed: DeviceRemoved) -> list[KnownPoint]:
    """Disable a device that the configuration no longer has, and its points. **Returns**: those that were there until now."""
    device = tally.known.devices.get(removed.device)
    if device is None:
        return []
    if device.status is not DeviceStatus.DISABLED:
        _write_status(tally, device, DeviceStatus.DISABLED, removed.reason, removed.at_ms)
    gone = [point for point in device.rows.values() if point.status is not Status.DISABLED]
    for point in gone:
        set_point_status(tally, point, Status.DISABLED, removed.reason, removed.at_ms)
    return gone


def progress(tally: Tally, made: DeviceProgress, at_ms: int) -> None:
    """Store a device's counters."""
    device = tally.known.devices.get(made.device)
    if device is None:
        return
    counts = made.counts
    tally.connection.execute(
        _PROGRESS,
        (
            made.last_ok_at_ms, counts.polls_ok, counts.polls_failed, counts.achieved_interval_s or None, made.heard,
            at_ms, device.device_id,
        ),
    )  # fmt: skip
    tally.count("rows", 1)


def set_point_status(tally: Tally, point: KnownPoint, status: Status, reason: str, at_ms: int) -> None:
    """Change a point's status alone."""
    tally.connection.execute(
        _POINT_STATUS[point.kind], (status, reason, at_ms, at_ms, point.device.serial, point.point_index)
    )
    tally.count("rows", 1)
    tally.journal.set(point, "standing", (reason, *point.standing[1:]))
    tally.point_event(point, at_ms, status, reason)


def _new_device(tally: Tally, name: str, at_ms: int) -> KnownDevice:
    known = tally.known
    device_id = 1 + max((device.device_id for device in known.devices.values()), default=0)
    device = KnownDevice(device_id, name, PROVISIONAL + device_id, DeviceStatus.UNKNOWN)
    tally.connection.execute(_INSERT, (device_id, device.serial, name, at_ms))
    tally.journal.put(known.devices, name, device)
    tally.journal.put(known.serials, device.serial, device)
    return device


def _re_key(tally: Tally, device: KnownDevice, serial: int | None, at_ms: int) -> None:
    """Give the device its real serial everywhere, in one statement; or report that another one has it."""
    if serial is None or not 0 < serial < PROVISIONAL:
        return
    owner = tally.known.serials.get(serial)
    if owner is not None and owner is not device:
        if device.claims != serial:
            reason = tally.known.claimed_by_another(serial)
            tally.journal.put(tally.conflicts, device.name, (serial, owner.name))
            _set_status(tally, device, DeviceStatus.CONFLICT, reason, at_ms, serial)
        return
    if device.claims is not None:
        _set_status(tally, device, DeviceStatus.UNKNOWN, "the conflict is over", at_ms)
    if owner is None:
        tally.connection.execute("UPDATE DEVICES SET serial_number = ? WHERE device_id = ?", (serial, device.device_id))
        if device.serial < PROVISIONAL:
            reason = f"serial number {device.serial} became {serial}"
            tally.add_events([(at_ms, device.device_id, None, "device.rekeyed", "", "", reason)])
        tally.journal.drop(tally.known.serials, device.serial)
        tally.journal.put(tally.known.serials, serial, device)
        tally.journal.set(device, "serial", serial)


def _set_status(
    tally: Tally, device: KnownDevice, status: DeviceStatus, reason: str, at_ms: int, claims: int | None = None
) -> None:
    """Change a device's status for a reason that began here: with its EVENTS row."""
    tally.device_event(device, at_ms, status, reason)
    _write_status(tally, device, status, reason, at_ms, claims)


def _write_status(
    tally: Tally, device: KnownDevice, status: DeviceStatus, reason: str, at_ms: int, claims: int | None = None
) -> None:
    tally.connection.execute(_STATUS, (status, reason, at_ms, at_ms, claims, device.device_id))
    tally.count("rows", 1)
    tally.journal.set(device, "status", status)
    tally.journal.set(device, "before", None)
    tally.journal.set(device, "claims", claims)


def _rename(tally: Tally, point: KnownPoint, point_id: str) -> None:
    device = point.device
    for source in range(1, 5):
        first = group_of(device.device_id, point.kind, source) << 16
        tally.connection.execute(_RENAME_SERIES, (point_id, first, first | 0xFFFF, point.point_index))
    if device.points.get(point.point_id) is point:
        tally.journal.drop(device.points, point.point_id)
    tally.journal.set(point, "point_id", point_id)
