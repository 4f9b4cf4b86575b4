"""Keeps one device's COV subscriptions: has them asked for, renewed, doubted and taken back.

    standing.py  does a subscription keep its word, does it pay     wanted.py                      which point is next
    asking.py    the requests                                       slots.py                       who holds the device's slots
    leaving.py   the end                                            telling.py                     what the log is told

The driver announces points as `marked`, reads with each poll what is `also_due`, gives each poll to `polled` and each notification
to `notified`, and lets `work` do one request at a time between polls. Whatever goes wrong, the point is polled again: a subscription
saves polls, it never replaces trust.

A point is in mode `cov` from its first notification, which the standard owes us for each subscription (13.14.2), until a read shows
a change that was not told and none is told within a moment, or the subscription ends. While in doubt it is read at every poll.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Container, Iterable, Sequence

import msgspec

from supervision.registry import Registry
from t3actors.collect.bacnet.codec.properties import PRESENT_VALUE
from t3actors.collect.bacnet.cov import standing as cov
from t3actors.collect.bacnet.cov.asking import PROCESS_IDS, Asks, CovAsking
from t3actors.collect.bacnet.cov.leaving import Owed, take_all_back
from t3actors.collect.bacnet.cov.slots import TRY_AGAIN_S, Leftovers, Slots
from t3actors.collect.bacnet.cov.standing import Standing
from t3actors.collect.bacnet.cov.telling import Telling
from t3actors.collect.bacnet.cov.wanted import Wanted
from t3actors.collect.bacnet.link.requests import LINK, CovNotified
from t3actors.collect.bacnet.mapping import Item
from t3actors.collect.bacnet.reading import reading as reading_of
from t3actors.config import DeviceConfig
from t3actors.errors import DriverError, LinkDown, NotSent, RequestTimedOut
from t3actors.events import Log
from t3actors.points import Point, Reading

NOTIFIED_WITHIN_S = 10.0  # a slow trunk has its time; the point is polled meanwhile
NEXT_PIECE_S = 0.1
LOOK_IN_S = 2.0  # the longest between two looks whether something is to be done: what is told meanwhile changes that
CANCEL_TRIES = 2  # then it is left to expire
LEAVE_WITHIN_S = 4.0  # less than an actor that is to stop is given
TOO_DEAR = "polling it costs less than its notifications"
NO_SLOTS = "other programs hold its slots, and some are left free"


class Subscriptions:
    """Thread: the trio loop. `now_s` gives seconds that only go forward."""

    def __init__(
        self,
        config: DeviceConfig,
        *,
        lifetime_s: float,
        verify_s: float,
        registry: Registry,
        role: str,
        asking: Asks,
        log: Log,
        now_s: Callable[[], float],
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`role`: whom the link tells of notifications; he gives them to `notified`."""
        self._config = config
        self._lifetime_s = max(1, round(lifetime_s))
        self._shortest_s = min(cov.SHORTEST_S, self._lifetime_s / 2)
        self._verify_s = verify_s
        self._registry = registry
        self._say = Telling(config.name, log)
        self._now_s = now_s
        self._chance = chance
        self._ask = CovAsking(config, registry, role, asking, self._lifetime_s)
        self._wanted = Wanted(config, verify_s, self._lifetime_s)
        self._held: dict[str, Standing] = {}
        self._by_process: dict[int, Standing] = {}
        self._modes: frozenset[str] = frozenset()
        self._owed: dict[int, Owed] = {}
        """What is to be cancelled, by process id."""
        self._slots = Slots(self._ask, config.cov_max)
        self._leftovers = Leftovers(self._ask)
        self._has_left = False
        self._link_life: int | None = None
        self._polled_at_s: float | None = None

    # -- what the driver tells and asks

    def take_over(self, items: Iterable[Item], *, complete: bool) -> None:
        """Take the device's points as they are known now; `complete`: there are no others.

        Else what is told of the others is not shown now, but their subscriptions stand: they may only not be described again yet.
        """
        self._wanted.take_over(items, complete=complete)
        known = self._wanted.items
        for name, standing in self._held.items():
            item = known.get(name)
            if item is None:
                standing.is_gone |= complete
            elif item.object != standing.item.object:
                standing.is_gone = True
            else:
                standing.item, standing.is_gone = item, False
        if complete:
            strangers, too_many = self._wanted.useless()
            self._say.unlisted(strangers, "the device has no such point")
            self._say.unlisted(too_many, f"cov_max is {self._config.cov_max}")

    def modes(self) -> frozenset[str]:
        """Give the points that are in mode cov: the same object while nothing has changed."""
        return self._modes

    def marked(self, point: Point) -> Point:
        """Give the point as it is to be announced."""
        if point.point_id not in self._modes:
            return point
        return msgspec.structs.replace(point, mode="cov", verified_every_s=self._verify_s)

    def also_due(self, due: Container[str]) -> tuple[str, ...]:
        """Give what the poll that begins now must read beside these: points in doubt, and those that would grow too old.

        By their plan, points in mode cov fall due every `verified_every_s`; this is for what plans do not see.
        """
        if not self._config.cov:
            return ()
        planned = self._modes  # as far as the caller knows
        self._look_at_link()
        now_s = self._now_s()
        gap_s = 0.0 if self._polled_at_s is None else now_s - self._polled_at_s
        self._polled_at_s = now_s
        known = self._wanted.items
        certain = {name: each for name, each in self._held.items() if name in known and each.is_spared(now_s)}
        doubtful = [name for name in planned if name not in certain]
        if any(each.grows_too_old(now_s, gap_s, self._verify_s) for each in certain.values()):
            doubtful += certain  # all at once: a poll for each would cost more than it saves
        return tuple(sorted(name for name in doubtful if name in known and name not in due))

    def polled(self, readings: Sequence[Reading], began_s: float) -> Sequence[Reading]:
        """Take what a poll that began then has read, and give one reading for each, in its place.

        Where a notification has overtaken it, that is what was told: what was read may be older.
        """
        if not self._config.cov:
            return readings
        overtaken: dict[str, Reading] = {}
        is_learning = self._wanted.is_learning
        for reading in readings:
            standing = self._held.get(reading.point_id)
            if standing is None:
                if is_learning:
                    self._wanted.learn(reading)
            elif standing.is_gone:
                continue
            elif standing.told is not None and standing.heard_s >= began_s:
                standing.read_s = max(standing.read_s, began_s)
                overtaken[reading.point_id] = standing.told
            else:
                standing.is_read(reading, began_s, self._now_s())
        return [overtaken.get(each.point_id, each) for each in readings] if overtaken else readings

    def notified(self, message: CovNotified) -> tuple[Reading, ...]:
        """Take a notification. **Returns**: its reading; () where it is not ours, or not any more."""
        standing = self._by_process.get(message.process_id)
        about = message.device_instance, message.object_type, message.object_instance
        if standing is None or standing.is_gone or about != (self._config.instance, *standing.item.object):
            return ()
        answers = {which: value for which, index, value in message.values if index is None}
        if PRESENT_VALUE not in answers or standing.item.point.point_id not in self._wanted.items:
            standing.is_doubtful = True
            return ()
        made = reading_of(standing.item, answers)
        is_first, is_new = standing.told is None, standing.began_s is None
        standing.hears(made, message.remaining_s, self._now_s())
        if is_first:
            self._wanted.told()
            self._update_modes()
        if is_new:
            self._say.began(made.point_id, standing.granted_s)
        return (made,)

    def dropped(self) -> None:
        """The device or the link was lost: poll everything, and ask for all subscriptions again when it is back."""
        for standing in self._held.values():
            standing.forget(self._now_s())
        self._update_modes()

    async def work(self) -> float | None:
        """Do one piece: at most one request. **Returns**: seconds until the next may want to be done; None without COV.

        **Raises**: LinkDown.
        """
        if not self._config.cov or self._has_left:
            return None
        self._look_at_link()
        for step in (self._end_one, self._renew_one, self._cancel_one, self._look_for_leftovers, self._begin_one):
            if await step():
                return NEXT_PIECE_S
        return self._next_s()

    async def leave(self, within_s: float = LEAVE_WITHIN_S) -> None:
        """Take all subscriptions back, for good, in at most `within_s` however dead the device is. Never raises.

        On a slow trunk that may be too short for all of them: the rest runs out by itself, and the log says when.
        """
        self._has_left = True
        for standing in self._held.values():
            self._owed[standing.process_id] = Owed(standing.item.object, standing.stands_until_s)
        now_s = self._now_s()
        owed = {name: each for name, each in self._owed.items() if each.ends_s is None or each.ends_s > now_s}
        self._held, self._by_process, self._owed = {}, {}, {}
        self._update_modes()
        left = (await take_all_back(self._ask.take_back, owed, within_s)).values() if owed else ()
        if left:
            times = [each.ends_s for each in left if each.ends_s is not None]
            lasts_s = max(times) - self._now_s() if len(times) == len(left) else None
            self._say.left(len(left), None if lasts_s is None else max(0.0, lasts_s))

    # -- one piece after another

    async def _end_one(self) -> bool:
        now_s = self._now_s()
        for name, standing in self._held.items():
            reason = standing.failing(now_s, NOTIFIED_WITHIN_S, self._shortest_s)
            if reason:
                self._give_up(name, reason, cov.DAY_S if standing.granted_s < self._shortest_s else None)
                return True
            stood_s = 0.0 if standing.began_s is None else now_s - standing.began_s
            if self._wanted.is_too_dear(standing.item, standing.notifications, stood_s):
                self._end(name)
                self._wanted.pause(name, now_s + cov.HOUR_S)
                self._say.ended(name, TOO_DEAR, cov.HOUR_S)
                return True
        return False

    async def _renew_one(self) -> bool:
        now_s = self._now_s()
        due = [name for name, each in self._held.items() if each.renew_at_s <= now_s]
        if due:
            await self._ask_for(min(due, key=lambda name: self._held[name].ends_s))
        return bool(due)

    async def _cancel_one(self) -> bool:
        for process_id, owed in self._owed.items():
            tries = owed.tries + 1
            self._owed[process_id] = owed._replace(tries=tries)
            if await self._ask.take_back(process_id, owed.about, retries=1) or tries >= CANCEL_TRIES:
                self._owed.pop(process_id, None)
            return True
        return False

    async def _look_for_leftovers(self) -> bool:
        if not self._modes or not self._leftovers.is_due(self._now_s()):
            return False
        ours = {(each.process_id, each.item.object) for each in self._held.values()}
        self._owed |= await self._leftovers.find(ours, self._now_s())
        return True

    async def _begin_one(self) -> bool:
        now_s = self._now_s()
        if len(self._held) >= self._config.cov_max:
            return False
        name = self._wanted.next(self._held, now_s)
        if name is None:
            return False
        if now_s >= self._slots.look_again_at_s:
            await self._slots.look(now_s)
            if self._slots.is_silent:
                self._wanted.pause_device(self._slots.look_again_at_s)
            return True
        if len(self._held) >= self._slots.room(frozenset(self._by_process)):
            again_at_s = self._slots.look_again_at_s
            self._wanted.pause_device(again_at_s)
            self._say.refused(name, NO_SLOTS, again_at_s - now_s)
            return False
        self._wanted.began(name)
        standing = Standing(
            item=self._wanted.items[name],
            process_id=PROCESS_IDS.take(),
            confirmed=self._wanted.attempts(name) % 2 == 1,  # a device may know only one way of telling
            ends_s=now_s + self._lifetime_s,
            granted_s=float(self._lifetime_s),
            renew_at_s=now_s,
        )
        self._held[name] = self._by_process[standing.process_id] = standing
        await self._ask_for(name)
        return True

    async def _ask_for(self, name: str) -> None:
        standing = self._held[name]
        standing.renew_at_s = self._now_s() + TRY_AGAIN_S
        try:
            await self._subscribe(standing)
        except (LinkDown, NotSent):
            raise
        except DriverError as error:
            if isinstance(error, RequestTimedOut) and standing.told is not None:
                return  # there is time for another
            verdict = cov.judge(error)
            if verdict.of_device and verdict.pause_s is not None:
                self._wanted.pause_device(self._now_s() + verdict.pause_s)
            if self._held.get(name) is standing:
                self._give_up(name, verdict.reason, verdict.pause_s)
        else:
            standing.renewed(self._now_s())

    async def _subscribe(self, standing: Standing) -> None:
        try:
            await self._ask.subscribe(standing)
        finally:
            standing.asked_until_s = self._now_s() + self._lifetime_s

    # -- deciding

    def _next_s(self) -> float:
        """Give when something wants to be done again."""
        now_s = self._now_s()
        times = [at_s for each in self._held.values() for at_s in each.due_at_s(NOTIFIED_WITHIN_S)]
        if len(self._held) < self._config.cov_max:
            next_at_s = self._wanted.next_at_s(self._held, now_s)
            times += [] if next_at_s is None else [next_at_s]
        return min(LOOK_IN_S, max(NEXT_PIECE_S, min(times, default=now_s + LOOK_IN_S) - now_s))

    def _look_at_link(self) -> None:
        life = self._registry.incarnation(LINK)
        if life is None or life == self._link_life:
            return
        is_another, self._link_life = self._link_life is not None, life
        if is_another:  # it knows nothing of what was subscribed to, and may have another port
            self._leftovers.begin()
            self.dropped()

    def _give_up(self, name: str, reason: str, pause_s: float | None) -> None:
        """Poll it again, and say so: as a loss where it was in mode cov."""
        standing, now_s = self._held[name], self._now_s()
        self._end(name)
        if standing.is_gone:
            return
        stood_s = None if standing.began_s is None else now_s - standing.began_s
        pause_s = self._wanted.failed(name, now_s, pause_s, stood_s=stood_s, chance=self._chance)
        if stood_s is None:
            self._say.refused(name, reason, pause_s)
        else:
            self._say.lost(name, reason, pause_s)

    def _end(self, name: str) -> None:
        """Have it no more; the device is told in a piece of its own, also where it refused: the link is to forget it too."""
        standing = self._held.pop(name)
        del self._by_process[standing.process_id]
        self._owed[standing.process_id] = Owed(standing.item.object, standing.stands_until_s)
        self._update_modes()

    def _update_modes(self) -> None:
        modes = frozenset(name for name, each in self._held.items() if each.told is not None)
        self._modes = self._modes if modes == self._modes else modes
