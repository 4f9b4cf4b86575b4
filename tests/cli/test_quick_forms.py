"""Numbers are written as msgspec writes them."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.cli import quick_forms


@pytest.mark.parametrize(
    "value",
    [0.0, -0.0, 1e-4, 1e-5, -1.25e-5, 9.99e-6, 1e15, 1e16, 1.5e300, 5e-324, math.inf, -math.inf, math.nan, None, 7],
)
def test_a_number_is_written_as_msgspec_writes_it(value: float | None) -> None:
    assert quick_forms._numbers([value]) == [msgspec.json.encode(value).decode()]


@given(st.lists(st.none() | st.floats() | st.floats(-2e-4, 2e-4) | st.integers(-(1 << 63), (1 << 63) - 1)))
def test_all_numbers_are(values: list[float | int | None]) -> None:
    assert quick_forms._numbers(values) == [msgspec.json.encode(value).decode() for value in values]
