"""What the watch asks of the stages, and what they tell it: beside messages.py, which is what the stages tell each other.

    watch --StandingsRequested, TraceRequested--> detector --ChangesStored--> "live"
    watch --InsightRequested--------------------> device
    watch --WriterStandingRequested-------------> writer

None of it changes anything. Times as in messages.py.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from t3actors.messages import PointsChanged, PollCounts
from t3actors.points import DeviceStatus, Point, Reading, Rules, Status


class ChangesStored(msgspec.Struct, frozen=True, kw_only=True):
    """This batch is committed, but for `dropped`. Sent to whoever plays "live", if anybody does. `conflicts`: as in BatchStored."""

    batch: PointsChanged
    dropped: tuple[tuple[str, str], ...] = ()
    conflicts: Mapping[str, str] = {}


class StandingsRequested(msgspec.Struct, frozen=True, kw_only=True):
    """Asked (`registry.ask`) of the detector; answered with `tuple[DeviceStanding, ...]`: every device that it knows."""


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


class WriterStandingRequested(msgspec.Struct, frozen=True, kw_only=True):
    """Asked (`registry.ask`) of the writer; answered with WriterStanding. That it answers is progress: its thread took its mail."""


class WriterStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How the writer is. `waits_for`: why what it holds cannot be stored now; "": it takes batches.

    `history_waits`: there is no room for samples, current values go on. `size_bytes`: of the database with its log.
    """

    batches_stored: int = 0
    waits_for: str = ""
    history_waits: bool = False
    size_bytes: int = 0


class TraceRequested(msgspec.Struct, frozen=True, kw_only=True):
    """Asked (`registry.ask`) of the detector; answered with PointTrace, or None where it does not know the point."""

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


class InsightRequested(msgspec.Struct, frozen=True, kw_only=True):
    """Asked (`registry.ask`) of a device's actor; answered with DeviceInsight. `device`: which one, for one actor may play several."""

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
