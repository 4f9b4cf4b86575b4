"""A single is kept as a person writes it, and is the same single."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.singles import shortest

SINGLES = st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False)


def single(value: float) -> float:
    """The single next to it, as a double."""
    found: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return found


@pytest.mark.parametrize("value", [20.3, -0.1, 72.05, 1013.27, 0.001, 99.9999, 1e-7, 4.2e-30])
def test_what_a_device_means_is_what_is_kept(value: float) -> None:
    assert single(value) != value
    assert shortest(single(value)) == value


@given(SINGLES)
def test_it_is_the_same_single_and_no_shorter_decimal_is(value: float) -> None:
    found = shortest(value)
    assert single(found) == value
    if not value.is_integer():
        digits = len(f"{found:.9e}".partition("e")[0].rstrip("0").replace(".", "").lstrip("-"))
        assert all(single(float(f"%.{fewer}g" % value)) != value for fewer in range(1, digits))


@given(st.integers(-(10**6) + 1, 10**6 - 1), st.integers(0, 6))
def test_a_decimal_of_six_digits_comes_back(digits: int, places: int) -> None:
    value = digits / 10**places
    assert shortest(single(value)) == value


@given(st.floats(allow_nan=False))
def test_what_is_no_single_is_given_as_it_is(value: float) -> None:
    is_single = abs(value) < 3.5e38 and value == struct.unpack("<f", struct.pack("<f", value))[0]
    assert is_single or shortest(value) == value


@given(st.integers(-(2**100), 2**100).map(float))
def test_a_whole_number_is_given_as_it_is(value: float) -> None:
    assert shortest(value) == value


def test_what_is_no_number_or_has_no_end_is_given_as_it_is() -> None:
    assert math.isnan(shortest(math.nan))
    assert shortest(math.inf) == math.inf
    assert shortest(-math.inf) == -math.inf
