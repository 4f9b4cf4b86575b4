"""What a scan found, as rows and as configuration."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from t3actors.cli.found_panels import Row, conflicts_of, file_text, resting, rows_of
from t3actors.collect.t3000.scan import ScannedPanel
from t3actors.collect.t3000.scanned_panels import ScannedPanels
from t3actors.configure.file import load


def panel(serial: int = 1, product: int = 74, unit: int = 1, **more: Any) -> ScannedPanel:
    values: dict[str, Any] = {"ip_address": "10.0.0.1", "modbus_port": 502, "parent_serial": 0, "version": 643, **more}
    return ScannedPanel(serial_number=serial, product=product, modbus_id=unit, **values)


FITTING = {74: ("t3-controller",), 88: ("t3-controller",), 43: ("t3-22i", "t3-22i-rev1")}


def found(*answers: ScannedPanel) -> ScannedPanels:
    panels = ScannedPanels()
    for one in answers:
        panels.take(one, "10.0.0.9")
    return panels


def rows(*answers: ScannedPanel) -> list[Row]:
    return rows_of(found(*answers).listed(), lambda product: FITTING.get(product, ()))


def test_a_row_has_its_stable_keys() -> None:
    (row,) = rows(panel(12, name="lobby", panel_number=5, object_instance=77, isp_mode=0, bacnet_port=47809))
    config = row.pop("config")
    assert row == {
        "name": "t3-12", "serial_number": 12, "product": 74, "model": "MINIPANEL_ARM", "label": "lobby", "address": "10.0.0.1:502",
        "unit_id": 1, "profile": "t3-controller", "parent_serial": None, "online": None, "panel_number": 5, "instance": 77,
        "bacnet_port": 47809, "firmware": "64.3", "hardware": None, "subnet_protocol": None, "command_version": None,
        "mini_type": None, "answered_from": "10.0.0.9", "conflict": None,
    }  # fmt: skip
    assert config == (
        '[[devices]]  # MINIPANEL_ARM (product 74), firmware 64.3, "lobby"\nname = "t3-12"\nprotocol = "modbus"\n'
        'address = "10.0.0.1:502"\nunit_id = 1\nserial_number = 12\nprofile = "t3-controller"\n'
        '# Over BACnet, with labels: protocol = "bacnet", address = "10.0.0.1:47809", instance = 77\n'
    )


def test_another_profile_that_fits_is_named_beside_the_usual_one() -> None:
    (row,) = rows(panel(product=43))
    assert row["profile"] == "t3-22i"
    assert 'profile = "t3-22i"  # or "t3-22i-rev1"\n' in row["config"]


def test_a_device_behind_a_panel_is_polled_through_it() -> None:
    own, behind = rows(panel(1), panel(2, unit=9, parent_serial=1, subnet_protocol=1, object_instance=7))
    assert (own["parent_serial"], behind["parent_serial"], behind["unit_id"]) == (None, 1, 9)
    assert "behind serial number 1" in behind["config"]
    assert "BACnet" not in behind["config"]
    assert behind["config"].startswith("[[devices]]")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (panel(product=199), "No profile reads this product"),
        (panel(unit=0), "Its Modbus id is 0"),
        (panel(unit=250), "Its Modbus id is 250"),
        (panel(unit=3, parent_serial=9, subnet_protocol=12), "It is on MS/TP behind its panel"),
    ],
)
def test_what_cannot_be_polled_is_commented_out_and_says_why(answer: ScannedPanel, why: str) -> None:
    (row,) = rows(answer)
    lines = row["config"].splitlines()
    assert lines[0].startswith(f"# {why}")
    assert all(line.startswith("#") for line in lines)
    assert "# serial_number = 1" in lines
    assert (row["profile"], row["conflict"]) == (None, None)


def test_a_serial_number_at_two_addresses_is_told_and_only_the_first_is_polled() -> None:
    first, later = rows(panel(5), panel(5, ip_address="10.0.0.2"))
    assert (first["conflict"], later["conflict"], later["name"]) == (None, "serial number of 10.0.0.1:502", "t3-5-2")
    assert conflicts_of([first, later]) == [
        "conflict: t3-5-2 at 10.0.0.2:502 unit 1 has the serial number of 10.0.0.1:502: give one of them its own"
    ]
    assert later["config"].startswith("# CONFLICT")


def test_two_units_of_one_id_behind_one_panel_are_told_and_only_the_first_is_polled() -> None:
    taken = rows(panel(5), panel(6), panel(7))
    assert [row["conflict"] for row in taken] == [None, *["address and unit id of t3-5"] * 2]


def test_who_is_in_its_boot_loader_is_told() -> None:
    told = resting(found(panel(1, isp_mode=1), panel(2, isp_mode=2)).in_boot_loader())
    assert told[0].startswith("left out: MINIPANEL_ARM, serial number 1, at 10.0.0.1:502: its boot loader runs")
    assert told[1].endswith("its boot loader says it is damaged")


def test_the_file_is_accepted_whatever_was_found(tmp_path: Path) -> None:
    everything = [
        panel(1, name='odd "\x1b]0;\n[[x]]', object_instance=4194303),
        panel(2, product=199),
        panel(3),
        panel(1, ip_address="10.0.0.2"),
        panel(4, unit=9, parent_serial=1, subnet_protocol=12),
        panel(5, 88, 250, name="\\"),
        panel(6, 88, 255, ip_address="10.0.0.3", modbus_port=0, mini_type=15),
    ]
    text = file_text(rows(*everything))
    tomllib.loads(text)
    assert "\x1b" not in text
    (tmp_path / "found.toml").write_text(text, encoding="utf-8")
    config = load(tmp_path / "found.toml")
    assert {device.serial_number for device in config.devices} == {1, 6}
    assert {(device.address, device.unit_id) for device in config.devices} == {
        ("10.0.0.1:502", 1),
        ("10.0.0.3:502", 255),
    }


def test_nothing_found_is_still_a_file(tmp_path: Path) -> None:
    (tmp_path / "found.toml").write_text(file_text([]), encoding="utf-8")
    assert load(tmp_path / "found.toml").devices == ()
