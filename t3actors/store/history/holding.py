"""What held when an hour began: a value holds over any number of hours, and hours without a sample have no row.

The newest row of a series in `hours` before that hour tells: what held at its end, or that nothing did. The hour before
`hours_from` has a row of each series that something held of into `hours_from` (merging.py sees to it): nobody looks further back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import apsw

from t3actors.store.history.aggregates import Aggregate, Gap
from t3actors.store.history.frontiers import HOUR_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HOUR_MS = 3_600_000

_BEFORE = (
    "SELECT CASE WHEN h.held THEN h.last END FROM numbered n CROSS JOIN hours h ON h.hour = ?1 - 1 - n.i AND h.series_id = ?2"
    " WHERE n.i <= ?1 - ?3 ORDER BY n.i LIMIT 1"
)
_ANY = "SELECT 1 FROM hours WHERE hour = ? AND held LIMIT 1"
_ROWS = (
    "SELECT hour * 3600000, n, least, most, mean, last, time_mean, known_s * 1000, held, shares FROM numbered n"
    " CROSS JOIN hours ON hour = ?1 - 1 + n.i AND series_id = ?2 WHERE n.i <= ?3 - ?1"
)
_PUT = (
    "INSERT OR REPLACE INTO hours (hour, series_id, n, least, most, mean, last, time_mean, known_s, held, shares)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_CLEAN = "DELETE FROM hours WHERE hour BETWEEN ? AND ?"
_GAPS = (
    "SELECT MAX(ended_at, 0), started_at FROM GATEWAY_ENDS WHERE started_at > ? AND ended_at < ? ORDER BY started_at"
)

Row = tuple[object, ...]


def before(connection: apsw.Connection, hours_from: int, hour: int, series_id: int) -> float | None:
    """Return the value that a series came into an hour with; None where none was known."""
    held: float | None = connection.execute(_BEFORE, (hour, series_id, hours_from)).get
    return held


def is_any_held(connection: apsw.Connection, hour: int) -> bool:
    """Say whether any series came into `hours_from`, that hour, with a value."""
    return connection.execute(_ANY, (hour - 1,)).get is not None


def hours_of(connection: apsw.Connection, series_id: int, hours_from: int, end: int) -> list[Aggregate]:
    """Return the aggregates of one series in the hours from `hours_from` to `end` that are not packed by the day yet."""
    rows = (of_row(fields) for fields in connection.execute(_ROWS, (hours_from, series_id, end)))
    return filled(rows, hours_from, end)


def of_row(fields: Sequence[Any]) -> Aggregate:
    """Return a row of `hours` as it was written; its time is milliseconds."""
    (at_ms, n, least, most, mean, last, time_mean, known_ms, held, shares) = fields
    states = _states(shares) if isinstance(shares, str) else None
    return Aggregate(at_ms, n, least, most, mean, last, time_mean, known_ms, bool(held), states)


def _states(shares: str) -> dict[int, float]:
    import json  # noqa: PLC0415 - it takes long to import, and few points have states

    return {int(state): share for state, share in json.loads(shares).items()}


def filled(rows: Iterable[Aggregate], first: int, end: int) -> list[Aggregate]:
    """Fill the hours from `first` to `end` between rows of one series, the first of which may lie before: so many equal ones are one
    row. What only says that nothing is known goes. Times are milliseconds since the hours are numbered from."""
    made: list[Aggregate] = []
    before: Aggregate | None = None
    for row in rows:
        made += _between(before, row.at_ms // HOUR_MS, first)
        if row.at_ms >= first * HOUR_MS and (row.n or row.known_ms >= 1000):
            made.append(row)
        before = row
    return made + _between(before, end, first)


def _between(before: Aggregate | None, hour: int, first: int) -> list[Aggregate]:
    if before is None or not before.held:
        return []
    since = max(first, before.at_ms // HOUR_MS + 1)
    if hour <= since:
        return []
    shares = None if before.shares is None else {int(before.last): 1.0}
    value = before.last
    return [Aggregate(since * HOUR_MS, 0, value, value, value, value, value, HOUR_MS, True, shares, hour - since)]


def put(connection: apsw.Connection, rows: list[Row]) -> None:
    """Write rows made by `row_of`, inside the caller's transaction."""
    connection.executemany(_PUT, rows)


def clean(connection: apsw.Connection, first: int, last: int) -> None:
    """Take rows of hours away that are not packed: of an attempt that was cut short, or of a clock that was ahead."""
    connection.execute(_CLEAN, (first, last))


def row_of(series_id: int, hour: int, row: Aggregate) -> Row:
    """Return the row of `hours` of that hour."""
    import json  # noqa: PLC0415 - who only reads does without

    shares = None if row.shares is None else json.dumps(row.shares, separators=(",", ":"))
    return (
        hour, series_id, row.n, row.least, row.most, row.mean, row.last, row.time_mean, row.known_ms // 1000, row.held, shares,
    )  # fmt: skip


def nothing_known(at_ms: int, value: float) -> Aggregate:
    """Return what says that from an hour on, which it came into with that value, nothing is known."""
    return Aggregate(at_ms, 0, value, value, value, value, value, 0, False)


def gaps_in(connection: apsw.Connection, since_ms: int, until_ms: int, base_ms: int = 0) -> list[Gap]:
    """Return when no gateway ran, of what touches a time, the first first."""
    return [(ended - base_ms, started - base_ms) for ended, started in connection.execute(_GAPS, (since_ms, until_ms))]


def end_of_holding(connection: apsw.Connection, since_s: int, until_s: int) -> int | None:
    """Return the first hour between two (seconds) in which what held ended with the gateway; None for none.

    What ended in an hour before the one before `since_s` was told then.
    """
    for gone_ms, _ in gaps_in(connection, since_s * 1000, until_s * 1000):
        hour_s = gone_ms // HOUR_MS * HOUR_S
        if hour_s >= since_s - HOUR_S:
            return max(hour_s, since_s)
    return None


def back_again(connection: apsw.Connection, at_s: int, until_s: int) -> int:
    """Return when after `at_s` (seconds) a gateway ran again, the hour; `at_s` where one ran, `until_s` where none did before."""
    for gone_ms, back_ms in gaps_in(connection, at_s * 1000, at_s * 1000 + 1):
        if gone_ms <= at_s * 1000 < back_ms:
            return min(until_s, back_ms // HOUR_MS * HOUR_S)
    return at_s
