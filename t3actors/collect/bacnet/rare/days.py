"""Days of a calendar: a date, a range of dates, a rule by week and weekday; decoded, and as text. Pure.

Source: ANSI/ASHRAE 135, 21 (BACnetCalendarEntry, BACnetDateRange, BACnetWeekNDay), 20.2.12.
"""

from __future__ import annotations

from typing import NamedTuple

from t3actors.collect.bacnet.codec.read_multiple import Answer
from t3actors.collect.bacnet.codec.tags import Date, FramingBroken, Several
from t3actors.collect.bacnet.codec.walk import DATE, OCTETS, Walk, decoded
from t3actors.collect.bacnet.rare.plainly import date_text, part, weekday_text

ANY = 0xFF
_WEEKS = {
    1: "days 1-7",
    2: "days 8-14",
    3: "days 15-21",
    4: "days 22-28",
    5: "days 29-31",
    6: "last 7 days",
    7: "7 days before the last 7",
    8: "7 days before the last 14",
    9: "7 days before the last 21",
}


class Range(NamedTuple):
    """From one date to another, both included; a date that is any in all parts leaves that end open."""

    first: Date
    last: Date


class WeekDay(NamedTuple):
    """Days by month (13 odd, 14 even), week of the month and weekday; None is any."""

    month: int | None
    week: int | None
    weekday: int | None


Entry = Date | Range | WeekDay


def date_list(answer: Answer) -> tuple[Entry, ...] | None:
    """Give a calendar's entries; None where it is no list of them."""
    return decoded(answer, _entries)


def effective_period(answer: Answer) -> Range | None:
    """Give a range of two dates, as a schedule's property has it; None where it is none."""
    if isinstance(answer, Several) and len(answer) == 2:
        first, last = answer
        if isinstance(first, Date) and isinstance(last, Date):
            return Range(first, last)
    return None


def entry(walk: Walk) -> Entry:
    """Take one entry. **Raises**: FramingBroken."""
    if walk.has(1):
        inner = walk.inside(1)
        first, last = inner.plain(), inner.plain()
        inner.must_end()
        if isinstance(first, Date) and isinstance(last, Date):
            return Range(first, last)
        raise FramingBroken
    if walk.has(2):
        octets = walk.context(2, OCTETS)
        if isinstance(octets, bytes) and len(octets) == 3:
            month, week, weekday = (None if each == ANY else each for each in octets)
            return WeekDay(month, week, weekday)
        raise FramingBroken
    date = walk.context(0, DATE)
    if isinstance(date, Date):
        return date
    raise FramingBroken


def entry_text(one: Entry) -> str:
    """Give "2026-12-24", "2026-12-24..2026-12-26", "*-05 days 1-7 Monday"."""
    if isinstance(one, Date):
        return date_text(one)
    if isinstance(one, Range):
        return f"{date_text(one.first)}..{date_text(one.last)}"
    month = {13: "odd", 14: "even"}.get(one.month or 0) or part(one.month)
    week = "-*" if one.week is None else f" {_WEEKS.get(one.week, f'week {one.week}')}"
    return f"*-{month}{week}" + ("" if one.weekday is None else f" {weekday_text(one.weekday)}")


def _entries(walk: Walk) -> tuple[Entry, ...]:
    found = []
    while walk.more:
        found.append(entry(walk))
    return tuple(found)
