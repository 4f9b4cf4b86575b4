"""Tells once of each what a batch had to leave out: rows that SQLite refuses, serial numbers that two devices claim."""

from __future__ import annotations

from t3actors.events import Log
from t3actors.events.device import DEVICE_CONFLICTED
from t3actors.events.store import ROW_POISONED
from t3actors.store.tally import Tally


class Refusals:
    """What was told of already."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._poisoned: set[tuple[str, str]] = set()

    def tell(self, tally: Tally) -> None:
        """Log what is new of a transaction that was committed."""
        for device, point_id, reason in tally.poisoned:
            if (device, point_id) not in self._poisoned:
                self._log(ROW_POISONED, device=device, point_id=point_id, reason=reason)
                self._poisoned.add((device, point_id))
        for device, (serial, owner) in tally.conflicts.items():
            self._log(DEVICE_CONFLICTED, device=device, serial_number=serial, held_by=owner)
