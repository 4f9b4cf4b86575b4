"""Objects are called in the tables what they are called among the points."""

from __future__ import annotations

from t3actors.collect.bacnet.codec.tags import ObjectId
from t3actors.collect.bacnet.mapping import items
from t3actors.collect.bacnet.rare.naming import Names, standard_name
from t3actors.stations import TEMCO

OBJECTS = [ObjectId(*each) for each in ((0, 1), (3, 2), (1, 1), (4, 1), (5, 0), (5, 3), (19, 4), (17, 1), (20, 2))]


def test_a_point_has_the_name_that_it_has_among_the_points() -> None:
    for vendor in (TEMCO, 999, None):
        names = Names(OBJECTS, vendor_id=vendor)
        found, _ = items([(each, {}) for each in OBJECTS], vendor_id=vendor)
        assert {names.of(each.object) for each in found} == {each.point.point_id for each in found}


def test_the_other_objects_of_a_panel_have_t3000s_names() -> None:
    panel, other = Names((), vendor_id=TEMCO), Names((), vendor_id=999)
    others = [ObjectId(each, 1) for each in (16, 17, 6, 20, 12, 9)]
    assert [panel.of(each) for each in others] == ["PRG1", "SCH1", "HOL1", "MON1", "PID1", "EE1"]
    assert [other.of(each) for each in others] == ["PRG1", "SCH1", "CAL1", "TL1", "LOOP1", "EE1"]


def test_an_object_of_a_type_that_is_not_known_is_named_by_its_numbers() -> None:
    assert standard_name(ObjectId(600, 3)) == "object 600:3"


def test_what_is_in_terms_of_a_panels_analog_points_or_loops_is_divided_as_they_are() -> None:
    held = [ObjectId(0, 1), ObjectId(2, 3), ObjectId(3, 2), ObjectId(0, 0)]
    panel = Names(held, vendor_id=TEMCO, divisor=1000)
    values = [ObjectId(0, 1), ObjectId(2, 3), ObjectId(12, 1)]
    others = [ObjectId(3, 2), ObjectId(0, 0), ObjectId(0, 9), ObjectId(46, 1), None]
    assert [panel.scaled(each, 20300.0) for each in values] == [20.3] * 3
    assert [panel.scaled(each, 20300.0) for each in others] == [20300.0] * 5
    assert panel.scaled(values[0], None) is None
    for names in (Names(held, vendor_id=TEMCO), Names(held, vendor_id=999, divisor=1000)):
        assert [names.scaled(each, 20300.0) for each in values] == [20300.0] * 3
