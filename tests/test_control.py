"""What a person changes at run time holds until the gateway is restarted, whatever happens to the actors meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import MockClock

from supervision import ChildSpec, Supervisor, SupervisorSpec, TrioActor
from t3actors.config import DeviceConfig, ModbusPoint
from t3actors.control import Control, NotToBeChanged, Override, polled_every
from t3actors.messages import EventHappened
from t3actors.points import Kind, Rules
from tests.system.house import RecordedLog

RULES = Rules(poll_interval_s=30.0)
OWN = Rules(poll_interval_s=5.0)
AHU = DeviceConfig(
    name="ahu-1",
    protocol="modbus",
    address="10.0.0.1:502",
    rules=RULES,
    points=(
        ModbusPoint(id="a", kind=Kind.INPUT, register=1, rules=RULES),
        ModbusPoint(id="b", kind=Kind.INPUT, register=2, rules=OWN),
    ),
)
OFF = DeviceConfig(name="off", protocol="modbus", address="10.0.0.2:502", enabled=False)
FOUND = DeviceConfig(name="bacnet:0:7f:1", protocol="bacnet", address="10.0.0.3", rules=RULES)


class Polling(TrioActor):
    """Stands for a device's actor; it hangs when it is sent anything."""

    def __init__(self, config: DeviceConfig) -> None:
        super().__init__()
        self.config = config

    async def on_receive(self, message: object) -> None:
        if message == "fail":
            raise ValueError
        await trio.sleep_forever()


class House:
    """Two pools of such actors under control."""

    def __init__(self) -> None:
        self.log = RecordedLog()
        self.told: list[EventHappened] = []
        self.lives: list[DeviceConfig] = []
        self.control = Control(
            (AHU, OFF), lambda: {FOUND.name: FOUND}, self.pool, self.told.append, lambda: 7, self.log
        )
        pools = (
            SupervisorSpec("devices", (self.spec(AHU), self.spec(OFF))),
            SupervisorSpec("found", (self.spec(FOUND),)),
        )
        self.root = Supervisor(SupervisorSpec("gateway", pools))

    def spec(self, device: DeviceConfig) -> ChildSpec:
        def start() -> Polling:
            self.lives.append(self.control.present(device))
            return Polling(self.lives[-1])

        return ChildSpec(f"device/{device.name}", start, stop_timeout_s=1.0)

    def pool(self, name: str) -> Supervisor:
        return self.root.find(name)


@asynccontextmanager
async def house() -> AsyncIterator[House]:
    built = House()
    async with trio.open_nursery() as nursery:
        await nursery.start(built.root.run)
        yield built
        await built.root.stop()


async def test_a_stopped_device_is_not_polled_and_started_it_is_again(autojump_clock: MockClock) -> None:
    async with house() as h:
        assert h.control.polled() == ["ahu-1", FOUND.name]
        await h.control.stop("ahu-1")
        assert h.lives[-1].enabled is False
        assert h.lives[-1].disabled_because.startswith("stopped by hand")
        assert (h.control.polled(), h.control.overrides) == ([FOUND.name], {"ahu-1": Override(stopped=True)})
        await h.control.start("ahu-1")
        assert h.lives[-1] == AHU
        assert h.control.overrides == {}
        assert [event.event for event in h.told] == ["device.stopped", "device.started"]
        assert [name for name, _ in h.log.lines] == ["device.stopped", "device.started"]


async def test_an_interval_holds_for_the_points_that_have_none_of_their_own(autojump_clock: MockClock) -> None:
    async with house() as h:
        await h.control.set_interval("ahu-1", 2.0)
        now = h.lives[-1]
        assert now.rules.poll_interval_s == 2.0
        assert [point.rules.poll_interval_s for point in now.points] == [2.0, 5.0]
        await h.control.set_interval("ahu-1", None)
        assert h.lives[-1] == AHU
        assert [line["poll_interval_s"] for line in h.log.of("interval.set")] == [2.0, 30.0]


async def test_the_configured_interval_is_no_override_and_the_same_again_changes_nothing(
    autojump_clock: MockClock,
) -> None:
    async with house() as h:
        lives = len(h.lives)
        await h.control.set_interval("ahu-1", 30.0)
        await h.control.start("ahu-1")
        assert (h.control.overrides, len(h.lives), h.told) == ({}, lives, [])
        await h.control.set_interval("ahu-1", 2.0)
        await h.control.set_interval("ahu-1", 2.0)
        assert len(h.lives) == lives + 1


async def test_a_found_device_is_controlled_in_its_own_pool(autojump_clock: MockClock) -> None:
    async with house() as h:
        await h.control.stop(FOUND.name)
        assert (h.lives[-1].name, h.lives[-1].enabled) == (FOUND.name, False)


async def test_a_crash_of_the_actor_and_of_its_pool_forgets_nothing(autojump_clock: MockClock) -> None:
    async with house() as h:
        await h.control.set_interval("ahu-1", 2.0)
        h.root.registry.send("device/ahu-1", "fail")
        await trio.sleep(60)
        assert h.lives[-1].rules.poll_interval_s == 2.0
        await h.root.stop_child("devices")
        await h.root.restart_child("devices")
        assert [each.rules.poll_interval_s for each in h.lives[-2:] if each.name == "ahu-1"] == [2.0]


async def test_a_hanging_actor_obeys_as_well(autojump_clock: MockClock) -> None:
    async with house() as h:
        h.root.registry.send("device/ahu-1", "hang")
        await h.control.stop("ahu-1")
        assert h.lives[-1].enabled is False


async def test_who_asked_may_go_away_and_the_device_is_not_left_half_stopped(autojump_clock: MockClock) -> None:
    async with house() as h:
        h.root.registry.send("device/ahu-1", "hang")
        with trio.move_on_after(0.5):
            await h.control.set_interval("ahu-1", 2.0)
        assert h.root.registry.incarnation("device/ahu-1") == 2
        assert h.lives[-1].rules.poll_interval_s == 2.0


async def test_what_cannot_be_controlled_is_refused_and_changes_nothing(autojump_clock: MockClock) -> None:
    async with house() as h:
        lives = len(h.lives)
        with pytest.raises(NotToBeChanged, match="off is disabled in the configuration"):
            await h.control.start("off")
        with pytest.raises(NotToBeChanged, match="ahu-9 is not polled by an actor of its own"):
            await h.control.stop("ahu-9")
        assert (len(h.lives), h.control.overrides) == (lives, {})


def test_a_device_without_listed_points_takes_the_interval_from_its_rules() -> None:
    assert polled_every(FOUND, 3.0).rules.poll_interval_s == 3.0
