"""Points as the seed's struct: what a C compiler reads there."""

from __future__ import annotations

import ctypes
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.embed.point_data import MOST_INDEX, STATUSES, packed
from t3actors.points import Kind, Status, Value
from t3actors.questions import PointNow


class PointData(ctypes.Structure):
    """As the header has it, laid out by ctypes as a C compiler would."""

    _fields_ = [
        ("id", ctypes.c_uint32),
        ("value", ctypes.c_float),
        ("status", ctypes.c_uint8),
        ("timestamp", ctypes.c_uint64),
    ]


def read(*points: PointNow) -> list[PointData]:
    octets = packed(points)
    return list((PointData * (len(octets) // ctypes.sizeof(PointData))).from_buffer_copy(octets))


def now(
    value: Value, status: Status = Status.OK, *, kind: Kind = Kind.INPUT, index: int = 1, at_ms: int = 5
) -> PointNow:
    return PointNow(kind, index, value, status, at_ms)


def test_each_field_is_where_a_compiler_looks_for_it() -> None:
    first, second = read(
        now(21.5, at_ms=1_795_738_760_381),
        now(7, Status.STALE, kind=Kind.VARIABLE, index=128, at_ms=2),
    )
    assert (first.id, first.value, first.status, first.timestamp) == (1, 21.5, 0, 1_795_738_760_381)
    assert (second.id, second.value, second.status, second.timestamp) == (2 << 28 | 128, 7.0, 2, 2)


@given(
    st.sampled_from(list(Kind)),
    st.integers(0, MOST_INDEX),
    st.floats(width=32, allow_nan=False, allow_infinity=False),
    st.sampled_from(list(Status)),
    st.integers(0, 2**63),
)
def test_what_is_packed_is_read(kind: Kind, index: int, value: float, status: Status, at_ms: int) -> None:
    (point,) = read(now(value, status, kind=kind, index=index, at_ms=at_ms))
    assert (list(Kind)[point.id >> 28], point.id & MOST_INDEX) == (kind, index)
    assert (point.value, STATUSES[point.status], point.timestamp) == (value, status, at_ms)


@pytest.mark.parametrize(
    ("value", "status", "told"),
    [
        (None, Status.UNKNOWN, Status.UNKNOWN),
        (None, Status.FAULT, Status.FAULT),
        ("a text", Status.OK, Status.OK),
        (3.4e38 * 1.01, Status.OK, Status.FAULT),
        (-1e300, Status.DOWN, Status.DOWN),
        (2**1100, Status.OK, Status.FAULT),
        (None, Status.OK, Status.FAULT),
    ],
)
def test_what_no_float_can_hold_is_nan_and_a_number_among_them_is_never_called_ok(
    value: Value, status: Status, told: Status
) -> None:
    (point,) = read(now(value, status))
    assert math.isnan(point.value)
    assert STATUSES[point.status] is told


@pytest.mark.parametrize(("index", "is_there"), [(0, True), (MOST_INDEX, True), (MOST_INDEX + 1, False), (-1, False)])
def test_a_point_whose_index_has_no_room_is_left_out(index: int, is_there: bool) -> None:
    assert bool(read(now(1.0, index=index))) is is_there


def test_a_clock_before_1970_is_told_as_0() -> None:
    (point,) = read(now(1.0, at_ms=-5))
    assert point.timestamp == 0
