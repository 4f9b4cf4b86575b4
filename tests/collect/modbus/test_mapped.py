"""A profile from rows: what its points are, by what the device says of them. Pure."""

from __future__ import annotations

from typing import Any

import pytest

from t3actors.collect.modbus.blocks import Want
from t3actors.collect.modbus.map_rows import CodeRow, IndexRow, MapRow
from t3actors.collect.modbus.mapped import MappedDevice
from t3actors.collect.modbus.profile import Item
from t3actors.points import Kind, Reading, Rules, Status

TABLE = {
    row.code: row
    for row in (
        CodeRow(code=0, text="unused", used=False, source="x"),
        CodeRow(code=1, text="10K", units="°C|°F", scale=0.1, source="x"),
        CodeRow(code=2, text="volts", units="V", scale=0.001, source="x"),
        CodeRow(code=3, text="off/on", states="Off|On", source="x"),
        CodeRow(code=4, text="pulses", units="counts", counts=True, source="x"),
        CodeRow(code=5, text="too long", units="%", readable=False, source="x"),
    )
}
UNITS_ONLY = {1: CodeRow(code=1, text="PT100", units="°C", source="x")}
INDEX = IndexRow(profile="p", title="a map", products="43 44", firmware="whole", source="x")


def device(*rows: MapRow) -> MappedDevice:
    return MappedDevice(INDEX, rows, {"table": TABLE, "units": UNITS_ONLY})


def row(point_id: str = "IN1", register: int = 100, **more: Any) -> MapRow:
    values: dict[str, Any] = {"kind": Kind.INPUT, "type": "int16", **more}
    return MapRow(id=point_id, register=register, source="x", **values)


def item(one: MapRow, words: dict[int, int] | None = None) -> Item | None:
    came = {Want("holding", register, 1): [word] for register, word in (words or {}).items()}
    found = device(one).items(came, Rules())
    return found[0] if found else None


def known(one: MapRow, words: dict[int, int] | None = None) -> Item:
    found = item(one, words)
    assert found is not None
    return found


def read(found: Item, *value: int, aside: dict[int, int] | None = None) -> Reading:
    came = {Want("holding", register, 1): [word] for register, word in (aside or {}).items()}
    return found.reading({**came, found.wants[0]: list(value)})


def test_a_plain_row_is_a_hand_listed_point_with_a_name_of_its_own() -> None:
    point = known(row("co2", 211, type="uint16", units="ppm", label="CO2")).point
    assert (point.point_id, point.point_index, point.units, point.label) == ("co2", 4 << 20 | 211 << 4, "ppm", "CO2")
    assert (point.source, point.digital, point.range_code) == ("holding:211:uint16:ABCD:x1+0", False, None)


@pytest.mark.parametrize(
    ("point_id", "kind", "index"),
    [
        ("IN7", Kind.INPUT, 7),
        ("OUT12", Kind.OUTPUT, 12),
        ("VAR3", Kind.VARIABLE, 3),
        ("IN7", Kind.OUTPUT, 4 << 20 | 100 << 4),
    ],
)
def test_a_numbered_point_keeps_its_number(point_id: str, kind: Kind, index: int) -> None:
    assert known(row(point_id, kind=kind)).point.point_index == index


def test_a_value_is_scaled_and_signed() -> None:
    assert read(known(row(scale=0.1)), 0xFFF6).value == -1.0
    assert read(known(row(type="int32", scale=0.001)), 0xFFFF, 0xFFFF).value == -0.001


def test_two_states_make_a_digital_point_and_more_do_not() -> None:
    two = known(row(states="Off|On", type="uint16"))
    assert (two.point.digital, read(two, 7).value, read(two, 0).value) == (True, 1, 0)
    many = known(row(states="none|cooling|heating", type="uint16"))
    assert (many.point.digital, many.point.states, read(many, 2).value) == (False, ("none", "cooling", "heating"), 2)


def test_a_bit_is_digital() -> None:
    found = known(row("OUT3", 209, type="bit", bit=2, kind=Kind.OUTPUT, states="Off|On"))
    assert [read(found, word).value for word in (0b011, 0b100)] == [0, 1]


@pytest.mark.parametrize(("word", "units"), [(0, "°C"), (1, "°F"), (2, ""), (None, "")])
def test_a_register_may_say_the_unit(word: int | None, units: str) -> None:
    one = row(units="°C|°F", units_from=104)
    assert known(one, {} if word is None else {104: word}).point.units == units
    assert device(one).layout == (Want("holding", 104, 1),)


RANGED = {"range": 225, "codes": "table", "units_from": 104, "counter": "99:uint32"}


@pytest.mark.parametrize(
    ("code", "units", "raw", "value"),
    [(1, "°C", [215], 21.5), (2, "V", [5000], 5.0), (3, "", [1], 1), (0x0102, "V", [1500], 1.5)],
)
def test_a_range_code_says_unit_scale_and_states(code: int, units: str, raw: list[int], value: float) -> None:
    found = known(row(**RANGED), {225: code, 104: 0})
    assert (found.point.units, found.point.range_code, read(found, *raw).value) == (units, code & 0xFF, value)
    assert found.point.digital is (code == 3)


def test_a_counting_range_has_its_value_elsewhere() -> None:
    found = known(row(**RANGED), {225: 4})
    assert (found.wants[0], found.point.units, read(found, 1, 2).value) == (Want("holding", 99, 2), "counts", 65538)


def test_a_point_that_is_not_in_use_or_was_not_described_is_none() -> None:
    assert item(row(**RANGED), {225: 0}) is None
    assert item(row(**RANGED), {}) is None
    assert item(row(range=225, codes="t3-input", analog="269"), {225: 3}) is None


@pytest.mark.parametrize(("code", "said"), [(5, "range too long"), (99, "range code 99")])
def test_a_range_whose_scale_nobody_knows_is_a_fault_and_no_number(code: int, said: str) -> None:
    reading = read(known(row(**RANGED), {225: code}), 1234)
    assert (reading.value, reading.status) == (None, Status.FAULT)
    assert reading.reason == f"its value cannot be told from its register: {said}"


def test_an_unknown_range_that_does_not_decide_the_scale_costs_only_the_unit() -> None:
    found = known(row(range=148, codes="units", scale=0.1), {148: 7})
    assert (found.point.units, found.point.range_code, read(found, 215).value) == ("", 7, 21.5)


@pytest.mark.parametrize(
    ("code", "analog", "units", "digital", "value"),
    [(3, 1, "°C", False, 21.5), (3, 0, "", True, 1), (101, 0, "", False, 21.5), (27, 1, "%", False, 21.5)],
)
def test_t3_ranges_are_those_of_every_t3_product(
    code: int, analog: int, units: str, digital: bool, value: float
) -> None:
    one = row(type="int32", scale=0.001, range=225, codes="t3-input", analog="269")
    found = known(one, {225: code, 269: analog})
    assert (found.point.units, found.point.digital, read(found, 0, 21500).value) == (units, digital, value)
    assert device(one).layout == (Want("holding", 225, 1), Want("holding", 269, 1))


def test_analog_may_be_the_high_byte_of_the_range() -> None:
    one = row(scale=0.1, range=7812, codes="t3-input", analog="high")
    assert known(one, {7812: 0x0104}).point.units == "°F"
    assert known(one, {7812: 0x0004}).point.digital
    assert device(one).layout == (Want("holding", 7812, 1),)


@pytest.mark.parametrize(("code", "units"), [(15, "counts"), (25, "counts")])
def test_a_t3_counter_is_read_where_the_row_says(code: int, units: str) -> None:
    one = row(register=101, scale=0.01, range=225, codes="t3-input", analog="269", counter="100:uint32")
    found = known(one, {225: code, 269: 1})
    assert (found.wants[0], found.point.units, read(found, 1, 0).value) == (Want("holding", 100, 2), units, 65536)


@pytest.mark.parametrize(("word", "manual"), [(0, 0), (1, 1), (2, None)])
def test_auto_manual_is_a_register(word: int, manual: int | None) -> None:
    assert read(known(row(auto_manual="247")), 5, aside={247: word}).auto_manual == manual


def test_auto_manual_may_be_a_bit() -> None:
    found = known(row(auto_manual="215.3"))
    assert [read(found, 5, aside={215: word}).auto_manual for word in (0b1000, 0b0111)] == [1, 0]
    assert read(found, 5).auto_manual is None


@pytest.mark.parametrize(("word", "switch"), [(0, 0), (1, 2), (2, 1), (3, None)])
def test_a_switch_says_off_hand_auto_there_and_off_auto_hand_here(word: int, switch: int | None) -> None:
    assert read(known(row(switch="282")), 5, aside={282: word}).hw_switch == switch
    assert read(known(row(switch="116.4")), 5, aside={116: word << 4 | 0b1100}).hw_switch == switch


@pytest.mark.parametrize(("word", "reason"), [(0, ""), (1, "sensor open"), (2, "sensor shorted"), (9, "")])
def test_an_open_or_shorted_sensor_is_a_fault(word: int, reason: str) -> None:
    reading = read(known(row(status=379)), 5, aside={379: word})
    assert (reading.reason, reading.status) == (reason, Status.FAULT if reason else Status.OK)
    assert reading.value == (None if reason else 5)


def test_a_float_that_is_no_number_is_a_fault() -> None:
    assert read(known(row(type="float32")), 0x7FC0, 0).reason == "not a number"


def test_everything_is_what_all_points_in_use_would_read() -> None:
    rows = (
        row("IN1", 100, status=379),
        row("IN2", 101, auto_manual="215.0", switch="116.2"),
        row("IN3", 102, **RANGED),
    )
    read_of_all = [want.address for want in device(*rows).everything()]
    assert read_of_all == [100, 379, 101, 215, 116, 102]
    assert device(*rows).most_points == 3


@pytest.mark.parametrize(
    ("form", "firmware"), [("low-high", "64.3"), ("high-low", "3.64"), ("whole", "3"), ("tenths", "1638.7")]
)
def test_the_firmware_is_read_as_the_product_writes_it(form: Any, firmware: str) -> None:
    index = IndexRow(profile="p", title="t", products="43", firmware=form, source="x")
    words = {0: 0x78, 1: 0x56, 2: 0x34, 3: 0x12, 4: 3, 5: 64, 6: 9, 7: 43}
    facts = MappedDevice(index, [row()], {}).facts({Want("holding", at, 1): [word] for at, word in words.items()})
    assert (facts.serial_number, facts.model, facts.modbus_address, facts.firmware) == (
        0x12345678,
        "T3-22I",
        9,
        firmware,
    )


@pytest.mark.parametrize(
    "bad",
    [
        {"range": 225},
        {"codes": "table"},
        {"range": 225, "codes": "nobody"},
        {"range": 225, "codes": "t3-input"},
        {"range": 225, "codes": "table", "analog": "269"},
        {"switch": "x"},
        {"counter": "1:int8"},
    ],
)
def test_a_row_that_cannot_be_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"IN1|counter|invalid literal"):
        device(row(**bad))
