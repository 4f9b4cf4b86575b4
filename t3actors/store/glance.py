"""A glance at one point's history, with next to nothing but SQLite imported: what the command line can have at once.

It sees the ordinary: a file of this version that may be read, and a point that is in it. Of all else it says nothing: then the
reader looks, and says what is the matter.
"""

from __future__ import annotations

import os

import apsw

from t3actors.store.history.samples import Run, Series, newest, series_of
from t3actors.store.ours import APPLICATION_ID, BUSY_TIMEOUT_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from t3actors.store.history.span_columns import Spans

    Seen = TypeVar("Seen")

_POINT = "SELECT 1 FROM DEVICES d JOIN POINT_NAMES p ON p.serial_number = d.serial_number WHERE d.name = ? AND p.point_id = ? LIMIT 1"
_HEARTBEAT = "SELECT heartbeat_at FROM GATEWAY"


def samples_at_a_glance(
    database: str, device: str, point_id: str, since_ms: int, until_ms: int, limit: int
) -> tuple[list[tuple[Series, Run]], int | None] | None:
    """Return the newest `limit` samples between two times, oldest first, each run with its series, and when the gateway last said that it
    lives; None where the reader is to look."""

    def look(connection: apsw.Connection) -> list[tuple[Series, Run]]:
        series = series_of(connection, device, point_id)
        return [(series[run.which], run) for run in newest(connection, series, since_ms, until_ms, limit)]

    return _seen(database, device, point_id, look)


def spans_at_a_glance(
    database: str, device: str, point_id: str, since_ms: int, until_ms: int, every_ms: int
) -> tuple[list[tuple[Series, Spans]], int | None] | None:
    """Return spans of that length likewise."""
    from t3actors.store.history.reading_spans import spans_in  # noqa: PLC0415 - who looks at samples does without

    return _seen(
        database,
        device,
        point_id,
        lambda connection: spans_in(connection, device, point_id, since_ms, until_ms, every_ms),
    )


def _seen(
    database: str, device: str, point_id: str, look: Callable[[apsw.Connection], Seen]
) -> tuple[Seen, int | None] | None:
    try:
        connection = apsw.Connection(database, flags=apsw.SQLITE_OPEN_READONLY)
    except apsw.Error:
        return None
    try:
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        connection.execute("BEGIN")
        if (
            connection.pragma("application_id") != APPLICATION_ID
            or connection.pragma("user_version") != _newest_schema()
        ):
            return None
        if connection.execute(_POINT, (device, point_id)).get is None:
            return None
        return look(connection), connection.execute(_HEARTBEAT).get
    except (apsw.Error, OSError, ValueError, TypeError):  # the last two: a row that another program wrote by hand
        return None
    finally:
        connection.close(True)


def _newest_schema() -> int:
    """Return the number of this version's schema. **Raises**: OSError where its files are not in a folder."""
    names = os.listdir(os.path.join(os.path.dirname(__file__), "schema"))
    return max(int(name[:3]) for name in names if name.endswith(".sql"))
