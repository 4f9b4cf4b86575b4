"""One device's polls: what is asked of which points, planned once for each set of them, and what came as readings.

An object whose results are the very same as at the poll before (`codec.read_multiple.Answers` sees to that) has the reading of then,
for a reading is nothing but what its results make of it. Only one in fault is asked about anew: which fault it is may have changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from t3actors.collect import arrivals
from t3actors.collect.bacnet.asking import Asking
from t3actors.collect.bacnet.codec.properties import PRESENT_VALUE, RELIABILITY, STATUS_FLAGS
from t3actors.collect.bacnet.codec.read_multiple import PropertyError, Result
from t3actors.collect.bacnet.codec.tags import Bits
from t3actors.collect.bacnet.mapping import POLLED, Item
from t3actors.collect.bacnet.planning import Key, Request
from t3actors.collect.bacnet.reading import FAULT_FLAG, NOT_ANSWERED, Owner, differing, readings
from t3actors.collect.bacnet.rounds import Asked
from t3actors.collect.bacnet.sizes import want
from t3actors.errors import DriverError
from t3actors.points import Reading, Status

PLANS_KEPT = 16  # one per set of points that fall due together
UNKNOWN_PROPERTY = 32  # 21: error code
GONE = "the device has no such point"


class Made(NamedTuple):
    """The readings of a poll, in the order of its items; what they were made of; and who was in fault."""

    results: Sequence[Result]
    readings: tuple[Reading, ...]
    faulty: frozenset[Owner]


class Poll:
    """What is asked for a set of points, and what the last one gave."""

    __slots__ = ("asked", "items", "last", "unknown")

    def __init__(self, items: dict[Owner, Item], unknown: tuple[str, ...], asked: Asked) -> None:
        self.items = items
        self.unknown = unknown
        self.asked = asked
        self.last: Made | None = None


class Polling:
    """Thread: the trio loop."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._items: dict[str, Item] = {}
        self._polls: dict[tuple[str, ...], Poll] = {}
        self._flagless: set[tuple[int, int]] = set()
        self._came: Sequence[tuple[float, Request]] = ()

    def take_over(self, items: Iterable[Item]) -> None:
        """These are the device's points now."""
        self._items = {item.point.point_id: item for item in items}
        self._polls.clear()
        self._flagless.clear()

    def planned(self, ids: tuple[str, ...]) -> Poll:
        """Give what is to be asked for these points."""
        known = self._polls.get(ids)
        if known is not None:
            return known
        found = [self._items[name] for name in ids if name in self._items]
        wants = [
            want(*item.object, which)
            for item in found
            for which in POLLED
            if which != STATUS_FLAGS or item.object not in self._flagless
        ]
        by_object = {(item.object.type, item.object.instance): item for item in found}
        poll = Poll(by_object, tuple(name for name in ids if name not in self._items), Asked(wants))
        if len(self._polls) >= PLANS_KEPT:
            self._polls.clear()
        self._polls[ids] = poll
        return poll

    async def read(self, poll: Poll, retries: int | None = None) -> tuple[Reading, ...]:
        """Ask, and give a reading for each point. **Raises**: LinkDown, RequestTimedOut, BadResponse."""
        gathered = await self._asking.gather(poll.asked, retries)
        self._came = gathered.came
        poll.last = await self._made(poll.items, gathered.results, poll.last)
        made = poll.last.readings
        if gathered.failures:
            paired = zip(made, poll.items.values(), strict=True)
            made = tuple(_with_reason(each, item, gathered.failures) for each, item in paired)
        else:
            self._asking.silences = 0
        if poll.unknown:
            made += tuple(Reading(point_id, None, Status.FAULT, GONE) for point_id in poll.unknown)
        return made

    def ages(self, poll: Poll, now_s: float) -> arrivals.Ages:
        """Say how old the values are that this poll has just read."""
        came, self._came = self._came, ()
        if not came or not arrivals.are_apart(came[0][0], now_s):
            return arrivals.NONE
        return {
            poll.items[key[:2]].point.point_id: now_s - came_s
            for came_s, request in came
            for key in request.keys
            if key[2] == PRESENT_VALUE and key[:2] in poll.items
        }

    async def _made(self, items: dict[Owner, Item], results: Sequence[Result], last: Made | None) -> Made:
        """Make the readings, those anew of which anything came that is not as it was."""
        others = None if last is None else differing(last.results, results)
        if last is None or others is None:
            told, faulty = await self._with_reliability(results)
            return Made(results, readings(items, told), faulty)
        others |= last.faulty
        if not others:
            return last
        numbers = {
            instance for _, instance in others
        }  # looked up first: most are not among them, and a number costs less
        fresh = [result for result in results if result[1] in numbers and result[:2] in others]
        told, faulty = await self._with_reliability(fresh)
        anew = {owner: items[owner] for owner in others if owner in items}
        made = dict(zip(anew, readings(anew, told), strict=True))
        kept = zip(items, last.readings, strict=True)
        return Made(results, tuple([made.get(owner, reading) for owner, reading in kept]), faulty)

    async def _with_reliability(self, results: Sequence[Result]) -> tuple[Sequence[Result], frozenset[Owner]]:
        """Ask which fault it is of those whose flags say that there is one, and give these too; note who has no flags."""
        faulty, flagless = [], []
        for object_type, instance, which, _index, answer in results:
            if which != STATUS_FLAGS:
                continue
            if isinstance(answer, Bits):
                if answer.mask & FAULT_FLAG:
                    faulty.append((object_type, instance))
            elif isinstance(answer, PropertyError) and answer.error_code == UNKNOWN_PROPERTY:
                flagless.append((object_type, instance))
        if flagless:
            self._flagless.update(flagless)
            self._polls.clear()
        if not faulty:
            return results, frozenset()
        try:
            told = await self._asking.gather(Asked(want(*each, RELIABILITY) for each in faulty))
        except DriverError:
            return results, frozenset(faulty)  # the values did come, and their flags say enough
        return [*results, *told.results], frozenset(faulty)


def _with_reason(reading: Reading, item: Item, failures: dict[Key, str]) -> Reading:
    if reading.reason != NOT_ANSWERED:
        return reading
    reason = failures.get((*item.object, PRESENT_VALUE, None), NOT_ANSWERED)
    return msgspec.structs.replace(reading, reason=reason)
