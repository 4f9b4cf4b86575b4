"""Waits between attempts."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision import Backoff, BadSpec


def middle() -> float:
    return 0.5


def test_waits_double_up_to_the_cap_and_stay_there() -> None:
    backoff = Backoff(1.0, 2.0, 30.0, 0.1)
    assert [backoff.delay_s(attempt, middle) for attempt in (1, 2, 3, 5, 6, 7)] == [1, 2, 4, 16, 30, 30]


def test_an_attempt_a_thousand_million_times_over_does_not_overflow() -> None:
    assert Backoff(0.1, 2.0, 30.0, 0.1).delay_s(10**9, middle) == 30.0
    assert Backoff(1e-300, 1e300, 1e300, 0).delay_s(10**9, middle) == 1e300


def test_a_factor_of_one_never_grows() -> None:
    assert Backoff(5, 1, 30, 0).delay_s(10**9, middle) == 5


def test_zero_means_at_once() -> None:
    assert Backoff(0, 2, 0, 0.5).delay_s(7, random.random) == 0


def test_jitter_is_symmetric_and_stays_below_the_cap() -> None:
    backoff = Backoff(10, 2, 30, 0.2)
    assert backoff.delay_s(1, lambda: 0.0) == pytest.approx(8)
    assert backoff.delay_s(1, lambda: 1.0) == pytest.approx(12)
    assert backoff.delay_s(5, lambda: 1.0) == 30
    assert backoff.delay_s(5, lambda: 0.0) == pytest.approx(24)


@given(
    initial_s=st.floats(0, 1e6),
    factor=st.floats(1, 1e6),
    more_s=st.floats(0, 1e6),
    jitter=st.floats(0, 1),
    attempt=st.integers(-5, 10**12),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_every_wait_is_between_nothing_and_the_cap(
    initial_s: float, factor: float, more_s: float, jitter: float, attempt: int, chance: float
) -> None:
    backoff = Backoff(initial_s, factor, initial_s + more_s, jitter)
    assert 0 <= backoff.delay_s(attempt, lambda: chance) <= backoff.cap_s


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"initial_s": -1}, "initial_s is -1"),
        ({"initial_s": math.nan}, "initial_s is nan"),
        ({"factor": 0.5}, "factor is 0.5"),
        ({"factor": math.inf}, "factor is inf"),
        ({"cap_s": 0.01}, "cap_s is 0.01"),
        ({"cap_s": math.inf}, "cap_s is inf"),
        ({"jitter": 1.1}, "jitter is 1.1"),
        ({"jitter": -0.1}, "jitter is -0.1"),
    ],
)
def test_what_cannot_be_meant_is_refused(wrong: dict[str, float], says: str) -> None:
    with pytest.raises(BadSpec, match=says):
        Backoff(**wrong)
