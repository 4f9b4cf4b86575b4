"""A gateway that starts again knows its devices: it asks them little before it polls, and stores nothing under what is no longer so."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from t3actors.collect.bacnet.memory import DESCRIPTION, LIMITS
from t3actors.config import Config
from t3actors.simulator.bacnet import tags
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.plant import ALONE, BacnetPlantSize
from t3actors.simulator.bacnet.point_objects import build_point
from t3actors.simulator.bacnet.words import Confirmed, ObjectType, Property
from t3actors.simulator.signals import INPUT_PROFILES, Signal
from tests.system.building import STILL, Building, Resident, running_building, well
from tests.system.house import House, config_of, gateway_running
from tests.system.stations import with_bacnet
from tests.waiting import WITHIN_S, until

FEW, FEW_WITHOUT_RPM = 8, 14
"""Requests before the first poll; a device without ReadPropertyMultiple says each thing about itself by itself, and one that has
refused much says each text by itself."""
DEGREES_CELSIUS, DEGREES_FAHRENHEIT = 62, 64
BEARS = 12  # properties in a request
LIMITED = BacnetFault(BacnetFaultKind.ABORT, code=1, service=Confirmed.READ_PROPERTY_MULTIPLE, above=BEARS)
KEPT = "SELECT count(*) FROM device_memory WHERE key = ?"
POINT = "SELECT units, value, label FROM POINTS WHERE name = ? AND point_id = ? AND status = 'ok'"
SAMPLES = (
    "SELECT DISTINCT units, value FROM TRENDLOG_DATA WHERE name = ? AND point_id = ? AND value IS NOT NULL ORDER BY 1"
)


def size(*presets: Preset) -> BacnetPlantSize:
    return BacnetPlantSize(len(presets), 31, PointCounts(6, 2, 2), presets, (ALONE,), tick_s=STILL)


def config_for(building: Building, data_dir: Path) -> Config:
    patient = [each.configured(timeout_s=WITHIN_S) for each in building]  # what is late is not asked for again
    return with_bacnet(config_of(patient, data_dir))


async def learned(config: Config, building: Building) -> dict[str, int]:
    """Have a gateway meet all devices, learn all there is, and stop in order; give how often each refused a request."""
    async with gateway_running(config) as house:
        await until(lambda: well(house, building, configured=True))
        everybody = len(building.residents)
        await until(lambda: house.one(KEPT, DESCRIPTION) == house.one(KEPT, LIMITS) == everybody)
    refused = {each.name: each.refused for each in building}
    for each in building:
        each.begin_anew()
    return refused


def before_the_first_poll(one: Resident) -> int:
    """How many requests came before the first that asked for a value."""
    return min(read.request for read in one.reads_of_points(Property.PRESENT_VALUE)) - 1


async def test_devices_that_are_known_are_asked_a_few_things_and_polled(tmp_path: Path) -> None:
    presets = (Preset.GENERIC, Preset.T3000, Preset.NO_RPM, Preset.APDU_50, Preset.GENERIC)
    async with running_building(size(*presets)) as building:
        building[5].suffer(LIMITED)
        config = config_for(building, tmp_path)
        refused = await learned(config, building)
        assert refused[building[5].name] > 0, "it was found out by probing"
        async with gateway_running(config) as house:
            await until(lambda: all(each.reads_of_points(Property.PRESENT_VALUE) for each in building))
            await until(lambda: well(house, building, configured=True))
            for each in building:
                few = FEW_WITHOUT_RPM if each in (building[3], building[5]) else FEW
                assert before_the_first_poll(each) <= few, each.name
                asked = {read.property_id for read in each.reads()}
                assert Property.OBJECT_LIST not in asked, each.name
                assert each.reads_of_points(Property.OBJECT_NAME) == [], each.name
                assert each.reads_of_points(Property.UNITS) == [], each.name
                assert each.refused == 0, f"{each.name}: what it bears is known"


async def test_a_device_without_a_database_revision_is_polled_at_once_and_described_again_meanwhile(
    tmp_path: Path,
) -> None:
    async with running_building(size(Preset.GENERIC)) as building:
        (one,) = building
        del one.device.object(one.device.device_id).properties[Property.DATABASE_REVISION]
        config = config_for(building, tmp_path)
        await learned(config, building)
        async with gateway_running(config) as house:
            await until(lambda: one.reads_of_points(Property.PRESENT_VALUE))
            await until(lambda: one.reads_of_points(Property.OBJECT_NAME))
            assert before_the_first_poll(one) <= FEW
            await until(lambda: well(house, building, configured=True))


def changed(one: Resident, *, revision: int) -> None:
    """The device is programmed anew: another unit, another name, an object more and one less."""
    device = one.device
    first = device.point("AI0")
    first.properties[Property.UNITS] = tags.enumerated(DEGREES_FAHRENHEIT)
    first.properties[Property.OBJECT_NAME] = tags.text("renamed")
    first.name = "renamed"
    device.set("AI0", 71.5)
    gone = device.points.pop("AV0")
    del device.objects[gone.object_id]
    profile = INPUT_PROFILES[0]
    added = build_point(
        ObjectType.ANALOG_INPUT, 500, "AI500", "added", "input", profile, Signal(profile, Random(1))
    )  # fmt: skip
    device.add(added)
    device.database_revision += revision


def point(house: House, name: str, point_id: str) -> tuple[object, ...] | None:
    rows = house.rows(POINT, name, point_id)
    return rows[0] if rows else None


@pytest.fixture
def before() -> tuple[str, float]:
    return ("°C", 21.25)


def prepared(one: Resident, before: tuple[str, float]) -> None:
    """AI0 has a unit and a value that no other time has."""
    one.point("AI0").properties[Property.UNITS] = tags.enumerated(DEGREES_CELSIUS)
    one.device.set("AI0", before[1])


async def test_a_device_whose_revision_has_changed_is_described_anew_and_no_value_is_stored_under_its_old_unit(
    tmp_path: Path, before: tuple[str, float]
) -> None:
    async with running_building(size(Preset.GENERIC)) as building:
        (one,) = building
        prepared(one, before)
        config = config_for(building, tmp_path)
        await learned(config, building)
        changed(one, revision=1)
        async with gateway_running(config) as house:
            await until(lambda: well(house, building, configured=True))
            await until(lambda: point(house, one.name, "AI0") == ("°F", 71.5, "renamed"))
            await until(lambda: point(house, one.name, "AI500"))
            status = "SELECT status FROM POINTS WHERE name = ? AND point_id = 'AV0'"
            await until(lambda: house.one(status, one.name) == "disabled")
            assert house.rows(SAMPLES, one.name, "AI0") == [before, ("°F", 71.5)]
            one.begin_anew()

        async with gateway_running(config) as house:
            await until(lambda: one.reads_of_points(Property.PRESENT_VALUE))
            assert one.reads_of_points(Property.OBJECT_NAME) == [], "the new description is kept in its turn"


async def test_a_device_that_never_says_that_it_was_changed_is_described_anew_after_a_restart(
    tmp_path: Path, before: tuple[str, float]
) -> None:
    async with running_building(size(Preset.GENERIC)) as building:
        (one,) = building
        prepared(one, before)
        del one.device.object(one.device.device_id).properties[Property.DATABASE_REVISION]
        config = config_for(building, tmp_path)
        await learned(config, building)
        changed(one, revision=0)
        async with gateway_running(config) as house:
            await until(lambda: point(house, one.name, "AI0") == ("°F", 71.5, "renamed"))
            await until(lambda: well(house, building, configured=True))
            assert house.rows(SAMPLES, one.name, "AI0") == [before, ("°F", 71.5)]
