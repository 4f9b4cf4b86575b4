"""A Schedule is a row of SCHEDULES, its week and its exceptions readable."""

from __future__ import annotations

from t3actors.collect.bacnet.codec.read_multiple import Answer, PropertyError
from t3actors.collect.bacnet.codec.tags import Constructed, Date, Enumerated, ObjectId, Primitive, Several, Time
from t3actors.collect.bacnet.rare.days import Range
from t3actors.collect.bacnet.rare.naming import Names
from t3actors.collect.bacnet.rare.references import Reference
from t3actors.collect.bacnet.rare.schedules import schedule_row
from t3actors.collect.bacnet.rare.switches import Special, Switch
from t3actors.objects import Schedule
from t3actors.stations import TEMCO
from tests.collect.bacnet import written

ONE = ObjectId(17, 1)
ANY = Date(None, None, None, None)
BINARY = Constructed(
    written.reference(Reference(ObjectId(5, 1), 85)) + written.reference(Reference(ObjectId(4, 2), 85))
)
ANALOG = Constructed(written.reference(Reference(ObjectId(2, 1), 85)))


def at(hour: int, value: Primitive) -> Switch:
    return Switch(Time(hour, 30, 0, 0), value)


def said(on: Primitive, off: Primitive, controls: Answer) -> dict[int, Answer]:
    day = (at(6, on), at(18, off))
    exceptions = (
        Special(Range(Date(2026, 12, 24, None), Date(2026, 12, 26, None)), (at(0, off),), 4),
        Special(ObjectId(6, 1), (), 2),
    )
    return {
        77: "Occupancy",
        85: on,
        174: off,
        54: controls,
        123: Constructed(written.week([day] * 5 + [()] * 2)),
        38: Constructed(b"".join(map(written.special, exceptions))),
        32: Several((Date(2026, 1, 1, None), ANY)),
        81: False,
        103: Enumerated(0),
    }


def test_a_schedule_of_binary_objects_is_active_and_inactive() -> None:
    names = Names([ObjectId(4, 2), ObjectId(5, 1)], vendor_id=TEMCO)
    row = schedule_row(ONE, said(Enumerated(1), Enumerated(0), BINARY), names)
    week = ("monday", "tuesday", "wednesday", "thursday", "friday")
    assert row == Schedule(
        index=1,
        schedule_id="SCH1",
        schedule_label="Occupancy",
        auto_manual=0,
        present_value="active",
        default_value="inactive",
        effective_period="2026-01-01..*-*-*",
        exceptions="HOL1: none (priority 2)\n2026-12-24..2026-12-26: 00:30 inactive (priority 4)",
        controls="VAR1 present-value, OUT2 present-value",
        reliability="no fault detected",
        saturday_time="",
        sunday_time="",
        **{f"{day}_time": "06:30 active; 18:30 inactive" for day in week},
    )


def test_a_value_of_any_other_schedule_is_its_number() -> None:
    row = schedule_row(ONE, said(Enumerated(1), None, ANALOG), Names())
    assert (row.present_value, row.default_value, row.monday_time) == ("1", "null", "06:30 1; 18:30 null")
    row = schedule_row(ONE, said(21.5, 16.0, ANALOG), Names())
    assert (row.present_value, row.monday_time) == ("21.5", "06:30 21.5; 18:30 16")
    row = schedule_row(ONE, said(Enumerated(1), Enumerated(0), Several(())), Names())
    assert (row.present_value, row.controls) == ("1", "")


def test_what_could_not_be_read_or_makes_no_sense_is_none() -> None:
    nothing = Schedule(index=1, schedule_id="SCH1")
    assert schedule_row(ONE, {}, Names()) == nothing
    broken: dict[int, Answer] = dict.fromkeys((77, 85, 174, 54, 123, 38, 32, 81, 103), PropertyError(2, 32))
    assert schedule_row(ONE, broken, Names()) == nothing
    broken |= dict.fromkeys((54, 123, 38), Constructed(b"\x09\x05"))
    assert schedule_row(ONE, broken, Names()) == nothing
