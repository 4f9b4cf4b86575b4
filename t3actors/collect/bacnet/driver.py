"""One BACnet device: who it is, which points it has, and what each reading says. asking.py gets the values, meeting.py the rest.

A device is its instance: whoever has another is not it, wherever he answers. What it says of its points is kept while it is away
and read again when its database-revision has changed, which is looked at when it is met and every few minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from supervision.registry import Registry
from t3actors.collect.bacnet import meeting, scaling
from t3actors.collect.bacnet.addressing import station
from t3actors.collect.bacnet.asking import Asked, Asking, Key
from t3actors.collect.bacnet.mapping import POLLED, RELIABILITY, TEMCO, Item, items
from t3actors.collect.bacnet.meeting import Described, Met
from t3actors.collect.bacnet.objects import Shape, shape_of
from t3actors.collect.bacnet.read_multiple import PRESENT_VALUE, STATUS_FLAGS, PropertyError, Result
from t3actors.collect.bacnet.reading import FAULT_FLAG, NOT_ANSWERED, readings
from t3actors.collect.bacnet.sizes import want
from t3actors.collect.bacnet.tags import Bits
from t3actors.collect.driver import Opened
from t3actors.config import DeviceConfig
from t3actors.errors import DriverError
from t3actors.events import DEVICE_REMARKED, DEVICE_SCALED, Log
from t3actors.points import DeviceFacts, Point, Reading, Status

REVISION_EVERY_S = 300.0
PLANS_KEPT = 16  # one per set of points that fall due together
UNKNOWN_PROPERTY = 32  # 21: error code
UNITS = 117
MOST_REMARKS = 20


class _Poll(NamedTuple):
    items: dict[tuple[int, int], Item]
    unknown: tuple[str, ...]
    asked: Asked


class BacnetDriver:
    """A `collect.driver.Driver`. Thread: the trio loop. `today_s` gives seconds that only go forward."""

    def __init__(
        self,
        config: DeviceConfig,
        registry: Registry,
        log: Log,
        today_s: Callable[[], float],
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        """**Raises**: ValueError without an instance, or for an address that is none."""
        if config.instance is None:
            raise ValueError(f"{config.name}: instance: saw none, a BACnet device is known by it")
        station(config.address)
        self._config = config
        self._instance = config.instance
        self._log = log
        self._today_s = today_s
        self._asking = Asking(config, registry, today_s, alive)
        self._items: dict[str, Item] = {}
        self._facts = DeviceFacts()
        self._is_described = False
        self._revision: int | None = None
        self._revision_at_s = 0.0
        self._scale: scaling.Scale | None = None
        self._remarks: tuple[str, ...] = ()
        self._polls: dict[tuple[str, ...], _Poll] = {}
        self._flagless: set[tuple[int, int]] = set()
        self._changed: tuple[Point, ...] | None = None
        self._just_met = False

    # -- the Driver protocol

    async def open(self) -> Opened:
        """Meet the device. **Raises**: as Driver.open."""
        await meeting.identify(self._asking, self._instance)
        met = await meeting.meet(self._asking, self._config.address, self._instance)
        if not self._is_described or met.revision is None or met.revision != self._revision:
            await self._describe(met)
        self._facts = met.facts
        self._revision_at_s = self._today_s()
        self._just_met = True
        self._changed = None
        return Opened(facts=self._facts, points=self._points())

    async def read(self, points: Sequence[Point], *, probing: bool = False) -> tuple[Reading, ...]:
        """Read these points now. **Raises**: as Driver.read."""
        just_met, self._just_met = self._just_met, False
        poll = self._planned(tuple(point.point_id for point in points))
        if (probing and not just_met) or not poll.items:
            await meeting.identify(self._asking, self._instance)
        moved = await self._look_at_revision()
        if moved:
            poll = self._planned(tuple(point.point_id for point in points))
        gathered = await self._asking.gather(poll.asked, 0 if probing else None)
        results = await self._with_reliability(gathered.results)
        made = readings(poll.items, results)
        if gathered.failures:
            made = tuple(_with_reason(each, item, gathered.failures) for each, item in _paired(made, poll))
        else:
            self._asking.silences = 0
        if poll.unknown:
            gone = "the device has no such point"
            made += tuple(Reading(point_id, None, Status.FAULT, gone) for point_id in poll.unknown)
        return tuple(_moved(each) if each.point_id in moved else each for each in made) if moved else made

    def take_changed_points(self) -> tuple[Point, ...] | None:
        """Give all points anew when a read has found that the device's objects have changed; once."""
        changed, self._changed = self._changed, None
        return changed

    async def close(self) -> None:
        """Let go: the link belongs to all devices and stays."""

    # -- describing

    async def _describe(self, met: Met) -> None:
        """Read which points the device has, and what they are; nothing is taken over before all of it is there."""
        described = await meeting.describe(self._asking, await meeting.list_points(self._asking, self._instance))
        divisor = await self._divisor(described, met.facts.vendor_id)
        found, remarks = items(described, vendor_id=met.facts.vendor_id, scale=divisor, rules=self._config.rules)
        self._items = {item.point.point_id: item for item in found}
        self._is_described = True
        self._revision = met.revision
        self._polls.clear()
        self._flagless.clear()
        if remarks and remarks != self._remarks:
            self._log(DEVICE_REMARKED, device=self._config.name, remarks=list(remarks[:MOST_REMARKS]))
        self._remarks = remarks

    async def _divisor(self, described: Described, vendor_id: int | None) -> int:
        """Give what a Temco panel's analog values are divided by; once decided from its values it stays so."""
        if self._config.scale != "auto" or vendor_id != TEMCO:
            return 1 if self._config.scale == "auto" else self._config.scale
        if self._scale is None or not self._scale.decided:
            units = {each: said.get(UNITS) for each, said in described if shape_of(each.type) is Shape.NUMBER}
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
        return self._scale.divisor

    async def _look_at_revision(self) -> frozenset[str]:
        """Take over what was changed at the device; give the points that are not any more what they were."""
        if self._revision is None or self._today_s() - self._revision_at_s < REVISION_EVERY_S:
            return frozenset()
        revision = await meeting.read_revision(self._asking, self._instance)
        self._revision_at_s = self._today_s()
        if revision is None or revision == self._revision:
            return frozenset()
        before = {name: item.point for name, item in self._items.items()}
        await self._describe(Met(self._facts, revision))
        after = {name: item.point for name, item in self._items.items()}
        if before == after:
            return frozenset()
        self._changed = tuple(after.values())
        return frozenset(name for name, point in before.items() if name in after and after[name] != point)

    def _points(self) -> tuple[Point, ...]:
        return tuple(item.point for item in self._items.values())

    # -- polling

    def _planned(self, ids: tuple[str, ...]) -> _Poll:
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
        poll = _Poll(by_object, tuple(name for name in ids if name not in self._items), Asked(wants))
        if len(self._polls) >= PLANS_KEPT:
            self._polls.clear()
        self._polls[ids] = poll
        return poll

    async def _with_reliability(self, results: list[Result]) -> list[Result]:
        """Ask which fault it is of those whose flags say that there is one; and note who has no flags."""
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
            return results
        try:
            told = await self._asking.gather(Asked(want(*each, RELIABILITY) for each in faulty))
        except DriverError:
            return results  # the values did come, and their flags say enough
        return results + told.results


def _paired(made: tuple[Reading, ...], poll: _Poll) -> zip[tuple[Reading, Item]]:
    return zip(made, poll.items.values(), strict=True)


def _with_reason(reading: Reading, item: Item, failures: dict[Key, str]) -> Reading:
    if reading.reason != NOT_ANSWERED:
        return reading
    reason = failures.get((*item.object, PRESENT_VALUE, None), NOT_ANSWERED)
    return msgspec.structs.replace(reading, reason=reason)


def _moved(reading: Reading) -> Reading:
    return Reading(reading.point_id, None, Status.FAULT, "its description was changed at the device")
