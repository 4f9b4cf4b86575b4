"""The state of one transaction: where it writes, what it knows, what it has done so far."""

from __future__ import annotations

from collections.abc import Callable

import apsw

from t3actors.cycles import CycleStored
from t3actors.points import DeviceStatus, Status
from t3actors.store.history.frontiers import Frontiers
from t3actors.store.known import Known, KnownDevice, KnownPoint

_EVENT = "INSERT INTO EVENTS (at, device_id, point, event, from_status, to_status, reason) VALUES (?, ?, ?, ?, ?, ?, ?)"


SampleRow = tuple[int, int, int, float | int | str | bytes | None, int]


class Tally:
    """Counts and lists of one transaction, undone with it. `history` and `events` say what there is room for.

    `frontiers`: which samples are late. `stamp_ms`: what their times are rounded down to. `mark_of`: what
    the status of a sample of some time carries of the clock, if anything.
    """

    frontiers = Frontiers()
    stamp_ms = 1
    mark_of: Callable[[int], int] | None = None

    def __init__(self, connection: apsw.Connection, known: Known, *, history: bool = True, events: bool = True) -> None:
        self.connection = connection
        self.known = known
        self.journal = known.journal
        self.history = history
        self.events = events
        self.rows = 0
        self.samples = 0
        self.lost_samples = 0
        self.dropped: dict[tuple[str, str], None] = {}
        self.conflicts: dict[str, tuple[int, str]] = {}
        self.poisoned: list[tuple[str, str, str]] = []
        self.cycles: dict[str, CycleStored] = {}
        self.inserted: tuple[list[SampleRow], ...] = ()
        """The samples of this transaction since the last cycle in it: (logging_time, series_id, ms, value, status)."""

    def count(self, attribute: str, more: int) -> None:
        """Count up `rows`, `samples` or `lost_samples`."""
        if more:
            self.journal.set(self, attribute, getattr(self, attribute) + more)

    def drop(self, device: str, point_id: str) -> None:
        """Have the detector forget this point."""
        self.journal.put(self.dropped, (device, point_id), None)

    def add_events(self, rows: list[tuple[int, int | None, str | None, str, str, str, str]]) -> None:
        """Insert rows of EVENTS."""
        if rows and self.events:
            self.connection.executemany(_EVENT, rows)

    def point_event(self, point: KnownPoint, at_ms: int, status: Status, reason: str) -> None:
        """Insert a point's transition and remember its new status."""
        row = (at_ms, point.device.device_id, point.point_id, f"point.{status}", point.status, status, reason)
        self.add_events([row])
        self.journal.set(point, "status", status)

    def device_event(self, device: KnownDevice, at_ms: int, status: DeviceStatus, reason: str) -> None:
        """Insert a device's transition."""
        was = device.before or device.status
        self.add_events([(at_ms, device.device_id, None, f"device.{status}", was, status, reason)])
