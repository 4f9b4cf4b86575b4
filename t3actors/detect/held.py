"""Holds what devices say while the detector does not know yet what is stored. Pure; called by detector.py.

At most one message of each kind per device is held, the newest (a device has one unacknowledged poll at a time anyway); of
what is told beside readings one per topic (beside.py). An announcement takes the place of an older one, so that it stays
ahead of what it describes.
"""

from __future__ import annotations

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

    Bounded by six per device, its tables, its keys and the parts of an answer.
    """

    def __init__(self) -> None:
        self._messages: dict[tuple[str, Topic], DeviceMessage] = {}
        self.let_go = 0
        """Values that gave way to others of the same point before anybody knew what is stored."""

    def __len__(self) -> int:
        return len(self._messages)

    def readings(self) -> int:
        """Return how many readings are held."""
        return sum(len(held.readings) for held in self._messages.values() if isinstance(held, PointsRead))

    def put(self, message: DeviceMessage) -> None:
        """Hold a message instead of an older one of its topic."""
        key = (message.device, topic_of(message))
        if isinstance(message, DeviceRemoved):
            self._messages = {held: kept for held, kept in self._messages.items() if held[0] != message.device}
        elif not isinstance(message, DeviceAnnounced):
            older = self._messages.pop(key, None)
            if isinstance(message, DeviceStatusChanged) and isinstance(older, DeviceStatusChanged):
                message = one_status(older, message)
            elif isinstance(message, Beside) and isinstance(older, Beside):
                message = together(older, message)
            elif isinstance(message, PointsRead) and isinstance(older, PointsRead):
                newer = {reading.point_id: reading for reading in message.readings}
                self.let_go += sum(newer.get(reading.point_id) != reading for reading in older.readings)
        self._messages[key] = message

    def take(self) -> list[DeviceMessage]:
        """Take all of it, in order."""
        messages = list(self._messages.values())
        self._messages.clear()
        return messages
