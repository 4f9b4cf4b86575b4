from __future__ import annotations

import math

import pytest
from msgspec.structs import replace

from t3actors.detect.ages import aged, next_age_s, rules_of
from t3actors.points import Mode, Rules, Status
from tests.detect.speech import point

RULES = Rules(poll_interval_s=10.0, stale_after=3, down_after=6)


@pytest.mark.parametrize(
    ("status", "age_s", "becomes"),
    [
        (Status.OK, 34.9, Status.OK),
        (Status.OK, 35.0, Status.STALE),
        (Status.OK, 64.9, Status.STALE),
        (Status.OK, 65.0, Status.DOWN),
        (Status.STALE, 1.0, Status.STALE),
        (Status.STALE, 64.9, Status.STALE),
        (Status.STALE, 65.0, Status.DOWN),
        (Status.UNKNOWN, 64.9, Status.UNKNOWN),
        (Status.UNKNOWN, 65.0, Status.DOWN),
        (Status.FAULT, 35.0, Status.FAULT),
        (Status.FAULT, 64.9, Status.FAULT),
        (Status.FAULT, 65.0, Status.DOWN),
        (Status.DOWN, 0.0, Status.DOWN),
        (Status.DISABLED, 64.9, Status.DISABLED),
    ],
)
def test_a_point_turns_stale_then_down_half_a_poll_after_the_last_one_it_may_miss(
    status: Status, age_s: float, becomes: Status
) -> None:
    assert aged(status, age_s, RULES, 10.0) is becomes


def test_polls_are_counted_at_the_interval_that_the_line_achieves() -> None:
    assert aged(Status.OK, 69.9, RULES, 20.0) is Status.OK
    assert aged(Status.OK, 70.0, RULES, 20.0) is Status.STALE
    assert aged(Status.OK, 35.0, RULES, 1.0) is Status.STALE


@pytest.mark.parametrize(
    ("status", "age_s"),
    [(Status.OK, 35.0), (Status.STALE, 65.0), (Status.FAULT, 65.0), (Status.UNKNOWN, 65.0), (Status.DOWN, math.inf)],
)
def test_the_next_age_is_the_first_at_which_something_changes(status: Status, age_s: float) -> None:
    assert next_age_s(status, RULES, 0.0) == age_s
    if age_s < math.inf:
        assert aged(status, age_s, RULES, 0.0) is not status
        assert aged(status, math.nextafter(age_s, 0.0), RULES, 0.0) is status


@pytest.mark.parametrize(
    ("mode", "verified_every_s", "interval_s"),
    [("poll", 60.0, 10.0), ("cov", 60.0, 60.0), ("cov", 10.0, 10.0), ("cov", 0.0, 10.0)],
)
def test_a_point_whose_device_tells_of_changes_is_aged_by_how_often_it_is_read_all_the_same(
    mode: Mode, verified_every_s: float, interval_s: float
) -> None:
    told = point("IN1", RULES, mode=mode, verified_every_s=verified_every_s)
    assert rules_of(told) == replace(RULES, poll_interval_s=interval_s)


def test_points_that_are_read_alike_share_their_rules() -> None:
    first, second = (point(name, mode="cov", verified_every_s=60.0) for name in ("IN1", "IN2"))
    assert rules_of(first) is rules_of(second)
