"""Finds which series have something to tell of an hour, and how each is kept. The writer's thread, in steps.

Those with rows in it; those of which something held, where the gateway ended in it, or where they are kept by the minute, or
where their point went on under another description: its value then goes on in another series.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple

from t3actors.store.history.desk import STEP_S, Desk, Job, Pace
from t3actors.store.history.frontiers import DAY_S, HOUR_S

_COUNT = (
    "SELECT series_id, count(*), MIN(logging_time * 1000 + ms), MAX(logging_time * 1000 + ms) FROM samples"
    " WHERE logging_time >= ? AND logging_time < ? GROUP BY series_id"
)
_SERIES = (
    "SELECT series_id, point_index, CASE series_id >> 16 & 3 WHEN 1 THEN CAST(point_id AS BLOB) END,"
    " CASE WHEN states IS NULL THEN 0 WHEN json_valid(states) THEN json_array_length(states) > 2 END, raw_s, minutes_s FROM series"
    " WHERE series_id > ? ORDER BY series_id LIMIT ?"
)
_TIMES = (
    "SELECT x.logging_time * 1000 + x.ms FROM sample_seconds t CROSS JOIN samples x"
    " ON x.logging_time = t.logging_time AND x.series_id = ?3 WHERE t.logging_time >= ?1 AND t.logging_time < ?2"
)


class Kept(NamedTuple):
    """How long the samples and minutes of a series are kept: a part each. None: the default of [store]."""

    raw_s: int | None = None
    minutes_s: int | None = None


class Rows(NamedTuple):
    """The rows of a series in an hour: how many, and the times of the first and the last (Unix milliseconds)."""

    n: int
    first_ms: int
    last_ms: int


def count(desk: Desk, hour_s: int) -> Generator[None, None, dict[int, Rows]]:
    """Count the rows of each series."""
    counted: dict[int, Rows] = {}
    for since, until in spans(hour_s, Pace(60, 1, HOUR_S)):
        for series_id, rows, first_ms, last_ms in desk.connection.execute(_COUNT, (since, until)):
            before = counted.get(series_id)
            if before is None:
                counted[series_id] = Rows(rows, first_ms, last_ms)
            else:
                counted[series_id] = Rows(before.n + rows, before.first_ms, last_ms)
        yield
    return counted


def spans(hour_s: int, pace: Pace) -> Iterator[tuple[int, int]]:
    """Cut an hour into spans of as many seconds as a step can do."""
    since, end = hour_s, hour_s + HOUR_S
    while since < end:
        with pace.step() as seconds:
            until = min(end, since + seconds)
            yield since, until
        since = until


class Series(NamedTuple):
    """A series as an hour is packed."""

    series_id: int
    point: object
    """The same for the series of one point that its value goes over between."""
    has_states: bool
    kept: Kept


class Telling:
    """The series that have something to tell. `ends`: when another series of the point has samples, milliseconds of the day."""

    def __init__(
        self, desk: Desk, hour_s: int, rows: dict[int, Rows], archived: Callable[[int], list[int]], *, everyone: bool
    ) -> None:
        """`archived`: when a series has samples of this hour that are no rows; `everyone`: whether what held ended in this hour."""
        self._desk = desk
        self._hour_s = hour_s
        self._rows = rows
        self._archived = archived
        self._everyone = everyone
        self.kept: dict[Kept, dict[int, int]] = {}
        """{how it is kept: {series: rows}}: those that are kept alike make a part, and parts are made one after the other."""
        self.with_states: set[int] = set()
        self.ends: dict[int, list[int]] = {}

    def find(self) -> Job:
        """Look at all series, some at a time."""
        pace, last = Pace(1000, 100, 20_000), -1
        group: list[Series] = []
        unknown = set(self._rows)
        while True:
            whole: list[list[Series]] = []
            with pace.step() as most:
                found = list(self._desk.connection.execute(_SERIES, (last, most)))
                for series_id, index, name_by_hand, has_states, raw_s, minutes_s in found:
                    if has_states is None:
                        raise ValueError("the words of its states are no list")  # spoilt.py mends it
                    series = Series(series_id, name_by_hand or index, bool(has_states), Kept(raw_s, minutes_s))
                    if group and group[-1].series_id >> 16 != series_id >> 16:
                        whole.append(group)
                        group = []
                    group.append(series)
                    unknown.discard(series_id)
            yield
            yield from self._in_steps(whole)
            if not found:
                break
            last = found[-1][0]
        yield from self._in_steps([group])
        for series_id in unknown:
            self._add(Series(series_id, None, has_states=False, kept=Kept()))

    def keeps_minutes(self, kept: Kept) -> bool:
        """Say whether aggregates by the minute are kept of series that are kept so."""
        return (self._desk.config.minutes_s if kept.minutes_s is None else kept.minutes_s) > 0

    def _in_steps(self, groups: list[list[Series]]) -> Job:
        began_s = time.perf_counter()
        for group in groups:
            for _ in self._look_at(group):
                if time.perf_counter() - began_s > STEP_S:
                    yield
                    began_s = time.perf_counter()

    def _look_at(self, group: list[Series]) -> Job:
        """Look at all series of a device, kind and data source; a point at a time where it goes over."""
        points: dict[object, list[Series]] = {}
        for series in group:
            points.setdefault(series.point, []).append(series)
            if self._everyone or series.series_id in self._rows or self.keeps_minutes(series.kept):
                self._add(series)
        yield
        for alike in points.values():
            if len(alike) > 1:
                self._go_over(alike)
                yield

    def _add(self, series: Series) -> None:
        rows = self._rows.get(series.series_id)
        self.kept.setdefault(series.kept, {})[series.series_id] = 0 if rows is None else rows.n
        if series.has_states:
            self.with_states.add(series.series_id)

    def _go_over(self, alike: list[Series]) -> None:
        """With the first sample of one series what held in another of the point ends."""
        living = [series.series_id for series in alike if series.series_id in self._rows]  # few, of however many
        for series in alike:
            others = [other for other in living if other != series.series_id]
            if others:
                self._add(series)
                times = sorted(at_ms for other in others for at_ms in self._times(series.series_id, other))
                self.ends[series.series_id] = [at_ms - self._hour_s // DAY_S * DAY_S * 1000 for at_ms in times]

    def _times(self, series_id: int, other: int) -> list[int]:
        """Return as many times of the other's samples as are needed: the first, where none lies between two of this one's."""
        rows, others = self._rows.get(series_id), self._rows[other]
        if rows is None or rows.last_ms < others.first_ms or others.last_ms < rows.first_ms:
            return [others.first_ms]
        span = (self._hour_s, self._hour_s + HOUR_S, other)
        return [at_ms for (at_ms,) in self._desk.connection.execute(_TIMES, span)] + self._archived(other)
