"""Moments and ages as people write and read them. Pure: `now_ms` is an argument."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from t3actors.configure.durations import DURATION_FORM, duration_s

MOMENT_FORM = f'an age {DURATION_FORM}, or a time such as "2026-11-22" or "2026-11-22T10:30"'


def moment_ms(text: str, now_ms: int, zone: dt.tzinfo) -> int:
    """Read a moment: so long ago, or a time, in `zone` where it names none.

    Units: Unix milliseconds. Raises: ValueError.
    """
    try:
        return now_ms - round(duration_s(text) * 1000)
    except ValueError:
        moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return round(moment.timestamp() * 1000)


def age(at_ms: object, now_ms: int) -> str:
    """Say how long ago that was, in its largest unit."""
    if not isinstance(at_ms, int):
        return "never"
    seconds = max(0, now_ms - at_ms) // 1000
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def span(seconds: float) -> str:
    """Write a length of time for a person, in its largest unit."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def zone_of(name: str) -> dt.tzinfo:
    """Give the time zone of a checked name; UTC needs no data."""
    return dt.UTC if name == "UTC" else ZoneInfo(name)


def clock_time(at_ms: object, zone: dt.tzinfo) -> str:
    """Write a moment for a person."""
    if not isinstance(at_ms, int):
        return ""
    return dt.datetime.fromtimestamp(at_ms // 1000, zone).strftime("%Y-%m-%d %H:%M:%S %Z")
