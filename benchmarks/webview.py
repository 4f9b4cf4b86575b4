"""What `[store.webview]` costs: the writer with its outbox beside the writer without one, and the filling of T3000's file itself.

    python -m benchmarks.webview [--folder DIR] [--rounds 5] [--batches 60]

100 devices x 50 points; both writers store the same batches, in turn, in one process; the other file is filled in between, so that rows
of the outbox are deleted as they are in a running gateway. Printed one JSON object per line; compare figures of one run.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.store import DEVICES, T0_MS, announcement, change, points, written_bytes
from t3actors.config import StoreConfig, WebviewConfig
from t3actors.events import silent
from t3actors.messages import PointChange, PointsChanged
from t3actors.store.store import Store
from t3actors.store.webview import backlog
from t3actors.store.webview.mail import Posted
from t3actors.store.webview.outbox import Outbox
from t3actors.store.webview.webview import Webview

NAMES = [(f"panel-{number}", point.point_id) for number in range(1, DEVICES + 1) for point in points()]


class Cost:
    """CPU seconds and bytes written, of batches of one size."""

    def __init__(self) -> None:
        self.cpu_s = self.wall_s = 0.0
        self.octets = self.changes = 0

    def take(self, run: object, changes: int) -> None:
        written, cpu_s, wall_s = written_bytes(), time.process_time(), time.perf_counter()
        run()  # type: ignore[operator]
        self.cpu_s += time.process_time() - cpu_s
        self.wall_s += time.perf_counter() - wall_s
        self.octets += written_bytes() - written
        self.changes += changes

    def each(self) -> dict[str, float]:
        return {
            "cpu_us_per_change": round(1e6 * self.cpu_s / self.changes, 2),
            "wall_us_per_change": round(1e6 * self.wall_s / self.changes, 2),
            "written_bytes_per_change": round(self.octets / self.changes, 1),
        }


class Gateway:
    """A store, and T3000's file where one is wanted."""

    def __init__(self, folder: Path, *, webview: bool) -> None:
        self.now_ms = T0_MS
        self._batch_no = 0
        self._posts: list[Posted] = []
        config = WebviewConfig(database=folder / "webview_t3_device.db") if webview else None
        self.path = folder / f"store-{webview}.db"
        store = StoreConfig(database=self.path, min_free_bytes=0, webview=config)
        self.outbox = Outbox(config, silent, self._posts.append)
        self.store = Store(store, "bench", "0", "boot", silent, lambda: self.now_ms, outbox=self.outbox)
        self.store.open(lambda _checked: None)
        self.put([announcement(number) for number in range(1, DEVICES + 1)])
        self.webview = config and Webview(config, self.path, "UTC", silent, lambda: self.now_ms)

    def put(self, items: list[object]) -> None:
        self._batch_no += 1
        batch = PointsChanged(incarnation=1, batch_no=self._batch_no, at_ms=self.now_ms, items=tuple(items))  # type: ignore[arg-type]
        self.store.store(batch)

    def fill(self) -> None:
        """Bring T3000's file up to date, and tell the writer."""
        assert self.webview is not None
        for posted in self._posts:
            self.webview.posted(posted)
        self._posts.clear()
        while self.webview.step():
            pass
        delivered = self.webview.settled()
        if delivered is not None:
            self.outbox.delivered(delivered)

    def outbox_bytes(self) -> float:
        """Content per change of the newest row."""
        with sqlite3.connect(self.path) as connection:
            sql = "SELECT length(content), samples FROM webview_outbox ORDER BY id DESC LIMIT 1"
            size, samples = connection.execute(sql).fetchone()
        connection.close()
        return float(size) / float(samples)


def moved(items: list[PointChange], shift_ms: int) -> list[object]:
    """The same changes, later."""
    return [
        PointChange(
            device=i.device, point_id=i.point_id, reading=i.reading, sampled_at_ms=i.at_ms + shift_ms, at_ms=i.at_ms + shift_ms,
            changed=True, sample=True,
        )
        for i in items
    ]  # fmt: skip


def compare(folder: Path, rows: int, rounds: int, batches: int) -> dict[str, object]:
    """Medians of the rounds' ratios, and the figures of all rounds together."""
    ratios: dict[str, list[float]] = {"cpu": [], "written": []}
    totals = {name: Cost() for name in ("without", "with", "filling")}
    gateways = {"without": Gateway(folder, webview=False), "with": Gateway(folder, webview=True)}
    prepared = [
        [change(device, point_id, T0_MS + 1000 * second) for device, point_id in sorted(random.sample(NAMES, rows))]
        for second in range(20)
    ]
    gateways["with"].fill()
    second = 0
    for _ in range(rounds):
        costs = {name: Cost() for name in gateways}
        for _ in range(batches):
            second += 1
            for name in sorted(gateways, reverse=second % 2 == 0):
                gateway = gateways[name]
                gateway.now_ms += 1000
                items = moved(prepared[second % 20], second // 20 * 20_000)
                costs[name].take(lambda: gateway.put(items), rows)  # noqa: B023
            totals["filling"].take(gateways["with"].fill, rows)
        for name, cost in costs.items():
            totals[name].cpu_s += cost.cpu_s
            totals[name].wall_s += cost.wall_s
            totals[name].octets += cost.octets
            totals[name].changes += cost.changes
        ratios["cpu"].append(costs["with"].cpu_s / costs["without"].cpu_s)
        ratios["written"].append(costs["with"].octets / costs["without"].octets)
    for gateway in gateways.values():
        gateway.store.close()
    result: dict[str, object] = {
        "batch_rows": rows,
        "outbox_content_bytes_per_change": round(gateways["with"].outbox_bytes(), 1),
    }
    result |= {name: cost.each() for name, cost in totals.items()}
    result |= {f"{name}_ratio": round(statistics.median(each), 3) for name, each in ratios.items()}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=60)
    options = parser.parse_args()
    backlog.SETTLED_AFTER_S = 0.0  # simulated seconds pass faster than real ones
    random.seed(7)
    for rows in (50, 500, 2500):
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            sys.stdout.write(json.dumps(compare(Path(folder), rows, options.rounds, options.batches)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
