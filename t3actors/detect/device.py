"""Remembers, of one device's points, the last stored reading and when it was last read; finds what changed or grew old.

Compared is always with what was last *stored*, so that slow drift is seen, and a restart writes no false change.
Statuses found in the store stand until the first poll, though an ok one is shown as unknown until then; ages count from the start.

`now_s` is monotonic, `at_ms` Unix UTC. Nothing here knows an actor or a clock. Called by detector.py and latest.py.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import replace

from t3actors.detect.ages import next_age_s
from t3actors.detect.beside import Told
from t3actors.detect.track import Stamp, Track
from t3actors.messages import (
    BatchItem,
    ClockStep,
    DeviceAnnounced,
    DeviceStatusChanged,
    PointChange,
    PointsRead,
    PollCounts,
)
from t3actors.pauses import Pause
from t3actors.points import DeviceStatus, Reading, Rules, Status
from t3actors.questions import DeviceNow, PointNow

FASTER_BY = 0.9  # a line that got this much faster has its ages looked at anew

GONE_DARK = frozenset({Status.STALE, Status.DOWN})
_OK = Status.OK  # a word of an Enum costs more than the look at a point (Python 3.11: 160 ns each time)


class Taken(msgspec.Struct):
    """What a poll brought: changes, and how many points are read again or were not announced."""

    changes: list[PointChange]
    recovered: int = 0
    strangers: int = 0


class Aged(msgspec.Struct):
    """What age brought."""

    changes: list[PointChange]
    stale: int = 0
    down: int = 0


class DeviceLatest:
    """One device's points."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.announced: DeviceAnnounced | None = None
        self.enabled = True
        self.status: DeviceStatus | None = None
        self.said_last: DeviceStatusChanged | None = None
        self.tracks: dict[str, Track] = {}
        self.counts = PollCounts()
        self.last_ok_at_ms: int | None = None
        """In an earlier life, as long as nothing was read in this one (`is_read`)."""
        self.is_read = False
        self.confirm_from_ms = 0
        """A reading with another's time (a T3000's) that is older does not confirm what was known before a start or a pause."""
        self.check_at_s = -math.inf
        """No point grows old before this time: most ticks need not look."""
        self.miss = ""
        self.told = Told()
        self._checked_with_s = 0.0
        self._achieved_s = 0.0
        self._by_status: Counter[Status] | None = None

    def announce(self, message: DeviceAnnounced, now_s: float, at_ms: int) -> list[PointChange]:
        """Take the device's description: new points, new rules; where the list is complete, points that are gone."""
        begins_again = message.enabled and not self.enabled
        if begins_again:
            self.status = DeviceStatus.UNKNOWN  # as the store has it then
        self.announced = message
        self.enabled = message.enabled
        self.check_at_s = now_s
        self._by_status = None
        named = {point.point_id for point in message.points}
        if message.complete:
            for point_id in self.tracks.keys() - named:
                del self.tracks[point_id]
        rules = Rules(
            poll_interval_s=message.poll_interval_s, stale_after=message.stale_after, down_after=message.down_after
        )
        for stored in self.tracks.values():
            if stored.point is None:  # known from the store alone: it ages as its device is polled
                stored.rules = rules
        known = Stamp(now_s, at_ms)
        for point in message.points:
            track = self.tracks.get(point.point_id)
            if track is None:
                track = Track(Reading(point.point_id, None, Status.UNKNOWN), known)
                self.tracks[point.point_id] = track
            track.describe(point, now_s, met=message.complete)
            if begins_again:
                track.stamp = Stamp(now_s, track.stamp.at_ms)
                track.off = False
        return [] if message.enabled else self.disable(message.disabled_because, now_s, at_ms)

    def take(self, read: PointsRead, now_s: float) -> Taken:
        """Judge a poll's readings. An unchanged one costs a look-up, a comparison and a note of when it was read."""
        taken = Taken([])
        stamp = Stamp(now_s, read.sampled_at_ms)
        if read.ages:
            self._judge_by_age(read, stamp, taken)
        else:
            confirms = not read.part or read.sampled_at_ms >= self.confirm_from_ms
            self._judge(read.readings, stamp, taken, confirms)
        self.counts = read.counts
        if not read.is_hearsay:
            self.last_ok_at_ms, self.is_read = read.heard_at_ms, True
            self.miss = ""
        self._achieved_s = read.counts.achieved_interval_s
        if self._achieved_s < FASTER_BY * self._checked_with_s:
            self.check_at_s = now_s
        return taken

    def _judge_by_age(self, read: PointsRead, ended: Stamp, taken: Taken) -> None:
        """Judge the readings of a poll that took long, each as of when it came.

        Where more is known of a point since then (it grew old, say, while the poll went on), its reading is as of the poll's end:
        no point's samples go back in time.
        """
        begin = 0
        late: list[Reading] = []
        for count, age_ms in read.ages:
            stamp = Stamp(ended.now_s - age_ms / 1000, ended.at_ms - age_ms)
            run: list[Reading] = []
            for reading in read.readings[begin : begin + count]:
                track = self.tracks.get(reading.point_id)
                overtaken = track is not None and stamp.now_s <= max(track.emitted_s, track.stamp.now_s)
                (late if overtaken else run).append(reading)
            self._judge(run, stamp, taken)
            begin += count
        self._judge([*late, *read.readings[begin:]], ended, taken)

    def _judge(self, readings: Sequence[Reading], stamp: Stamp, taken: Taken, confirms: bool = True) -> None:
        name, find, changes, now_s = self.name, self.tracks.get, taken.changes, stamp.now_s
        for reading in readings:
            track = find(reading.point_id)
            if track is None:
                taken.strangers += 1
            elif (reading is track.seen or reading == track.seen) and now_s < track.due_s:
                track.stamp = stamp
            else:
                change = track.judged(name, reading, stamp, confirms)
                if track.before is not None:
                    changes += track.taken_before()
                if change is not None:
                    changes.append(change)
                    if change.was is not change.reading.status:
                        self._by_status = None
                        if change.was in GONE_DARK and change.reading.status not in GONE_DARK:
                            taken.recovered += 1
                        self.check_at_s = min(self.check_at_s, track.ages_at_s(self._achieved_s))

    def grow_old(self, now_s: float, at_ms: int) -> Aged:
        """Mark what was not read for too long. Cheap to call when nothing can be due."""
        result = Aged([])
        if now_s < self.check_at_s or not self.enabled:
            return result
        achieved_s = self._achieved_s
        next_s = math.inf
        rules, well_for_s = None, 0.0
        for track in self.tracks.values():
            if track.stored.status is _OK:
                if track.rules is not rules:  # points mostly share theirs
                    rules = track.rules
                    well_for_s = next_age_s(Status.OK, rules, achieved_s)
                ages_at_s = track.stamp.now_s + well_for_s
                if ages_at_s > now_s:
                    next_s = min(next_s, ages_at_s)
                    continue
            change = track.aged(self.name, now_s, at_ms, achieved_s, self.miss)
            if change is not None:
                self._by_status = None
                result.changes += [*track.taken_before(), change]
                result.stale += change.reading.status is Status.STALE
                result.down += change.reading.status is Status.DOWN
            next_s = min(next_s, track.ages_at_s(achieved_s))
        self.check_at_s = next_s
        self._checked_with_s = achieved_s
        return result

    def go_down(self, reason: str, now_s: float, at_ms: int) -> list[PointChange]:
        """The device does not answer: every point is down, also one that is read more rarely or that it tells of itself."""
        self._by_status = None
        alive = [track for track in self.tracks.values() if track.stored.status not in {Status.DOWN, Status.DISABLED}]
        return self._moved(alive, Status.DOWN, reason, now_s, at_ms)

    def disable(self, reason: str, now_s: float, at_ms: int) -> list[PointChange]:
        """Nobody asks for these points any more."""
        self.enabled = False
        self._by_status = None
        enabled = [track for track in self.tracks.values() if track.stored.status is not Status.DISABLED]
        return self._moved(enabled, Status.DISABLED, reason, now_s, at_ms)

    def _moved(self, tracks: list[Track], status: Status, reason: str, now_s: float, at_ms: int) -> list[PointChange]:
        changes: list[PointChange] = []
        for track in tracks:
            change = track.moved(self.name, status, reason, at_ms, now_s)
            changes += [*track.taken_before(), change]
        return changes

    def removed(self, reason: str, now_s: float, at_ms: int) -> list[PointChange]:
        """The device is not to be polled any more."""
        changes = self.disable(reason, now_s, at_ms)
        self.announced = None
        self.status = DeviceStatus.DISABLED
        self.told.forget()
        return changes

    def leaving(self) -> list[PointChange]:
        """Return the samples that compressed points still owe, as the gateway stops."""
        return [change for track in self.tracks.values() for change in track.leaving(self.name)]

    def following(self, message: DeviceStatusChanged) -> DeviceStatusChanged:
        """Take a transition. **Returns**: it, with what was before: the store says more than an actor that has only just begun.

        That it `was` a conflict is said only by who ends one (discovery): what the device says of itself never does.
        """
        was, self.status = self.status, message.status
        self.said_last = message
        if was in {None, DeviceStatus.CONFLICT} or message.was is DeviceStatus.CONFLICT:
            return message
        return replace(message, was=was)

    def said(self, at_ms: int) -> list[BatchItem]:
        """Return what the device has said of itself, for a store that has lost everything."""
        if self.announced is None:
            return []
        rows: list[BatchItem] = [self.announced, *self.told.all()]
        if self.status is not None:
            was, reason = DeviceStatus.UNKNOWN, "stored again"
            rows.append(DeviceStatusChanged(device=self.name, at_ms=at_ms, status=self.status, was=was, reason=reason))
        return rows

    def answering(self, at_ms: int) -> DeviceStatusChanged:
        """Say that it answers: its own word on that was lost with an earlier detector, or was never given."""
        online, was = DeviceStatus.ONLINE, DeviceStatus.UNKNOWN
        return DeviceStatusChanged(device=self.name, at_ms=at_ms, status=online, was=was, reason="it answers")

    def is_serial(self, serial_number: int) -> bool:
        """Say whether it reports this serial number, and is not in conflict over it."""
        is_named = self.announced is not None and self.announced.facts.serial_number == serial_number
        return is_named and self.status is not DeviceStatus.CONFLICT

    def now(self) -> DeviceNow:
        """Say how the device and its described points stand."""
        points = tuple(
            PointNow(track.point.kind, track.point.point_index, *track.now(read=self.is_read))
            for track in self.tracks.values()
            if track.point is not None
        )
        return DeviceNow(self.name, None if self.announced is None else self.announced.facts.serial_number, points)

    def by_status(self) -> Mapping[Status, int]:
        """Return how many points have which status: counted anew only after one of them has changed.

        Until the device was read, none is ok.
        """
        if self._by_status is None:
            self._by_status = Counter(track.stored.status for track in self.tracks.values())
        if not self.is_read and _OK in self._by_status:
            counted = Counter(self._by_status)
            counted[Status.UNKNOWN] += counted.pop(_OK)
            return counted
        return self._by_status

    def stood_still(self, gap_s: float, now_s: float) -> None:
        """Take a time in which nothing could be read off every age; what was read since then is not from the future."""
        for track in self.tracks.values():
            track.stamp = Stamp(min(track.stamp.now_s + gap_s, now_s), track.stamp.at_ms)
        self.check_at_s = now_s

    def pause(self, pause: Pause, now_s: float) -> list[PointChange]:
        """Take a time in which nobody looked at anything, long enough that no value is known to have held over it."""
        self.confirm_from_ms = pause.until_ms
        self.check_at_s = now_s
        self._by_status = None
        if not self.enabled:
            return []
        return [
            change
            for track in self.tracks.values()
            for change in track.pause(self.name, pause, now_s, self._achieved_s)
        ]

    def clock_stepped(self, step: ClockStep) -> list[PointChange]:
        """Take that the wall clock was put forward, over which no value holds; or back, and then nothing lies ahead of it."""
        self.confirm_from_ms = step.at_ms
        if step.by_ms < 0 or not self.enabled:
            return []
        return [change for track in self.tracks.values() for change in track.owe(self.name)]

    def look_again_at(self, at_s: float) -> None:
        """Let ages be looked at no later than this."""
        self.check_at_s = min(self.check_at_s, at_s)
