"""The T3 map: who a panel is and which points it has. Pure; the registers are written here by address on purpose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.modbus.blocks import Want, plan
from t3actors.collect.modbus.profile import Item
from t3actors.collect.modbus.t3000 import T3Controller
from t3actors.points import Kind, Point, Reading, Rules

PROFILE = T3Controller()


def values(words: dict[int, int]) -> dict[Want, list[int]]:
    """What came of the profile's own wants, every register 0 unless given."""
    return {want: [words.get(want.address, 0)] for want in (*PROFILE.identity, *PROFILE.layout)}


def items(words: dict[int, int]) -> dict[str, Item]:
    return {item.point.point_id: item for item in PROFILE.items(values(words), Rules())}


def point(words: dict[int, int], point_id: str) -> Point:
    return items(words)[point_id].point


def read(item: Item, high: int, low: int, manual: int | None = None, switch: int | None = None) -> Reading:
    came: dict[Want, list[int]] = {item.wants[0]: [high, low]}
    for want, word in zip(item.wants[1:], (manual, switch), strict=False):
        if word is not None:
            came[want] = [word]
    return item.reading(came)


def test_the_serial_number_is_one_byte_per_register_low_byte_first() -> None:
    facts = PROFILE.facts(values({0: 0x78, 1: 0x56, 2: 0x34, 3: 0x12}))
    assert facts.serial_number == 0x12345678


@pytest.mark.parametrize("words", [{}, {0: 0x178, 1: 1}, {3: 0xFFFF}])
def test_a_serial_number_of_0_or_of_more_than_bytes_is_none(words: dict[int, int]) -> None:
    assert PROFILE.facts(values(words)).serial_number is None


def test_a_serial_number_that_could_not_be_read_is_none() -> None:
    assert PROFILE.facts({}).serial_number is None
    assert PROFILE.facts({}).firmware is None


def test_the_firmware_is_read_low_part_first() -> None:
    assert PROFILE.facts(values({4: 3, 5: 64, 7: 74})).firmware == "64.3"


def test_the_other_facts_are_where_the_map_says() -> None:
    facts = PROFILE.facts(values({6: 12, 7: 74, 32: 1, 35: 2, 36: 5}))
    assert (facts.modbus_address, facts.model, facts.panel_id) == (12, "MINIPANEL_ARM", 5)
    assert facts.object_instance == 0x10002
    assert PROFILE.facts(values({7: 999})).model == "product 999"


def test_everything_is_what_a_full_panel_reads() -> None:
    full = dict.fromkeys((*range(7292, 7356), *range(7804, 7868), *range(8532, 8660)), 0x0101)
    assert set(PROFILE.everything()) == {want for item in items(full).values() for want in item.wants}
    assert PROFILE.most_points == len(items(full)) == 256


def test_a_panel_with_all_ranges_0_has_no_points() -> None:
    assert items({}) == {}


@pytest.mark.parametrize(
    ("words", "point_id", "kind", "index", "units", "value_at"),
    [
        ({7804: 0x0101}, "IN1", Kind.INPUT, 1, "°C", 7484),
        ({7867: 0x0113}, "IN64", Kind.INPUT, 64, "V", 7610),
        ({7292: 1, 7420: 1}, "OUT1", Kind.OUTPUT, 1, "V", 7100),
        ({7294: 7, 7422: 1}, "OUT3", Kind.OUTPUT, 3, "%", 7104),
        ({8532: 4, 8660: 1}, "VAR1", Kind.VARIABLE, 1, "Pa", 8092),
        ({8659: 15, 8787: 1}, "VAR128", Kind.VARIABLE, 128, "cfm", 8346),
    ],
)
def test_an_analog_point_lies_where_the_map_says_with_the_units_of_its_own_kind(
    words: dict[int, int], point_id: str, kind: Kind, index: int, units: str, value_at: int
) -> None:
    found = items(words)[point_id]
    assert found.point.kind is kind
    assert (found.point.point_index, found.point.units, found.point.digital) == (index, units, False)
    assert found.wants[0] == Want("holding", value_at, 2)


@pytest.mark.parametrize(("words", "point_id"), [({7804: 1}, "IN1"), ({7292: 1}, "OUT1"), ({8532: 1}, "VAR1")])
def test_a_digital_point_has_the_states_of_its_range(words: dict[int, int], point_id: str) -> None:
    found = point(words, point_id)
    assert found.digital
    assert (found.states, found.units) == (("Off", "On"), "")


def test_only_an_input_says_analog_in_the_high_byte_of_its_range() -> None:
    assert point({7292: 0x0101}, "OUT1").digital
    assert not point({7804: 0x0101, 8028: 0}, "IN1").digital


def test_a_multi_state_range_is_neither_digital_nor_has_it_units() -> None:
    found = point({8532: 101, 8660: 0}, "VAR1")
    assert not found.digital
    assert found.units == ""


def test_a_custom_range_has_no_units_and_keeps_its_code() -> None:
    found = point({7804: 0x0100 | 20}, "IN1")
    assert (found.units, found.range_code) == ("", 20)


@pytest.mark.parametrize(
    ("high", "low", "value"),
    [
        (0, 21500, 21.5),
        (0, 21700, 21.7),
        (0xFFFF, 0xFFFF, -0.001),
        (0x8000, 0, -2147483.648),
        (0x7FFF, 0xFFFF, 2147483.647),
    ],
)
def test_an_analog_value_is_signed_thousandths_high_word_first(high: int, low: int, value: float) -> None:
    assert read(items({7804: 0x0101})["IN1"], high, low).value == value


@pytest.mark.parametrize(("high", "low", "value"), [(0, 0, 0), (0, 1, 1), (0, 1000, 1), (0xFFFF, 0xFC18, 1)])
def test_a_digital_value_is_0_or_1_whether_the_panel_counts_in_units_or_thousandths(
    high: int, low: int, value: int
) -> None:
    assert read(items({7804: 1})["IN1"], high, low).value == value


def test_auto_manual_and_switch_are_read_where_the_map_says() -> None:
    found = items({7293: 1, 7421: 1, 7805: 1, 8533: 1, 8661: 1})
    assert found["OUT2"].wants[1:] == (Want("holding", 7357, 1), Want("holding", 7229, 1))
    assert found["IN2"].wants[1:] == (Want("holding", 7869, 1),)
    assert found["VAR2"].wants[1:] == (Want("holding", 8349, 1),)
    reading = read(found["OUT2"], 0, 1000, manual=1, switch=2)
    assert (reading.auto_manual, reading.hw_switch) == (1, 2)


@pytest.mark.parametrize("word", [2, 255, 0xFFFF])
def test_an_auto_manual_that_is_neither_is_not_known(word: int) -> None:
    assert read(items({7804: 0x0101})["IN1"], 0, 0, manual=word).auto_manual is None


def test_a_value_without_its_auto_manual_is_still_a_reading() -> None:
    assert read(items({7804: 0x0101})["IN1"], 0, 1000) == Reading("IN1", 1.0)


def test_the_layout_and_a_full_panel_take_few_reads() -> None:
    full = dict.fromkeys((*range(7292, 7356), *range(7804, 7868), *range(8532, 8660)), 0x0101)
    found = items(full)
    assert len(found) == 256
    assert len(plan(PROFILE.layout)) <= 6
    assert len(plan(want for item in found.values() for want in item.wants)) <= 10


@given(st.dictionaries(st.sampled_from([want.address for want in PROFILE.layout]), st.integers(0, 0xFFFF)))
def test_no_ranges_make_it_raise(words: dict[int, int]) -> None:
    for item in items(words).values():
        assert item.point.range_code
