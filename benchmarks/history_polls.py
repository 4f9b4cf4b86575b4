"""What it costs the polls when somebody asks for years of history: a gateway on a large file, alone, and with three clients, in turn.

    python -m benchmarks.history_polls --database FILE [--panels 50] [--seconds 20] [--rounds 3]

FILE was kept by history_queries.py; it is copied, for the gateway writes to it. Simulated panels run in a process of their own, the
clients in another: each asks again as soon as it is answered, for a year as a trend, for as many samples as /history gives, and for what
the database takes. Lateness is from the time that a poll is due to the moment that its task begins. Other load on the machine shows in
both: compare medians.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from pathlib import Path
from urllib.parse import quote

import msgspec
import trio

from benchmarks.api_load import answer_of, panels_running, percentile
from benchmarks.history_data import DAY_MS, signals
from benchmarks.pipeline_gateway import CountedLog, RecordedGateway, config_of, cpu_used_s
from t3actors.store.reader import open_reader
from t3actors.watch.log import LogWriter

CLIENTS = 3


async def ask(path: str, targets: list[str], told: Counter[str], took_ms: list[float]) -> None:
    """Ask one question after the other."""
    async with await trio.open_unix_socket(path) as stream:
        while True:
            for target in targets:
                began_s = trio.current_time()
                await stream.send_all(f"GET {target} HTTP/1.1\r\nHost: gateway\r\n\r\n".encode())
                told[await answer_of(stream)] += 1
                took_ms.append(1000 * (trio.current_time() - began_s))


async def load(path: str, seconds: float, end_ms: int) -> None:
    """Be all the clients for so long, and print what they met."""
    told: Counter[str] = Counter()
    took_ms: list[float] = []
    points = signals()
    with trio.move_on_after(seconds):
        async with trio.open_nursery() as nursery:
            for kind in ("flow", "noisy flow", "temperature"):
                signal = next(signal for signal in points if signal.kind == kind)
                point = f"point={quote(f'{signal.device}/{signal.point_id}')}"
                year = f"since={end_ms - 365 * DAY_MS}&until={end_ms}"
                targets = [f"/trend?{point}&{year}&pieces=5000", f"/history?{point}&{year}&limit=50000", "/storage"]
                nursery.start_soon(ask, path, targets, told, took_ms)
    print(json.dumps({"told": told, "p50_ms": percentile(took_ms, 0.5), "max_ms": percentile(took_ms, 1.0)}))


async def measure(options: argparse.Namespace, log: CountedLog) -> None:
    """Run all rounds."""
    with tempfile.TemporaryDirectory(dir=options.folder) as directory:
        database = Path(directory) / "t3actors.db"
        shutil.copyfile(options.database, database)
        with open_reader(database) as reader:
            end_ms = reader.history("panel-1", "IN1", limit=1)[-1].sampled_at
        async with panels_running(options.panels) as listed, trio.open_nursery() as nursery:
            panels = [{**panel, "name": f"live-{panel['name']}"} for panel in listed]
            config = config_of({"directory": directory, "panels": panels, "interval_s": options.interval})
            store = msgspec.structs.replace(config.store, budget_bytes=0)
            gateway = RecordedGateway(msgspec.structs.replace(config, store=store), log)
            await nursery.start(gateway.run)
            await trio.sleep(options.warm_up)
            found: dict[str, list[float]] = {"quiet": [], "asked": []}
            for number in range(options.rounds):
                for name in ("quiet", "asked") if number % 2 == 0 else ("asked", "quiet"):
                    found[name].append(await one_round(name, gateway, Path(directory), end_ms, options.seconds))
            gateway.stop("measured")
            await gateway.ended.wait()
            nursery.cancel_scope.cancel()
    quiet, asked = (statistics.median(found[name]) for name in ("quiet", "asked"))
    print(f"median p99: quiet {quiet:.1f} ms, asked {asked:.1f} ms: {asked - quiet:+.1f} ms")
    print(f"warnings and errors: {dict(log.errors)}")


async def one_round(name: str, gateway: RecordedGateway, directory: Path, end_ms: int, seconds: float) -> float:
    """Let so much time pass with or without clients, and tell how the polls went. Returns: p99 of lateness, ms."""
    gateway.polls.clear()
    cpu_s, began_s = sum(cpu_used_s()), trio.current_time()
    met = ""
    if name == "asked":
        command = [sys.executable, "-m", "benchmarks.history_polls", "--load", str(directory / "t3actors.sock")]
        command += ["--seconds", str(seconds), "--end", str(end_ms)]
        met = (await trio.run_process(command, capture_stdout=True)).stdout.decode().strip()
    else:
        await trio.sleep(seconds)
    share = 100 * (sum(cpu_used_s()) - cpu_s) / (trio.current_time() - began_s)
    late_ms = [1000 * late_s for _, late_s in gateway.polls]
    shown = "  ".join(
        f"{word} {percentile(late_ms, at):6.1f}" for word, at in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
    )
    print(f"{name:6s} {len(late_ms):6d} polls  lateness ms: {shown}  CPU {share:5.1f} %  {met}", flush=True)
    return percentile(late_ms, 0.99)


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", type=Path)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--panels", type=int, default=50)
    parser.add_argument("--interval", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--warm-up", type=float, default=25.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--load", help=argparse.SUPPRESS)
    parser.add_argument("--end", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        trio.run(load, options.load, options.seconds, options.end)
    elif options.database is None:
        parser.error("--database FILE is needed: benchmarks.history_queries --gb 5 --keep FILE makes one")
    else:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            trio.run(measure, options, CountedLog(LogWriter(nowhere, human=False)))


if __name__ == "__main__":
    main()
