"""UTC days by their number since 1970, and the months they are in."""

from __future__ import annotations

import datetime as dt

_EPOCH = dt.date(1970, 1, 1).toordinal()


def first_of_month(day: int) -> int:
    """Return the first day of that day's month."""
    return dt.date.fromordinal(day + _EPOCH).replace(day=1).toordinal() - _EPOCH


def first_of_next_month(day: int) -> int:
    """Return the first day of the month after."""
    return first_of_month(first_of_month(day) + 31)
