"""A gateway's pollers under a root supervisor, in virtual time and without network or database; and its configuration, to be changed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from trio.testing import memory_stream_pair

from supervision import Supervisor, SupervisorSpec
from supervision.actor import TrioActor
from supervision.children import ChildInfo
from supervision.errors import NotFound
from t3actors.collect.modbus import link as link_module
from t3actors.config import Config, DeviceConfig, ModbusPoint
from t3actors.errors import ConfigError
from t3actors.messages import DeviceRemoved, EventHappened, PointsRead, ReadingsTaken
from t3actors.pauses import Pauses
from t3actors.points import Kind, Rules
from t3actors.pollers import Pollers
from t3actors.reload import Reload, Source
from t3actors.specs import actor_spec
from tests.collect.modbus.fake_device import FakeDevice, Request, good
from tests.collect.modbus.test_dead_units import Line
from tests.system.house import RecordedLog

INTERVAL_S = 1.0
ANSWERS_AFTER_S = 0.005
RULES = Rules(poll_interval_s=INTERVAL_S, stale_after=3, down_after=6)
FILE = Path("/site.toml")


def device(name: str, address: str = "", unit_id: int = 1, *, rules: Rules = RULES, **changes: Any) -> DeviceConfig:
    """One point at an address of its own, unless one is given."""
    point = ModbusPoint(id="temp", kind=Kind.INPUT, register=100, rules=rules)
    made = DeviceConfig(
        name=name,
        protocol="modbus",
        address=address or f"{name}:502",
        unit_id=unit_id,
        timeout_s=0.5,
        points=(point,),
        rules=rules,
    )
    return msgspec.structs.replace(made, **changes)


def with_rules(one: DeviceConfig, **changes: Any) -> DeviceConfig:
    """The device with other rules, which its point inherits."""
    return device(one.name, one.address, one.unit_id, rules=msgspec.structs.replace(one.rules, **changes))


class Detector(TrioActor):
    """Takes whatever comes."""

    def __init__(self, told: list[object]) -> None:
        super().__init__()
        self._told = told

    def on_receive(self, message: object) -> None:
        if isinstance(message, PointsRead):
            taken = ReadingsTaken(device=message.device, poll_no=message.poll_no, incarnation=self.incarnation)
            self.send(f"device/{message.device}", taken)
        else:
            self._told.append(message)


class Street:
    """Whatever is connected to answers. When each unit was asked, and how often each address was connected to."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.asked_at_s: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
        self.connections: Counter[str] = Counter()
        self.dead: set[str] = set()
        self._nursery = nursery

    async def open_stream(self, address: str, _host: str, _port: int, _timeout_s: float) -> Line:
        ours, theirs = memory_stream_pair()
        self.connections[address] += 1

        async def answer(fake: FakeDevice, stream: trio.SocketStream, request: Request) -> None:
            self.asked_at_s[address, request.unit_id].append(trio.current_time())
            if address not in self.dead:
                await trio.sleep(ANSWERS_AFTER_S)
                await good(fake, stream, request)

        fake = FakeDevice()
        fake.always = answer
        self._nursery.start_soon(fake.serve, theirs)
        return Line(ours)


class Stage:
    """`wanted` is what the file holds."""

    def __init__(self, street: Street, devices: Iterable[DeviceConfig]) -> None:
        self.street = street
        self.log = RecordedLog()
        self.told: list[object] = []
        self.wanted: Config | ConfigError | Exception = Config(devices=tuple(devices), source_hash="first")
        pauses = Pauses(lambda: 0, lambda: 7)  # the machine never stands still here
        self.pollers = Pollers(self.wanted, self.log, self.pool, self.tell, pauses)
        detector = actor_spec("detector", lambda: Detector(self.told))
        self.root = Supervisor(SupervisorSpec("gateway", (detector, *self.pollers.pools())), random=lambda: 0.5)
        source = Source(FILE, self._read)
        self.reload = Reload(source, self.pollers, lambda: self.root, self.tell, lambda: 7, self.log)

    def _read(self, _file: Path) -> Config:
        if isinstance(self.wanted, Exception):
            raise self.wanted
        return self.wanted

    def pool(self, name: str) -> Supervisor:
        return self.root.find(name)

    def tell(self, happened: EventHappened | DeviceRemoved) -> None:
        self.root.registry.send("detector", happened)

    def want(self, *devices: DeviceConfig, **changes: Any) -> None:
        """Write the file anew."""
        self.wanted = Config(devices=devices, source_hash="another", **changes)

    def incarnation(self, name: str) -> int | None:
        return self.root.registry.incarnation(name)

    def children(self) -> dict[str, ChildInfo]:
        """Every actor below the pools."""
        found: dict[str, ChildInfo] = {}
        for name in ("links", "devices", "found"):
            try:
                found |= {child.name: child for child in self.pool(name).children()}
            except NotFound:
                continue
        return found

    def polls_on_grid(self, address: str, unit_id: int = 1) -> bool:
        """Whether each poll but the first few came one interval after the one before."""
        asked = self.street.asked_at_s[address, unit_id][2:]
        gaps = [later - earlier for earlier, later in pairwise(asked)]
        return len(gaps) > 2 and gaps == pytest.approx([INTERVAL_S] * len(gaps), abs=10 * ANSWERS_AFTER_S)


@asynccontextmanager
async def stage(monkeypatch: pytest.MonkeyPatch, *devices: DeviceConfig, serving: bool = True) -> AsyncIterator[Stage]:
    """Run it; `serving` False: the tree is up, but nobody carries a reload out yet."""

    async def at_once(read: Any, **_: object) -> Config:
        config: Config = read()
        return config

    monkeypatch.setattr(trio.to_thread, "run_sync", at_once)
    async with trio.open_nursery() as nursery:
        street = Street(nursery)
        monkeypatch.setattr(link_module, "open_stream", street.open_stream)
        built = Stage(street, devices)
        await nursery.start(built.root.run)
        if serving:
            nursery.start_soon(built.reload.serve)
        yield built
        await built.root.stop()
        nursery.cancel_scope.cancel()
