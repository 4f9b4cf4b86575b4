from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.installations import kept, panel_name, serials_kept, split_name

SERIALS = st.integers(1, 2**32 - 1)


@given(st.text(min_size=1, max_size=64), SERIALS)
def test_a_panel_s_name_says_its_installation_and_its_serial_number(installation: str, serial: int) -> None:
    assert split_name(panel_name(installation, serial)) == (installation, serial)


@pytest.mark.parametrize(
    "name", ["", "plant", "plant:", ":5", "plant:-5", "plant:5x", "plant:٥", "plant:" + "9" * 5000]
)
def test_a_name_that_no_panel_can_have_is_nobody_s(name: str) -> None:
    assert split_name(name) is None


@given(st.lists(SERIALS))
def test_what_is_kept_of_the_panels_is_read_again(serials: list[int]) -> None:
    assert serials_kept(kept(serials)) == serials


@given(st.binary())
def test_whatever_is_kept_there_reads_as_serial_numbers_or_as_none(value: bytes) -> None:
    assert all(isinstance(serial, int) for serial in serials_kept(value))
