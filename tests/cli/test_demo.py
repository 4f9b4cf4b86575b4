"""`t3actors demo`: what can be said of it without starting one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from t3actors.cli.demo import _log_file, simulated
from t3actors.cli.demo_plant import BacnetListed, Listing, PanelListed, SimulatedPlant, demo_config, presets, shares
from t3actors.cli.demo_screen import MOST_DEVICES, some_of_each
from t3actors.errors import StoreUnreachable
from t3actors.rows import DeviceRow
from t3actors.simulator.bacnet.abilities import Preset

LISTING = Listing(
    panels=(PanelListed("panel-1", "127.0.0.1", 1001, 7, 42), PanelListed("panel-2", "127.0.0.1", 1002, 1, 43)),
    bacnet=(
        BacnetListed("bacnet-1", "127.0.0.1", 2001, 99, Preset.T3000),
        BacnetListed("bacnet-2", "127.0.0.1", 2002, 100, Preset.GENERIC),
    ),
)


def row(name: str, protocol: str) -> DeviceRow:
    fields = dict.fromkeys(DeviceRow.__struct_fields__) | {"name": name, "protocol": protocol}
    return DeviceRow(**fields)  # type: ignore[arg-type]


def test_a_directory_that_takes_no_log_is_told_as_one_that_takes_no_database(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnreachable, match="cannot be created"):
        _log_file(tmp_path / "file" / "t3actors.log")


@pytest.mark.parametrize(
    ("devices", "modbus", "bacnet"), [(1, 1, 0), (2, 1, 1), (5, 3, 2), (8, 4, 4), (1000, 500, 500)]
)
def test_half_of_the_devices_speak_bacnet(devices: int, modbus: int, bacnet: int) -> None:
    assert shares(devices) == (modbus, bacnet)
    assert len(presets(bacnet)) == bacnet


def test_the_first_bacnet_devices_are_a_panel_and_another_vendors() -> None:
    assert presets(2) == (Preset.T3000, Preset.GENERIC)


def test_of_the_awkward_devices_there_is_one_each_however_many_there_are() -> None:
    assert not {Preset.APDU_206, Preset.NO_RPM} & set(presets(3))
    for bacnet in (4, 500):
        kinds = Counter(presets(bacnet))
        assert (kinds[Preset.APDU_206], kinds[Preset.NO_RPM]) == (1, 1)
        assert kinds[Preset.T3000] >= kinds[Preset.GENERIC] >= 1


def test_every_device_is_polled_each_second_and_the_protocols_take_turns(tmp_path: Path) -> None:
    config = demo_config(LISTING, tmp_path)
    assert [device.name for device in config.devices] == ["panel-1", "bacnet-1", "panel-2", "bacnet-2"]
    assert {device.rules.poll_interval_s for device in config.devices} == {1.0}
    panel, bacnet = config.devices[:2]
    assert (panel.protocol, panel.address, panel.unit_id, panel.serial_number) == ("modbus", "127.0.0.1:1001", 7, 42)
    assert (bacnet.protocol, bacnet.address, bacnet.instance) == ("bacnet", "127.0.0.1:2001", 99)


def test_a_device_that_takes_a_request_for_each_property_is_polled_less_often(tmp_path: Path) -> None:
    slow = BacnetListed("bacnet-1", "127.0.0.1", 2001, 99, Preset.NO_RPM)
    assert demo_config(Listing(bacnet=(slow,)), tmp_path).devices[0].rules.poll_interval_s == 5.0


def test_the_gateway_has_a_free_port_on_loopback_and_none_without_bacnet(tmp_path: Path) -> None:
    bacnet = demo_config(LISTING, tmp_path).bacnet
    assert bacnet is not None
    assert bacnet.interface == "127.0.0.1"
    assert bacnet.port not in {0, 47808, 2001, 2002}
    assert demo_config(Listing(panels=LISTING.panels), tmp_path).bacnet is None


def test_its_page_is_served_on_loopback_at_a_free_port(tmp_path: Path) -> None:
    listen = [demo_config(LISTING, tmp_path).api.listen for _ in range(2)]
    assert all(each.startswith("127.0.0.1:") and int(each.rpartition(":")[2]) > 1023 for each in listen)


def test_the_demo_says_what_it_simulates() -> None:
    said = "Simulated devices: 2 Modbus TCP (T3 panels) and 2 BACnet/IP (1 t3000, 1 generic)"
    assert simulated(LISTING) == said
    assert simulated(Listing(panels=LISTING.panels)) == "Simulated devices: 2 Modbus TCP (T3 panels)"


def test_the_simulated_devices_are_those_that_were_asked_for_each_at_an_address_of_its_own() -> None:
    with SimulatedPlant(4, seed=1) as plant:
        assert [panel.name for panel in plant.listing.panels] == ["panel-1", "panel-2"]
        assert [device.preset for device in plant.listing.bacnet] == [Preset.T3000, Preset.GENERIC]
        assert len({(device.host, device.port) for device in plant.listing.bacnet}) == 2


def test_a_screen_that_is_too_small_shows_some_of_each_protocol() -> None:
    rows = [row(f"bacnet-{n}", "bacnet") for n in range(100)] + [row(f"panel-{n}", "modbus") for n in range(100)]
    assert Counter(each.protocol for each in some_of_each(rows)) == {"bacnet": 15, "modbus": 15}
    few = [row("bacnet-1", "bacnet"), *rows[100:]]
    assert Counter(each.protocol for each in some_of_each(few)) == {"bacnet": 1, "modbus": MOST_DEVICES - 1}
    assert some_of_each(rows[:3]) == rows[:3]
