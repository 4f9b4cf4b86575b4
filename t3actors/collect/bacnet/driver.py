"""One BACnet device: who it is, which points it has, and what each reading says.

    asking.py       gets properties, in requests of a size that it bears   meeting.py        is it the configured one
    inventory.py    its points, described piece by piece between polls     polling.py        their values
    remembering.py  has the store keep what was learned                    subscriptions.py  changes that it tells itself
                                                                           rarely.py         schedules, alarms and the like

A device is its instance: whoever has another is not it, wherever he answers. What it says of its points is kept while it is away, and
in the store; it is read again when its database-revision has changed, which is looked at when it is met and every few minutes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import msgspec

from supervision.registry import Registry
from t3actors.collect import arrivals
from t3actors.collect.bacnet import meeting
from t3actors.collect.bacnet.asking import Asking
from t3actors.collect.bacnet.codec.tags import ObjectId
from t3actors.collect.bacnet.cov.subscriptions import Subscriptions
from t3actors.collect.bacnet.inventory import Inventory
from t3actors.collect.bacnet.link.requests import CovNotified
from t3actors.collect.bacnet.polling import Polling
from t3actors.collect.bacnet.rare.rarely import PIECE_EVERY_S, Rarely
from t3actors.collect.bacnet.reading import IN_ALARM
from t3actors.collect.bacnet.remembering import Remembering
from t3actors.collect.bacnet.setting import read_setting
from t3actors.collect.driver import Beside, Opened
from t3actors.config import BacnetConfig, DeviceConfig
from t3actors.errors import BadResponse, RequestRefused, RequestTimedOut
from t3actors.events import Log
from t3actors.events.bacnet import DEVICE_REMARKED
from t3actors.points import DeviceFacts, Point, Reading, Status
from t3actors.stations import TEMCO, station

REVISION_EVERY_S = 60.0
DESCRIBED_AGAIN_EVERY_S = 86_400.0
"""In the background: a device's database-revision says nothing of a changed unit (ANSI/ASHRAE 135, 12.11.35)."""
DESCRIBE_EVERY_S = 0.1
"""Between two pieces of a description: a new device costs its line little, and 500 at once do not starve the polls."""
HEARD_LATELY_S = 2.0
"""A device none of whose points is known yet need not be asked at each poll whether it lives, while it is being described."""


class BacnetDriver:
    """A `collect.driver.Driver`. Thread: the trio loop. `today_s` gives seconds that only go forward, `wall_ms` Unix time."""

    def __init__(
        self,
        config: DeviceConfig,
        registry: Registry,
        log: Log,
        today_s: Callable[[], float],
        alive: Callable[[], None] = lambda: None,
        *,
        bacnet: BacnetConfig,
        wall_ms: Callable[[], int],
        rarely_every_s: float = PIECE_EVERY_S,
    ) -> None:
        """`rarely_every_s`: between two pieces of what is rarely read.

        **Raises**: ValueError without an instance, or for an address that is none.
        """
        if config.instance is None:
            raise ValueError(f"{config.name}: instance: saw none, a BACnet device is known by it")
        station(config.address)
        self._config = config
        self._instance = config.instance
        self._registry = registry
        self._log = log
        self._today_s = today_s
        self._asking = Asking(config, registry, today_s, alive)
        self._inventory = Inventory(config, self._asking, log)
        self._remembering = Remembering(
            config.name, registry, self._asking, self._inventory, lambda: int(today_s() * 1000)
        )
        self._polling = Polling(self._asking)
        self._rarely = Rarely(
            self._asking,
            device=config.name,
            instance=config.instance,
            wall_ms=wall_ms,
            log=log,
            piece_every_s=rarely_every_s,
        )
        self._subscriptions = Subscriptions(
            config,
            lifetime_s=bacnet.cov_lifetime_s,
            verify_s=bacnet.cov_verify_s,
            registry=registry,
            role=f"device/{config.name}",
            asking=self._asking,
            log=log,
            now_s=today_s,
        )
        self._modes = self._subscriptions.modes()
        self._cov_at_s = 0.0
        self._in_alarm: set[ObjectId] = set()
        self._refuses_setting = False
        self._remarked: set[str] = set()
        self._facts = DeviceFacts()
        self._revision_at_s = 0.0
        self._heard_at_s = -math.inf
        self._described_at_s = today_s()
        self._changed: tuple[Point, ...] | None = None
        self._just_met = False
        self._ages = arrivals.NONE

    # -- the Driver protocol

    async def open(self) -> Opened:
        """Meet the device. **Raises**: as Driver.open."""
        await self._remembering.recall()
        await meeting.identify(self._asking, self._instance)
        met = await meeting.meet(self._asking, self._config.address, self._instance)
        self._facts = await self._with_setting(met.facts)
        self._inventory.met(met.revision, met.facts.vendor_id)
        self._take_over_points()
        self._revision_at_s = self._heard_at_s = self._today_s()
        self._just_met = True
        self._changed = None
        return Opened(facts=self._facts, points=self._points())

    async def read(self, points: Sequence[Point], *, probing: bool = False) -> tuple[Reading, ...]:
        """Read these points now. **Raises**: as Driver.read."""
        just_met, self._just_met = self._just_met, False
        began_s = self._today_s()
        ids = tuple(point.point_id for point in points)
        ids += self._subscriptions.also_due(ids)
        poll = self._polling.planned(ids)
        is_pointless = not poll.items and self._today_s() - self._heard_at_s > HEARD_LATELY_S
        if (probing and not just_met) or is_pointless:
            await meeting.identify(self._asking, self._instance)
        moved = await self._look_at_revision()
        if moved is not None:
            poll = self._polling.planned(ids)
        read = await self._polling.read(poll, 0 if probing else None)
        made = self._subscriptions.polled(read, began_s)
        self._remembering.keep_limits()
        self._ages = self._polling.ages(poll, self._today_s())
        if self._ages and made is not read:  # what was told instead holds now
            kept = (each.point_id for each, was in zip(made, read, strict=True) if each is was)
            self._ages = {point_id: self._ages[point_id] for point_id in kept if point_id in self._ages}
        self._look_at_alarms(made)
        return tuple(_moved(each) if each.point_id in moved else each for each in made) if moved else tuple(made)

    def notified(self, message: object) -> tuple[Reading, ...]:
        """Take a notification of change. **Raises**: TypeError when it is none."""
        if not isinstance(message, CovNotified):
            raise TypeError(f"{self._config.name}: saw a {type(message).__name__}, allowed is CovNotified")
        made = self._subscriptions.notified(message)
        self._look_at_alarms(made)
        return made

    def ages(self) -> arrivals.Ages:
        """Say how old the values of the last `read` were when it ended."""
        return self._ages

    def take_changed_points(self) -> tuple[Point, ...] | None:
        """Give all points anew when more of them are known, the device's objects have changed, or who tells of them; once."""
        modes = self._subscriptions.modes()
        if modes is not self._modes:
            self._modes, self._changed = modes, self._points()
        changed, self._changed = self._changed, None
        return changed

    def take_told(self) -> tuple[Beside, ...]:
        """Give what is for the store; once."""
        return (*self._remembering.take(), *self._rarely.take())

    def keep_again(self) -> None:
        """The store has lost what it kept of this device."""
        self._remembering.keep_again()

    async def leave(self, within_s: float) -> None:
        """Take the subscriptions back."""
        await self._subscriptions.leave(within_s)

    async def close(self) -> None:
        """Let go: the link belongs to all devices and stays."""
        self._subscriptions.dropped()

    # -- between polls

    @property
    def is_complete(self) -> bool:
        """Whether all points are known."""
        return self._inventory.is_complete

    async def work(self, *, hurry: bool = False) -> float | None:
        """Describe points; then see to subscriptions, and to what is rarely read. **Raises**: as Driver.work."""
        self._asking.in_background = not hurry
        try:
            if self._inventory.is_growing:
                return await self._describe_more(hurry=hurry)
            return None if hurry else await self._do_the_rest()
        finally:
            self._asking.in_background = False

    async def _describe_more(self, *, hurry: bool) -> float | None:
        has_changed = await self._inventory.describe_more()
        self._heard_at_s = self._today_s()
        self._remembering.keep_limits()
        if has_changed:
            self._take_over_points()
            self._changed = self._points()
            self._remembering.keep_description()
            self._described_at_s = self._heard_at_s
        if hurry:
            return 0.0 if self._inventory.is_growing else None
        return DESCRIBE_EVERY_S

    async def _do_the_rest(self) -> float | None:
        now_s = self._today_s()
        if now_s - self._described_at_s >= DESCRIBED_AGAIN_EVERY_S:
            self._described_at_s = now_s
            self._inventory.look_again()
            return DESCRIBE_EVERY_S
        if self._cov_at_s <= now_s:
            pause_s = await self._subscriptions.work()
            self._cov_at_s = math.inf if pause_s is None else self._today_s() + pause_s
        elif self._rarely.until_next(now_s) == 0.0:
            await self._rarely.step(now_s)
        now_s = self._today_s()
        rarely_s = self._rarely.until_next(now_s)
        again_s = self._described_at_s + DESCRIBED_AGAIN_EVERY_S - now_s
        return max(0.0, min(self._cov_at_s - now_s, again_s, math.inf if rarely_s is None else rarely_s))

    def _look_at_alarms(self, made: Iterable[Reading]) -> None:
        """Note who is in alarm: an alarm lasts as long as the flag says so."""
        items, standing = self._inventory.items, self._in_alarm
        for reading in made:
            is_in_alarm = reading.flags & IN_ALARM
            if not (is_in_alarm or standing) or (item := items.get(reading.point_id)) is None:
                continue
            if is_in_alarm:
                standing.add(item.object)
            else:
                standing.discard(item.object)
        self._rarely.in_alarm(frozenset(standing))

    # -- what the device is

    async def _look_at_revision(self) -> frozenset[str] | None:
        """Take over what was changed at the device, at once; give the points that are not any more what they were, None if it was not."""
        known = self._inventory.revision
        if known is None or self._today_s() - self._revision_at_s < REVISION_EVERY_S:
            return None
        revision = await meeting.read_revision(self._asking, self._instance)
        self._revision_at_s = self._today_s()
        if revision is None or revision == known:
            return None
        before = {name: item.point for name, item in self._inventory.items.items()}
        self._inventory.begin_anew(revision)
        while self._inventory.is_growing:
            await self._inventory.describe_more()
        self._take_over_points()
        self._remembering.keep_description()
        after = {name: item.point for name, item in self._inventory.items.items()}
        if before == after:
            return frozenset()
        self._changed = self._points()
        return frozenset(name for name, point in before.items() if name in after and after[name] != point)

    async def _with_setting(self, facts: DeviceFacts) -> DeviceFacts:
        """Add what a Temco panel says of itself in its own way, where asking for that is allowed.

        It is asked each time it is met, for another panel may stand there by now; not again once it has refused.
        """
        if not self._config.private_transfer or facts.vendor_id != TEMCO or self._refuses_setting:
            return facts
        try:
            said = await read_setting(self._registry, self._config.address, timeout_s=self._config.timeout_s, retries=1)
        except (RequestRefused, RequestTimedOut, BadResponse) as error:
            self._refuses_setting = isinstance(error, RequestRefused)
            reason = f"its serial number could not be asked for (private transfer): {error}"
            if reason not in self._remarked:
                self._remarked.add(reason)
                self._log(DEVICE_REMARKED, device=self._config.name, remarks=[reason])
            return facts
        return msgspec.structs.replace(
            facts,
            serial_number=said.serial_number or facts.serial_number,
            panel_id=said.panel_number or facts.panel_id,
        )

    def _take_over_points(self) -> None:
        found = self._inventory.items.values()
        self._polling.take_over(found)
        self._in_alarm.intersection_update(item.object for item in found)
        self._subscriptions.take_over(found, complete=self.is_complete)
        if self.is_complete:
            self._rarely.listed(
                self._inventory.objects, vendor_id=self._facts.vendor_id, divisor=self._inventory.divisor
            )

    def _points(self) -> tuple[Point, ...]:
        return tuple(self._subscriptions.marked(item.point) for item in self._inventory.items.values())


def _moved(reading: Reading) -> Reading:
    return Reading(reading.point_id, None, Status.FAULT, "its description was changed at the device")
