"""Follows one point: what was last stored of it, when it was last read, and what that makes of a new reading. Pure.

Called by device.py only, which reads the slots directly: they are on the hot path.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from t3actors.detect.ages import aged, interval_s, next_age_s, rules_of, stale_at_age_s
from t3actors.detect.door import Door, Passed
from t3actors.detect.rules import DETAILS_SAMPLED, ROW_ALONE, Emit, Verdict, due_s, judge, settled
from t3actors.messages import PointChange
from t3actors.pauses import Pause
from t3actors.points import Point, Reading, Rules, Status, Value

_OK, _DISABLED = Status.OK, Status.DISABLED  # a word of an Enum costs 160 ns each time (Python 3.11)
_NONE, _DETAILS, _REPEAT, _SOON = Emit.NONE, Emit.DETAILS, Emit.REPEAT, Emit.SOON


LEFT_OF_AN_INTERVAL = 1.5
"""After a pause of the gateway's own, so long a point has at least until it is stale: its poll is due now, and takes its time."""


class Stamp(NamedTuple):
    """When an answer brought readings: one stamp for all of them. `at_ms` is Unix UTC, `now_s` monotonic."""

    now_s: float
    at_ms: int


class Track:
    """One point. `seen` is the last raw reading that was judged, None where that judgement no longer holds."""

    __slots__ = (
        "before",
        "digital",
        "door",
        "due_s",
        "emitted_s",
        "forgotten",
        "off",
        "paused",
        "point",
        "recalled",
        "rules",
        "sampled_at_ms",
        "seen",
        "series",
        "stamp",
        "stored",
        "unconfirmed",
    )

    def __init__(self, stored: Reading, known: Stamp) -> None:
        self.stored = stored
        self.stamp = known
        self.sampled_at_ms = known.at_ms
        self.seen: Reading | None = None
        self.point: Point | None = None
        self.series: tuple[object, ...] | None = None
        self.rules = Rules()
        self.digital = False
        self.emitted_s = known.now_s
        self.due_s = math.inf
        self.forgotten = False
        """What is stored is not known any more: the next reading is a change, whatever it says."""
        self.door: Door | None = None
        self.before: PointChange | None = None
        """A sample that goes ahead of the change that was just returned, or alone: `taken_before` takes it."""
        self.recalled = False
        """It comes from the store, and nothing was said of it since: its next good reading is told, if by its row alone."""
        self.off = False
        """Disabled by a reading since the start, and so not aged."""
        self.unconfirmed = False
        """Its value is of before a time in which nobody looked (the gateway was off, or paused): the next good reading says it again."""
        self.paused = False
        """It is stale by a pause of the gateway's own, of which EVENTS tells once for all points."""

    def describe(self, point: Point, now_s: float, *, met: bool) -> None:
        """Take a point's description. Another unit, range or source starts a new series, which wants a first sample.

        What is said before the device itself was met is a guess (no units yet) and starts nothing. Where it is to be read
        more often than before (its device tells of changes no more), its polls are counted from now: none was missed yet.
        """
        rules = rules_of(point)
        if self.point is not None and rules.poll_interval_s < self.rules.poll_interval_s:
            self.stamp = Stamp(now_s, self.stamp.at_ms)
        if met:
            series = _series_of(point)
            if self.series not in {None, series}:
                self.forget()
            self.series = series
        self.point = point
        self.rules = rules
        self.digital = point.digital
        self.seen = None
        if rules.trend == "never":
            self.unconfirmed = False  # there is no history that would have to know
        self.due_s = due_s(rules, self.emitted_s)

    def forget(self) -> None:
        """Make the next reading a change."""
        self.forgotten = True
        self.seen = None

    def judged(self, device: str, raw: Reading, stamp: Stamp, confirms: bool = True) -> PointChange | None:
        """Judge a reading against what is stored, and take what is emitted for stored. `confirms`: it is of after the start or pause."""
        stored = self.stored
        reading = settled(raw, stored.value)
        owed = self.unconfirmed
        confirms = confirms and owed and reading.status is _OK
        if self.rules.compress > 0 and not self.digital:
            return self._through_door(device, reading, stamp, confirms=confirms)
        verdict = judge(
            reading,
            None if self.forgotten else stored,
            self.rules,
            digital=self.digital,
            overdue=confirms or stamp.now_s >= self.due_s,
            soon=not confirms and stamp.now_s < self.emitted_s + self.rules.min_interval_s,
        )
        if stored.status is _OK:
            self.sampled_at_ms = self.stamp.at_ms
        self.stamp = stamp
        self.seen = None if owed and not confirms else raw
        self.off = reading.status is _DISABLED
        verdict = self._told_again(verdict, reading)
        if verdict.emit is _NONE:
            return None
        if confirms and verdict.emit is _DETAILS:
            verdict = DETAILS_SAMPLED
        if verdict.emit is _SOON:
            self.due_s = min(self.due_s, self.emitted_s + self.rules.min_interval_s)
            return None
        if reading.status is _OK:
            self.sampled_at_ms = stamp.at_ms
        if verdict.emit is _DETAILS and not verdict.sample:
            # The row alone must not move the value that later ones are compared with: it would drift away from the samples.
            reading = _with(reading, stored.value, reading.status, reading.reason)
        if owed:
            self.unconfirmed = reading.status is _OK and not confirms
        return self._emit(
            device, reading, stamp.at_ms, stamp.now_s, changed=verdict.emit is not _REPEAT, sample=verdict.sample
        )

    def _through_door(self, device: str, reading: Reading, stamp: Stamp, *, confirms: bool) -> PointChange | None:
        """Judge a reading of a compressed point: its row follows the deadband, its samples the door.

        It is never skipped as a repeat: a value that stands still is part of its course.
        """
        number = reading.value if reading.status is _OK and isinstance(reading.value, int | float) else None
        breaks = number is None or self.door is None or self.forgotten or reading.status is not self.stored.status
        self.before = self._left_behind(device) if breaks else self._passed(device, Passed(*stamp, float(number or 0)))
        if self.before is not None:
            self.stored, self.emitted_s = self.before.reading, stamp.now_s
        overdue = stamp.now_s >= self.emitted_s + (self.rules.max_interval_s or math.inf)
        stored = None if self.forgotten else self.stored
        verdict = judge(reading, stored, self.rules, digital=False, overdue=confirms or overdue)
        if self.stored.status is _OK:
            self.sampled_at_ms = self.stamp.at_ms
        self.stamp, self.seen, self.off = stamp, None, reading.status is _DISABLED
        verdict = self._told_again(verdict, reading)
        if verdict is ROW_ALONE:
            reading = _with(reading, self.stored.value, reading.status, reading.reason)
        if verdict.emit is _NONE:
            return None
        if reading.status is _OK:
            self.sampled_at_ms = stamp.at_ms
        if confirms and verdict.emit is _DETAILS:
            verdict = DETAILS_SAMPLED
        self.unconfirmed = self.unconfirmed and reading.status is _OK and not confirms
        samples = verdict.sample and (breaks or verdict.emit is _REPEAT)
        emitted_s = self.emitted_s
        changed = verdict.emit is not _REPEAT
        change = self._emit(device, reading, stamp.at_ms, stamp.now_s, changed=changed, sample=samples)
        if not samples:
            self.emitted_s = emitted_s  # the row alone: the next heartbeat is due as before
        elif number is not None:
            self.door = Door(self.rules.compress, Passed(*stamp, float(number)))
        return change

    def _told_again(self, verdict: Verdict, reading: Reading) -> Verdict:
        """Say what is to be emitted of what was known from the store alone: that it is ok is news, though its value is as it was."""
        is_news = self.recalled and verdict.emit is _NONE and reading.status is _OK
        return ROW_ALONE if is_news else verdict

    def taken_before(self) -> list[PointChange]:
        """Take the sample that goes ahead of the change that was just returned."""
        before, self.before = self.before, None
        return [] if before is None else [before]

    def leaving(self, device: str) -> list[PointChange]:
        """End the course, as the gateway stops: its last reading is a sample."""
        last = self._left_behind(device)
        return [] if last is None else [last]

    def _passed(self, device: str, passed: Passed) -> PointChange | None:
        sample = None if self.door is None else self.door.take(passed)
        return None if sample is None or self.rules.trend == "never" else self._sample(device, sample)

    def _left_behind(self, device: str) -> PointChange | None:
        """The course ends: its last reading is a sample."""
        door, self.door = self.door, None
        return (
            None
            if door is None or door.held is None or self.rules.trend == "never"
            else self._sample(device, door.held)
        )

    def _sample(self, device: str, passed: Passed) -> PointChange:
        reading = _with(self.stored, passed.value, _OK, "")
        return PointChange(device, reading.point_id, reading, passed.at_ms, passed.at_ms, True, True, _OK)

    def aged(self, device: str, now_s: float, at_ms: int, achieved_s: float, miss: str) -> PointChange | None:
        """Return the change of status that the point's age brings, or that the store dropped."""
        if self._exempt():
            return None
        status = aged(self.stored.status, now_s - self.stamp.now_s, self.rules, achieved_s)
        same = status is self.stored.status
        if same and not (self.forgotten and status in {Status.STALE, Status.DOWN}):
            return None
        missed = self.rules.stale_after if status is Status.STALE else self.rules.down_after
        reason = self.stored.reason if same else f"not read for {missed} polls" + (f": {miss}" if miss else "")
        return self.moved(device, status, reason, at_ms, now_s)

    def now(self, *, read: bool) -> tuple[Value, Status, int]:
        """Return the value that stands now, how well it is and when it was sampled (Unix UTC milliseconds).

        `read`: its device was polled in this life; what is only known from the store is never called ok.
        """
        stored = self.stored
        if stored.status is not _OK or not read:
            return stored.value, Status.UNKNOWN if stored.status is _OK else stored.status, self.sampled_at_ms
        return stored.value if self.seen is None else self.seen.value, _OK, self.stamp.at_ms

    def ages_at_s(self, achieved_s: float) -> float:
        """Return the monotonic time at which `aged` next has something to say, if nothing is read until then."""
        if self._exempt():
            return math.inf
        return self.stamp.now_s + next_age_s(self.stored.status, self.rules, achieved_s)

    def moved(self, device: str, status: Status, reason: str, at_ms: int, now_s: float) -> PointChange:
        """Give the point another status without a reading: its value and the time of that value stay."""
        if self.stored.status is Status.OK:
            self.sampled_at_ms = self.stamp.at_ms
        self.seen = None
        self.unconfirmed = False
        self.before = self._left_behind(device)
        if self.before is not None:
            self.stored = self.before.reading
        reading = _with(self.stored, self.stored.value, status, reason)
        return self._emit(device, reading, at_ms, now_s, changed=True, sample=self.rules.trend != "never")

    def pause(self, device: str, pause: Pause, now_s: float, achieved_s: float) -> list[PointChange]:
        """Take a time in which nobody looked: what was known is to be confirmed, and is stale at once if that was too long.

        No device is blamed for it: such a point has no row of its own in EVENTS, and one that is not stale yet has a poll's time left.
        """
        if self.stored.status is not _OK:
            self.stamp = Stamp(min(self.stamp.now_s + pause.stood_s, now_s), self.stamp.at_ms)
            return []
        ended = self.owe(device)
        stale_s = stale_at_age_s(self.rules, achieved_s)
        left_s = LEFT_OF_AN_INTERVAL * interval_s(self.rules, achieved_s)
        age_s = now_s - self.stamp.now_s + pause.asleep_s
        self.stamp = Stamp(now_s - min(age_s, stale_s if age_s >= stale_s else stale_s - left_s), self.stamp.at_ms)
        if age_s < stale_s or self._exempt():
            return ended
        reading = self.stored = _with(self.stored, self.stored.value, Status.STALE, f"not read since {pause.reason}")
        self.paused = True
        quiet = PointChange(
            device, reading.point_id, reading, self.sampled_at_ms, pause.until_ms, True, False, Status.STALE
        )
        return [*ended, quiet]

    def owe(self, device: str) -> list[PointChange]:
        """Have the next good reading say again what is known: no value holds from before now. Its course ends at its last reading."""
        if self.stored.status is not _OK:
            return []
        self.before = self._left_behind(device)
        if self.before is not None:
            self.stored = self.before.reading
        self.unconfirmed = self.rules.trend != "never"
        self.seen = None
        self.sampled_at_ms = self.stamp.at_ms
        return self.taken_before()

    def _exempt(self) -> bool:
        """Disabled by a reading, or found disabled in the store and not announced since: nobody asks for it."""
        return self.off or (self.point is None and self.stored.status is Status.DISABLED)

    def _emit(
        self, device: str, reading: Reading, at_ms: int, now_s: float, *, changed: bool, sample: bool
    ) -> PointChange:
        was = self.stored.status
        if self.paused:
            was, self.paused = _OK, False
        known_again, self.recalled = self.recalled, False
        self.stored = reading
        self.forgotten = False
        self.emitted_s = now_s
        self.due_s = due_s(self.rules, now_s)
        return PointChange(
            device, reading.point_id, reading, self.sampled_at_ms, at_ms, changed, sample, was, known_again
        )


def _with(reading: Reading, value: float | str | None, status: Status, reason: str) -> Reading:
    return Reading(reading.point_id, value, status, reason, reading.auto_manual, reading.flags, reading.hw_switch)


def _series_of(point: Point) -> tuple[object, ...]:
    return (point.units, point.units_code, point.range_code, point.states, point.source)
