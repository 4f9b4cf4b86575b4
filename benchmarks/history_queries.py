"""What it takes to look at history in a large file, cold: by the gateway's own reader, its command line, and the stock shell.

    python benchmarks/history_queries.py [--gb 0.1] [--keep FILE] [--folder DIR]

A file of so many GB is made and tidied; before each question the system is told to forget the file's pages (posix_fadvise).
Five tries of each: the least, the middle, the most, in milliseconds. Nothing here is a test: one JSON object per line.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.history_data import DAY_MS, T0_MS, Gateway, file_bytes, signals
from benchmarks.history_file import made_file
from t3actors.store.reader import open_reader

TRIES = 5


def forget_pages(path: Path) -> None:
    """Have the system drop what it holds of the file."""
    for part in path.parent.glob(path.name + "*"):
        descriptor = os.open(part, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def timed(path: Path, ask: Callable[[], int]) -> dict[str, object]:
    """Ask some times, cold."""
    took, found = [], 0
    for _ in range(TRIES):
        forget_pages(path)
        began_s = time.perf_counter()
        found = ask()
        took.append((time.perf_counter() - began_s) * 1000)
    took.sort()
    return {
        "rows": found,
        "least_ms": round(took[0], 1),
        "middle_ms": round(took[TRIES // 2], 1),
        "most_ms": round(took[-1], 1),
    }


def by_reader(path: Path, device: str, point_id: str, since_ms: int, until_ms: int) -> Callable[[], int]:
    def ask() -> int:
        with open_reader(path) as reader:
            return len(reader.history(device, point_id, since_ms, until_ms, 1_000_000))

    return ask


def hours_by_reader(path: Path, device: str, point_id: str, since_ms: int, until_ms: int) -> Callable[[], int]:
    def ask() -> int:
        with open_reader(path) as reader:
            return len(reader.hours(device, point_id, since_ms, until_ms))

    return ask


def by_shell(path: Path, sql: str) -> Callable[[], int]:
    def ask() -> int:
        done = subprocess.run(["sqlite3", "-readonly", str(path), sql], capture_output=True, check=True)
        return done.stdout.count(b"\n")

    return ask


def by_command(path: Path, point: str, since_ms: int, until_ms: int) -> Callable[[], int]:
    moment = "%Y-%m-%dT%H:%M:%S+00:00"
    since, until = (time.strftime(moment, time.gmtime(at // 1000)) for at in (since_ms, until_ms))
    options = ["--data", str(path.parent), "--since", since, "--until", until, "--limit", "1000000", "--csv"]

    def ask() -> int:
        done = subprocess.run(
            [sys.executable, "-m", "t3actors", "history", point, *options], capture_output=True, check=False
        )
        return done.stdout.count(b"\n") - 1

    return ask


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--gb", type=float, default=0.1)
    parser.add_argument("--keep", type=Path, help="Leave the file here; history_rates.py takes it as --database.")
    arguments = parser.parse_args()
    points = signals()
    flow = next(signal for signal in points if signal.kind == "flow")
    slow = next(signal for signal in points if signal.kind == "temperature")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        began_s = time.perf_counter()
        path, end_ms = made_file(Path(name), arguments.gb)
        made_s = time.perf_counter() - began_s
        gateway = Gateway(path, {}, 9, recent_s=3600.0)
        gateway.now_ms = end_ms + 7_200_000
        began_s = time.perf_counter()
        gateway.tidy()
        gateway.store.close()
        print(
            json.dumps(
                {
                    "file_mb": round(file_bytes(path) / 1e6),
                    "made_s": round(made_s),
                    "tidied_s": round(time.perf_counter() - began_s),
                }
            ),
            flush=True,
        )
        path = path.rename(path.with_name("t3actors.db"))
        day = (T0_MS + DAY_MS, T0_MS + 2 * DAY_MS)
        year = (end_ms - 366 * DAY_MS, end_ms)
        for who, signal in (("fast point", flow), ("slow point", slow)):
            at = (path, signal.device, signal.point_id)
            days = f"name = '{signal.device}' AND point_id = '{signal.point_id}' AND logging_day BETWEEN {{}} AND {{}}"
            a_day, a_year = (days.format(since // DAY_MS, until // DAY_MS) for since, until in (day, year))
            questions = {
                "a day of samples, reader": by_reader(*at, *day),
                "a day of samples, command": by_command(path, f"{signal.device}/{signal.point_id}", *day),
                "a year of hours, reader": hours_by_reader(*at, *year),
            }
            if shutil.which("sqlite3"):
                questions["a day of samples, sqlite3 shell"] = by_shell(
                    path, f"SELECT sampled_at, value FROM TRENDLOG_ALL WHERE {a_day}"
                )
                questions["a year of hours, sqlite3 shell"] = by_shell(
                    path, f"SELECT logging_time, mean FROM TRENDLOG_HOURLY WHERE {a_year}"
                )
            for question, ask in questions.items():
                print(json.dumps({"of": who, "question": question, **timed(path, ask)}), flush=True)
        if arguments.keep:
            shutil.move(path, arguments.keep)


if __name__ == "__main__":
    main()
