"""The token bucket lets the rate through on average and the burst at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.watch.api.rates import Bucket


def test_a_burst_passes_and_the_next_waits_for_its_turn() -> None:
    bucket = Bucket(rate=10.0, burst=3.0)
    assert [bucket.take(5.0) for _ in range(4)] == [0.0, 0.0, 0.0, pytest.approx(0.1)]
    assert bucket.take(5.09) == pytest.approx(0.01)
    assert bucket.take(5.101) == 0.0


def test_a_pause_fills_the_bucket_to_its_brim_and_not_beyond() -> None:
    bucket = Bucket(rate=10.0, burst=3.0)
    assert [bucket.take(at_s) for at_s in (0.0, 1000.0, 1000.0, 1000.0)] == [0.0] * 4
    assert bucket.take(1000.0) > 0


@given(st.lists(st.floats(0, 0.3), min_size=1, max_size=200))
def test_never_more_than_the_burst_and_the_rate_times_the_time_pass(pauses_s: list[float]) -> None:
    bucket, now_s, passed = Bucket(rate=20.0, burst=5.0), 0.0, 0
    for pause_s in pauses_s:
        now_s += pause_s
        passed += bucket.take(now_s) == 0.0
    assert passed <= 5 + 20 * now_s + 1e-6


def test_who_is_too_early_is_given_his_turn_behind_those_before_him_unless_that_is_too_late() -> None:
    bucket = Bucket(rate=10.0, burst=2.0)
    booked = [bucket.book(0.0, within_s=0.35) for _ in range(6)]
    assert booked == [0.0, 0.0, *(pytest.approx(wait_s) for wait_s in (0.1, 0.2, 0.3)), None]
    assert bucket.book(0.3, within_s=0.35) == pytest.approx(0.1), "who was turned away has taken nothing"
    assert bucket.take(0.3) == pytest.approx(0.2)
    assert [bucket.book(60.0, within_s=1.0) for _ in range(3)] == [0.0, 0.0, pytest.approx(0.1)]
