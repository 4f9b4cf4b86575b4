"""Another panel at a known address: never a value of the one under the serial number of the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from t3actors.simulator.plant import Plant, PlantSize, running_plant
from tests.system.house import House, config_of, gateway_running, panel
from tests.system.relay import relaying
from tests.waiting import until


def ports(plant: Plant) -> list[int]:
    return [row["port"] for row in plant.listing()]


def bands(plant: Plant) -> None:
    """Each panel's IN1 says which panel it is."""
    for number, simulated in enumerate(plant.panels.values(), start=1):
        simulated.set("IN1", 10.0 * number)


def samples(house: House) -> list[tuple[int, float]]:
    return house.rows("SELECT serial_number, value FROM TRENDLOG_DATA WHERE point_id = 'IN1' AND value IS NOT NULL")


@pytest.mark.parametrize("connection", ["persistent", "per_poll"])
async def test_a_panel_exchanged_between_two_polls_is_refused_where_a_serial_number_is_configured(
    tmp_path: Path, connection: str
) -> None:
    async with running_plant(PlantSize(2, seed=5, tick_s=3600.0)) as plant:
        bands(plant)
        first, second = plant.panels.values()
        async with relaying(ports(plant)[0]) as relay:
            device = panel("ahu-1", relay.port, serial_number=first.serial_number, connection=connection)
            async with gateway_running(config_of([device], tmp_path)) as house:
                await until(lambda: house.point_statuses("ahu-1") == {"ok"})
                relay.lead_to(ports(plant)[1])
                await until(lambda: house.log.of("device.mismatched", found_serial=second.serial_number))
                await until(lambda: house.point_statuses("ahu-1") == {"down"})
                assert {value for _, value in samples(house)} == {10.0}
                relay.lead_to(ports(plant)[0])
                await until(lambda: house.point_statuses("ahu-1") == {"ok"})


async def test_an_exchange_that_nothing_forbids_is_said_and_met_anew_before_a_value_is_stored(tmp_path: Path) -> None:
    async with running_plant(PlantSize(2, seed=5, tick_s=3600.0)) as plant:
        bands(plant)
        first, second = plant.panels.values()
        async with relaying(ports(plant)[0]) as relay:
            async with gateway_running(config_of([panel("ahu-1", relay.port)], tmp_path)) as house:
                await until(lambda: house.point_statuses("ahu-1") == {"ok"})
                relay.lead_to(ports(plant)[1])
                await until(lambda: (second.serial_number, 20.0) in samples(house))
                said = house.log.of("device.exchanged", device="ahu-1")
                assert [line["was_serial_number"] for line in said] == [first.serial_number]
                assert house.one("SELECT serial_number FROM DEVICES") == second.serial_number
