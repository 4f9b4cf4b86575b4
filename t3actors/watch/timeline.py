"""What happened, in order of time: lines of the log and rows of EVENTS as one. `logs` reads and shows them; here nothing is opened.

What stands in both is shown once, as the log has it: a row of the same event and device within TOGETHER_MS of a line. Where the log has
summed up what repeats (`repeated`), the rows say each time of it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, cast

import msgspec

from t3actors.events import CATALOGUE, Level
from t3actors.rows import EventRow

LEVELS: dict[str, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}
TOGETHER_MS = 2000
OF_A_STATUS: dict[str, Level] = {
    "offline": "error",
    "down": "error",
    "conflict": "warning",
    "fault": "warning",
    "stale": "warning",
}
SAID_AS = {"device.backing_off": "device.connecting", "device.mismatched": "device.offline"}
"""What the log says more exactly than EVENTS does."""
LEFT_OUT = "gateway.summary"
OWN_KEYS = {"timestamp", "level", "event", "gateway"}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened. `at`: Unix ms; `source`: "log" or "database"; `keys`: what else is said of it."""

    at: int
    level: Level
    event: str
    device: str | None
    point: str | None
    source: str
    keys: dict[str, Any]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries are wanted. `event`: a pattern with `*`; "": all but the summary of each minute."""

    since_ms: int = 0
    device: str | None = None
    event: str = ""
    level: Level = "debug"

    def wants(self, entry: Entry) -> bool:
        """Say whether this one is."""
        named = fnmatchcase(entry.event, self.event) if self.event else entry.event != LEFT_OUT
        return (
            named
            and entry.at >= self.since_ms
            and self.device in {None, entry.device}
            and LEVELS[entry.level] >= LEVELS[self.level]
        )


def of_line(line: bytes) -> Entry | None:
    """Read a line of the log; None where it is none: torn by a power cut, or another program's."""
    text = line.strip()
    if text[:1] == b"<" and text[2:3] == b">":  # the journal's priority
        text = text[3:]
    try:
        said: Mapping[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
        at = round(dt.datetime.fromisoformat(said["timestamp"]).timestamp() * 1000)
        level, event = said["level"], said["event"]
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, OverflowError):
        return None
    if not isinstance(level, str) or level not in LEVELS or not isinstance(event, str):
        return None
    keys = {name: value for name, value in said.items() if name not in OWN_KEYS}
    child, device = keys.get("child"), keys.pop("device", None)
    if device is None and isinstance(child, str) and child.startswith("device/"):
        device = child.removeprefix("device/")
    point = keys.pop("point_id", None)
    return Entry(
        at=at,
        level=cast("Level", level),
        event=event,
        device=None if device is None else str(device),
        point=None if point is None else str(point),
        source="log",
        keys=keys,
    )


def of_row(row: EventRow) -> Entry:
    """Read a row of EVENTS."""
    keys = {"from_status": row.from_status, "to_status": row.to_status, "reason": row.reason}
    return Entry(
        at=row.at,
        level=level_of(row),
        event=row.event,
        device=row.name,
        point=row.point,
        source="database",
        keys={name: value for name, value in keys.items() if value},
    )


def level_of(row: EventRow) -> Level:
    """Say how bad a row of EVENTS is: as its status, or as the log's event of that name."""
    if row.to_status == "connecting":
        return "warning" if row.from_status == "online" else "info"
    if row.to_status in OF_A_STATUS:
        return OF_A_STATUS[row.to_status]
    known = CATALOGUE.get(row.event)
    return "info" if known is None else known.level


def together(lines: Iterable[Entry], rows: Iterable[Entry]) -> list[Entry]:
    """Put both in order of time, and leave out the rows that a line says already."""
    merged = list(lines)
    said: defaultdict[tuple[str, str | None], list[int]] = defaultdict(list)
    for line in merged:
        if "repeated" not in line.keys:
            said[SAID_AS.get(line.event, line.event), line.device].append(line.at)
    for row in rows:
        times = said[row.event, row.device]
        near = next((at for at in times if abs(at - row.at) <= TOGETHER_MS), None) if row.point is None else None
        if near is None:
            merged.append(row)
        else:
            times.remove(near)
    return sorted(merged, key=lambda entry: entry.at)
