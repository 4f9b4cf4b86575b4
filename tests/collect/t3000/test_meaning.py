"""What a T3000 point means: as its own screens show it."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

from t3actors.collect.t3000.given import Given
from t3actors.collect.t3000.meaning import AS_GIVEN, STATE, THOUSANDTHS, Known, clean, known
from t3actors.points import Kind, Point, Reading, Rules, Status

RULES = Rules()


def real(**fields: Any) -> Known:
    found = known(
        Given(**{"id": "IN1", "digital_analog": 1, "range": 3, "value": 18350} | fields), None, None, RULES, raw=True
    )
    assert found is not None
    return found


def documented(**fields: Any) -> Known:
    found = known(Given(**{"id": "IN1", "range": 2, "value": 72.5} | fields), Kind.INPUT, None, RULES, raw=False)
    assert found is not None
    return found


def point(**fields: Any) -> Point:
    return real(**fields).point


def reading(**fields: Any) -> Reading:
    return real(**fields).reading


@pytest.mark.parametrize(("raw", "value"), [(18350, 18.35), (1, 0.001), (-12500, -12.5), (2**31 - 1, 2147483.647)])
def test_a_number_of_the_real_shape_is_in_thousandths(raw: int, value: float) -> None:
    assert (reading(value=raw).value, point().source) == (value, THOUSANDTHS)


def test_a_number_of_the_documented_shape_is_as_it_is() -> None:
    assert (documented().reading.value, documented().point.source) == (72.5, AS_GIVEN)
    assert documented(value=2**53).reading.value == 2**53
    assert isinstance(documented(value=2**70).reading.value, float)


def test_0_is_a_value() -> None:
    assert reading(value=0) == Reading("IN1", 0.0)
    assert reading(value=0, digital_analog=0, range=1, control=0) == Reading("IN1", 0)


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"control": 1, "value": 0}, 1),
        ({"control": 0, "value": 1000}, 0),
        ({"control": 5, "value": 0}, 1),
        ({"control": None, "value": 1000}, 1),
        ({"control": None, "value": 1}, 1),
        ({"control": None, "value": 0}, 0),
        ({"control": 1, "value": None}, 1),
    ],
)
def test_a_digital_points_state_is_its_control_or_whether_its_value_is_0(fields: dict[str, Any], value: int) -> None:
    found = real(digital_analog=0, range=1, **fields)
    assert (found.reading, found.point.source) == (Reading("IN1", value), STATE)
    assert found.point.states == ("Off", "On")


@pytest.mark.parametrize(
    ("code", "digital"), [(0, False), (1, True), (22, True), (23, True), (30, True), (31, False), (101, False)]
)
def test_only_a_digital_range_makes_two_states_anything_else_is_a_number(code: int, digital: bool) -> None:
    found = real(digital_analog=0, range=code, control=1, value=3000)
    assert (found.point.digital, found.reading.value) == (digital, 1 if digital else 3.0)


def test_a_multi_state_point_has_the_number_of_its_state_whether_digital_or_not() -> None:
    for digital_analog in (0, 1):
        found = real(digital_analog=digital_analog, range=102, control=1, value=4000)
        assert (found.point.digital, found.point.states, found.reading.value) == (False, (), 4.0)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"decom": 0}, ""),
        ({"decom": 1}, "open"),
        ({"decom": 2}, "shorted"),
        ({"decom": 3}, ""),
        ({"decom": 0x21}, "open"),
        ({"decom": 0x12}, "shorted"),
        ({"decom": 0x30}, ""),
        ({"decom": 1, "range": 0}, ""),
        ({"decom": 1, "range": 30}, "open"),
        ({"decom": 1, "range": 31}, ""),
        ({"decom": 1, "range": 103}, "open"),
        ({"decom": 1, "range": 105}, ""),
        ({"decom": 1, "digital_analog": 0, "range": 1, "control": 1}, "open"),
        ({"decom": 1, "id": "VAR1"}, ""),
        ({"decom": 1, "id": "OUT1"}, ""),
    ],
)
def test_an_input_that_is_open_or_shorted_is_in_fault_where_its_range_is_in_use(
    fields: dict[str, Any], reason: str
) -> None:
    found = reading(**fields)
    assert (found.status, found.reason) == (Status.FAULT if reason else Status.OK, reason)
    assert (found.value is None) == bool(reason)


def test_an_output_in_alarm_is_well_and_flagged() -> None:
    assert reading(id="OUT1", decom=1) == Reading("OUT1", 18.35, flags=1)
    assert (
        reading(id="OUT1", decom=0).flags == reading(id="OUT1", decom=2).flags == reading(id="VAR1", decom=1).flags == 0
    )


@pytest.mark.parametrize(
    ("value", "reason"), [(None, "no value"), (nan, "not a number"), (inf, "not a number"), (10**400, "not a number")]
)
def test_without_a_number_a_point_is_in_fault(value: Any, reason: str) -> None:
    assert reading(value=value) == Reading("IN1", None, Status.FAULT, reason)
    assert documented(value=value).reading.reason == reason


@pytest.mark.parametrize(("said", "manual"), [(0, 0), (1, 1), (2, None), (-1, None), (None, None)])
def test_auto_manual_is_0_or_1_or_not_known(said: int | None, manual: int | None) -> None:
    assert reading(auto_manual=said).auto_manual == manual


@pytest.mark.parametrize(("said", "switch"), [(0, 0), (1, 1), (2, 2), (3, None), (None, None)])
def test_only_an_output_has_a_switch(said: int | None, switch: int | None) -> None:
    assert reading(id="OUT1", hw_switch_status=said).hw_switch == switch
    assert reading(id="IN1", hw_switch_status=said).hw_switch is None


@pytest.mark.parametrize(
    ("high", "low", "sign", "calibration"),
    [(0, 4, 0, 0.4), (0, 12, 1, -1.2), (1, 0, 0, 25.6), (255, 255, 1, -6553.5), (0, 0, 1, 0.0), (None, 4, 0, None)],
)
def test_calibration_is_two_bytes_of_tenths_and_a_sign(
    high: int | None, low: int, sign: int, calibration: float | None
) -> None:
    assert point(calibration_h=high, calibration_l=low, calibration_sign=sign).calibration == calibration


def test_the_documented_shape_may_give_calibration_and_voltages_as_they_are() -> None:
    found = documented(id="OUT1", calibration=-1.5, low_voltage=2, high_voltage=10).point
    assert (found.calibration, found.low_voltage, found.high_voltage) == (-1.5, 2.0, 10.0)


def test_voltages_of_the_real_shape_are_tenths() -> None:
    found = point(id="OUT1", low_voltage=20, high_voltage=100)
    assert (found.low_voltage, found.high_voltage) == (2.0, 10.0)


@pytest.mark.parametrize(("kind", "units"), [("IN", "°F"), ("OUT", "%"), ("VAR", "Pa")])
def test_units_come_from_the_table_of_the_points_own_kind(kind: str, units: str) -> None:
    assert point(id=f"{kind}7", range=4).units == units


@pytest.mark.parametrize(
    ("said", "units"), [("Deg.F", "°F"), (" PPM ", "ppm"), ("furlongs", "furlongs"), ("", "°F"), (None, "°F")]
)
def test_documented_units_are_spelt_by_the_house_and_taken_from_the_range_where_none_are_given(
    said: str | None, units: str
) -> None:
    assert documented(units=said).point.units == units


def test_documented_units_that_name_two_states_make_the_point_digital() -> None:
    found = documented(units="Off/On", range=1, value=1.0)
    assert (found.point.states, found.point.units, found.point.digital) == (("Off", "On"), "", True)
    assert found.reading == Reading("IN1", 1)
    assert documented(units="Deg.F", range=2, digital_analog=0, value=1).point.digital
    assert not documented(units="Off/On", range=1, digital_analog=1).point.digital


@pytest.mark.parametrize(
    ("fields", "raw", "point_id"),
    [
        ({"id": "VAR128", "type": "INPUT", "index": 3}, True, "VAR128"),
        ({"id": None, "type": "INPUT", "index": 0}, True, "IN1"),
        ({"id": None, "type": "OUTPUT", "index": 63}, True, "OUT64"),
        ({"id": None, "type": None, "index": 5}, False, "IN5"),
        ({"id": None, "type": None, "index": 0}, False, None),
        ({"id": None, "type": "MON", "index": 0}, True, None),
        ({"id": None, "type": "INPUT", "index": None}, True, None),
        ({"id": "IN9999"}, True, "IN9999"),
        ({"id": "IN10000"}, True, None),
        ({"id": "IN0"}, True, None),
        ({"id": "PRG1"}, True, None),
    ],
)
def test_the_id_is_the_truth_and_without_one_the_place_in_the_table(
    fields: dict[str, Any], raw: bool, point_id: str | None
) -> None:
    found = known(Given(**fields), Kind.INPUT, None, RULES, raw=raw)
    assert (found and found.point.point_id) == point_id
    if found:
        assert found.point.point_index == int(found.point.point_id.lstrip("INOUTVAR"))


def test_a_text_that_runs_on_into_the_next_field_is_cut_where_the_field_ends() -> None:
    long = "123456789012345678901234567890"
    assert point(description=long, label=long).full_label == long[:21]
    assert point(id="OUT1", description=long).full_label == long[:19]
    assert point(label=long).label == long[:9]
    assert documented(full_label=long).point.full_label == long


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  SAT ", "SAT"),
        ("SAT\0garbage", "SAT"),
        ("a\x07b", "a\ufffdb"),
        ("Übertemp °C", "Übertemp °C"),
        ("室温", "室温"),
        ("\0", ""),
    ],
)
def test_labels_lose_what_surrounds_them_and_control_characters(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned
