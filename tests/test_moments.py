"""Moments and ages on the command line."""

from __future__ import annotations

import datetime as dt

import pytest

from t3actors.moments import age, clock_time, clock_times, moment_ms, zone_of

NOW_MS = 1_700_000_000_000  # 2023-11-14 22:13:20 UTC
PARIS = dt.timezone(dt.timedelta(hours=1), "CET")


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("0s", NOW_MS),
        ("24h", NOW_MS - 86_400_000),
        ("2023-11-14T23:13:20", NOW_MS),
        ("2023-11-14T22:13:20Z", NOW_MS),
        ("2023-11-14", 1_699_916_400_000),
    ],
)
def test_a_moment_is_so_long_ago_or_a_time_in_the_reader_s_zone(text: str, at_ms: int) -> None:
    assert moment_ms(text, NOW_MS, PARIS) == at_ms


@pytest.mark.parametrize("text", ["", "yesterday", "-1h", "24", "2023-13-01"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        moment_ms(text, NOW_MS, dt.UTC)


@pytest.mark.parametrize(
    ("ago_ms", "said"),
    [(0, "0 s"), (119_999, "119 s"), (120_000, "2 min"), (7_200_000, "2 h"), (172_800_000, "2 d"), (-5000, "0 s")],
)
def test_an_age_is_said_in_its_largest_unit(ago_ms: int, said: str) -> None:
    assert age(NOW_MS - ago_ms, NOW_MS) == said


def test_what_never_was_has_no_age_and_no_time() -> None:
    assert (age(None, NOW_MS), clock_time(None, dt.UTC)) == ("never", "")


def test_a_clock_time_names_its_zone() -> None:
    assert clock_time(NOW_MS, PARIS) == "2023-11-14 23:13:20 CET"


@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Monrovia"])
def test_many_clock_times_are_each_what_one_is(zone: str) -> None:
    changes_ms = 1_761_440_400_000  # London leaves summer time
    for first_ms in (0, 63_000_000_000, changes_ms - 3_600_000, 1_775_314_800_000 - 3_600_000):
        moments = [first_ms + step * 7_777 for step in range(1000)]
        assert clock_times(moments, zone_of(zone)) == [clock_time(at_ms, zone_of(zone)) for at_ms in moments]
    assert clock_times([], zone_of(zone)) == []
