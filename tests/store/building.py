"""A small building for the store's tests: announcements, changes, batches, a log that is a list, a disk that can be full."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import apsw

from t3actors.config import StoreConfig
from t3actors.events import LogEvent
from t3actors.messages import BatchItem, DeviceAnnounced, PointChange, PointsChanged
from t3actors.points import DeviceFacts, Kind, Point, Reading, Status, Value
from t3actors.store.history.tidying import Tidying
from t3actors.store.store import Store

T0_MS = 1_795_000_000_000


def point(number: int = 1, kind: Kind = Kind.INPUT, **more: object) -> Point:
    """IN1, OUT3, VAR5..."""
    prefix = {Kind.INPUT: "IN", Kind.OUTPUT: "OUT", Kind.VARIABLE: "VAR"}[kind]
    fields: dict[str, object] = {"point_id": f"{prefix}{number}", "kind": kind, "point_index": number, "units": "°C"}
    return Point(**(fields | more))  # type: ignore[arg-type]


def announced(
    points: Sequence[Point] = (point(),), device: str = "ahu-1", serial: int | None = 12345, **more: object
) -> DeviceAnnounced:
    fields: dict[str, object] = {
        "device": device,
        "protocol": "modbus",
        "address": "192.0.2.1:502",
        "poll_interval_s": 30.0,
        "stale_after": 3,
        "down_after": 6,
        "facts": DeviceFacts(serial_number=serial),
        "points": tuple(points),
        "complete": True,
    }
    return DeviceAnnounced(**(fields | more))  # type: ignore[arg-type]


def change(
    value: Value = 21.5,
    point_id: str = "IN1",
    device: str = "ahu-1",
    at_ms: int = T0_MS,
    status: Status = Status.OK,
    sample: bool = True,
    **reading: object,
) -> PointChange:
    return PointChange(
        device=device,
        point_id=point_id,
        reading=Reading(point_id, value, status, **reading),  # type: ignore[arg-type]
        sampled_at_ms=at_ms,
        at_ms=at_ms,
        changed=True,
        sample=sample,
    )


class House:
    """A store on a real file, with the hand on its clock, its log and its disk."""

    def __init__(self, folder: Path, min_free_bytes: int = 0, **config: object) -> None:
        self.path = folder / "t3actors.db"
        self.config = StoreConfig(database=self.path, min_free_bytes=min_free_bytes, **config)  # type: ignore[arg-type]
        self.now_ms = T0_MS
        self.free = 1 << 40
        self.lines: list[tuple[str, dict[str, object]]] = []
        self.batch_no = 0
        self.boot_id = "boot"
        self.clock_trusted = True
        self.store = self.new_store()

    def new_store(self) -> Store:
        who = ("test", "1.0", self.boot_id)
        return Store(
            self.config, *who, self.log, lambda: self.now_ms, lambda _path: self.free, clock_trusted=self.clock_trusted
        )

    def log(self, event: LogEvent, /, **keys: object) -> None:
        assert set(keys) == set(event.keys), (event.name, set(keys) ^ set(event.keys))
        self.lines.append((event.name, keys))

    def logged(self, name: str) -> list[dict[str, object]]:
        return [keys for line, keys in self.lines if line == name]

    def opened(self) -> House:
        self.store.open(lambda _checked: None)
        return self

    def reopened(self) -> House:
        self.store.close()
        self.store = self.new_store()
        return self.opened()

    @property
    def tidying(self) -> Tidying:
        """What tidies this store."""
        return self.store.tidying

    def tidy(self) -> None:
        """Pack, merge and let go of all that is due now."""
        self.tidying.finish()

    def batch(self, *items: BatchItem, incarnation: int = 1) -> PointsChanged:
        self.batch_no += 1
        return PointsChanged(incarnation=incarnation, batch_no=self.batch_no, at_ms=self.now_ms, items=items)

    def put(self, *items: BatchItem) -> tuple[tuple[str, str], ...]:
        """Store one batch. **Returns**: what was dropped."""
        return self.store.store(self.batch(*items)).dropped

    def rows(self, sql: str, *bindings: object) -> list[tuple[object, ...]]:
        """Ask with a connection of our own, as any tool would."""
        connection = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.set_busy_timeout(2000)
            return connection.execute(sql, bindings).fetchall()
        finally:
            connection.close()

    def one(self, sql: str, *bindings: object) -> object:
        """The only value of the only row."""
        ((value,),) = self.rows(sql, *bindings)
        return value
