from __future__ import annotations

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from t3actors.simulator.faults import NO_FAULT, Fault, FaultKind
from t3actors.simulator.plant import Plant, PlantSize, running_plant
from tests.simulator.client import connected
from tests.simulator.ports import at_free_ports
from tests.waiting import until


async def test_every_panel_answers_at_its_place_under_its_own_serial_number() -> None:
    async with running_plant(PlantSize(devices=5)) as plant:
        assert [each["name"] for each in plant.listing()] == [f"panel-{number}" for number in range(1, 6)]
        for each in plant.listing():
            async with connected(each["port"]) as client:
                _id, _unit, pdu = await client.ask(1, 0, 4, unit_id=each["unit_id"])
                assert int.from_bytes(pdu[3::2], "little") == each["serial_number"]


async def test_the_same_seed_gives_the_same_panels_but_for_their_ports() -> None:
    def built(seed: int) -> list[tuple[int, bytes]]:
        plant = Plant(PlantSize(devices=4, seed=seed))
        plant.close()
        return [(panel.serial_number, bytes(panel.image)) for panel in plant.panels.values()]

    assert built(5) == built(5)
    assert built(5) != built(6)


async def test_time_passes_in_every_panel() -> None:
    async with running_plant(PlantSize(devices=25, tick_s=0.02)) as plant:
        before = {name: bytes(panel.image) for name, panel in plant.panels.items()}
        await until(lambda: all(panel.image != before[name] for name, panel in plant.panels.items()))


async def test_after_a_suspend_time_goes_on_and_is_not_caught_up(
    mock_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = Plant(PlantSize(devices=1))
    plant.close()
    ticks: list[float] = []
    monkeypatch.setattr(plant.panels["panel-1"], "advance", ticks.append)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(plant.let_time_pass)
        for jump_s, most in ((1.0, 2), (3600.0, 5)):
            await trio.testing.wait_all_tasks_blocked()
            mock_clock.jump(jump_s)
            await trio.testing.wait_all_tasks_blocked()
            assert 1 <= len(ticks) <= most
        nursery.cancel_scope.cancel()
    assert set(ticks) == {1.0}


async def test_several_panels_share_the_listener_of_a_gateway() -> None:
    async with running_plant(PlantSize(devices=5, units_per_listener=2)) as plant:
        assert [each["unit_id"] for each in plant.listing()] == [1, 2, 1, 2, 1]
        assert len({each["port"] for each in plant.listing()}) == 3
        assert plant.set_fault("panel-3", Fault(FaultKind.STALL)) == ("panel-3",)
        assert plant.set_fault("panel-3", Fault(FaultKind.REFUSE)) == ("panel-3", "panel-4")
        async with connected(plant.server_of("panel-5").port) as client:
            assert (await client.ask(1, 6, 1, unit_id=9))[2] == b"\x83\x0b"


def test_ports_that_are_wished_for_follow_each_other() -> None:
    plant = at_free_ports(lambda port: Plant(PlantSize(devices=3, units_per_listener=2, modules=1, port=port)))
    plant.close()
    assert [server.port for server in plant.servers] == [plant.size.port + place for place in range(3)]


async def test_there_may_be_no_panel_at_all() -> None:
    async with running_plant(PlantSize(devices=0)) as plant:
        assert plant.listing() == []


async def test_a_power_cut_strikes_all_and_ends_for_all() -> None:
    async with running_plant(PlantSize(devices=3)) as plant:
        assert len(plant.set_fault("*", Fault(FaultKind.REFUSE))) == 3
        with pytest.raises(OSError, match="connect"):
            async with connected(plant.servers[2].port):
                pass
        plant.set_fault("*", NO_FAULT)
        async with connected(plant.servers[2].port) as client:
            await client.ask(1, 0, 4)
        assert plant.counts().requests == 1


async def test_a_panel_that_is_not_here_is_refused_by_name() -> None:
    plant = Plant(PlantSize(devices=2))
    plant.close()
    with pytest.raises(ValueError, match=r"panel: saw 'panel-3', allowed are panel-1 to panel-2, or \*"):
        plant.set_fault("panel-3", NO_FAULT)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"devices": -1}, "devices: saw -1, allowed is 0 to 5000"),
        ({"port": 80}, "port: saw 80, allowed is 0, or 1024 to 65533 for 3 in a row"),
        ({"port": 65535, "modules": 1}, "port: saw 65535, allowed is 0, or 1024 to 65532 for 4 in a row"),
        ({"units_per_listener": 248}, "units_per_listener: saw 248, allowed is 1 to 247"),
        ({"tick_s": 0.0}, "tick_s: saw 0.0, allowed is 0.001 to 3600 seconds"),
    ],
)
def test_a_plant_that_cannot_be_is_refused(wrong: dict[str, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        PlantSize(**wrong)


async def test_modules_stand_beside_the_panels_one_product_after_the_other() -> None:
    async with running_plant(PlantSize(devices=1, modules=3, tick_s=3600.0)) as plant:
        listing = plant.module_listing()
        assert [(each["name"], each["product"]) for each in listing] == [
            ("module-1", 9),
            ("module-2", 20),
            ("module-3", 22),
        ]
        for each in listing:
            async with connected(each["port"]) as client:
                _id, _unit, pdu = await client.ask(1, 7, 1)
                assert int.from_bytes(pdu[2:], "big") == each["product"]
        assert plant.set_fault("module-2", Fault(FaultKind.STALL)) == ("module-2",)
        assert plant.set_fault("*", NO_FAULT) == ("panel-1", "module-1", "module-2", "module-3")
        assert plant.device("module-3").serial_number == listing[2]["serial_number"]
        with pytest.raises(ValueError, match="allowed are panel-1 to panel-1, module-1 to module-3, or"):
            plant.device("module-4")


def test_a_number_of_modules_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="modules: saw -1"):
        PlantSize(modules=-1)
