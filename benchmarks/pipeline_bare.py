"""The bare program that pipeline.py holds the gateway against: asyncio, one AsyncModbusTcpClient per panel, sqlite3.

What a competent person writes in an afternoon: polls spread over the second on a fixed grid, a skipped due time is not
caught up, answers are checked for error and length, each point is decoded and compared with its last value, and once a
second all that changed is stored in one transaction, in a thread, WAL and synchronous = NORMAL as ours: the newest value
per point, and a sample. No life cycle, no back-off, no ages, no statuses, no acknowledgement, no supervision. It imports
nothing of ours. Run by pipeline.py: the job comes as JSON on standard input, the record goes out as JSON.
"""

from __future__ import annotations

import asyncio
import json
import math
import resource
import sqlite3
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

GOLDEN = 0.6180339887498949
SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE newest (panel INTEGER, point TEXT, at INTEGER, value, auto_manual INTEGER, switch INTEGER,
  PRIMARY KEY (panel, point)) WITHOUT ROWID;
CREATE TABLE samples (at INTEGER, panel INTEGER, point TEXT, value, PRIMARY KEY (at, panel, point)) WITHOUT ROWID;
"""
NEWEST = (
    "INSERT INTO newest VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
    " at = excluded.at, value = excluded.value, auto_manual = excluded.auto_manual, switch = excluded.switch"
)


class Program:
    """The whole program."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.reads = [tuple(read) for read in job["reads"]]
        self.points = [
            (point["id"], point["digital"], *point["value"], [tuple(place) for place in point["others"]])
            for point in job["points"]
        ]
        self.polls: list[tuple[float, float]] = []
        self.errors: Counter[str] = Counter()
        self.changed: list[tuple[Any, ...]] = []
        self.readings = 0
        self.samples = 0
        self.over = False
        self.blocks: dict[int, list[list[int]]] = {}
        self.aside_at_s: dict[int, float] = {}
        self.database = sqlite3.connect(Path(job["directory"]) / "bare.db", check_same_thread=False)
        self.database.executescript(SCHEMA)

    async def run(self) -> dict[str, Any]:
        """Run and give the record."""
        job, loop = self.job, asyncio.get_running_loop()
        start_s = loop.time()
        tasks = [asyncio.create_task(self.poll_forever(at, panel, start_s)) for at, panel in enumerate(job["panels"])]
        tasks.append(asyncio.create_task(self.store_forever()))
        await asyncio.sleep(job["warm_up_s"])
        begin_s, cpu_s, readings, samples = loop.time(), cpu_used_s(), self.readings, self.samples
        await asyncio.sleep(job["seconds"])
        record = {
            "window": (begin_s, loop.time()),
            "cpu_s": (cpu_s, cpu_used_s()),
            "readings": self.readings - readings,
            "rows": self.samples - samples,
            "samples": self.samples - samples,
            "points": len(self.points) * len(job["panels"]),
        }
        await asyncio.sleep(job["interval_s"])
        self.over = True
        await asyncio.gather(*tasks)
        return {**record, "polls": self.polls, "errors": self.errors, "peak_rss_mb": peak_rss_mb()}

    async def poll_forever(self, number: int, panel: dict[str, Any], start_s: float) -> None:
        """Poll one panel on its grid."""
        loop, interval_s = asyncio.get_running_loop(), self.job["interval_s"]
        client = AsyncModbusTcpClient(panel["host"], port=panel["port"], timeout=1, retries=1)
        await client.connect()
        last: dict[str, tuple[Any, ...]] = {}
        due_s = start_s + number * GOLDEN % 1.0 * interval_s
        while not self.over:
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            self.polls.append((due_s, loop.time() - due_s))
            try:
                await self.poll(number, client, panel["unit_id"], last)
            except (ModbusException, OSError) as error:
                self.errors[type(error).__name__] += 1
            due_s += interval_s
            while due_s < loop.time():
                due_s += interval_s
        client.close()

    async def poll(
        self, number: int, client: AsyncModbusTcpClient, unit: int, last: dict[str, tuple[Any, ...]]
    ) -> None:
        """Read all blocks, decode all points, note what changed."""
        now_s = asyncio.get_running_loop().time()
        aside = now_s - self.aside_at_s.get(number, -math.inf) >= self.job["aside_every_s"]
        if aside:
            self.aside_at_s[number] = now_s
        blocks = self.blocks.setdefault(number, [[] for _ in self.reads])
        for place, ((address, count), each_poll) in enumerate(zip(self.reads, self.job["each_poll"], strict=True)):
            if not (aside or each_poll):
                continue
            answer = await client.read_holding_registers(address, count=count, device_id=unit)
            if answer.isError() or len(answer.registers) != count:
                self.errors[f"refused or short: {address}"] += 1
                return
            blocks[place] = answer.registers
        at_ms = time.time_ns() // 1_000_000
        self.readings += len(self.points)
        for point, digital, block, place, others in self.points:
            words = blocks[block]
            raw = words[place] << 16 | words[place + 1]
            if raw >= 0x8000_0000:
                raw -= 0x1_0000_0000
            seen = (int(raw != 0) if digital else raw / 1000, *[blocks[other][at] for other, at in others])
            if seen != last.get(point):
                last[point] = seen
                self.changed.append((number, point, at_ms, *seen, *[None] * (3 - len(seen))))

    async def store_forever(self) -> None:
        """Store what changed, once a second."""
        loop, interval_s = asyncio.get_running_loop(), self.job["interval_s"]
        due_s = loop.time() + interval_s
        while not self.over or self.changed:
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            due_s += interval_s
            rows, self.changed = self.changed, []
            if rows:
                await asyncio.to_thread(self.store, rows)
                self.samples += len(rows)

    def store(self, rows: list[tuple[Any, ...]]) -> None:
        """One transaction."""
        with self.database:
            self.database.executemany(NEWEST, rows)
            self.database.executemany(
                "INSERT INTO samples VALUES (?, ?, ?, ?)", [(row[2], row[0], row[1], row[3]) for row in rows]
            )


def cpu_used_s() -> tuple[float, float]:
    """Give user and system time of this process, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime, used.ru_stime


def peak_rss_mb() -> float:
    """Give the most memory this process held (VmHWM: ru_maxrss remembers who started it)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


if __name__ == "__main__":
    print(json.dumps(asyncio.run(Program(json.load(sys.stdin)).run())))
