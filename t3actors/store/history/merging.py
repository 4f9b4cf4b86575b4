"""Merges pieces into one part: the hours of a day that is over, what came late for a day, the hours' aggregates of a month.

The pieces are read by a few series at a time, taken apart, put in order and packed anew; the last transaction shows the
whole and hides the pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from t3actors.store.history import aggregate_block, block, parts
from t3actors.store.history.aggregate_block import AggregateBlock
from t3actors.store.history.aggregates import Aggregate
from t3actors.store.history.block import DAY_MS, Block
from t3actors.store.history.days import first_of_month, first_of_next_month
from t3actors.store.history.desk import Desk, Job, Pace
from t3actors.store.history.frontiers import DAY_S, HOUR_S
from t3actors.store.history.parts import LEVEL_PIECE, LEVEL_WHOLE, Kind, Part, PartWriter, State
from t3actors.store.history.spans import calmed, told
from t3actors.store.history.unpacking import BlockDamaged, Samples

MANY_PIECES = 8  # of a day long past: what came late for it, again and again
MANY_OF_A_DAY = 96  # of the day at work, which has some anyhow

_GROUPS = (
    "SELECT kind, state, day, keep_s, count(*) FROM parts WHERE level = 1 AND state IN (1, 2) AND kind = ?"
    " GROUP BY kind, state, day, keep_s ORDER BY day"
)
_WHOLES = (  # what was corrected of them is a part beside each
    "SELECT kind, state, day, keep_s FROM parts WHERE kind = ? AND state IN (1, 2) AND level = 2 AND until_s <= ?"
    " GROUP BY kind, state, day, keep_s HAVING count(*) >= ? ORDER BY day LIMIT 1"
)


class Pieces(msgspec.Struct, frozen=True):
    """Parts that are to be one: `day` is what their whole counts from."""

    kind: Kind
    day: int
    keep_s: int | None
    state: State
    parts: tuple[Part, ...]


def pieces(desk: Desk) -> Pieces | None:
    """Return what is to be merged next."""
    over = desk.frontiers.packed_until // DAY_S  # days before are packed to their end
    for kind in (Kind.SAMPLES, Kind.MINUTES):
        for _, state, day, keep_s, count in list(desk.connection.execute(_GROUPS, (kind,))):
            is_over = day < over and (count >= MANY_PIECES or _is_recent(desk, day, over))
            is_many = kind is Kind.MINUTES and count >= MANY_OF_A_DAY
            if (is_over or is_many) and count > 1:
                return _of_day(desk, kind, day, keep_s, State(state))
    return _months(desk, over) or _wholes(desk)


def _wholes(desk: Desk) -> Pieces | None:
    for each in Kind:
        found = list(desk.connection.execute(_WHOLES, (each, desk.frontiers.packed_until, MANY_PIECES)))
        for kind, state, day, keep_s in found:
            return _of_day(desk, Kind(kind), day, keep_s, State(state), LEVEL_WHOLE)
    return None


def _is_recent(desk: Desk, day: int, over: int) -> bool:
    """Of a day that has just ended few pieces make a whole as well; what comes late for it later waits for more."""
    return day >= over - 2 and not parts.find(desk.connection, "kind = 0 AND level = 2 AND day = ?", (day,))


def _of_day(desk: Desk, kind: Kind, day: int, keep_s: int | None, state: State, level: int = LEVEL_PIECE) -> Pieces:
    where = "kind = ? AND state = ? AND day = ? AND level = ? AND keep_s IS ? ORDER BY from_s, part"
    found = parts.find(desk.connection, where, (kind, state, day, level, keep_s))
    return Pieces(kind, day, keep_s, state, tuple(found))


def _months(desk: Desk, over: int) -> Pieces | None:
    for _, state, day, keep_s, _ in list(desk.connection.execute(_GROUPS, (Kind.HOURS,))):
        first, end = first_of_month(day), first_of_next_month(day)
        if end > over:
            continue
        where = "kind = 2 AND state = ? AND level = 1 AND day >= ? AND day < ? AND keep_s IS ? ORDER BY day, part"
        found = parts.find(desk.connection, where, (state, first, end, keep_s))
        return Pieces(Kind.HOURS, first, keep_s, State(state), tuple(found))
    return None


def merge(desk: Desk, pieces: Pieces) -> Job:
    """Make them one part."""
    with desk.transaction():
        desk.connection.execute("UPDATE parts SET state = 9 WHERE kind IN (0, 1, 2) AND state = 0")
    span = min(part.from_s for part in pieces.parts), max(part.until_s for part in pieces.parts)
    whole = PartWriter(pieces.kind, LEVEL_WHOLE, pieces.day, span, pieces.keep_s)
    pace = Pace(8, 1, 512)
    last = -1
    while True:
        with pace.step() as most:
            series = parts.series_after(desk.connection, pieces.parts, last, most)
            if series:
                for series_id, run in _runs(desk, pieces, series[0], series[-1]).items():
                    whole.add(series_id, *run)
                with desk.transaction():
                    whole.flush(desk.connection, desk.wall_ms())
                last = series[-1]
        yield
        if not series:
            break
    with desk.transaction():
        whole.finish(desk.connection, pieces.state)
        parts.set_state(desk.connection, (part.part for part in pieces.parts), State.GOING)
    yield


def _runs(
    desk: Desk, pieces: Pieces, low: int, high: int
) -> dict[int, tuple[Sequence[Block | AggregateBlock], int]]:  # fmt: skip
    """Read a range of series and pack it anew. **Returns**: {series: (blocks, samples)} in order.

    A block that is damaged is left out: the rest of history is worth more than the gap.
    """
    samples: dict[int, Samples] = {}
    aggregates: dict[int, list[Aggregate]] = {}
    for part in pieces.parts:
        shift_ms = (part.day - pieces.day) * DAY_MS
        for series_id, row in parts.blocks_of(desk.connection, part, low, high):
            try:
                if isinstance(row, Block):
                    _extend(samples.setdefault(series_id, Samples([], [], [])), block.decode(row))
                else:
                    aggregates.setdefault(series_id, []).extend(aggregate_block.decode(row, shift_ms))
            except BlockDamaged:
                continue
    if pieces.kind is Kind.SAMPLES:
        return {
            series_id: (block.encode(in_order(samples[series_id])), len(samples[series_id].times))
            for series_id in sorted(samples)
        }
    span_s = 60 if pieces.kind is Kind.MINUTES else HOUR_S
    span_ms = span_s * 1000
    made = {each: calmed(told(_once(aggregates[each]), span_ms), span_ms) for each in sorted(aggregates)}
    return {series_id: (aggregate_block.encode(rows, span_s), len(rows)) for series_id, rows in made.items()}


def _extend(run: Samples, more: Samples) -> None:
    run.times.extend(more.times)
    run.values.extend(more.values)
    run.codes.extend(more.codes)


def in_order(run: Samples) -> Samples:
    """Put a run into the order of its times; of one time, as they came."""
    times = run.times
    if all(before <= after for before, after in pairwise(times)):
        return run
    order = sorted(range(len(times)), key=times.__getitem__)
    return Samples([times[i] for i in order], [run.values[i] for i in order], [run.codes[i] for i in order])


def _once(rows: list[Aggregate]) -> list[Aggregate]:
    """Of one hour the row that was made last."""
    newest = {row.at_ms: row for row in rows}
    return [newest[at_ms] for at_ms in sorted(newest)]
