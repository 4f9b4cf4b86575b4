from __future__ import annotations

from typing import Any

import pytest

from t3actors.points import DeviceStatus, Status
from t3actors.store.webview.shape import (
    SourceDevice,
    SourcePoint,
    calibration_columns,
    device_fallbacks,
    device_row,
    panel_of,
    point_row,
    serial_of,
    value_columns,
)


def device(**more: Any) -> SourceDevice:
    fields: dict[str, Any] = dict.fromkeys(SourceDevice.__struct_fields__)
    fields |= {"device_id": 3, "serial_number": 12345, "name": "ahu-1", "protocol": "modbus", "address": "10.0.0.1:502"}
    return SourceDevice(**(fields | {"status": DeviceStatus.ONLINE} | more))


def a_point(**more: Any) -> SourcePoint:
    fields: dict[str, Any] = {
        "kind": 0, "point_index": 5, "point_id": "IN5", "number": 5, "label": "SAT", "full_label": "Supply air", "raw": 21500,
        "units": "°C", "range_code": 3, "states": (), "digital": False, "auto_manual": 0, "status": Status.OK, "calibration": None,
    }  # fmt: skip
    return SourcePoint(**(fields | more))


@pytest.mark.parametrize(
    ("serial", "key"),
    [(12345, 12345), (2_147_483_647, 2_147_483_647), (2_147_483_648, 2_000_000_003), ((1 << 32) + 3, 2_000_000_003)],
)
def test_a_serial_that_t3000_s_reader_cannot_hold_is_stood_in_for(serial: int, key: int) -> None:
    assert serial_of(device(serial_number=serial)) == key
    assert serial_of(device(serial_number=serial, surrogate=2_000_000_003)) == key


@pytest.mark.parametrize(
    ("own", "there", "panel"),
    [
        (7, {"PanelId": 9}, 7),
        (None, {"PanelId": 9, "Panel_Number": 8}, 9),
        (None, {"PanelId": None, "Panel_Number": 8}, 8),
        (None, {"PanelId": 0}, 1003),
        (0, {}, 1003),
        (None, {"PanelId": "x"}, 1003),
    ],
)
def test_a_panel_number_is_the_device_s_own_or_t3000_s_or_a_lasting_one(
    own: int | None, there: dict[str, Any], panel: int
) -> None:
    assert panel_of(device(panel_id=own), there) == panel


def test_a_panel_s_row_says_what_the_panel_says_and_nothing_where_it_says_nothing() -> None:
    row = device_row(
        device(panel_name="AHU", building_name="B1", ip_address="10.0.0.1", port=502, modbus_address=1, object_instance=99,
               model="MINIPANEL", firmware="51.3"), 7, 35,
    )  # fmt: skip
    assert row == {
        "PanelId": 7, "Panel_Number": 7, "Network_Number": None, "Building_Name": "B1", "show_label_name": "AHU",
        "Product_Name": "MINIPANEL", "Product_ID": 35, "ip_address": "10.0.0.1", "port": 502, "modbus_port": 502, "bacnet_ip_port": None,
        "modbus_address": 1, "bacnet_mstp_mac_id": None, "object_instance": 99, "firmware_version": 51.3, "Status": "Online",
        "is_online": 1,
    }  # fmt: skip


def test_a_number_that_t3000_s_reader_cannot_hold_is_left_out() -> None:
    row = device_row(device(modbus_address=256, port=65_536, object_instance=4_194_304, firmware="1.2.3-beta"), 1, None)
    assert {row[name] for name in ("modbus_address", "port", "modbus_port", "object_instance", "firmware_version")} == {
        None
    }


def test_a_device_that_says_nothing_is_called_by_its_name() -> None:
    fallbacks = device_fallbacks(device(protocol="bacnet"), None)
    assert (fallbacks["show_label_name"], fallbacks["Product_Name"]) == ("ahu-1", "BACnet device")


def test_a_point_s_row_counts_its_index_from_0_and_its_id_from_1() -> None:
    assert point_row(a_point(), 7) == {
        "Id": "IN5", "Panel": "7", "Full_Label": "Supply air", "Label": "SAT", "Units": "Deg.C", "Range_Field": "3",
        "Digital_Analog": "1", "Type_Field": "7IN5", "fValue": "21500", "Control": None, "Status": "0", "Auto_Manual": "0",
    }  # fmt: skip


def test_a_point_that_is_not_called_so_keeps_its_name_as_label() -> None:
    row = point_row(a_point(point_id="supply-temp", label="", full_label=""), 7)
    assert (row["Id"], row["Full_Label"], row["Label"]) == ("IN5", "supply-temp", "supply-temp")
    row = point_row(a_point(label="", full_label=""), 7)
    assert (row["Full_Label"], row["Label"]) == (None, None)  # the panel's own: T3000 knows


@pytest.mark.parametrize(("raw", "value", "control"), [(0, "0", "0"), (1000, "1000", "1"), (None, None, None)])
def test_a_digital_point_is_0_or_1000_and_its_control_0_or_1(
    raw: int | None, value: str | None, control: str | None
) -> None:
    cells = value_columns(raw, Status.OK, None, digital=True)
    assert (cells["fValue"], cells["Control"]) == (value, control)


def test_a_value_that_is_not_good_leaves_the_last_and_says_why_it_is_not() -> None:
    assert value_columns(None, Status.DOWN, None, digital=False) == {
        "fValue": None, "Control": None, "Status": "down", "Auto_Manual": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("calibration", "text", "high", "low", "sign"),
    [
        (0.0, "0", "0", "0", "0"),
        (1.5, "1.5", "0", "15", "0"),
        (-30.2, "30.2", "1", "46", "1"),
        (6553.5, "6553.5", "255", "255", "0"),
    ],
)
def test_a_calibration_is_split_into_tenths_and_a_sign(
    calibration: float, text: str, high: str, low: str, sign: str
) -> None:
    assert calibration_columns(calibration) == {
        "Calibration": text, "Calibration_H": high, "Calibration_L": low, "Calibration_Sign": sign, "Sign": sign,
    }  # fmt: skip


@pytest.mark.parametrize("calibration", [None, 6553.6, float("nan"), float("-inf")])
def test_a_calibration_that_does_not_fit_is_left_as_it_is(calibration: float | None) -> None:
    assert calibration_columns(calibration) == {}
