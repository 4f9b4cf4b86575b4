"""Keeps the log readable while something flaps: what comes again and again is summed up in one line that says how often. Pure.

Of one kind (one event, one device or link or child, one reason but for its numbers) at most MOST lines an hour are written. What comes
beyond them is held and counted, and told in one line of the same event: `repeated` of them came since `since_at`, its other keys are those
of the last. The first such line comes after FIRST_S, each later one after twice as long, at most LONGEST_S; a warning that repeats becomes
an error. When nothing of its kind came for an hour, the rest is told and the next one is written at once again.
So nothing is lost: the lines of a kind without `repeated`, and the numbers of those with it, add up to all that happened.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from functools import lru_cache
from heapq import heappop, heappush
from typing import NamedTuple

from t3actors.events import Level, LogEvent

MOST = 3
WINDOW_S = 3600.0
FIRST_S = 600.0
LONGEST_S = 6 * 3600.0
KINDS_AT_MOST = 10_000
"""In an hour. Beyond them, the one that was heard of longest ago is told and forgotten."""
SUBJECTS = (
    "device",
    "link",
    "unit_id",
    "point_id",
    "points",
    "panel",
    "child",
    "supervisor",
    "endpoint",
    "peer",
    "database",
    "bbmd",
    "library",
)
CAUSES = ("reason", "cause")
EVERY_LINE = frozenset(
    {
        "gateway.started", "gateway.stopping", "gateway.stopped", "gateway.failed", "gateway.summary", "log.dropped", "host.joined",
        "host.left", "history.expired", "api.refused", "api.flooded", "api.hung_up", "watchdog.withheld", "watchdog.resumed",
        "device.stopped", "device.started", "device.added", "interval.set", "reload.done", "reload.refused", "reload.incomplete",
        "reload.failed",
    }
)  # fmt: skip
"""Rare, regular, done by a person, or summed up where they come from. A test holds that there are such events."""
RAISED: Mapping[Level, Level] = {"warning": "error"}

Kind = tuple[object, ...]


class Line(NamedTuple):
    """What is to be written."""

    event: LogEvent
    level: Level
    keys: Mapping[str, object]


class _Flapping:
    """What is known of one kind. `held`: how many came and were not told yet."""

    __slots__ = ("due_s", "event", "held", "keys", "last_s", "pause_s", "since_ms", "written")

    def __init__(self, event: LogEvent) -> None:
        self.event = event
        self.written: deque[float] = deque(maxlen=MOST)
        self.held = 0
        self.keys: Mapping[str, object] = {}
        self.last_s = self.due_s = 0.0
        self.since_ms = 0
        self.pause_s = 0.0
        """How long the last summary was waited for; 0 while lines are written as they come."""

    def told(self) -> Line:
        """Word what is held, and hold nothing any more."""
        held, self.held = self.held, 0
        keys = {**self.keys, "repeated": held, "since_at": self.since_ms}
        self.keys = {}
        return Line(self.event, RAISED.get(self.event.level, self.event.level), keys)


class Repeats:
    """**Units**: `now_s` monotonic, `at_ms` Unix UTC."""

    def __init__(self) -> None:
        self._kinds: OrderedDict[Kind, _Flapping] = OrderedDict()
        self._due: list[tuple[float, int, Kind]] = []
        self._number = 0

    def take(self, event: LogEvent, keys: Mapping[str, object], now_s: float, at_ms: int) -> list[Line]:
        """Take an event as it happens; return what is to be written now, what fell due meanwhile first."""
        lines = list(self._fallen_due(now_s))
        self._forget_quiet(now_s)
        if event.level == "debug" or event.name in EVERY_LINE:
            lines.append(Line(event, event.level, keys))
            return lines
        kind = kind_of(event, keys)
        flapping = self._kinds.get(kind)
        if flapping is None:
            if len(self._kinds) >= KINDS_AT_MOST:
                lines += self._forget_oldest()
            flapping = self._kinds[kind] = _Flapping(event)
        self._kinds.move_to_end(kind)
        flapping.last_s = now_s
        if self._may_be_written(flapping, now_s):
            flapping.written.append(now_s)
            lines.append(Line(event, event.level, keys))
        else:
            self._hold(kind, flapping, keys, now_s, at_ms)
        return lines

    def flush(self) -> list[Line]:
        """Tell all that is held: the log ends."""
        lines = [flapping.told() for flapping in self._kinds.values() if flapping.held]
        self._due.clear()
        return lines

    @staticmethod
    def _may_be_written(flapping: _Flapping, now_s: float) -> bool:
        if flapping.pause_s:
            return False
        written = flapping.written
        return len(written) < MOST or now_s - written[0] >= WINDOW_S

    def _hold(self, kind: Kind, flapping: _Flapping, keys: Mapping[str, object], now_s: float, at_ms: int) -> None:
        flapping.keys = keys
        flapping.held += 1
        if flapping.held == 1:
            flapping.pause_s = min(2 * flapping.pause_s, LONGEST_S) or FIRST_S
            flapping.since_ms, flapping.due_s = at_ms, now_s + flapping.pause_s
            self._remind(kind, min(flapping.due_s, now_s + WINDOW_S))

    def _remind(self, kind: Kind, at_s: float) -> None:
        self._number += 1
        heappush(self._due, (at_s, self._number, kind))

    def _fallen_due(self, now_s: float) -> Iterator[Line]:
        while self._due and self._due[0][0] <= now_s:
            kind = heappop(self._due)[2]
            flapping = self._kinds.get(kind)
            if flapping is None or not flapping.held:
                continue
            quiet_s = flapping.last_s + WINDOW_S
            if now_s >= flapping.due_s or now_s >= quiet_s:
                yield flapping.told()
            else:
                self._remind(kind, min(flapping.due_s, quiet_s))

    def _forget_quiet(self, now_s: float) -> None:
        """Of whom nothing came for an hour, and nothing is held, the next line is as the first: reasons come and go for years."""
        while self._kinds:
            kind, flapping = next(iter(self._kinds.items()))
            if flapping.held or now_s - flapping.last_s <= WINDOW_S:
                return
            del self._kinds[kind]

    def _forget_oldest(self) -> list[Line]:
        _, flapping = self._kinds.popitem(last=False)
        return [flapping.told()] if flapping.held else []


def kind_of(event: LogEvent, keys: Mapping[str, object]) -> Kind:
    """Return what makes two lines the same: the event, whom it is about, and the reason without its numbers."""
    about = [event.name]
    for name in SUBJECTS:
        value = keys.get(name)
        if value is not None and not (name == "points" and isinstance(value, int)):
            about.append(str(value))
    about += [classed(str(keys[name])) for name in CAUSES if keys.get(name)]
    return tuple(about)


@lru_cache(maxsize=4096)
def classed(reason: str) -> str:
    """Return a reason without what differs from time to time: numbers, and what stands far behind."""
    return re.sub(r"\d+(\.\d+)?", "#", reason[:120])
