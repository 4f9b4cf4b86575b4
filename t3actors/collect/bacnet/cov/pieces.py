"""Does what one device's COV subscriptions want done between polls: one piece at a time, at most one request each.

What is held is ended, renewed and cancelled; what other programs of ours have left behind is looked for; the next point is subscribed
to where a slot is free. Called by subscriptions.py, which knows what was read and told. Thread: the trio loop.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from t3actors.collect.bacnet.cov import standing as cov
from t3actors.collect.bacnet.cov.asking import PROCESS_IDS, CovAsking
from t3actors.collect.bacnet.cov.held import Held
from t3actors.collect.bacnet.cov.slots import TRY_AGAIN_S, Leftovers, Slots
from t3actors.collect.bacnet.cov.standing import Standing
from t3actors.collect.bacnet.cov.telling import Telling
from t3actors.collect.bacnet.cov.wanted import Wanted
from t3actors.config import DeviceConfig
from t3actors.errors import DriverError, LinkDown, NotSent, RequestTimedOut

NOTIFIED_WITHIN_S = 10.0  # a slow trunk has its time; the point is polled meanwhile
NEXT_PIECE_S = 0.1
LOOK_IN_S = 2.0  # the longest between two looks whether something is to be done: what is told meanwhile changes that
CANCEL_TRIES = 2  # then it is left to expire
TOO_DEAR = "polling it costs less than its notifications"
NO_SLOTS = "other programs hold its slots, and some are left free"


class Pieces:
    """One device's. `now_s` gives seconds that only go forward."""

    def __init__(
        self,
        config: DeviceConfig,
        lifetime_s: int,
        ask: CovAsking,
        held: Held,
        wanted: Wanted,
        say: Telling,
        *,
        now_s: Callable[[], float],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._config = config
        self._lifetime_s = lifetime_s
        self._shortest_s = min(cov.SHORTEST_S, lifetime_s / 2)
        self._ask = ask
        self._held = held
        self._wanted = wanted
        self._say = say
        self._now_s = now_s
        self._chance = chance
        self._slots = Slots(ask, config.cov_max)
        self._leftovers = Leftovers(ask)

    async def do_one(self) -> bool:
        """Do the next piece. **Returns**: False where none is to be done now. **Raises**: LinkDown."""
        for step in (self._end_one, self._renew_one, self._cancel_one, self._look_for_leftovers, self._begin_one):
            if await step():
                return True
        return False

    def look_for_leftovers_again(self) -> None:
        """The link is another one: it knows nothing of what was subscribed to."""
        self._leftovers.begin()

    async def _end_one(self) -> bool:
        now_s = self._now_s()
        for name, standing in self._held.by_name.items():
            reason = standing.failing(now_s, NOTIFIED_WITHIN_S, self._shortest_s)
            if reason:
                self._give_up(name, reason, cov.DAY_S if standing.granted_s < self._shortest_s else None)
                return True
            stood_s = 0.0 if standing.began_s is None else now_s - standing.began_s
            if self._wanted.is_too_dear(standing.item, standing.notifications, stood_s):
                self._held.end(name)
                self._wanted.pause(name, now_s + cov.HOUR_S)
                self._say.ended(name, TOO_DEAR, cov.HOUR_S)
                return True
        return False

    async def _renew_one(self) -> bool:
        now_s = self._now_s()
        due = [name for name, each in self._held.by_name.items() if each.renew_at_s <= now_s]
        if due:
            await self._ask_for(min(due, key=lambda name: self._held.by_name[name].ends_s))
        return bool(due)

    async def _cancel_one(self) -> bool:
        for process_id, owed in self._held.owed.items():
            tries = owed.tries + 1
            self._held.owed[process_id] = owed._replace(tries=tries)
            if await self._ask.take_back(process_id, owed.about, retries=1) or tries >= CANCEL_TRIES:
                self._held.owed.pop(process_id, None)
            return True
        return False

    async def _look_for_leftovers(self) -> bool:
        if not self._held.modes or not self._leftovers.is_due(self._now_s()):
            return False
        ours = {(each.process_id, each.item.object) for each in self._held.by_name.values()}
        self._held.owed |= await self._leftovers.find(ours, self._now_s())
        return True

    async def _begin_one(self) -> bool:
        now_s = self._now_s()
        if len(self._held) >= self._config.cov_max:
            return False
        name = self._wanted.next(self._held.by_name, now_s)
        if name is None:
            return False
        if now_s >= self._slots.look_again_at_s:
            await self._slots.look(now_s)
            if self._slots.is_silent:
                self._wanted.pause_device(self._slots.look_again_at_s)
            return True
        if len(self._held) >= self._slots.room(frozenset(self._held.by_process)):
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
        self._held.add(name, standing)
        await self._ask_for(name)
        return True

    async def _ask_for(self, name: str) -> None:
        standing = self._held.by_name[name]
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
            if self._held.by_name.get(name) is standing:
                self._give_up(name, verdict.reason, verdict.pause_s)
        else:
            standing.renewed(self._now_s())

    async def _subscribe(self, standing: Standing) -> None:
        try:
            await self._ask.subscribe(standing)
        finally:
            standing.asked_until_s = self._now_s() + self._lifetime_s

    def _give_up(self, name: str, reason: str, pause_s: float | None) -> None:
        """Poll it again, and say so: as a loss where it was in mode cov."""
        standing, now_s = self._held.by_name[name], self._now_s()
        self._held.end(name)
        if standing.is_gone:
            return
        stood_s = None if standing.began_s is None else now_s - standing.began_s
        pause_s = self._wanted.failed(name, now_s, pause_s, stood_s=stood_s, chance=self._chance)
        if stood_s is None:
            self._say.refused(name, reason, pause_s)
        else:
            self._say.lost(name, reason, pause_s)

    def next_s(self) -> float:
        """Give in how many seconds something wants to be done again."""
        now_s = self._now_s()
        times = [at_s for each in self._held.by_name.values() for at_s in each.due_at_s(NOTIFIED_WITHIN_S)]
        if len(self._held) < self._config.cov_max:
            next_at_s = self._wanted.next_at_s(self._held.by_name, now_s)
            times += [] if next_at_s is None else [next_at_s]
        return min(LOOK_IN_S, max(NEXT_PIECE_S, min(times, default=now_s + LOOK_IN_S) - now_s))
