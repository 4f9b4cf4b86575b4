from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.arrivals import TOGETHER_S, are_apart, by_age
from t3actors.points import Reading

A, B, C, D = (Reading(name, 1.0) for name in "ABCD")


def test_readings_are_put_in_the_order_in_which_they_came() -> None:
    assert by_age((A, B, C, D), {"B": 12.0, "D": 12.0, "C": 3.5}) == ((B, D, C, A), ((2, 12_000), (1, 3_500)))


def test_what_came_together_is_one_moment() -> None:
    assert by_age((A, B), {"A": TOGETHER_S, "B": 0.0}) == ((A, B), ())
    assert not are_apart(5.0, 5.0 + TOGETHER_S / 2)
    assert are_apart(5.0, 5.0 + 2 * TOGETHER_S)


@given(st.dictionaries(st.sampled_from("ABCDEFGH"), st.floats(0, 1e6)))
def test_each_reading_is_there_once_and_as_old_as_was_said(ages: dict[str, float]) -> None:
    readings = [Reading(name, 1.0) for name in "ABCDEFGH"]
    ordered, runs = by_age(readings, ages)
    assert sorted(each.point_id for each in ordered) == list("ABCDEFGH")
    told = [age_ms for count, age_ms in runs for _ in range(count)]
    told += [0] * (len(ordered) - len(told))
    assert told == sorted(told, reverse=True)
    for reading, age_ms in zip(ordered, told, strict=True):
        age_s = ages.get(reading.point_id, 0.0)
        assert age_ms == (round(1000 * age_s) if age_s > TOGETHER_S else 0)
