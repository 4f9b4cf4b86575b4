"""Answers put together by serial number."""

from __future__ import annotations

from typing import Any

import pytest

from t3actors.collect.t3000 import scanned_panels
from t3actors.collect.t3000.scan import ScannedPanel, SubnetStatus
from t3actors.collect.t3000.scanned_panels import ScannedPanels


def panel(serial: int = 1, at: str = "10.0.0.1", **more: Any) -> ScannedPanel:
    values: dict[str, Any] = {"product": 74, "modbus_id": 1, "modbus_port": 502, "parent_serial": 0, **more}
    return ScannedPanel(serial_number=serial, ip_address=at, **values)


def told(*answers: ScannedPanel | SubnetStatus) -> ScannedPanels:
    found = ScannedPanels()
    for one in answers:
        found.take(one, "10.0.0.9")
    return found


def serials(found: ScannedPanels) -> list[int]:
    return [one.panel.serial_number for one, _ in found.listed()]


def test_the_same_device_heard_again_is_one_and_its_newest_answer_counts() -> None:
    found = told(panel(name="old"), panel(name="new"), panel(name="new"))
    ((one, first),) = found.listed()
    assert (one.panel.name, one.address, one.sender, first, len(found)) == ("new", "10.0.0.1:502", "10.0.0.9", None, 1)


def test_one_serial_number_at_two_addresses_is_a_conflict_and_the_first_keeps_it() -> None:
    found = told(panel(at="10.0.0.7"), panel(at="10.0.0.2"), panel(at="10.0.0.2"))
    listed = {one.address: first and first.address for one, first in found.listed()}
    assert listed == {"10.0.0.7:502": None, "10.0.0.2:502": "10.0.0.7:502"}


@pytest.mark.parametrize("own_first", [True, False])
def test_a_device_that_answers_itself_is_not_in_conflict_with_the_panel_that_answers_for_it(own_first: bool) -> None:
    own, behind = panel(at="10.0.0.2"), panel(at="10.0.0.1", parent_serial=99)
    ((one, first),) = told(*([own, behind] if own_first else [behind, own])).listed()
    assert (one.address, first) == ("10.0.0.2:502", None)


def test_they_are_listed_by_address_and_unit_as_numbers() -> None:
    found = told(panel(1, "10.0.0.10"), panel(2, "10.0.0.9", modbus_id=10), panel(3, "10.0.0.9", modbus_id=9))
    assert serials(found) == [3, 2, 1]


def test_port_0_is_502() -> None:
    ((one, _),) = told(panel(modbus_port=0)).listed()
    assert one.address == "10.0.0.1:502"


def test_a_boot_loader_is_listed_apart_until_its_program_runs() -> None:
    found = told(panel(1, isp_mode=1), panel(2, isp_mode=2))
    assert (serials(found), [one.panel.serial_number for one in found.in_boot_loader()]) == ([], [1, 2])
    found.take(panel(1, isp_mode=0), "10.0.0.9")
    assert (serials(found), [one.panel.serial_number for one in found.in_boot_loader()]) == ([1], [2])


def test_a_panel_says_which_of_its_devices_are_on_line() -> None:
    found = told(panel(1), panel(2, parent_serial=1, modbus_id=5), panel(3, parent_serial=1, modbus_id=6))
    found.take(SubnetStatus(1, ((5, True), (6, False))), "10.0.0.9")
    assert {one.panel.serial_number: one.online for one, _ in found.listed()} == {1: None, 2: True, 3: False}


def test_a_flood_is_counted_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanned_panels, "KEPT", 2)
    found = told(*(panel(serial) for serial in range(1, 6)), *(panel(serial, isp_mode=1) for serial in range(11, 16)))
    found.take(panel(1, name="again"), "10.0.0.9")
    assert (serials(found), found.ignored, len(list(found.in_boot_loader()))) == ([1, 2], 3, 2)
