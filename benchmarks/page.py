"""What a large building costs the page: Chromium's own account of its main thread, while changes come.

    python -m benchmarks.page [--points 25000] [--changes 1000] [--seconds 10] [--open ahu-1/AI1]

A gateway of paper (tests/system/paper.py) answers, the real page shows it in a Chromium without a window. Printed with changes and without,
with a trend open and without: the share of the time in which the main thread was busy, how much of it was script, style and layout;
tasks of 50 ms and more (what a person feels) and the longest; the longest time between two frames; heap and nodes. And what the bundle
weighs. The changes are made on the same machine, which is busy with them too: compare shares of one run.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import trio

from t3actors.watch.api.bundle import files
from t3actors.watch.fanout import LiveMessage
from tests.system.chromium import Browser
from tests.system.paper import Paper, change, device, paper_page, point

POINTS_A_DEVICE = 50
WATCHED = """globalThis.long = []; globalThis.gap = 0; let before = performance.now();
  new PerformanceObserver((list) => long.push(...list.getEntries().map((each) => each.duration))).observe({type: 'longtask'});
  (function count(now) { gap = Math.max(gap, now - before); before = now; requestAnimationFrame(count); })(before);"""


class Work(msgspec.Struct, frozen=True):
    """Seconds of the main thread, and what it holds."""

    at: float
    busy: float
    script: float
    style: float
    layout: float
    heap_mb: float
    nodes: float


async def work(browser: Browser) -> Work:
    """Ask Chromium's performance domain."""
    told: dict[str, Any] = {
        each["name"]: each["value"] for each in (await browser.call("Performance.getMetrics"))["metrics"]
    }
    return Work(
        told["Timestamp"],
        told["TaskDuration"],
        told["ScriptDuration"],
        told["RecalcStyleDuration"],
        told["LayoutDuration"],
        told["JSHeapUsedSize"] / 1e6,
        told["Nodes"],
    )


async def measured(browser: Browser, paper: Paper, changes: int, seconds: float) -> str:
    """Let changes come for so long, and say what it cost."""
    await browser.get("void (long.length = 0, gap = 0)")
    rows = itertools.cycle(list(paper.points.values()))
    before = await work(browser)
    begun = trio.current_time()
    for second in range(int(seconds)):
        for begin in range(0, changes, 500):
            told = [change(row, float(second)) for row in itertools.islice(rows, min(500, changes - begin))]
            await paper.send(LiveMessage(points=tuple(told)))
        await trio.sleep_until(begun + second + 1)
    after = await work(browser)
    long, gap = await browser.get("[long, gap]")
    share = [
        f"{name} {100 * (getattr(after, name) - getattr(before, name)) / (after.at - before.at):.1f} %"
        for name in ("busy", "script", "style", "layout")
    ]
    tasks = f"{len(long)} long tasks, the longest {max(long, default=0):.0f} ms; longest between frames {gap:.0f} ms"
    return f"{', '.join(share)}; {tasks}; heap {after.heap_mb:.1f} MB, {after.nodes:.0f} nodes"


async def main(points: int, changes: int, seconds: float, opened: str) -> None:
    """Measure, and print."""
    bundle = files()
    plain, packed = sum(len(each.plain) for each in bundle.values()), sum(len(each.packed) for each in bundle.values())
    print(f"bundle: {len(bundle)} files, {plain / 1000:.0f} kB, {packed / 1000:.0f} kB as sent")
    for count in (min(points, 5000), points):
        numbers = range(1, count // POINTS_A_DEVICE + 1)
        named = [(f"ahu-{number}", f"AI{place}") for number in numbers for place in range(1, POINTS_A_DEVICE + 1)]
        paper = Paper(
            [device(f"ahu-{number}", POINTS_A_DEVICE) for number in numbers], [point(*each) for each in named]
        )
        with tempfile.TemporaryDirectory() as scratch:
            async with paper_page(paper, Path(scratch)) as (browser, _):
                await browser.call("Performance.enable", timeDomain="timeTicks")
                await browser.get(WATCHED)
                for hash_ in ("", f"#point={opened}"):
                    await browser.get(f"void (location.hash = {hash_!r})")
                    for each in (0, changes):
                        what = f"{count} points, {each} changes a second{', a trend open' if hash_ else ''}"
                        print(f"{what}: {await measured(browser, paper, each, seconds)}")
                        sys.stdout.flush()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parsed = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parsed.add_argument("--points", type=int, default=25_000)
    parsed.add_argument("--changes", type=int, default=1000)
    parsed.add_argument("--seconds", type=float, default=10.0)
    parsed.add_argument("--open", default="ahu-1/AI1")
    return parsed


if __name__ == "__main__":
    given = parser().parse_args()
    trio.run(main, given.points, given.changes, given.seconds, given.open)
