"""Thirty days of a building at full rate, on a disk that has room for the budget, the log and no more.

    python benchmarks/history_month.py [--days 30] [--scale 0.1] [--budget-mb 40] [--folder DIR]

1,000 points as history_data.py has them, or a share of each kind (the whole month at scale 1 takes 15 to 40 minutes, and wants
--budget-mb 160 or so). The disk is a VFS of SQLite that answers ENOSPC above budget + 33 MB. Between batches (10 simulated seconds
each) the writer tidies as the actor does. Prints one JSON object: the largest file and disk, commits, what the hot path's statements
went over without an index; ends with 1 when the file outgrew its budget, the disk refused a write, or a statement goes over all of a
table that grows.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.history_data import T0_MS, Gateway, change, changes, devices_of, signals
from benchmarks.history_rates import percentiles
from t3actors.store.connection import JOURNAL_LIMIT_BYTES
from t3actors.store.writer import TIDY_EVERY_S, TIDY_FOR_S
from tests.store.disk import Disk, simulated_disk
from tests.store.statements import listening

BATCH_MS = 10_000
TIDY_SHARE = TIDY_FOR_S / TIDY_EVERY_S  # of a second here: a batch of ten simulated seconds is told in less


def live(folder: Path, days: float, scale: float, budget: int, disk: Disk) -> tuple[dict[str, object], bool]:
    """Live through it. **Returns**: what was seen, and whether all was well."""
    points = signals(scale)
    gateway = Gateway(folder / "t3actors.db", devices_of(points), budget_bytes=budget, recent_s=86_400.0)
    connection, tidying = gateway.store._connection, gateway.store.tidying  # noqa: SLF001
    commits: list[float] = []
    largest = samples = 0
    items: list[object] = []
    began_s = time.monotonic()
    with listening(connection) as heard:
        for at_ms, signal, value in changes(points, days):
            while T0_MS + at_ms >= gateway.now_ms + BATCH_MS:
                gateway.now_ms += BATCH_MS
                mark_s = time.perf_counter()
                gateway.put(items)
                commits.append(time.perf_counter() - mark_s)
                samples += len(items)
                items = []
                tidying._look_again_s = 0.0  # noqa: SLF001
                gateway.store.tidy(TIDY_SHARE)
                largest = max(largest, gateway.path.stat().st_size)
            items.append(change(signal.device, signal.point_id, T0_MS + at_ms, value))
    scans = heard.scans(connection)
    report = {
        "days": days, "points": len(points), "samples": samples, "budget_mb": budget / 1e6, "largest_file_mb": round(largest / 1e6, 1),
        "largest_disk_mb": round(disk.largest / 1e6, 1), "refused_writes": disk.refused, "commit": percentiles(commits),
        "statements": len(heard.runs), "scans_of_what_grows": scans, "written_bytes_per_sample": round(disk.written / samples, 1),
        "took_s": round(time.monotonic() - began_s),
    }  # fmt: skip
    gateway.store.close()
    return report, not scans and not disk.refused and largest <= budget


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=30.0)
    parser.add_argument("--scale", type=float, default=0.1)
    parser.add_argument("--budget-mb", type=float, default=40.0)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    budget = int(arguments.budget_mb * 1e6)
    disk = Disk()
    disk.capacity = budget + JOURNAL_LIMIT_BYTES
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name, simulated_disk(disk):
        report, well = live(Path(name), arguments.days, arguments.scale, budget, disk)
    print(json.dumps(report), flush=True)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
