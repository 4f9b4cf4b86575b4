"""What crosses the borders between the stages. Every message is frozen; a sender never touches it again.
Times: `*_at_ms` are Unix UTC milliseconds; `*_s` are durations in seconds.

    device --DeviceAnnounced, PointsRead, PollMissed, DeviceStatusChanged--> detector --PointsChanged--> writer
    device <----------ReadingsTaken, StoreRenewed, GatewayPaused------------ detector <---BatchStored--- writer
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from t3actors.cycles import CycleEnded, CycleStored
from t3actors.objects import Alarm, ObjectRow
from t3actors.points import DeviceFacts, DeviceStatus, Point, Reading, Status

ObjectTable = Literal["PROGRAMS", "SCHEDULES", "HOLIDAYS", "TRENDLOGS", "PID_CONTROLLERS"]

# ---------------------------------------------------------------------------------------------- device -> detector


class DeviceAnnounced(msgspec.Struct, frozen=True, kw_only=True):
    """A device and its points as now known. Sent at start, when they change, and to each new detector incarnation."""

    device: str
    protocol: str
    address: str
    poll_interval_s: float
    stale_after: int
    down_after: int
    enabled: bool = True
    disabled_because: str = "disabled in the configuration"
    facts: DeviceFacts = DeviceFacts()
    points: tuple[Point, ...] = ()
    complete: bool = False
    """True once the device itself was met, so that `points` is the whole list and absent ones are gone."""
    created_by: str = "realtime_sync"
    data_source: int = 3
    discovered: bool = False
    """It was found on the network, not configured: it is remembered, and polled again after a restart."""


class PollCounts(msgspec.Struct, frozen=True):
    """Since the gateway started: polls answered and missed; and the interval the line really achieves (seconds)."""

    polls_ok: int = 0
    polls_failed: int = 0
    achieved_interval_s: float = 0.0


class PointsRead(msgspec.Struct, frozen=True, kw_only=True):
    """One poll's readings. A device has one unacknowledged at a time."""

    device: str
    poll_no: int
    sampled_at_ms: int
    """When it ended."""
    readings: tuple[Reading, ...]
    counts: PollCounts
    group: str | None = None
    """All panels of one T3000 answer share a group: a group is one transaction."""
    part: str = ""
    """Where one answer has several times (a T3000 panel's inputs, outputs and variables): which part of it this is."""
    came_at_ms: int | None = None
    """When it came, by our own clock, where `sampled_at_ms` is by another one (T3000's); None: then too."""
    is_hearsay: bool = False
    """Another answered (T3000, from its cache) that the device is not read any more: it was not heard, and is not online for this."""
    ages: tuple[tuple[int, int], ...] = ()
    """Of a poll that took long: how many of the readings, from the first on, came how many milliseconds before `sampled_at_ms`, the
    oldest first. All others, which is mostly all of them, came then."""

    @property
    def heard_at_ms(self) -> int:
        """When the device was heard, by our own clock."""
        return self.sampled_at_ms if self.came_at_ms is None else self.came_at_ms


class PollMissed(msgspec.Struct, frozen=True, kw_only=True):
    """A poll that fell due and brought nothing."""

    device: str
    at_ms: int
    reason: str
    counts: PollCounts


class DeviceStatusChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A transition of the device's life cycle. With `offline` its points are down, whatever their age."""

    device: str
    at_ms: int
    status: DeviceStatus
    was: DeviceStatus
    reason: str


class ObjectsRead(msgspec.Struct, frozen=True, kw_only=True):
    """What one of the less used tables is to have of this device. `complete`: `rows` is all of it, so that others go."""

    device: str
    at_ms: int
    table: ObjectTable
    rows: tuple[ObjectRow, ...]
    complete: bool = True


class AlarmsRead(msgspec.Struct, frozen=True, kw_only=True):
    """The alarms that stand at this device now. `complete`: one that is not among them is over."""

    device: str
    at_ms: int
    alarms: tuple[Alarm, ...]
    complete: bool = True


class DeviceLearned(msgspec.Struct, frozen=True, kw_only=True):
    """What a driver wishes to know again after a restart, under a key of its own; None to forget it."""

    device: str
    key: str
    value: bytes | None


class DeviceRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration no longer has this device: its rows stay, its status becomes `disabled`. What it `was`, the detector knows."""

    device: str
    at_ms: int
    reason: str
    was: DeviceStatus = DeviceStatus.UNKNOWN


class ReadingsTaken(msgspec.Struct, frozen=True, kw_only=True):
    """The detector has this poll. A device that sees a new `incarnation`, or `known` false, announces itself again.
    The answer to an announcement, too: `last_ok_at_ms` is when the device was heard in an earlier life."""

    device: str
    poll_no: int
    incarnation: int
    known: bool = True
    last_ok_at_ms: int | None = None


class GatewayPaused(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway itself did not run for a while (pauses.py): this device is to be read anew, whenever it would have been due."""

    device: str


class StoreRenewed(msgspec.Struct, frozen=True, kw_only=True):
    """The database was begun anew: what it was to keep of this device (DeviceLearned) is not in it, and is to be told again."""

    device: str


# ---------------------------------------------------------------------------------------------- detector -> writer


class PointChange(msgspec.Struct, frozen=True, gc=False):
    """One point's row is to be brought up to date; and, where `sample`, one sample stored.

    `reading.value` is the value to keep in the point table (the last good one where the status is not ok);
    the sample's value is NULL where `reading.status` is not ok.
    """

    device: str
    point_id: str
    reading: Reading
    sampled_at_ms: int
    """When `reading.value` was sampled; for a status change, when that value was last good."""
    at_ms: int
    """When this change happened: the sample's time."""
    changed: bool
    """False for a heartbeat (`max_interval`) or `trend = always` repeat of an unchanged value."""
    sample: bool
    was: Status = Status.UNKNOWN
    known_again: bool = False
    """The first word on it since the start: who listens is told that it is known, though the value may be as it was."""


class DeviceProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A device's counters and when it last answered: written at most every 10 s. `heard`: it has answered since the gateway was started."""

    device: str
    last_ok_at_ms: int | None
    counts: PollCounts
    heard: bool = False


class EventHappened(msgspec.Struct, frozen=True, kw_only=True):
    """A line for the EVENTS table. The supervisors and the control side send it to the detector; it makes others of its own."""

    at_ms: int
    event: str
    device: str | None = None
    point_id: str | None = None
    from_status: str = ""
    to_status: str = ""
    reason: str = ""
    since_ms: int | None = None
    """Nobody looked from then to `at_ms`: no value is known to have held over that time. A pair of rows, the first of then."""


BatchItem = (
    DeviceAnnounced
    | DeviceStatusChanged
    | DeviceRemoved
    | PointChange
    | DeviceProgress
    | ObjectsRead
    | AlarmsRead
    | DeviceLearned
    | EventHappened
    | CycleEnded
)


class PointsChanged(msgspec.Struct, frozen=True, kw_only=True):
    """One batch, one transaction. Resends are known by (incarnation, batch_no), never by sample time."""

    incarnation: int
    """The detector incarnation, unique across restarts of the gateway (see detector)."""
    batch_no: int
    at_ms: int
    items: tuple[BatchItem, ...]


class ClockStep(msgspec.Struct, frozen=True):
    """The wall clock was put to `at_ms` (Unix UTC), by `by_ms`: forward, or back where that is negative."""

    at_ms: int
    by_ms: int


class BatchStored(msgspec.Struct, frozen=True, kw_only=True):
    """The writer committed this batch (or had it already). `dropped` names changes the store had to let go:
    (device, point_id) pairs that the detector must forget, so that the next reading brings them back. `conflicts`: every device whose
    serial number is another's, which only the store knows, and the reason that its row says. `clock_step`: what was stored of steps
    since the last batch: when the last one was, and what the one furthest forward was by."""

    incarnation: int
    batch_no: int
    rows: int
    samples: int
    dropped: tuple[tuple[str, str], ...] = ()
    conflicts: Mapping[str, str] = {}
    cycles: tuple[CycleStored, ...] = ()
    took_s: float = 0.0
    clock_step: ClockStep | None = None


class WriterReady(msgspec.Struct, frozen=True, kw_only=True):
    """A writer (again) has its database open: send the batch in flight once more.

    `fresh`: the database was begun anew (after damage), and nothing of what was stored is in it. The writer gives up the
    batch that it held: the detector sends its contents again, behind every device's announcement, under a new number.
    """

    incarnation: int
    fresh: bool = False


class StateRequested(msgspec.Struct, frozen=True, kw_only=True):
    """The detector asks what is stored. Answered in inbox order, so after any batch before it."""

    incarnation: int


class StoredPoint(msgspec.Struct, frozen=True, gc=False):
    """A point's row as stored."""

    device: str
    point_id: str
    reading: Reading
    sampled_at_ms: int
    status_at_ms: int


class StateLoaded(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: the last stored reading of every point, each device's stored status, and when it last answered, if it did."""

    incarnation: int
    points: tuple[StoredPoint, ...]
    device_status: dict[str, DeviceStatus]
    last_ok_at_ms: dict[str, int] = {}


# ---------------------------------------------------------------------------------------------- control side


class SyncRequested(msgspec.Struct, frozen=True, kw_only=True):
    """Poll every point of this device now, outside its schedule."""

    request_id: int
    reply_to: str | None = None


class SyncFinished(msgspec.Struct, frozen=True, kw_only=True):
    """That poll was taken by the detector, or failed with `error`."""

    request_id: int
    device: str
    points_ok: int
    points_failed: int
    error: str = ""
