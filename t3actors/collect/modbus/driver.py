"""One Modbus device: who it is, which points it has, and what each reading says. asking.py gets the values.

A device is identified when it is met, and again whenever answers came over another connection: another panel may stand there now, and
nothing that came over that connection is used before it is known to be the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from supervision.registry import Registry
from t3actors.addresses import split_address
from t3actors.collect import arrivals, products
from t3actors.collect.driver import Opened, PollsOnly
from t3actors.collect.modbus.asking import ILLEGAL, Asking, Gathered
from t3actors.collect.modbus.blocks import Block, Want, plan
from t3actors.collect.modbus.header import PRODUCT, SERIAL, serial_number, word
from t3actors.collect.modbus.listed import item
from t3actors.collect.modbus.profile import Profile, Values
from t3actors.collect.modbus.profiles import profiles
from t3actors.collect.modbus.requests import MODBUS_PORT
from t3actors.config import DeviceConfig
from t3actors.errors import BadResponse, DeviceMismatch, LinkDown, RequestRefused
from t3actors.events import Log
from t3actors.events.device import POINT_ILLEGAL
from t3actors.points import DeviceFacts, Point, Reading, Status

LAYOUT_EVERY_S = 300.0
ASIDE_EVERY_S = 10.0  # auto/manual and switches: half of a T3 panel's requests, and hands move them
PLANS_KEPT = 16  # one per set of points that fall due together


class _Plan(NamedTuple):
    version: int
    blocks: tuple[Block, ...]


class ModbusDriver(PollsOnly):
    """A `collect.driver.Driver`. Thread: the trio loop. `today_s` gives seconds that only go forward."""

    def __init__(
        self,
        config: DeviceConfig,
        registry: Registry,
        log: Log,
        today_s: Callable[[], float],
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        """**Raises**: ValueError for a profile nobody knows, or a value that no read of this device can hold."""
        self._config = config
        self._log = log
        self._today_s = today_s
        self._profile = _profile(config.profile)
        self._asking = Asking(config, registry, today_s, alive)
        self._listed = tuple(item(point) for point in config.points)
        plan(
            (want for entry in self._listed for want in entry.wants), self._asking.limits
        )  # refused here, not at every poll
        self._items = {entry.point.point_id: entry for entry in self._listed}
        self._plans: dict[tuple[tuple[str, ...], bool], _Plan] = {}
        self._aside: dict[Want, Sequence[int]] = {}
        self._aside_at_s: dict[tuple[str, ...], float] = {}
        self._met_on: set[int] = set()
        self._met_serial: int | None = None
        self._layout_at_s: float | None = None
        self._said_illegal: set[str] = set()
        self._changed: tuple[Point, ...] | None = None
        self._just_met = False
        self._ages = arrivals.NONE

    # -- the Driver protocol

    async def open(self) -> Opened:
        """Meet the device. **Raises**: as Driver.open."""
        try:
            opened = await self._meet()
        finally:
            self._asking.release()
        self._just_met = True
        self._changed = None
        return opened

    async def read(self, points: Sequence[Point], *, probing: bool = False) -> tuple[Reading, ...]:
        """Read these points now. **Raises**: as Driver.read."""
        try:
            return await self._poll(points, probing=probing)
        finally:
            self._asking.release()

    def ages(self) -> arrivals.Ages:
        """Say how old the values of the last `read` were when it ended."""
        return self._ages

    def take_changed_points(self) -> tuple[Point, ...] | None:
        """Give all points anew when a read has found that a person changed the panel's ranges; once."""
        changed, self._changed = self._changed, None
        return changed

    async def close(self) -> None:
        """Let go: the link belongs to all units behind it and stays."""
        self._asking.release()

    # -- meeting

    async def _meet(self) -> Opened:
        wants = self._identity()
        self._asking.connections.clear()
        await self._asking.greet(wants or tuple(entry.wants[0] for entry in self._listed))
        if not wants:
            return Opened(facts=self._facts({}), points=tuple(entry.point for entry in self._listed))
        gathered = await self._asking.gather_all(wants)
        facts = self._facts(gathered.values)
        self._check_serial(facts.serial_number, gathered)
        self._check_product(gathered.values, facts.serial_number)
        self._met_on, self._met_serial = set(self._asking.connections), facts.serial_number
        if self._profile is not None:
            self._take_layout(await self._read_layout(self._profile, facts))
        return Opened(facts=facts, points=tuple(entry.point for entry in self._items.values()))

    def _identity(self) -> tuple[Want, ...]:
        if self._profile is not None:
            return self._profile.identity
        return SERIAL if self._config.serial_number is not None else ()

    def _facts(self, values: Values) -> DeviceFacts:
        host, port = split_address(self._config.address, MODBUS_PORT)
        known = None if self._profile is None else self._profile.facts(values)
        facts = known or DeviceFacts(serial_number=serial_number(values))
        return msgspec.structs.replace(facts, ip_address=host, port=port, modbus_address=self._config.unit_id)

    def _check_serial(self, found: int | None, gathered: Gathered) -> None:
        passing = [reason for want, reason in gathered.failures.items() if self._asking.quarantine.reason(want) is None]
        if passing:
            raise BadResponse(f"{self._asking.where}: it could not be identified: {passing[0]}")
        expected = self._config.serial_number
        if expected is not None and found != expected:
            said = "says no serial number" if found is None else f"is serial number {found}"
            raise DeviceMismatch(
                f"{self._asking.where}: the device there {said}, configured is {expected}", found=found
            )

    def _check_product(self, values: Values, serial: int | None) -> None:
        """**Raises**: DeviceMismatch when the profile is the map of another product."""
        if self._profile is None:
            return
        found = word(values, PRODUCT)
        if found in self._profile.products:
            return
        said = "says no product number" if found is None else f"is {products.named(found)}"
        expected = ", ".join(products.named(number) for number in sorted(self._profile.products))
        raise DeviceMismatch(
            f"{self._asking.where}: the device there {said}; profile {self._profile.name} is the map of {expected}",
            found=serial,
        )

    async def _check_identity(self) -> None:
        """A new connection may lead to another device: ask again who it is, before anything that came over it is used.

        **Raises**: DeviceMismatch; LinkDown for an unconfigured serial that has changed, so that the device is met anew.
        """
        wants = self._identity()
        if not wants or self._asking.connections <= self._met_on:
            return
        self._asking.connections.clear()
        gathered = await self._asking.gather_all(wants)
        found = self._facts(gathered.values).serial_number
        self._check_serial(found, gathered)
        self._check_product(gathered.values, found)
        if found != self._met_serial:
            raise LinkDown(
                f"{self._asking.where}: the device there is now serial number {found}, it was {self._met_serial}"
            )
        if len(self._asking.connections) > 1:
            raise LinkDown(f"{self._asking.where}: the connection was lost while the device was being identified")
        self._met_on = set(self._asking.connections)

    async def _read_layout(self, profile: Profile, facts: DeviceFacts) -> Values:
        if not profile.layout:
            return {}
        first = profile.layout[0]
        try:  # alone: a device with another map would have it searched for hundreds of illegal addresses
            await self._asking.ask_one(first, self._config.retries)
        except RequestRefused as error:
            if error.code not in ILLEGAL:
                raise BadResponse(f"{self._asking.where}: its ranges could not be read: {error}") from None
            raise DeviceMismatch(
                f"{self._asking.where}: {facts.model or 'the device there'} has no register {first.address} ({error}): "
                f"profile {profile.name} is not its map",
                found=facts.serial_number,
            ) from None
        found = await self._asking.gather_all(profile.layout)
        passing = [reason for want, reason in found.failures.items() if self._asking.quarantine.reason(want) is None]
        if passing:
            raise BadResponse(f"{self._asking.where}: its ranges could not be read: {passing[0]}")
        return found.values

    def _take_layout(self, values: Values) -> None:
        if self._profile is None:
            return
        self._items = {
            entry.point.point_id: entry for entry in (*self._profile.items(values, self._config.rules), *self._listed)
        }
        self._layout_at_s = self._today_s()
        self._plans.clear()
        self._aside.clear()
        self._aside_at_s.clear()

    # -- polling

    async def _poll(self, points: Sequence[Point], *, probing: bool) -> tuple[Reading, ...]:
        self._asking.quarantine.expire(self._today_s())
        ids = tuple(point.point_id for point in points)
        just_met, self._just_met = self._just_met, False
        layout = self._layout_due()
        aside = self._today_s() - self._aside_at_s.get(ids, -ASIDE_EVERY_S) >= ASIDE_EVERY_S
        blocks = self._planned(ids, layout, aside=aside)
        self._asking.connections.clear()
        if (probing and not just_met) or not blocks:
            await self._asking.greet(self._items[name].wants[0] for name in ids if name in self._items)
        gathered = await self._asking.gather(blocks, 0 if probing else self._config.retries)
        await self._check_identity()
        self._put_aside(ids, gathered, aside=aside)
        moved = self._compare_layout(layout, gathered) if layout else frozenset()
        readings = tuple(self._reading(point_id, gathered, moved) for point_id in ids)
        self._tell_illegal(ids)
        self._ages = self._ages_of(ids, gathered)
        return readings

    def _ages_of(self, ids: tuple[str, ...], gathered: Gathered) -> arrivals.Ages:
        now_s = self._today_s()
        if not gathered.came or not arrivals.are_apart(gathered.came[0][0], now_s):
            return arrivals.NONE
        came_s = {want: at_s for at_s, block in gathered.came for want in block.wants}
        asked = ((point_id, self._items.get(point_id)) for point_id in ids)
        return {
            point_id: now_s - came_s[entry.wants[0]]
            for point_id, entry in asked
            if entry is not None and entry.wants[0] in came_s
        }

    def _planned(self, ids: tuple[str, ...], layout: tuple[Want, ...], *, aside: bool) -> tuple[Block, ...]:
        """Plan a poll: each point's value, and now and then what stands aside of it."""
        known = None if layout else self._plans.get((ids, aside))
        if known is not None and known.version == self._asking.quarantine.version:
            return known.blocks
        entries = [self._items[name] for name in ids if name in self._items]
        wants = [want for entry in entries for want in (entry.wants if aside else entry.wants[:1])]
        blocks = self._asking.plan((*wants, *layout))
        if not layout:
            if len(self._plans) >= PLANS_KEPT:
                self._plans.clear()
            self._plans[ids, aside] = _Plan(self._asking.quarantine.version, blocks)
        return blocks

    def _put_aside(self, ids: tuple[str, ...], gathered: Gathered, *, aside: bool) -> None:
        """Keep what was read aside for the polls until it is read again; one that could not be read is not known then."""
        wants = [want for name in ids if name in self._items for want in self._items[name].wants[1:]]
        if aside:
            if len(self._aside_at_s) >= PLANS_KEPT:
                self._aside_at_s.clear()
            self._aside_at_s[ids] = self._today_s()
            for want in wants:
                if want in gathered.values:
                    self._aside[want] = gathered.values[want]
                else:
                    self._aside.pop(want, None)
        else:
            gathered.values.update((want, self._aside[want]) for want in wants if want in self._aside)

    # -- readings

    def _reading(self, point_id: str, gathered: Gathered, moved: frozenset[str]) -> Reading:
        entry = self._items.get(point_id)
        if moved and point_id in moved:
            return Reading(point_id, None, Status.FAULT, "its range was changed at the device")
        if entry is None:
            return Reading(point_id, None, Status.FAULT, "the device has no such point")
        _, (value, *_), reading = entry
        if value in gathered.values:
            return reading(gathered.values)
        reason = self._asking.quarantine.reason(value) or gathered.failures.get(value) or "not read"
        return Reading(point_id, None, Status.FAULT, reason)

    def _tell_illegal(self, ids: tuple[str, ...]) -> None:
        if not (self._said_illegal or self._asking.quarantine.refused):
            return
        illegal: dict[str, list[str]] = {}
        for point_id in ids:
            entry = self._items.get(point_id)
            reason = None if entry is None else self._asking.quarantine.reason(entry.wants[0])
            if reason is None:
                self._said_illegal.discard(point_id)
            elif point_id not in self._said_illegal:
                self._said_illegal.add(point_id)
                illegal.setdefault(reason, []).append(point_id)
        for reason, names in illegal.items():
            self._log(POINT_ILLEGAL, device=self._config.name, points=names, reason=reason)

    # -- layout

    def _layout_due(self) -> tuple[Want, ...]:
        if self._profile is None or self._layout_at_s is None:
            return ()
        return self._profile.layout if self._today_s() - self._layout_at_s >= LAYOUT_EVERY_S else ()

    def _compare_layout(self, layout: tuple[Want, ...], gathered: Gathered) -> frozenset[str]:
        """Take over what a person changed at the panel; give the points whose value was asked for by the old description."""
        unread = [
            want for want in layout if want not in gathered.values and self._asking.quarantine.reason(want) is None
        ]
        if unread:
            return frozenset()  # a layout in parts is none; asked for again at the next poll
        before = {name: entry.point for name, entry in self._items.items()}
        self._take_layout(gathered.values)
        after = {name: entry.point for name, entry in self._items.items()}
        if before == after:
            return frozenset()
        self._changed = tuple(after.values())
        return frozenset(name for name, point in before.items() if after.get(name) != point)


def _profile(name: str | None) -> Profile | None:
    if name is None:
        return None
    if name not in profiles():
        raise ValueError(f"profile: saw {name!r}, allowed are {sorted(profiles())}")
    return profiles()[name]
