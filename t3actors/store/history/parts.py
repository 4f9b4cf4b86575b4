"""Statements for parts, runs and blocks: how what was packed is written, found and read. Inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

import apsw

from t3actors.store.history.aggregate_block import AggregateBlock
from t3actors.store.history.block import Block


class Kind(IntEnum):
    """What a part is made of."""

    SAMPLES = 0
    MINUTES = 1
    HOURS = 2


class State(IntEnum):
    """How a part stands (schema 003)."""

    MAKING = 0
    BESIDE_ROWS = 1
    ALONE = 2
    GOING = 9


LEVEL_PIECE, LEVEL_WHOLE = 1, 2
TABLES = {Kind.SAMPLES: "blocks", Kind.MINUTES: "aggregate_blocks", Kind.HOURS: "aggregate_blocks"}
FIELDS = {table: struct._fields for table, struct in (("blocks", Block), ("aggregate_blocks", AggregateBlock))}

_BEGIN = (
    "INSERT INTO parts (part, kind, state, level, day, from_s, until_s, keep_s, first_block, blocks, samples, made_at)"
    " VALUES ((SELECT COALESCE(MAX(part), 0) + 1 FROM parts), ?, 0, ?, ?, ?, ?, ?, ?, 0, 0, ?)"
)
_GROW = "UPDATE parts SET blocks = ?, samples = ? WHERE part = ?"
_STATE = "UPDATE parts SET state = ? WHERE part = ?"
_RUN = "INSERT INTO runs (part, series_id, first, blocks) VALUES (?, ?, ?, ?)"
_PART = "SELECT part, kind, state, level, day, from_s, until_s, keep_s, first_block, blocks, samples FROM parts"
_NEXT = {
    table: f"SELECT COALESCE(MAX(id), 0) + 1 FROM {table}"  # noqa: S608
    for table in FIELDS
}
_BLOCK = {
    table: f"INSERT INTO {table} (id, {', '.join(fields)}) VALUES (?{', ?' * len(fields)})"  # noqa: S608
    for table, fields in FIELDS.items()
}
_OF_SERIES = {
    table: f"SELECT r.series_id, {', '.join('b.' + field for field in fields)} FROM runs r"  # noqa: S608
    f" CROSS JOIN {table} b ON b.id BETWEEN ?1 + r.first AND ?1 + r.first + r.blocks - 1"
    " WHERE r.part = ?2 AND r.series_id BETWEEN ?3 AND ?4 ORDER BY r.series_id, b.id"
    for table, fields in FIELDS.items()
}
_SERIES = "SELECT series_id FROM runs WHERE part = ? AND series_id > ? ORDER BY series_id LIMIT ?"


class Part(NamedTuple):
    """A row of `parts`."""

    part: int
    kind: int
    state: int
    level: int
    day: int
    from_s: int
    until_s: int
    keep_s: int | None
    first_block: int
    blocks: int
    samples: int


class PartWriter:
    """A part in the making: blocks gather here and are written by `flush`, in the transaction that is open then.

    From the first flush to the last nobody else may write to its table of blocks: they are one range of ids.
    """

    def __init__(self, kind: Kind, level: int, day: int, span: tuple[int, int], keep_s: int | None) -> None:
        """Prepare a part of that span: seconds from, until."""
        self.kind = kind
        self.day = day
        self.samples = 0
        self._row = (kind, level, day, *span, keep_s)
        self._part: int | None = None
        self._first = 0
        self._written = 0
        self._blocks: list[Block | AggregateBlock] = []
        self._runs: list[tuple[int, int]] = []

    @property
    def waiting(self) -> int:
        """Rows that `flush` has to write."""
        return len(self._blocks)

    def add(self, series_id: int, blocks: Sequence[Block | AggregateBlock], samples: int) -> None:
        """Take a run of one series; series come in order."""
        self._runs.append((series_id, len(blocks)))
        self._blocks += blocks
        self.samples += samples

    def flush(self, connection: apsw.Connection, now_ms: int) -> None:
        """Write what has gathered."""
        if not self._blocks:
            return
        table = TABLES[self.kind]
        if self._part is None:
            self._first = connection.execute(_NEXT[table]).get
            connection.execute(_BEGIN, (*self._row, self._first, now_ms))
            self._part = connection.last_insert_rowid()
        first = self._first + self._written
        connection.executemany(_BLOCK[table], [(first + place, *block) for place, block in enumerate(self._blocks)])
        runs = []
        for series_id, blocks in self._runs:
            runs.append((self._part, series_id, self._written, blocks))
            self._written += blocks
        connection.executemany(_RUN, runs)
        connection.execute(_GROW, (self._written, self.samples, self._part))
        self._blocks.clear()
        self._runs.clear()

    def finish(self, connection: apsw.Connection, state: State) -> None:
        """Show it, all of which is flushed."""
        if self._part is not None:
            set_state(connection, (self._part,), state)


def set_state(connection: apsw.Connection, parts: Iterable[int], state: State) -> None:
    """Change how parts stand."""
    connection.executemany(_STATE, [(state, part) for part in parts])


def find(connection: apsw.Connection, where: str, bindings: Sequence[int | None] = ()) -> list[Part]:
    """Return parts by a condition of ours."""
    return [Part(*row) for row in connection.execute(f"{_PART} WHERE {where}", bindings)]


def series_after(connection: apsw.Connection, parts: Iterable[Part], series_id: int, most: int) -> list[int]:
    """Return the next `most` series that lie in any of the parts, in order."""
    found: set[int] = set()
    for part in parts:
        found.update(row[0] for row in connection.execute(_SERIES, (part.part, series_id, most)))
    return sorted(found)[:most]


def blocks_of(
    connection: apsw.Connection, part: Part, low: int, high: int
) -> Iterator[tuple[int, Block | AggregateBlock]]:
    """Give (series, block) of a part for series `low` to `high`, in order."""
    table = TABLES[Kind(part.kind)]
    made: type[Block | AggregateBlock] = Block if table == "blocks" else AggregateBlock
    for series_id, *row in connection.execute(_OF_SERIES[table], (part.first_block, part.part, low, high)):
        yield series_id, made(*row)
