"""Times as T3000 writes them: local wall-clock text, "YYYY-MM-DD HH:MM:SS", compared letter by letter.

When the clocks go back an hour, an hour of such texts comes twice: two samples an hour apart read as one time, and a chart
draws them over each other. Nothing in that format can tell them apart (decision 10). Our own database keeps UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

_KEPT = 4096  # seconds whose text is remembered: those of a backlog come in order


class LocalTime:
    """One time zone."""

    def __init__(self, time_zone: str) -> None:
        self._zone: tzinfo = UTC if time_zone == "UTC" else ZoneInfo(time_zone)
        self._texts: dict[int, str] = {}

    def text(self, at_s: int) -> str:
        """Return the local time of a Unix time; the first or the last there is for one that no calendar has."""
        known = self._texts.get(at_s)
        if known is None:
            if len(self._texts) >= _KEPT:
                self._texts.clear()
            known = self._texts[at_s] = self._at(at_s).strftime("%Y-%m-%d %H:%M:%S")
        return known

    def midnight_before(self, now_s: int, days: int) -> int:
        """Return when the day so many days ago began here, as a Unix time."""
        begun = self._at(now_s).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
        return int(begun.timestamp())

    def _at(self, at_s: int) -> datetime:
        return datetime.fromtimestamp(min(max(at_s, 86_400), 253_402_128_000), self._zone)  # 1970-01-02 to 9999-12-30


def iso_utc(at_s: int) -> str:
    """Return a time as T3000's scan writes `last_checked` (RFC 3339, UTC)."""
    return datetime.fromtimestamp(at_s, UTC).isoformat()
