from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.store.history.integers import pack, unpack, width_of


@given(st.integers(0, 7), st.lists(st.integers(0, 2**64 - 1), max_size=50))
def test_numbers_come_back(width: int, numbers: list[int]) -> None:
    fitting = [number % (1 << 8 * width) for number in numbers]
    assert unpack(b"?" + pack(fitting, width), 1, width, len(fitting)) == fitting


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_eight_bytes_have_a_sign(numbers: list[int]) -> None:
    assert unpack(pack(numbers, 8), 0, 8, len(numbers)) == numbers


@pytest.mark.parametrize(("largest", "width"), [(0, 0), (1, 1), (255, 1), (256, 2), (2**24 - 1, 3), (2**24, 4)])
def test_a_width_is_as_small_as_can_be(largest: int, width: int) -> None:
    assert width_of(largest) == width


def test_the_first_byte_is_the_most_significant() -> None:
    assert pack([1, 0x010203], 3) == b"\0\0\1\1\2\3"


@pytest.mark.parametrize(("number", "width"), [(256, 1), (2**24, 3), (2**56, 7), (-1, 2)])
def test_a_number_that_does_not_fit_is_refused(number: int, width: int) -> None:
    with pytest.raises(OverflowError):
        pack([number], width)


def test_missing_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="2 bytes where 1 numbers of 3"):
        unpack(b"ab", 0, 3, 1)
