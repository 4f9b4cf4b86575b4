"""Writes points' newest values, so that a batch rewrites few pages whatever share of the points it changes (decision 16).

| of all points a batch changes | its values go                                                           |
|-------------------------------|-------------------------------------------------------------------------|
| less than a quarter           | to the end of `fresh_values`: a page or two                             |
| more, or there is no room     | to their places in `newest_values`, behind all that is fresh            |

Once as many rows are fresh as there are points they are folded into `newest_values`, in the same transaction: each of its pages is then
written once for some dozens of values. The views show the freshest at each commit (schema 8). Inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping

from t3actors.store.tally import Tally
from t3actors.store.values import NewestRow

LEAST_FRESH, MOST_FRESH = 256, 10_000
"""So many rows may be fresh, however few points there are, or many: what whoever reads sorts in passing (10,000: some 5 ms)."""
FEW = 4
"""A batch that changes less than one point in so many is one of few changes."""

_COLUMNS = "point_no, value, text, sampled_at, changed_before, written_after"
_ADD = f"INSERT INTO fresh_values ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608
_PUT = f"INSERT OR REPLACE INTO newest_values ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608
_FOLD = (
    f"INSERT OR REPLACE INTO newest_values ({_COLUMNS}) SELECT {_COLUMNS} FROM"  # noqa: S608
    " (SELECT *, MAX(seq) FROM fresh_values GROUP BY point_no)"
)
_EMPTY = "DELETE FROM fresh_values"


def write(tally: Tally, rows: Mapping[int, NewestRow]) -> None:
    """Write the newest rows of these points. **Raises**: RowRefused."""
    connection, known = tally.connection, tally.known
    if tally.history and len(rows) * FEW < known.points:
        connection.executemany(_ADD, rows.values())
        tally.journal.set(known, "fresh", known.fresh + len(rows))
        if known.fresh > min(MOST_FRESH, max(LEAST_FRESH, known.points)):
            _fold(tally)
    else:
        _fold(tally)
        connection.executemany(_PUT, rows.values())


def _fold(tally: Tally) -> None:
    if tally.known.fresh:
        tally.connection.execute(_FOLD)
        tally.connection.execute(_EMPTY)
        tally.journal.set(tally.known, "fresh", 0)
