"""Packed structs decode to the same points as the answers do, and any octets of the right length decode."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.t3000.panel_answer import decode_panel
from t3actors.collect.t3000.structs import INPUT, OUTPUT, VARIABLE, decode_structs
from t3actors.errors import BadResponse
from t3actors.points import Kind, Point, Reading, Rules, Status
from tests.collect.t3000.generated import LETTERS, Panel, panels, real_record, written

RULES = Rules()
LAYOUTS = {Kind.INPUT: INPUT, Kind.OUTPUT: OUTPUT, Kind.VARIABLE: VARIABLE}


def packed(record: dict[str, Any]) -> bytes:
    """Pack what T3000 would write of a point as it lies in its memory."""
    r = {name: value.encode() if isinstance(value, str) else value for name, value in record.items()}
    live = r["control"], r["auto_manual"], r["digital_analog"]
    match record["type"]:
        case "INPUT":
            calibration = r["calibration_sign"], 7, r["calibration_h"], r["calibration_l"]
            return INPUT.form.pack(
                r["description"], r["label"], r["value"], r["filter"], r["decom"], 1, 2, *live, *calibration, r["range"]
            )
        case "OUTPUT":
            voltages = r["low_voltage"], r["high_voltage"]
            rest = r["hw_switch_status"], r["control"], 9, r["decom"], r["range"], 1, 2, 3, 4
            return OUTPUT.form.pack(r["description"], *voltages, r["label"], r["value"], *live[1:], *rest)
        case _:
            rest = r["auto_manual"], r["digital_analog"], r["control"], r["unused"], r["range"]
            return VARIABLE.form.pack(r["description"], r["label"], r["value"], *rest)


def memory_of(panel: Panel) -> dict[Kind, bytes]:
    """Every place up to the last one in use; the places between hold nothing."""
    pairs = {point.point_id: (point, reading) for point, reading in zip(panel.points, panel.readings, strict=True)}
    arrays = dict.fromkeys(Kind, b"")
    for kind in Kind:
        numbers = [point.point_index for point in panel.points if point.kind is kind]
        empty = bytes(LAYOUTS[kind].size)
        for number in range(1, max(numbers, default=0) + 1):
            found = next(
                (pair for pair in pairs.values() if pair[0].kind is kind and pair[0].point_index == number), None
            )
            arrays[kind] += packed(real_record(*found)) if found else empty
    return arrays


def test_the_structs_are_as_long_as_they_are_in_memory() -> None:
    assert (INPUT.form.size, OUTPUT.form.size, VARIABLE.form.size) == (46, 45, 39)


def test_each_field_lies_where_the_header_file_has_it() -> None:
    octets = bytearray(46)
    octets[0:3], octets[21:24], octets[30:34] = b"SAT", b"sat", (18350).to_bytes(4, "little")
    octets[35], octets[38], octets[39], octets[40], octets[41] = 0x22, 1, 1, 1, 1
    octets[43], octets[44], octets[45] = 1, 4, 3
    one = decode_structs(bytes(octets), b"", None, RULES)
    assert (one.points[0].full_label, one.points[0].label, one.points[0].calibration) == ("SAT", "sat", -26.0)
    assert one.readings[Kind.INPUT] == (Reading("IN1", None, Status.FAULT, "shorted", auto_manual=1),)
    octets = bytearray(45)
    octets[19], octets[20], octets[30:34] = 20, 100, (-1).to_bytes(4, "little", signed=True)
    octets[34], octets[35], octets[36], octets[39], octets[40] = 1, 1, 2, 1, 4
    one = decode_structs(b"", bytes(octets), None, RULES)
    assert (one.points[0].low_voltage, one.points[0].high_voltage, one.points[0].units) == (2.0, 10.0, "%")
    assert one.readings[Kind.OUTPUT] == (Reading("OUT1", -0.001, auto_manual=1, flags=1, hw_switch=2),)
    octets = bytearray(39)
    octets[34], octets[36], octets[37], octets[38] = 1, 1, 5, 10
    one = decode_structs(b"", b"", bytes(octets), RULES)
    assert (one.points[0].states, one.points[0].unused) == (("Unoccupy", "Occupy"), 5)
    assert one.readings[Kind.VARIABLE] == (Reading("VAR1", 1, auto_manual=1),)


def test_every_place_is_a_point_used_or_not() -> None:
    found = decode_structs(bytes(46 * 64), bytes(45 * 64), bytes(39 * 128), RULES)
    assert len(found.points) == 256
    assert [found.points[place].point_id for place in (0, 63, 64, 127, 128, 255)] == [
        "IN1",
        "IN64",
        "OUT1",
        "OUT64",
        "VAR1",
        "VAR128",
    ]
    assert {reading.status for group in found.readings.values() for reading in group} == {Status.OK}


@given(panels(real=True))
def test_any_panel_comes_back_as_it_was(panel: Panel) -> None:
    arrays = memory_of(panel)
    found = decode_structs(arrays[Kind.INPUT], arrays[Kind.OUTPUT], arrays[Kind.VARIABLE], RULES)
    read = {each.point_id: each for group in found.readings.values() for each in group}
    used = {point.point_id for point in panel.points}
    assert tuple(point for point in found.points if point.point_id in used) == panel.points
    assert tuple(read[point.point_id] for point in panel.points) == panel.readings
    assert found.missing == ()


@given(panels(real=True))
def test_structs_and_answer_make_the_same_of_a_point(panel: Panel) -> None:
    for point, reading in zip(panel.points, panel.readings, strict=True):
        record = real_record(point, reading)
        array = bytes(LAYOUTS[point.kind].size) * (point.point_index - 1) + packed(record)
        arrays = [array if kind is point.kind else b"" for kind in Kind]
        from_memory = decode_structs(*arrays, RULES)
        from_answer = decode_panel(written({"device_data": [record]}), "real", RULES)
        assert from_memory.points[-1] == from_answer.points[0]
        assert from_memory.readings[point.kind][-1] == from_answer.readings[point.kind][0]


def test_what_did_not_change_is_the_same_object_as_before() -> None:
    before = decode_structs(bytes(46 * 4), bytes(45 * 2), bytes(39), RULES)
    again = decode_structs(bytes(46 * 4), bytes(45 * 2), bytes(39), RULES, before)
    assert (again.points is before.points, again.readings is before.readings) == (True, True)
    changed = bytearray(46 * 4)
    changed[46 + 30] = 1
    now = decode_structs(bytes(changed), bytes(45 * 2), bytes(39), RULES, before)
    assert now.readings[Kind.INPUT][1].value == 0.001
    assert now.points is before.points


def test_a_text_that_is_not_utf8_is_read_as_windows_1252_and_told_once() -> None:
    array = b"".join(
        INPUT.form.pack(b"Temp \xb0C", b"\x81\xe9", 0, *[0] * 12)
        if place % 2
        else INPUT.form.pack("°C".encode(), b"", 0, *[0] * 12)
        for place in range(14)
    )
    found = decode_structs(array, b"", None, RULES)
    assert [point.full_label for point in found.points[:2]] == ["°C", "Temp °C"]
    assert found.points[1].label == "\ufffdé"
    assert found.refused == (
        "the texts of 7 points are not UTF-8 and were read as Windows-1252: IN2, IN4, IN6, IN8, IN10, ...",
    )


def test_a_text_that_fills_its_field_ends_where_the_field_does() -> None:
    array = INPUT.form.pack(b"123456789012345678901", b"123456789", 0, *[0] * 12)
    point = decode_structs(array, b"", None, RULES).points[0]
    assert (point.full_label, point.label) == ("123456789012345678901", "123456789")
    cut = INPUT.form.pack("12345678901234567890°".encode()[:21], b"", 0, *[0] * 12)
    assert decode_structs(cut, b"", None, RULES).points[0].full_label == "12345678901234567890"


@given(st.text(LETTERS, max_size=21))
def test_any_text_of_utf8_that_fits_comes_back(text: str) -> None:
    octets = text.encode()
    if len(octets) <= 21:
        array = INPUT.form.pack(octets, b"", 0, *[0] * 12)
        assert decode_structs(array, b"", None, RULES).points[0].full_label == text.strip()


@pytest.mark.parametrize("arrays", [(b"1", b"", None), (b"", bytes(46), None), (b"", b"", bytes(40))])
def test_an_array_that_ends_within_a_struct_is_refused(arrays: tuple[bytes, bytes, bytes | None]) -> None:
    with pytest.raises(BadResponse, match="allowed: a multiple of"):
        decode_structs(*arrays, RULES)


@given(st.binary(max_size=46 * 3), st.binary(max_size=45 * 3), st.binary(max_size=39 * 3))
def test_no_octets_raise_anything_but_a_bad_response(inputs: bytes, outputs: bytes, variables: bytes) -> None:
    with contextlib.suppress(BadResponse):
        decode_structs(inputs, outputs, variables, RULES)
    whole = inputs.ljust(46 * 3, b"\xff"), outputs.ljust(45 * 3, b"\xff"), variables.ljust(39 * 3, b"\xff")
    found = decode_structs(*whole, RULES)
    assert (len(found.points), found.known[0].point) == (9, found.points[0])
    assert all(isinstance(point, Point) for point in found.points)
