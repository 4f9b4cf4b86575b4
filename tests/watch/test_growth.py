"""How fast the database grows, as measured."""

from __future__ import annotations

import pytest

from t3actors.watch.growth import EVERY_S, SAYS_AFTER_S, Growth

MB = 1_000_000


def test_the_first_hour_says_nothing() -> None:
    growth = Growth()
    assert growth.mb_a_day() is None
    growth.note(0.0, 0)
    growth.note(SAYS_AFTER_S - 1, 50 * MB)
    assert growth.mb_a_day() is None
    growth.note(SAYS_AFTER_S, 50 * MB)
    assert growth.mb_a_day() == pytest.approx(50 * 24)


def test_what_is_older_than_a_day_counts_no_more() -> None:
    growth = Growth()
    for number in range(1, 500):
        growth.note(number * EVERY_S, 1000 * MB if number > 10 else 0)
    assert growth.mb_a_day() == 0


def test_a_database_that_shrinks_grows_by_less_than_nothing() -> None:
    growth = Growth()
    growth.note(0.0, 24 * MB)
    growth.note(86_400.0, 0)
    assert growth.mb_a_day() == pytest.approx(-24)


def test_looks_every_second_are_kept_ten_minutes_apart() -> None:
    growth = Growth()
    for second in range(20_000):
        growth.note(float(second), second)
    assert len(growth._seen) == 34
