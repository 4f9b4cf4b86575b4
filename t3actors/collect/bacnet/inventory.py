"""Which points a device has, as far as is known: from the store, then piece by piece from the device, and again when it was changed.

Two descriptions may be at work: the one that the points are taken from, whole or growing; and now and then the next one, which takes its
place when it is whole. A device that never says whether it was changed is described from nothing each time it is met. What a Temco
panel's values are divided by is decided from all of them, so such a panel's points appear at once, and the decision stands for good.
"""

from __future__ import annotations

from collections.abc import Mapping

from t3actors.collect.bacnet import memory, scaling
from t3actors.collect.bacnet.asking import Asking
from t3actors.collect.bacnet.codec.properties import PRESENT_VALUE, UNITS
from t3actors.collect.bacnet.codec.tags import ObjectId
from t3actors.collect.bacnet.describing import Describing
from t3actors.collect.bacnet.mapping import Item, items
from t3actors.collect.bacnet.objects import Shape, shape_of
from t3actors.collect.bacnet.rounds import Asked
from t3actors.collect.bacnet.sizes import want
from t3actors.config import DeviceConfig
from t3actors.events import Log
from t3actors.events.bacnet import DEVICE_REMARKED, DEVICE_SCALED
from t3actors.stations import TEMCO

MOST_REMARKS = 20
WORTH_TELLING = 50
"""Points more (or half as many again as are known) that are told before the description is whole."""


class Inventory:
    """One device's. Thread: the trio loop."""

    def __init__(self, config: DeviceConfig, asking: Asking, log: Log) -> None:
        self.items: dict[str, Item] = {}
        """The device's points now, by their id."""
        self._config = config
        self._instance = config.instance or 0
        self._asking = asking
        self._log = log
        self._vendor_id: int | None = None
        self._description: Describing | None = None
        self._anew: Describing | None = None
        self._taken: Describing | None = None
        """The whole description whose points are the device's points now."""
        self._scale: scaling.Scale | None = None
        self._remarks: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether all points are known."""
        return self._taken is not None

    @property
    def is_growing(self) -> bool:
        """Whether there is more to be asked for."""
        target = self._anew or self._description
        return target is not None and target is not self._taken

    @property
    def revision(self) -> int | None:
        """The database-revision under which the points were described."""
        return None if self._description is None else self._description.revision

    @property
    def objects(self) -> tuple[ObjectId, ...]:
        """The device's whole object list, as soon as all its points are known."""
        return () if self._taken is None else self._taken.objects or ()

    def recall(self, kept: Mapping[str, bytes]) -> None:
        """Take up what the store has."""
        self._description, self._scale = memory.description_of(kept, self._instance)

    def kept(self) -> bytes | None:
        """Give what the store is to have."""
        return None if self._description is None else memory.description_kept(self._description, self._scale)

    def met(self, revision: int | None, vendor_id: int | None) -> None:
        """The device was met: go on from what is known, if it still says the same revision; else begin anew."""
        is_another = self._vendor_id not in {None, vendor_id}
        self._vendor_id = vendor_id
        known = self._description
        if is_another or known is None or known.revision != revision or (revision is None and known.done):
            self.begin_anew(revision)
        elif not self.items and known.known and not self._is_to_be_scaled():
            self._take_over(known)

    def look_again(self) -> None:
        """Describe the device again beside what is known: a revision says nothing of changed units (12.11.35)."""
        if self._taken is not None and self._anew is None:
            self._anew = Describing(self._instance, self.revision)

    def begin_anew(self, revision: int | None) -> None:
        """Forget all points; they appear again as they are described."""
        self._description, self._anew = Describing(self._instance, revision), None
        self.items, self._taken = {}, None

    async def describe_more(self) -> bool:
        """Do the next piece. **Returns**: whether `items` has changed. **Raises**: DriverError; then the same piece is next."""
        target = self._anew or self._description
        if target is None or target is self._taken:
            return False
        await target.step(self._asking)
        return await self._publish(target)

    async def _publish(self, target: Describing) -> bool:
        """Take over what is known by now, when that is worth an announcement."""
        if not target.done:
            more = target.known - len(self.items)
            is_worth_it = more >= max(WORTH_TELLING, len(self.items) // 2)
            if target is self._anew or self._is_to_be_scaled() or not is_worth_it:
                return False
        elif self._is_to_be_scaled():
            await self._decide_scale(target)
        self._description, self._anew = target, None
        self._take_over(target)
        return True

    def _take_over(self, target: Describing) -> None:
        found, remarks = items(
            target.described, vendor_id=self._vendor_id, scale=self.divisor, rules=self._config.rules
        )
        self.items = {item.point.point_id: item for item in found}
        self._taken = target if target.done else None
        if remarks and remarks != self._remarks:
            self._log(DEVICE_REMARKED, device=self._config.name, remarks=list(remarks[:MOST_REMARKS]))
        self._remarks = remarks

    # -- what values are divided by

    def _is_to_be_scaled(self) -> bool:
        is_decided = self._scale is not None and self._scale.decided
        return self._config.scale == "auto" and self._vendor_id == TEMCO and not is_decided

    @property
    def divisor(self) -> int:
        """What a Temco panel's analog values are divided by."""
        if self._config.scale != "auto":
            return self._config.scale
        return self._scale.divisor if self._scale is not None and self._vendor_id == TEMCO else 1

    async def _decide_scale(self, target: Describing) -> None:
        """Decide it from the panel's values; once decided it stays so."""
        units = {each: said.get(UNITS) for each, said in target.described if shape_of(each.type) is Shape.NUMBER}
        gathered = await self._asking.gather(Asked(want(*each, PRESENT_VALUE) for each in units))
        values = {result[:2]: result[4] for result in gathered.results}
        scale = scaling.decide(
            (int(code) if isinstance(code, int) else None, float(value))
            for each, code in units.items()
            if isinstance(value := values.get((each.type, each.instance)), int | float)
        )
        if scale != self._scale:
            self._log(DEVICE_SCALED, device=self._config.name, **scale._asdict())
        self._scale = scale
