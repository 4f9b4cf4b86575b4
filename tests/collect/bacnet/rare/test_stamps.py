"""Time stamps of events: as bacpypes3 reads them, and as Unix time where the device says what its clock shows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t3actors.collect.bacnet.codec.tags import Constructed, Date, Time
from t3actors.collect.bacnet.link import constructed
from t3actors.collect.bacnet.rare.plainly import Properties
from t3actors.collect.bacnet.rare.stamps import (
    DAYLIGHT_SAVINGS_STATUS,
    LOCAL_DATE,
    LOCAL_TIME,
    UTC_OFFSET,
    Moment,
    Stamp,
    ahead_of_utc_min,
    event_time_stamps,
    unix_ms,
)
from t3actors.collect.bacnet.rare.stamps import off_s as off_s_of
from tests.collect.bacnet import written

NOON = Moment(Date(2026, 7, 1, 3), Time(12, 0, 0, 50))
NOON_UTC_MS = 1_782_907_200_500


@given(st.lists(written.STAMPS, min_size=3, max_size=3))
@settings(max_examples=60)
def test_stamps_are_read_as_bacpypes3_reads_them(listed: list[Stamp]) -> None:
    octets = b"".join(map(written.stamp, listed))
    assert event_time_stamps(Constructed(octets)) == tuple(listed)
    for each, one in zip(constructed.decode(0, 130, None, octets), listed, strict=True):
        (read,) = each.values()
        assert (Moment(read["date"], read["time"]) if isinstance(one, Moment) else read) == one


@pytest.mark.parametrize("number", [0, 2, 4])
def test_stamps_are_three(number: int) -> None:
    assert event_time_stamps(Constructed(written.stamp(5) * number)) is None


@pytest.mark.parametrize(
    ("device", "ahead"),
    [
        ({UTC_OFFSET: 0, DAYLIGHT_SAVINGS_STATUS: False}, 0),
        ({UTC_OFFSET: 300, DAYLIGHT_SAVINGS_STATUS: False}, -300),
        ({UTC_OFFSET: -60, DAYLIGHT_SAVINGS_STATUS: True}, 120),
        ({UTC_OFFSET: -60}, None),
        ({DAYLIGHT_SAVINGS_STATUS: False}, None),
        ({UTC_OFFSET: 5000, DAYLIGHT_SAVINGS_STATUS: False}, None),
        ({UTC_OFFSET: True, DAYLIGHT_SAVINGS_STATUS: False}, None),
        ({UTC_OFFSET: 1.0, DAYLIGHT_SAVINGS_STATUS: False}, None),
    ],
)
def test_a_clock_is_known_where_the_device_says_offset_and_season(device: Properties, ahead: int | None) -> None:
    assert ahead_of_utc_min(device) == ahead


def test_a_full_date_and_time_is_a_moment_in_utc() -> None:
    assert unix_ms(NOON, 0) == NOON_UTC_MS
    assert unix_ms(NOON, 120) == NOON_UTC_MS - 2 * 3_600_000


@pytest.mark.parametrize(
    "stamp",
    [
        17,
        Time(12, 0, 0, 0),
        Moment(Date(None, 7, 1, 3), Time(12, 0, 0, 0)),
        Moment(Date(2026, 7, 1, 3), Time(None, 0, 0, 0)),
        Moment(Date(2026, 2, 30, None), Time(12, 0, 0, 0)),
        Moment(Date(2026, 13, 1, None), Time(12, 0, 0, 0)),
        Moment(Date(2026, 7, 1, None), Time(12, 0, 0, 200)),
    ],
)
def test_anything_less_is_none(stamp: Stamp) -> None:
    assert unix_ms(stamp, 0) is None


SHOWN = {UTC_OFFSET: -60, DAYLIGHT_SAVINGS_STATUS: True, LOCAL_DATE: NOON.date, LOCAL_TIME: NOON.time}
NOON_HERE_MS = NOON_UTC_MS - 7_200_000  # two hours ahead of UTC


@pytest.mark.parametrize(
    ("ahead_ms", "off_s"),
    [(0, None), (60_000, None), (60_001, 60), (-60_000, None), (-60_001, -60), (3_600_000, 3600), (-89_999, -60)],
)
def test_a_clock_is_off_by_more_than_a_minute_or_right(ahead_ms: int, off_s: int | None) -> None:
    assert off_s_of(SHOWN, NOON_HERE_MS - ahead_ms) == off_s


@pytest.mark.parametrize("missing", list(SHOWN))
def test_a_clock_that_does_not_say_all_it_takes_is_not_off(missing: int) -> None:
    said = {which: value for which, value in SHOWN.items() if which != missing}
    assert off_s_of(said, 0) is None


@pytest.mark.parametrize("date", [Date(None, 7, 1, 3), Date(2026, 2, 30, None), Date(2026, 13, 1, None)])
def test_a_clock_that_shows_no_day_is_not_off(date: Date) -> None:
    assert off_s_of({**SHOWN, LOCAL_DATE: date}, 0) is None
