"""Keeps the database within its budget: what is worth least goes first, and it is said once.

The order, while the pages in use are over the budget less a margin and what the next merging takes:

1. rows of `recent` that take more than half of the budget: they go, their samples stay (packed they are a fifth as large);
2. the oldest samples that stand alone: their hours keep their story;
3. the oldest rows of `recent`, whose samples then are the next to go;
4. the oldest minutes, then the oldest hours.

When nothing is left to go, history stops growing until there is room.
"""

from __future__ import annotations

import apsw

from t3actors.events import history as events
from t3actors.store.history import expiry, parts
from t3actors.store.history.desk import Desk, Job
from t3actors.store.history.parts import Kind, State

MARGIN = 0.05
"""Of the budget: what is written between two looks, and the WAL."""
ROW_BYTES = 30.0
"""A sample as a row; measured with benchmarks/store.py."""
PACKED_BYTES = 6.0
"""A sample in a part; measured with benchmarks/history_size.py."""

AGGREGATE_BYTES = 20.0
"""An hour or minute of a point in a part; 18 after ninety days of tests/system/test_ninety_days.py."""

_PIECES = "SELECT SUM(samples) FROM parts WHERE kind = ? AND state IN (1, 2) AND level = 1 GROUP BY day"


def used_bytes(connection: apsw.Connection) -> int:
    """Return the pages in use: read from the file's first page, nothing is counted."""
    pages, free, size = (connection.pragma(name) for name in ("page_count", "freelist_count", "page_size"))
    return int((pages - free) * size)


class Governor:
    """Watches the budget. `is_over`: it is used up; `is_stuck`: and nothing more can go."""

    def __init__(self, budget_bytes: int) -> None:
        self._budget = budget_bytes
        self._said = False
        self.is_over = self.is_stuck = False

    def next(self, desk: Desk, *, packs: bool) -> Job | None:
        """Return what is to go now, if anything. `packs`: rows wait to be packed, which makes room and loses nothing."""
        if not self._budget:
            return None
        used = used_bytes(desk.connection)
        over = self.is_over = used + _merged_bytes(desk) > self._budget * (1 - MARGIN)
        self._say(desk, used, over=over)
        if not over:
            if _rows_bytes(desk) > self._budget / 2:
                return self._archive_oldest(desk)
            self.is_stuck = False
            return None
        job = self._least_worth(desk, packs=packs)
        self.is_stuck = job is None and not packs
        return job

    def _least_worth(self, desk: Desk, *, packs: bool) -> Job | None:
        if _rows_bytes(desk) > self._budget / 2:
            job = self._archive_oldest(desk)
            if job is not None:
                return job
        if packs:
            return None
        part = expiry.oldest(desk, Kind.SAMPLES)
        if part is not None:
            return expiry.let_go(desk, part, "budget")
        job = self._archive_oldest(desk)
        if job is not None:
            return job
        part = expiry.oldest(desk, Kind.MINUTES) or expiry.oldest(desk, Kind.HOURS)
        return None if part is None else expiry.let_go(desk, part, "budget")

    @staticmethod
    def _archive_oldest(desk: Desk) -> Job | None:
        first = parts.find(desk.connection, "kind = 0 AND state = ? ORDER BY until_s LIMIT 1", (State.BESIDE_ROWS,))
        if not first:
            return None
        until_s = expiry.archivable(desk, first[0].until_s)
        return expiry.archive(desk, until_s) if until_s > desk.frontiers.recent_from else None

    def _say(self, desk: Desk, used: int, *, over: bool) -> None:
        if over and not self._said:
            self._said = True
            desk.log(events.STORE_OVER_BUDGET, used_mb=round(used / 1e6, 1), budget_mb=round(self._budget / 1e6, 1))
        elif used < self._budget / 2:  # with each part that goes there is some room: that is no end of it
            self._said = False


def _merged_bytes(desk: Desk) -> float:
    """Return what a whole takes while the pieces that it is made of still stand beside it: a day, or of hours a month."""
    samples, minutes, hours = (_pieces(desk, kind) for kind in (Kind.SAMPLES, Kind.MINUTES, Kind.HOURS))
    return max(max(samples, default=0) * PACKED_BYTES, max([*minutes, sum(hours)]) * AGGREGATE_BYTES)


def _pieces(desk: Desk, kind: Kind) -> list[int]:
    """Return the rows of each day's pieces."""
    days: list[tuple[int]] = desk.connection.execute(_PIECES, (kind,)).fetchall()  # type: ignore[assignment]
    return [rows for (rows,) in days]


def _rows_bytes(desk: Desk) -> float:
    found = desk.connection.execute("SELECT SUM(samples) FROM parts WHERE kind = 0 AND state = 1").get
    return (found or 0) * ROW_BYTES
