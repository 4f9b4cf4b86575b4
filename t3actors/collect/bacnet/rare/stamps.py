"""When an event happened, by the device's own clock: its time stamps decoded, and as Unix time. Pure.

A device's clock shows local time. It is turned into UTC only where the device itself says both its utc-offset and whether it is
daylight saving time; the offset of the gateway would be a guess, and so would the season. Daylight saving is that of now: an alarm
that stands since before the clocks were changed is an hour off. A stamp that is a sequence number or a time without a date is none.
What its clock shows now, held against ours, says by how much its stamps are wrong.

Source: ANSI/ASHRAE 135, 21 (BACnetTimeStamp), 12.11 (UTC_Offset: minutes, west of Greenwich positive; Daylight_Savings_Status;
Local_Date, Local_Time).
"""

from __future__ import annotations

from calendar import monthrange, timegm
from typing import NamedTuple

from t3actors.collect.bacnet.codec.read_multiple import Answer
from t3actors.collect.bacnet.codec.tags import Date, FramingBroken, Time
from t3actors.collect.bacnet.codec.walk import TIME, Walk, decoded
from t3actors.collect.bacnet.rare.plainly import Properties, truth

UTC_OFFSET, DAYLIGHT_SAVINGS_STATUS, LOCAL_DATE, LOCAL_TIME = 119, 24, 56, 57
RIGHT_TO_S = 60
"""A clock is right that differs by no more: it may be read a little before ours, and alarms are looked for once a minute."""
MOST_OFFSET_MIN = 15 * 60  # 12.11.26 allows 780 minutes; some islands are further
DAYLIGHT_MIN = 60
TRANSITIONS = 3  # to-offnormal, to-fault, to-normal


class Moment(NamedTuple):
    """A date and a time of day on the device's clock."""

    date: Date
    time: Time


Stamp = Moment | Time | int


def event_time_stamps(answer: Answer) -> tuple[Stamp, ...] | None:
    """Give the stamps of the three transitions; None where it is no array of them."""
    found = decoded(answer, _stamps)
    return found if found is not None and len(found) == TRANSITIONS else None


def ahead_of_utc_min(device: Properties) -> int | None:
    """Give how many minutes the device's clock is ahead of UTC; None where it does not say all it takes."""
    offset, daylight = device.get(UTC_OFFSET), truth(device.get(DAYLIGHT_SAVINGS_STATUS))
    if isinstance(offset, bool) or not isinstance(offset, int) or daylight is None:
        return None
    return DAYLIGHT_MIN * daylight - int(offset) if abs(offset) <= MOST_OFFSET_MIN else None


def off_s(device: Properties, at_ms: int) -> int | None:
    """Give by how many seconds the device's clock is ahead of ours, which was at `at_ms` when it was read, to the minute; None where it is
    right, and where it does not say."""
    date, time, ahead_min = device.get(LOCAL_DATE), device.get(LOCAL_TIME), ahead_of_utc_min(device)
    if not isinstance(date, Date) or not isinstance(time, Time) or ahead_min is None:
        return None
    shown_ms = unix_ms(Moment(date, time), ahead_min)
    if shown_ms is None or abs(shown_ms - at_ms) <= RIGHT_TO_S * 1000:
        return None
    return round((shown_ms - at_ms) / 60_000) * 60


def unix_ms(stamp: Stamp, ahead_min: int) -> int | None:
    """Give a full date and time as Unix time; None for anything less."""
    if not isinstance(stamp, Moment):
        return None
    (year, month, day, _weekday), (hour, minute, second, hundredth) = stamp
    if year is None or month is None or day is None or hour is None or minute is None:
        return None
    second, hundredth = second or 0, hundredth or 0
    if not 1 <= month <= 12 or not 1 <= day <= monthrange(year, month)[1]:
        return None
    if hour > 23 or minute > 59 or second > 59 or hundredth > 99:
        return None
    seconds = timegm((year, month, day, hour, minute, second)) - ahead_min * 60
    return seconds * 1000 + hundredth * 10


def _stamps(walk: Walk) -> tuple[Stamp, ...]:
    found = []
    while walk.more:
        found.append(_stamp(walk))
    return tuple(found)


def _stamp(walk: Walk) -> Stamp:
    if walk.has(1):
        return walk.whole(1)
    if walk.has(2):
        inner = walk.inside(2)
        date, time = inner.plain(), inner.plain()
        inner.must_end()
        if isinstance(date, Date) and isinstance(time, Time):
            return Moment(date, time)
        raise FramingBroken
    time = walk.context(0, TIME)
    if isinstance(time, Time):
        return time
    raise FramingBroken
