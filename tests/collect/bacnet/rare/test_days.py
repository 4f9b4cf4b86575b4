"""Days of calendars: as bacpypes3 reads them, and as text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t3actors.collect.bacnet.codec.tags import Constructed, Date, Several
from t3actors.collect.bacnet.link import constructed
from t3actors.collect.bacnet.rare.days import Entry, Range, WeekDay, date_list, effective_period, entry_text
from tests.collect.bacnet import written

ANY = Date(None, None, None, None)


def theirs(read: dict[str, Any]) -> Entry:
    """bacpypes3's reading of an entry, in our words."""
    if "date" in read:
        date: Date = read["date"]
        return date
    if "dateRange" in read:
        return Range(read["dateRange"]["startDate"], read["dateRange"]["endDate"])
    month, week, weekday = (None if each == 255 else each for each in bytes(read["weekNDay"]))
    return WeekDay(month, week, weekday)


@given(st.lists(written.ENTRIES, min_size=1, max_size=4))
@settings(max_examples=60)
def test_entries_are_read_as_bacpypes3_reads_them(listed: list[Entry]) -> None:
    octets = b"".join(map(written.entry, listed))
    assert date_list(Constructed(octets)) == tuple(listed)
    assert [theirs(each) for each in constructed.decode(6, 23, None, octets)] == listed


def test_a_calendar_may_have_no_entries() -> None:
    assert date_list(Several(())) == ()


@pytest.mark.parametrize("octets", ["2a0501", "2c05010101", "0c7e0c18", "1ea47e0c18ff1f", "1e21012101 1f", "39 05"])
def test_what_is_no_entry_is_none(octets: str) -> None:
    assert date_list(Constructed(bytes.fromhex(octets))) is None


def test_a_period_is_two_dates() -> None:
    dates = Date(2026, 1, 1, None), ANY
    assert effective_period(Several(dates)) == Range(*dates)
    for wrong in (Several((1, 2)), Several((*dates, ANY)), ANY, None):
        assert effective_period(wrong) is None


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (Date(2026, 12, 24, None), "2026-12-24"),
        (Range(Date(2026, 12, 24, 4), Date(2026, 12, 26, 6)), "2026-12-24..2026-12-26"),
        (Range(ANY, Date(2026, 12, 26, 6)), "*-*-*..2026-12-26"),
        (WeekDay(5, 1, 1), "*-05 days 1-7 Monday"),
        (WeekDay(None, 6, None), "*-* last 7 days"),
        (WeekDay(13, None, 7), "*-odd-* Sunday"),
        (WeekDay(14, 99, None), "*-even week 99"),
    ],
)
def test_days_are_written_for_a_person(entry: Entry, text: str) -> None:
    assert entry_text(entry) == text
