"""Objects to points."""

from __future__ import annotations

import pytest
from bacpypes3.basetypes import EngineeringUnits
from bacpypes3.primitivedata import ObjectType

from t3actors import ranges
from t3actors.collect.bacnet import units
from t3actors.collect.bacnet.codec.read_multiple import PropertyError
from t3actors.collect.bacnet.codec.tags import Enumerated, ObjectId, Several
from t3actors.collect.bacnet.mapping import describing, items, text_of
from t3actors.collect.bacnet.objects import KINDS, NAMES, PREFIXES, TABLES, Shape
from t3actors.collect.bacnet.scaling import decide
from t3actors.points import Kind
from t3actors.stations import TEMCO

NAME, DESCRIPTION, UNITS, STATE_TEXT, COV, ACTIVE, INACTIVE = 77, 28, 117, 110, 22, 4, 46


def test_an_analog_input_with_all_its_properties() -> None:
    described = {NAME: "SAT\0\0", DESCRIPTION: " Supply air ", UNITS: Enumerated(62), COV: 0.5}
    (found,), remarks = items([(ObjectId(0, 7), described)], vendor_id=10)
    point = found.point
    assert (point.point_id, point.kind, point.point_index) == ("AI7", Kind.INPUT, 7)
    assert (point.label, point.full_label, point.units, point.units_code) == ("SAT", "Supply air", "°C", 62)
    assert (point.object_type, point.object_instance, point.digital) == (0, 7, False)
    assert point.source == "bacnet:analog-input:7:present-value"
    assert found.cov_increment == 0.5
    assert remarks == ()


@pytest.mark.parametrize(
    ("identifier", "point_id", "index"),
    [(ObjectId(3, 7), "BI7", 3 << 22 | 7), (ObjectId(19, 2), "MSV2", 19 << 22 | 2), (ObjectId(2, 0), "AV0", 2 << 22)],
)
def test_a_point_s_number_is_its_object_identifier(identifier: ObjectId, point_id: str, index: int) -> None:
    (found,), _ = items([(identifier, {})], vendor_id=10)
    assert (found.point.point_id, found.point.point_index) == (point_id, index)


def test_a_temco_panel_s_points_are_counted_from_one_whatever_their_type() -> None:
    objects = [ObjectId(0, 1), ObjectId(3, 2), ObjectId(4, 1), ObjectId(1, 13), ObjectId(5, 128), ObjectId(2, 3)]
    found, remarks = items([(each, {}) for each in objects], vendor_id=TEMCO)
    ids = {each.point.point_id: each.point.point_index for each in found}
    assert ids == {"IN1": 1, "IN2": 2, "OUT1": 1, "OUT13": 13, "VAR128": 128, "VAR3": 3}
    assert remarks == ()


def test_what_does_not_fit_a_temco_panel_s_numbering_is_kept_under_its_own_name_and_reported() -> None:
    found, remarks = items([(ObjectId(0, 1), {}), (ObjectId(3, 1), {}), (ObjectId(2, 0), {})], vendor_id=TEMCO)
    assert {each.point.point_id for each in found} == {"IN1", "BI1", "AV0"}
    assert len(remarks) == 2


def test_an_object_listed_twice_is_one_point_and_reported() -> None:
    found, remarks = items([(ObjectId(0, 1), {}), (ObjectId(0, 1), {})], vendor_id=10)
    assert len(found) == 1
    assert remarks == ("AI1: listed twice, used once",)


def test_other_objects_are_no_points_and_belong_to_other_tables() -> None:
    found, _ = items([(ObjectId(kind, 1), {}) for kind in (6, 8, 9, 12, 15, 16, 17, 20)], vendor_id=10)
    assert found == ()
    assert not set(KINDS) & set(TABLES)
    assert set(KINDS) == set(NAMES) == set(PREFIXES)
    assert len(set(PREFIXES.values())) == len(PREFIXES)
    assert describing(8) == ()


def test_types_are_named_as_the_standard_does() -> None:
    for number, name in NAMES.items():
        assert str(ObjectType(number)) == name


def test_states_are_found_by_the_value() -> None:
    described = {STATE_TEXT: Several(("Off", "Slow", "Fast"))}
    (state,), _ = items([(ObjectId(19, 1), described)], vendor_id=10)
    assert state.point.states[2] == "Slow"
    assert state.shape is Shape.STATE
    (binary,), _ = items([(ObjectId(3, 1), {ACTIVE: "Run", INACTIVE: "Stop"})], vendor_id=10)
    assert binary.point.states == ("Stop", "Run")
    assert binary.point.digital
    (half,), _ = items([(ObjectId(3, 1), {ACTIVE: "Run"})], vendor_id=10)
    assert half.point.states == ("inactive", "Run")
    (none,), _ = items([(ObjectId(3, 1), {ACTIVE: PropertyError(2, 32)})], vendor_id=10)
    assert none.point.states == ()


def test_the_scale_of_a_temco_panel_is_part_of_its_points_source() -> None:
    (found,), _ = items([(ObjectId(0, 1), {COV: 500.0})], vendor_id=TEMCO, scale=1000)
    assert found.divisor == 1000
    assert found.cov_increment == 0.5
    assert found.point.source.endswith(":/1000")
    (binary,), _ = items([(ObjectId(3, 1), {})], vendor_id=TEMCO, scale=1000)
    (other,), _ = items([(ObjectId(0, 1), {})], vendor_id=10, scale=1000)
    assert (binary.divisor, other.divisor) == (1, 1)


def test_a_text_is_fit_for_one_line() -> None:
    assert text_of("A\nB\x1bC\0\0 ") == "A B C"
    assert text_of(PropertyError(2, 32)) == ""
    assert len(text_of("x" * 5000)) == 1024


@pytest.mark.parametrize(
    ("values", "divisor", "decided"),
    [
        ([(62, 21500.0), (98, 45000.0)], 1000, True),
        ([(62, 21.5)], 1, True),
        ([(62, 21500.0), (62, 21.5)], 1, True),
        ([(62, 21.0), (98, 45.0)], 1, True),
        ([(62, 21000.0), (98, 45.0)], 1, False),
        ([(62, 0.0), (None, 7.0), (95, 5000.0), (62, float("nan"))], 1, False),
        ([], 1, False),
    ],
)
def test_a_scale_is_decided_only_where_the_values_speak(
    values: list[tuple[int | None, float]], divisor: int, decided: bool
) -> None:
    found = decide(values)
    assert (found.divisor, found.decided) == (divisor, decided)
    assert found.reason


def test_every_unit_the_standard_names_has_a_text() -> None:
    known = {int(EngineeringUnits(name)) for name in EngineeringUnits._enum_map}
    assert {code for code in known if code < 256} <= set(units.UNITS)
    assert [code for code, text in units.UNITS.items() if not text] == [units.NO_UNITS]
    assert units.text_of(300) == units.text_of(255) == units.text_of(47813) == ""


@pytest.mark.parametrize(
    ("code", "text"),
    [
        *((0, "m²"), (19, "kWh"), (27, "Hz"), (29, "%RH"), (47, "W"), (58, "inH₂O"), (62, "°C"), (64, "°F"), (70, "d")),
        *((77, "ft/min"), (84, "cfm"), (90, "°"), (98, "%"), (104, "rpm"), (110, "currency 6"), (119, "lb/s")),
        *((136, "L/h"), (145, "mΩ"), (159, "ms"), (190, "µS"), (206, "mmH₂O"), (219, "µg/m³"), (234, "pH")),
        *((253, "Pa·s"), (254, "MMSCFM"), (47808, "SCF/d"), (47814, "mrem"), (47825, "yd"), (47848, "BTU/s")),
        *((47900, "COP"), (47913, "Mgal (imp)"), (47924, "GW"), (47936, "GB/s"), (47958, "site unit 1"), (47981, "ps")),
    ],
)
def test_units_by_their_number(code: int, text: str) -> None:
    assert units.text_of(code) == text


def test_units_are_spelt_as_the_other_protocols_spell_them() -> None:
    spelt = {ranges.meaning(kind, code, digital=False).units for kind in Kind for code in range(64)}
    assert spelt - {"", "counts", "#/cm³"} <= set(units.UNITS.values())
