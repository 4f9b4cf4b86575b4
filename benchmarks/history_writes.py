"""Where the bytes go that a stored sample costs: which table's pages each commit and each checkpoint writes.

    python -m benchmarks.history_writes [--points 1000] [--rates 15 100 1000 5000] [--seconds 120] [--folder DIR]

A batch a second (below 64 changes: every two seconds), as the detector makes them; points of a BACnet device with their
descriptions. The clock is simulated, so it takes as long as it takes. Every frame of the WAL is read and asked of dbstat whose page
it is; what checkpoints write is what the kernel says this process has written, less the WAL. One JSON object per line.
"""

from __future__ import annotations

import argparse
import json
import random
import struct
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import apsw
import msgspec

from benchmarks.history_data import T0_MS, Gateway, announcement, change, written_bytes

POINTS_PER_DEVICE = 50


class Frames:
    """Counts the frames of a WAL by page, as they come: call it after each commit."""

    def __init__(self, path: Path) -> None:
        self.pages: Counter[int] = Counter()
        self._path = path.with_name(path.name + "-wal")
        self._salt = b""
        self._seen = 0

    def look(self) -> int:
        """Count what is new. **Returns**: how many frames."""
        with self._path.open("rb") as wal:
            head = wal.read(32)
            if head[16:24] != self._salt:
                self._salt, self._seen = head[16:24], 0
            (size,) = struct.unpack(">I", head[8:12])
            new = 0
            while True:
                wal.seek(32 + self._seen * (size + 24))
                frame = wal.read(24)
                if len(frame) < 24 or frame[8:16] != self._salt:
                    return new
                self.pages[struct.unpack(">I", frame[:4])[0]] += 1
                self._seen += 1
                new += 1


def described(points: int) -> list[object]:
    """Announcements of devices whose points have labels, descriptions and states, as BACnet's have."""
    made: list[object] = []
    for number in range(-(-points // POINTS_PER_DEVICE)):
        one = announcement(number, f"panel-{number + 1}", [f"IN{place + 1}" for place in range(POINTS_PER_DEVICE)])
        told = [
            msgspec.structs.replace(
                point, label=f"AHU{number}_{point.point_id}_TEMP", full_label="Supply air temperature of the air handler",
                source="analog-input present-value", object_type=0, object_instance=point.point_index,
            )
            for point in one.points
        ]  # fmt: skip
        made.append(msgspec.structs.replace(one, points=tuple(told)))
    return made


def run(folder: Path, points: int, rate: int, seconds: int) -> dict[str, object]:
    """Store so many changes a second for so long."""
    path = folder / f"writes-{points}-{rate}.db"
    gateway = Gateway(path, {})
    gateway.put(described(points))
    pick = random.Random(5)
    names = [
        (f"panel-{number // POINTS_PER_DEVICE + 1}", f"IN{number % POINTS_PER_DEVICE + 1}") for number in range(points)
    ]
    gateway.put([change(*name, T0_MS - 60_000, 20.5) for name in names])
    gateway.store._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)  # type: ignore[union-attr]  # noqa: SLF001
    every_s = 1 if rate >= 64 else 2
    frames, count, written = Frames(path), 0, written_bytes()
    for second in range(0, seconds, every_s):
        rows = rate * every_s
        items = [
            change(
                *pick.choice(names), T0_MS + second * 1000 + index * 1000 * every_s // rows, round(pick.gauss(50, 4), 2)
            )
            for index in range(rows)
        ]
        gateway.now_ms = T0_MS + (second + every_s) * 1000
        gateway.put(items)
        count += rows
        frames.look()
    total = written_bytes() - written
    tables = dict(gateway.store._connection.execute("SELECT pageno, name FROM dbstat"))  # type: ignore[union-attr]  # noqa: SLF001
    gateway.store.close()
    by_table: Counter[str] = Counter()
    for page, times in frames.pages.items():
        by_table[tables.get(page, "free")] += times
    wal = sum(by_table.values()) * (4096 + 24)
    batches = seconds // every_s
    return {
        "points": points,
        "changes_per_s": rate,
        "bytes_per_sample": round(total / count, 1),
        "of_it_checkpoints": round((total - wal) / count, 1),
        "mb_per_day": round(total / seconds * 86400 / 1e6),
        "frames_per_commit": {name: round(times / batches, 2) for name, times in by_table.most_common(9)},
        "page_1": round(frames.pages[1] / batches, 2),
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--points", type=int, nargs="*", default=[1000, 5000])
    parser.add_argument("--rates", type=int, nargs="*", default=[15, 100, 1000, 5000])
    parser.add_argument("--seconds", type=int, default=240)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        for points in arguments.points:
            for rate in arguments.rates:
                print(json.dumps(run(Path(name), points, rate, arguments.seconds)), flush=True)


if __name__ == "__main__":
    main()
