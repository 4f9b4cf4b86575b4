"""What is asked of the stages, and what they answer: beside messages.py, which is what the stages tell each other.

    watch, embed --DetectorCountsRequested, StandingsRequested, TraceRequested, LatestRequested--> detector --ChangesStored--> "live"
    watch --WriterStandingRequested----------------+
    collect --LearnedRequested, RememberedRequested+---------------------------------------------> writer
    watch --InsightRequested---------------------------------------------------------------------> device
    watch --DoorStandingRequested----------------------------------------------------------------> an installation of T3000
    watch --WebviewStandingRequested-------------------------------------------------------------> webview

Asked by `registry.ask`; none of it changes anything. Times as in messages.py.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from t3actors.messages import PointsChanged, PollCounts
from t3actors.points import DeviceStatus, Kind, Point, Reading, Rules, Status, Value

# ------------------------------------------------------------------------------------------------ asked of the detector


class ChangesStored(msgspec.Struct, frozen=True, kw_only=True):
    """This batch is committed, but for `dropped`. Sent to whoever plays "live", if anybody does. `conflicts`: as in BatchStored."""

    batch: PointsChanged
    dropped: tuple[tuple[str, str], ...] = ()
    conflicts: Mapping[str, str] = {}


class DetectorCountsRequested(msgspec.Struct, frozen=True, kw_only=True):
    """Asked of the detector; answered with DetectorCounts."""


class DetectorCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What the detector has done since it started, and what waits now."""

    incarnation: int = 0
    loaded: bool = False
    """False while it waits for the writer to say what is stored."""
    looks: int = 0
    """How often it has looked at ages and batches: it does so several times a second."""
    devices: int = 0
    devices_online: int = 0
    points: int = 0
    polls: int = 0
    polls_missed: int = 0
    readings: int = 0
    strangers: int = 0
    """Readings of points that no announcement names: not used."""
    changes: int = 0
    repeats: int = 0
    """Unchanged values emitted again: heartbeats, and points with trend "always"."""
    samples: int = 0
    batches_stored: int = 0
    """Batches acknowledged by the writer."""
    rows_stored: int = 0
    samples_stored: int = 0
    changes_dropped: int = 0
    """Changes that the store had to let go."""
    coalesced: int = 0
    lost_samples: int = 0
    pending: int = 0
    in_flight: int = 0
    """Items of the batch that the writer has not acknowledged yet."""


class StandingsRequested(msgspec.Struct, frozen=True, kw_only=True):
    """Asked of the detector; answered with `tuple[DeviceStanding, ...]`: every device that it knows."""


class DeviceStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How a device is as the detector has it: newer than the database. `since_at_ms` None: since before the start."""

    device: str
    status: DeviceStatus
    reason: str
    since_at_ms: int | None
    last_ok_at_ms: int | None
    poll_interval_s: float | None
    counts: PollCounts
    points: int
    points_by_status: Mapping[Status, int] = msgspec.field(default_factory=dict)


class TraceRequested(msgspec.Struct, frozen=True, kw_only=True):
    """Asked of the detector; answered with PointTrace, or None where it does not know the point."""

    device: str
    point_id: str


class PointTrace(msgspec.Struct, frozen=True, kw_only=True):
    """What the detector holds of a point, and so what it will make of the next reading. Ages in seconds."""

    stored: Reading
    """What was last handed to the store: what a reading is compared with."""
    seen: Reading | None
    """The last reading that was judged; None where that judgement no longer holds."""
    read_ago_s: float
    sampled_at_ms: int
    emitted_ago_s: float
    repeat_in_s: float | None
    """When an unchanged reading is stored again; None: never."""
    ages_in_s: float | None
    """When it turns stale or down, if nothing is read until then; None: never."""
    waits: bool
    """A change of it waits for its batch, or is in the one that the writer has not acknowledged."""
    point: Point | None
    rules: Rules


class LatestRequested(msgspec.Struct, frozen=True, kw_only=True):
    """Asked of the detector; answered with DeviceNow, or None when it knows no such device: by its serial number, else by name."""

    serial_number: int | None = None
    device: str = ""


class PointNow(msgspec.Struct, frozen=True, gc=False):
    """A point as it stands now. `sampled_at_ms`: when `value` was last read; where `status` is not ok, when it was last good."""

    kind: Kind
    point_index: int
    value: Value
    status: Status
    sampled_at_ms: int


class DeviceNow(msgspec.Struct, frozen=True):
    """A device as it stands now: every point that is described, in the order of its description."""

    device: str
    serial_number: int | None
    points: tuple[PointNow, ...]


# -------------------------------------------------------------------------------------------------- asked of the writer


class LearnedRequested(msgspec.Struct, frozen=True, kw_only=True):
    """Asked of the writer; answered with `dict[str, bytes]`: what DeviceLearned kept for this device."""

    device: str


class RememberedRequested(msgspec.Struct, frozen=True, kw_only=True):
    """Asked of the writer; answered with `tuple[Remembered, ...]`: the devices that were discovered."""


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """A discovered device as DEVICES has it."""

    name: str
    address: str
    instance: int
    network: int | None
    vendor_id: int | None
    status: DeviceStatus


class WriterStandingRequested(msgspec.Struct, frozen=True, kw_only=True):
    """Asked of the writer; answered with WriterStanding. That it answers is progress: its thread took its mail."""


class WriterStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How the writer is. `waits_for`: why what it holds cannot be stored now; "": it takes batches.

    `waits_for_lock`: that is because somebody holds the database, this process itself perhaps.
    `history_waits`: there is no room for samples, current values go on. `size_bytes`: of the database with its log.
    """

    batches_stored: int = 0
    waits_for: str = ""
    waits_for_lock: bool = False
    history_waits: bool = False
    size_bytes: int = 0


class WebviewStandingRequested(msgspec.Struct, frozen=True, kw_only=True):
    """Asked of who fills T3000's own database; answered with WebviewStanding."""


class WebviewStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How T3000's own database is. `waits_for`: why it cannot be written now; "": it takes rows. `waiting`: batches that wait for it."""

    waits_for: str = ""
    waiting: int = 0


# ---------------------------------------------------------------------------------------------------- asked of a device


class DoorStandingRequested(msgspec.Struct, frozen=True, kw_only=True):
    """Asked of the actor of an installation of T3000; answered with DoorStanding."""


class DoorStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How the way into T3000 is. `method`: how panels are asked; `trouble`: why the last cycle brought nothing, "": it did.

    `has_answered`: a cycle of this life did. `worker_pid`: the process that has T3000's library loaded, where there is one.
    """

    method: str
    trouble: str = ""
    has_answered: bool = False
    worker_pid: int | None = None


class InsightRequested(msgspec.Struct, frozen=True, kw_only=True):
    """Asked of a device's actor; answered with DeviceInsight. `device`: which one, for one actor may play several."""

    device: str


class PollSeen(msgspec.Struct, frozen=True, kw_only=True):
    """How one poll went: it ended at `at_ms` and read so many points, or nothing, for the reason in `error`."""

    at_ms: int
    took_s: float | None
    points: int
    error: str


class DeviceInsight(msgspec.Struct, frozen=True, kw_only=True):
    """Where a device is in its life, when it is asked next, and its last polls, oldest first.

    `attempts`: polls in a row that brought nothing; the pauses between them grow.
    """

    state: str
    next_try_s: float | None
    attempts: int
    counts: PollCounts
    polls: tuple[PollSeen, ...]
