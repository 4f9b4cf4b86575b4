"""What devices say in these tests, and a writer that records."""

from __future__ import annotations

import random
from collections.abc import Callable

from supervision.registry import Registry
from t3actors.detect.device import DeviceLatest
from t3actors.messages import (
    AlarmsRead,
    BatchItem,
    BatchStored,
    ClockStep,
    DeviceAnnounced,
    DeviceLearned,
    DeviceStatusChanged,
    EventHappened,
    ObjectsRead,
    ObjectTable,
    PointChange,
    PointsChanged,
    PointsRead,
    PollCounts,
    StateLoaded,
    StateRequested,
    StoredPoint,
    WriterReady,
)
from t3actors.objects import Alarm, Program
from t3actors.points import DeviceStatus, Kind, Mode, Point, Reading, Rules, Status, Value

RULES = Rules(poll_interval_s=1.0, stale_after=3, down_after=6, deadband=0.0, max_interval_s=0.0)


def point(
    point_id: str,
    rules: Rules = RULES,
    *,
    digital: bool = False,
    units: str = "",
    mode: Mode = "poll",
    verified_every_s: float = 0.0,
) -> Point:
    return Point(
        point_id=point_id,
        kind=Kind.INPUT,
        point_index=int(point_id[2:]),
        rules=rules,
        digital=digital,
        units=units,
        mode=mode,
        verified_every_s=verified_every_s,
    )


def announced(device: str, *points: Point, enabled: bool = True, complete: bool = False) -> DeviceAnnounced:
    return DeviceAnnounced(
        device=device,
        protocol="modbus",
        address="127.0.0.1:502",
        poll_interval_s=1.0,
        stale_after=3,
        down_after=6,
        enabled=enabled,
        points=points,
        complete=complete,
    )


def read(
    device: str, poll_no: int, *readings: Reading, at_ms: int = 0, achieved_s: float = 1.0, group: str | None = None
) -> PointsRead:
    return PointsRead(
        device=device,
        poll_no=poll_no,
        sampled_at_ms=at_ms or poll_no * 1000,
        readings=readings,
        counts=PollCounts(poll_no, 0, achieved_s),
        group=group,
    )


def told(device: DeviceLatest, now_s: float, value: Value, status: Status = Status.OK) -> list[PointChange]:
    reading = Reading("IN1", value, status, "" if status is Status.OK else "open")
    return device.take(read("a", 1, reading, at_ms=int(now_s * 1000)), now_s).changes


def turned(device: str, was: DeviceStatus, status: DeviceStatus, reason: str = "") -> DeviceStatusChanged:
    return DeviceStatusChanged(device=device, at_ms=1, status=status, was=was, reason=reason)


def objects(
    device: str, *labels: str, table: ObjectTable = "PROGRAMS", at_ms: int = 1, complete: bool = True
) -> ObjectsRead:
    """Programs called "1 Heat", "2 Cool": their index and their label."""
    rows = tuple(
        Program(index=int(number), program_id=f"PRG{number}", program_label=label)
        for number, label in (each.split() for each in labels)
    )
    return ObjectsRead(device=device, at_ms=at_ms, table=table, rows=rows, complete=complete)


def alarms(device: str, *told: str, at_ms: int = 1, complete: bool = True) -> AlarmsRead:
    """Alarms called "AI1 fault hot": their source, state and message."""
    known = tuple(
        Alarm(source=source, alarm_state=state, message=message)
        for source, state, message in (each.split() for each in told)
    )
    return AlarmsRead(device=device, at_ms=at_ms, alarms=known, complete=complete)


def learned(device: str, key: str, value: bytes | None = b"1") -> DeviceLearned:
    return DeviceLearned(device=device, key=key, value=value)


def stored(device: str, point_id: str, value: Value, status: Status = Status.OK, reason: str = "") -> StoredPoint:
    reading = Reading(point_id, value, status, reason)
    return StoredPoint(device=device, point_id=point_id, reading=reading, sampled_at_ms=5, status_at_ms=5)


class Recorder:
    """Plays a role and keeps what it was sent."""

    incarnation = 1

    def __init__(self) -> None:
        self.heard: list[object] = []

    def deliver(self, message: object) -> bool:
        self.heard.append(message)
        return True

    def ask_later(self, message: object) -> object:
        raise NotImplementedError


class Writer(Recorder):
    """Answers at once as the real one does, unless told to be silent; a repeated batch is not stored twice."""

    def __init__(
        self, registry: Registry, *points: StoredPoint, device_status: dict[str, DeviceStatus] | None = None
    ) -> None:
        super().__init__()
        self.answers = True
        self.loads = True
        self.dropped: tuple[tuple[str, str], ...] = ()
        self.conflicts: dict[str, str] = {}
        self.clock_step: ClockStep | None = None
        self.batches: list[PointsChanged] = []
        self.loses: Callable[[], bool] = lambda: False
        self._registry = registry
        self._points = points
        self._device_status = device_status or {}
        self.last_ok_at_ms: dict[str, int] = {}

    def deliver(self, message: object) -> bool:
        self.heard.append(message)
        if isinstance(message, StateRequested) and self.loads:
            self.say_state(message.incarnation)
        elif isinstance(message, PointsChanged) and self.answers:
            if self.loses():
                return True
            self.store(message)
            if not self.loses():
                self.acknowledge(message)
        return True

    def say_state(self, stream: int) -> None:
        state = StateLoaded(
            incarnation=stream,
            points=self._points,
            device_status=self._device_status,
            last_ok_at_ms=self.last_ok_at_ms,
        )
        self._registry.send("detector", state)

    def store(self, batch: PointsChanged) -> None:
        if all((batch.incarnation, batch.batch_no) != (old.incarnation, old.batch_no) for old in self.batches):
            self.batches.append(batch)

    def acknowledge(self, batch: PointsChanged) -> None:
        dropped, self.dropped = self.dropped, ()
        step, self.clock_step = self.clock_step, None
        message = BatchStored(
            incarnation=batch.incarnation,
            batch_no=batch.batch_no,
            rows=len(batch.items),
            samples=0,
            dropped=dropped,
            conflicts=self.conflicts,
            clock_step=step,
        )
        self._registry.send("detector", message)

    def recover(self, *, fresh: bool = False) -> None:
        self._registry.send("detector", WriterReady(incarnation=2, fresh=fresh))

    @property
    def items(self) -> list[BatchItem]:
        return [item for batch in self.batches for item in batch.items]

    def changes(self, point_id: str | None = None) -> list[PointChange]:
        return [item for item in self.items if isinstance(item, PointChange) and point_id in {None, item.point_id}]

    def samples(self, point_id: str) -> list[Value]:
        """What the history shows: NULL where the status is not ok."""
        return [
            change.reading.value if change.reading.status is Status.OK else None
            for change in self.changes(point_id)
            if change.sample
        ]

    def statuses(self, point_id: str) -> list[Status]:
        return [change.reading.status for change in self.changes(point_id)]

    def events(self) -> list[str]:
        return [item.event for item in self.items if isinstance(item, EventHappened)]


def random_stream() -> int:
    return random.getrandbits(62)
