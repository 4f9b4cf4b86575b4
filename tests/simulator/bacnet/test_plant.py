from __future__ import annotations

from collections.abc import Iterator

import pytest
import trio
import trio.testing

from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.plant import ALONE, BacnetPlant, BacnetPlantSize, running_bacnet_plant
from tests.simulator.bacnet.client import FEW, READ_MULTIPLE, present_values, talking_to
from tests.simulator.ports import at_free_ports


@pytest.fixture
def plant() -> Iterator[BacnetPlant]:
    built = BacnetPlant(BacnetPlantSize(10, points=FEW))
    yield built
    built.close()


def test_ports_that_are_wished_for_follow_each_other_the_bbmds_first() -> None:
    plant = at_free_ports(lambda port: BacnetPlant(BacnetPlantSize(10, points=FEW, port=port)))
    plant.close()
    ports = [server.port for server in plant.servers]
    assert ports == [plant.size.port + place for place in range(len(ports))]
    assert plant.bbmd.port == plant.size.port


def test_the_same_seed_gives_the_same_building(plant: BacnetPlant) -> None:
    again = BacnetPlant(BacnetPlantSize(10, points=FEW))
    again.close()
    other = BacnetPlant(BacnetPlantSize(10, 2, points=FEW))
    other.close()

    def identity(one: BacnetPlant) -> list[tuple[object, ...]]:
        return [
            (each["name"], each["instance"], each["network"], each["mac"], one.placed[each["name"]].device.value(first))
            for each in one.listing()
            for first in list(one.placed[each["name"]].device.points)[:1]
        ]

    assert identity(plant) == identity(again)
    assert identity(plant) != identity(other)


def test_some_stand_alone_some_share_an_address_and_some_are_on_a_trunk(plant: BacnetPlant) -> None:
    networks = [each["network"] for each in plant.listing()]
    assert [networks.count(each) for each in (None, 1001, 50)] == [5, 2, 3]
    assert len({(each["port"], each["network"], each["mac"]) for each in plant.listing()}) == 10
    assert {each["vendor"] for each in plant.listing()} == {148, 999}


def test_a_fault_strikes_one_or_all(plant: BacnetPlant) -> None:
    stall = BacnetFault(BacnetFaultKind.STALL)
    assert plant.set_fault("bacnet-3", stall) == ("bacnet-3",)
    assert len(plant.set_fault("bacnet-*", stall)) == 10
    with pytest.raises(ValueError, match="saw 'bacnet-11', allowed are bacnet-1 to bacnet-10"):
        plant.set_fault("bacnet-11", stall)


def test_a_duplicate_instance_is_the_next_devices(plant: BacnetPlant) -> None:
    plant.set_fault("bacnet-10", BacnetFault(BacnetFaultKind.DUPLICATE_INSTANCE))
    assert plant.find("bacnet-10").device.claimed_instance == plant.find("bacnet-1").device.instance
    assert plant.find("bacnet-10").device.instance != plant.find("bacnet-1").device.instance


def test_of_several_points_none_is_set_when_one_does_not_exist(plant: BacnetPlant) -> None:
    before = plant.find("bacnet-1").device.value("IN1")
    with pytest.raises(ValueError, match="no point 'IN99'"):
        plant.set_values("bacnet-1", {"IN1": before + 1, "IN99": 0})
    assert plant.find("bacnet-1").device.value("IN1") == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"devices": 0}, "BACnet devices: saw 0, allowed is 1 to 5000"),
        ({"port": 65534}, "bacnet_port: saw 65534, allowed is 0, or 1024 to 65532 for 4 in a row"),
        ({"tick_s": 0.0}, "tick_s: saw 0.0"),
        ({"layout": ("moon",)}, "layout: saw"),
        ({"presets": ()}, "some preset"),
    ],
)
def test_a_size_that_cannot_be_is_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        BacnetPlantSize(**arguments)  # type: ignore[arg-type]


async def test_values_move_once_a_tick(mock_clock: trio.testing.MockClock) -> None:
    async with running_bacnet_plant(BacnetPlantSize(2, points=FEW, tick_s=60.0)) as plant:
        device = plant.find("bacnet-2").device
        before = {each: device.value(each) for each in device.points}
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(120.0)
        await trio.testing.wait_all_tasks_blocked()
        assert {each: device.value(each) for each in device.points} != before
        assert device.at_s > plant.size.at_s


@pytest.mark.parametrize("preset", [each for each in Preset if each not in {Preset.NO_RPM, Preset.APDU_50}])
async def test_every_preset_serves_its_points(preset: Preset) -> None:
    points = PointCounts(4, 2, 2)
    async with running_bacnet_plant(BacnetPlantSize(1, points=points, presets=(preset,), layout=(ALONE,))) as plant:
        placed = plant.find("bacnet-1")
        async with talking_to(placed.server) as client:
            answer = await client.whole(READ_MULTIPLE, present_values(placed.responder, 8))
        assert answer.count(b"\x29\x55\x4e") == 8
        assert len(placed.device.points) == (1000 if preset is Preset.LARGE else 8)
        assert plant.counts().writes == 0
