"""The sliding window."""

from __future__ import annotations

import math

import pytest

from supervision import BadSpec, Intensity
from supervision.intensity import RestartWindow


def test_a_restart_counts_until_the_period_is_over_and_not_longer() -> None:
    window = RestartWindow(10.0)
    assert window.add("a", 100.0) == 1
    assert window.add("a", 109.9) == 2
    assert window.add("b", 110.0) == 3
    assert window.add("a", 110.1) == 3
    assert window.add("a", 200.0) == 1


def test_a_wait_that_was_imposed_does_not_age_the_restarts_of_its_child() -> None:
    window = RestartWindow(10.0)
    window.add("a", 0.0)
    window.excuse("a", 30.0)
    assert window.add("a", 35.0) == 2
    window.add("b", 36.0)
    window.excuse("a", 30.0)
    assert window.add("a", 70.0) == 3  # 60, 65 and 70; that of b has aged


def test_the_limit_may_grow_with_the_children() -> None:
    assert Intensity(5, 60).allowed(1000) == 5
    assert Intensity(5, 60, 2).allowed(1000) == 2005


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"restarts": -1}, "restarts is -1"),
        ({"restarts": 1.5}, "restarts is 1.5"),
        ({"restarts": True}, "restarts is True"),
        ({"period_s": 0}, "period_s is 0"),
        ({"period_s": math.inf}, "period_s is inf"),
        ({"period_s": math.nan}, "period_s is nan"),
        ({"restarts_per_child": -1}, "restarts_per_child is -1"),
    ],
)
def test_what_cannot_be_meant_is_refused(wrong: dict[str, float], says: str) -> None:
    """S12"""
    with pytest.raises(BadSpec, match=says):
        Intensity(**wrong)  # type: ignore[arg-type]
