"""Bytes on disk and bytes written per stored sample, of simulated days of 1,000 mixed points, beside the seed's table.

    python benchmarks/history_size.py [--days 1] [--points 1.0] [--stamp-ms 1] [--recent-days 7] [--folder DIR]

A month of all points is 38 million samples and takes half an hour: --days 30. The defaults take about a minute.
Nothing here is a test: one JSON object per line.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.history_data import (
    DAY_MS,
    T0_MS,
    Gateway,
    change,
    changes,
    devices_of,
    file_bytes,
    signals,
    written_bytes,
)

BATCH = 2000
SEED_TABLE = """
CREATE TABLE TRENDLOG_DATA (id INTEGER PRIMARY KEY AUTOINCREMENT, SerialNumber INTEGER, PanelId INTEGER, PointId TEXT,
  PointIndex INTEGER, PointType TEXT, Value TEXT, LoggingTime INTEGER, LoggingTime_Fmt TEXT, Digital_Analog TEXT, Range_Field TEXT,
  Units TEXT, DataSource INTEGER, SyncInterval INTEGER, CreatedBy TEXT);
CREATE INDEX trendlog_by_point ON TRENDLOG_DATA (SerialNumber, PointId, PointType, LoggingTime);
CREATE INDEX trendlog_by_time ON TRENDLOG_DATA (LoggingTime);
"""


def used(path: Path) -> int:
    """Pages in use, and bytes."""
    connection = sqlite3.connect(path)
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    connection.close()
    return int((pages - free) * size)


def seeds_table(folder: Path, samples: list[tuple[int, str, str, object]]) -> float:
    """Return bytes per sample in the columns and indexes of the seed's table (web database of T3000)."""
    path = folder / "seed.db"
    connection = sqlite3.connect(path)
    connection.executescript(SEED_TABLE)
    connection.executemany(
        "INSERT INTO TRENDLOG_DATA (SerialNumber, PanelId, PointId, PointIndex, PointType, Value, LoggingTime, LoggingTime_Fmt,"
        " Digital_Analog, Range_Field, Units, DataSource, SyncInterval, CreatedBy)"
        " VALUES (?, 1, ?, ?, 'INPUT', ?, ?, ?, '1', '3', '°C', 1, 30, 'ffi_sync_service')",
        [
            (12345 + int(device[6:]), id_, int(id_[2:]), str(value), at // 1000, written_out(at // 1000))
            for at, device, id_, value in samples
        ],
    )
    connection.commit()
    connection.close()
    return path.stat().st_size / len(samples)


def written_out(second: int) -> str:
    """The time as the seed writes it beside the number."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(second))


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--days", type=float, default=1.0)
    parser.add_argument("--points", type=float, default=0.5)
    parser.add_argument("--stamp-ms", type=int, default=1)
    parser.add_argument("--recent-days", type=float, default=7.0)
    parser.add_argument("--minutes-days", type=float, default=0.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        points = signals(arguments.points)
        settings = {
            "recent_s": arguments.recent_days * 86400,
            "stamp_ms": arguments.stamp_ms,
            "minutes_s": arguments.minutes_days * 86400,
        }
        gateway = Gateway(folder / "month.db", devices_of(points), **settings)
        some: list[tuple[int, str, str, object]] = []
        empty, began_written, began_s = file_bytes(gateway.path), written_bytes(), time.perf_counter()
        tidy_s = tidy_written = 0.0
        count, items, hour = 0, [], 0
        for at_ms, signal, value in changes(points, arguments.days):
            items.append(change(signal.device, signal.point_id, T0_MS + at_ms, value))
            if len(some) < 200_000:
                some.append((T0_MS + at_ms, signal.device, signal.point_id, value))
            if len(items) >= BATCH:
                gateway.now_ms = T0_MS + at_ms
                gateway.put(items)
                count += len(items)
                items = []
            if at_ms // 3_600_000 > hour:
                hour = at_ms // 3_600_000
                mark_s, mark = time.perf_counter(), written_bytes()
                gateway.tidy()
                tidy_s += time.perf_counter() - mark_s
                tidy_written += written_bytes() - mark
        gateway.put(items)
        count += len(items)
        gateway.now_ms = T0_MS + int(arguments.days * DAY_MS) + 100_000
        gateway.tidy()
        took_s = time.perf_counter() - began_s
        with_recent = used(gateway.path)
        written = written_bytes() - began_written
        gateway.store.close()
        print(json.dumps({"days": arguments.days, "points": len(points), "stamp_ms": arguments.stamp_ms, "samples": count,
            "bytes_per_sample_with_recent_rows": round((with_recent - empty) / count, 2),
            "written_bytes_per_sample": round(written / count, 1), "of_it_by_tidying": round(tidy_written / count, 1),
            "took_s": round(took_s), "tidying_us_per_sample": round(tidy_s / count * 1e6, 2)}), flush=True)  # fmt: skip
        again = Gateway(gateway.path, {}, **{**settings, "recent_s": 0.0})
        mark = written_bytes()
        again.now_ms = gateway.now_ms + 86_400_000
        again.tidy()
        again.store.close()
        connection = sqlite3.connect(gateway.path)
        kinds = connection.execute(
            "SELECT kind, count(*), SUM(blocks), SUM(samples) FROM parts GROUP BY kind"
        ).fetchall()
        size = connection.execute("SELECT SUM(length(d)), count(*) FROM blocks").fetchone()
        aggregates = connection.execute("SELECT SUM(length(d)), count(*) FROM aggregate_blocks").fetchone()
        hours = connection.execute("SELECT count(*) FROM hours").fetchone()[0]
        connection.close()
        long_term = (used(gateway.path) - empty) / count
        seed = seeds_table(folder, some)
        print(json.dumps({"long_term_bytes_per_sample": round(long_term, 3), "seeds_table_bytes_per_sample": round(seed, 1),
            "ratio": round(seed / long_term, 1), "written_when_rows_went": round((written_bytes() - mark) / count, 1),
            "parts": kinds, "blocks": size, "aggregate_blocks": aggregates, "hours_as_rows": hours}), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
