"""One panel is decoded: golden answers of both shapes, any made-up panel; what is bad costs only itself."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.t3000.document import split
from t3actors.collect.t3000.panel_answer import PanelAnswer, decode_panel
from t3actors.errors import BadResponse
from t3actors.points import DeviceFacts, Kind, Reading, Rules, Status
from tests.collect.t3000.answers import DOCUMENTED, REAL
from tests.collect.t3000.generated import Panel, documented_json, panels, real_json, written

RULES = Rules(poll_interval_s=30.0, trend="always")
FIRST, SECOND = json.loads(REAL)["data"]


def decoded(body: bytes) -> list[PanelAnswer]:
    document = split(body)
    return [decode_panel(memoryview(body)[at : at + length], document.shape, RULES) for at, length in document.panels]


def real(panel: dict[str, Any], before: PanelAnswer | None = None) -> PanelAnswer:
    return decode_panel(written(panel), "real", RULES, before)


def readings_of(answer: PanelAnswer) -> dict[str, Reading]:
    return {each.point_id: each for group in answer.readings.values() for each in group}


def with_point(place: int, **changes: Any) -> dict[str, Any]:
    """The first panel with one point changed; None takes a field away."""
    points = [dict(point) for point in FIRST["device_data"]]
    points[place] |= changes
    points[place] = {name: value for name, value in points[place].items() if value is not None}
    return {**FIRST, "device_data": points}


def test_the_real_answer_decodes_to_points_of_the_panels_own_tables() -> None:
    roof, lobby = decoded(REAL)
    assert roof.facts == DeviceFacts(
        serial_number=237219, panel_id=1, panel_name="T3-BB-ROOF", ip_address="192.168.1.100"
    )
    assert lobby.logging_at_s == {Kind.INPUT: 1787212807, Kind.OUTPUT: 1787212808, Kind.VARIABLE: 1787212810}
    assert (roof.serial_number, roof.missing, roof.refused) == (237219, (), ())
    described = {point.point_id: (point.label, point.full_label, point.units, point.states) for point in roof.points}
    assert described == {
        "IN1": ("SAT", "Supply Air Temp", "°C", ()),
        "IN2": ("RAT", "Return Air Temp", "°C", ()),
        "IN3": ("FILTALM", "Filter Alarm", "", ("Normal", "Alarm")),
        "IN4": ("", "", "", ()),
        "IN5": ("DPRESS", "Duct Pressure", "V", ()),
        "OUT1": ("SFAN", "Supply Fan", "", ("Off", "On")),
        "OUT13": ("CLGVLV", "Cooling Valve", "%", ()),
        "VAR1": ("ZSP", "Zone Setpoint", "°C", ()),
        "VAR2": ("OCC", "Occupied", "", ("Unoccupy", "Occupy")),
        "VAR128": ("MINOAT", "Min OA Temp", "°C", ()),
    }
    assert {id_: reading.value for id_, reading in readings_of(roof).items()} == {
        "IN1": 18.35,
        "IN2": 23.45,
        "IN3": 1,
        "IN4": 0,
        "IN5": None,
        "OUT1": 1,
        "OUT13": 62.5,
        "VAR1": 22.0,
        "VAR2": 1,
        "VAR128": -12.5,
    }
    assert readings_of(roof)["IN5"] == Reading("IN5", None, Status.FAULT, "open", auto_manual=0)
    assert readings_of(lobby)["OUT6"] == Reading("OUT6", 3.2, auto_manual=1, hw_switch=1)
    by_id = {point.point_id: point for point in (*roof.points, *lobby.points)}
    assert (by_id["IN2"].calibration, by_id["IN2"].range_code) == (-1.2, 3)
    assert (by_id["OUT6"].low_voltage, by_id["OUT6"].high_voltage, by_id["VAR128"].unused) == (0.2, 1.0, 0)
    assert {point.rules for point in roof.points} == {RULES}


def test_the_documented_answer_decodes_with_its_units_in_the_houses_words() -> None:
    (answer,) = decoded(DOCUMENTED)
    assert answer.facts == DeviceFacts(
        serial_number=12345,
        panel_id=1,
        panel_name="Building A Controller",
        ip_address="192.168.1.100",
        port=502,
        modbus_address=1,
        bacnet_mstp_mac_id=1,
    )
    assert answer.logging_at_s == dict.fromkeys(Kind, 1729512016)
    assert (answer.missing, answer.refused) == ((), ())
    assert [(point.point_id, point.full_label, point.units) for point in answer.points] == [
        ("IN1", "Temperature Sensor 1", "°F"),
        ("OUT3", "Cooling Valve", "%"),
        ("VAR5", "Supply Fan Speed", "ft/min"),
    ]
    assert readings_of(answer) == {
        "IN1": Reading("IN1", 72.5),
        "OUT3": Reading("OUT3", 62.5),
        "VAR5": Reading("VAR5", 0.0),
    }


def agrees(answer: PanelAnswer, panel: Panel) -> None:
    assert (answer.facts, answer.logging_at_s, answer.refused) == (panel.facts, panel.times, ())
    assert answer.serial_number == panel.facts.serial_number
    assert answer.points == panel.points
    assert tuple(each for group in answer.readings.values() for each in group) == panel.readings


@given(panels(real=True))
def test_any_panel_comes_back_as_it_was_from_the_real_shape(panel: Panel) -> None:
    agrees(decode_panel(written(real_json(panel)), "real", Rules()), panel)


@given(panels(real=False))
def test_any_panel_comes_back_as_it_was_from_the_documented_shape(panel: Panel) -> None:
    agrees(decode_panel(written(documented_json(panel)), "documented", Rules()), panel)


def test_what_did_not_change_is_the_same_object_as_before() -> None:
    before = real(FIRST)
    again = real(FIRST, before)
    assert again == before
    assert (again.points is before.points, again.readings is before.readings, again.known is before.known) == (
        True,
        True,
        True,
    )


def test_a_new_value_makes_one_new_reading_and_no_new_point() -> None:
    before = real(FIRST)
    now = real(with_point(0, value=18400), before)
    assert now.points is before.points
    assert readings_of(now)["IN1"].value == 18.4
    same = {id_ for id_, each in readings_of(now).items() if each is readings_of(before)[id_]}
    assert same == readings_of(before).keys() - {"IN1"}


def test_a_new_label_makes_one_new_point_and_keeps_its_reading() -> None:
    before = real(FIRST)
    now = real(with_point(0, label="SUPPLY"), before)
    assert now.points[0].label == "SUPPLY"
    assert [new is old for new, old in zip(now.points, before.points, strict=True)] == [False] + [True] * 9
    assert now.readings[Kind.INPUT][0] is before.readings[Kind.INPUT][0]


def test_new_rules_make_new_points() -> None:
    before = real(FIRST)
    rules = Rules(poll_interval_s=900.0)
    now = decode_panel(written(FIRST), "real", rules, before)
    assert {point.rules for point in now.points} == {rules}
    equal = decode_panel(written(FIRST), "real", Rules(poll_interval_s=30.0, trend="always"), before)
    assert equal.points is before.points


@given(panels(real=True), panels(real=True))
def test_what_a_panel_was_before_never_shows_in_what_it_is(was: Panel, panel: Panel) -> None:
    before = decode_panel(written(real_json(was)), "real", Rules())
    agrees(decode_panel(written(real_json(panel)), "real", Rules(), before), panel)


def test_a_panel_that_changes_its_shape_is_decoded_anew() -> None:
    point = {"id": "IN1", "value": 18000, "range": 3, "digital_analog": 1, "type": "INPUT"}
    before = decode_panel(written({"device_data": [point]}), "real", RULES)
    now = decode_panel(written({"input_points": [point]}), "documented", RULES, before)
    assert (readings_of(before)["IN1"].value, readings_of(now)["IN1"].value) == (18.0, 18000)
    assert now.points[0].source != before.points[0].source


def test_the_lists_of_a_panel_may_grow_and_shrink() -> None:
    fewer = {**FIRST, "device_data": FIRST["device_data"][3:]}
    before = real(FIRST)
    assert real(fewer, before) == real(fewer)
    assert real(FIRST, real(fewer)) == before
    assert real({**FIRST, "device_data": []}, before).points == ()


@pytest.mark.parametrize(("serial", "number"), [(-1, 0xFFFFFFFF), (-(2**31), 2**31), (2**32 - 1, 2**32 - 1), (7, 7)])
def test_a_serial_number_below_0_is_the_same_bits_without_a_sign(serial: int, number: int) -> None:
    assert real({**FIRST, "panel_serial_number": serial}).serial_number == number


def test_a_panel_without_a_serial_number_says_0() -> None:
    assert (real({**FIRST, "panel_serial_number": 0}).serial_number, real(FIRST).facts.serial_number) == (0, 237219)
    without = {name: value for name, value in FIRST.items() if name != "panel_serial_number"}
    assert (real(without).serial_number, real(without).missing) == (0, ("panel_serial_number",))
    wrong = real({**FIRST, "panel_serial_number": 2**40})
    assert wrong.serial_number == 0
    assert wrong.refused == (
        "panel_serial_number is 1099511627776; allowed: a whole number of -2147483648 to 4294967295",
    )


@pytest.mark.parametrize(("said", "at_s"), [(0, 0), ("0", 0), ("1729512016", 1729512016), (2**32 - 1, 2**32 - 1)])
def test_a_logging_time_may_stand_in_quotes_and_0_is_never(said: int | str, at_s: int | None) -> None:
    assert real({**FIRST, "output_logging_time": said}).logging_at_s[Kind.OUTPUT] == at_s


def test_a_logging_time_that_is_none_is_named_and_costs_no_point() -> None:
    answer = real({**FIRST, "output_logging_time": "yesterday"})
    assert answer.logging_at_s[Kind.OUTPUT] is None
    assert answer.refused == ('output_logging_time is "yesterday"; allowed: a whole number of 0 to 4294967295',)
    assert len(answer.points) == 10


def test_fields_that_are_missing_are_named_once() -> None:
    points = [
        {name: value for name, value in point.items() if name not in {"label", "range", "pid", "command", "unit"}}
        for point in FIRST["device_data"]
    ]
    answer = real({"panel_serial_number": 7, "panel_id": 1, "panel_name": "A", "device_data": points})
    assert answer.missing == (
        "panel_ipaddress",
        "input_logging_time",
        "output_logging_time",
        "variable_logging_time",
        "device_data[].range",
        "device_data[].label",
    )
    assert len(answer.points) == 10
    assert decode_panel(b'{"panel_serial_number":7}', "real", RULES).missing[-1] == "device_data"
    assert decode_panel(b'{"input_points":[{"id":"IN1"}]}', "documented", RULES).missing == (
        "device_info.panel_id",
        "device_info.panel_name",
        "device_info.panel_serial_number",
        "device_info.panel_ipaddress",
        "device_info.input_logging_time",
        "device_info.output_logging_time",
        "device_info.variable_logging_time",
        "output_points",
        "variable_points",
        "input_points[].value",
        "input_points[].range",
        "input_points[].full_label",
        "input_points[].units",
    )


def test_what_is_missing_is_still_named_when_nothing_changed() -> None:
    panel = with_point(0, label=None)
    before = real(panel)
    assert real(panel, before).missing == before.missing == ("device_data[].label",)
    assert real(FIRST, before).missing == ()


@pytest.mark.parametrize("value", ["abc", [1], {"v": 1}, "1,5"])
def test_a_value_that_is_no_number_costs_only_its_point(value: Any) -> None:
    answer = real(with_point(1, value=value))
    assert readings_of(answer)["IN2"] == Reading("IN2", None, Status.FAULT, "not a number", auto_manual=0)
    assert answer.refused == (f"IN2: value is {json.dumps(value, separators=(',', ':'))}; allowed: a number",)
    assert {id_: each for id_, each in readings_of(answer).items() if id_ != "IN2"} == {
        id_: each for id_, each in readings_of(real(FIRST)).items() if id_ != "IN2"
    }


@pytest.mark.parametrize("point", [None, 7, "IN1", [], [{}]])
def test_what_is_no_point_costs_only_itself(point: Any) -> None:
    answer = real({**FIRST, "device_data": [point, *FIRST["device_data"]]})
    shown = json.dumps(point, separators=(",", ":"))
    assert (len(answer.points), answer.refused) == (10, (f"device_data[0] is {shown}; allowed: a point",))


def test_an_id_that_no_point_has_costs_only_its_point() -> None:
    for id_ in ("IN0", "IN01", "PRG1", "in1", "IN10000", "", "IN1 "):
        answer = real(with_point(2, id=id_))
        assert len(answer.points) == 9
        assert answer.refused == (f'device_data[2] has the id "{id_}"; allowed: IN, OUT or VAR, and 1 to 9999',)


def test_a_point_that_stands_twice_is_used_once() -> None:
    answer = real({**FIRST, "device_data": [*FIRST["device_data"], {**FIRST["device_data"][0], "value": 1}]})
    assert answer.refused == ("IN1 stands twice; the first is used",)
    assert readings_of(answer)["IN1"].value == 18.35


@pytest.mark.parametrize(("bad", "lines", "last"), [(20, 20, "device_data[19] is null"), (21, 21, "and 1 more")])
def test_only_the_first_lines_of_what_is_refused_are_told(bad: int, lines: int, last: str) -> None:
    answer = real({**FIRST, "device_data": [None] * bad + FIRST["device_data"]})
    assert (len(answer.refused), len(answer.points)) == (lines, 10)
    assert answer.refused[-1].startswith(last)


def test_text_that_is_not_utf8_or_not_json_costs_only_the_text() -> None:
    body = written(FIRST).replace(b"Supply Air Temp", b"Supply \xb0C").replace(b"Return Air Temp", b"Return\\q\x01")
    answer = decode_panel(body, "real", RULES)
    assert [point.full_label for point in answer.points[:2]] == ["Supply \ufffdC", "Return?q"]
    assert readings_of(answer) == readings_of(real(FIRST))
    named = decode_panel(written(FIRST).replace(b"T3-BB-ROOF", b"D\xe4ch\\ud83d"), "real", RULES)
    assert named.facts.panel_name == "D\ufffdch\ufffd"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"device_data":7}', b'{"device_data":' + b"[" * 9999])
def test_what_is_no_panel_is_refused_and_shows_how_it_began(body: bytes) -> None:
    with pytest.raises(BadResponse, match="allowed: an object") as refused:
        decode_panel(body, "real", RULES)
    assert refused.value.raw == body[:64]


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(sorted(FIRST)), junk),
    st.dictionaries(st.sampled_from(sorted(FIRST["device_data"][0])), junk),
)
def test_no_field_of_any_kind_raises_anything_but_a_bad_response(
    of_panel: dict[str, Any], of_point: dict[str, Any]
) -> None:
    panel = with_point(0) | of_panel
    if "device_data" not in of_panel:
        panel["device_data"][0] |= of_point
    body = json.dumps(panel).encode()
    with contextlib.suppress(BadResponse):
        answer = decode_panel(body, "real", RULES)
        assert len(answer.points) == sum(len(group) for group in answer.readings.values())
    with contextlib.suppress(BadResponse):
        decode_panel(
            b'{"device_info":' + body + b',"input_points":' + json.dumps([of_point]).encode() + b"}",
            "documented",
            RULES,
        )


@given(st.binary(max_size=200) | st.lists(st.sampled_from(b'{}[]",:\\u0d8f 1etrue"id\xe2\xff'), max_size=40).map(bytes))
def test_no_octets_raise_anything_but_a_bad_response(octets: bytes) -> None:
    for body in (octets, b'{"device_data":' + octets + b"}", b'{"device_data":[{"id":"IN1","value":' + octets + b"}]}"):
        with contextlib.suppress(BadResponse):
            decode_panel(body, "real", RULES)
    with contextlib.suppress(BadResponse):
        decode_panel(b'{"input_points":' + octets + b"}", "documented", RULES)


@given(st.integers(0, len(DOCUMENTED)), st.binary(min_size=1, max_size=3))
def test_no_change_of_a_good_panel_raises_anything_but_a_bad_response(at: int, octets: bytes) -> None:
    good = written(json.loads(DOCUMENTED)["devices"][0])
    with contextlib.suppress(BadResponse):
        decode_panel(good[:at] + octets + good[at + len(octets) :], "documented", RULES)
