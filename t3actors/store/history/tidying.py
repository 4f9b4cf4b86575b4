"""Decides what is tidied next, and does it a step at a time while no batch waits. The writer's thread.

Called by store.py. The order of `_next` is the order of need: what frees pages first, then what the clock asks for, then
what makes history small and quick to read.
"""

from __future__ import annotations

import math
import time
from types import GeneratorType

from t3actors.events import history as events
from t3actors.store.clockwatch import ClockWatch
from t3actors.store.history import (
    due,
    emptied,
    expiry,
    late,
    merging,
    packing,
    packing_hours,
    taking_back,
    trimming,
)
from t3actors.store.history.desk import Desk, Job
from t3actors.store.history.frontiers import DAY_S, HOUR_S, hour_of
from t3actors.store.history.governor import Governor
from t3actors.store.history.parts import Kind, State, find
from t3actors.store.history.restamping import restamp
from t3actors.store.history.spoilt import SPOILT, mend
from t3actors.store.known import Known
from t3actors.store.stretches import Unsettled

GRACE_S = 90
"""An hour is packed so long after it has ended: what is on its way is stored by then."""
MOST_DAYS = 3
"""So many days of aggregates may wait in `hours` while there are hours to pack: what reads it looks at a few."""
LATE_EVERY_S = 600.0
LOOK_EVERY_S = 5.0
TRIM_EVERY_S = 60.0
EMPTIED_EVERY_S = 86_400.0
EMPTIED_AFTER_S = 3600.0  # of the opening
MEND_EVERY_S = 600.0
"""What no mending has helped is not looked through again for so long."""
SLOW_STEP_S = 0.25
"""A step that takes longer makes a batch late (its commit is to take less than that in 99 of 100): it is said."""
SLOW_SAID_EVERY_S = 3600.0
UNSETTLED_S = 86_400.0
"""So long history of a boot whose clock is not trusted yet waits as rows: it may be stamped anew."""


class Tidying:
    """The job at hand. One per opening of the database."""

    def __init__(
        self,
        desk: Desk,
        clock: ClockWatch,
        known: Known,
    ) -> None:
        self.desk = desk
        self.governor = Governor(desk.config.budget_bytes)
        self._clock = clock
        self._known = known
        self.hold_from_s: int | None = None
        """Hours from then on are not packed: the clock that stamped them may yet turn out to be wrong."""
        self._job: Job | None = None
        self._look_again_s = 0.0
        self._late_again_s = 0.0
        self._is_late_next = True
        """Where much came late, what it makes many of is merged between two rounds."""
        self._trim_again_s = 0.0
        self._emptied_again_s = time.monotonic() + EMPTIED_AFTER_S
        self._mending: Job | None = None
        self._mended_s = -math.inf
        self._doing = ""
        self._slow_said_s: dict[str, float] = {}
        """By the name of a step: few, as they are functions of this folder."""

    def _named(self) -> str:
        """Return what the next step is, by the functions that it is in; "choosing" while there is no job."""
        names = []
        job = self._job
        while isinstance(job, GeneratorType):
            names.append(job.__name__.lstrip("_"))
            job = job.gi_yieldfrom
        return "/".join(names) or "choosing"

    def step(self) -> bool:
        """Do one step. **Returns**: False when there is nothing to do. **Raises**: apsw.Error, StoreError; then begin anew."""
        began_s, cpu_s, self._doing = time.perf_counter(), time.thread_time(), self._named()
        try:
            return self._step()
        finally:
            took_s = time.perf_counter() - began_s
            if took_s > SLOW_STEP_S:
                self._say_slow(self._doing, took_s, time.thread_time() - cpu_s)

    def _say_slow(self, what: str, took_s: float, cpu_s: float) -> None:
        now_s = time.monotonic()
        if now_s >= self._slow_said_s.get(what, -math.inf) + SLOW_SAID_EVERY_S:
            self._slow_said_s[what] = now_s
            self.desk.log(events.TIDYING_SLOW, step=what, took_ms=round(took_s * 1000), cpu_ms=round(cpu_s * 1000))

    def _step(self) -> bool:
        if self._job is None:
            now_s = time.monotonic()
            if now_s < self._look_again_s:
                return False
            self._job = self._next(now_s)
            self._doing = f"choosing/{self._named()}"
            if self._job is None:
                self._look_again_s = now_s + LOOK_EVERY_S
                return False
        try:
            next(self._job)
        except StopIteration:
            self._mended_s = self._mended_s if self._job is self._mending else -math.inf
            self._job = self._mending = None
        except BaseException as error:
            self._job = None
            if isinstance(error, SPOILT) and time.monotonic() - self._mended_s > MEND_EVERY_S:
                self._mended_s = time.monotonic()
                self._job = self._mending = mend(self.desk)
                return True
            self._look_again_s = time.monotonic() + LOOK_EVERY_S
            raise
        return True

    def finish(self) -> None:
        """Do all there is to do now: for tests and tools."""
        self._look_again_s = self._late_again_s = self._trim_again_s = 0.0
        self._emptied_again_s = 0.0
        while self.step():
            pass

    def _next(self, now_s: float) -> Job | None:  # noqa: C901, PLR0911, PLR0912 - a list in the order of need
        desk = self.desk
        unsettled = self._unsettled()
        if unsettled is not None:
            return self._restamp(*unsettled)
        part = expiry.going(desk)
        if part is not None:
            return expiry.clear(desk, part)
        if expiry.has_hidden_rows(desk):
            return expiry.sweep(desk)
        if self.hold_from_s is None and taking_back.is_ahead(desk):
            desk.log(events.HISTORY_TAKEN_BACK, packed_until=desk.frontiers.packed_until * 1000)
            return taking_back.take_back(desk)
        outlived = expiry.outlived(desk, self._vouched_s())
        if outlived is not None:
            return expiry.let_go(desk, outlived, "retention")
        if now_s >= self._trim_again_s:  # before the budget is looked at: no sample is to go because of an event
            self._trim_again_s = now_s + TRIM_EVERY_S
            if trimming.is_overfull(desk):
                return trimming.trim(desk)
        day = packing_hours.due_day(desk)
        if day is not None and desk.frontiers.packed_until - day * DAY_S > MOST_DAYS * DAY_S:
            return packing_hours.pack_hours(desk, day)
        hour = self._ended_hour()
        governed = self.governor.next(desk, packs=hour is not None and not hour.is_calm)
        if governed is not None:
            return governed
        if self._is_held(hour) and not self.governor.is_over:
            hour = None  # over the budget it is packed with its mark and its times, and makes room
        until_s = expiry.archivable(desk, self._vouched_s() - int(desk.config.recent_s))
        if until_s > desk.frontiers.recent_from and self._has_rows_before(until_s):
            return expiry.archive(desk, until_s)
        if hour is not None:
            return due.skip(desk, hour.hour_s) if hour.is_calm else packing.pack_hour(desk, hour.hour_s)
        is_late = now_s >= self._late_again_s and self.hold_from_s is None and late.is_waiting(desk)
        if is_late and self._is_late_next:
            return self._pack_late(now_s)
        self._is_late_next = True
        if day is not None:
            return packing_hours.pack_hours(desk, day)
        pieces = merging.pieces(desk)
        if pieces is not None:
            return merging.merge(desk, pieces)
        if is_late:
            return self._pack_late(now_s)
        if now_s >= self._emptied_again_s:
            self._emptied_again_s = now_s + EMPTIED_EVERY_S
            return emptied.remove(desk, self._known)
        return None

    def _unsettled(self) -> tuple[Unsettled, int] | None:
        """Return what is to be stamped anew, and how far ahead the clock is now. While it may yet turn out to be, it is held."""
        stretches = self._clock.stretches
        if stretches is None:
            return None
        found = stretches.unsettled()
        waits = found and stretches.since_start_ms < UNSETTLED_S * 1000
        self.hold_from_s = min(stretch.since_at for stretch in found) // 1000 if waits else None
        return (found[0], stretches.offset_ms) if found and stretches.trusted else None

    def _restamp(self, stretch: Unsettled, offset_ms: int) -> Job:
        yield from restamp(self.desk, stretch, offset_ms)
        now_ms = self.desk.wall_ms()  # what is stored from now on looks whether its time is taken
        for series in self._known.series.values():
            series.last_ms = max(series.last_ms, now_ms)

    def _pack_late(self, now_s: float) -> Job:
        self._late_again_s, self._is_late_next = now_s + LATE_EVERY_S, False
        if (yield from late.pack_late(self.desk)):
            self._late_again_s = 0.0

    def _vouched_s(self) -> int:
        """Return what time it is at least: a clock that may yet turn out to be wrong is to let nothing go before its time."""
        stretches, now_s = self._clock.stretches, self.desk.now_s()
        if self.hold_from_s is None or stretches is None:
            return now_s
        return min(now_s, self.desk.frontiers.packed_until + stretches.since_start_ms // 1000)

    def _ended_hour(self) -> due.Due | None:
        """Return the next hour to pack, if it is over; none behind a pause of ours, until it is stored which values that has ended."""
        if self._clock.is_behind_a_pause:
            return None
        return due.due(self.desk, hour_of(self.desk.now_s() - GRACE_S), may_skip=self.hold_from_s is None)

    def _is_held(self, hour: due.Due | None) -> bool:
        """Say whether the clock that stamped an hour may yet turn out to be wrong."""
        return hour is not None and self.hold_from_s is not None and hour.hour_s + HOUR_S > self.hold_from_s

    def _has_rows_before(self, until_s: int) -> bool:
        first = self.desk.connection.execute("SELECT MIN(logging_time) FROM sample_seconds").get
        return (first is not None and first < until_s) or bool(
            find(
                self.desk.connection,
                "kind = ? AND state = ? AND until_s <= ? LIMIT 1",
                (Kind.SAMPLES, State.BESIDE_ROWS, until_s),
            )
        )
