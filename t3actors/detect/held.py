"""Holds what devices say while the detector does not know yet what is stored. Pure; called by detector.py.

At most one message of each kind per device is held, the newest (a device has one unacknowledged poll at a time anyway); of
what is told beside readings one per topic (beside.py). Of a poll stays what a later one does not read anew: points that are read more
rarely, or tell of themselves. An announcement takes the place of an older one, so that it stays ahead of what it describes.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from msgspec.structs import replace

from t3actors.cycles import CycleEnded
from t3actors.detect.beside import Beside, Topic, one_status, together, topic_of
from t3actors.messages import (
    DeviceAnnounced,
    DeviceRemoved,
    DeviceStatusChanged,
    PointsRead,
    PollMissed,
)

DeviceMessage = DeviceAnnounced | PointsRead | PollMissed | DeviceStatusChanged | DeviceRemoved | CycleEnded | Beside


class Held:
    """Messages by device and topic, in the order to handle them.

    Bounded by six per device, its points, its tables, its keys and the parts of an answer.
    """

    def __init__(self) -> None:
        self._messages: dict[tuple[str, Topic], tuple[DeviceMessage, ...]] = {}
        self.let_go = 0
        """Values that gave way to others of the same point before anybody knew what is stored."""

    def __len__(self) -> int:
        return len(self._messages)

    def readings(self) -> int:
        """Return how many readings are held."""
        held = chain.from_iterable(self._messages.values())
        return sum(len(message.readings) for message in held if isinstance(message, PointsRead))

    def put(self, message: DeviceMessage) -> None:
        """Hold a message instead of an older one of its topic."""
        key = (message.device, topic_of(message))
        older: tuple[DeviceMessage, ...] = ()
        if isinstance(message, DeviceRemoved):
            self._messages = {held: kept for held, kept in self._messages.items() if held[0] != message.device}
        elif not isinstance(message, DeviceAnnounced):
            older = self._messages.pop(key, ())
        if isinstance(message, PointsRead):
            self._messages[key] = (*self._not_read_anew(older, message), message)
            return
        for one in older:
            if isinstance(message, DeviceStatusChanged) and isinstance(one, DeviceStatusChanged):
                message = one_status(one, message)
            elif isinstance(message, Beside) and isinstance(one, Beside):
                message = together(one, message)
        self._messages[key] = (message,)

    def _not_read_anew(self, older: Iterable[DeviceMessage], newer: PointsRead) -> list[PointsRead]:
        """Return what is left of older polls: each reading with the time of its own."""
        values = {reading.point_id: reading for reading in newer.readings}
        left = []
        for poll in older:
            if isinstance(poll, PointsRead):
                kept = tuple(reading for reading in poll.readings if reading.point_id not in values)
                self.let_go += sum(values.get(reading.point_id, reading) != reading for reading in poll.readings)
                if kept:
                    left.append(poll if len(kept) == len(poll.readings) else replace(poll, readings=kept, ages=()))
        return left

    def take(self) -> list[DeviceMessage]:
        """Take all of it, in order."""
        messages = list(chain.from_iterable(self._messages.values()))
        self._messages.clear()
        return messages
