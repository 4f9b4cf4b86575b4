"""The lateness histogram."""

from __future__ import annotations

from t3actors.collect.pace import Pace


def test_no_poll_means_no_lateness() -> None:
    assert Pace().take() == (0, 0.0)


def test_one_late_poll_in_a_hundred_is_not_the_99th_percentile_but_two_are() -> None:
    pace = Pace()
    for _ in range(99):
        pace.record(0.0015)
    pace.record(3.0)
    assert pace.take() == (100, 2.0)
    for _ in range(98):
        pace.record(0.0015)
    pace.record(3.0)
    pace.record(3.0)
    assert pace.take() == (100, 3000.0)


def test_taking_begins_anew_and_an_early_poll_counts_as_on_time() -> None:
    pace = Pace()
    pace.record(-1.0)
    assert pace.take() == (1, 0.0)
    assert pace.take() == (0, 0.0)


def test_later_than_the_last_bound_is_told_as_it_was() -> None:
    pace = Pace()
    pace.record(3600.0)
    assert pace.take() == (1, 3_600_000.0)
