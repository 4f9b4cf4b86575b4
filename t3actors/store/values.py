"""Pure: how a value is written, and read again. SQLite's integers are signed 64 bits; REAL would round beyond 2^53.

| value                        | point table: value, text          | sample     |
|------------------------------|-----------------------------------|------------|
| float, int in 64 bits        | itself, NULL                      | itself     |
| int beyond (uint64)          | nearest REAL, its digits          | its digits as a blob |
| str                          | NULL, itself                      | itself     |
| None                         | (kept as stored)                  | NULL       |
"""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec

from t3actors.points import Reading, Status, Value

STATUS_CODES: dict[Status, int] = {
    Status.OK: 0,
    Status.UNKNOWN: 1,
    Status.STALE: 2,
    Status.FAULT: 3,
    Status.DOWN: 4,
    Status.DISABLED: 5,
}
"""What `samples.status` holds; the views spell it out."""

NewestRow = tuple[int, float | int | None, str | None, int | None, int | None, int]


class Newest(NamedTuple):
    """A point's newest value as its view has it: `value`, `text`, `sampled_at`, `changed_at`."""

    value: float | int | None = None
    text: str | None = None
    sampled_at: int | None = None
    changed_at: int | None = None

    def row(self, point_no: int, at_ms: int) -> NewestRow:
        """Return the row that says so (schema 8), written then."""
        base = self.sampled_at or 0
        before = None if self.changed_at is None else base - self.changed_at
        return (point_no, self.value, self.text, self.sampled_at, before, at_ms - base)


_MIN, _MAX = -(1 << 63), (1 << 63) - 1


def columns(value: Value) -> tuple[float | int | None, str | None]:
    """Return `value` and `text` of a point's row. **Raises**: OverflowError for what no REAL comes near."""
    if isinstance(value, str):
        return None, value
    if isinstance(value, int) and not _MIN <= value <= _MAX:
        return float(value), str(value)
    return value, None


def sample(value: Value) -> float | int | str | bytes | None:
    """Return what `samples.value` holds."""
    if isinstance(value, int) and not _MIN <= value <= _MAX:
        return str(value).encode()
    return value


def from_columns(value: float | None, text: str | None) -> Value:
    """Return the value of a point's row."""
    if text is None:
        return value
    return text if value is None else int(text)


def believable(reading: Reading) -> Reading:
    """Return the reading, as a fault without a value where its number is none: SQLite would store NaN as NULL."""
    if isinstance(reading.value, float) and not math.isfinite(reading.value):
        if reading.status is not Status.OK:
            return msgspec.structs.replace(reading, value=None)
        return msgspec.structs.replace(
            reading, value=None, status=Status.FAULT, reason=f"not a number: {reading.value}"
        )
    return reading
