"""Packs an hour: its rows by series into blocks, its aggregates beside them. The rows stay until they are older than `recent`.

First the hour is sealed: what comes for it from now on is late. Then its rows are read by as many series at a time as fit
into memory, but for what came late, which is packed by itself; in the last transaction the part is shown and the frontier
moves. A part that was not finished is thrown away.
"""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterator
from typing import NamedTuple

import apsw
import msgspec

from t3actors.store.history import aggregate_block, block
from t3actors.store.history.aggregates import Aggregate, Gap, aggregated
from t3actors.store.history.block import Samples
from t3actors.store.history.desk import STEP_S, Desk, Job, Pace
from t3actors.store.history.frontiers import DAY_S, HOUR_S, first_hour
from t3actors.store.history.parts import LEVEL_PIECE, Kind, PartWriter, State

ROWS_AT_ONCE = 40_000  # some 6 MB as Python has them
SERIES_AT_ONCE = 2000
FLUSH_ROWS = 400
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000

_COUNT = "SELECT series_id, count(*) FROM samples WHERE logging_time >= ? AND logging_time < ? GROUP BY series_id"
_ALL = (
    "SELECT series_id, logging_time * 1000 + ms - ?3, value, status FROM samples"
    " WHERE logging_time >= ?1 AND logging_time < ?2 AND NOT EXISTS (SELECT 1 FROM late_samples l"
    " WHERE l.logging_time = samples.logging_time AND l.series_id = samples.series_id AND l.ms = samples.ms)"
)
_SOME = (
    "SELECT x.series_id, x.logging_time * 1000 + x.ms - ?3, x.value, x.status FROM sample_seconds t"
    " CROSS JOIN samples x ON x.logging_time = t.logging_time AND x.series_id BETWEEN ?4 AND ?5"
    " WHERE t.logging_time >= ?1 AND t.logging_time < ?2 AND NOT EXISTS (SELECT 1 FROM late_samples l"
    " WHERE l.logging_time = x.logging_time AND l.series_id = x.series_id AND l.ms = x.ms)"
)
_NEXT_SECOND = "SELECT MIN(logging_time) FROM sample_seconds WHERE logging_time >= ?"
_SERIES = "SELECT series_id, states, raw_s, minutes_s FROM series"
_HELD = "SELECT series_id, last FROM hours WHERE hour = ? AND held"
_HOUR = (
    "INSERT OR REPLACE INTO hours (hour, series_id, n, least, most, mean, last, time_mean, known_s, held, shares)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_GAPS = "SELECT MAX(ended_at, 0), started_at FROM GATEWAY_ENDS WHERE started_at > ? AND ended_at < ?"


class Kept(NamedTuple):
    """How long the samples and minutes of a series are kept: a part each. None: the default of [store]."""

    raw_s: int | None = None
    minutes_s: int | None = None


def next_hour(desk: Desk) -> int | None:
    """Return the first hour that has rows and is not packed; None when there are none."""
    second = desk.connection.execute(_NEXT_SECOND, (desk.frontiers.packed_until,)).get
    return None if second is None else second // HOUR_S * HOUR_S


def pack_hour(desk: Desk, hour_s: int) -> Job:
    """Pack the hour that began then."""
    yield from _seal(desk, hour_s)
    hour = _Hour(desk, hour_s)
    counts = yield from _counts(desk, hour_s)
    for kept, alike in hour.by_keeping(counts).items():
        chunks = list(_chunks(alike))
        for low, high in chunks:
            runs: dict[int, Samples] = {}
            yield from _read(desk, hour_s, runs, (low, high) if len(chunks) > 1 else None)
            yield from hour.pack(kept, {series_id: runs[series_id] for series_id in runs if series_id in alike})
    hours_from = first_hour(desk.connection, desk.frontiers.hours_from)
    with desk.moving(msgspec.structs.replace(desk.frontiers, packed_until=hour_s + HOUR_S, hours_from=hours_from)):
        hour.finish()
    yield


def _seal(desk: Desk, hour_s: int) -> Job:
    until = max(desk.frontiers.sealed_until, hour_s + HOUR_S)
    moved = msgspec.structs.replace(desk.frontiers, packed_until=hour_s, sealed_until=until)
    with desk.moving(moved):
        # Of an attempt that was not finished: what came late meanwhile stands among the rows as well.
        desk.connection.execute("DELETE FROM late_samples WHERE logging_time >= ?", (hour_s,))
        desk.connection.execute("UPDATE parts SET state = 9 WHERE kind IN (0, 1, 2) AND state = 0")
    yield


def _counts(desk: Desk, hour_s: int) -> Generator[None, None, dict[int, int]]:
    """Count the rows of each series. **Returns**: {series: rows}."""
    counts: dict[int, int] = {}
    for since, until in _spans(hour_s, Pace(60, 1, HOUR_S)):
        for series_id, rows in desk.connection.execute(_COUNT, (since, until)):
            counts[series_id] = counts.get(series_id, 0) + rows
        yield
    return counts


def _spans(hour_s: int, pace: Pace) -> Iterator[tuple[int, int]]:
    """Cut an hour into spans of as many seconds as a step can do."""
    since, end = hour_s, hour_s + HOUR_S
    while since < end:
        with pace.step() as seconds:
            until = min(end, since + seconds)
            yield since, until
        since = until


def _chunks(counts: dict[int, int]) -> Iterator[tuple[int, int]]:
    """Give ranges of series (first, last) that fit into memory."""
    first = last = None
    rows = series = 0
    for series_id in sorted(counts):
        if (
            first is not None
            and last is not None
            and (rows + counts[series_id] > ROWS_AT_ONCE or series >= SERIES_AT_ONCE)
        ):
            yield first, last
            first, rows, series = None, 0, 0
        first = series_id if first is None else first
        last = series_id
        rows += counts[series_id]
        series += 1
    if first is not None and last is not None:
        yield first, last


def _read(desk: Desk, hour_s: int, runs: dict[int, Samples], series: tuple[int, int] | None) -> Job:
    """Read the rows of a range of series (None: of all) in time order."""
    day_ms = hour_s // DAY_S * DAY_MS
    for since, until in _spans(hour_s, Pace(60, 1, HOUR_S)):
        sql, bindings = (_ALL, (since, until, day_ms)) if series is None else (_SOME, (since, until, day_ms, *series))
        for series_id, at_ms, value, status in desk.connection.execute(sql, bindings):
            run = runs.get(series_id)
            if run is None:
                run = runs[series_id] = Samples([], [], [])
            run.times.append(at_ms)
            run.values.append(value)
            run.codes.append(status)
        yield


class _Hour:
    """The parts and rows that come of one hour."""

    def __init__(self, desk: Desk, hour_s: int) -> None:
        self._desk = desk
        self._hour_s = hour_s
        self._day = hour_s // DAY_S
        self._kept: dict[int, Kept] = {}
        self._with_states: set[int] = set()
        for series_id, states, raw_s, minutes_s in desk.connection.execute(_SERIES):
            self._kept[series_id] = Kept(raw_s, minutes_s)
            if states is not None and len(json.loads(states)) > 2:
                self._with_states.add(series_id)
        self._held: dict[int, float] = dict(desk.connection.execute(_HELD, (hour_s // HOUR_S - 1,)))
        self._gaps = gaps_in(desk.connection, hour_s * 1000, (hour_s + HOUR_S) * 1000, self._day * DAY_MS)
        self._writers: dict[Kept, tuple[PartWriter, PartWriter]] = {}
        self._hours: list[tuple[object, ...]] = []

    def by_keeping(self, counts: dict[int, int]) -> dict[Kept, dict[int, int]]:
        """Sort series by how long they are kept: those alike make one part, and parts are made one after the other."""
        sorted_out: dict[Kept, dict[int, int]] = {}
        for series_id, rows in counts.items():
            sorted_out.setdefault(self._kept.get(series_id, Kept()), {})[series_id] = rows
        return sorted_out

    def pack(self, kept: Kept, runs: dict[int, Samples]) -> Job:
        """Pack these series, and write them in steps."""
        samples, minutes = self._begin(kept)
        began_s = time.perf_counter()
        for series_id in sorted(runs):
            self._add(samples, minutes, series_id, runs.pop(series_id))
            full = samples.waiting + minutes.waiting + len(self._hours) >= FLUSH_ROWS
            if full:
                self._flush(samples, minutes)
            if full or time.perf_counter() - began_s > STEP_S:
                yield
                began_s = time.perf_counter()
        self._flush(samples, minutes)
        yield

    def finish(self) -> None:
        """Show the parts, inside the caller's transaction."""
        for samples, minutes in self._writers.values():
            samples.finish(self._desk.connection, State.BESIDE_ROWS)
            minutes.finish(self._desk.connection, State.ALONE)

    def _begin(self, kept: Kept) -> tuple[PartWriter, PartWriter]:
        if kept not in self._writers:
            span = (self._hour_s, self._hour_s + HOUR_S)
            self._writers[kept] = (
                PartWriter(Kind.SAMPLES, LEVEL_PIECE, self._day, span, kept.raw_s),
                PartWriter(Kind.MINUTES, LEVEL_PIECE, self._day, span, kept.minutes_s),
            )
        return self._writers[kept]

    def _add(self, samples: PartWriter, minutes: PartWriter, series_id: int, run: Samples) -> None:
        end_ms = (self._hour_s + HOUR_S) * 1000 - self._day * DAY_MS
        held, states = self._held.get(series_id), series_id in self._with_states
        samples.add(series_id, block.encode(run), len(run.times))
        for row in aggregated(run, HOUR_MS, end_ms, held, self._gaps, states=states):
            self._hours.append(_hour_row(self._hour_s // HOUR_S, series_id, row))
        kept_s = self._kept.get(series_id, Kept()).minutes_s
        if self._desk.config.minutes_s if kept_s is None else kept_s:
            rows = aggregated(run, MINUTE_MS, end_ms, held, self._gaps, states=states)
            if rows:
                minutes.add(series_id, aggregate_block.encode(rows, 60), len(rows))

    def _flush(self, samples: PartWriter, minutes: PartWriter) -> None:
        with self._desk.transaction():
            samples.flush(self._desk.connection, self._desk.wall_ms())
            minutes.flush(self._desk.connection, self._desk.wall_ms())
            self._desk.connection.executemany(_HOUR, self._hours)
        self._hours.clear()


def gaps_in(connection: apsw.Connection, since_ms: int, until_ms: int, base_ms: int) -> list[Gap]:
    """Return when no gateway ran, as far as that matters in a span."""
    return [(ended - base_ms, started - base_ms) for ended, started in connection.execute(_GAPS, (since_ms, until_ms))]


def _hour_row(hour: int, series_id: int, row: Aggregate) -> tuple[object, ...]:
    shares = None if row.shares is None else json.dumps(row.shares, separators=(",", ":"))
    return (
        hour, series_id, row.n, row.least, row.most, row.mean, row.last, row.time_mean, row.known_ms // 1000, row.held, shares,
    )  # fmt: skip
