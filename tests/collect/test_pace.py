"""The lateness histogram."""

from __future__ import annotations

from t3actors.collect.pace import Pace, Polls


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


def test_the_histogram_counts_every_poll_since_the_start_whatever_was_taken() -> None:
    pace = Pace()
    for late_s in (0.0005, 0.003, 0.003):
        pace.record(late_s)
    pace.take()
    pace.record(1000.0)
    seen = pace.histogram()
    assert dict(zip(seen.bounds_s, seen.counts, strict=False))[0.001] == 1
    assert dict(zip(seen.bounds_s, seen.counts, strict=False))[0.005] == 2
    assert (seen.counts[-1], sum(seen.counts)) == (1, 4)
    assert seen.sum_s == 1000.0065


def test_the_last_polls_are_remembered_and_no_more() -> None:
    polls = Polls(1.0)
    for number in range(20):
        polls.remember(float(number), None, error=f"no {number}")
    polls.remember(20.0, 19.5, 64)
    assert len(polls.last) == 8
    assert polls.last[-1] == (20.0, 0.5, 64, "")
    assert polls.last[0].error == "no 13"
