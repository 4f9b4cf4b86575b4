"""A whole cycle of a T3000 with many panels: from the library's answer to the commit, beside stdlib json and sqlite3 doing the same.

    python -m benchmarks.t3000_cycle [--panels 100] [--cycles 5]

The gateway side is a whole gateway with a compiled library (needs a C compiler: the tests' own) that gives one LOGGING_DATA answer, 256
points a panel; every cycle every third value differs, and a row per point is stored (trend = "always"). The other side reads the same
text from memory with json.loads and upserts and inserts the same number of rows with sqlite3, one transaction, WAL, into tables of
the seed's shape: no change detection, no statuses, no units, no supervision. Each is a process of its own; CPU is that process's
(the library's worker process is told beside it), memory its largest resident set (getrusage).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import trio

from benchmarks.t3000_decode import write
from t3actors.config import Config, DeviceConfig, GatewayConfig, StoreConfig
from t3actors.events import LogEvent
from t3actors.pipeline import Gateway
from t3actors.points import Rules
from tests.collect.t3000.fake_library import Compiler

_POINTS = """
CREATE TABLE {0} (serial_number INTEGER, point_index INTEGER, point_id TEXT, label TEXT, full_label TEXT, value REAL, range INTEGER,
  updated_at INTEGER, PRIMARY KEY (serial_number, point_index)) WITHOUT ROWID;
"""
_TREND = """
CREATE TABLE TRENDLOG_DATA (serial_number INTEGER, panel_id INTEGER, point_id TEXT, point_type TEXT, logging_time INTEGER, value REAL,
  range INTEGER, data_source INTEGER, sync_interval INTEGER, created_by TEXT);
"""


def answers_of(folder: Path, panels: int) -> list[str]:
    """Two answers of T3000 that differ in every third value, with logging times of now."""
    path, texts = folder / "answer", []
    for changed in (False, True):
        write(path, panels, 0, "real", changed)
        texts.append(
            re.sub(
                r'"(\w+_logging_time)":\d+', lambda found: f'"{found[1]}":{int(time.time())}', path.read_text("ascii")
            )
        )
    return texts


class Clock:
    """A log that notes when cycles began and were stored."""

    def __init__(self) -> None:
        self.cycles: list[tuple[float, float]] = []
        self._began = (0.0, 0.0)

    def __call__(self, event: LogEvent, /, **keys: object) -> None:
        if event.name == "cycle.started":
            self._began = (time.perf_counter(), time.process_time())
        elif event.name == "cycle.stored":
            wall, cpu = self._began
            self.cycles.append((time.perf_counter() - wall, time.process_time() - cpu))


def ours(folder: Path, panels: int, cycles: int) -> dict[str, Any]:
    """Run the gateway side."""
    library = Compiler(folder).library(folder / "library")
    texts = answers_of(folder, panels)
    library.put("answer.json", texts[0])
    library.play("* answer answer.json")
    device = DeviceConfig(
        name="plant", protocol="t3000", address=f"ffi:{library.path}", timeout_s=30.0, rules=Rules(poll_interval_s=3600.0, trend="always")
    )  # fmt: skip
    config = Config(
        gateway=GatewayConfig(name="bench", data_dir=folder / "data"),
        store=StoreConfig(database=folder / "data" / "bench.db", min_free_bytes=0),
        devices=(device,),
    )
    clock = Clock()

    async def main() -> None:
        gateway = Gateway(config, clock)
        async with trio.open_nursery() as nursery:
            await nursery.start(gateway.run)
            while not clock.cycles:  # noqa: ASYNC110
                await trio.sleep(0.05)
            for number in range(cycles):
                library.put("answer.json", texts[(number + 1) % 2])
                (result,) = await gateway.sync(["plant"])
                assert not result.error, result.error
            gateway.stop("done")

    trio.run(main)
    first, *later = clock.cycles
    return {
        "first_s": first[0], "first_cpu_s": first[1],
        "cycle_s": statistics.median(wall for wall, _ in later), "cycle_cpu_s": statistics.median(cpu for _, cpu in later),
        "worker_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }  # fmt: skip


def plainly(folder: Path, panels: int, cycles: int) -> dict[str, Any]:
    """Run the stdlib side."""
    texts = answers_of(folder, panels)
    connection = sqlite3.connect(folder / "plain.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.executescript("".join(_POINTS.format(table) for table in ("INPUT", "OUTPUT", "VARIABLE")) + _TREND)
    taken = []
    for number in range(cycles + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        _store_plainly(connection, json.loads(texts[number % 2]))
        taken.append((time.perf_counter() - wall, time.process_time() - cpu))
    first, *later = taken
    return {
        "first_s": first[0], "first_cpu_s": first[1],
        "cycle_s": statistics.median(wall for wall, _ in later), "cycle_cpu_s": statistics.median(cpu for _, cpu in later),
    }  # fmt: skip


def _store_plainly(connection: sqlite3.Connection, document: dict[str, Any]) -> None:
    connection.execute("BEGIN")
    for panel in document["data"]:
        serial = panel["panel_serial_number"]
        points, trend = {"INPUT": [], "OUTPUT": [], "VARIABLE": []}, []  # type: ignore[var-annotated]
        for point in panel["device_data"]:
            value = point["value"] / 1000
            name, code = point["id"], point["range"]
            points[point["type"]].append(
                (serial, point["index"], name, point["label"], point["description"], value, code, 0)
            )
            trend.append(
                (serial, 1, name, point["type"], panel["input_logging_time"], value, code, 1, 30, "ffi_sync_service")
            )
        for table, rows in points.items():
            connection.executemany(
                f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value,"
                " label = excluded.label, full_label = excluded.full_label, range = excluded.range, updated_at = excluded.updated_at",
                rows,
            )
        connection.executemany("INSERT INTO TRENDLOG_DATA VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", trend)
    connection.execute("COMMIT")


def main() -> None:
    """Run both sides and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--panels", type=int, default=100)
    parser.add_argument("--cycles", type=int, default=5)
    parser.add_argument("--side", choices=("ours", "plainly"))
    options = parser.parse_args()
    if options.side:
        with tempfile.TemporaryDirectory() as folder:
            figures = globals()[options.side](Path(folder), options.panels, options.cycles)
        figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(figures))
        return
    print(
        f"{options.panels} panels x 256 points, one answer, one transaction; median of {options.cycles} cycles after the first"
    )
    for side in ("ours", "plainly"):
        arguments = ["--panels", str(options.panels), "--cycles", str(options.cycles), "--side", side]
        run = subprocess.run(
            [sys.executable, "-m", "benchmarks.t3000_cycle", *arguments],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ,
        )
        print(f"{side:8}", {name: round(value, 3) for name, value in json.loads(run.stdout.splitlines()[-1]).items()})


if __name__ == "__main__":
    main()
