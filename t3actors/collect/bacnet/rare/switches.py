"""What a schedule switches when: its seven days, and its exceptions; decoded. Pure.

Source: ANSI/ASHRAE 135, 21 (BACnetDailySchedule, BACnetTimeValue, BACnetSpecialEvent).
"""

from __future__ import annotations

from typing import NamedTuple

from t3actors.collect.bacnet.codec.read_multiple import Answer
from t3actors.collect.bacnet.codec.tags import FramingBroken, ObjectId, Primitive, Time
from t3actors.collect.bacnet.codec.walk import Walk, decoded
from t3actors.collect.bacnet.rare.days import Entry, entry

DAYS = 7


class Switch(NamedTuple):
    """From this time of day the schedule has this value; None gives way to the schedule below."""

    at: Time
    value: Primitive


Day = tuple[Switch, ...]


class Special(NamedTuple):
    """An exception: on these days, or on those of a calendar object. `priority` 1 is the highest."""

    when: Entry | ObjectId
    day: Day
    priority: int


def weekly_schedule(answer: Answer) -> tuple[Day, ...] | None:
    """Give the seven days, Monday first; None where it is no weekly schedule."""
    days = decoded(answer, _days)
    return days if days is not None and len(days) == DAYS else None


def exception_schedule(answer: Answer) -> tuple[Special, ...] | None:
    """Give the exceptions, the highest priority first; None where it is no exception schedule."""
    found = decoded(answer, _specials)
    return None if found is None else tuple(sorted(found, key=lambda each: each.priority))


def _days(walk: Walk) -> tuple[Day, ...]:
    found = []
    while walk.more:
        found.append(_day(walk.inside(0)))
    return tuple(found)


def _specials(walk: Walk) -> tuple[Special, ...]:
    found = []
    while walk.more:
        when: Entry | ObjectId
        if walk.has(1):
            when = walk.object(1)
        else:
            inner = walk.inside(0)
            when = entry(inner)
            inner.must_end()
        day = _day(walk.inside(2))
        found.append(Special(when, day, walk.whole(3)))
    return tuple(found)


def _day(walk: Walk) -> Day:
    found = []
    while walk.more:
        at = walk.plain()
        if not isinstance(at, Time):
            raise FramingBroken
        found.append(Switch(at, walk.plain()))
    return tuple(sorted(found, key=lambda each: tuple(-1 if one is None else one for one in each.at)))
