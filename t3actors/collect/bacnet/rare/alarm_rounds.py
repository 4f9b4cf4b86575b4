"""Finds out which alarms stand at one device: looks at what may be in alarm, reads more of what is, and says when that has changed.

The points in alarm are known from their status flags, which every poll brings; the device's Event Enrollments are looked at once a
minute. What is newly in alarm is read at once, all of it once; while it stands, only what may change. Notification classes and the
device's clock are read when an alarm first needs them, and now and then again. An object that does not answer keeps the alarm that was
last known of it; one of which nothing is known makes the list incomplete, for a few rounds: one mute object must not keep all others'
alarms standing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum, auto

from t3actors.collect.bacnet.asking import Asking
from t3actors.collect.bacnet.codec.properties import EVENT_STATE
from t3actors.collect.bacnet.codec.read_multiple import Answer
from t3actors.collect.bacnet.codec.tags import DEVICE, ObjectId
from t3actors.collect.bacnet.rare import alarms, stamps
from t3actors.collect.bacnet.rare.naming import Names
from t3actors.collect.bacnet.rare.pieces import Mute, Pieces
from t3actors.collect.bacnet.rare.plainly import Properties, whole
from t3actors.collect.bacnet.rare.tables import ALARM, CLOCK, ENROLLMENT, LOOK, LOOK_AGAIN, NOTIFICATION_CLASS
from t3actors.objects import Alarm

EVERY_S = 60.0
SOON_S = 5.0  # between two rounds for what is newly in alarm: a flapping point must not cost more
TELL_AGAIN_S = 900.0
FACTS_EVERY_S = 900.0
ROUNDS_UNKNOWN = 3
MOST_SOURCES = 1000
CLASS_TYPE = 15
NEVER_S = float("-inf")


class _Stage(Enum):
    LOOK = auto()
    MORE = auto()
    FACTS = auto()


class AlarmRounds:
    """Thread: the trio loop. `step` does one piece; nothing is lost when it raises."""

    def __init__(self, asking: Asking, mute: Mute, wall_ms: Callable[[], int]) -> None:
        self.clock_off_s: int | None = None
        """By how much the device's clock is ahead of ours, as far as is known; None where it is right."""
        self._wall_ms = wall_ms
        self._asking = asking
        self._mute = mute
        self._names = Names()
        self._is_listed = False
        self._enrollments: tuple[ObjectId, ...] = ()
        self._class_objects: frozenset[ObjectId] = frozenset()
        self._points: frozenset[ObjectId] | None = None
        self._new: set[ObjectId] = set()
        self._known: dict[ObjectId, dict[int, Answer]] = {}
        self._unknown: dict[ObjectId, int] = {}
        self._classes: dict[int, Properties] = {}
        self._clock: Properties | None = None
        self._clock_at_ms = 0
        self._facts_at_s = NEVER_S
        self._round: Pieces | None = None
        self._stage = _Stage.LOOK
        self._asked: tuple[ObjectId, ...] = ()
        self._is_of_all = False
        self._due_s = self._ended_s = self._told_at_s = NEVER_S
        self._told: tuple[tuple[Alarm, ...], bool] | None = None
        self._ready: tuple[tuple[Alarm, ...], bool] | None = None

    def listed(self, objects: Iterable[ObjectId], names: Names) -> None:
        """Take up the device's objects, and what they are called."""
        listed = sorted(objects)
        self._names = names
        self._enrollments = tuple(each for each in listed if each.type == alarms.EVENT_ENROLLMENT)[:MOST_SOURCES]
        self._class_objects = frozenset(each for each in listed if each.type == CLASS_TYPE)
        self._is_listed = True
        self._round = None
        self._due_s = self._facts_at_s = NEVER_S
        self._unknown.clear()
        self._keep_only_sources()
        if self._points is not None and self._is_idle:
            self._tell()

    def in_alarm(self, points: frozenset[ObjectId]) -> None:
        """Take up which points have the flag "in alarm" now. To be told at every poll."""
        before, self._points = self._points, points
        if before == points:
            return
        self._new = (self._new | (points - (before or frozenset()))) & points
        gone = (before or frozenset()) - points
        self._keep_only_sources()
        if self._round is None and self._is_listed and (gone or self._is_idle):
            self._tell()

    def until_next(self, now_s: float) -> float | None:
        """Give the seconds until there is something to do; None: nothing until there is news."""
        if self._round is not None:
            return 0.0
        waits = []
        if self._new:
            waits.append(max(0.0, self._ended_s + SOON_S - now_s))
        if not self._is_idle:
            waits.append(max(0.0, self._due_s - now_s))
        return min(waits, default=None)

    async def step(self, now_s: float) -> None:
        """Do one piece. **Raises**: DriverError when the device does not answer."""
        if self._round is None:
            self._begin(now_s)
        pieces = self._with_work(now_s)
        if pieces is None:
            return
        has_clock = self._device in pieces.said
        try:
            await pieces.step()
        finally:
            self._mute.add(pieces.silent, now_s)
        if self._device in pieces.said and not has_clock:
            self._clock_at_ms = self._wall_ms()
        self._with_work(now_s)

    def take(self) -> tuple[tuple[Alarm, ...], bool] | None:
        """Give the alarms that stand, and whether these are all, where that is news; once."""
        ready, self._ready = self._ready, None
        return ready

    # -- a round

    @property
    def _device(self) -> ObjectId:
        return ObjectId(DEVICE, self._names.instance)

    @property
    def _is_idle(self) -> bool:
        return not self._enrollments and not self._points

    def _begin(self, now_s: float) -> None:
        self._is_of_all = now_s >= self._due_s
        points = (self._points or frozenset()) if self._is_of_all else self._new
        self._asked = tuple(sorted(points)[:MOST_SOURCES])
        if self._is_of_all:
            self._asked += self._enrollments
        if now_s - self._facts_at_s >= FACTS_EVERY_S:
            self._classes, self._clock, self._facts_at_s = {}, None, now_s
        wanted = [(each, LOOK_AGAIN if each in self._known else LOOK) for each in self._asked]
        self._start(_Stage.LOOK, Pieces(self._asking, wanted, self._mute.at(now_s)))

    def _start(self, stage: _Stage, pieces: Pieces) -> None:
        self._stage, self._round = stage, pieces

    def _with_work(self, now_s: float) -> Pieces | None:
        """Go on to the next stage that has something to ask; None when the round has ended."""
        while self._round is not None and self._round.done:
            self._go_on(self._round, now_s)
        return self._round

    def _go_on(self, done: Pieces, now_s: float) -> None:
        """Go on to the next stage, or end the round."""
        muted = self._mute.at(now_s)
        if self._stage is _Stage.LOOK:
            more = [
                (each, ENROLLMENT if each.type == alarms.EVENT_ENROLLMENT else ALARM) for each in self._looked(done)
            ]
            self._start(_Stage.MORE, Pieces(self._asking, more, muted))
        elif self._stage is _Stage.MORE:
            for each, said in done.said.items():
                if each in self._known:
                    self._known[each] |= said
            classes = [(each, NOTIFICATION_CLASS) for each in self._class_objects if each.instance in self._wanting()]
            clock = [(self._device, CLOCK)] if self._wants_clock() else []
            self._start(_Stage.FACTS, Pieces(self._asking, clock + classes, muted))
        else:
            self._take_facts(done)
            self._end(now_s)

    def _looked(self, done: Pieces) -> list[ObjectId]:
        """Take up what looking has shown; give of what more is to be read."""
        more = []
        for each in self._asked:
            self._new.discard(each)
            if not self._is_source(each):
                continue
            said = done.said.get(each, {})
            flagged = each.type != alarms.EVENT_ENROLLMENT
            if EVENT_STATE not in said:
                if each not in self._known:
                    self._unknown[each] = self._unknown.get(each, 0) + 1
                continue
            self._unknown.pop(each, None)
            if not alarms.is_in_alarm(said, flagged=flagged):
                self._known.pop(each, None)
            elif each in self._known and _state(self._known[each]) == _state(said):
                self._known[each] |= said
            else:
                self._known[each] = dict(said)
                more.append(each)
        return more

    def _wanting(self) -> set[int]:
        """Give the notification classes that are not known yet."""
        wanted = (whole(said.get(alarms.NOTIFICATION_CLASS)) for said in self._known.values())
        return {each for each in wanted if each is not None and each not in self._classes}

    def _wants_clock(self) -> bool:
        return self._clock is None and any(
            isinstance(each, stamps.Moment)
            for said in self._known.values()
            for each in stamps.event_time_stamps(said.get(alarms.EVENT_TIME_STAMPS)) or ()
        )

    def _take_facts(self, done: Pieces) -> None:
        if self._wants_clock():
            self._clock = done.said.get(self._device, {})
            self.clock_off_s = stamps.off_s(self._clock, self._clock_at_ms)
        for number in self._wanting():
            self._classes[number] = done.said.get(ObjectId(CLASS_TYPE, number), {})

    def _end(self, now_s: float) -> None:
        self._round = None
        self._ended_s = now_s
        if self._is_of_all:
            self._due_s = now_s + EVERY_S
        if now_s - self._told_at_s >= TELL_AGAIN_S:
            self._told, self._told_at_s = None, now_s
        self._tell()

    # -- what stands

    def _tell(self) -> None:
        """Have it ready to be taken, unless it is what was told last."""
        ahead = None if self._clock is None else stamps.ahead_of_utc_min(self._clock)
        standing = tuple(
            alarms.alarm(
                each,
                said,
                self._names,
                classes=self._classes,
                ahead_of_utc_min=ahead,
                clock_off_s=self.clock_off_s,
            )
            for each, said in sorted(self._known.items())
        )
        is_complete = self._points is not None and not self._new
        is_complete = is_complete and all(rounds >= ROUNDS_UNKNOWN for rounds in self._unknown.values())
        if (standing, is_complete) != self._told:
            self._ready = self._told = standing, is_complete

    def _is_source(self, each: ObjectId) -> bool:
        return each.type == alarms.EVENT_ENROLLMENT or each in (self._points or ())

    def _keep_only_sources(self) -> None:
        enrollments = frozenset(self._enrollments)
        for held in (self._known, self._unknown):
            for each in [one for one in held if one not in enrollments and one not in (self._points or ())]:
                del held[each]


def _state(said: Properties) -> int | None:
    return whole(said.get(EVENT_STATE))
