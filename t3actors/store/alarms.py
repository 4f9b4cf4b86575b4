"""Statements for ALARMS: one row per occurrence, from when an alarm is first told until a complete list no longer has it.

An occurrence is known by (source, alarm_state). What stands open is asked of the database each time: alarms are read rarely
and told only when they differ (detector). Raised and cleared each bring a row of EVENTS.
"""

from __future__ import annotations

import msgspec

from t3actors.messages import AlarmsRead
from t3actors.objects import Alarm
from t3actors.store.known import KnownDevice
from t3actors.store.objects import finite
from t3actors.store.tally import Tally

MOST_OPEN = 1000
"""So many alarms of one device are kept open; that more stand is said in EVENTS once, until all find room again."""
YEAR_MS = 366 * 86_400_000
"""A device's clock that says an alarm stood longer, or is yet to come, is not believed."""

Occurrence = tuple[str, str]

FIELDS = tuple(field for field in Alarm.__struct_fields__ if field != "raised_at_ms")
_NAMES = ", ".join(FIELDS)
_MARKS = ", ".join("?" * len(FIELDS))
_OPEN = "SELECT source, alarm_state, id FROM ALARMS WHERE serial_number = ? AND cleared_at IS NULL"
_RAISE = f"INSERT INTO ALARMS (serial_number, raised_at, acked_at, {_NAMES}) VALUES (?, ?, ?, {_MARKS})"  # noqa: S608
_CHANGE = (
    f"UPDATE ALARMS SET acked_at = CASE WHEN ? THEN COALESCE(acked_at, ?) END, ({_NAMES}) = ({_MARKS})"  # noqa: S608
    f" WHERE id = ? AND ({_NAMES}) IS NOT ({_MARKS})"
)
_CLEAR = "UPDATE ALARMS SET cleared_at = ? WHERE id = ?"


class Standing(msgspec.Struct):
    """A device's open rows while one reading of its alarms is written, and how many found no room among them."""

    device: KnownDevice
    ids: dict[Occurrence, int]
    left_out: int = 0


def write(tally: Tally, read: AlarmsRead) -> None:
    """Bring the device's open alarms to what was read. **Raises**: RowRefused of any row of it."""
    standing = begin(tally, read)
    if standing is not None:
        for alarm in read.alarms:
            write_alarm(tally, standing, read, alarm)
        finish(tally, standing, read)


def begin(tally: Tally, read: AlarmsRead) -> Standing | None:
    """Look what stands open and clear what is over. **Returns**: None for a device that has no row."""
    device = tally.known.devices.get(read.device)
    if device is None:
        return None
    found = tally.connection.execute(_OPEN, (device.serial,))
    ids = {(source, state): number for source, state, number in found}
    if read.complete:
        told = {(alarm.source, alarm.alarm_state) for alarm in read.alarms}
        for occurrence in [each for each in ids if each not in told]:
            tally.connection.execute(_CLEAR, (read.at_ms, ids.pop(occurrence)))
            tally.count("rows", 1)
            source, state = occurrence
            tally.add_events([(read.at_ms, device.device_id, source, "alarm.cleared", state, "", "")])
    return Standing(device, ids)


def write_alarm(tally: Tally, standing: Standing, read: AlarmsRead, alarm: Alarm) -> None:
    """Raise an alarm, or bring an open one to what was read. **Raises**: RowRefused."""
    values = tuple(finite(getattr(alarm, field)) for field in FIELDS)
    number = standing.ids.get((alarm.source, alarm.alarm_state))
    if number is not None:
        tally.connection.execute(_CHANGE, (alarm.acknowledged, read.at_ms, *values, number, *values))
        tally.count("rows", tally.connection.changes())
        return
    if len(standing.ids) >= MOST_OPEN:
        standing.left_out += 1
        return
    acked_at = read.at_ms if alarm.acknowledged else None
    bindings = (standing.device.serial, raised_at_ms(alarm, read.at_ms), acked_at, *values)
    tally.connection.execute(_RAISE, bindings)
    standing.ids[alarm.source, alarm.alarm_state] = tally.connection.last_insert_rowid()
    tally.count("rows", 1)
    event = (read.at_ms, standing.device.device_id, alarm.source, "alarm.raised", "", alarm.alarm_state, alarm.message)
    tally.add_events([event])


def finish(tally: Tally, standing: Standing, read: AlarmsRead) -> None:
    """Say once that more alarms stand than are kept."""
    device = standing.device
    if not standing.left_out:
        tally.journal.drop(tally.known.crowded, device.name)
    elif device.name not in tally.known.crowded:
        tally.journal.put(tally.known.crowded, device.name, None)
        reason = f"{standing.left_out} more alarms stand than the {MOST_OPEN} that are kept of one device"
        tally.add_events([(read.at_ms, device.device_id, None, "alarms.left_out", "", "", reason)])


def raised_at_ms(alarm: Alarm, told_at_ms: int) -> int:
    """Return when the alarm was raised: the device's own word where that can be, else when it was first told."""
    raised_at = alarm.raised_at_ms
    return raised_at if raised_at is not None and told_at_ms - YEAR_MS <= raised_at <= told_at_ms else told_at_ms
