"""Packs an hour: its rows by series into blocks, its aggregates beside them. The rows stay until they are older than `recent`.

First the hour is sealed: what comes for it from now on is late. Then its rows are read by as many series at a time as fit
into memory, but for what came late, which is packed by itself; in the last transaction the part is shown and the frontier
moves. A part that was not finished is thrown away.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from operator import itemgetter

from t3actors.store.history import aggregate_block, block, due, holding, telling
from t3actors.store.history.again import Again
from t3actors.store.history.aggregates import Gap, aggregated, number_of
from t3actors.store.history.desk import STEP_S, Desk, Job, Pace
from t3actors.store.history.frontiers import DAY_S, HOUR_S
from t3actors.store.history.merging import in_order
from t3actors.store.history.parts import LEVEL_PIECE, Kind, PartWriter, State
from t3actors.store.history.telling import Kept, Telling
from t3actors.store.history.unpacking import Samples

ROWS_AT_ONCE = 40_000  # some 6 MB as Python has them
SERIES_AT_ONCE = 2000
FLUSH_ROWS = 400
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000

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


def pack_hour(desk: Desk, hour_s: int) -> Job:
    """Pack the hour that began then. Between what is packed and it there are no rows, and the gateway did not end."""
    yield from _seal(desk, hour_s)
    gaps = holding.gaps_in(desk.connection, hour_s * 1000, (hour_s + HOUR_S) * 1000)
    again = Again(desk, hour_s)
    yield from again.find()
    rows = yield from telling.count(desk, hour_s)
    yield from again.count(rows)
    tells = Telling(desk, hour_s, rows, again.times_of, everyone=bool(gaps) or again.is_any)
    yield from tells.find()
    hour = _Hour(desk, hour_s, gaps, tells, again)
    for kept, counts in tells.kept.items():
        chunks = list(_chunks(counts))
        for chunk in chunks:
            runs: dict[int, Samples] = {}
            if any(counts[series_id] for series_id in chunk):
                yield from _read(desk, hour_s, runs, (chunk[0], chunk[-1]) if len(chunks) > 1 else None)
            archived = again.samples(chunk[0], chunk[-1])
            yield from hour.pack(kept, {series_id: runs.get(series_id) for series_id in chunk}, archived)
    hours_from = due.hours_from(desk, hour_s)
    with desk.moving(desk.frontiers._replace(packed_until=hour_s + HOUR_S, hours_from=hours_from)):
        hour.finish()
        again.let_go()
    yield


def _seal(desk: Desk, hour_s: int) -> Job:
    until = max(desk.frontiers.sealed_until, hour_s + HOUR_S)
    moved = desk.frontiers._replace(packed_until=hour_s, sealed_until=until)
    with desk.moving(moved):
        # Of an attempt that was not finished: what came late meanwhile stands among the rows as well.
        desk.connection.execute("DELETE FROM late_samples WHERE logging_time >= ?", (hour_s,))
        desk.connection.execute("UPDATE parts SET state = 9 WHERE kind IN (0, 1, 2) AND state = 0")
        holding.clean(desk.connection, desk.frontiers.packed_until // HOUR_S, hour_s // HOUR_S)
    yield


def _chunks(counts: dict[int, int]) -> Iterator[list[int]]:
    """Give series, in order, as many at a time as fit into memory."""
    chunk: list[int] = []
    rows = 0
    for series_id in sorted(counts):
        if chunk and (rows + counts[series_id] > ROWS_AT_ONCE or len(chunk) >= SERIES_AT_ONCE):
            yield chunk
            chunk, rows = [], 0
        chunk.append(series_id)
        rows += counts[series_id]
    if chunk:
        yield chunk


def _read(desk: Desk, hour_s: int, runs: dict[int, Samples], series: tuple[int, int] | None) -> Job:
    """Read the rows of a range of series (None: of all) in time order."""
    day_ms = hour_s // DAY_S * DAY_MS
    for since, until in telling.spans(hour_s, Pace(60, 1, HOUR_S)):
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

    def __init__(self, desk: Desk, hour_s: int, gaps: list[Gap], telling: Telling, again: Again) -> None:
        self._desk = desk
        self._hour_s = hour_s
        self._day = hour_s // DAY_S
        self._gaps = [(gone - self._day * DAY_MS, back - self._day * DAY_MS) for gone, back in gaps]
        self._telling = telling
        self._again = again
        self._writers: dict[Kept, tuple[PartWriter, PartWriter]] = {}
        self._hours: list[holding.Row] = []

    def pack(self, kept: Kept, runs: dict[int, Samples | None], archived: dict[int, Samples]) -> Job:
        """Pack these series, and write them in steps. None: without a row. `archived`: what is packed of them, and counts as well."""
        samples, minutes = self._begin(kept)
        began_s = time.perf_counter()
        for series_id in sorted(runs):
            run, more = runs.pop(series_id), archived.get(series_id)
            if run is not None:
                samples.add(series_id, block.encode(run), len(run.times))
            known = run or Samples([], [], [])
            if more is not None:
                known = in_order(
                    Samples(known.times + more.times, known.values + more.values, known.codes + more.codes)
                )
            self._tell(minutes if self._telling.keeps_minutes(kept) else None, series_id, known)
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

    def _tell(self, minutes: PartWriter | None, series_id: int, run: Samples) -> None:
        """Add the aggregates of a series; `minutes`: where they are kept by the minute."""
        since_ms = self._hour_s * 1000 - self._day * DAY_MS
        hour, end_ms, states = self._hour_s // HOUR_S, since_ms + HOUR_MS, series_id in self._telling.with_states
        if self._again.is_any and self._stays(minutes, series_id, run):
            return
        held = holding.before(self._desk.connection, self._desk.frontiers.hours_from, hour, series_id)
        if held is None and not run.times:
            return
        known = _ended(run, self._telling.ends.get(series_id, ()))
        rows = aggregated(known, HOUR_MS, end_ms, held, self._gaps, since_ms=since_ms, states=states)
        if held is not None and not rows:
            rows = [holding.nothing_known(since_ms, held)]
        if known.times or not (rows and rows[0].held):
            self._hours += [holding.row_of(series_id, hour, row) for row in rows]
        if minutes is not None:
            rows = aggregated(known, MINUTE_MS, end_ms, held, self._gaps, since_ms=since_ms, states=states)
            rows = [row for row in rows if row.n or row.known_ms >= 1000]
            if rows:
                minutes.add(series_id, aggregate_block.encode(rows, 60), len(rows))

    def _stays(self, minutes: PartWriter | None, series_id: int, run: Samples) -> bool:
        """Keep the old aggregates where they were made of more samples than there are now."""
        old = self._again.rows(Kind.HOURS, series_id)
        if not old or old[0].n <= sum(number_of(value) is not None for value in run.values):
            return False
        held = old[0].known_ms >= HOUR_MS if old[0].held is None else old[0].held
        self._hours.append(holding.row_of(series_id, self._hour_s // HOUR_S, old[0]._replace(held=held)))
        by_minute = self._again.rows(Kind.MINUTES, series_id)
        if minutes is not None and by_minute:
            minutes.add(series_id, aggregate_block.encode(by_minute, 60), len(by_minute))
        return True

    def _flush(self, samples: PartWriter, minutes: PartWriter) -> None:
        with self._desk.transaction():
            samples.flush(self._desk.connection, self._desk.wall_ms())
            minutes.flush(self._desk.connection, self._desk.wall_ms())
            holding.put(self._desk.connection, self._hours)
        self._hours.clear()


def _ended(run: Samples, ends: Sequence[int]) -> Samples:
    """Put in where the value went on in another series: from there on nothing is known of this one."""
    if not ends:
        return run
    order = sorted([*zip(run.times, run.values, strict=True), *((at_ms, None) for at_ms in ends)], key=itemgetter(0))
    return Samples([at_ms for at_ms, _ in order], [value for _, value in order], [])
