"""A careless library costs as little as can be: what can be read is, the rest is named."""

from __future__ import annotations

from math import isnan
from typing import Any

import msgspec
import pytest

from t3actors.collect.t3000.given import UNREADABLE, Given, givens, whole
from tests.collect.t3000.generated import written

GOOD = {"id": "IN1", "value": 18350, "range": 3, "label": "SAT"}


def one(**changes: Any) -> tuple[Given, list[str]]:
    (given,), refused = givens(written([GOOD | changes]), "device_data")
    return given, refused


def test_the_fields_stand_in_the_order_in_which_t3000_writes_them() -> None:
    assert list(Given.__struct_fields__) == sorted(Given.__struct_fields__)


def test_unknown_fields_and_null_are_passed_over() -> None:
    assert one(brand="x", colour=[1, {"a": 2}], label=None) == (Given(id="IN1", value=18350, range=3), [])


@pytest.mark.parametrize(
    ("changes", "field", "kept"),
    [
        ({"range": "7"}, "range", 7),
        ({"range": 7.0}, "range", 7),
        ({"range": True}, "range", 1),
        ({"value": "18350"}, "value", 18350),
        ({"value": "-12.5"}, "value", -12.5),
        ({"value": True}, "value", 1),
        ({"label": 5}, "label", "5"),
        ({"label": 5, "range": "7"}, "range", 7),
        ({"label": 5, "value": "18350"}, "value", 18350),
        ({"label": 5, "range": "7.0"}, "range", 7),
    ],
)
def test_a_number_may_stand_in_quotes_and_text_may_be_a_number(changes: dict[str, Any], field: str, kept: Any) -> None:
    given, refused = one(**changes)
    assert (getattr(given, field), type(getattr(given, field)), refused) == (kept, type(kept), [])


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"range": "x"}, 'IN1: range is "x"; allowed: a whole number of 32 bits'),
        ({"range": 7.5}, "IN1: range is 7.5; allowed: a whole number of 32 bits"),
        ({"range": 2**31}, "IN1: range is 2147483648; allowed: a whole number of 32 bits"),
        ({"label": []}, "IN1: label is []; allowed: text"),
        ({"low_voltage": "high"}, 'IN1: low_voltage is "high"; allowed: a number'),
        ({"units": {"a": 1}, "range": "x"}, 'IN1: range is "x"; allowed: a whole number of 32 bits'),
        ({"id": [], "label": {}}, "device_data[0]: id is []; allowed: text"),
        ({"label": ["long" * 50]}, 'IN1: label is ["' + "long" * 14 + "lo...; allowed: text"),
    ],
)
def test_what_cannot_be_used_is_left_out_and_the_first_of_it_named(changes: dict[str, Any], fault: str) -> None:
    given, refused = one(**changes)
    assert refused == [fault]
    assert given.value == 18350


def test_a_value_that_is_none_is_not_a_number() -> None:
    given, refused = one(value="abc")
    assert isinstance(given.value, float)
    assert isnan(given.value)
    assert refused == ['IN1: value is "abc"; allowed: a number']


def test_a_bad_point_leaves_the_others_as_they_are() -> None:
    body = b'[{"id":"IN1","value":1e999},17,{"id":"IN2","value":5},{"id":"I\xb03"},{"id":"IN4","label":"\\x"}]'
    given, refused = givens(body.replace(b"\\x", b"x"), "list")
    assert [each.id for each in given] == ["IN2", "I\ufffd3", "IN4"]
    assert refused == ["list[0] cannot be decoded; allowed: a point", "list[1] is 17; allowed: a point"]


@pytest.mark.parametrize("array", [b"", b"{}", b"7", b"null", b"[", b'[{"id":"IN1"}'])
def test_what_is_no_list_is_not_taken_for_one(array: bytes) -> None:
    with pytest.raises(UNREADABLE):
        givens(array, "device_data")


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5),
        ("5", 5),
        (5.0, 5),
        ("5.0", 5),
        (True, 1),
        (5.5, None),
        ("x", None),
        (11, None),
        (-1, None),
        (None, None),
        ([], None),
        ("9" * 5000, None),
        (float("nan"), None),
        (float("inf"), None),
        ("nan", None),
    ],
)
def test_a_whole_number_is_one_within_its_bounds(value: object, number: int | None) -> None:
    assert whole(value, 0, 10) == number


def test_decoding_keeps_nothing_of_the_answers_octets() -> None:
    body = bytearray(written([GOOD]))
    (given,), _ = givens(memoryview(body), "device_data")
    body.clear()  # would raise BufferError if anything still looked at them
    assert given == msgspec.convert(GOOD, Given)
