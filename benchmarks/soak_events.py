"""What one event leaves behind: each kind of it hundreds of times over on the real gateway, and all that is held counted between.

    python -m benchmarks.soak_events [--only reloads modbus] [--rounds 4] [--scale 0.2] [--results events.jsonl]

For each kind (soak_clients.py, soak_devices.py) a gateway of its own, with a window in it (soak_inside.py), over a few simulated devices.
One round to warm up, then some of as many events each; after each, all that is garbage is collected and what is held is counted:
Python's pieces of memory, malloc's bytes, files, threads, all tables, all objects by type. What is more after every single round, by
a share of the events or more, is a leak, and is called by its name; a table that fills up to a limit that it has (FILLS) is told apart,
and so is SQLite's cache. Exits with 1 when something leaks. Linux only. All kinds take half an hour on a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import trio

from benchmarks.soak_clients import CLIENTS
from benchmarks.soak_devices import DEVICES
from benchmarks.soak_house import House, Kind
from benchmarks.soak_window import look

KINDS = (*CLIENTS, *DEVICES)
SETTLES_S = 5.0  # what is under way is over, and its time-outs
LOOKS, LOOKS_APART_S = 3, 1.3
STOPS_WITHIN_S = 20.0
LEAST = {"blocks": (0.5, 1500.0), "malloc": (100.0, 128_000.0), "fds": (0.02, 1.0), "threads": (0.02, 1.0)}
"""What is held at one moment and not at another: a leak is more for each event, and more in all the rounds together."""
SHARE, FEWEST = 0.1, 20
"""So many for each event, and in all: of tables and objects."""
FILLS: dict[str, float] = {
    "Growth._seen": 145, "Repeats._kinds": 10_000, "_Flapping.written": 30_000, "_Flapping.keys": 130_000, "Repeats._due": 10_000,
    "Registry._incarnations": 1_100, "Registry._out_of_use": 1_000, "Registry.dead_letters": 1_001, "Sweeps._instances": 10_000,
    "Known.devices": 2_000, "Known.serials": 2_000, "Latest.devices": 2_000, "LocalTime._texts": 4_096, "Backlog._committed": 1_000,
    "t3actors.watch.repeats.classed (cached)": 4_096,
}  # fmt: skip
"""Tables that fill up for longer than some rounds, and the most that they may hold."""
OF_AN_ENTRY = {
    "blocks": 40.0, "malloc": 4000.0, "collections.deque": 3.0, "collections.Counter": 3.0, "builtins.dict": 3.0, "builtins.tuple": 5.0,
    "t3actors.watch.repeats._Flapping": 1.0, "t3actors.store.known.KnownDevice": 1.0, "t3actors.detect.device.DeviceLatest": 1.0,
    "t3actors.detect.beside.Told": 1.0, "t3actors.messages.DeviceStatusChanged": 1.0, "t3actors.messages.DeviceProgress": 1.0,
}  # fmt: skip
"""How much more of these the entries of such tables account for, each."""


class Grew(NamedTuple):
    """What is more after every round: by how much at least for an event, the counts, and the limit that it has, if it has one."""

    name: str
    an_event: float
    seen: tuple[float, ...]
    limit: float | None

    @property
    def is_leak(self) -> bool:
        """Whether nothing bounds it, or that was passed."""
        return self.limit is None or self.seen[-1] > self.limit


def grew(looks: Sequence[Mapping[str, Any]], events: int) -> list[Grew]:
    """Name what grew from each look to the next. `events`: between two looks."""
    flat = [_flattened(each) for each in looks]
    entries = sum(max(0.0, flat[-1].get(name, 0.0) - flat[0].get(name, 0.0)) for name in FILLS)
    found = []
    for name in sorted(flat[-1]):
        seen = tuple(each.get(name, 0.0) for each in flat)
        an_event = min(later - earlier for earlier, later in pairwise(seen)) / events
        least_each, least = LEAST.get(name, (SHARE, FEWEST))
        if an_event >= least_each and an_event * events * (len(seen) - 1) >= least:
            limit = FILLS.get(name)
            if limit is None and entries and name in OF_AN_ENTRY:
                limit = seen[0] + entries * OF_AN_ENTRY[name]
            found.append(Grew(name, an_event, seen, limit))
    return found


def _flattened(seen: Mapping[str, Any]) -> dict[str, float]:
    flat = {name: float(seen[name]) for name in ("blocks", "fds", "threads")}
    flat["malloc"] = float(seen["malloc used"] - seen["sqlite"])
    return flat | seen["types"] | seen["tables"]


async def least_of(window: Path) -> dict[str, Any]:
    """Count some times; return the least of each: what some moment just happened to have is not what stays."""
    counts = []
    for _ in range(LOOKS):
        counts.append(await look(window, "census"))
        await trio.sleep(LOOKS_APART_S)
    return least(counts)


def least(counts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the least of each number, in groups of them too; what is not in all is not there."""
    names = [name for name in counts[0] if all(name in each for each in counts)]
    return {
        name: least([each[name] for each in counts])
        if isinstance(counts[0][name], Mapping)
        else min(each[name] for each in counts)
        for name in names
    }


async def measure(kind: Kind, options: argparse.Namespace, directory: Path, results: TextIO) -> list[Grew]:
    """Run one kind on a gateway of its own; return what grew."""
    house = House(directory / "data", directory / "gateway.toml")
    await kind.prepare(house)
    window = directory / "window.sock"
    events = max(1, round(kind.events * options.scale))
    looks = []
    with (directory / "gateway.err").open("wb") as said:
        gateway = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
            [sys.executable, "-m", "benchmarks.soak_inside", str(window), "run", str(house.config)],
            stdout=said,
            stderr=said,
            env=os.environ | {"SOAK_PATCHES": json.dumps(house.patches)},
        )
        try:
            await house.until_up(gateway)
            await trio.sleep(options.warm_s)
            for number in range(options.rounds + 1):
                began_s = time.monotonic()
                await kind.happen(house, events)
                took_s = time.monotonic() - began_s
                await trio.sleep(SETTLES_S)
                seen = await least_of(window)
                looks.append(seen)
                line = {"kind": kind.name, "round": number, "events": events, "took_s": round(took_s, 1), **seen}
                results.write(json.dumps(line) + "\n")
                results.flush()
                print(f"  {number}: {events} in {took_s:.0f} s; {_held(seen)}", flush=True)
        finally:
            gateway.terminate()
            await house.close()
            with trio.move_on_after(STOPS_WITHIN_S):
                await trio.to_thread.run_sync(gateway.wait, abandon_on_cancel=True)
            gateway.kill()
    return grew(looks[1:], events)


def _held(seen: Mapping[str, Any]) -> str:
    malloc_kb = (seen["malloc used"] - seen["sqlite"]) / 1e3
    return (
        f"{seen['blocks']} pieces, malloc {malloc_kb:.0f} kB, SQLite {seen['sqlite'] / 1e3:.0f} kB, RSS {seen['rss'] / 1e6:.1f} MB,"
        f" {seen['fds']} files, {seen['threads']} threads"
    )


async def run(options: argparse.Namespace, results: TextIO) -> int:
    """Measure each kind in turn; give the exit code."""
    leaks: dict[str, list[str]] = {}
    for kind in KINDS:
        if options.only and kind.name not in options.only:
            continue
        print(f"{kind.name}: {kind.says}", flush=True)
        with tempfile.TemporaryDirectory() as name:
            found = await measure(kind, options, Path(name), results)
        for each in found:
            told = "LEAK" if each.is_leak else "fills"
            print(f"  {told} {each.name}: {each.an_event:+.2f} an event {each.seen}", flush=True)
        if any(each.is_leak for each in found):
            leaks[kind.name] = [each.name for each in found if each.is_leak]
    for name, leaking in leaks.items():
        print(f"{name} leaks {', '.join(leaking)}")
    print("something leaks" if leaks else "nothing leaks")
    return 1 if leaks else 0


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description="What does one event leave behind?")
    parser.add_argument("--only", nargs="*", choices=[kind.name for kind in KINDS])
    parser.add_argument("--rounds", type=int, default=4, help="besides the one to warm up")
    parser.add_argument("--scale", type=float, default=1.0, help="of how many events a round has")
    parser.add_argument("--warm-s", type=float, default=12.0, help="before the first round")
    parser.add_argument(
        "--results", type=Path, default=Path("/dev/null"), help="a line for each round, with all counts"
    )
    options = parser.parse_args()
    with options.results.open("a", encoding="utf-8") as results:
        return trio.run(run, options, results)


if __name__ == "__main__":
    sys.exit(main())
