"""One panel behind a T3000: a device of its own in messages and tables, spoken for by the installation's actor.

It keeps the panel's life cycle and tells the detector and the log; it asks nothing (cycle.py does) and owns no schedule. Thread: the
trio loop.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from supervision.registry import Registry
from t3actors.collect.driver import Beside
from t3actors.collect.lifecycle import SILENT, Happened, State, after
from t3actors.collect.pace import Polls
from t3actors.collect.report import Part, Report
from t3actors.collect.t3000.freshness import Fresh, Freshness, Judged
from t3actors.collect.t3000.panel_answer import PanelAnswer
from t3actors.config import DeviceConfig
from t3actors.events import Log
from t3actors.events.t3000 import PANEL_INCOMPLETE
from t3actors.installations import panel_name
from t3actors.messages import ReadingsTaken
from t3actors.points import DeviceFacts, Kind, Reading, Status

PARTS = {Kind.INPUT: "inputs", Kind.OUTPUT: "outputs", Kind.VARIABLE: "variables"}


class Panel:
    """One panel's state and voice. `config` is its own: the installation's, with the panel's name and serial number.

    `facts`: what is known of it before it answers.
    """

    def __init__(
        self,
        config: DeviceConfig,
        facts: DeviceFacts,
        *,
        send: Callable[[str, object], bool],
        registry: Registry,
        wall_ms: Callable[[], int],
        now_s: Callable[[], float],
        log: Log,
    ) -> None:
        self.name = config.name
        self.answer: PanelAnswer | None = None
        """What it was when it last answered: the next answer is decoded against it."""
        self.misses = 0
        """Cycles in a row in which it did not answer, or T3000 answered for it but does not read it any more."""
        self.silence = ""
        """Why it last did not answer."""
        self.points_ok = 0
        """How many points of its last answer were handed over as ok."""
        self._config = config
        self._now_s = now_s
        self._log = log
        self._report = Report(
            config, (), facts, send=send, registry=registry, wall_ms=wall_ms, log=log,
            created_by="ffi_sync_service", data_source=1,
        )  # fmt: skip
        self._freshness = Freshness(config.rules.stale_after, config.rules.poll_interval_s)
        self.polls = Polls(config.rules.poll_interval_s)
        self.state = State.UNKNOWN
        self._heard_s = now_s()
        self._odd: tuple[object, ...] = ((), ())

    @property
    def is_offline(self) -> bool:
        """Whether it has been silent for so long that its points are down."""
        return self.state in SILENT

    def begin(self, *, was_begun: bool = False) -> None:
        """Let the detector know it: its rows of an earlier life are its own, and age from now on, or are disabled as T3000 is.

        `was_begun`: somebody else has said of this device that it is being reached.
        """
        self._report.announce()
        if was_begun:
            self.state = State.CONNECTING
        elif self._config.enabled:
            self._move(Happened.STARTED)
        else:
            self._move(Happened.DISABLED, reason=self._config.disabled_because)

    def heard(self, answer: PanelAnswer, group: str, cycle_at_ms: int, started_s: float) -> None:
        """Hand over what one answer says of it."""
        self.answer = answer
        self._say_what_is_odd(answer)
        self._describe(answer)
        judged = {
            kind: self._freshness.judge(kind, answer.logging_at_s.get(kind), cycle_at_ms, self._now_s())
            for kind in answer.readings
        }
        parts = [
            Part(PARTS[kind], judged[kind].at_ms, _as_fresh(readings, judged[kind]))
            for kind, readings in answer.readings.items()
        ]
        self.points_ok = sum(reading.status is Status.OK for part in parts for reading in part.readings)
        if judged and all(each.fresh is not Fresh.OK for each in judged.values()):
            self._unread(max(judged.values(), key=lambda each: each.since_s), parts, group)
            return
        self.misses, self.silence = 0, ""
        silent_s, self._heard_s = self._now_s() - self._heard_s, self._now_s()
        self.polls.answered(started_s)
        self._freshness.achieves(self.polls.achieved.interval_s)
        self.polls.remember(self._now_s(), started_s, len(answer.points))
        self._move(Happened.ANSWERED, silent_s=silent_s)
        self._report.hand_over_parts(parts, self.polls.counts, group)

    def _unread(self, judged: Judged, parts: list[Part], group: str) -> None:
        """T3000 answers for it out of its cache alone: a silence of the panel, which has lasted for `stale_after` cycles already.

        Its points are told once as what they are; then they age as those of any device that is silent.
        """
        reason = judged.why_not
        if reason != self.silence and not self.is_offline:
            self._report.hand_over_parts(parts, self.polls.counts, group, is_hearsay=True)
        if not self.misses and judged.fresh is Fresh.STALE:
            self.misses = self._config.rules.stale_after - 1
        self.silent(reason, is_awaited=judged.fresh is Fresh.NEVER and self.state is State.CONNECTING)

    def silent(self, reason: str, *, refused: bool = False, is_awaited: bool = False) -> None:
        """The cycle brought nothing of it. `refused`: T3000 itself is gone, so that nothing can be known of it.

        `is_awaited`: T3000 has not come round to it since it started, which is no fault before it lasts.
        """
        self.misses += 1
        self.silence = reason
        self.polls.missed()
        self.polls.remember(self._now_s(), None, error=reason)
        self._report.missed(reason, self.polls.counts)
        exhausted = self.misses >= self._config.rules.down_after
        happened = Happened.REFUSED if refused else Happened.EXHAUSTED if exhausted else Happened.UNANSWERED
        if not (is_awaited and happened is Happened.UNANSWERED):
            self._move(happened, reason=reason)

    def was_away(self, stood_s: float) -> None:
        """The gateway itself did not run for so long: that is no silence of the panel, and what T3000 has of it may be as old."""
        self._heard_s = min(self._heard_s + stood_s, self._now_s())
        self.polls.achieved.interrupted()
        self._freshness.begin_again()

    def taken(self, message: ReadingsTaken) -> None:
        """The detector has its readings, or asks who it is."""
        self._report.taken(message)

    def tell(self, told: Beside) -> None:
        """Give the detector what came beside readings: its trend logs."""
        self._report.tell((told,))

    def work_failed(self, reason: str, again_in_s: float) -> None:
        """What is asked of it between cycles was not answered."""
        self._report.work_failed(reason, again_in_s)

    @property
    def points(self) -> int:
        """How many points it has."""
        return len(self._report.points)

    @property
    def facts(self) -> DeviceFacts:
        """What it last said of itself."""
        return self._report.facts

    def _describe(self, answer: PanelAnswer) -> None:
        """Take over what it says of itself. A point that was not read this time is still there, and grows old."""
        report, points = self._report, answer.points
        if not answer.is_whole:
            known = {point.point_id: point for point in report.points}
            points = tuple((known | {point.point_id: point for point in points}).values())
        complete = answer.is_whole or report.is_complete
        if not report.was_met or (points, answer.facts, complete) != (report.points, report.facts, report.is_complete):
            report.describe(points, answer.facts, complete=complete)

    def _say_what_is_odd(self, answer: PanelAnswer) -> None:
        odd = (answer.missing, answer.refused)
        if odd != self._odd:
            self._odd = odd
            if answer.missing or answer.refused:
                self._log(PANEL_INCOMPLETE, panel=self.name, missing=list(answer.missing), refused=list(answer.refused))

    def _move(self, happened: Happened, *, reason: str = "", silent_s: float = 0.0) -> None:
        was, self.state = self.state, after(self.state, happened)
        if was is not self.state:
            self._report.moved(was, self.state, reason=reason, silent_s=silent_s)


def panel_config(installation: DeviceConfig, serial: int) -> DeviceConfig:
    """Give a panel the configuration of its installation, under a name and serial number of its own."""
    return replace(installation, name=panel_name(installation.name, serial), serial_number=serial)


def _as_fresh(readings: tuple[Reading, ...], judged: Judged) -> tuple[Reading, ...]:
    if judged.fresh is Fresh.OK:
        return readings
    reason = judged.why_not
    if judged.fresh is Fresh.NEVER:
        return tuple(Reading(each.point_id, None, Status.UNKNOWN, reason) for each in readings)
    return tuple(
        Reading(each.point_id, None, Status.STALE, reason) if each.status is Status.OK else each for each in readings
    )
