"""What devices tell beside readings: the less used objects, alarms, what a driver learned. Pure.

Each belongs to a topic of its device: a table, the alarms, a key. Of one topic a later message takes the place of an earlier
one, and says no less than both: one that is not complete is laid over what it does not repeat.
Called by detector.py, held.py and pending.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from msgspec.structs import replace

from t3actors.messages import AlarmsRead, DeviceLearned, DeviceStatusChanged, ObjectsRead, PointsRead
from t3actors.points import DeviceStatus

Beside = ObjectsRead | AlarmsRead | DeviceLearned
Topic = tuple[type, str]
Row = TypeVar("Row")


def topic_of(message: Any) -> Topic:
    """Return what of its device a message is about: two about the same may run together."""
    match message:
        case ObjectsRead(table=table):
            return ObjectsRead, table
        case DeviceLearned(key=key):
            return DeviceLearned, key
        case PointsRead(part=part):
            return PointsRead, part
        case _:
            return type(message), ""


def together(older: Beside, newer: Beside) -> Beside:
    """Return one message that says what two of the same topic say."""
    match older, newer:
        case ObjectsRead(), ObjectsRead(complete=False):
            rows = _laid_over(((row.index, row) for row in older.rows), ((row.index, row) for row in newer.rows))
            return replace(newer, rows=rows, complete=older.complete)
        case AlarmsRead(), AlarmsRead(complete=False):
            before = (((alarm.source, alarm.alarm_state), alarm) for alarm in older.alarms)
            now = (((alarm.source, alarm.alarm_state), alarm) for alarm in newer.alarms)
            return replace(newer, alarms=_laid_over(before, now), complete=older.complete)
        case _:
            return newer


def one_status(older: DeviceStatusChanged, newer: DeviceStatusChanged) -> DeviceStatusChanged:
    """Return one transition for two that follow each other.

    A conflict stands against what the device says of itself, and only one that `was` a conflict ends it (the store).
    """
    if older.status is DeviceStatus.CONFLICT and DeviceStatus.CONFLICT not in {newer.was, newer.status}:
        return older
    return newer if newer.was is DeviceStatus.CONFLICT else replace(newer, was=older.was)


class Told:
    """What one device told last, by topic, so that a repeat is known. Bounded by the tables. What was learned is not kept."""

    def __init__(self) -> None:
        self._told: dict[Topic, Beside] = {}

    def is_news(self, message: Beside) -> bool:
        """Remember a message. **Returns**: False when it says nothing that was not told before."""
        if isinstance(message, DeviceLearned):
            return True
        topic = topic_of(message)
        before = self._told.get(topic)
        if before is not None and not isinstance(before, DeviceLearned):
            all_told = together(before, message)
            if replace(all_told, at_ms=before.at_ms) == before:
                return False
            self._told[topic] = all_told
        else:
            self._told[topic] = message
        return True

    def all(self) -> list[Beside]:
        """Return what was told, for a store that has lost it."""
        return list(self._told.values())

    def forget(self) -> None:
        """Take whatever is told next for news."""
        self._told.clear()


def _laid_over(before: Iterable[tuple[object, Row]], now: Iterable[tuple[object, Row]]) -> tuple[Row, ...]:
    return tuple((dict(before) | dict(now)).values())
