"""One device and its points as the rows of T3000's tables. Pure; the recipe is in decision 10.

A value of None means in every row: what stands there stays. T3000's own program fills the same rows, and knows things that
this gateway does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from t3actors.points import DeviceStatus, Kind, Status
from t3actors.store.webview import spelling

MOST_SERIAL = 2_147_483_647  # T3000's reader holds it in 32 bits, with a sign
SURROGATE = 2_000_000_000  # + device_id
LASTING_PANEL = 1000  # + device_id: no panel has such a number, for theirs go from 1 to 254
KINDS = (Kind.INPUT, Kind.OUTPUT, Kind.VARIABLE)
TABLES = ("INPUTS", "OUTPUTS", "VARIABLES")
POINT_TYPES = ("INPUT", "OUTPUT", "VARIABLE")
PREFIXES = ("IN", "OUT", "VAR")
ID_COLUMNS = ("InputId", "OutputId", "VariableId")
INDEX_COLUMNS = ("Input_Index", "Output_Index", "Variable_Index")

Cell = str | int | float | None
_VERSION = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")


class SourceDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device as our own DEVICES has it."""

    device_id: int
    serial_number: int
    name: str
    protocol: str
    panel_id: int | None
    panel_name: str | None
    building_name: str | None
    address: str
    ip_address: str | None
    port: int | None
    modbus_address: int | None
    bacnet_network: int | None
    bacnet_mstp_mac_id: int | None
    object_instance: int | None
    model: str | None
    firmware: str | None
    status: DeviceStatus
    surrogate: int | None
    """The key that was given to it in T3000's tables when it had none that fits there."""


class SourcePoint(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A point as our own table of its kind has it; `number` is the n of its "IN<n>", `raw` its value x 1000."""

    kind: int
    point_index: int
    point_id: str
    number: int
    label: str
    full_label: str
    raw: int | None
    units: str
    range_code: int | None
    states: tuple[str, ...]
    digital: bool
    auto_manual: int | None
    status: Status
    calibration: float | None


def serial_of(device: SourceDevice) -> int:
    """Return the device's key in T3000's tables: its serial number, or a lasting one of ours where that is too large or none.

    A device that never reported one has 2^32 + device_id in our own tables.
    """
    if device.serial_number <= MOST_SERIAL:
        return device.serial_number
    return device.surrogate or SURROGATE + device.device_id


def panel_of(device: SourceDevice, there: Mapping[str, Cell]) -> int:
    """Return its panel number: its own; the one that T3000 has written of it; or a lasting one of ours."""
    for number in (device.panel_id, there.get("PanelId"), there.get("Panel_Number")):
        if isinstance(number, int) and 0 < number <= MOST_SERIAL:
            return number
    return LASTING_PANEL + device.device_id


def device_row(device: SourceDevice, panel: int, product_id: int | None) -> dict[str, Cell]:
    """Return what the device says of itself: it replaces what is there."""
    status, is_online = spelling.device_status_of(device.status)
    port = _within(device.port, 65_535)
    version = _VERSION.fullmatch(device.firmware or "")
    return {
        "PanelId": panel,
        "Panel_Number": panel,
        "Network_Number": _within(device.bacnet_network, 65_535),
        "Building_Name": device.building_name,
        "show_label_name": device.panel_name,
        "Product_Name": device.model,
        "Product_ID": product_id,
        "ip_address": device.ip_address,
        "port": port,
        "modbus_port": port if device.protocol == "modbus" else None,
        "bacnet_ip_port": port if device.protocol == "bacnet" else None,
        "modbus_address": _within(device.modbus_address, 255),
        "bacnet_mstp_mac_id": _within(device.bacnet_mstp_mac_id, MOST_SERIAL),
        "object_instance": _within(device.object_instance, 4_194_303),
        "firmware_version": float(version[0]) if version else None,
        "Status": status,
        "is_online": is_online,
    }


def device_fallbacks(device: SourceDevice, product_id: int | None) -> dict[str, Cell]:
    """Return what stands in for columns that nobody has filled."""
    protocol = {"modbus": "Modbus", "bacnet": "BACnet"}.get(device.protocol, device.protocol.upper())
    return {
        "show_label_name": device.name,
        "Product_Name": f"{protocol} device",
        "Product_Class_ID": product_id,
        "Building_Name": device.panel_name or device.name,
        "Address": device.address,
        "Bautrate": device.ip_address,
        "connection_type": protocol,
        "Description": device.name,
    }


def point_row(point: SourcePoint, panel: int) -> dict[str, str | None]:
    """Return a point's row but for its serial number and its index. Columns have no prefix of their kind; the id is `Id`."""
    kind = KINDS[point.kind]
    xid = id_of(point.kind, point.number)
    own_name = None if point.point_id == xid else point.point_id
    described = (kind, point.units, point.range_code, point.states)
    return {
        "Id": xid,
        "Panel": str(panel),
        "Full_Label": point.full_label or point.label or own_name,
        "Label": point.label or own_name,
        "Units": spelling.units_of(*described, digital=point.digital),
        "Range_Field": spelling.range_of(*described, digital=point.digital),
        "Digital_Analog": "0" if point.digital else "1",
        "Type_Field": f"{panel}{xid}",
        **calibration_columns(point.calibration),
        **value_columns(point.raw, point.status, point.auto_manual, digital=point.digital),
    }


def value_columns(raw: int | None, status: Status, auto_manual: int | None, *, digital: bool) -> dict[str, str | None]:
    """Return what changes with a point's value. `Control` is a digital point's state, 0 or 1; its `fValue` 0 or 1000."""
    return {
        "fValue": None if raw is None else str(raw),
        "Control": None if raw is None or not digital else str(int(raw != 0)),
        "Status": spelling.status_of(status),
        "Auto_Manual": None if auto_manual is None else str(auto_manual),
    }


def calibration_columns(calibration: float | None) -> dict[str, str | None]:
    """Return the calibration as T3000 splits it: tenths, high and low byte, and a sign that is "1" for minus."""
    if calibration is None or not abs(calibration) <= 6553.5:
        return {}
    tenths, sign = round(abs(calibration) * 10), "1" if calibration < 0 else "0"
    return {
        "Calibration": f"{tenths / 10:g}",
        "Calibration_H": str(tenths >> 8),
        "Calibration_L": str(tenths & 255),
        "Calibration_Sign": sign,
        "Sign": sign,
    }


def id_of(kind: int, number: int) -> str:
    """Return "IN<n>", "OUT<n>" or "VAR<n>": the front end orders by the number in it."""
    return f"{PREFIXES[kind]}{number}"


def index_of(number: int) -> int:
    """Return the index that T3000 gives the point of that number: it counts from 0."""
    return number - 1


def _within(number: int | None, most: int) -> int | None:
    return number if number is not None and 0 <= number <= most else None
