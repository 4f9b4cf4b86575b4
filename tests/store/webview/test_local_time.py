from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.store.webview.local_time import LocalTime, iso_utc


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("zone", "utc", "local"),
    [
        ("UTC", "2026-01-01T00:00:00", "2026-01-01 00:00:00"),
        ("Europe/London", "2026-07-01T11:00:00", "2026-07-01 12:00:00"),
        ("Asia/Kolkata", "2026-07-01T11:00:00", "2026-07-01 16:30:00"),
        ("America/New_York", "2026-01-01T03:00:05", "2025-12-31 22:00:05"),
        ("Europe/Berlin", "2026-03-29T00:59:59", "2026-03-29 01:59:59"),
        ("Europe/Berlin", "2026-03-29T01:00:00", "2026-03-29 03:00:00"),
    ],
)
def test_a_time_is_written_as_the_wall_clock_there_shows_it(zone: str, utc: str, local: str) -> None:
    assert LocalTime(zone).text(at(utc)) == local


def test_when_the_clocks_go_back_an_hour_of_texts_comes_twice() -> None:
    berlin = LocalTime("Europe/Berlin")
    first, second = at("2026-10-25T00:30:00"), at("2026-10-25T01:30:00")
    assert berlin.text(first) == berlin.text(second) == "2026-10-25 02:30:00"
    assert berlin.text(second + 1800) == "2026-10-25 03:00:00"


@given(st.integers(at("1990-01-01T00:00:00"), at("2090-01-01T00:00:00")), st.integers(1, 86_400))
def test_outside_such_an_hour_later_is_greater(at_s: int, later_s: int) -> None:
    kolkata = LocalTime("Asia/Kolkata")  # no summer time there
    assert kolkata.text(at_s) < kolkata.text(at_s + later_s)


@given(st.integers(-(1 << 62), 1 << 62))
def test_any_number_has_a_text_of_that_form(at_s: int) -> None:
    text = LocalTime("America/New_York").text(at_s)
    assert datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S") == text


def test_a_text_is_right_however_many_were_asked_before() -> None:
    times = LocalTime("UTC")
    for second in range(10_000):
        times.text(second + 90_000)
    assert times.text(90_001) == "1970-01-02 01:00:01"


@pytest.mark.parametrize(
    ("now", "days", "begun"),
    [
        ("2026-07-02T10:00:00", 0, "2026-07-01T22:00:00"),
        ("2026-07-02T10:00:00", 1, "2026-06-30T22:00:00"),
        ("2026-03-29T10:00:00", 0, "2026-03-28T23:00:00"),
        ("2026-10-26T10:00:00", 1, "2026-10-24T22:00:00"),
    ],
)
def test_a_day_begins_at_its_own_midnight(now: str, days: int, begun: str) -> None:
    assert LocalTime("Europe/Berlin").midnight_before(at(now), days) == at(begun)


def test_a_scan_s_time_is_rfc_3339() -> None:
    assert iso_utc(at("2026-07-01T11:00:00")) == "2026-07-01T11:00:00+00:00"
