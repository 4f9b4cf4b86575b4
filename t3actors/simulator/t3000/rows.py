"""The points and monitors of a simulated panel as T3000 writes them into its JSON. Pure.

Always 64 inputs, 64 outputs and 128 variables, in use or not; `value` is in thousandths, `index` counts from 0 and `id` from 1.
Source: T3000/BacnetWebView.cpp, LOGGING_DATA and GET_WEBVIEW_LIST.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from t3actors.simulator.panel import SimulatedPanel

Row = dict[str, Any]

COUNTS = {"OUT": 64, "IN": 64, "VAR": 128, "MON": 12}
ENTRY_TYPES = {0: "OUT", 1: "IN", 2: "VAR", 9: "MON"}  # BAC_OUT, BAC_IN, BAC_VAR, BAC_AMON
TYPES = {"OUT": "OUTPUT", "IN": "INPUT", "VAR": "VARIABLE", "MON": "MON"}
WORDS = {"OUT": "Output", "IN": "Input", "VAR": "Variable"}
POINTS_IN_MONITOR = 14
STORED_INPUT = 2  # a monitor keeps BAC_IN + 1
MINUTE_MONITORS = 2  # so many are on, each a minute apart


def rows(panel: SimulatedPanel, prefix: str, first: int, last: int) -> list[Row]:
    """Give the entries of one kind from index `first` to `last`, those beyond the last one left out."""
    used = frozenset(panel.point_ids)
    make = _MAKERS[prefix]
    wanted = range(max(first, 0), min(last, COUNTS[prefix] - 1) + 1)
    return [_head(panel, prefix, index) | make(panel, f"{prefix}{index + 1}", used) for index in wanted]


def all_points(panel: SimulatedPanel) -> list[Row]:
    """Give all 256 points, in T3000's order."""
    return [row for prefix in ("IN", "OUT", "VAR") for row in rows(panel, prefix, 0, COUNTS[prefix] - 1)]


def _head(panel: SimulatedPanel, prefix: str, index: int) -> Row:
    point_id = f"{prefix}{index + 1}"
    return {
        "pid": panel.panel_number,
        "type": TYPES[prefix],
        "index": index,
        "id": point_id,
        "command": f"{panel.panel_number}{point_id}",
        "label": point_id,
    }


def _point(panel: SimulatedPanel, point_id: str, used: frozenset[str]) -> Row:
    """What points of every kind have."""
    in_use = point_id in used
    raw = panel.raw(point_id) if in_use else 0
    analog = in_use and panel.is_analog(point_id)
    prefix = point_id.rstrip("0123456789")
    return {
        "description": f"{WORDS[prefix]} {point_id.removeprefix(prefix)}" if in_use else "",
        "auto_manual": 0,
        "value": raw,
        "control": int(in_use and not analog and raw != 0),
        "digital_analog": int(analog),
        "range": panel.range_code(point_id) if in_use else 0,
    }


def _input(panel: SimulatedPanel, point_id: str, used: frozenset[str]) -> Row:
    row = _point(panel, point_id, used)
    return row | {
        "unit": row["range"], "filter": 5, "calibration_sign": 0, "calibration_h": 0, "calibration_l": 0, "decom": 0,
    }  # fmt: skip


def _output(panel: SimulatedPanel, point_id: str, used: frozenset[str]) -> Row:
    volts = {"low_voltage": 0, "high_voltage": 10, "hw_switch_status": 1, "decom": 0}
    return _point(panel, point_id, used) | volts


def _variable(panel: SimulatedPanel, point_id: str, used: frozenset[str]) -> Row:
    return _point(panel, point_id, used) | {"unused": 0}


def _monitor(panel: SimulatedPanel, monitor_id: str, used: frozenset[str]) -> Row:
    number = int(monitor_id.removeprefix("MON"))
    inputs = [each for each in used if each.startswith("IN")] if number <= MINUTE_MONITORS else []
    kept = min(len(inputs), POINTS_IN_MONITOR)
    places = range(POINTS_IN_MONITOR)
    return {
        "hour_interval_time": 0,
        "minute_interval_time": number if kept else 0,
        "second_interval_time": 0,
        "status": int(kept > 0),
        "num_inputs": kept,
        "an_inputs": sum(panel.is_analog(f"IN{place + 1}") for place in range(kept)),
        "range": [panel.range_code(f"IN{place + 1}") if place < kept else 0 for place in places],
        "input": [_monitored(panel.panel_number, place) if place < kept else _monitored(0, 0) for place in places],
    }


def _monitored(panel_number: int, place: int) -> Row:
    return {
        "panel": panel_number, "sub_panel": 0, "point_type": STORED_INPUT if panel_number else 0,
        "point_number": place, "network": 0,
    }  # fmt: skip


_MAKERS: Mapping[str, Callable[[SimulatedPanel, str, frozenset[str]], Row]] = {
    "IN": _input, "OUT": _output, "VAR": _variable, "MON": _monitor,
}  # fmt: skip
