"""One Modbus device: what to ask, in which order, and what a failure means for whom. Its link does the talking.

Failures, from small to large. An illegal address (exception 2 or 3) is searched for by halving and costs its point alone; the
search takes at most `SEARCH_REQUESTS` more requests per poll, and goes on at the next, so that no device hogs a shared link.
Any other exception, or an answer that makes no sense, costs that read's points this poll. A read without an answer: the
first of a poll says that the device does not answer; after others were answered, one may be missing, the second ends the poll. After
a poll whose first read went unanswered the next begins with another, so that a device that is silent about one block is still read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec
import trio

from supervision.errors import NobodyThere
from supervision.registry import Registry
from t3actors.addresses import split_address
from t3actors.collect.driver import Opened
from t3actors.collect.modbus.blocks import Block, Limits, Want, plan
from t3actors.collect.modbus.link import MODBUS_PORT, TURN_WITHIN_S, ReadRequest, ReleaseLink, role_of
from t3actors.collect.modbus.listed import item
from t3actors.collect.modbus.profile import Profile, Values
from t3actors.collect.modbus.quarantine import Quarantine
from t3actors.collect.modbus.t3000 import SERIAL, T3Controller, serial_number
from t3actors.collect.modbus.wire import FUNCTIONS
from t3actors.config import DeviceConfig
from t3actors.errors import BadResponse, DeviceMismatch, DriverError, LinkDown, RequestRefused, RequestTimedOut
from t3actors.events import POINT_ILLEGAL, Log
from t3actors.points import DeviceFacts, Point, Reading, Status

PROFILES: dict[str, Profile] = {profile.name: profile for profile in (T3Controller(),)}

SEARCH_REQUESTS = 16  # halving 125 registers down to one takes 14
LAYOUT_EVERY_S = 300.0
PLANS_KEPT = 16  # one per set of points that fall due together
ILLEGAL = frozenset({2, 3})  # exception codes; MODBUS Application Protocol V1.1b3, 7
BUSY = frozenset({5, 6})
UNREACHED = frozenset({10, 11})


class _Plan(NamedTuple):
    version: int
    blocks: tuple[Block, ...]


class _Gathered(NamedTuple):
    values: dict[Want, Sequence[int]]
    failures: dict[Want, str]


class ModbusDriver:
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
        self._registry = registry
        self._log = log
        self._today_s = today_s
        self._alive = alive
        self._link = role_of(config.address)
        self._profile = _profile(config.profile)
        self._limits = Limits(max_registers=config.max_registers, max_gap=config.max_gap)
        self._quarantine = Quarantine()
        self._listed = tuple(item(point) for point in config.points)
        plan((want for entry in self._listed for want in entry.wants), self._limits)  # refused here, not at every poll
        self._items = {entry.point.point_id: entry for entry in self._listed}
        self._plans: dict[tuple[str, ...], _Plan] = {}
        self._begin_with = 0
        self._layout_at_s: float | None = None
        self._said_illegal: set[str] = set()
        self._changed: tuple[Point, ...] | None = None
        self._just_met = False

    # -- the Driver protocol

    async def open(self) -> Opened:
        """Meet the device. **Raises**: as Driver.open."""
        try:
            opened = await self._meet()
        finally:
            self._release()
        self._just_met = True
        self._changed = None
        return opened

    async def read(self, points: Sequence[Point], *, probing: bool = False) -> tuple[Reading, ...]:
        """Read these points now. **Raises**: as Driver.read."""
        try:
            return await self._poll(points, probing=probing)
        finally:
            self._release()

    def take_changed_points(self) -> tuple[Point, ...] | None:
        """Give all points anew when a read has found that a person changed the panel's ranges; once."""
        changed, self._changed = self._changed, None
        return changed

    async def close(self) -> None:
        """Let go: the link belongs to all units behind it and stays."""
        self._release()

    # -- meeting

    async def _meet(self) -> Opened:
        wants = self._identity()
        await self._greet(wants or tuple(entry.wants[0] for entry in self._listed))
        if not wants:
            return Opened(facts=self._facts({}), points=tuple(entry.point for entry in self._listed))
        gathered = await self._gather(plan_of(wants, self._limits, self._quarantine), self._config.retries)
        facts = self._facts(gathered.values)
        self._check_serial(facts.serial_number, gathered)
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

    def _check_serial(self, found: int | None, gathered: _Gathered) -> None:
        passing = [reason for want, reason in gathered.failures.items() if self._quarantine.reason(want) is None]
        if passing:
            raise BadResponse(f"{self._where()}: it could not be identified: {passing[0]}")
        expected = self._config.serial_number
        if expected is not None and found != expected:
            said = "says no serial number" if found is None else f"is serial number {found}"
            raise DeviceMismatch(f"{self._where()}: the device there {said}, configured is {expected}", found=found)

    async def _read_layout(self, profile: Profile, facts: DeviceFacts) -> Values:
        first = profile.layout[0]
        try:  # alone: a device with another map would have it searched for hundreds of illegal addresses
            await self._ask(Block(first.table, first.address, first.size, (first,)), self._config.retries)
        except RequestRefused as error:
            if error.code not in ILLEGAL:
                raise BadResponse(f"{self._where()}: its ranges could not be read: {error}") from None
            raise DeviceMismatch(
                f"{self._where()}: {facts.model or 'the device there'} has no register {first.address} ({error}): "
                f"profile {profile.name} is not its map",
                found=facts.serial_number,
            ) from None
        found = await self._gather(plan_of(profile.layout, self._limits, self._quarantine), self._config.retries)
        passing = [reason for want, reason in found.failures.items() if self._quarantine.reason(want) is None]
        if passing:
            raise BadResponse(f"{self._where()}: its ranges could not be read: {passing[0]}")
        return found.values

    def _take_layout(self, values: Values) -> None:
        if self._profile is None:
            return
        self._items = {
            entry.point.point_id: entry for entry in (*self._profile.items(values, self._config.rules), *self._listed)
        }
        self._layout_at_s = self._today_s()
        self._plans.clear()

    async def _greet(self, wants: Iterable[Want]) -> None:
        """Ask for one value, once: a refusal is an answer too."""
        candidates = tuple(wants)
        if not candidates:
            return
        first = next((want for want in candidates if self._quarantine.reason(want) is None), candidates[0])
        try:
            await self._ask(Block(first.table, first.address, first.size, (first,)), retries=0)
        except (RequestRefused, BadResponse):
            return

    # -- polling

    async def _poll(self, points: Sequence[Point], *, probing: bool) -> tuple[Reading, ...]:
        self._quarantine.expire(self._today_s())
        ids = tuple(point.point_id for point in points)
        just_met, self._just_met = self._just_met, False
        layout = self._layout_due()
        blocks = self._planned(ids, layout)
        if (probing and not just_met) or not blocks:
            await self._greet(self._items[name].wants[0] for name in ids if name in self._items)
        gathered = await self._gather(blocks, 0 if probing else self._config.retries)
        moved = self._compare_layout(layout, gathered) if layout else frozenset()
        readings = tuple(self._reading(point_id, gathered, moved) for point_id in ids)
        self._tell_illegal(ids)
        return readings

    def _planned(self, ids: tuple[str, ...], layout: tuple[Want, ...]) -> tuple[Block, ...]:
        wants = [want for name in ids if name in self._items for want in self._items[name].wants]
        if layout:
            return plan_of((*wants, *layout), self._limits, self._quarantine)
        known = self._plans.get(ids)
        if known is None or known.version != self._quarantine.version:
            if len(self._plans) >= PLANS_KEPT:
                self._plans.clear()
            known = _Plan(self._quarantine.version, plan_of(wants, self._limits, self._quarantine))
            self._plans[ids] = known
        return known.blocks

    async def _gather(self, blocks: tuple[Block, ...], retries: int) -> _Gathered:
        gathered = _Gathered({}, {})
        first = self._begin_with % len(blocks) if blocks else 0
        work = deque((*blocks[first:], *blocks[:first]))
        answered = missing = searching = False
        left = SEARCH_REQUESTS
        while work:
            block = work.popleft()
            try:
                words = await self._ask(block, retries)
            except RequestRefused as error:
                answered = True
                if error.code not in ILLEGAL:
                    _fail(gathered, block, str(error))
                    continue
                parts = self._quarantine.learn(block, str(error), self._limits, self._today_s())
                if len(parts) <= left:
                    left -= len(parts)
                    work.extendleft(reversed(parts))
                else:
                    _fail(gathered, block, f"not read: beside it is an {error}, which is being searched for")
                    searching = True
            except BadResponse as error:
                _fail(gathered, block, str(error))
            except RequestTimedOut as error:
                if not answered:
                    self._begin_with += 1
                if not answered or missing:
                    raise
                missing = True
                _fail(gathered, block, str(error))
            else:
                answered = True
                for want in block.wants:
                    start = want.address - block.address
                    gathered.values[want] = words[start : start + want.size]
        if not (missing or searching):
            self._quarantine.settle()
        return gathered

    async def _ask(self, block: Block, retries: int) -> Sequence[int]:
        where = (self._config.unit_id, FUNCTIONS[block.table], block.address, block.size)
        while True:
            request = ReadRequest(*where, self._config.timeout_s, turn_by_s=trio.current_time() + TURN_WITHIN_S)
            try:
                words: Sequence[int] = await self._registry.ask(self._link, request)
                return words
            except NobodyThere as error:
                raise LinkDown(f"{self._where()}: {error}") from None
            except DriverError as error:
                failure = self._seen(error)
                if retries <= 0 or not _passing(failure):
                    raise failure from None
            finally:
                self._alive()
            retries -= 1

    def _seen(self, error: DriverError) -> DriverError:
        """Give a gateway's word that the unit behind it does not answer as what it means."""
        if isinstance(error, RequestRefused) and error.code in UNREACHED:
            return RequestTimedOut(f"{self._where()}: {error}")
        return error

    # -- readings

    def _reading(self, point_id: str, gathered: _Gathered, moved: frozenset[str]) -> Reading:
        entry = self._items.get(point_id)
        if moved and point_id in moved:
            return Reading(point_id, None, Status.FAULT, "its range was changed at the device")
        if entry is None:
            return Reading(point_id, None, Status.FAULT, "the device has no such point")
        _, (value, *_), reading = entry
        if value in gathered.values:
            return reading(gathered.values)
        reason = self._quarantine.reason(value) or gathered.failures.get(value) or "not read"
        return Reading(point_id, None, Status.FAULT, reason)

    def _tell_illegal(self, ids: tuple[str, ...]) -> None:
        if not (self._said_illegal or self._quarantine.refused):
            return
        illegal: dict[str, list[str]] = {}
        for point_id in ids:
            entry = self._items.get(point_id)
            reason = None if entry is None else self._quarantine.reason(entry.wants[0])
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

    def _compare_layout(self, layout: tuple[Want, ...], gathered: _Gathered) -> frozenset[str]:
        """Take over what a person changed at the panel; give the points whose value was asked for by the old description."""
        unread = [want for want in layout if want not in gathered.values and self._quarantine.reason(want) is None]
        if unread:
            return frozenset()  # a layout in parts is none; asked for again at the next poll
        before = {name: entry.point for name, entry in self._items.items()}
        self._take_layout(gathered.values)
        after = {name: entry.point for name, entry in self._items.items()}
        if before == after:
            return frozenset()
        self._changed = tuple(after.values())
        return frozenset(name for name, point in before.items() if after.get(name) != point)

    # -- small things

    def _release(self) -> None:
        if self._config.connection == "per_poll":
            self._registry.send(self._link, ReleaseLink())

    def _where(self) -> str:
        return f"{self._config.address} unit {self._config.unit_id}"


def plan_of(wants: Iterable[Want], limits: Limits, quarantine: Quarantine) -> tuple[Block, ...]:
    """Give the reads for these values, given what the device is known to refuse."""
    return plan(wants, limits, refused=quarantine.refused, cuts=quarantine.cuts)


def _profile(name: str | None) -> Profile | None:
    if name is None:
        return None
    if name not in PROFILES:
        raise ValueError(f"profile: saw {name!r}, allowed are {sorted(PROFILES)}")
    return PROFILES[name]


def _passing(error: DriverError) -> bool:
    """Say whether asking once more may help."""
    if isinstance(error, LinkDown):
        return not error.refused
    if isinstance(error, RequestRefused):
        return error.code in BUSY
    return isinstance(error, RequestTimedOut | BadResponse)


def _fail(gathered: _Gathered, block: Block, reason: str) -> None:
    for want in block.wants:
        gathered.failures[want] = reason
