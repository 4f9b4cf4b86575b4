"""What is in alarm is an Alarm, by whatever the device says of it."""

from __future__ import annotations

import pytest

from t3actors.collect.bacnet.codec.read_multiple import Answer, PropertyError
from t3actors.collect.bacnet.codec.tags import Bits, Constructed, Date, Enumerated, ObjectId, Several, Time, Undecodable
from t3actors.collect.bacnet.rare.alarms import alarm, is_in_alarm
from t3actors.collect.bacnet.rare.naming import Names
from t3actors.collect.bacnet.rare.plainly import Properties
from t3actors.collect.bacnet.rare.references import Reference
from t3actors.collect.bacnet.rare.stamps import Moment, Stamp
from t3actors.objects import Alarm
from t3actors.stations import TEMCO
from tests.collect.bacnet import written
from tests.collect.bacnet.encoding import number_octets, tagged

INPUT, ENROLLMENT = ObjectId(0, 3), ObjectId(9, 1)
NAMES = Names()
CLASSES: dict[int, Properties] = {7: {86: Several((64, 96, 192))}}
LISTED: tuple[Stamp, ...] = (Moment(Date(2026, 7, 1, 3), Time(12, 0, 0, 0)), 5, Time(1, 1, 1, 1))
STAMPS = Constructed(b"".join(map(written.stamp, LISTED)))
ERROR = PropertyError(2, 32)


def test_a_point_that_watches_itself() -> None:
    said: dict[int, Answer] = {
        77: "Supply",
        28: "Supply air",
        36: Enumerated(3),
        17: 7,
        0: Bits(0b110, 3),
        130: STAMPS,
        72: Enumerated(0),
        59: 5.0,
        45: 30.0,
        351: Several(("Too hot", "Broken", "Well")),
    }
    assert alarm(INPUT, said, NAMES, classes=CLASSES, ahead_of_utc_min=120) == Alarm(
        source="AI3",
        alarm_state="high limit",
        alarm_type="out of range",
        message="Too hot",
        description="Supply air",
        priority=64,
        notification_id=7,
        acknowledged=False,
        low_limit=5.0,
        high_limit=30.0,
        raised_at_ms=1_782_900_000_000,
    )


def test_a_fault_counts_by_the_transition_to_fault() -> None:
    said: dict[int, Answer] = {
        36: Enumerated(1),
        17: 7,
        0: Bits(0b010, 3),
        130: STAMPS,
        351: Several(("Too hot", "Broken", "Well")),
    }
    found = alarm(INPUT, said, NAMES, classes=CLASSES, ahead_of_utc_min=0)
    assert (found.alarm_state, found.message, found.priority) == ("fault", "Broken", 96)
    assert (found.acknowledged, found.raised_at_ms) == (True, None)


def test_an_enrolment_says_what_it_watches_and_its_limits() -> None:
    watched = Constructed(written.reference(Reference(INPUT, 85)))
    said: dict[int, Answer] = {
        78: watched,
        36: Enumerated(4),
        37: Enumerated(5),
        72: Enumerated(1),
        83: limits(5, 4, 2.5, 9.5),
    }
    found = alarm(ENROLLMENT, said, Names([INPUT], vendor_id=TEMCO))
    assert (found.source, found.alarm_state, found.message) == ("EE1", "low limit", "IN3 present-value: low limit")
    assert (found.alarm_type, found.low_limit, found.high_limit) == ("out of range (event)", 2.5, 9.5)


@pytest.mark.parametrize(
    ("identifier", "watched", "divided"),
    [
        (INPUT, None, True),
        (ObjectId(0, 8), None, False),
        (ENROLLMENT, Reference(INPUT, 85), True),
        (ENROLLMENT, Reference(INPUT, 85, None, ObjectId(8, 7)), True),
        (ENROLLMENT, Reference(INPUT, 85, None, ObjectId(8, 9)), False),
        (ENROLLMENT, Reference(INPUT, 103), False),
        (ENROLLMENT, None, False),
    ],
)
def test_limits_of_a_panel_in_thousandths_are_divided_as_the_point_they_are_of(
    identifier: ObjectId, watched: Reference | None, divided: bool
) -> None:
    said: dict[int, Answer] = {36: Enumerated(4), 59: 5000.0, 45: 30000.0}
    if watched is not None:
        said[78] = Constructed(written.reference(watched))
    found = alarm(identifier, said, Names([INPUT], vendor_id=TEMCO, instance=7, divisor=1000))
    assert (found.low_limit, found.high_limit) == ((5.0, 30.0) if divided else (5000.0, 30000.0))


def limits(choice: int, kind: int, low: float, high: float) -> Constructed:
    """Event parameters with a time delay, two limits and maybe a deadband."""
    written_as = {4: float, 2: int, 3: int}[kind]
    inner = written.under(0, 30) + written.under(1, written_as(low)) + written.under(2, written_as(high))
    return Constructed(written.wrapped(choice, inner + written.under(3, 1.0)))


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        (limits(5, 4, -2.5, 9.5), (-2.5, 9.5)),
        (limits(11, 2, 2, 9), (2.0, 9.0)),
        (limits(15, 3, -2, -1), (-2.0, -1.0)),
        (limits(4, 4, 2.5, 9.5), (None, None)),
        (Constructed(written.wrapped(1, written.under(0, 30))), (None, None)),
        (Constructed(b"\x5e\x09\x1e\x5f"), (None, None)),
        (ERROR, (None, None)),
    ],
)
def test_limits_are_those_of_a_range(parameters: Answer, found: tuple[float | None, float | None]) -> None:
    made = alarm(ENROLLMENT, {36: Enumerated(2), 83: parameters}, NAMES)
    assert (made.low_limit, made.high_limit) == found


def test_what_could_not_be_read_is_none_and_an_alarm_all_the_same() -> None:
    said: dict[int, Answer] = dict.fromkeys((77, 28, 36, 17, 0, 130, 72, 59, 45, 351), ERROR)
    assert alarm(INPUT, said, NAMES, classes=CLASSES, ahead_of_utc_min=0) == Alarm(
        source="AI3", alarm_state="in alarm", alarm_type="out of range", message="AI3: in alarm"
    )


@pytest.mark.parametrize("priorities", [ERROR, Several((1, 2)), Several((999, 1, 1)), Several((1.0, 1, 1)), 5])
def test_a_priority_that_is_none_is_not_shown(priorities: Answer) -> None:
    said: dict[int, Answer] = {36: Enumerated(2), 17: 7}
    assert alarm(INPUT, said, NAMES, classes={7: {86: priorities}}).priority is None
    assert alarm(INPUT, said, NAMES).notification_id == 7


def test_a_state_or_type_that_is_not_known_says_which_it_is() -> None:
    found = alarm(ENROLLMENT, {36: Enumerated(77), 37: Enumerated(66)}, NAMES)
    assert (found.alarm_state, found.alarm_type) == ("state 77", "type 66")
    assert alarm(ObjectId(9, 1), {36: Enumerated(2)}, NAMES).alarm_type == ""


def test_the_event_state_decides_and_the_flag_where_there_is_none() -> None:
    assert is_in_alarm({36: Enumerated(1)}, flagged=False)
    assert not is_in_alarm({36: Enumerated(0)}, flagged=True)
    for none in (ERROR, Undecodable("", b""), None):
        assert is_in_alarm({36: none}, flagged=True)
        assert not is_in_alarm({36: none}, flagged=False)


def test_a_double_limit_is_read() -> None:
    inner = written.under(0, 30) + tagged(1, b"\x40\x04" + bytes(6), context=True)
    inner += tagged(2, b"\x40\x10" + bytes(6), context=True) + tagged(3, number_octets(0) * 8, context=True)
    made = alarm(ENROLLMENT, {36: Enumerated(2), 83: Constructed(written.wrapped(14, inner))}, NAMES)
    assert (made.low_limit, made.high_limit) == (2.5, 4.0)
