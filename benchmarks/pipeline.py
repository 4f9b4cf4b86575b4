"""What a whole gateway costs, beside a bare asyncio loop with pymodbus and sqlite3 that does the same reads.

    python -m benchmarks.pipeline --panels 100 --points 50 --seconds 60 [--rounds 3] [--profile gateway.prof]

Simulated panels run in a process of their own, fresh and with the same seed for each variant. Then, in turn, each in a
process of its own: (a) t3actors' Gateway (pipeline_gateway.py), (b) the bare program (pipeline_bare.py). Both poll every
panel at 1 s on a grid that is spread over the second, with the reads that our planner asks for (printed), decode every
point and store what changed. Both say of every poll when it was due and how late it began; all that follows from that
is worked out here, the same way for both. The first seconds (meeting the panels, the first values) are not measured.

CPU is user + system time of that process alone. Other load makes CPU time dearer: a fixed loop is timed beside each
variant, and the ratio a/b is given as measured and per that loop. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from t3actors.collect.modbus.blocks import Want, plan
from t3actors.collect.modbus.driver import ASIDE_EVERY_S
from t3actors.collect.modbus.t3000 import T3Controller
from t3actors.points import Rules
from t3actors.simulator.panel import SimulatedPanel

if TYPE_CHECKING:
    from collections.abc import Iterator

INTERVAL_S = 1.0
LATE_MS = 100.0
VARIANTS = {"gateway": "benchmarks.pipeline_gateway", "bare": "benchmarks.pipeline_bare"}
SEED = 2
LARGEST = {"inputs": 64, "outputs": 64, "variables": 128}
PROBE_TURNS = 20_000


class Measured(NamedTuple):
    """One variant, one round."""

    name: str
    made: int
    expected: int
    late: int
    late_p50_ms: float
    late_p99_ms: float
    late_max_ms: float
    cpu_s: float
    system_s: float
    core_percent: float
    peak_rss_mb: float
    points: int
    readings_per_s: float
    rows: int
    samples: int
    errors: dict[str, int]
    start_cpu_s: float
    simulator_percent: float
    machine_percent: float
    probe_ms: float


def shape(points: int) -> dict[str, int]:
    """Share the points out: about half inputs, the rest outputs and variables alike; 50 are 26, 12 and 12."""
    others = round(points * 0.24)
    counts = {"inputs": points - 2 * others, "outputs": others, "variables": others}
    for kind, most in LARGEST.items():
        if not 0 <= counts[kind] <= most:
            raise SystemExit(f"--points: {points} would take {counts[kind]} {kind}, a panel holds {most}")
    return counts


def recipe(counts: dict[str, int]) -> dict[str, Any]:
    """Give the reads of one poll, as our planner plans them, and where in them each point's words are."""
    panel = SimulatedPanel(SEED, 1, counts["inputs"], counts["outputs"], counts["variables"])
    profile = T3Controller()
    layout = {want: [panel.register(want.address)] for want in profile.layout}
    items = profile.items(layout, Rules())
    values = {item.wants[0] for item in items}
    blocks = plan(want for item in items for want in item.wants)

    def place(want: Want) -> tuple[int, int]:
        number = next(n for n, block in enumerate(blocks) if want in block.wants)
        return number, want.address - blocks[number].address

    return {
        "reads": [(block.address, block.size) for block in blocks],
        "each_poll": [any(want in block.wants for want in values) for block in blocks],
        "aside_every_s": ASIDE_EVERY_S,
        "points": [
            {
                "id": item.point.point_id,
                "digital": item.point.digital,
                "value": place(item.wants[0]),
                "others": [place(want) for want in item.wants[1:]],
            }
            for item in items
        ],
    }


@contextmanager
def panels(devices: int, counts: dict[str, int]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Run simulated panels; give the process's id and where they listen."""
    command = [sys.executable, "-m", "t3actors.simulator.process", "--devices", str(devices), "--seed", str(SEED)]
    for kind, count in counts.items():
        command += [f"--{kind}", str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.pid, json.loads(process.stdout.readline())["panels"]


def run(name: str, options: argparse.Namespace, counts: dict[str, int], poll: dict[str, Any]) -> Measured:
    """Run one variant over fresh panels in a fresh directory."""
    with tempfile.TemporaryDirectory(dir=options.directory) as directory, panels(options.panels, counts) as plant:
        simulator, listed = plant
        job = {
            "panels": listed,
            **poll,
            "interval_s": INTERVAL_S,
            "warm_up_s": options.warm_up,
            "seconds": options.seconds,
            "directory": directory,
            "profile": options.profile if name == "gateway" else None,
        }
        with subprocess.Popen(
            [sys.executable, "-m", VARIANTS[name]], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as variant:
            assert variant.stdin is not None
            assert variant.stdout is not None
            variant.stdin.write(json.dumps(job).encode())
            variant.stdin.close()
            time.sleep(options.warm_up + 1.0)
            began_s, simulated_s, busy_s, probes = time.monotonic(), cpu_s(simulator), machine_s(), []
            while time.monotonic() - began_s < options.seconds - 2.0 and variant.poll() is None:
                probes.append(probe_ms())
                time.sleep(1.0)
            took_s = time.monotonic() - began_s
            beside = (
                (cpu_s(simulator) - simulated_s) / took_s * 100,
                (machine_s() - busy_s) / took_s * 100,
                statistics.median(probes or [0.0]),
            )
            said = variant.stdout.read()
        if variant.returncode:
            raise SystemExit(f"{name} ended with {variant.returncode}; what it said is above")
    return judged(name, json.loads(said.splitlines()[-1]), options, beside)


def judged(
    name: str, said: dict[str, Any], options: argparse.Namespace, beside: tuple[float, float, float]
) -> Measured:
    """Work a variant's figures out of what it recorded, for the polls that were due within the window."""
    begin_s, end_s = said["window"]
    (begin_user_s, begin_system_s), (end_user_s, end_system_s) = said["cpu_s"]
    system_s = end_system_s - begin_system_s
    used_s = end_user_s - begin_user_s + system_s
    seconds = end_s - begin_s  # a little longer than asked for
    due_until_s = begin_s + options.seconds
    late_ms = sorted(late_s * 1000 for due_s, late_s in said["polls"] if begin_s <= due_s < due_until_s)
    return Measured(
        name=name,
        made=len(late_ms),
        expected=round(options.panels * options.seconds / INTERVAL_S),
        late=sum(late > LATE_MS for late in late_ms),
        late_p50_ms=late_ms[len(late_ms) // 2],
        late_p99_ms=late_ms[len(late_ms) * 99 // 100],
        late_max_ms=late_ms[-1],
        cpu_s=used_s,
        system_s=system_s,
        core_percent=used_s / seconds * 100,
        peak_rss_mb=said["peak_rss_mb"],
        points=said["points"],
        readings_per_s=said["readings"] / seconds,
        rows=said["rows"],
        samples=said["samples"],
        errors=said["errors"],
        start_cpu_s=begin_user_s + begin_system_s,
        simulator_percent=beside[0],
        machine_percent=beside[1],
        probe_ms=beside[2],
    )


def cpu_s(pid: int) -> float:
    """Give the CPU time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine_s() -> float:
    """Give the time all cores were busy, stolen time included."""
    user, nice, system, _idle, _wait, irq, softirq, steal, *_ = map(
        int, Path("/proc/stat").read_text(encoding="ascii").split(maxsplit=11)[1:11]
    )
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def probe_ms() -> float:
    """Time a fixed loop, in CPU time: how dear CPU time is at this moment."""
    began_s = time.process_time()
    total = 0
    for number in range(PROBE_TURNS):
        total += number % 7
    return (time.process_time() - began_s) * 1000


def tell(round_no: int, one: Measured) -> None:
    """Print one variant's figures."""
    errors = ", ".join(f"{what} x {times}" for what, times in one.errors.items()) or "none"
    print(
        f"round {round_no} {one.name}\n"
        f"  polls     {one.made} of {one.expected}, {one.expected - one.made} missed, {one.late} over {LATE_MS:.0f} ms late; "
        f"lateness p50 {one.late_p50_ms:.1f} p99 {one.late_p99_ms:.1f} max {one.late_max_ms:.1f} ms\n"
        f"  CPU       {one.cpu_s:.2f} s (system {one.system_s:.2f}) = {one.core_percent:.1f} % of a core; "
        f"{one.start_cpu_s:.2f} s before the window; "
        f"peak RSS {one.peak_rss_mb:.1f} MB\n"
        f"  readings  {one.readings_per_s:.0f}/s of {one.points} points; "
        f"{one.rows} rows and {one.samples} samples stored\n"
        f"  errors    {errors}\n"
        f"  beside    simulator {one.simulator_percent:.0f} %, whole machine {one.machine_percent:.0f} % of a core; "
        f"fixed loop {one.probe_ms:.2f} ms",
        flush=True,
    )


def summarise(rounds: dict[str, list[Measured]]) -> None:
    """Print the ratio of each round, and the medians."""
    pairs = list(zip(rounds["gateway"], rounds["bare"], strict=True))
    raw = [ours.cpu_s / bare.cpu_s for ours, bare in pairs]
    levelled = [ours.cpu_s / ours.probe_ms / (bare.cpu_s / bare.probe_ms) for ours, bare in pairs]
    for what, ratios in {"as measured": raw, "per fixed loop": levelled}.items():
        each = " ".join(f"{ratio:.2f}" for ratio in ratios)
        print(f"CPU gateway / bare, {what}: {statistics.median(ratios):.2f} (rounds: {each})")
    for name, all_of in rounds.items():
        median = {
            field: statistics.median(getattr(one, field) for one in all_of)
            for field in ("core_percent", "late_p50_ms", "late_p99_ms", "late_max_ms", "peak_rss_mb", "samples")
        }
        print(f"medians {name}: " + ", ".join(f"{field} {value:.1f}" for field, value in median.items()))


def main() -> None:
    """Measure both variants in turns."""
    parser = argparse.ArgumentParser(description="A whole gateway beside a bare asyncio loop, on the same panels.")
    parser.add_argument("--panels", type=int, default=100)
    parser.add_argument("--points", type=int, default=50, help="points in use on each panel")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long is measured")
    parser.add_argument("--warm-up", type=float, default=6.0, help="seconds before that")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", choices=tuple(VARIANTS), help="run one variant alone; no ratio")
    parser.add_argument(
        "--directory", help="where the databases are made (and removed); a directory on the disk you mean"
    )
    parser.add_argument("--profile", help="write a cProfile of the gateway's loop here; its CPU is then dearer")
    options = parser.parse_args()
    counts = shape(options.points)
    poll = recipe(counts)
    reads = ", ".join(f"{address}+{count}" for address, count in poll["reads"])
    print(
        f"{options.panels} panels x {len(poll['points'])} points ({counts}), {len(poll['reads'])} reads a poll at "
        f"{INTERVAL_S:g} s: holding {reads}\n{os.cpu_count()} cores, Python {sys.version.split()[0]}, "
        f"{options.seconds:g} s after {options.warm_up:g} s"
    )
    rounds: dict[str, list[Measured]] = {name: [] for name in VARIANTS if options.only in {None, name}}
    for round_no in range(1, options.rounds + 1):
        for name, measured in rounds.items():
            measured.append(run(name, options, counts, poll))
            tell(round_no, measured[-1])
    if len(rounds) == len(VARIANTS):
        summarise(rounds)


if __name__ == "__main__":
    main()
