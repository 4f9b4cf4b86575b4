"""Range codes of T3 panels: each kind has a table of its own."""

from __future__ import annotations

import pytest

from t3actors.points import Kind
from t3actors.ranges import MULTI_STATE, UNUSED, meaning, spelt, states_of


@pytest.mark.parametrize(
    ("kind", "code", "units"),
    [
        (Kind.INPUT, 1, "°C"),
        (Kind.INPUT, 4, "°F"),
        (Kind.INPUT, 19, "V"),
        (Kind.INPUT, 28, "ppm"),
        (Kind.INPUT, 34, "lx"),
        (Kind.OUTPUT, 1, "V"),
        (Kind.OUTPUT, 7, "%"),
        (Kind.OUTPUT, 8, "%"),
        (Kind.VARIABLE, 1, "°C"),
        (Kind.VARIABLE, 4, "Pa"),
        (Kind.VARIABLE, 5, "kPa"),
        (Kind.VARIABLE, 15, "cfm"),
        (Kind.VARIABLE, 24, "ppm"),
        (Kind.VARIABLE, 33, "m³/h"),
    ],
)
def test_a_code_means_what_its_own_kind_says(kind: Kind, code: int, units: str) -> None:
    assert meaning(kind, code, digital=False).units == units


def test_one_code_differs_between_the_kinds() -> None:
    assert {meaning(kind, 2, digital=False).units for kind in Kind} == {"°F", "%"}
    assert meaning(Kind.INPUT, 4, digital=False).units != meaning(Kind.VARIABLE, 4, digital=False).units


@pytest.mark.parametrize(("code", "states"), [(1, ("Off", "On")), (12, ("On", "Off")), (22, ("High", "Low"))])
def test_digital_states_are_the_same_for_every_kind_and_stand_off_first(code: int, states: tuple[str, str]) -> None:
    assert {meaning(kind, code, digital=True).states for kind in Kind} == {states}


@pytest.mark.parametrize("kind", list(Kind))
def test_code_0_is_unused_and_has_no_units(kind: Kind) -> None:
    for digital in (False, True):
        assert meaning(kind, UNUSED, digital=digital).text == "Unused"
        assert meaning(kind, UNUSED, digital=digital).units == ""


@pytest.mark.parametrize(
    ("kind", "codes", "digital"),
    [(Kind.INPUT, range(20, 25), False), (Kind.VARIABLE, range(34, 39), False), (Kind.OUTPUT, range(23, 31), True)],
)
def test_a_custom_range_says_so_and_guesses_no_units(kind: Kind, codes: range, digital: bool) -> None:
    for code in codes:
        found = meaning(kind, code, digital=digital)
        assert found.custom
        assert (found.units, found.states) == ("", ())


def test_a_multi_state_code_ignores_analog_and_digital() -> None:
    for code in MULTI_STATE:
        assert meaning(Kind.INPUT, code, digital=True) == meaning(Kind.OUTPUT, code, digital=False)
        assert meaning(Kind.INPUT, code, digital=True).custom


def test_any_other_byte_is_unknown_and_never_raises() -> None:
    for kind in Kind:
        for code in range(256):
            for digital in (False, True):
                assert meaning(kind, code, digital=digital).text
    assert meaning(Kind.OUTPUT, 31, digital=False).text == "Unknown 31"


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("Deg.F", "°F"),
        ("Deg.C", "°C"),
        ("inches of WC", "inH₂O"),
        ("inWC", "inH₂O"),
        ("lbs/sqr.inch", "psi"),
        ("Feet per Min", "ft/min"),
        ("PPM", "ppm"),
        ("p/min", "ppm"),
        ("ug/m3", "µg/m³"),
        ("%Open", "%"),
        ("KPascals", "kPa"),
        ("Unused", ""),
        ("Time", ""),
        ("furlongs", "furlongs"),
    ],
)
def test_units_as_t3000_writes_them_are_spelt_as_the_house_does(text: str, units: str) -> None:
    assert spelt(text) == units


def test_the_houses_own_units_keep_their_spelling_and_no_two_are_mixed_up() -> None:
    for kind in Kind:
        for code in range(256):
            found = meaning(kind, code, digital=False)
            assert spelt(found.units) == found.units
            if kind is Kind.VARIABLE and not found.custom and not found.text.startswith("Unknown"):
                assert spelt(found.text) == found.units


def test_a_digital_ranges_text_names_its_states() -> None:
    for code in range(1, 23):
        found = meaning(Kind.INPUT, code, digital=True)
        assert states_of(found.text) == found.states
    assert states_of("OFF/ON") == ("Off", "On")
    assert states_of("lbs/sqr.inch") == states_of("") == ()
