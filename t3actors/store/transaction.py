"""Turns one batch into statements, and leaves out only the rows that SQLite refuses.

Everything of a batch happens inside the caller's transaction. What is remembered (`Known`) changes through its journal,
so that a part that is rolled back is forgotten too. A part that fails because of a row is halved until the row stands
alone: it is poisoned, and the others are stored.

Within a series a clashing time moves by 1 ms. A series' newest time is remembered, and after a restart the newest of all
stands for it; only a sample that is not newer (the clock stepped back, two changes in one millisecond) costs a look-up.

A change of status in a batch brings its EVENTS row along, from the detector; here only those are written which begin here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from t3actors.cycles import CycleEnded
from t3actors.messages import (
    AlarmsRead,
    BatchItem,
    DeviceAnnounced,
    DeviceLearned,
    DeviceProgress,
    DeviceRemoved,
    DeviceStatusChanged,
    EventHappened,
    ObjectsRead,
    PointChange,
)
from t3actors.points import Kind, Status
from t3actors.store import alarms, cycles, devices, memory, objects
from t3actors.store.connection import RowRefused
from t3actors.store.known import TABLES, KnownPoint, KnownSeries
from t3actors.store.tally import SampleRow, Tally
from t3actors.store.values import STATUS_CODES, believable, columns, sample

SERIES_PER_GROUP = 0xFFFF

_UPDATE = {
    kind: f"UPDATE {table} SET"  # noqa: S608
    " value = CASE ?1 WHEN 0 THEN value ELSE ?2 END, text = CASE ?1 WHEN 0 THEN text ELSE ?3 END,"
    " sampled_at = COALESCE(?4, sampled_at),"
    " changed_at = CASE WHEN ?5 IS NULL OR (changed_at > 0 AND value IS ?2 AND text IS ?3) THEN changed_at ELSE ?5 END,"
    " status_at = CASE status WHEN ?6 THEN status_at ELSE ?7 END, status = ?6, status_reason = ?8,"
    " auto_manual = COALESCE(?9, auto_manual), flags = ?10, updated_at = ?7"
    + (", hw_switch_status = COALESCE(?13, hw_switch_status)" if kind is Kind.OUTPUT else "")
    + " WHERE serial_number = ?11 AND point_index = ?12"
    for kind, table in TABLES.items()
}
_SECOND = "INSERT OR IGNORE INTO sample_seconds (logging_time) VALUES (?)"
_SAMPLE = "INSERT INTO samples (logging_time, series_id, ms, value, status) VALUES (?, ?, ?, ?, ?)"
_LATE = "INSERT INTO late_samples (logging_time, series_id, ms, value, status) VALUES (?, ?, ?, ?, ?)"
_TAKEN = (
    "SELECT 1 FROM samples WHERE logging_time = ?1 AND series_id = ?2 AND ms = ?3"
    " UNION ALL SELECT 1 FROM late_samples WHERE logging_time = ?1 AND series_id = ?2 AND ms = ?3"
)
_GROUP = "INSERT OR IGNORE INTO series_groups (group_id, device_id, data_source, point_type) VALUES (?, ?, ?, ?)"
_NEXT_SERIES = "SELECT COALESCE(MAX(series_id), ?1) + 1 FROM series WHERE series_id BETWEEN ?1 AND ?2"
_SERIES = (
    "INSERT INTO series (series_id, point_index, point_id, units, range, states, source, sync_interval, created_by, started_at,"
    " raw_s, minutes_s, hours_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class TooManySeries(OverflowError):
    """A group's range of series numbers is used up: a point's description keeps changing."""


def write(tally: Tally, items: Sequence[BatchItem], at_ms: int) -> None:
    """Write the items. **Raises**: RowRefused when one of them cannot be: then all is to be rolled back, and `write_apart`."""
    changes = _Changes(tally, at_ms)
    for item in items:
        if isinstance(item, PointChange):
            changes.add(item)
            continue
        changes.flush()
        match item:
            case DeviceAnnounced():
                devices.announce(tally, item, at_ms)
            case DeviceStatusChanged():
                devices.change_status(tally, item)
            case DeviceRemoved():
                devices.remove(tally, item)
            case DeviceProgress():
                devices.progress(tally, item, at_ms)
            case ObjectsRead():
                objects.write(tally, item)
            case AlarmsRead():
                alarms.write(tally, item)
            case DeviceLearned():
                memory.write(tally, item, at_ms)
            case EventHappened():
                _event(tally, item)
            case CycleEnded():
                cycles.write(tally, item)
    changes.flush()


def write_apart(tally: Tally, items: Sequence[BatchItem], at_ms: int) -> None:
    """Write the items, leaving out and listing what SQLite refuses. **Raises**: apsw.Error of everything else.

    Not the usual way: a savepoint makes SQLite keep a second journal (measured: it doubles what is written).
    """
    mark = tally.journal.mark()
    connection = tally.connection
    connection.execute("SAVEPOINT part")
    try:
        write(tally, items, at_ms)
    except RowRefused as refused:
        connection.execute("ROLLBACK TO part")
        tally.journal.undo(mark)
        _halve(tally, items, at_ms, refused)
    connection.execute("RELEASE part")


def _halve(tally: Tally, items: Sequence[BatchItem], at_ms: int, refused: Exception) -> None:
    if len(items) > 1:
        middle = len(items) // 2
        write_apart(tally, items[:middle], at_ms)
        write_apart(tally, items[middle:], at_ms)
        return
    match items[0]:
        case DeviceAnnounced() as announced:
            _announce_apart(tally, announced, at_ms)
        case ObjectsRead() as read:
            _objects_apart(tally, read)
        case AlarmsRead() as read:
            _alarms_apart(tally, read)
        case DeviceLearned(device=device, key=key):
            _poison(tally, device, key, refused)
        case PointChange(device=device, point_id=point_id) | EventHappened(device=str(device), point_id=str(point_id)):
            _poison(tally, device, point_id, refused)
            tally.drop(device, point_id)
        case item:
            _poison(tally, item.device or "", "", refused)


def _announce_apart(tally: Tally, announced: DeviceAnnounced, at_ms: int) -> None:
    """Announce a device of which some row is refused: that point costs only itself."""
    mark = tally.journal.mark()
    try:
        device = devices.describe(tally, announced, at_ms)
    except RowRefused as refused:
        tally.connection.execute("ROLLBACK TO part")
        tally.journal.undo(mark)
        _poison(tally, announced.device, "", refused)
        return
    for point in announced.points:
        describe = partial(devices.describe_point, tally, device, announced, point, at_ms)
        if not _row(tally, device.name, point.point_id, describe):
            tally.drop(device.name, point.point_id)
    devices.finish(tally, device, announced, at_ms)


def _objects_apart(tally: Tally, read: ObjectsRead) -> None:
    """Write objects of which some row is refused."""
    device = tally.known.devices[read.device]
    for row in read.rows:
        _row(tally, device.name, f"{read.table} {row.index}", partial(objects.write_row, tally, device, read, row))
    objects.finish(tally, device, read)


def _alarms_apart(tally: Tally, read: AlarmsRead) -> None:
    """Write alarms of which some row is refused."""
    standing = alarms.begin(tally, read)
    if standing is not None:
        for alarm in read.alarms:
            what = f"ALARMS {alarm.source} {alarm.alarm_state}"
            _row(tally, read.device, what, partial(alarms.write_alarm, tally, standing, read, alarm))
        alarms.finish(tally, standing, read)


def _row(tally: Tally, device: str, what: str, write_row: Callable[[], object]) -> bool:
    """Write one row of an item. **Returns**: False when it is refused: it costs only itself."""
    mark = tally.journal.mark()
    refusal: Exception | None = None
    tally.connection.execute("SAVEPOINT one_row")
    try:
        write_row()
    except RowRefused as refused:
        tally.connection.execute("ROLLBACK TO one_row")
        tally.journal.undo(mark)
        refusal = refused
    tally.connection.execute("RELEASE one_row")
    if refusal is not None:
        _poison(tally, device, what, refusal)
    return refusal is None


def _poison(tally: Tally, device: str, what: str, refused: Exception) -> None:
    tally.poisoned.append((device, what, f"{type(refused).__name__}: {refused}"))


def _event(tally: Tally, happened: EventHappened) -> None:
    device = tally.known.devices.get(happened.device or "")
    device_id = None if device is None else device.device_id
    words = (happened.event, happened.from_status, happened.to_status, happened.reason)
    tally.add_events([(happened.at_ms, device_id, happened.point_id, *words)])


class _Changes:
    """A run of PointChanges, gathered for executemany."""

    def __init__(self, tally: Tally, at_ms: int) -> None:
        self._tally = tally
        self._at_ms = at_ms
        self._updates: dict[Kind, list[tuple[object, ...]]] = {kind: [] for kind in Kind}
        self._samples: list[SampleRow] = []
        self._taken: set[tuple[int, int]] = set()

    def add(self, change: PointChange) -> None:
        tally = self._tally
        device = tally.known.devices.get(change.device)
        point = None if device is None else device.points.get(change.point_id)
        if point is None:
            tally.drop(change.device, change.point_id)  # never announced to this file: the announcement is on its way
            return
        reading = believable(change.reading)
        status, at_ms = reading.status, change.at_ms
        value, text = columns(reading.value)
        kept = reading.value is None
        good = status is Status.OK
        sampled_at = change.sampled_at_ms if good or (not kept and change.sampled_at_ms > 0) else None
        row = (
            0 if kept else 1, value, text, sampled_at, at_ms if change.changed and good else None, status, at_ms,
            reading.reason, reading.auto_manual, reading.flags, point.device.serial, point.point_index,
        )  # fmt: skip
        self._updates[point.kind].append((*row, reading.hw_switch) if point.kind is Kind.OUTPUT else row)
        if status is not point.status:
            tally.journal.set(point, "status", status)
        if change.sample:
            self._add_sample(point, at_ms, sample(reading.value) if good else None, STATUS_CODES[status])

    def _add_sample(self, point: KnownPoint, at_ms: int, value: float | str | bytes | None, code: int) -> None:
        tally = self._tally
        if not tally.history or point.key is None:
            tally.count("lost_samples", 1)
            tally.drop(point.device.name, point.point_id)
            return
        change_ms = at_ms
        at_ms -= at_ms % tally.stamp_ms
        series = point.series or self._new_series(point, at_ms)
        if at_ms > series.last_ms:
            tally.journal.set(series, "last_ms", at_ms)
        else:
            at_ms = self._free(series, at_ms)
            if at_ms > series.last_ms:
                tally.journal.set(series, "last_ms", at_ms)
        if tally.mark_of is not None:
            code |= tally.mark_of(change_ms)
        self._taken.add((series.series_id, at_ms))
        seconds, ms = divmod(at_ms, 1000)
        self._samples.append((seconds, series.series_id, ms, value, code))

    def _free(self, series: KnownSeries, at_ms: int) -> int:
        """Return the first free millisecond of the series from that one on."""
        execute = self._tally.connection.execute
        while (series.series_id, at_ms) in self._taken or execute(
            _TAKEN, (at_ms // 1000, series.series_id, at_ms % 1000)
        ).get:
            at_ms += 1
        return at_ms

    def _new_series(self, point: KnownPoint, at_ms: int) -> KnownSeries:
        tally = self._tally
        assert point.key is not None  # noqa: S101 - the caller looked
        group_id, index, (units, range_, states, source), interval, created_by = point.key
        execute = tally.connection.execute
        execute(_GROUP, (group_id, group_id >> 4, (group_id & 3) + 1, point.kind.name))
        first = group_id << 16
        series_id = execute(_NEXT_SERIES, (first, first + SERIES_PER_GROUP)).get
        if series_id > first + SERIES_PER_GROUP:
            raise TooManySeries(f"device {point.device.name} has used up its {SERIES_PER_GROUP} series of this kind")
        execute(
            _SERIES,
            (
                series_id,
                index,
                point.point_id,
                units,
                range_,
                states,
                source,
                interval,
                created_by,
                at_ms,
                *point.keeping,
            ),
        )
        series = KnownSeries(series_id, -1, point.keeping)
        tally.journal.put(tally.known.series, point.key, series)
        tally.journal.set(point, "series", series)
        return series

    def flush(self) -> None:
        """Write what was gathered."""
        tally = self._tally
        connection = tally.connection
        for kind, rows in self._updates.items():
            if rows:
                connection.executemany(_UPDATE[kind], rows)
                tally.count("rows", len(rows))
                rows.clear()
        if self._samples:
            self._samples.sort(key=_by_time_and_series)
            self._write_samples()
            tally.count("samples", len(self._samples))
            tally.journal.set(tally, "inserted", (*tally.inserted, self._samples))
            self._samples = []
            self._taken.clear()

    def _write_samples(self) -> None:
        """What is older than the hours that are packed waits to be packed too, and is a row only where others are."""
        connection, samples, frontiers = self._tally.connection, self._samples, self._tally.frontiers
        if samples[0][0] < frontiers.sealed_until:
            connection.executemany(_LATE, [row for row in samples if row[0] < frontiers.sealed_until])
            samples = [row for row in samples if row[0] >= frontiers.recent_from]
        connection.executemany(_SECOND, [(second,) for second in sorted({row[0] for row in samples})])
        connection.executemany(_SAMPLE, samples)


def _by_time_and_series(row: tuple[int, int, int, object, int]) -> tuple[int, int, int]:
    return row[:3]
