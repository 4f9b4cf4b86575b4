"""Every profile there is: its data file, its requests, and a simulated device of each product read value for value."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import get_args

import pytest
import trio

from supervision.registry import Registry
from supervision.testing import running
from t3actors.collect.modbus.blocks import MAX_REGISTERS, plan
from t3actors.collect.modbus.driver import ModbusDriver
from t3actors.collect.modbus.link import ModbusLink
from t3actors.collect.modbus.mapped import MappedDevice
from t3actors.collect.modbus.profiles import profiles, profiles_of
from t3actors.collect.modbus.requests import LinkSettings, role_of
from t3actors.config import DeviceConfig
from t3actors.config import Profile as ProfileName
from t3actors.errors import DeviceMismatch
from t3actors.events import silent
from t3actors.points import Kind, Reading
from t3actors.simulator.answers import Device
from t3actors.simulator.modbus_server import ModbusServer
from t3actors.simulator.module import SimulatedModule
from t3actors.simulator.modules import TYPES
from t3actors.simulator.panel import SimulatedPanel

MAPPED = {name: profile for name, profile in profiles().items() if isinstance(profile, MappedDevice)}
REV1 = {43: "t3-22i-rev1", 44: "t3-8ai8ao6do-rev1"}
HOUSE_UNITS = {
    "", "°C", "°F", "%", "%RH", "ppm", "ppb", "V", "mA", "psi", "inH₂O", "hPa", "g/kg", "kJ/kg", "lx", "dB", "µg/m³", "#/cm³",
    "counts",
}  # fmt: skip
SOURCE = re.compile(r"modbus_register\.sql device (\d+) reg (\d+)")


def test_the_configuration_knows_every_profile_and_no_other() -> None:
    assert set(get_args(ProfileName)) == set(profiles())


def test_the_products_that_are_asked_for_have_a_profile() -> None:
    wanted = {
        44: "t3-8ai8ao6do", 43: "t3-22i", 20: "t3-8ai13o", 22: "t3-32ai", 46: "t3-pt12", 9: "tstat8", 10: "t3-controller",
        210: "co2", 211: "co2", 216: "co2-node", 212: "humidity", 213: "humidity", 214: "pressure", 215: "pressure",
        62: "airlab", 60: "airlab", 35: "t3-controller", 50: "t3-controller", 74: "t3-controller", 88: "t3-controller",
    }  # fmt: skip
    assert {product: profiles_of(product)[0] for product in wanted} == wanted
    assert (profiles_of(10), profiles_of(199)) == (("t3-controller", "tstat10"), ())


@pytest.mark.parametrize("name", MAPPED)
def test_every_row_says_where_it_comes_from(name: str) -> None:
    for row in MAPPED[name].rows:
        found = SOURCE.search(row.source)
        assert found, row
        assert abs(int(found[2]) - row.register) <= 1, f"{row.id}: {row.source}"


@pytest.mark.parametrize("name", MAPPED)
def test_ids_and_indices_are_one_of_their_kind(name: str) -> None:
    plain = MAPPED[name].items(
        {want: [0x0101] for want in MAPPED[name].layout}, DeviceConfig(name="x", protocol="modbus", address="a").rules
    )
    assert len({row.id.lower() for row in MAPPED[name].rows}) == len(MAPPED[name].rows)
    assert len({(item.point.kind, item.point.point_index) for item in plain}) == len(plain)
    assert {item.point.units for item in plain} <= HOUSE_UNITS
    assert all(item.point.kind in set(Kind) for item in plain)


@pytest.mark.parametrize("name", profiles())
def test_every_map_is_read_in_few_legal_requests(name: str) -> None:
    profile = profiles()[name]
    for wants in (profile.identity, profile.layout, profile.everything()):
        for block in plan(wants):
            assert 1 <= block.size <= MAX_REGISTERS
            assert block.table == "holding"
    assert len(plan(profile.everything())) <= 10
    assert profile.most_points >= 1
    assert profile.title


# -------------------------------------------------------------------------------------------- against simulated devices


@asynccontextmanager
async def met(device: Device, profile: str, **more: object) -> AsyncIterator[ModbusDriver]:
    """A driver with this profile, and the device listening."""
    server = ModbusServer([device])
    async with trio.open_nursery() as nursery:
        await nursery.start(server.serve)
        registry = Registry()
        address = f"{server.host}:{server.port}"
        config = DeviceConfig(name="dut", protocol="modbus", address=address, profile=profile, timeout_s=60.0, **more)  # type: ignore[arg-type]
        link = ModbusLink(address, LinkSettings(per_poll=config.connection == "per_poll"), log=silent)
        async with running(link, name=role_of(address), registry=registry):
            yield ModbusDriver(config, registry, silent, trio.current_time)
        assert server.counts.writes == 0
        nursery.cancel_scope.cancel()


async def read_all(driver: ModbusDriver) -> dict[str, Reading]:
    opened = await driver.open()
    return {reading.point_id: reading for reading in await driver.read(opened.points)}


@pytest.mark.parametrize("product", TYPES)
async def test_every_point_of_a_simulated_device_is_read_with_its_value(product: int) -> None:
    module = SimulatedModule(product, seed=product, serial_number=700_000 + product)
    name = "tstat10" if product == 10 else profiles_of(product)[0]
    async with met(module, name, serial_number=module.serial_number) as driver:
        opened = await driver.open()
        assert opened.facts.serial_number == module.serial_number
        for again in range(3):
            true = {point_id: module.value(point_id) for point_id in module.point_ids}
            readings = {reading.point_id: reading for reading in await driver.read(opened.points)}
            assert {point_id: readings[point_id].value for point_id in true} == pytest.approx(true, abs=1e-9), again
            assert not [reading.reason for reading in readings.values() if reading.reason]
            module.advance(600.0)
    assert len(opened.points) == MAPPED[name].most_points


async def test_relays_of_a_tstat8_are_bits() -> None:
    module = SimulatedModule(9, 1, 5)
    module.set_register(254, 0b0100010)
    async with met(module, "tstat8") as driver:
        readings = await read_all(driver)
    assert [readings[f"OUT{number}"].value for number in range(1, 6)] == [0, 1, 1, 0, 1]
    assert [readings[f"OUT{number}"].auto_manual for number in range(1, 8)] == [0, 1, 0, 0, 0, 1, 0]


async def test_hands_and_switches_of_a_module_are_read_where_its_list_says() -> None:
    module = SimulatedModule(20, 1, 5)
    module.set_register(116, 0b01_00_10_10_10_10_01_00)
    module.set_register(117, 0b01_10_10_10_10)
    module.set_register(215, 0b1_0000_0000_0101)
    async with met(module, "t3-8ai13o") as driver:
        readings = await read_all(driver)
    switches = [readings[f"OUT{number}"].hw_switch for number in range(1, 14)]
    assert switches == [0, 2, 1, 1, 1, 1, 0, 2, 1, 1, 1, 1, 2]
    assert [number for number in range(1, 14) if readings[f"OUT{number}"].auto_manual] == [1, 3, 13]


async def test_a_broken_sensor_of_a_t3_22i_is_a_fault() -> None:
    module = SimulatedModule(43, 1, 5)
    module.set_register(379 + 3, 1)
    module.set_register(379 + 21, 2)
    async with met(module, "t3-22i") as driver:
        readings = await read_all(driver)
    assert {name: one.reason for name, one in readings.items() if one.reason} == {
        "IN4": "sensor open",
        "IN22": "sensor shorted",
    }


@pytest.mark.parametrize("product", REV1)
async def test_firmware_that_sends_hundredths_in_the_low_register_has_a_map_of_its_own(product: int) -> None:
    module = SimulatedModule(product, 1, 5)
    first = {43: 100, 44: 116}[product]
    true = {}
    for place, (code, analog, high, low, value) in enumerate(
        [(3, 1, 0, 2345, 23.45), (3, 1, 0, 0xFFF6, -0.1), (3, 0, 0, 1, 1), (15, 1, 2, 3, 131075), (11, 1, 0, 500, 5.0)]
    ):
        for register, word in ((first + 2 * place, high), (first + 2 * place + 1, low), (225 + place, code)):
            module.set_register(register, word)
        module.set_register({43: 269, 44: 157}[product] + place, analog)
        true[f"IN{place + 1}"] = value
    async with met(module, REV1[product]) as driver:
        readings = await read_all(driver)
    assert {name: readings[name].value for name in true} == true


@pytest.mark.parametrize(
    ("device", "profile", "said"),
    [
        (SimulatedModule(46, 1, 77), "t3-22i", "is T3-PT12 (46); profile t3-22i is the map of T3-22I (43)"),
        (
            SimulatedModule(210, 1, 77),
            "humidity",
            "is CO2-NET (210); profile humidity is the map of HUM-NET (212), HUM-RS485 (213)",
        ),
        (
            SimulatedModule(62, 1, 77),
            "t3-controller",
            "is AirLab (62); profile t3-controller is the map of TSTAT10 (10), MINIPANEL (35)",
        ),
        (SimulatedPanel(1, 77), "co2", "is MINIPANEL_ARM (74); profile co2 is the map of"),
    ],
)
async def test_another_product_is_refused_by_name(device: Device, profile: str, said: str) -> None:
    async with met(device, profile) as driver:
        with pytest.raises(DeviceMismatch) as refused:
            await driver.open()
    assert said in str(refused.value)
    assert refused.value.found == 77


async def test_another_product_under_the_same_serial_number_is_refused_after_a_new_connection() -> None:
    module = SimulatedModule(43, 1, 77)
    async with met(module, "t3-22i", connection="per_poll") as driver:
        opened = await driver.open()
        module.set_register(7, 46)
        with pytest.raises(DeviceMismatch, match="is T3-PT12"):
            await driver.read(opened.points)
