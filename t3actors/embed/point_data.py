"""Points as the seed's `PointData`: packed for the C side, in the machine's own layout. Pure.

id         kind << 28 | point_index; kind 0 input, 1 output, 2 variable (as in the database's series)
value      the number, as a 32-bit float; NaN where there is none (never read, a text, more than a float can hold)
status     0 ok; anything else says that `value` is the last good one, and is not to be taken for live
timestamp  when `value` was sampled, Unix UTC milliseconds
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable

from t3actors.points import Kind, Status, Value
from t3actors.questions import PointNow

KIND_SHIFT = 28
MOST_INDEX = (1 << KIND_SHIFT) - 1
"""Holds every index there is: BACnet object types below 64 (type << 22 | instance), and Modbus tables and registers."""
LARGEST_FLOAT = (2 - 2**-23) * 2.0**127
KINDS = {kind: number for number, kind in enumerate((Kind.INPUT, Kind.OUTPUT, Kind.VARIABLE))}
STATUSES = (Status.OK, Status.UNKNOWN, Status.STALE, Status.FAULT, Status.DOWN, Status.DISABLED)
_CODES = {status: code for code, status in enumerate(STATUSES)}
POINT = struct.Struct("@IfBQ")  # native alignment: what the C compiler makes of the struct


def packed(points: Iterable[PointNow]) -> bytes:
    """Pack the points, one behind the other. One whose index has no room in an id is left out."""
    return b"".join(
        POINT.pack(KINDS[point.kind] << KIND_SHIFT | point.point_index, *_said(point), max(0, point.sampled_at_ms))
        for point in points
        if 0 <= point.point_index <= MOST_INDEX
    )


def _said(point: PointNow) -> tuple[float, int]:
    value, status = _number(point.value), point.status
    if status is Status.OK and math.isnan(value) and not isinstance(point.value, str):
        status = Status.FAULT
    return value, _CODES[status]


def _number(value: Value) -> float:
    if value is None or isinstance(value, str) or not -LARGEST_FLOAT <= value <= LARGEST_FLOAT:
        return math.nan
    return float(value)
