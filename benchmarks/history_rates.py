"""What the store does at 1,000 and 5,000 changes a second while a large history is packed, merged and let go of.

    python benchmarks/history_rates.py [--gb 0.1] [--seconds 15] [--rates 1000 5000] [--every 1.0] [--folder DIR]
    python benchmarks/history_rates.py --database FILE      a copy of one that history_queries.py kept: it is changed

First a file of so many GB is made (years of 1,000 points, packed), then changes arrive in real time, a batch a second;
between batches the writer tidies, a fifth of the time, as the actor does. Reported: commit times, bytes written per sample,
the start on that file. `--gb 2` takes some ten minutes. Nothing here is a test: one JSON object per line.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.history_data import DAY_MS, T0_MS, Gateway, change, devices_of, file_bytes, signals, written_bytes
from benchmarks.history_file import made_file
from benchmarks.history_size import used
from t3actors.store.writer import TIDY_EVERY_S, TIDY_FOR_S

FASTER = 600


def percentiles(took: list[float]) -> dict[str, float]:
    """p50, p99 and the longest, in milliseconds."""
    took = sorted(took)
    return {
        "p50_ms": round(1000 * took[len(took) // 2], 2),
        "p99_ms": round(1000 * took[min(len(took) - 1, len(took) * 99 // 100)], 2),
        "max_ms": round(1000 * took[-1], 2),
    }


def run(gateway: Gateway, names: list[tuple[str, str]], rate: int, seconds: float, every_s: float) -> dict[str, object]:
    """Store so many changes a second, in real time; the simulated clock goes ten minutes a second, so that hours end."""
    pick = random.Random(5)
    commits: list[float] = []
    worked: list[float] = []
    put_kb: list[int] = []
    steps: list[tuple[float, float, int, str]] = []
    tidied = 0
    count = 0
    expired = gateway.store.samples_stored
    began_s, written, began_cpu_s = time.perf_counter(), written_bytes(), time.process_time()
    tidying = gateway.store.tidying
    assert tidying is not None
    next_s = began_s
    tick_ms = int(every_s * 1000 * FASTER)
    while time.perf_counter() < began_s + seconds:
        rows = int(rate * every_s)
        base_ms = gateway.now_ms
        items = [
            change(*pick.choice(names), base_ms + index * tick_ms // rows, round(pick.gauss(50, 4), 2))
            for index in range(rows)
        ]
        gateway.now_ms += tick_ms
        mark_s, mark_cpu_s, put_mark = time.perf_counter(), time.thread_time(), written_bytes()
        gateway.put(items)
        commits.append(time.perf_counter() - mark_s)
        worked.append(time.thread_time() - mark_cpu_s)
        put_kb.append((written_bytes() - put_mark) // 1000)
        count += rows
        next_s += every_s
        while time.perf_counter() < next_s - TIDY_FOR_S:
            mark_s, mark, mark_cpu_s = time.perf_counter(), written_bytes(), time.thread_time()
            tidying._look_again_s = 0.0  # noqa: SLF001
            busy = tidying.step()
            took_s = time.perf_counter() - mark_s
            tidied += written_bytes() - mark
            if busy:
                steps.append((took_s, time.thread_time() - mark_cpu_s, written_bytes() - mark, tidying._doing))  # noqa: SLF001
            time.sleep(
                max(0.0, min(next_s - time.perf_counter(), took_s * (TIDY_EVERY_S / TIDY_FOR_S - 1) if busy else 0.05))
            )
        time.sleep(max(0.0, next_s - time.perf_counter()))
    took_s = time.perf_counter() - began_s
    return {
        "changes_per_s": round(count / took_s),
        "commit": percentiles(commits),
        "commit_cpu": percentiles(worked),
        "longest_commits": [
            {"ms": round(1000 * took_s), "kb": octets}
            for took_s, octets in sorted(zip(commits, put_kb, strict=True))[:-6:-1]
        ],
        "tidying_step": percentiles([took_s for took_s, *_ in steps]) if steps else None,
        "longest_steps": [
            {"ms": round(1000 * took_s), "cpu_ms": round(1000 * cpu_s), "kb": octets // 1000, "step": what}
            for took_s, cpu_s, octets, what in sorted(steps)[:-9:-1]
        ],
        "tidying_steps": len(steps),
        "written_bytes_per_sample": round((written_bytes() - written - tidied) / count, 1),
        "written_by_tidying_mb": round(tidied / 1e6, 1),
        "cpu_share": round((time.process_time() - began_cpu_s) / took_s, 2),
        "samples": gateway.store.samples_stored - expired,
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--gb", type=float, default=0.1)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--database", type=Path, help="Use this file, and change it, instead of making one.")
    parser.add_argument("--every", type=float, default=1.0, help="Seconds from batch to batch.")
    parser.add_argument("--rates", type=int, nargs="*", default=[1000, 5000])
    arguments = parser.parse_args()
    print(json.dumps({"load": [round(load, 1) for load in os.getloadavg()], "cores": os.cpu_count()}), flush=True)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        path, now_ms = (
            (arguments.database, T0_MS + 3 * DAY_MS) if arguments.database else made_file(Path(name), arguments.gb)
        )
        print(
            json.dumps({"file_mb": round(file_bytes(path) / 1e6), "days": round((now_ms - T0_MS) / DAY_MS)}), flush=True
        )
        points = signals()
        names = [(signal.device, signal.point_id) for signal in points]
        for rate in arguments.rates:
            began_s = time.perf_counter()
            # a budget below what is used: the oldest days go while the newest hours are packed
            gateway = Gateway(
                path, {}, incarnation=time.time_ns(), recent_s=3600.0, budget_bytes=int(used(path) * 0.97)
            )
            gateway.now_ms = now_ms
            gateway.announce(devices_of(points))
            first_ms = round(1000 * (time.perf_counter() - began_s))
            print(json.dumps({"rate": rate, "start_to_first_batch_ms": first_ms}), flush=True)
            print(
                json.dumps({"rate": rate, **run(gateway, names, rate, arguments.seconds, arguments.every)}), flush=True
            )
            parts = gateway.store.tidying.desk.connection.execute(
                "SELECT kind, state, level, count(*) FROM parts GROUP BY 1, 2, 3"
            )
            print(json.dumps({"rate": rate, "parts": list(parts)}), flush=True)
            now_ms = gateway.now_ms + DAY_MS
            gateway.store.close()


if __name__ == "__main__":
    main()
