"""What was read of a point to its reading."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.bacnet.codec.read_multiple import PropertyError, Result
from t3actors.collect.bacnet.codec.tags import Bits, Constructed, Date, Enumerated, ObjectId, Several, Time, Undecodable
from t3actors.collect.bacnet.mapping import Item, items
from t3actors.collect.bacnet.reading import differing, needs_reliability, reading, readings
from t3actors.points import Reading, Status
from t3actors.stations import TEMCO

PRESENT, FLAGS, RELIABILITY, OUT_OF_SERVICE = 85, 111, 103, 81


def item(kind: int, *, vendor_id: int = 10, scale: int = 1) -> Item:
    (found,), _ = items([(ObjectId(kind, 1), {})], vendor_id=vendor_id, scale=scale)
    return found


@pytest.mark.parametrize(
    ("kind", "answer", "value"),
    [
        (0, 21.5, 21.5),
        (2, 7, 7),
        (3, Enumerated(1), 1),
        (4, Enumerated(0), 0),
        (5, True, 1),
        (13, 3, 3),
        (19, 1.0, 1),
        (45, -5, -5),
        (48, 2**60, 2**60),
        (46, 1e300, 1e300),
        (40, "Auto\0", "Auto"),
        (47, b"\x01\xff", "01ff"),
        (39, Bits(0b101, 4), "1010"),
        (42, Date(2024, 5, 1, 3), "2024-05-01"),
        (41, Date(None, 13, None, None), "*-13-*"),
        (50, Time(7, 30, 0, None), "07:30:00.*"),
        (44, Several((Date(2024, 5, 1, 3), Time(1, 2, 3, 4))), "2024-05-01 01:02:03.04"),
    ],
)
def test_a_value_is_of_its_object_s_type(kind: int, answer: Any, value: Any) -> None:
    found = reading(item(kind), {PRESENT: answer, FLAGS: Bits(0, 4)})
    assert found == Reading(found.point_id, value)
    assert type(found.value) is type(value)


@pytest.mark.parametrize(
    ("kind", "answer", "reason"),
    [
        (0, math.nan, "not a number"),
        (0, math.inf, "not a number"),
        (0, None, "no value"),
        (0, "text", "value is of another type than its object"),
        (0, Several((1.0, 2.0)), "value is of another type than its object"),
        (0, PropertyError(2, 32), "unknown property (property error 2/32)"),
        (0, Undecodable("no real", b"\0"), "value not decodable: no real"),
        (3, Enumerated(2), "neither inactive nor active"),
        (3, 0.5, "neither inactive nor active"),
        (13, 0, "no state: they count from 1"),
        (13, math.nan, "no state: they count from 1"),
        (40, Constructed(b"\x0e\x0f"), "value is of another type than its object"),
    ],
)
def test_a_value_that_is_none_is_a_fault(kind: int, answer: Any, reason: str) -> None:
    found = reading(item(kind), {PRESENT: answer})
    assert (found.value, found.status, found.reason) == (None, Status.FAULT, reason)


def test_a_point_that_is_not_in_the_answer_is_a_fault() -> None:
    assert reading(item(0), {FLAGS: Bits(1, 4)}) == Reading("AI1", None, Status.FAULT, "not in the answer", None, 1)


@pytest.mark.parametrize(
    ("flags", "status"), [(0, Status.OK), (1, Status.OK), (4, Status.OK), (8, Status.OK), (2, Status.FAULT)]
)
def test_of_the_flags_only_fault_is_a_fault(flags: int, status: Status) -> None:
    found = reading(item(0), {PRESENT: 1.0, FLAGS: Bits(flags, 4)})
    assert (found.flags, found.status) == (flags, status)


@pytest.mark.parametrize(
    ("number", "reason"), [(4, "open loop"), (5, "shorted loop"), (11, "reliability 11"), (999, "reliability 999")]
)
def test_reliability_is_named(number: int, reason: str) -> None:
    found = reading(item(0), {PRESENT: 1.0, FLAGS: Bits(2, 4), RELIABILITY: Enumerated(number)})
    assert (found.status, found.reason, found.flags) == (Status.FAULT, reason, 2)


def test_no_fault_detected_is_no_fault() -> None:
    answers = {PRESENT: 1.0, FLAGS: Bits(0, 4), RELIABILITY: Enumerated(0), OUT_OF_SERVICE: True}
    assert reading(item(0), answers) == Reading("AI1", 1.0, flags=8)


def test_a_device_without_status_flags_is_read_without_them() -> None:
    assert reading(item(0), {PRESENT: 1.0, FLAGS: PropertyError(2, 32)}) == Reading("AI1", 1.0)


def test_reliability_is_asked_for_only_where_the_fault_flag_is_set() -> None:
    assert needs_reliability({FLAGS: Bits(2, 4)})
    assert not needs_reliability({FLAGS: Bits(13, 4)})
    assert not needs_reliability({})


def test_a_temco_panel_s_value_is_scaled_and_out_of_service_is_manual() -> None:
    found = reading(item(0, vendor_id=TEMCO, scale=1000), {PRESENT: 21500.0, FLAGS: Bits(8, 4)})
    assert found == Reading("IN1", 21.5, auto_manual=1, flags=8)


def test_every_item_gets_one_reading_and_strangers_none() -> None:
    first, second = item(0), item(3)
    results = [
        (0, 1, 85, None, 1.5),
        (0, 1, 111, None, Bits(0, 4)),
        (9, 9, 85, None, 1.0),
        (3, 1, 85, 2, Enumerated(1)),
    ]
    found = readings({(0, 1): first, (3, 1): second}, results)
    assert found == (Reading("AI1", 1.5), Reading("BI1", None, Status.FAULT, "not in the answer"))


POOL: list[Result] = [(kind, 1, which, None, 1.0) for kind in range(6) for which in (PRESENT, FLAGS) for _ in range(3)]


@given(st.lists(st.sampled_from(POOL), max_size=12), st.data())
def test_an_object_that_does_not_differ_has_the_very_same_results(before: list[Result], data: st.DataObject) -> None:
    now = [data.draw(st.sampled_from(POOL)) if data.draw(st.integers(0, 5)) == 0 else each for each in before]
    others = differing(before, now)
    for owner in {each[:2] for each in (*before, *now)} - ({each[:2] for each in POOL} if others is None else others):
        then, here = ([id(each) for each in results if each[:2] == owner] for results in (before, now))
        assert then == here


def test_equal_results_differ_when_they_are_not_the_very_same() -> None:
    first: Result = (0, 1, PRESENT, None, 1.0)
    again: Result = (0, 1, PRESENT, None, True)
    kept: list[Result] = [(3, n, PRESENT, None, Enumerated(1)) for n in range(3)]
    assert first == again
    assert differing([first, *kept], [again, *kept]) == {(0, 1)}
    assert differing([first, *kept], [first, *kept]) == set()


def test_results_of_another_number_all_count_as_differing() -> None:
    first: Result = (0, 1, PRESENT, None, 1.0)
    assert differing([first], [first, first]) is None
    assert differing([], []) == set()
