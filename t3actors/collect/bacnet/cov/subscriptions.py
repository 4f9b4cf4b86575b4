"""Keeps one device's COV subscriptions: has them asked for, renewed, doubted and taken back.

    standing.py  does a subscription keep its word, does it pay     wanted.py                      which point is next
    held.py      which there are                                    slots.py                       who holds the device's slots
    pieces.py    what is to be done between polls, bit by bit       telling.py                     what the log is told
    asking.py    the requests                                       leaving.py                     the end

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
from t3actors.collect.bacnet.cov.asking import Asks, CovAsking
from t3actors.collect.bacnet.cov.held import Held
from t3actors.collect.bacnet.cov.leaving import take_all_back
from t3actors.collect.bacnet.cov.pieces import NEXT_PIECE_S, Pieces
from t3actors.collect.bacnet.cov.telling import Telling
from t3actors.collect.bacnet.cov.wanted import Wanted
from t3actors.collect.bacnet.link.requests import LINK, CovNotified
from t3actors.collect.bacnet.mapping import Item
from t3actors.collect.bacnet.reading import reading as reading_of
from t3actors.config import DeviceConfig
from t3actors.events import Log
from t3actors.points import Point, Reading

LEAVE_WITHIN_S = 4.0  # less than an actor that is to stop is given


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
        whole_s = max(1, round(lifetime_s))
        self._config = config
        self._verify_s = verify_s
        self._registry = registry
        self._say = Telling(config.name, log)
        self._now_s = now_s
        self._ask = CovAsking(config, registry, role, asking, whole_s)
        self._wanted = Wanted(config, verify_s, whole_s)
        self._held = Held()
        self._pieces = Pieces(
            config, whole_s, self._ask, self._held, self._wanted, self._say, now_s=now_s, chance=chance
        )
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
        for name, standing in self._held.by_name.items():
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
        return self._held.modes

    def marked(self, point: Point) -> Point:
        """Give the point as it is to be announced."""
        if point.point_id not in self._held.modes:
            return point
        return msgspec.structs.replace(point, mode="cov", verified_every_s=self._verify_s)

    def also_due(self, due: Container[str]) -> tuple[str, ...]:
        """Give what the poll that begins now must read beside these: points in doubt, and those that would grow too old.

        By their plan, points in mode cov fall due every `verified_every_s`; this is for what plans do not see.
        """
        if not self._config.cov:
            return ()
        planned = self._held.modes  # as far as the caller knows
        self._look_at_link()
        now_s = self._now_s()
        gap_s = 0.0 if self._polled_at_s is None else now_s - self._polled_at_s
        self._polled_at_s = now_s
        known = self._wanted.items
        certain = {name: each for name, each in self._held.by_name.items() if name in known and each.is_spared(now_s)}
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
            standing = self._held.by_name.get(reading.point_id)
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
        standing = self._held.by_process.get(message.process_id)
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
            self._held.update_modes()
        if is_new:
            self._say.began(made.point_id, standing.granted_s)
        return (made,)

    def dropped(self) -> None:
        """The device or the link was lost: poll everything, and ask for all subscriptions again when it is back."""
        for standing in self._held.by_name.values():
            standing.forget(self._now_s())
        self._held.update_modes()

    async def work(self) -> float | None:
        """Do one piece: at most one request. **Returns**: seconds until the next may want to be done; None without COV.

        **Raises**: LinkDown.
        """
        if not self._config.cov or self._has_left:
            return None
        self._look_at_link()
        return NEXT_PIECE_S if await self._pieces.do_one() else self._pieces.next_s()

    async def leave(self, within_s: float = LEAVE_WITHIN_S) -> None:
        """Take all subscriptions back, for good, in at most `within_s` however dead the device is. Never raises.

        On a slow trunk that may be too short for all of them: the rest runs out by itself, and the log says when.
        """
        self._has_left = True
        owed = self._held.take_all(self._now_s())
        left = (await take_all_back(self._ask.take_back, owed, within_s)).values() if owed else ()
        if left:
            times = [each.ends_s for each in left if each.ends_s is not None]
            lasts_s = max(times) - self._now_s() if len(times) == len(left) else None
            self._say.left(len(left), None if lasts_s is None else max(0.0, lasts_s))

    def _look_at_link(self) -> None:
        life = self._registry.incarnation(LINK)
        if life is None or life == self._link_life:
            return
        is_another, self._link_life = self._link_life is not None, life
        if is_another:  # it knows nothing of what was subscribed to, and may have another port
            self._pieces.look_for_leftovers_again()
            self.dropped()
