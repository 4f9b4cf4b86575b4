"""What the store costs: rows and CPU per batch, bytes per sample, and the seed's query on a big file.

    python benchmarks/store.py [--folder DIR] [--seconds 20] [--million-rows 3]

Nothing here is a test: the figures depend on the machine. They are printed one JSON object per line.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from t3actors.config import StoreConfig
from t3actors.events import silent
from t3actors.messages import DeviceAnnounced, PointChange, PointsChanged
from t3actors.points import DeviceFacts, Kind, Point, Reading
from t3actors.store.store import Store

DEVICES, INPUTS, OUTPUTS, VARIABLES = 100, 20, 10, 20
T0_MS = 1_795_000_000_000

QUERIES = {
    "seed": "data_source = 1 AND serial_number = 12345 AND point_type = 'INPUT' ORDER BY logging_time DESC LIMIT 1000",
    "seed, device polled in real time": "data_source = 3 AND serial_number = 12444 AND point_type = 'INPUT'"
    " ORDER BY logging_time DESC LIMIT 1000",
    "seed, nothing there": "data_source = 4 AND serial_number = 12345 AND point_type = 'INPUT' ORDER BY logging_time DESC LIMIT 1000",
    "newest of all": "1 ORDER BY logging_time DESC LIMIT 1000",
    "one point, all there is": "name = 'panel-7' AND point_id = 'IN3'",
    "one device, last hour": "name = 'panel-7' AND logging_time > (SELECT max(logging_time) FROM sample_seconds) - 3600",
}


def points() -> tuple[Point, ...]:
    made = []
    for kind, prefix, count in (
        (Kind.INPUT, "IN", INPUTS),
        (Kind.OUTPUT, "OUT", OUTPUTS),
        (Kind.VARIABLE, "VAR", VARIABLES),
    ):
        made += [Point(point_id=f"{prefix}{n}", kind=kind, point_index=n, units="°C") for n in range(1, count + 1)]
    return tuple(made)


def announcement(number: int, data_source: int = 3, prefix: str = "panel") -> DeviceAnnounced:
    return DeviceAnnounced(
        device=f"{prefix}-{number}",
        protocol="modbus",
        address=f"192.0.2.{number}:502",
        poll_interval_s=30,
        stale_after=3,
        down_after=6,
        points=points(),
        complete=True,
        facts=DeviceFacts(serial_number=12344 + number),
        data_source=data_source,
        created_by="ffi_sync_service" if data_source == 1 else "realtime_sync",
    )


def change(device: str, point_id: str, at_ms: int) -> PointChange:
    reading = Reading(point_id, round(random.random() * 100, 1))
    return PointChange(
        device=device, point_id=point_id, reading=reading, sampled_at_ms=at_ms, at_ms=at_ms, changed=True, sample=True
    )


class Gateway:
    """A store and the number of its next batch."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now_ms = T0_MS
        self.batch_no = 0
        self.store = Store(
            StoreConfig(database=path, min_free_bytes=0), "bench", "0", "boot", silent, lambda: self.now_ms
        )
        self.store.open(lambda _checked: None)

    def put(self, *items: object) -> None:
        self.batch_no += 1
        self.store.store(PointsChanged(incarnation=1, batch_no=self.batch_no, at_ms=self.now_ms, items=items))  # type: ignore[arg-type]


def file_bytes(path: Path) -> int:
    return sum(part.stat().st_size for part in path.parent.glob(path.name + "*"))


def written_bytes() -> int:
    """Bytes passed to write() by this process so far (Linux)."""
    text = Path("/proc/self/io").read_text()
    return int(text.split("wchar: ")[1].split()[0])


def batches(folder: Path, rows: int, seconds: float) -> dict[str, object]:
    """Store batches of `rows` changes over 100 devices x 50 points, one simulated second apart."""
    gateway = Gateway(folder / f"batches-{rows}.db")
    gateway.put(*(announcement(number) for number in range(1, DEVICES + 1)))
    names = [(f"panel-{number}", point.point_id) for number in range(1, DEVICES + 1) for point in points()]
    prepared = [
        [
            change(device, point_id, T0_MS + 1000 * second + index % 1000)
            for index, (device, point_id) in enumerate(random.sample(names, rows))
        ]
        for second in range(20)
    ]
    took: list[float] = []
    empty, written = file_bytes(gateway.path), written_bytes()
    cpu_s, stop_s = time.process_time(), time.perf_counter() + seconds
    second = 0
    making_s = 0.0
    while time.perf_counter() < stop_s:
        began_cpu_s = time.process_time()
        shift_ms = (second // 20) * 20_000
        items = prepared[second % 20]
        if shift_ms:
            items = [
                PointChange(
                    device=i.device, point_id=i.point_id, reading=i.reading, sampled_at_ms=i.at_ms + shift_ms,
                    at_ms=i.at_ms + shift_ms, changed=True, sample=True,
                )
                for i in items
            ]  # fmt: skip
        gateway.now_ms += 1000
        making_s += time.process_time() - began_cpu_s
        began_s = time.perf_counter()
        gateway.put(*items)
        took.append(time.perf_counter() - began_s)
        second += 1
    cpu_s = time.process_time() - cpu_s - making_s
    written = written_bytes() - written
    gateway.store.close()
    count = rows * len(took)
    took.sort()
    return {
        "batch_rows": rows,
        "batches": len(took),
        "changes_per_s": round(count / sum(took)),
        "cpu_ms_per_batch": round(1000 * cpu_s / len(took), 2),
        "cpu_us_per_change": round(1e6 * cpu_s / count, 2),
        "commit_p50_ms": round(1000 * took[len(took) // 2], 2),
        "commit_p99_ms": round(1000 * took[len(took) * 99 // 100], 2),
        "commit_max_ms": round(1000 * took[-1], 2),
        "file_bytes_per_sample": round((file_bytes(gateway.path) - empty) / count, 1),
        "written_bytes_per_sample": round(written / count),
    }


def seconds_of_a_building(rows: int) -> Iterator[list[object]]:
    """Half of the devices by FFI sync (a row per point each 30 s), half polled (a point changes each 30 s or so)."""
    names = [point.point_id for point in points()]
    made = second = 0
    while made < rows:
        at_ms = T0_MS + 1000 * second
        items: list[object] = []
        if second % 30 == 0:
            items += [change(f"panel-{number}", name, at_ms) for number in range(1, DEVICES // 2 + 1) for name in names]
        for _ in range(DEVICES // 2 * len(names) // 30):
            device = f"panel-{random.randrange(DEVICES // 2 + 1, DEVICES + 1)}"
            items.append(change(device, random.choice(names), at_ms + random.randrange(1000)))
        second += 1
        made += len(items)
        yield items


def big_file(folder: Path, rows: int) -> Iterator[dict[str, object]]:
    """Fill a file, then ask it with Python's own SQLite through the views."""
    gateway = Gateway(folder / "big.db")
    gateway.put(*(announcement(number, 1 if number <= DEVICES // 2 else 3) for number in range(1, DEVICES + 1)))
    for items in seconds_of_a_building(rows):
        gateway.now_ms += 1000
        gateway.put(*items)
    gateway.store.close()
    size = gateway.path.stat().st_size
    yield {
        "file_mb": round(size / 1e6),
        "samples": gateway.store.samples_stored,
        "bytes_per_sample": round(size / gateway.store.samples_stored, 1),
    }
    connection = sqlite3.connect(gateway.path)
    for name, where in QUERIES.items():
        took = []
        for _ in range(5):
            began_s = time.perf_counter()
            found = len(connection.execute(f"SELECT * FROM TRENDLOG_DATA WHERE {where}").fetchall())
            took.append(time.perf_counter() - began_s)
        yield {
            "query": name,
            "rows": found,
            "first_ms": round(took[0] * 1000, 1),
            "best_ms": round(min(took) * 1000, 1),
        }
    began_s = time.perf_counter()
    found = len(connection.execute("SELECT * FROM POINTS").fetchall())
    yield {"query": "POINTS", "rows": found, "first_ms": round((time.perf_counter() - began_s) * 1000, 1)}
    connection.close()
    began_s = time.perf_counter()
    again = Gateway(gateway.path)
    yield {"reopen_ms": round((time.perf_counter() - began_s) * 1000, 1)}
    began_s = time.perf_counter()
    again.store.load_state(1)
    yield {"load_state_ms": round((time.perf_counter() - began_s) * 1000, 1)}
    again.store.close()


def main() -> None:
    """Run it all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--million-rows", type=float, default=3.0)
    arguments = parser.parse_args()
    random.seed(1)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        print(
            json.dumps(
                {"sqlite_writing": __import__("apsw").sqlitelibversion(), "sqlite_asking": sqlite3.sqlite_version}
            )
        )
        for rows in (15, 1000, 5000):
            print(json.dumps(batches(Path(folder), rows, arguments.seconds)), flush=True)
        for line in big_file(Path(folder), int(arguments.million_rows * 1e6)):
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
