from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.t3000.words import LONGEST, printable, size


@given(st.text(max_size=10 * LONGEST))
def test_any_text_becomes_one_printable_line(text: str) -> None:
    line = printable(text)
    assert line.isprintable()
    assert len(line) <= LONGEST
    assert printable(line) == line.strip()


@pytest.mark.parametrize(
    ("octets", "words"), [(64_000, "64 kB"), (999_999, "1000 kB"), (1_000_000, "1 MB"), (104_857_600, "105 MB")]
)
def test_a_size_is_spelt_as_in_the_configuration(octets: int, words: str) -> None:
    assert size(octets) == words
