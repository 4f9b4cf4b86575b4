"""A device's life as it goes: where it stands in the table of lifecycle.py, its outage, its polls, and when it was last heard.

Kept by whoever asks the device: its own actor, or the one of a T3000 installation. What a poll meant is decided here, and told by the
device's Report; when it is asked is not. Thread: the trio loop.
"""

from __future__ import annotations

from collections.abc import Callable

from supervision.backoff import Backoff
from t3actors.collect.lifecycle import Happened, Outage, State, after, meaning_of
from t3actors.collect.pace import Polls
from t3actors.collect.report import Report
from t3actors.config import DeviceConfig
from t3actors.errors import DriverError, NotSent

LONGEST_PAUSE_S = 60.0
"""A dead device is probed at least this often; with a 1 s time-out it then costs its line under 2 %."""


class Life:
    """One device's. `report` gives its voice, once its actor has started; `speaks` is false while another speaks for it."""

    def __init__(
        self,
        config: DeviceConfig,
        report: Callable[[], Report],
        *,
        now_s: Callable[[], float],
        random: Callable[[], float],
        longest_pause_s: float = LONGEST_PAUSE_S,
        speaks: Callable[[], bool] = lambda: True,
    ) -> None:
        interval_s = config.rules.poll_interval_s
        first_pause_s = min(5.0, max(0.05, interval_s / 2))
        self.state = State.UNKNOWN
        self.outage: Outage | None = None
        self.polls = Polls(interval_s)
        self._rules = config.rules
        self._report = report
        self._speaks = speaks
        self._now_s = now_s
        self._random = random
        self._backoff = Backoff(initial_s=first_pause_s, factor=2.0, cap_s=longest_pause_s, jitter=0.2)
        self._heard_s = 0.0

    def begin(self) -> None:
        """Its actor has started: silence counts from here."""
        self._heard_s = self._now_s()

    def end(self) -> None:
        """It is not asked any more; of that nobody is told."""
        self.state = after(self.state, Happened.STOPPED)

    def was_away(self, stood_s: float) -> None:
        """The gateway itself did not run for so long: that is no silence of the device, and no interval of its line."""
        self._heard_s = min(self._heard_s + stood_s, self._now_s())
        self.polls.achieved.interrupted()

    def answered(self, started_s: float, points: int) -> None:
        """A poll that started then was answered, and read so many points."""
        silent_s, self._heard_s = self._now_s() - self._heard_s, self._now_s()
        self.polls.answered(started_s)
        self.polls.remember(self._now_s(), started_s, points)
        self.outage = None
        self.move(Happened.ANSWERED, silent_s=silent_s)

    def not_asked(self, error: NotSent) -> None:
        """The line was too busy to ask: a missed poll, which says nothing of the device."""
        self._missed(str(error))
        if self.outage is not None:
            self.outage.retry_at_s = self._now_s() + self._rules.poll_interval_s

    def unanswered(self, error: DriverError) -> None:
        """A poll brought nothing; the next one follows after a pause that grows."""
        outage = self.outage = self.outage or Outage()
        outage.attempts += 1
        outage.reason = str(error)
        outage.retry_at_s = self._now_s() + self._backoff.delay_s(outage.attempts, self._random)
        self._missed(outage.reason)
        meaning = meaning_of(error, exhausted=self._now_s() >= self.exhausted_at_s())
        self.move(meaning, reason=outage.reason, next_try_s=self.pause_left_s(), error=error)

    def exhausted_at_s(self) -> float:
        """Return when its silence will have lasted `down_after` polls."""
        interval_s = max(self._rules.poll_interval_s, self.polls.achieved.interval_s)
        return self._heard_s + self._rules.down_after * interval_s

    def pause_left_s(self) -> float:
        """Return how long it is left alone from now on."""
        return 0.0 if self.outage is None else max(0.0, self.outage.retry_at_s - self._now_s())

    def overran(self, due_times: int) -> None:
        """A poll that was answered ran over so many due times."""
        achieved = self.polls.achieved
        overruns = achieved.skipped(due_times)
        if overruns is not None:
            self._report().overran(overruns, achieved.interval_s)

    def move(
        self,
        happened: Happened,
        *,
        reason: str = "",
        silent_s: float = 0.0,
        next_try_s: float = 0.0,
        error: DriverError | None = None,
    ) -> None:
        """Take one step through the table, and tell it when it leads somewhere else."""
        was, self.state = self.state, after(self.state, happened)
        if was is not self.state and self._speaks():
            self._report().moved(was, self.state, reason=reason, silent_s=silent_s, next_try_s=next_try_s, error=error)

    def _missed(self, reason: str) -> None:
        self.polls.missed()
        self.polls.remember(self._now_s(), None, error=reason)
        if self._speaks():
            self._report().missed(reason, self.polls.counts)
