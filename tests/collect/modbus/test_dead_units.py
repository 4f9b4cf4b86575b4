"""T01 on Modbus, poll for poll, in virtual time: what dead units cost those that share their line, and nobody else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair

from supervision.actor import TrioActor
from supervision.registry import Registry
from supervision.testing import running
from t3actors.collect.device import DeviceActor
from t3actors.collect.modbus import link as link_module
from t3actors.collect.modbus.driver import ModbusDriver
from t3actors.collect.modbus.link import ModbusLink
from t3actors.collect.modbus.requests import role_of
from t3actors.collect.pace import Pace
from t3actors.config import DeviceConfig, ModbusPoint
from t3actors.events import silent
from t3actors.messages import PointsRead, ReadingsTaken
from t3actors.points import Kind, Rules
from tests.collect.modbus.fake_device import FakeDevice, Request, good

UNITS, LONE = 10, 4
BUS, INTERVAL_S, TIMEOUT_S = "bus:502", 1.0, 0.5
ANSWERS_AFTER_S = 0.005
RULES = Rules(poll_interval_s=INTERVAL_S, stale_after=3, down_after=6)


class Line:
    """The gateway's end of a connection without a network."""

    def __init__(self, end: trio.StapledStream) -> None:  # type: ignore[type-arg]
        self.socket = self
        self.send_all, self.receive_some = end.send_all, end.receive_some
        self._end = end

    def close(self) -> None:
        self._end.send_stream.close()
        self._end.receive_stream.close()


class Detector(TrioActor):
    """Takes whatever devices bring."""

    def on_receive(self, message: object) -> None:
        if isinstance(message, PointsRead):
            taken = ReadingsTaken(device=message.device, poll_no=message.poll_no, incarnation=self.incarnation)
            self.send(f"device/{message.device}", taken)


class Street:
    """Ten units on one line, four devices on lines of their own; and when each was asked, by name."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.asked_at_s: defaultdict[str, list[float]] = defaultdict(list)
        self.bus = FakeDevice()
        self.addresses = [BUS, *(f"lone-{number}:502" for number in range(1, LONE + 1))]
        self.devices = [self._device(f"bus-{unit}", BUS, unit) for unit in range(1, UNITS + 1)]
        self.devices += [self._device(address.partition(":")[0], address, 1) for address in self.addresses[1:]]
        self._nursery = nursery

    @staticmethod
    def _device(name: str, address: str, unit_id: int) -> DeviceConfig:
        point = ModbusPoint(id="temp", kind=Kind.INPUT, register=100, rules=RULES)
        return DeviceConfig(
            name=name,
            protocol="modbus",
            address=address,
            unit_id=unit_id,
            timeout_s=TIMEOUT_S,
            retries=1,
            points=(point,),
            rules=RULES,
        )

    async def open_stream(self, address: str, _host: str, _port: int, _timeout_s: float) -> Line:
        ours, theirs = memory_stream_pair()
        device = self.bus if address == BUS else FakeDevice()
        prefix = "bus-" if address == BUS else address.partition(":")[0]

        async def answer(device: FakeDevice, stream: trio.SocketStream, request: Request) -> None:
            name = f"bus-{request.unit_id}" if address == BUS else prefix
            self.asked_at_s[name].append(trio.current_time())
            if request.unit_id not in device.dead_units:
                await trio.sleep(ANSWERS_AFTER_S)
                await good(device, stream, request)

        device.always = answer
        self._nursery.start_soon(device.serve, theirs)
        return Line(ours)

    def span(self, from_s: float) -> dict[str, list[float]]:
        """When each was asked since then."""
        return {name: [at for at in asked if at >= from_s] for name, asked in self.asked_at_s.items()}


@asynccontextmanager
async def street(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Street]:
    async with trio.open_nursery() as nursery, AsyncExitStack() as stack:
        built = Street(nursery)
        monkeypatch.setattr(link_module, "open_stream", built.open_stream)
        registry = Registry()
        await stack.enter_async_context(running(Detector(), name="detector", registry=registry))
        for address in built.addresses:
            link = ModbusLink(address, log=silent)
            await stack.enter_async_context(running(link, name=role_of(address), registry=registry))
        for ordinal, config in enumerate(built.devices):
            actor = DeviceActor(
                config,
                lambda registry, alive, config=config: ModbusDriver(config, registry, silent, trio.current_time, alive),  # type: ignore[misc]
                (),
                ordinal=ordinal,
                wall_ms=lambda: round(1000 * trio.current_time()),
                log=silent,
                pace=Pace(),
                random=lambda: 0.5,
            )
            await stack.enter_async_context(running(actor, name=f"device/{config.name}", registry=registry))
        yield built
        nursery.cancel_scope.cancel()


def intervals_s(asked: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(asked)]


def independent_ones_are_unmoved(span: dict[str, list[float]]) -> None:
    for number in range(1, LONE + 1):
        assert intervals_s(span[f"lone-{number}"]) == pytest.approx([INTERVAL_S] * (len(span[f"lone-{number}"]) - 1)), (
            number
        )


def living_ones_lose_only_time_outs(span: dict[str, list[float]], dead: set[str]) -> None:
    """Between two polls of a living unit lies its interval, and one time-out for each question to a dead one meanwhile."""
    in_vain = sorted(at for name in dead for at in span[name])
    turns_s = UNITS * ANSWERS_AFTER_S
    for name, asked in span.items():
        if name in dead or name.startswith("lone"):
            continue
        for earlier, later in pairwise(asked):
            meanwhile = sum(earlier - INTERVAL_S <= at < later for at in in_vain)
            assert later - earlier <= INTERVAL_S + meanwhile * TIMEOUT_S + turns_s, (name, earlier, later)


async def test_dead_units_cost_the_living_of_their_line_a_time_out_each_and_independent_devices_nothing(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with street(monkeypatch) as built:
        await trio.sleep(10)
        healthy_s = trio.current_time()
        await trio.sleep(30)
        healthy = built.span(healthy_s)
        assert {name: len(asked) for name, asked in healthy.items()} == dict.fromkeys(healthy, 30)

        dead: set[int] = set()
        for more in ({2}, {4, 6, 8, 10}):
            built.bus.dead_units |= more
            dead |= more
            names = {f"bus-{unit}" for unit in dead}
            struck_s = trio.current_time()
            await trio.sleep(60)
            struck = built.span(struck_s)
            independent_ones_are_unmoved(struck)
            living_ones_lose_only_time_outs(struck, names)
            assert min(len(asked) for name, asked in struck.items() if name not in names) >= 60 - 2, (
                "the living go first: of a minute's polls the deaths cost each two at most"
            )

            demoted_s = trio.current_time()
            await trio.sleep(300)
            demoted = built.span(demoted_s)
            independent_ones_are_unmoved(demoted)
            living_ones_lose_only_time_outs(demoted, names)
            for name, asked in demoted.items():
                if name in names:
                    assert 0 < len(asked) * TIMEOUT_S / 300 <= 0.05, "a dead unit is probed, and costs its line little"
                else:
                    assert max(intervals_s(asked)) <= 2 * INTERVAL_S + UNITS * ANSWERS_AFTER_S, name
        assert built.bus.connections == 1, "the living keep the connection"

        built.bus.dead_units.clear()
        await trio.sleep(70)
        well_s = trio.current_time()
        await trio.sleep(30)
        assert {name: len(asked) for name, asked in built.span(well_s).items()} == dict.fromkeys(healthy, 30)
