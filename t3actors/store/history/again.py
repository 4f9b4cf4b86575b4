"""What is there already of an hour that is to be packed: the clock was set back, and the hour is lived through again (taking_back.py).

Its samples in the archive stay where they are and count for its aggregates. Its old aggregates are shown until the new ones are; where the
samples that they were made of are gone, they stay as they were. In all other hours nothing of this finds anything.
"""

from __future__ import annotations

from collections.abc import Iterable

from t3actors.store.history import block, parts
from t3actors.store.history.aggregates import Aggregate
from t3actors.store.history.block import DAY_MS, Block
from t3actors.store.history.cutting import cut
from t3actors.store.history.desk import Desk, Job, Pace
from t3actors.store.history.frontiers import DAY_S, HOUR_S, hour_of
from t3actors.store.history.parts import Kind, Part, State
from t3actors.store.history.patching import run_of
from t3actors.store.history.telling import Rows
from t3actors.store.history.unpacking import BlockDamaged, Samples

_FIRST = "SELECT MIN(MAX(from_s, ?3)) FROM parts WHERE kind = ?1 AND state = 2 AND day >= ?2 AND until_s > ?3"
_TOUCHING = "kind = ? AND state = 2 AND day >= ? AND from_s < ? AND until_s > ? ORDER BY day, part"
MONTH_DAYS = 31


def first_hour(desk: Desk) -> int | None:
    """Return the first hour from `packed_until` on of which something is there already."""
    packed_until = desk.frontiers.packed_until
    day = packed_until // DAY_S - MONTH_DAYS  # a part of a month is known by its first day
    found = [desk.connection.execute(_FIRST, (kind, day, packed_until)).get for kind in Kind]
    return min((hour_of(second) for second in found if second is not None), default=None)


class Again:
    """What is there already of one hour."""

    def __init__(self, desk: Desk, hour_s: int) -> None:
        self._desk = desk
        self._since_s, self._until_s = hour_s, hour_s + HOUR_S
        self._archive: list[Part] = []
        self._pieces: dict[Kind, list[Part]] = {Kind.HOURS: [], Kind.MINUTES: []}

    @property
    def is_any(self) -> bool:
        """Whether there is something."""
        return bool(self._archive or any(self._pieces.values()))

    def find(self) -> Job:
        """Look for it. Of aggregates that reach beyond the hour parts of an hour each are made, to the end of their day."""
        self._archive = self._touching(Kind.SAMPLES)
        for kind in self._pieces:
            for part in self._touching(kind):
                if (part.from_s, part.until_s) != (self._since_s, self._until_s):
                    end_s = (self._since_s // DAY_S + 1) * DAY_S
                    yield from cut(self._desk, part, range(self._since_s, min(end_s, part.until_s) + 1, HOUR_S))
            self._pieces[kind] = self._touching(kind)

    def count(self, rows: dict[int, Rows]) -> Job:
        """Add the samples in the archive to the rows that were counted of each series."""
        for part in self._archive:
            pace, last = Pace(8, 1, 512), -1
            while True:
                with pace.step() as most:
                    series = parts.series_after(self._desk.connection, (part,), last, most)
                    if series:
                        for series_id, times in self._times(part, series[0], series[-1]).items():
                            before = rows.get(series_id, Rows(0, times[0], times[-1]))
                            first_ms, last_ms = min(before.first_ms, times[0]), max(before.last_ms, times[-1])
                            rows[series_id] = Rows(before.n + len(times), first_ms, last_ms)
                        last = series[-1]
                yield
                if not series:
                    break

    def times_of(self, series_id: int) -> list[int]:
        """Return when it has samples in the archive; Unix milliseconds."""
        return [at_ms for part in self._archive for at_ms in self._times(part, series_id, series_id).get(series_id, ())]

    def _times(self, part: Part, low: int, high: int) -> dict[int, list[int]]:
        return {series_id: run.times for series_id, run in self._runs((part,), low, high).items()}

    def samples(self, low: int, high: int) -> dict[int, Samples]:
        """Return the samples in the archive of a range of series: milliseconds of the day."""
        runs = self._runs(self._archive, low, high)
        day_ms = self._since_s // DAY_S * DAY_MS
        return {
            series_id: Samples([at_ms - day_ms for at_ms in run.times], run.values, run.codes)
            for series_id, run in runs.items()
        }

    def _runs(self, archive: Iterable[Part], low: int, high: int) -> dict[int, Samples]:
        since_ms, until_ms = self._since_s * 1000, self._until_s * 1000
        runs: dict[int, Samples] = {}
        for part in archive:
            day_ms = part.day * DAY_MS
            for series_id, packed in parts.blocks_of(self._desk.connection, part, low, high):
                if not isinstance(packed, Block) or packed.t0 + day_ms >= until_ms:
                    continue
                if _last_ms(packed) + day_ms < since_ms:
                    continue
                try:
                    decoded = block.decode(packed, day_ms)
                except BlockDamaged:
                    continue  # the rest of history is worth more than the gap
                run = runs.setdefault(series_id, Samples([], [], []))
                for at_ms, value, code in zip(*decoded, strict=True):
                    if since_ms <= at_ms < until_ms:
                        run.times.append(at_ms)
                        run.values.append(value)
                        run.codes.append(code)
        return {series_id: run for series_id, run in runs.items() if run.times}

    def rows(self, kind: Kind, series_id: int) -> list[Aggregate]:
        """Return the old aggregates of a series: milliseconds of the day."""
        day_ms = self._since_s // DAY_S * DAY_MS
        return [
            row._replace(at_ms=row.at_ms - day_ms)
            for part in self._pieces[kind]
            for row in run_of(self._desk.connection, part, series_id)
        ]

    def let_go(self) -> None:
        """Hide the old aggregates, inside the transaction that shows the new ones."""
        numbers = (part.part for pieces in self._pieces.values() for part in pieces)
        parts.set_state(self._desk.connection, numbers, State.GOING)

    def _touching(self, kind: Kind) -> list[Part]:
        day = self._since_s // DAY_S - MONTH_DAYS
        return parts.find(self._desk.connection, _TOUCHING, (kind, day, self._until_s, self._since_s))


def _last_ms(packed: Block) -> int:
    """Return when its last sample was, milliseconds since the day began, without taking it apart; of a damaged one anything."""
    if packed.tw == 0:
        return packed.t0 + packed.tq * (packed.n - 1)
    return packed.t0 + packed.tq * int.from_bytes(packed.d[(packed.n - 1) * packed.tw : packed.n * packed.tw])
