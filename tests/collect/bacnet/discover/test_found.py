"""Found devices and their actors in a real pool."""

from __future__ import annotations

import trio
from msgspec.structs import replace
from trio.testing import MockClock

from supervision.actor import TrioActor
from supervision.registry import Registry
from supervision.spec import ChildSpec, SupervisorSpec
from supervision.supervisor import Supervisor
from t3actors.collect.bacnet.discover.found import NEVER_MET, FoundDevices
from t3actors.config import DeviceConfig
from t3actors.messages import DeviceRemoved

ONE = DeviceConfig(name="one", protocol="bacnet", address="50:7", instance=5, discovered=True)


class Broken(TrioActor):
    def on_start(self) -> None:
        raise RuntimeError


class House:
    def __init__(self) -> None:
        self.registry = Registry()
        self.pool = Supervisor(SupervisorSpec("found", ()), registry=self.registry)
        self.told: list[DeviceRemoved] = []
        self.actor: type[TrioActor] = TrioActor
        self.found = FoundDevices(lambda: self.pool, self.spec, self.told.append, lambda: 7)

    def spec(self, device: DeviceConfig) -> ChildSpec:
        return ChildSpec(f"device/{device.name}", self.actor)

    @property
    def running(self) -> list[str]:
        return [child.name for child in self.pool.children()]


async def test_a_device_is_adopted_once_and_dismissed_so_that_it_may_come_again(autojump_clock: MockClock) -> None:
    house = House()
    async with trio.open_nursery() as nursery:
        await nursery.start(house.pool.run)
        for _ in range(2):
            assert await house.found.adopt(ONE)
            assert await house.found.adopt(ONE)
            assert (house.found.names(), house.running) == (["one"], ["device/one"])
            assert await house.found.dismiss("one")
            assert await house.found.dismiss("one")
            assert (house.found.names(), house.running) == ([], [])
        assert [(one.device, one.at_ms) for one in house.told] == [("one", 7)] * 2
        await house.pool.stop()


async def test_of_one_that_was_never_shown_nothing_is_told(autojump_clock: MockClock) -> None:
    house = House()
    shy = replace(ONE, shown_once_met=True)
    async with trio.open_nursery() as nursery:
        await nursery.start(house.pool.run)
        for reason in (NEVER_MET, "the configuration does not look for such devices any more"):
            assert await house.found.adopt(shy)
            assert await house.found.dismiss("one", reason)
        assert [one.reason for one in house.told] == [reason], "it may have answered, and is in the database then"
        await house.pool.stop()


async def test_who_went_with_its_pool_is_dismissed_all_the_same_and_who_cannot_start_is_not_adopted(
    autojump_clock: MockClock,
) -> None:
    house = House()
    assert not await house.found.adopt(ONE), "the pool is not running"
    async with trio.open_nursery() as nursery:
        await nursery.start(house.pool.run)
        house.actor = Broken
        assert not await house.found.adopt(ONE)
        house.actor = TrioActor
        assert await house.found.adopt(ONE)
        await house.pool.stop()
    assert not await house.found.dismiss("one"), "the pool is down just now"
    house.pool = Supervisor(SupervisorSpec("found", ()), registry=house.registry)
    async with trio.open_nursery() as nursery:
        await nursery.start(house.pool.run)
        assert await house.found.dismiss("one")
        assert house.found.names() == []
        await house.pool.stop()


async def test_the_first_round_is_waited_for_but_not_for_ever(autojump_clock: MockClock) -> None:
    house = House()
    assert await house.found.first_round(9.0) == "the search for devices had not ended after 9 s"
    house.found.looked("nobody could be asked")
    assert await house.found.first_round(9.0) == "nobody could be asked"
    house.found.looked("")
    assert await house.found.first_round(9.0) == ""
