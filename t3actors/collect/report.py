"""What a device actor tells: the detector by message, a person by the log. It decides nothing about the device's life.

One poll is unacknowledged at a time. A poll that was never acknowledged, or a detector that has been restarted since, means that the
detector may not know this device: it is announced again before the next readings.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import trio

from supervision.registry import Registry
from t3actors.collect.arrivals import NONE, Ages, by_age
from t3actors.collect.driver import Beside
from t3actors.collect.lifecycle import SHOWN, State
from t3actors.config import DeviceConfig
from t3actors.errors import DeviceMismatch, DriverError
from t3actors.events import Log
from t3actors.events.device import (
    DEVICE_BACKING_OFF,
    DEVICE_CONNECTING,
    DEVICE_DESCRIBED,
    DEVICE_EXCHANGED,
    DEVICE_MISMATCHED,
    DEVICE_OFFLINE,
    DEVICE_ONLINE,
    DEVICE_WORK_FAILED,
    POLL_OVERRUN,
    POLL_RECOVERED,
)
from t3actors.messages import (
    DeviceAnnounced,
    DeviceStatusChanged,
    PointsRead,
    PollCounts,
    PollMissed,
    ReadingsTaken,
    SyncFinished,
    SyncRequested,
)
from t3actors.points import DeviceFacts, DeviceStatus, Point, Reading

DETECTOR = "detector"
MOST_UNTOLD = 64


class Part(NamedTuple):
    """One part of an answer whose parts have times of their own (a T3000 panel's inputs, outputs, variables)."""

    part: str
    sampled_at_ms: int
    readings: tuple[Reading, ...]
    ages: tuple[tuple[int, int], ...] = ()


class Report:
    """One device's voice. `points` and `facts`: what is known before it is met; `send` is its actor's. Thread: the trio loop."""

    def __init__(
        self,
        config: DeviceConfig,
        points: tuple[Point, ...],
        facts: DeviceFacts,
        *,
        send: Callable[[str, object], bool],
        registry: Registry,
        wall_ms: Callable[[], int],
        log: Log,
        created_by: str = "realtime_sync",
        data_source: int = 3,
    ) -> None:
        self.points = points
        self.facts = facts
        self.was_met = False
        self.is_complete = False
        self._config = config
        self._send = send
        self._registry = registry
        self._wall_ms = wall_ms
        self._log = log
        self._created_by = created_by
        self._data_source = data_source
        self._poll_no = 0
        self._unacknowledged: int | None = None
        self._waiting: dict[str, tuple[float, Reading]] = {}
        """By point, what the device told of its own accord, and when (monotonic)."""
        self._counts = PollCounts()
        self._work_trouble = ""
        self._untold: deque[Beside] = deque(maxlen=MOST_UNTOLD)
        self._acknowledged = trio.Event()
        self._told_incarnation: int | None = None
        self._standing: DeviceStatusChanged | None = None
        self._last_ok_at_ms: int | None = None

    # ------------------------------------------------------------------------------------------- to the detector

    def announce(self) -> None:
        """Say which device this is and which points it has."""
        self._told_incarnation = self._registry.incarnation(DETECTOR)
        if self._config.shown_once_met and not self.was_met:
            return
        announced = DeviceAnnounced(
            device=self._config.name,
            protocol=self._config.protocol,
            address=self._config.address,
            poll_interval_s=self._config.rules.poll_interval_s,
            stale_after=self._config.rules.stale_after,
            down_after=self._config.rules.down_after,
            enabled=self._config.enabled,
            disabled_because=self._config.disabled_because,
            facts=self.facts,
            points=self.points,
            complete=self.was_met and self.is_complete,
            discovered=self._config.discovered and self.was_met,
            created_by=self._created_by,
            data_source=self._data_source,
        )
        self._send(DETECTOR, announced)

    def describe(self, points: tuple[Point, ...], facts: DeviceFacts, *, complete: bool = True) -> None:
        """Take over what the device says of itself; announce it when that is news. `complete`: `points` is all it has."""
        news = not self.was_met or (points, facts, complete) != (self.points, self.facts, self.is_complete)
        was, now = self.facts.serial_number, facts.serial_number
        if self.was_met and None not in {was, now} and was != now:
            who = {"device": self._config.name, "address": self._config.address}
            self._log(DEVICE_EXCHANGED, **who, serial_number=now, was_serial_number=was)
        if self.was_met and complete and not self.is_complete:
            self._log(DEVICE_DESCRIBED, device=self._config.name, points=len(points))
        self.points, self.facts, self.was_met, self.is_complete = points, facts, True, complete
        if news:
            self.announce()

    def tell(self, told: Sequence[Beside]) -> None:
        """Give the detector what came beside readings; what nobody took is given again the next time."""
        self._untold.extend(told)
        if not self._untold:
            return
        self._announce_to_a_new_detector()
        while self._untold and self._send(DETECTOR, self._untold[0]):
            self._untold.popleft()

    def hand_in(self, readings: tuple[Reading, ...], counts: PollCounts) -> None:
        """Give what the device told of its own accord; it waits while a poll is on its way, and a later word replaces it."""
        if readings:
            told_s = trio.current_time()
            self._waiting.update((reading.point_id, (told_s, reading)) for reading in readings)
        if self._waiting and self._unacknowledged is None:
            self.hand_over((), counts)

    def hand_over(self, readings: tuple[Reading, ...], counts: PollCounts, ages: Ages = NONE) -> None:
        """Give one poll's readings to the detector, and with them what waits. `ages`: of readings that came well before the poll's end."""
        if self._waiting:
            readings, ages = self._with_waiting(readings, ages)
        came: tuple[tuple[int, int], ...] = ()
        if ages:
            readings, came = by_age(readings, ages)
        self.hand_over_parts((Part("", self._wall_ms(), readings, came),), counts)

    def forget_waiting(self) -> None:
        """What waits was told before a time in which nobody looked."""
        self._waiting.clear()

    def _with_waiting(self, readings: tuple[Reading, ...], ages: Ages) -> tuple[tuple[Reading, ...], Ages]:
        """Add what waits, but of points that the poll has read."""
        read = {reading.point_id for reading in readings}
        waiting = {point_id: told for point_id, told in self._waiting.items() if point_id not in read}
        self._waiting.clear()
        now_s = trio.current_time()
        told_ago = {point_id: now_s - told_s for point_id, (told_s, _) in waiting.items()}
        return (*(told for _, told in waiting.values()), *readings), {**ages, **told_ago}

    def hand_over_parts(
        self, parts: Sequence[Part], counts: PollCounts, group: str | None = None, *, is_hearsay: bool = False
    ) -> None:
        """Give one poll's readings to the detector, part by part; acknowledged when the last is. `group`: one transaction.

        `is_hearsay`: they are what another says of this device, which was not heard itself.
        """
        if self._unacknowledged is not None:
            self.announce()
        self._announce_to_a_new_detector()
        came_at_ms = self._wall_ms()
        if not is_hearsay:
            self._last_ok_at_ms = came_at_ms
        self._counts = counts
        self._acknowledged = trio.Event()
        for part in parts:
            self._poll_no += 1
            self._unacknowledged = self._poll_no
            read = PointsRead(
                device=self._config.name,
                poll_no=self._poll_no,
                sampled_at_ms=part.sampled_at_ms,
                readings=part.readings,
                counts=counts,
                group=group,
                part=part.part,
                came_at_ms=came_at_ms,
                is_hearsay=is_hearsay,
                ages=part.ages,
            )
            self._send(DETECTOR, read)

    def taken(self, message: ReadingsTaken) -> None:
        """The detector has a poll, or says that it does not know the device."""
        if message.poll_no == self._unacknowledged:
            self._unacknowledged = None
            self._acknowledged.set()
            if self._waiting:
                self.hand_over((), self._counts)
        if not message.known:
            self.announce()
        if self._last_ok_at_ms is None:
            self._last_ok_at_ms = message.last_ok_at_ms

    @property
    def is_acknowledged(self) -> bool:
        """Whether the detector has the last poll."""
        return self._unacknowledged is None

    async def acknowledged_within(self, seconds: float) -> bool:
        """Wait until the detector has the last poll; False when it does not take it in time."""
        with trio.move_on_after(seconds):
            while self._unacknowledged is not None:
                await self._acknowledged.wait()
        return self.is_acknowledged

    def missed(self, reason: str, counts: PollCounts) -> None:
        """A poll brought nothing."""
        self._announce_to_a_new_detector()
        missed = PollMissed(device=self._config.name, at_ms=self._wall_ms(), reason=reason, counts=counts)
        self._send(DETECTOR, missed)

    def _announce_to_a_new_detector(self) -> None:
        if self._told_incarnation != self._registry.incarnation(DETECTOR):
            self.announce()
            # What was said last may have been lost with the old one. That a device is online, its readings say.
            if self._standing is not None and self._standing.status is not DeviceStatus.ONLINE:
                self._send(DETECTOR, self._standing)

    # ---------------------------------------------------------------------------------- to both, and to the log

    def moved(
        self,
        was: State,
        state: State,
        *,
        reason: str = "",
        silent_s: float = 0.0,
        next_try_s: float = 0.0,
        error: DriverError | None = None,
    ) -> None:
        """The device took a step of its life cycle."""
        changed = self._standing = DeviceStatusChanged(
            device=self._config.name,
            at_ms=self._wall_ms(),
            status=SHOWN[state],
            was=SHOWN[was],
            reason=reason,
        )
        self._send(DETECTOR, changed)
        who = {"device": self._config.name, "address": self._config.address}
        silence = {"reason": reason, "last_ok_at": self._last_ok_at_ms, "next_try_s": round(next_try_s, 2)}
        match state:
            case State.CONNECTING:
                self._log(DEVICE_CONNECTING, **who)
            case State.ONLINE:
                met = {"serial_number": self.facts.serial_number, "points": len(self.points)}
                self._log(DEVICE_ONLINE, **who, **met, offline_s=round(silent_s, 1))
            case State.BACKING_OFF:
                self._log(DEVICE_BACKING_OFF, **who, **silence)
            case State.MISMATCHED if isinstance(error, DeviceMismatch):
                serials = {"expected_serial": self._config.serial_number, "found_serial": error.found}
                self._log(DEVICE_MISMATCHED, **who, reason=reason, **serials)
            case State.OFFLINE:
                self._log(DEVICE_OFFLINE, **who, **silence)

    def work_failed(self, reason: str, again_in_s: float) -> None:
        """What goes on between polls met a silence or nonsense: said once for each reason."""
        if reason != self._work_trouble:
            self._work_trouble = reason
            self._log(DEVICE_WORK_FAILED, device=self._config.name, reason=reason, next_try_s=again_in_s)

    def work_went_well(self) -> None:
        """It goes on."""
        self._work_trouble = ""

    def finished(self, request: SyncRequested, good: int, error: str, *, failed: int | None = None) -> None:
        """Tell whoever asked for a poll what came of it. `failed`: points that are not ok, unless these are all the others of its own."""
        if request.reply_to:
            finished = SyncFinished(
                request_id=request.request_id,
                device=self._config.name,
                points_ok=good,
                points_failed=len(self.points) - good if failed is None else failed,
                error=error,
            )
            self._send(request.reply_to, finished)

    def overran(self, overruns: bool, achieved_s: float) -> None:
        """Polls began, or ceased, to take longer than their interval."""
        self._log(
            POLL_OVERRUN if overruns else POLL_RECOVERED,
            device=self._config.name,
            poll_interval_s=self._config.rules.poll_interval_s,
            achieved_interval_s=round(achieved_s, 3),
        )
