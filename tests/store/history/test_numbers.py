from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.store.history.numbers import EXACT, scaled
from tests.store.history.values import DECIMALS, DOUBLES, SINGLES


@given(st.lists(DECIMALS | SINGLES | DOUBLES, min_size=1, max_size=20))
def test_whole_numbers_over_their_divisor_are_the_very_values(values: list[float]) -> None:
    made = scaled(values)
    if made is not None:
        divisor, whole = made
        assert [struct.pack("d", number / divisor) for number in whole] == [struct.pack("d", value) for value in values]
        assert max(map(abs, whole)) < EXACT


@pytest.mark.parametrize(
    ("values", "made"),
    [
        ([21.5, 22.0], (10, [215, 220])),
        ([0.01, 100.0], (100, [1, 10000])),
        ([0.125], (1000, [125])),
        ([1.0], (1, [1])),
        ([2.0**-20, 0.5], (2**20, [1, 2**19])),
    ],
)
def test_the_smallest_divisor_is_taken(values: list[float], made: tuple[int, list[int]]) -> None:
    assert scaled(values) == made


@pytest.mark.parametrize("value", [-0.0, math.inf, -math.inf, math.nan, 1e300, 1 / 3, 5e-324, float(EXACT)])
def test_what_has_no_divisor_says_so(value: float) -> None:
    assert scaled([1.5, value]) is None
