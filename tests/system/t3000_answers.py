"""What a T3000 answers: documents of both shapes, made to measure."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

KINDS = {"INPUT": ("IN", 64), "OUTPUT": ("OUT", 64), "VARIABLE": ("VAR", 128)}


def now_s() -> int:
    """The PC's clock."""
    return int(time.time())


def real_point(kind: str, number: int, panel_id: int, value: int = 0) -> dict[str, Any]:
    """One point as C++ writes it: thousandths, `index` from 0. Range 3 of an input: 10K Type 2, °C."""
    prefix, _ = KINDS[kind]
    point: dict[str, Any] = {
        "pid": panel_id, "type": kind, "index": number - 1, "id": f"{prefix}{number}", "command": f"{panel_id}{prefix}{number}",
        "description": f"{kind.title()} {number}", "label": f"{prefix}{number}", "auto_manual": 0, "value": value, "range": 3,
        "control": 0, "digital_analog": 1,
    }  # fmt: skip
    if kind == "INPUT":
        point |= {"unit": 3, "filter": 5, "calibration_sign": 0, "calibration_h": 0, "calibration_l": 0, "decom": 0}
    elif kind == "OUTPUT":
        point |= {"low_voltage": 0, "high_voltage": 10, "hw_switch_status": 1, "decom": 0}
    else:
        point |= {"unused": 0}
    return point


def real_panel(
    serial: int, panel_id: int = 1, *, at_s: int | None = None, counts: Iterable[int] = (4, 2, 3), value: int = 21500
) -> dict[str, Any]:
    """One panel as C++ writes it."""
    at_s = now_s() if at_s is None else at_s
    points = [
        real_point(kind, number, panel_id, value + number)
        for kind, count in zip(KINDS, counts, strict=True)
        for number in range(1, count + 1)
    ]
    return {
        "panel_id": panel_id, "panel_name": f"Panel {panel_id}", "panel_serial_number": serial, "panel_ipaddress": "192.168.1.100",
        "input_logging_time": at_s, "output_logging_time": at_s, "variable_logging_time": at_s, "device_data": points,
    }  # fmt: skip


def real(*panels: dict[str, Any]) -> str:
    """A LOGGING_DATA answer."""
    return json.dumps({"action": "LOGGING_DATA_RES", "data": list(panels)})


def documented(serial: int, *, at_s: int | None = None, value: float = 72.5) -> str:
    """The documented shape, one panel with one point of each kind."""
    at_s = now_s() if at_s is None else at_s

    def point(prefix: str, units: str) -> dict[str, Any]:
        return {
            "index": 1, "panel": 1, "full_label": f"{prefix} one", "value": value, "range": 4, "units": units, "status": 1,
            "timestamp": "2025-10-21T12:00:16Z", "id": f"{prefix}1",
        }  # fmt: skip

    info = {
        "panel_id": 1, "panel_name": "Building A Controller", "panel_serial_number": serial, "panel_ipaddress": "192.168.1.100",
        "input_logging_time": str(at_s), "output_logging_time": str(at_s), "variable_logging_time": str(at_s),
        "ip_address": "192.168.1.100", "port": 502, "modbus_address": 1, "bacnet_mstp_mac_id": 1,
    }  # fmt: skip
    device = {
        "device_info": info, "input_points": [point("IN", "Deg.F")], "output_points": [point("OUT", "%")],
        "variable_points": [point("VAR", "Deg.F")],
    }  # fmt: skip
    return json.dumps({"action": "LOGGING_DATA_RES", "timestamp": "2025-10-21T12:00:16Z", "devices": [device]})
