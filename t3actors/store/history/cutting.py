"""Cuts a part of aggregates into several by time: what it tells stays the same, row by row. The writer's thread, in steps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from t3actors.store.history import aggregate_block, parts
from t3actors.store.history.aggregates import Aggregate
from t3actors.store.history.block import DAY_MS
from t3actors.store.history.desk import Desk, Job, Pace
from t3actors.store.history.frontiers import DAY_S
from t3actors.store.history.parts import LEVEL_PIECE, Kind, Part, PartWriter, State
from t3actors.store.history.patching import SPAN_S, between, run_of


def cut(desk: Desk, part: Part, bounds: Sequence[int]) -> Job:
    """Make pieces of it that end and begin at these times, seconds, none of which reaches from one day into another but the first."""
    inside = sorted({bound for bound in bounds if part.from_s < bound < part.until_s})
    if not inside:
        return
    with desk.transaction():
        desk.connection.execute("UPDATE parts SET state = 9 WHERE kind IN (0, 1, 2) AND state = 0")
    pieces: list[PartWriter] = []
    for first, (since_s, until_s) in enumerate(pairwise((part.from_s, *inside, part.until_s))):
        day = since_s // DAY_S if first else part.day
        piece = PartWriter(Kind(part.kind), LEVEL_PIECE, day, (since_s, until_s), part.keep_s)
        yield from _copy(desk, part, piece, since_s, until_s)
        pieces.append(piece)
    with desk.transaction():
        parts.set_state(desk.connection, (part.part,), State.GOING)
        for piece in pieces:
            piece.finish(desk.connection, State(part.state))
    yield


def _copy(desk: Desk, part: Part, piece: PartWriter, since_s: int, until_s: int) -> Job:
    """Copy what of the rows lies between two times."""
    span_s = SPAN_S[Kind(part.kind)]
    pace, last = Pace(8, 1, 512), -1
    while True:
        with pace.step() as most:
            series = parts.series_after(desk.connection, (part,), last, most)
            for series_id in series:
                rows = [
                    between(row, since_s, until_s, span_s)
                    for row in run_of(desk.connection, part, series_id, since_s, until_s)
                ]
                put_rows(piece, series_id, [row for row in rows if row is not None])
            if series:
                with desk.transaction():
                    piece.flush(desk.connection, desk.wall_ms())
                last = series[-1]
        yield
        if not series:
            return


def put_rows(piece: PartWriter, series_id: int, rows: list[Aggregate]) -> None:
    """Add rows of a series, Unix milliseconds, to a part in the making; no rows are nothing."""
    if rows:
        base_ms, span_s = piece.day * DAY_MS, SPAN_S[piece.kind]
        counted = [row._replace(at_ms=row.at_ms - base_ms) for row in rows]
        piece.add(series_id, aggregate_block.encode(counted, span_s), len(counted))
