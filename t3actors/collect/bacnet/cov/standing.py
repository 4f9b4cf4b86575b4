"""What to think of a device's COV: which points it pays for, whether it keeps its word, what a refusal means. Pure.

subscriptions.py asks, renews and cancels by what is decided here. A point that is subscribed to is believed only as far as it was
proven: it stays polled until its first notification has come, is read all the same every `verify_s`, and is polled again as soon
as a read shows a change that was not told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from supervision.backoff import Backoff
from t3actors.collect.bacnet.codec.denials import REJECT_UNRECOGNIZED_SERVICE, Abort, Denial, Reject, denial_of, words
from t3actors.collect.bacnet.codec.subscription_list import Active
from t3actors.collect.bacnet.mapping import Item
from t3actors.collect.bacnet.objects import Shape
from t3actors.collect.bacnet.reading import FAULT_FLAG
from t3actors.errors import DriverError, RequestRefused, RequestTimedOut
from t3actors.points import Reading, Status

SLOTS = 20  # a small controller's whole table; what a device has is told nowhere. Source: Temco's panels, and issues of the field
KEEP_FREE = 5  # for the building's own front end, which may come after us
HOUR_S, DAY_S = 3600.0, 86400.0
LOST = Backoff(initial_s=60.0, factor=4.0, cap_s=DAY_S, jitter=0.2)
"""Until a point whose notifications failed is subscribed to again: a minute, then ever longer."""
PROVEN_S = HOUR_S
"""A subscription that stood for so long has made good what was before it."""

RENEW_AT = 0.6  # of the lifetime: one renewal may be lost and there is time for another
RENEW_UNSAID = 0.3  # where the device does not say how long it lasts
SHORTEST_S = 30.0  # granted for less, a subscription costs more to keep than it saves

ENOUGH_POLLS = 100  # before it is known how often a point changes
MOST_POLLS = 10_000  # then what was long ago counts half
NOTIFIED_COST_S = 350e-6  # CPU of a notification; libraries.md 1.1, measured
POLLED_COST_S = 8e-6  # CPU of one point among the 50 of a poll; 6 to 9 us, measured likewise
RENEWED_COST_S = 400e-6  # CPU of a small confirmed request
TOO_DEAR = 2.0  # times what polling costs, before a subscription that was chosen because it is cheap is given up
JUDGED_AFTER_S = 60.0  # of a subscription's life: the notifications of its first moment say nothing about its rate
LATENESS = 0.05  # of a poll interval: what is late by so much is in time
OVERTAKEN_S = 2.0  # a notification from before a renewal may come so long after it
ROUNDING = 1e-6  # of a value: a device that counts more finely than it says cannot be held to its last digit

NO_SPACE = frozenset(
    {18, 19, 20, 133}
)  # 21: error codes: no space for object, to add list element, to write; out of memory
RESOURCES, SERVICES = 3, 5  # 21: error classes
FOR_NOW = frozenset({2, 3, 82})  # 21: error codes: configuration in progress, device busy, busy
OUT_OF_RESOURCES = 9  # 21: abort reason


# -- does it keep its word


@dataclass(slots=True)
class Standing:
    """One subscription, as far as we know of it. Times are `now_s`."""

    item: Item
    process_id: int
    confirmed: bool
    ends_s: float
    """When the device will have forgotten it by itself."""
    granted_s: float
    """How long the device lets it last."""
    renew_at_s: float
    awaited_since_s: float | None = None
    """Its first notification is awaited since then."""
    told: Reading | None = None
    """What it told last; None while it is not believed."""
    heard_s: float = 0.0
    read_s: float = 0.0
    """When the point was read last, or first told of."""
    is_doubtful: bool = False
    """The next poll is to look at it."""
    suspected_s: float | None = None
    suspicion: str = ""
    began_s: float | None = None
    notifications: int = 0
    renewed_at_s: float = float("-inf")
    ended_before_s: float = float("-inf")
    """When it would have ended had it not been renewed."""
    is_gone: bool = False
    """There is no such point any more."""
    asked_until_s: float = float("-inf")
    """To when the request that was sent last would have it stand, whatever became of that request."""

    @property
    def stands_until_s(self) -> float:
        """Give when the device will have forgotten it at the latest."""
        return max(self.ends_s, self.asked_until_s)

    def hears(self, reading: Reading, remaining_s: int, now_s: float) -> None:
        """Take a notification."""
        self.heard_s = now_s
        self.notifications += 1
        self.suspected_s = None
        self.is_doubtful = reading.status is not Status.OK  # a read says better which fault it is
        if self.told is None:
            self.read_s = now_s
            self.began_s = now_s if self.began_s is None else self.began_s
        self.told = reading
        if remaining_s <= 0:
            self.renew_at_s = min(self.renew_at_s, now_s + RENEW_UNSAID * self.granted_s)
        elif now_s + remaining_s < self.ends_s - 1.0 and not self._is_of_before(now_s, remaining_s):  # whole seconds
            self.granted_s = min(self.granted_s, max(1.0, remaining_s))
            self.ends_s = now_s + remaining_s
            self.renew_at_s = min(self.renew_at_s, now_s + RENEW_AT * remaining_s)

    def _is_of_before(self, now_s: float, remaining_s: int) -> bool:
        is_late = now_s - self.renewed_at_s < OVERTAKEN_S
        return is_late and abs(now_s + remaining_s - self.ended_before_s) < OVERTAKEN_S

    def is_read(self, reading: Reading, began_s: float, now_s: float) -> None:
        """Hold a read against what was told. `began_s`: when that poll began."""
        if self.told is None:
            return
        if not says_something(reading):
            self.is_doubtful = True
            return
        self.read_s, self.is_doubtful = began_s, False
        if not differs(self.told, reading, self.item):
            self.suspected_s = None
        elif self.suspected_s is None:
            self.suspected_s = now_s
            self.suspicion = f"it told {self.told.value}, then {reading.value} was read and not told"

    def renewed(self, now_s: float) -> None:
        """Take the device's acknowledgement."""
        self.renewed_at_s, self.ended_before_s = now_s, self.ends_s
        self.ends_s = now_s + self.granted_s
        self.renew_at_s = now_s + RENEW_AT * self.granted_s
        if self.told is None:
            self.awaited_since_s = now_s

    def forget(self, now_s: float) -> None:
        """Believe it no more until it was asked for again and has told something."""
        self.told = self.awaited_since_s = self.suspected_s = None
        self.renew_at_s = now_s

    def is_spared(self, now_s: float) -> bool:
        """Say whether no poll need read it, its age apart."""
        return self.told is not None and self.suspected_s is None and not self.is_doubtful and now_s < self.ends_s

    def grows_too_old(self, now_s: float, gap_s: float, verify_s: float) -> bool:
        """Say whether the poll after this one would come too late for it; `gap_s`: what lay between the last two."""
        interval_s = max(gap_s, self.item.point.rules.poll_interval_s)
        return now_s + interval_s > self.read_s + max(verify_s, interval_s) + LATENESS * interval_s

    def due_at_s(self, within_s: float) -> list[float]:
        """Give when it wants to be looked at."""
        since_s = self.awaited_since_s if self.told is None else self.suspected_s
        return [self.renew_at_s] if since_s is None else [self.renew_at_s, since_s + within_s]

    def failing(self, now_s: float, within_s: float, shortest_s: float) -> str:
        """Say why it is to be given up; "" while it is not."""
        if self.is_gone:
            return "there is no such point any more"
        if self.granted_s < shortest_s:
            return f"it lets a subscription last only {self.granted_s:g} s"
        if self.told is None:
            if self.awaited_since_s is not None and now_s - self.awaited_since_s >= within_s:
                return f"it took the subscription and told nothing within {within_s:g} s"
            return ""
        if self.suspected_s is not None and now_s - self.suspected_s >= within_s:
            return self.suspicion
        return "" if now_s < self.ends_s else "it could not be renewed in time"


def says_something(reading: Reading) -> bool:
    """Say whether a read is the device's word about the point, not the lack of one."""
    return reading.status is Status.OK or bool(reading.flags & FAULT_FLAG)


def differs(told: Reading, read: Reading, item: Item) -> bool:
    """Say whether a device that keeps its word would have told of this."""
    if told.flags != read.flags or told.status is not read.status:
        return True
    was, now = told.value, read.value
    if item.shape is not Shape.NUMBER or not isinstance(was, int | float) or not isinstance(now, int | float):
        return was != now
    return abs(now - was) > (item.cov_increment or 0.0) + ROUNDING * max(abs(was), abs(now))


# -- where it pays


class Habit:
    """How often a point changes when it is polled: by anything at all, for what an increment hides is lost to COV."""

    __slots__ = ("_flags", "_value", "changes", "polls")

    def __init__(self) -> None:
        self.polls = self.changes = 0
        self._value: object = None
        self._flags = 0

    def polled(self, reading: Reading) -> None:
        """Take a poll's reading."""
        if reading.value != self._value or reading.flags != self._flags:
            self._value, self._flags = reading.value, reading.flags
            self.changes += self.polls > 0
        self.polls += 1
        if self.polls >= MOST_POLLS:
            self.polls //= 2
            self.changes //= 2


class Costs(NamedTuple):
    """A point's CPU, in seconds per second."""

    interval_s: float
    verify_s: float
    lifetime_s: float

    @property
    def polling(self) -> float:
        """Give what it costs to poll it."""
        return POLLED_COST_S / self.interval_s

    def telling(self, notifications_a_second: float) -> float:
        """Give what it costs to be told."""
        verifying = POLLED_COST_S / max(self.verify_s, self.interval_s)
        return NOTIFIED_COST_S * notifications_a_second + verifying + RENEWED_COST_S / (RENEW_AT * self.lifetime_s)

    def saved(self, habit: Habit) -> float:
        """Give what COV would save; 0 and less: nothing, or it is not known yet.

        One change more than was seen is reckoned with, so that a short silence is no proof of a long one.
        """
        if habit.polls < ENOUGH_POLLS:
            return 0.0
        return self.polling - self.telling((habit.changes + 1) / habit.polls / self.interval_s)

    def is_too_dear(self, notifications: int, elapsed_s: float) -> bool:
        """Say whether a subscription costs far more than it was chosen for."""
        return elapsed_s >= JUDGED_AFTER_S and self.telling(notifications / elapsed_s) > TOO_DEAR * self.polling


def choose(items: Iterable[Item], habits: dict[str, Habit], costs: Costs) -> list[str]:
    """Give the points that COV pays for, the most saving first: what changes least and is polled most.

    A number whose increment is not known is not among them: nobody could say whether the device keeps its word.
    """
    saved = {
        point_id: costs._replace(interval_s=item.point.rules.poll_interval_s).saved(habits[point_id])
        for item in items
        if (point_id := item.point.point_id) in habits
        and (item.shape is not Shape.NUMBER or item.cov_increment is not None)
    }
    return sorted((each for each in saved if saved[each] > 0), key=lambda each: -saved[each])


def room(listed: tuple[Active, ...] | None, ours: frozenset[int], cov_max: int) -> int:
    """Give how many subscriptions we may hold in all. `listed` None: the device does not say who holds any."""
    if listed is None:
        return cov_max
    others = sum(each.process_id not in ours for each in listed)
    return max(0, min(cov_max, max(SLOTS, len(listed)) - KEEP_FREE - others))


# -- what a refusal means


class Verdict(NamedTuple):
    """`of_device`: no other point is tried meanwhile either. `pause_s` None: as after a loss."""

    of_device: bool
    pause_s: float | None
    reason: str


def judge(error: DriverError) -> Verdict:
    """Say what to make of a subscription that was not taken."""
    if isinstance(error, RequestTimedOut):
        return Verdict(of_device=False, pause_s=None, reason=f"no answer to the subscription: {error}")
    if not isinstance(error, RequestRefused):
        return Verdict(of_device=False, pause_s=HOUR_S, reason=str(error))
    denial = denial_of(error)
    of_device, pause_s = _pause(denial)
    return Verdict(of_device, pause_s, words(denial) if error.kind != "local" else str(error))


def _pause(denial: Denial) -> tuple[bool, float | None]:
    if isinstance(denial, Reject):
        return denial.reason == REJECT_UNRECOGNIZED_SERVICE, DAY_S
    if isinstance(denial, Abort):
        return denial.reason == OUT_OF_RESOURCES, HOUR_S
    if denial.error_class == RESOURCES or denial.error_code in NO_SPACE:
        return True, HOUR_S
    if denial.error_code in FOR_NOW:
        return False, None
    return denial.error_class == SERVICES, DAY_S
