"""Turns one batch into statements, and leaves out only the rows that SQLite refuses.

Everything of a batch happens inside the caller's transaction. What is remembered (`Known`) changes through its journal,
so that a part that is rolled back is forgotten too. A part that fails because of a row is halved until the row stands
alone: it is poisoned, and the others are stored.

Changes of points, which are most of a batch, are changes.py's business; each other item has a file of its own beside this one.

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
from t3actors.store import alarms, cycles, devices, memory, objects
from t3actors.store.changes import Changes
from t3actors.store.sqlite_errors import RowRefused
from t3actors.store.tally import Tally

LEFT = "clock.left"
"""The first of two rows, one right behind the other, between whose times no value held: GATEWAY_ENDS (schema 9)."""


def write(tally: Tally, items: Sequence[BatchItem], at_ms: int) -> None:
    """Write the items. **Raises**: RowRefused when one of them cannot be: then all is to be rolled back, and `write_apart`."""
    changes = Changes(tally)
    for item in items:
        if isinstance(item, PointChange):
            changes.add(item)
            continue
        changes.flush()
        match item:
            case DeviceAnnounced():
                changes.end(devices.announce(tally, item, at_ms), at_ms)
            case DeviceStatusChanged():
                devices.change_status(tally, item)
            case DeviceRemoved():
                changes.end(devices.remove(tally, item), item.at_ms)
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
    changes = Changes(tally)
    changes.end(devices.finish(tally, device, announced, at_ms), at_ms)
    changes.flush()


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
    row = (happened.at_ms, device_id, happened.point_id, *words)
    left = [] if happened.since_ms is None else [(happened.since_ms, None, None, LEFT, "", "", "")]
    tally.add_events([*left, row])
