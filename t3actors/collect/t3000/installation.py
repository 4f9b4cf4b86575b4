"""InstallationActor: one T3000 with all its panels. It decides when a cycle is due and what a silence of T3000 means.

    InstallationActor --DeviceAnnounced, PointsRead (group), CycleEnded--> detector --> writer --CycleStored--> here

What a cycle asks is cycle.py's business; what a panel's answer means for that panel, panel.py's. Every panel is a device of its own,
named `<installation>:<serial number>`, and reached by that name here. What this actor decides: the installation's own life cycle and
back-off, which panels there are (kept in the store, so that a restart knows them before T3000 answers), and when a sync is done.
"""

from __future__ import annotations

from collections.abc import Callable

import trio

from supervision.actor import TrioActor
from supervision.errors import NobodyThere
from t3actors.collect.afresh import PAUSED, Afresh
from t3actors.collect.insight import insight_of
from t3actors.collect.life import LONGEST_PAUSE_S, Life
from t3actors.collect.lifecycle import Happened, State
from t3actors.collect.pace import Pace
from t3actors.collect.report import Report
from t3actors.collect.schedule import PollPlan, phase
from t3actors.collect.t3000.cycle import Cycle
from t3actors.collect.t3000.door import Door
from t3actors.collect.t3000.known_panels import KnownPanels
from t3actors.collect.t3000.panel import Panel
from t3actors.collect.t3000.panel_answer import PanelAnswer
from t3actors.collect.t3000.stored_cycles import StoredCycles
from t3actors.collect.t3000.trend_log_round import TrendLogRound
from t3actors.config import DeviceConfig
from t3actors.cycles import CycleEnded, CycleStored
from t3actors.errors import DriverError, LinkDown, NotSent, StoreError
from t3actors.events import Log
from t3actors.events.t3000 import CYCLE_ENDED, CYCLE_FAILED, CYCLE_RECOVERED, CYCLE_STARTED
from t3actors.messages import GatewayPaused, ReadingsTaken, StoreRenewed, SyncRequested
from t3actors.pauses import Pauses, no_pauses
from t3actors.points import DeviceFacts
from t3actors.questions import DeviceInsight, DoorStanding, DoorStandingRequested, InsightRequested, LearnedRequested

DETECTOR, WRITER = "detector", "writer"
ANSWERED_WITHIN_S = 60.0
"""Beside the time-outs of its calls, how long a step of a cycle may take before the watchdog takes the actor for a hanging one."""
STORED_WITHIN_S = 30.0
"""How long a requested sync waits for the writer."""
KNOWN_WITHIN_S = 15.0
RECALLED_AGAIN_AFTER_S = 5.0


class InstallationActor(TrioActor):
    """Speaks for itself and its panels: DeviceAnnounced, PointsRead, PollMissed, DeviceStatusChanged, CycleEnded.

    Hears: ReadingsTaken, StoreRenewed, GatewayPaused, CycleStored, SyncRequested.
    """

    def __init__(
        self,
        config: DeviceConfig,
        make_door: Callable[[DeviceConfig, Log], Door],
        *,
        ordinal: int,
        wall_ms: Callable[[], int],
        log: Log,
        pace: Pace,
        random: Callable[[], float],
        auto_start: bool = True,
        pauses: Pauses | None = None,
    ) -> None:
        super().__init__()
        self._config = config
        self._make_door = make_door
        self._phase = phase(ordinal)
        self._wall_ms = wall_ms
        self._log = log
        self._pace = pace
        self._auto_start = auto_start
        self._afresh = Afresh(pauses or no_pauses(), self._phase)
        self._is_polled = False
        self._life = Life(
            config,
            lambda: self._report,
            now_s=self.now_s,
            random=random,
            longest_pause_s=min(LONGEST_PAUSE_S, config.rules.poll_interval_s),
            speaks=lambda: (
                not self._panels.speaks_for_all
            ),  # the panel of a memory is the installation: it says so itself
        )
        self._syncs: list[SyncRequested] = []
        self._cycle_no = 0
        self._failed = 0
        self._said = ""

    # ------------------------------------------------------------------------------------------------ the actor

    async def on_start(self) -> None:
        """Begin to live; the first cycle is made by the actor's own task."""
        self._life.begin()
        self._wake = trio.Event()
        self._plan = PollPlan({self._config.rules.poll_interval_s}, self.now_s(), self._phase)
        self._door = self._make_door(self._config, self._log)
        self._cycle = Cycle(self._config, self._door, self._log, self._alive)
        self._trend_logs = TrendLogRound(self._door, self._wall_ms)
        self._stored = StoredCycles(self._config.name, self._log)
        self._report = Report(
            self._config,
            (),
            DeviceFacts(),
            send=self.send,
            registry=self.registry,
            wall_ms=self._wall_ms,
            log=self._log,
        )
        self._panels = KnownPanels(
            self._config, send=self.send, registry=self.registry, wall_ms=self._wall_ms, now_s=self.now_s, log=self._log
        )
        self._report.announce()
        self.spawn(self._poll_forever)

    async def on_receive(self, message: object) -> object:
        """The detector took a panel's readings; the writer stored a cycle; somebody asks for one now, or how it stands."""
        match message:
            case InsightRequested(device=device):
                return self._insight(self._panels.named(device))
            case DoorStandingRequested():
                return self._standing()
            case ReadingsTaken():
                self._taken(message)
            case CycleStored():
                self._stored.note(message)
            case StoreRenewed(device=device):
                if device == self._config.name:
                    self._panels.keep_again()
            case GatewayPaused():
                self._begin_afresh_soon()
            case SyncRequested() if not self._config.enabled:
                self._report.finished(message, 0, self._config.disabled_because)
            case SyncRequested():
                self._syncs.append(message)
                self._wake.set()
            case _:
                raise TypeError(f"an installation does not understand {type(message).__name__}")
        return None

    def _taken(self, message: ReadingsTaken) -> None:
        panel = self._panels.named(message.device)
        if panel is not None:
            panel.taken(message)
        elif message.device == self._config.name:
            self._report.taken(message)

    def _begin_afresh_soon(self) -> None:
        if self._is_polled and self._afresh.is_called_for:
            self._wake.set()

    def _insight(self, panel: Panel | None) -> DeviceInsight:
        life = self._life
        next_s: float | None = self._plan.next_due_s() if life.outage is None else life.outage.retry_at_s
        if not self._config.enabled:
            next_s = None
        state, polls = (life.state, life.polls) if panel is None else (panel.state, panel.polls)
        return insight_of(state, life.outage, polls, next_s, self.now_s(), self._wall_ms())

    def _standing(self) -> DoorStanding:
        return DoorStanding(
            method=self._cycle.method,
            trouble="" if self._life.outage is None else self._life.outage.reason,
            has_answered=self._life.polls.counts.polls_ok > 0,
            worker_pid=self._door.worker_pid,
        )

    async def on_stop(self) -> None:
        """Let go of T3000."""
        await self._door.close()

    async def on_failure(self, exception_type: object, exception_value: object, traceback: object) -> None:  # noqa: ARG002
        """Let go of T3000: its worker must not outlive the actor."""
        if self._cycle_no or self._life.state is not State.UNKNOWN:
            await self._door.close()

    # ------------------------------------------------------------------------------------------------- the loop

    async def _poll_forever(self) -> None:
        if not self._config.enabled:
            self._life.move(Happened.DISABLED, reason=self._config.disabled_because)
            await self._recall_for_good()
            return
        self._life.move(Happened.STARTED)
        await self._recall()
        if not self._auto_start:
            await self._wake.wait()
        self._plan = PollPlan({self._config.rules.poll_interval_s}, self.now_s(), self._phase)
        if not self._syncs:
            await self._make_cycle(due_s=self.now_s())  # the seed: immediately at the start, then every interval
            self._plan.restart_from(self.now_s())
        self._is_polled = True
        while True:
            await self._until_due()
            if self._afresh.is_called_for:
                stood_s, _ = self._afresh.begin(self._life, self._plan, self.now_s())
                self._panels.were_away(stood_s)
            elif self._syncs:
                await self._sync()
            elif self.now_s() >= self._afresh.due_s:
                await self._make_cycle(due_s=self._afresh.due_s)
                self._plan.restart_from(self.now_s())
            elif self._life.outage is None:
                due_s = self._plan.next_due_s()
                self._plan.take_due(self.now_s())
                self._plan.skip_overrun(self.now_s())  # what passed before it began is the trend logs' doing
                await self._make_cycle(due_s=due_s)
                skipped = self._plan.skip_overrun(self.now_s())
                if self._life.outage is None:
                    self._life.overran(skipped)
            elif self.now_s() >= self._life.outage.retry_at_s:
                await self._make_cycle(due_s=self._life.outage.retry_at_s)
                self._plan.restart_from(self.now_s())

    async def _until_due(self) -> None:
        """Sleep until the next cycle; the trend logs of new panels are read meanwhile, slowly."""
        self._wake = trio.Event()
        while not (self._syncs or self._afresh.is_called_for):
            next_s = self._plan.next_due_s() if self._life.outage is None else self._life.outage.retry_at_s
            next_s = min(next_s, self._afresh.due_s)
            work_s = self._trend_logs.due_s if self._life.outage is None else next_s
            self._alive(max(0.0, min(next_s, work_s) - self.now_s()))
            with trio.move_on_at(min(next_s, work_s)):
                await self._wake.wait()
            if self._wake.is_set() or self.now_s() >= next_s:
                return
            self._alive()
            await self._trend_logs.step(self._panels, self.now_s)

    async def _sync(self) -> None:
        """Make a cycle now, because somebody asked; answer once the writer has stored what came."""
        requests, self._syncs = self._syncs, []
        error = await self._make_cycle(due_s=self.now_s(), requested=True)
        self._plan.restart_from(self.now_s())
        self._alive(STORED_WITHIN_S)
        if not await self._stored.all_within(STORED_WITHIN_S):
            error = error or f"the writer had not stored it within {STORED_WITHIN_S:g} s"
        for request in requests:
            self._report.finished(request, self._panels.points_ok, error, failed=self._panels.points_failed)

    # ------------------------------------------------------------------------------------------------ one cycle

    async def _make_cycle(self, *, due_s: float, requested: bool = False) -> str:
        """Ask for every panel once and hand over what came. **Returns**: why nothing came, or nothing."""
        self._afresh.done()
        self._cycle_no += 1
        started_s = self.now_s()
        self._pace.record(started_s - due_s)
        self._panels.begin_cycle()
        self._stored.begin_cycle()
        self._log(CYCLE_STARTED, device=self._config.name, cycle_no=self._cycle_no, method=self._cycle.method)
        try:
            self._alive()
            await self._recall()
            await self._cycle.make(self._panels, lambda answers: self._heard(answers, started_s, requested=requested))
        except DriverError as error:
            if self._afresh.is_called_for:
                return PAUSED
            self._unanswered(error)
            return str(error)
        self._answered(started_s)
        ended = self._panels.end_cycle()
        self._trend_logs.cycle_ended(self._panels, self.now_s())
        next_s = max(0.0, self._plan.next_due_s() - self.now_s())
        self._log(
            CYCLE_ENDED, device=self._config.name, cycle_no=self._cycle_no, panels=ended.heard, panels_silent=ended.silent,
            groups=self._stored.begun, last_group=self._stored.last, took_s=round(self.now_s() - started_s, 3),
            next_s=round(next_s, 1),
        )  # fmt: skip
        return ended.trouble

    def _heard(self, answers: list[PanelAnswer], started_s: float, *, requested: bool) -> None:
        """One answer: all its panels are one group, and one transaction. **Raises**: NotSent behind a pause: then it may be of before."""
        if self._afresh.is_called_for:
            raise NotSent(PAUSED)
        at_ms = self._wall_ms()
        group = f"{self._config.name}/{self.incarnation}/{self._cycle_no}/{self._stored.begun}"
        panels = self._panels.heard(answers, group, at_ms, started_s)
        if panels:
            self._stored.begin(group)
            self.send(
                DETECTOR,
                CycleEnded(
                    device=self._config.name, at_ms=at_ms, group=group, panels=tuple(panels), requested=requested
                ),
            )
        self._alive()

    def _answered(self, started_s: float) -> None:
        if self._failed:
            self._log(CYCLE_RECOVERED, device=self._config.name, failed=self._failed)
        self._failed, self._said = 0, ""
        self._life.answered(started_s, self._panels.points_ok)
        if not self._panels.speaks_for_all:
            if not self._report.was_met:
                self._report.describe((), DeviceFacts())
            self._report.hand_over((), self._life.polls.counts)
        self._panels.remember()

    def _unanswered(self, error: DriverError) -> None:
        self._failed += 1
        self._life.unanswered(error)
        reason = str(error)
        if reason != self._said:
            self._said = reason
            self._log(
                CYCLE_FAILED, device=self._config.name, reason=reason, next_try_s=round(self._life.pause_left_s(), 2)
            )
        self._panels.all_silent(reason, refused=isinstance(error, LinkDown) and error.refused)

    # -------------------------------------------------------------------------------------------------- the rest

    async def _recall(self) -> None:
        """Announce the panels of earlier lives: their values must not look alive while T3000 is silent."""
        if self._panels.are_recalled:
            return
        try:
            learned = await self.registry.ask(WRITER, LearnedRequested(device=self._config.name), KNOWN_WITHIN_S)
        except (NobodyThere, StoreError, trio.TooSlowError):
            return  # the next cycle asks again
        self._panels.recall(learned)

    async def _recall_for_good(self) -> None:
        """Announce them as disabled. Those of the former life, which the store may not have yet, are known by who spoke for them."""
        self._panels.recall_names(self.registry.spoken_for(f"device/{self._config.name}"))
        await self._recall()
        while not self._panels.are_recalled:
            await trio.sleep(RECALLED_AGAIN_AFTER_S)
            await self._recall()

    def _alive(self, pause_s: float = 0.0) -> None:
        config = self._config
        self.expect_progress_within(
            pause_s + ANSWERED_WITHIN_S + (1 + config.retries) * config.timeout_s + config.panel_pause_s
        )
