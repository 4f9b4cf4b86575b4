"""Panels that hypothesis makes up, and the way back: from points and readings to what T3000 would write of them."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from hypothesis import strategies as st

from t3actors.collect.t3000.meaning import AS_GIVEN, STATE, THOUSANDTHS
from t3actors.points import DeviceFacts, Kind, Point, Reading, Status
from t3actors.ranges import meaning

PREFIXES = {Kind.INPUT: "IN", Kind.OUTPUT: "OUT", Kind.VARIABLE: "VAR"}
TYPES = {Kind.INPUT: "INPUT", Kind.OUTPUT: "OUTPUT", Kind.VARIABLE: "VARIABLE"}
CAPACITY = {Kind.INPUT: 64, Kind.OUTPUT: 64, Kind.VARIABLE: 128}
INT32 = st.integers(-(2**31), 2**31 - 1)
BYTE = st.integers(0, 255)
LETTERS = st.characters(categories=("Lu", "Ll", "Lo", "Nd", "Sm", "Sc", "Po")) | st.just(" ")


class Panel(NamedTuple):
    """What is to come out again."""

    facts: DeviceFacts
    times: dict[Kind, int | None]
    points: tuple[Point, ...]
    readings: tuple[Reading, ...]


def labels(longest: int) -> st.SearchStrategy[str]:
    """Text that fits into so many octets."""
    text = st.text(LETTERS, max_size=longest)
    return text.map(lambda text: text.encode()[:longest].decode("utf-8", "ignore").strip())


@st.composite
def real_points(draw: st.DrawFn, kind: Kind, number: int) -> tuple[Point, Reading]:
    digital = draw(st.booleans())
    code = draw(st.integers(1, 30) if digital else st.integers(0, 45) | st.integers(101, 103))
    found = meaning(kind, code, digital=digital)
    is_input, is_output, is_variable = (kind is each for each in Kind)
    point = Point(
        point_id=f"{PREFIXES[kind]}{number}",
        kind=kind,
        point_index=number,
        label=draw(labels(9)),
        full_label=draw(labels(19)),
        units=found.units,
        units_code=code,
        range_code=code,
        states=found.states,
        digital=digital,
        source=STATE if digital else THOUSANDTHS,
        calibration=draw(st.integers(-65535, 65535)) / 10 if is_input else None,
        low_voltage=draw(BYTE) / 10 if is_output else None,
        high_voltage=draw(BYTE) / 10 if is_output else None,
        unused=draw(BYTE) if is_variable else None,
    )
    value: float | None = draw(st.integers(0, 1)) if digital else draw(INT32) / 1000
    status, reason = Status.OK, ""
    if is_input and 1 <= code <= 30 and draw(st.booleans()):
        value, status, reason = None, Status.FAULT, draw(st.sampled_from(["open", "shorted"]))
    return point, Reading(
        point.point_id,
        value,
        status,
        reason,
        auto_manual=draw(st.integers(0, 1)),
        flags=draw(st.integers(0, 1)) if is_output else 0,
        hw_switch=draw(st.integers(0, 2)) if is_output else None,
    )


@st.composite
def documented_points(draw: st.DrawFn, kind: Kind, number: int) -> tuple[Point, Reading]:
    digital = draw(st.booleans())
    code = draw(st.integers(1, 22) if digital else st.integers(0, 34))
    found = meaning(kind, code, digital=digital)
    point = Point(
        point_id=f"{PREFIXES[kind]}{number}",
        kind=kind,
        point_index=number,
        full_label=draw(labels(30)),
        units=found.units,
        units_code=code,
        range_code=code,
        states=found.states,
        digital=digital,
        source=STATE if digital else AS_GIVEN,
    )
    numbers = st.integers(-(2**53), 2**53) | st.floats(-1e300, 1e300, exclude_min=True, exclude_max=True)
    return point, Reading(point.point_id, draw(st.integers(0, 1) if digital else numbers))


@st.composite
def panels(draw: st.DrawFn, *, real: bool) -> Panel:
    made = [
        draw((real_points if real else documented_points)(kind, number))
        for kind in Kind
        for number in sorted(draw(st.sets(st.integers(1, CAPACITY[kind]), max_size=3)))
    ]
    facts = DeviceFacts(
        serial_number=draw(st.integers(1, 2**32 - 1)),
        panel_id=draw(st.integers(1, 254)),
        panel_name=draw(labels(20)) or None,
        ip_address=draw(st.ip_addresses(v=4).map(str).filter(lambda text: text != "0.0.0.0")),
        port=None if real else draw(st.integers(1, 65535)),
        modbus_address=None if real else draw(st.integers(1, 255)),
        bacnet_mstp_mac_id=None if real else draw(st.integers(1, 254)),
    )
    times = {kind: draw(st.integers(0, 2**32 - 1)) for kind in Kind}
    return Panel(facts, times, tuple(point for point, _ in made), tuple(reading for _, reading in made))


def signed(serial: int | None) -> int:
    """As C++ writes it: the same 32 bits."""
    number = serial or 0
    return number - 2**32 if number >= 2**31 else number


def real_record(point: Point, reading: Reading, pid: int = 1) -> dict[str, Any]:
    """Write a point as T3000 does."""
    record: dict[str, Any] = {
        "pid": pid,
        "type": TYPES[point.kind],
        "index": point.point_index - 1,
        "id": point.point_id,
        "command": f"{pid}{point.point_id}",
        "description": point.full_label,
        "label": point.label,
        "auto_manual": reading.auto_manual,
        "digital_analog": 0 if point.digital else 1,
        "range": point.range_code,
        "control": 0,
        "value": 0,
    }
    if isinstance(reading.value, int | float):
        record |= {"control": reading.value, "value": reading.value * 1000} if point.digital else {}
        record |= {} if point.digital else {"value": round(reading.value * 1000)}
    if point.kind is Kind.INPUT:
        tenths = round(abs(point.calibration or 0) * 10)
        record |= {"unit": point.range_code, "filter": 5, "decom": {"": 0, "open": 1, "shorted": 2}[reading.reason]}
        record |= {"calibration_sign": int((point.calibration or 0) < 0), "calibration_h": tenths >> 8}
        record |= {"calibration_l": tenths & 0xFF}
    if point.kind is Kind.OUTPUT:
        record |= {"low_voltage": round((point.low_voltage or 0) * 10), "hw_switch_status": reading.hw_switch}
        record |= {"high_voltage": round((point.high_voltage or 0) * 10), "decom": reading.flags}
    if point.kind is Kind.VARIABLE:
        record["unused"] = point.unused
    return record


def real_json(panel: Panel) -> dict[str, Any]:
    """Write a panel as T3000 does (LOGGING_DATA)."""
    pid = panel.facts.panel_id or 0
    pairs = zip(panel.points, panel.readings, strict=True)
    return {
        "panel_id": pid,
        "panel_name": panel.facts.panel_name or "",
        "panel_serial_number": signed(panel.facts.serial_number),
        "panel_ipaddress": panel.facts.ip_address,
        **{f"{kind.value}_logging_time": panel.times[kind] for kind in Kind},
        "device_data": [real_record(point, reading, pid) for point, reading in pairs],
    }


def documented_json(panel: Panel) -> dict[str, Any]:
    """Write a panel as the documents of the sync service have it."""
    facts, lists = panel.facts, {kind: [] for kind in Kind}  # type: ignore[var-annotated]
    for point, reading in zip(panel.points, panel.readings, strict=True):
        found = meaning(point.kind, point.range_code or 0, digital=point.digital)
        lists[point.kind].append(
            {
                "id": point.point_id,
                "index": point.point_index,
                "panel": facts.panel_id,
                "full_label": point.full_label,
                "value": reading.value,
                "range": point.range_code,
                "units": found.text if point.digital else point.units,
                "status": 1,
            }
        )
    return {
        "device_info": {
            "panel_id": facts.panel_id,
            "panel_name": facts.panel_name or "",
            "panel_serial_number": facts.serial_number,
            "panel_ipaddress": facts.ip_address,
            **{f"{kind.value}_logging_time": str(panel.times[kind]) for kind in Kind},
            "ip_address": facts.ip_address,
            "port": facts.port,
            "modbus_address": facts.modbus_address,
            "bacnet_mstp_mac_id": facts.bacnet_mstp_mac_id,
        },
        **{f"{kind.value}_points": lists[kind] for kind in Kind},
    }


def written(value: Any) -> bytes:
    """As jsoncpp writes it: keys in order, no spaces, nothing beyond ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
