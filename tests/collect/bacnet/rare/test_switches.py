"""Weekly and exception schedules are read as bacpypes3 reads them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from t3actors.collect.bacnet.codec.tags import Constructed, Date, ObjectId, Primitive, Several, Time
from t3actors.collect.bacnet.link import constructed
from t3actors.collect.bacnet.rare.days import Entry
from t3actors.collect.bacnet.rare.switches import DAYS, Special, Switch, exception_schedule, weekly_schedule
from tests.collect.bacnet import written
from tests.collect.bacnet.rare.test_days import theirs

Written = list[tuple[Time, Primitive]]


def in_order(switches: Written) -> tuple[Switch, ...]:
    return tuple(sorted((Switch(*each) for each in switches), key=lambda each: each.at))


def as_sent(switches: Written) -> tuple[Switch, ...]:
    return tuple(Switch(*each) for each in switches)


@given(st.lists(written.SWITCHES, min_size=DAYS, max_size=DAYS))
@settings(max_examples=60)
def test_a_week_is_read_as_bacpypes3_reads_it(days: list[Written]) -> None:
    octets = written.week([as_sent(each) for each in days])
    assert weekly_schedule(Constructed(octets)) == tuple(in_order(each) for each in days)
    read = constructed.decode(17, 123, None, octets)
    assert [[(each["time"], each.get("value")) for each in day.get("daySchedule", [])] for day in read] == days


@given(
    st.lists(
        st.tuples(written.ENTRIES | st.builds(ObjectId, st.just(6), st.integers(0, 99)), written.SWITCHES, st.integers(1, 16)),
        min_size=1,
        max_size=4,
    )
)  # fmt: skip
@settings(max_examples=60)
def test_exceptions_are_read_as_bacpypes3_reads_them(listed: list[tuple[Entry | ObjectId, Written, int]]) -> None:
    octets = b"".join(written.special(Special(when, as_sent(day), priority)) for when, day, priority in listed)
    ours = exception_schedule(Constructed(octets))
    expected = [Special(when, in_order(day), priority) for when, day, priority in listed]
    assert ours == tuple(sorted(expected, key=lambda each: each.priority))
    for each, (when, day, priority) in zip(constructed.decode(17, 38, None, octets), listed, strict=True):
        (period,) = each["period"].values()
        assert (period if isinstance(period, ObjectId) else theirs(period)) == when
        assert each["eventPriority"] == priority
        assert len(each.get("listOfTimeValues", [])) == len(day)


def test_a_week_has_seven_days() -> None:
    for days in (0, 6, 8):
        assert weekly_schedule(Constructed(written.week([()] * days))) is None
    assert weekly_schedule(Constructed(written.week([()] * 7))) == ((),) * 7


def test_a_schedule_may_have_no_exceptions() -> None:
    assert exception_schedule(Several(())) == ()


def test_what_is_no_time_is_no_switch() -> None:
    wrong = written.wrapped(0, bytes.fromhex("2105 9101"))
    assert weekly_schedule(Constructed(wrong * 7)) is None


def test_the_switches_of_a_day_stand_in_the_order_of_their_times() -> None:
    late, early = Switch(Time(18, 0, 0, 0), 1.0), Switch(Time(6, None, None, None), 2.0)
    one = Special(Date(2026, 1, 1, None), (late, early), 4)
    found = exception_schedule(Constructed(written.special(one)))
    assert found is not None
    assert found[0].day == (early, late)
