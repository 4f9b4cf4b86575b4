"""Puts aggregates that were made anew in the place of those that are packed. The writer's thread, in steps.

A part is never changed; but where a series lies in it, `runs` says. So what is made anew of a series lies in a part of its own,
together with what else the old part has of that series, and in one transaction that part is shown and the old run is gone. It costs
the blocks of the series that are touched (some kB for a month of one), not those of all others. What the old run leaves behind in its
part goes with the part, or when merging.py makes one of several.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import apsw

from t3actors.store.history import aggregate_block, parts
from t3actors.store.history.aggregate_block import AggregateBlock
from t3actors.store.history.aggregates import Aggregate
from t3actors.store.history.block import DAY_MS
from t3actors.store.history.desk import Desk, Job
from t3actors.store.history.frontiers import DAY_S, HOUR_S
from t3actors.store.history.parts import LEVEL_PIECE, Kind, Part, PartWriter, State
from t3actors.store.history.spans import calmed, told
from t3actors.store.history.unpacking import BlockDamaged

SPAN_S = {Kind.MINUTES: 60, Kind.HOURS: HOUR_S}
MOST_ROWS = 20_000
"""So many rows are gathered at most: some 6 MB as Python has them."""
SERIES_A_STEP = 8

_TOUCHED = "kind = ? AND state IN (1, 2) AND from_s < ? AND until_s > ? ORDER BY day, part"
_NO_RUN = "DELETE FROM runs WHERE part = ? AND series_id = ?"
_IS_EMPTY = "SELECT NOT EXISTS (SELECT 1 FROM runs WHERE part = ?)"


class Made(NamedTuple):
    """What was made anew of a series: all of its rows (Unix milliseconds) between two times, seconds, of one day."""

    since_s: int
    until_s: int
    rows: list[Aggregate]


def packed_rows(connection: apsw.Connection, kind: Kind, series_id: int, since_s: int, until_s: int) -> list[Aggregate]:
    """Return what is packed of a series that touches a time, in order; Unix milliseconds."""
    found: list[Aggregate] = []
    for part in parts.find(connection, _TOUCHED, (kind, until_s, since_s)):
        found += run_of(connection, part, series_id, since_s, until_s)
    span_ms = SPAN_S[kind] * 1000
    found.sort(key=lambda row: row.at_ms)
    return [
        row
        for row in told(found, span_ms)
        if row.at_ms < until_s * 1000 and row.at_ms + row.spans * span_ms > since_s * 1000
    ]


def run_of(
    connection: apsw.Connection, part: Part, series_id: int, since_s: int | None = None, until_s: int | None = None
) -> list[Aggregate]:
    """Read a series in a part; at least what touches a time. A block that is damaged is left out."""
    blocks = [
        block
        for _, block in parts.blocks_of(connection, part, series_id, series_id)
        if isinstance(block, AggregateBlock)
    ]
    base_s = part.day * DAY_S
    made: list[Aggregate] = []
    for place, block in enumerate(blocks):
        if until_s is not None and base_s + block.t0 >= until_s:
            break
        if since_s is not None and place + 1 < len(blocks) and base_s + blocks[place + 1].t0 <= since_s:
            continue
        try:
            made += aggregate_block.decode(block, part.day * DAY_MS)
        except BlockDamaged:
            continue  # the rest of history is worth more than the gap
    return made


def between(row: Aggregate, since_s: int, until_s: int, span_s: int) -> Aggregate | None:
    """Cut a row to the spans of it that begin between two times; None where there are none."""
    span_ms = span_s * 1000
    first = max(0, -((row.at_ms - since_s * 1000) // span_ms))
    end = min(row.spans, -((row.at_ms - until_s * 1000) // span_ms))
    if first >= end:
        return None
    if first == 0 and end == row.spans:
        return row
    held = row.held if end == row.spans else True
    return row._replace(at_ms=row.at_ms + first * span_ms, spans=end - first, held=held)


class Patch:
    """What was made anew and is to be packed, gathered for many series."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._made: dict[Kind, dict[int, list[Made]]] = {Kind.HOURS: {}, Kind.MINUTES: {}}
        self._keeps: dict[tuple[Kind, int], int | None] = {}
        self._rows = 0

    @property
    def is_full(self) -> bool:
        """Whether `apply` is due."""
        return self._rows >= MOST_ROWS

    def add(self, kind: Kind, series_id: int, keep_s: int | None, made: Made) -> None:
        """Take what was made anew; times of one series do not touch one another."""
        self._made[kind].setdefault(series_id, []).append(made)
        self._keeps[kind, series_id] = keep_s
        self._rows += len(made.rows) + 1

    def apply(self) -> Job:
        """Show it in the place of what there is."""
        with self._desk.transaction():
            self._desk.connection.execute("UPDATE parts SET state = 9 WHERE kind IN (0, 1, 2) AND state = 0")
        for kind, made in self._made.items():
            if made:
                yield from self._apply(kind, made)
                made.clear()
        self._rows = 0

    def _apply(self, kind: Kind, made: dict[int, list[Made]]) -> Job:
        connection = self._desk.connection
        waiting = {series_id: [row for one in made[series_id] for row in one.rows] for series_id in sorted(made)}
        since_s = min(one.since_s for ranges in made.values() for one in ranges)
        until_s = max(one.until_s for ranges in made.values() for one in ranges)
        writers: list[PartWriter] = []
        gone: list[tuple[int, int]] = []
        for part in parts.find(connection, _TOUCHED, (kind, until_s, since_s)):
            writer = PartWriter(kind, part.level, part.day, (part.from_s, part.until_s), part.keep_s)
            for steps, series_id in enumerate(waiting):
                rows = self._patched(part, series_id, made[series_id], waiting)
                if rows is not None:
                    gone.append((part.part, series_id))
                    self._put(writer, series_id, rows, kind)
                if steps % SERIES_A_STEP == SERIES_A_STEP - 1:
                    yield from self._flush(writer)
            yield from self._flush(writer)
            writers.append(writer)
        for (day, keep_s), series in self._days(kind, waiting).items():
            end_s = min((day + 1) * DAY_S, self._desk.frontiers.packed_until)
            writer = PartWriter(kind, LEVEL_PIECE, day, (day * DAY_S, end_s), keep_s)
            for steps, series_id in enumerate(sorted(series)):
                self._put(writer, series_id, series[series_id], kind)
                if steps % SERIES_A_STEP == SERIES_A_STEP - 1:
                    yield from self._flush(writer)
            yield from self._flush(writer)
            writers.append(writer)
        with self._desk.transaction():
            connection.executemany(_NO_RUN, gone)
            for writer in writers:
                writer.finish(connection, State.ALONE)
            empty = [part for part in {part for part, _ in gone} if connection.execute(_IS_EMPTY, (part,)).get]
            parts.set_state(connection, empty, State.GOING)
        yield

    def _patched(
        self, part: Part, series_id: int, ranges: list[Made], waiting: dict[int, list[Aggregate]]
    ) -> list[Aggregate] | None:
        """Return what is to be told of a series in the place of its run in this part; None where that stays as it is."""
        kind = Kind(part.kind)
        touched = [one for one in ranges if one.since_s < part.until_s and one.until_s > part.from_s]
        if not touched:
            return None
        before = told(run_of(self._desk.connection, part, series_id), SPAN_S[kind] * 1000)
        if not before:
            return None
        rows = list(_outside(before, touched, SPAN_S[kind]))
        if part.keep_s == self._keeps[kind, series_id]:
            # A row may reach over several parts: who looks for it knows it by when its part begins and ends.
            here = [between(row, part.from_s, part.until_s, SPAN_S[kind]) for row in waiting[series_id]]
            rows = sorted([*rows, *(row for row in here if row is not None)], key=lambda row: row.at_ms)
            whole = Made(part.from_s, part.until_s, [])
            waiting[series_id] = list(_outside(waiting[series_id], [whole], SPAN_S[kind]))
        return None if rows == before else rows

    def _days(
        self, kind: Kind, waiting: dict[int, list[Aggregate]]
    ) -> dict[tuple[int, int | None], dict[int, list[Aggregate]]]:
        """Sort what has no part yet by its day."""
        days: dict[tuple[int, int | None], dict[int, list[Aggregate]]] = {}
        for series_id, rows in waiting.items():
            for row in rows:
                key = row.at_ms // DAY_MS, self._keeps[kind, series_id]
                days.setdefault(key, {}).setdefault(series_id, []).append(row)
        return days

    def _put(self, writer: PartWriter, series_id: int, rows: list[Aggregate], kind: Kind) -> None:
        if not rows:
            return
        base_ms, span_s = writer.day * DAY_MS, SPAN_S[kind]
        calm = calmed((row._replace(at_ms=row.at_ms - base_ms) for row in rows), span_s * 1000)
        writer.add(series_id, aggregate_block.encode(calm, span_s), len(calm))

    def _flush(self, writer: PartWriter) -> Job:
        if writer.waiting:
            with self._desk.transaction():
                writer.flush(self._desk.connection, self._desk.wall_ms())
        yield


def _outside(rows: Iterable[Aggregate], ranges: Sequence[Made], span_s: int) -> Iterator[Aggregate]:
    """Give what of the rows begins in none of the times."""
    ranges = sorted(ranges, key=lambda one: one.since_s)
    for row in rows:
        since_s = row.at_ms // 1000
        end_s = since_s + row.spans * span_s
        for one in ranges:
            if one.until_s <= since_s or one.since_s >= end_s:
                continue
            part = between(row, since_s, one.since_s, span_s)
            if part is not None:
                yield part
            since_s = max(since_s, one.until_s)
        part = between(row, since_s, end_s, span_s)
        if part is not None:
            yield part
