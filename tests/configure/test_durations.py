"""Durations and sizes, as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.configure.durations import duration_s, duration_text, size_bytes


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("30s", 30),
        ("15m", 900),
        ("2h", 7200),
        ("30d", 2_592_000),
        ("0s", 0),
        ("1.5h", 5400),
        ("20 ms", 0.02),
    ],
)
def test_a_duration_is_one_number_and_one_unit(text: str, seconds: float) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "30", "s", "-5s", "+5s", "1h30m", "5 minutes", "5S", "1e3s", "nan s", "٣s", "5s\n", "9" * 13 + "s", "5w"],
)
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not one number"):
        duration_s(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [("500MB", 500_000_000), ("2GB", 2_000_000_000), ("0B", 0), ("1.5kB", 1500), ("1KB", 1000), ("1TB", 10**12)],
)
def test_a_size_counts_in_thousands(text: str, count: int) -> None:
    assert size_bytes(text) == count


@pytest.mark.parametrize("text", ["", "500", "MB", "-1MB", "5mb", "5MiB", "5Mb", "1s"])
def test_what_is_not_a_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not one number"):
        size_bytes(text)


@given(st.integers(0, 10**8))
def test_a_written_duration_reads_back(milliseconds: int) -> None:
    assert duration_s(duration_text(milliseconds / 1000)) == pytest.approx(milliseconds / 1000)


@given(st.text())
def test_no_text_makes_them_raise_anything_but_a_value_error(text: str) -> None:
    for read in (duration_s, size_bytes):
        try:
            assert read(text) >= 0
        except ValueError:
            continue
