"""Up to when history is packed, sealed, shown as rows: the one row of `history`, and what the writer knows of it."""

from __future__ import annotations

import apsw

from t3actors.named import NamedTuple

HOUR_S = 3600
DAY_S = 86_400

_LOAD = "SELECT packed_until, sealed_until, recent_from, hours_from FROM history"
_FIRST_HOUR = "SELECT MIN(hour) FROM hours WHERE hour >= ?"
_SAVE = "UPDATE history SET packed_until = ?, sealed_until = ?, recent_from = ?, hours_from = ?"


class Frontiers(NamedTuple):
    """Whole Unix seconds, but for `hours_from`, which is an hour's number (schema 003)."""

    packed_until: int = 0
    sealed_until: int = 0
    recent_from: int = 0
    hours_from: int = 0


def load(connection: apsw.Connection) -> Frontiers:
    """Return them as committed."""
    ((packed_until, sealed_until, recent_from, hours_from),) = connection.execute(_LOAD)
    return Frontiers(packed_until, sealed_until, recent_from, hours_from)


def save(connection: apsw.Connection, frontiers: Frontiers) -> None:
    """Write them, inside the caller's transaction."""
    connection.execute(_SAVE, frontiers)


def first_hour(connection: apsw.Connection, from_hour: int) -> int:
    """Return from which hour on `hours` has rows: what reads them looks at the 1024 hours from `hours_from` on."""
    return connection.execute(_FIRST_HOUR, (from_hour,)).get or from_hour


def hour_of(second: int) -> int:
    """Return when the hour of that second began."""
    return second // HOUR_S * HOUR_S
