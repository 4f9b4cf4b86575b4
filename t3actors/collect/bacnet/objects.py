"""The standard's object types: what they are called, which of them are points, which belong to the other tables. Pure tables.

Source: ANSI/ASHRAE 135, 12 and 21 (BACnetObjectType).
"""

from __future__ import annotations

from enum import Enum, auto

from t3actors.points import Kind


class Shape(Enum):
    """What a present-value is."""

    NUMBER = auto()
    BINARY = auto()
    STATE = auto()
    OTHER = auto()
    """Text, date, time, octets or bits: shown as text."""


NAMES = {
    0: "analog-input",
    1: "analog-output",
    2: "analog-value",
    3: "binary-input",
    4: "binary-output",
    5: "binary-value",
    13: "multi-state-input",
    14: "multi-state-output",
    19: "multi-state-value",
    39: "bitstring-value",
    40: "characterstring-value",
    41: "date-pattern-value",
    42: "date-value",
    43: "datetime-pattern-value",
    44: "datetime-value",
    45: "integer-value",
    46: "large-analog-value",
    47: "octetstring-value",
    48: "positive-integer-value",
    49: "time-pattern-value",
    50: "time-value",
}
"""Of the types that are points."""
PREFIXES = {
    0: "AI",
    1: "AO",
    2: "AV",
    3: "BI",
    4: "BO",
    5: "BV",
    13: "MSI",
    14: "MSO",
    19: "MSV",
    39: "BSV",
    40: "CSV",
    41: "DPV",
    42: "DV",
    43: "DTPV",
    44: "DTV",
    45: "IV",
    46: "LAV",
    47: "OSV",
    48: "PIV",
    49: "TPV",
    50: "TV",
}
KINDS = {
    **dict.fromkeys((0, 3, 13), Kind.INPUT),
    **dict.fromkeys((1, 4, 14), Kind.OUTPUT),
    **dict.fromkeys((2, 5, 19, *range(39, 51)), Kind.VARIABLE),
}
TABLES = {
    6: "HOLIDAYS",  # calendar
    9: "ALARMS",  # event enrollment
    12: "PID_CONTROLLERS",  # loop
    15: "ALARMS",  # notification class
    16: "PROGRAMS",  # program
    17: "SCHEDULES",  # schedule
    20: "TRENDLOGS",  # trend log
    27: "TRENDLOGS",  # trend log multiple
}
"""Which table an object that is no point belongs to; a type in neither (device, file, ...) belongs to none."""


def shape_of(object_type: int) -> Shape:
    """Give what the present-value of a point of this type is."""
    if object_type in (0, 1, 2, 45, 46, 48):
        return Shape.NUMBER
    if object_type in (3, 4, 5):
        return Shape.BINARY
    return Shape.STATE if object_type in (13, 14, 19) else Shape.OTHER
