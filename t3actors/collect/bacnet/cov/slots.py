"""Who holds the slots of a device's COV table: looked at before new subscriptions, and for what an earlier life of us left there.

A device that says nothing is asked again, but not for ever: the list is a courtesy to others, and small devices have none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from t3actors.collect.bacnet.codec.subscription_list import MANY, Active
from t3actors.collect.bacnet.codec.tags import ObjectId
from t3actors.collect.bacnet.cov import standing as cov
from t3actors.collect.bacnet.cov.asking import PROCESS_IDS, CovAsking
from t3actors.collect.bacnet.cov.leaving import Owed
from t3actors.errors import BadResponse, RequestTimedOut

LOOK_AGAIN_S = 3600.0  # before the next new subscription
TRY_AGAIN_S = 5.0
LIST_TRIES = 3
LIST_AGAIN_S = 60.0  # for what was left behind; nothing waits for it
NEVER_S = float("-inf")


class Slots:
    """One device's."""

    def __init__(self, ask: CovAsking, cov_max: int) -> None:
        self.look_again_at_s = NEVER_S
        self._ask = ask
        self._cov_max = cov_max
        self._listed: tuple[Active, ...] | None = None
        self._silences = 0

    async def look(self, now_s: float) -> None:
        """Ask for the list; `look_again_at_s` says until when that is enough. **Raises**: LinkDown."""
        try:
            self._listed = await self._ask.listed()
        except BadResponse:
            self._listed = None
        except RequestTimedOut:
            self._silences += 1
            if self._silences < LIST_TRIES:
                self.look_again_at_s = now_s + TRY_AGAIN_S
                return
            self._listed = None
        self._silences = 0
        self.look_again_at_s = now_s + LOOK_AGAIN_S

    @property
    def is_silent(self) -> bool:
        """Whether the list was asked for, has not come, and is to be asked for again."""
        return self._silences > 0

    def room(self, ours: frozenset[int]) -> int:
        """Give how many subscriptions we may hold in all."""
        return cov.room(self._listed, ours, self._cov_max)


class Leftovers:
    """What a gateway before us left at one device.

    The list shows under which name the device knows us, once a subscription of ours stands, and what else it holds for that name.
    Nobody else can be harmed: a cancellation is about its sender alone.
    """

    def __init__(self, ask: CovAsking) -> None:
        self._ask = ask
        self.begin()

    def begin(self) -> None:
        """Look, from now on: the device may know us under another name."""
        self._tries_left, self._next_at_s = LIST_TRIES, NEVER_S

    def is_due(self, now_s: float) -> bool:
        """Say whether the list is to be asked for."""
        return self._tries_left > 0 and now_s >= self._next_at_s

    async def find(self, ours: Collection[tuple[int, ObjectId]], now_s: float) -> Mapping[int, Owed]:
        """Ask for the list, and give what is to be taken back. **Raises**: LinkDown."""
        self._next_at_s = now_s + LIST_AGAIN_S
        try:
            listed = await self._ask.listed()
        except (BadResponse, RequestTimedOut):
            listed = MANY
        if listed is MANY:
            self._tries_left -= 1
            return {}
        self._tries_left = 0
        own = {each.recipient for each in listed or () if (each.process_id, each.object) in ours}
        return {
            each.process_id: Owed(each.object, now_s + each.remaining_s if each.remaining_s else None)
            for each in listed or ()
            if each.recipient in own and each.process_id not in PROCESS_IDS
        }
