"""DeviceActor: one device, polled on its schedule; what was read is handed to the detector.

It decides when to ask and what a silence means for the device's life cycle. It does not decode (the driver does), does not compare
(the detector does) and does not own the age of a value (the detector does, so that a hung actor cannot keep dead values alive).
A device that does not answer is a state of this actor, never a crash of it.
"""

from __future__ import annotations

from collections.abc import Callable

import trio

from supervision.actor import TrioActor
from supervision.registry import Registry
from t3actors.collect.afresh import PAUSED, Afresh
from t3actors.collect.driver import Driver
from t3actors.collect.insight import insight_of
from t3actors.collect.life import Life
from t3actors.collect.lifecycle import SILENT, Happened, State
from t3actors.collect.pace import Pace
from t3actors.collect.report import Report
from t3actors.collect.schedule import PollPlan, phase
from t3actors.collect.spare_time import AGAIN_AFTER_S, STARVED_S, SpareTime
from t3actors.config import DeviceConfig
from t3actors.errors import DriverError, NotSent
from t3actors.events import Log
from t3actors.messages import GatewayPaused, ReadingsTaken, StoreRenewed, SyncRequested
from t3actors.pauses import Pauses, no_pauses
from t3actors.points import DeviceFacts, Point, Reading, Status
from t3actors.questions import InsightRequested

PROGRESS_WITHIN_S = 120.0
"""No answer, and no time-out, for this long within one poll (and `TIMEOUTS` more) means that the actor hangs: the watchdog
restarts it. Longer than a request waits for its turn on a shared line and for its answer; the poll itself may take its time."""
TIMEOUTS = 8
LEAVES_WITHIN_S = 4.0
"""How long a stop may take to undo what the device does for us; less than a supervisor's patience. A failure takes a quarter."""
ACKNOWLEDGED_WITHIN_S = 10.0
"""How long a requested sync waits for the detector."""


class DeviceActor(TrioActor):
    """Polls one device. Speaks: DeviceAnnounced, PointsRead, PollMissed, DeviceStatusChanged.

    Hears: ReadingsTaken, StoreRenewed, GatewayPaused, SyncRequested.
    """

    def __init__(
        self,
        config: DeviceConfig,
        make_driver: Callable[[Registry, Callable[[], None]], Driver],
        known_points: tuple[Point, ...],
        *,
        ordinal: int,
        wall_ms: Callable[[], int],
        log: Log,
        pace: Pace,
        random: Callable[[], float],
        auto_start: bool = True,
        pauses: Pauses | None = None,
        known_facts: DeviceFacts = DeviceFacts(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__()
        self._config = config
        self._make_driver = make_driver
        self._known_points = known_points
        self._known_facts = known_facts
        self._phase = phase(ordinal)
        self._wall_ms = wall_ms
        self._log = log
        self._pace = pace
        self._auto_start = auto_start
        self._afresh = Afresh(pauses or no_pauses(), self._phase)
        self._life = Life(config, lambda: self._report, now_s=self.now_s, random=random)
        self._met = False
        self._syncs: list[SyncRequested] = []
        self._spare = SpareTime()
        self._missed_why = ""
        self._next_s: float | None = None

    # ------------------------------------------------------------------------------------------------ the actor

    async def on_start(self) -> None:
        """Begin to live; the first poll is made by the actor's own task."""
        self._life.begin()
        self._wake = trio.Event()
        self._driver = self._make_driver(self.registry, self._alive)
        self._report = Report(
            self._config,
            self._known_points,
            self._known_facts,
            send=self.send,
            registry=self.registry,
            wall_ms=self._wall_ms,
            log=self._log,
        )
        self._report.announce()
        self.spawn(self._poll_forever)

    async def on_receive(self, message: object) -> object:
        """The detector took a poll; somebody asks for one now, or how it stands; or the device told of a change itself."""
        match message:
            case InsightRequested():
                life = self._life
                return insight_of(life.state, life.outage, life.polls, self._next_s, self.now_s(), self._wall_ms())
            case ReadingsTaken():
                self._report.taken(message)
            case SyncRequested() if not self._config.enabled:
                self._report.finished(message, 0, self._config.disabled_because)
            case SyncRequested():
                self._syncs.append(message)
                self._wake.set()
            case StoreRenewed():
                self._driver.keep_again()
            case GatewayPaused():
                if self._next_s is not None and self._afresh.is_called_for:  # else it has noticed, or is not polled yet
                    self._wake.set()
            case _:
                self._told(self._driver.notified(message))
        return None

    def _told(self, made: tuple[Reading, ...]) -> None:
        """The device told of changes. One that does not answer is asked at once instead of being believed."""
        if self._afresh.waits:
            return  # it may have lain there since before the pause
        if self._life.outage is None:
            self._report.hand_in(made, self._life.polls.counts)
        elif made:
            self._life.outage.retry_at_s = min(self._life.outage.retry_at_s, self.now_s())
            self._wake.set()

    async def on_stop(self) -> None:
        """Let go of the device."""
        self._life.end()
        await self._let_go(LEAVES_WITHIN_S)

    async def on_failure(self, exception_type: object, exception_value: object, traceback: object) -> None:  # noqa: ARG002
        """Let go of the device: a connection must not outlive its actor."""
        if self._life.state is not State.UNKNOWN:  # else there may be no driver yet
            await self._let_go(LEAVES_WITHIN_S / 4)

    async def _let_go(self, within_s: float) -> None:
        await self._driver.leave(within_s)
        await self._driver.close()

    # ------------------------------------------------------------------------------------------------- the loop

    async def _poll_forever(self) -> None:
        if not self._config.enabled:
            self._life.move(Happened.DISABLED, reason=self._config.disabled_because)
            return
        self._life.move(Happened.STARTED)
        if not self._auto_start:
            await self._wake.wait()
        self._plan = PollPlan(self._intervals(), self.now_s(), self._phase)
        while True:
            await self._until_due()
            if self._afresh.is_called_for:
                await self._begin_afresh()
            elif self._syncs:
                await self._sync()
            elif self.now_s() >= self._afresh.due_s:
                await self._poll_everything()
            elif self._life.outage is None:
                await self._poll_on_schedule()
            elif self.now_s() >= self._life.outage.retry_at_s:
                await self._poll_everything()
            else:
                self._life.move(
                    Happened.EXHAUSTED, reason=self._life.outage.reason, next_try_s=self._life.pause_left_s()
                )

    async def _until_due(self) -> None:
        """Sleep until the next poll, the next attempt, or the moment when silence has lasted `down_after` polls."""
        if self._syncs or self._afresh.is_called_for:
            return
        self._wake = trio.Event()
        if self._life.outage is None:
            until_s = self._plan.next_due_s()
        elif self._life.state in SILENT:
            until_s = self._life.outage.retry_at_s
        else:
            until_s = min(self._life.outage.retry_at_s, self._life.exhausted_at_s())
        until_s = min(until_s, self._afresh.due_s)
        self._next_s = until_s
        await self._work_until(until_s)
        self._alive(max(0.0, until_s - self.now_s()))
        with trio.move_on_at(until_s):
            await self._wake.wait()

    async def _work_until(self, until_s: float) -> None:
        """Let the driver do its own work, one piece at a time, but keep neither the next poll waiting nor whoever asks."""
        while self._met and self._life.outage is None and self._spare.due_s < until_s:
            with trio.move_on_at(self._spare.due_s):
                await self._wake.wait()
            if self._wake.is_set() or not self._spare.allows(self.now_s(), until_s):
                return
            await self._work()

    async def _work(self) -> None:
        began_s = self.now_s()
        self._alive()
        try:
            pause_s = await self._driver.work()
            self._report.work_went_well()
        except NotSent:  # others' turn on a busy line
            pause_s = STARVED_S
        except DriverError as error:  # what it means for the device, the next poll finds out
            pause_s = AGAIN_AFTER_S
            self._report.work_failed(str(error), pause_s)
        self._spare.worked(began_s, self.now_s(), pause_s)
        await self._take_over_changes()

    async def _take_over_changes(self) -> None:
        """Announce what is known now, and read what was not known before: its next turn may be far away."""
        before = {point.point_id for point in self._report.points}
        self._announce_changes()
        new = [point for point in self._report.points if point.point_id not in before]
        if new:
            await self._poll(new)

    def _announce_changes(self) -> None:
        changed = self._driver.take_changed_points()
        if changed is not None:
            self._describe(changed, self._report.facts)
        self._report.tell(self._driver.take_told())

    async def _poll_on_schedule(self) -> None:
        started_s = self.now_s()
        self._pace.record(started_s - self._plan.next_due_s())
        intervals = self._plan.take_due(started_s)
        self._plan.skip_overrun(started_s)  # what passed before this poll began is not the device's doing
        known = self._met
        points = [point for point in self._report.points if point.read_every_s in intervals]
        answered = await self._poll(points) is not None
        skipped = self._plan.skip_overrun(self.now_s())
        if known and answered:  # the poll that meets a device reads more than any other, and a silence is told as such
            self._life.overran(skipped)

    async def _begin_afresh(self) -> None:
        _, is_another_perhaps = self._afresh.begin(self._life, self._plan, self.now_s())
        self._report.forget_waiting()
        if is_another_perhaps:
            self._met = False
            await self._driver.close()

    async def _poll_everything(self) -> tuple[Reading, ...] | None:
        """Poll outside the grid: after an outage or a pause of our own, or because somebody asked."""
        self._afresh.done()
        readings = await self._poll(list(self._report.points))
        self._plan.restart_from(self.now_s())
        return readings

    async def _sync(self) -> None:
        """Poll every point now, because somebody asked; answer once the detector has the readings."""
        requests, self._syncs = self._syncs, []
        readings = await self._poll_everything()
        if readings is not None and not self._driver.is_complete:
            readings = await self._poll_everything() if await self._learn_all_points() else None
        error = ""
        if readings is None:
            error = self._life.outage.reason if self._life.outage else self._missed_why
        elif not await self._report.acknowledged_within(ACKNOWLEDGED_WITHIN_S):
            error = "the detector did not take the readings"
        good = sum(reading.status is Status.OK for reading in readings or ())
        for request in requests:
            self._report.finished(request, good, error)

    async def _learn_all_points(self) -> bool:
        """Somebody waits for all of the device's points: learn them now. False when it fell silent over that, or was not asked."""
        try:
            while await self._driver.work(hurry=True) is not None:
                self._alive()
        except NotSent as error:
            self._not_asked(error)
            return False
        except DriverError as error:
            await self._unanswered(error)
            return False
        self._announce_changes()
        return True

    # -------------------------------------------------------------------------------------------------- one poll

    async def _poll(self, points: list[Point]) -> tuple[Reading, ...] | None:
        """Ask the device once and hand over what it said; None when it did not answer."""
        probing = self._life.outage is not None
        started_s = self.now_s()
        self._alive()
        try:
            if not self._met:
                points = await self._meet()
            readings = await self._driver.read(points, probing=probing)
        except NotSent as error:
            self._not_asked(error)
            return None
        except DriverError as error:
            if self._afresh.is_called_for:
                self._missed_why = PAUSED
                return None
            await self._unanswered(error)
            return None
        if self._afresh.is_called_for:  # the answer may have lain there all the time
            self._missed_why = PAUSED
            return None
        self._life.answered(started_s, len(readings))
        self._announce_changes()
        self._report.hand_over(readings, self._life.polls.counts, self._driver.ages())
        return readings

    def _alive(self, pause_s: float = 0.0) -> None:
        self.expect_progress_within(pause_s + PROGRESS_WITHIN_S + TIMEOUTS * self._config.timeout_s)

    async def _meet(self) -> list[Point]:
        opened = await self._driver.open()
        self._met = True
        self._spare.begin(self.now_s())
        self._describe(opened.points, opened.facts)
        return list(opened.points)

    def _describe(self, points: tuple[Point, ...], facts: DeviceFacts) -> None:
        before = self._intervals()
        self._report.describe(points, facts, complete=self._driver.is_complete)
        if self._intervals() != before:
            self._plan.change_to(self._intervals(), self.now_s())

    def _intervals(self) -> set[float]:
        points = self._report.points
        return {point.read_every_s for point in points} or {self._config.rules.poll_interval_s}

    # ------------------------------------------------------------------------------------ what the poll means

    def _not_asked(self, error: NotSent) -> None:
        self._missed_why = str(error)
        self._life.not_asked(error)

    async def _unanswered(self, error: DriverError) -> None:
        await self._driver.close()
        self._met = False
        self._life.unanswered(error)
