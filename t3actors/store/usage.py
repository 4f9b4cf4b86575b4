"""What history takes, and of whom: of the newest day that is packed, which is read, and of the parts, which are not.

Nothing is counted that grows with the file: the pages in use stand in its first page, the samples of a part in its row.
"""

from __future__ import annotations

import apsw

from t3actors.rows import PointUsage, StorageUsage
from t3actors.store.history import parts
from t3actors.store.history.frontiers import DAY_S
from t3actors.store.history.governor import ROW_BYTES, used_bytes
from t3actors.store.history.parts import Kind, Part

BLOCK_BYTES = 36.0  # a block's row beside its d: its other columns, its cell, its share of runs; measured, schema 003
HOUR_BYTES = 14.0  # an hour of a point once it is packed by the month

_OF_PART = (
    "SELECT r.series_id, SUM(b.n), SUM(LENGTH(b.d) + COALESCE(LENGTH(b.q), 0) + COALESCE(LENGTH(b.x), 0)), COUNT(*) FROM runs r"
    " CROSS JOIN blocks b ON b.id BETWEEN ?1 + r.first AND ?1 + r.first + r.blocks - 1 WHERE r.part = ?2 GROUP BY r.series_id"
)
_NAMES = "SELECT s.series_id, d.name, s.point_id FROM series s JOIN DEVICES d ON d.device_id = s.series_id >> 20"
_TOTALS = "SELECT SUM(samples), MIN(from_s) FROM parts WHERE kind = ? AND state IN (1, 2)"


def usage(connection: apsw.Connection) -> StorageUsage:
    """Return what history takes now, and a day. **Thread**: the connection's."""
    connection.execute("BEGIN")
    try:
        newest = _newest_day(connection)
        points = _points(connection, newest)
        ((samples, oldest_s),) = connection.execute(_TOTALS, (Kind.SAMPLES,))
        ((_, oldest_hour_s),) = connection.execute(_TOTALS, (Kind.HOURS,))
        rows = sum(part.samples for part in parts.find(connection, "kind = 0 AND state = 1"))
        pages, size = connection.pragma("page_count"), connection.pragma("page_size")
        used = used_bytes(connection)
    finally:
        connection.execute("COMMIT")
    return StorageUsage(
        file_mb=pages * size / 1e6,
        used_mb=used / 1e6,
        rows_mb=rows * ROW_BYTES / 1e6,
        samples=samples or 0,
        oldest_sample_at=None if oldest_s is None else oldest_s * 1000,
        oldest_hour_at=None if oldest_hour_s is None else oldest_hour_s * 1000,
        day_at=min((part.from_s for part in newest), default=0) * 1000 if newest else None,
        points=tuple(points),
    )


def _newest_day(connection: apsw.Connection) -> list[Part]:
    """Return the parts of the newest day that was packed whole; while there is none, of the newest there is."""
    for level in (2, 1):
        found = parts.find(connection, "kind = 0 AND state IN (1, 2) AND level = ? ORDER BY day DESC LIMIT 1", (level,))
        if found:
            where = "kind = 0 AND state IN (1, 2) AND level = ? AND day = ? ORDER BY part"
            return parts.find(connection, where, (level, found[0].day))
    return []


def _points(connection: apsw.Connection, newest: list[Part]) -> list[PointUsage]:
    names = {series_id: (name, point_id) for series_id, name, point_id in connection.execute(_NAMES)}
    span_s = sum(until - since for since, until in {(part.from_s, part.until_s) for part in newest}) or DAY_S
    samples: dict[tuple[str, str], float] = {}
    sizes: dict[tuple[str, str], float] = {}
    for part in newest:
        for series_id, count, size, blocks in connection.execute(_OF_PART, (part.first_block, part.part)):
            name = names.get(series_id, ("?", "?"))
            samples[name] = samples.get(name, 0.0) + count
            sizes[name] = sizes.get(name, 0.0) + size + blocks * BLOCK_BYTES
    a_day = DAY_S / min(span_s, DAY_S)
    made = [
        PointUsage(
            name=name,
            point_id=point_id,
            samples_a_day=round(count * a_day),
            mb_a_day=(sizes[name, point_id] * a_day + min(24.0, count * a_day) * HOUR_BYTES) / 1e6,
        )
        for (name, point_id), count in samples.items()
    ]
    return sorted(made, key=lambda point: (-point.mb_a_day, point.name, point.point_id))
