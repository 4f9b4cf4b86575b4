"""Which properties make the rows of the less used tables, by object type. A pure table; rarely.py reads by it.

`short` are properties of a size that is known well enough to be asked for together; each with the octets its value will probably take.
`long` ones may be of any size, so each is asked for by itself; of these `arrays` may be read element by element where they are too
long for the device to send at once. Lists may not (12: no index), and a list that is too long for a device stays unread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from t3actors.collect.bacnet.codec.properties import (
    DESCRIPTION,
    EVENT_STATE,
    OBJECT_NAME,
    OUT_OF_SERVICE,
    PRESENT_VALUE,
    RELIABILITY,
)
from t3actors.collect.bacnet.codec.tags import ObjectId
from t3actors.collect.bacnet.rare import alarms, calendars, loops, programs, schedules, stamps, trend_logs
from t3actors.collect.bacnet.rare.naming import Names
from t3actors.collect.bacnet.rare.plainly import Properties
from t3actors.messages import ObjectTable
from t3actors.objects import ObjectRow

NAME_OCTETS, DESCRIPTION_OCTETS = 26, 40  # as sizes.py has them
REFERENCE_OCTETS = 14  # object, property, device
SMALL = 5  # a Real, an Unsigned, an Enumerated

_COMMON = ((OBJECT_NAME, NAME_OCTETS), (DESCRIPTION, DESCRIPTION_OCTETS))

Sized = tuple[int, int]
"""A property, and the octets its value will probably take."""


class Reads(NamedTuple):
    """What is read of an object."""

    short: tuple[Sized, ...]
    long: tuple[int, ...] = ()
    arrays: frozenset[int] = frozenset()

    @property
    def properties(self) -> int:
        """How many these are."""
        return len(self.short) + len(self.long)


class Kind(NamedTuple):
    """What becomes of an object of one type."""

    table: ObjectTable
    reads: Reads
    row: Callable[[ObjectId, Properties, Names], ObjectRow]


def _small(*properties: int) -> tuple[Sized, ...]:
    return tuple((which, SMALL) for which in properties)


_TREND_LOG = _COMMON + _small(
    trend_logs.ENABLE,
    trend_logs.LOG_INTERVAL,
    trend_logs.BUFFER_SIZE,
    trend_logs.RECORD_COUNT,
    trend_logs.TOTAL_RECORD_COUNT,
    trend_logs.LOGGING_TYPE,
    RELIABILITY,
)
KINDS: dict[int, Kind] = {
    16: Kind(
        "PROGRAMS",
        Reads(
            (
                *_COMMON,
                *_small(programs.PROGRAM_STATE, programs.REASON_FOR_HALT, OUT_OF_SERVICE, RELIABILITY),
                (programs.DESCRIPTION_OF_HALT, DESCRIPTION_OCTETS),
            )
        ),
        programs.program_row,
    ),
    17: Kind(
        "SCHEDULES",
        Reads(
            (
                *_COMMON,
                *_small(PRESENT_VALUE, schedules.SCHEDULE_DEFAULT, OUT_OF_SERVICE, RELIABILITY),
                (schedules.EFFECTIVE_PERIOD, 10),
            ),
            (schedules.WEEKLY_SCHEDULE, schedules.EXCEPTION_SCHEDULE, schedules.WRITES),
            frozenset({schedules.WEEKLY_SCHEDULE, schedules.EXCEPTION_SCHEDULE}),
        ),
        schedules.schedule_row,
    ),
    6: Kind("HOLIDAYS", Reads((*_COMMON, *_small(PRESENT_VALUE)), (calendars.DATE_LIST,)), calendars.holiday_row),
    20: Kind(
        "TRENDLOGS",
        Reads((*_TREND_LOG, (trend_logs.LOGS, REFERENCE_OCTETS))),
        trend_logs.trend_log_row,
    ),
    27: Kind(
        "TRENDLOGS",
        Reads(_TREND_LOG, (trend_logs.LOGS,), frozenset({trend_logs.LOGS})),
        trend_logs.trend_log_row,
    ),
    12: Kind(
        "PID_CONTROLLERS",
        Reads(
            (
                *_COMMON,
                *_small(
                    PRESENT_VALUE,
                    loops.CONTROLLED_VALUE,
                    loops.CONTROLLED_UNITS,
                    loops.SETPOINT,
                    loops.ACTION,
                    loops.PROPORTIONAL_CONSTANT,
                    loops.INTEGRAL_CONSTANT,
                    loops.DERIVATIVE_CONSTANT,
                    loops.BIAS,
                    OUT_OF_SERVICE,
                    RELIABILITY,
                ),
                (loops.CONTROLLED, REFERENCE_OCTETS),
                (loops.MANIPULATED, REFERENCE_OCTETS),
                (loops.SETPOINT_REFERENCE, REFERENCE_OCTETS),
            )
        ),
        loops.pid_row,
    ),
}
"""By object type."""
TABLES: tuple[ObjectTable, ...] = ("SCHEDULES", "HOLIDAYS", "PROGRAMS", "TRENDLOGS", "PID_CONTROLLERS")
"""In the order in which they are read."""

LOOK = Reads(_small(EVENT_STATE))
"""What says whether an object is in alarm."""
LOOK_AGAIN = Reads((*_small(EVENT_STATE, alarms.ACKED_TRANSITIONS), (alarms.EVENT_TIME_STAMPS, 45)))
"""What may change of an alarm while it stands."""
_EVENT = (
    *_COMMON,
    *_small(alarms.ACKED_TRANSITIONS, alarms.NOTIFICATION_CLASS, alarms.NOTIFY_TYPE),
    (alarms.EVENT_TIME_STAMPS, 45),
)
ALARM = Reads((*_EVENT, *_small(alarms.LOW_LIMIT, alarms.HIGH_LIMIT)), (alarms.EVENT_MESSAGE_TEXTS,))
"""What says more of an object that watches itself."""
ENROLLMENT = Reads(
    (*_EVENT, *_small(alarms.EVENT_TYPE), (alarms.WATCHED, REFERENCE_OCTETS)),
    (alarms.EVENT_PARAMETERS, alarms.EVENT_MESSAGE_TEXTS),
)
"""What says more of an Event Enrollment."""
NOTIFICATION_CLASS = Reads(((alarms.NOTIFICATION_CLASS, SMALL), (alarms.PRIORITY, 9)))
CLOCK = Reads(_small(stamps.UTC_OFFSET, stamps.DAYLIGHT_SAVINGS_STATUS, stamps.LOCAL_DATE, stamps.LOCAL_TIME))
"""Of the device object."""
