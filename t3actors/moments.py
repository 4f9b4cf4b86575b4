"""Moments and ages as people write and read them. Pure: `now_ms` is an argument."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left

from t3actors.configure.durations import DURATION_FORM, duration_s

TYPE_CHECKING = False  # importing typing takes longer than printing a day of samples (cli/quickly.py)
if TYPE_CHECKING:
    from collections.abc import Sequence

QUARTER_MS, DAY_MS = 900_000, 86_400_000
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
    if name == "UTC":
        return dt.UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - who looks in UTC does without it

    return ZoneInfo(name)


def clock_time(at_ms: object, zone: dt.tzinfo) -> str:
    """Write a moment for a person."""
    if not isinstance(at_ms, int):
        return ""
    return dt.datetime.fromtimestamp(at_ms // 1000, zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def clock_times(moments: Sequence[int], zone: dt.tzinfo) -> list[str]:
    """Write many moments, in time order, for a person: as `clock_time`, many times quicker.

    No zone has changed its offset within a quarter of an hour since 1972, and all offsets are of whole quarters: so of those that
    lie in one only minute and second differ. In UTC a day has one date.
    """
    return _utc_times(moments) if zone is dt.UTC else _zone_times(moments, zone)


def _utc_times(moments: Sequence[int]) -> list[str]:
    """In UTC all days are alike but for their date."""
    if not _MINUTES:
        _MINUTES.extend(f"{minute // 60:02}:{minute % 60:02}:" for minute in range(1440))
        _SECONDS.extend(f"{second:02} UTC" for second in range(60))
    minutes, seconds = _MINUTES, _SECONDS
    made: list[str] = []
    start = 0
    while start < len(moments):
        midnight = moments[start] // DAY_MS * DAY_MS
        end = bisect_left(moments, midnight + DAY_MS, start)
        date = clock_time(midnight, dt.UTC)[:11]
        within = [(at_ms - midnight) // 1000 for at_ms in moments[start:end]]
        made += [f"{date}{minutes[second // 60]}{seconds[second % 60]}" for second in within]
        start = end
    return made


def _zone_times(moments: Sequence[int], zone: dt.tzinfo) -> list[str]:
    made: list[str] = []
    start = 0
    while start < len(moments):
        first = moments[start] // QUARTER_MS * QUARTER_MS
        end = bisect_left(moments, first + QUARTER_MS, start)
        begins = clock_time(first, zone)
        places = _places(begins[14:19])
        if places is None:
            made += [clock_time(at_ms, zone) for at_ms in moments[start:end]]
        else:
            head, tail = begins[:14], begins[19:]
            made += [head + places[(at_ms - first) // 1000] + tail for at_ms in moments[start:end]]
        start = max(end, start + 1)
    return made


def _places(begins: str) -> list[str] | None:
    """Give minute and second of each second of a quarter that begins so; None for what is no beginning of one."""
    if begins not in _PLACES:
        if begins not in {"00:00", "15:00", "30:00", "45:00"}:
            return None
        minute = int(begins[:2])
        _PLACES[begins] = [f"{minute + second // 60:02}:{second % 60:02}" for second in range(900)]
    return _PLACES[begins]


_PLACES: dict[str, list[str]] = {}
_MINUTES: list[str] = []
_SECONDS: list[str] = []
