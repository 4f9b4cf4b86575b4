"""What an answer says as a plain value, and values as text."""

from __future__ import annotations

import math

import pytest

from t3actors.collect.bacnet.codec.read_multiple import Answer, PropertyError
from t3actors.collect.bacnet.codec.tags import Bits, Date, Enumerated, ObjectId, Primitive, Several, Time, Undecodable
from t3actors.collect.bacnet.rare.plainly import (
    date_text,
    manual,
    number,
    reliability,
    time_text,
    truth,
    value_text,
    weekday_text,
    whole,
    word,
)

NOTHING: list[Answer] = [None, "5", PropertyError(2, 32), Undecodable("no real", b""), Several(()), Date(1, 2, 3, 4)]


@pytest.mark.parametrize("answer", NOTHING)
def test_an_answer_of_another_sort_says_nothing(answer: Answer) -> None:
    assert [each(answer) for each in (number, whole, truth, manual, reliability)] == [None] * 5


def test_numbers_are_finite_and_no_booleans() -> None:
    assert [number(each) for each in (2, 2.5, math.nan, math.inf, True)] == [2.0, 2.5, None, None, None]
    assert [whole(each) for each in (2, Enumerated(3), -1, 2.0, False)] == [2, 3, None, None, None]


def test_an_enumerated_number_has_its_word_or_says_which_it_is() -> None:
    assert [word(Enumerated(each), {1: "one"}, "state") for each in (1, 2)] == ["one", "state 2"]
    assert [reliability(Enumerated(each)) for each in (0, 1, 99)] == [
        "no fault detected",
        "no sensor",
        "reliability 99",
    ]
    assert [manual(each) for each in (True, False)] == [1, 0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (Enumerated(1), "1"),
        (42, "42"),
        (-3, "-3"),
        (21.5, "21.5"),
        (0.1000000014901161, "0.1"),
        (math.nan, "nan"),
        ("on\n", "on"),
        (Time(6, 30, 0, 0), "06:30"),
        (ObjectId(2, 7), "object 2:7"),
        (Bits(5, 4), "1010"),
        (b"\x01\xff", "01ff"),
    ],
)
def test_a_value_is_shown_as_what_it_is(value: Primitive, text: str) -> None:
    assert value_text(value) == text


def test_a_state_is_shown_by_its_text_where_there_is_one() -> None:
    assert [value_text(Enumerated(each), ("inactive", "active")) for each in (0, 1, 2)] == ["inactive", "active", "2"]


@pytest.mark.parametrize(
    ("date", "text"),
    [
        (Date(2026, 12, 24, 4), "2026-12-24"),
        (Date(None, 12, 24, None), "*-12-24"),
        (Date(None, None, None, 5), "*-*-* Friday"),
        (Date(2026, 13, 32, None), "2026-odd-last"),
        (Date(2026, 14, 33, 9), "2026-even-odd weekday 9"),
        (Date(2026, 1, 34, None), "2026-01-even"),
    ],
)
def test_any_in_a_date_is_an_asterisk_and_a_weekday_has_its_name(date: Date, text: str) -> None:
    assert date_text(date) == text


def test_seconds_are_shown_where_there_are_any() -> None:
    assert time_text(Time(6, 30, 5, 0)) == "06:30:05"
    assert time_text(Time(6, 30, 0, 7)) == "06:30:00.07"
    assert time_text(Time(None, 30, None, None)) == "*:30"
    assert (weekday_text(1), weekday_text(7), weekday_text(8)) == ("Monday", "Sunday", "weekday 8")
