"""What the API costs the polls: a gateway alone, and the same with 100 slow listeners and 100 requests a second, in turn.

    python -m benchmarks.api_load [--panels 50] [--seconds 20] [--rounds 3] [--listeners 100] [--requests 100]

Simulated panels run in a process of their own, the clients in another; the gateway, the product's own tree with a Pace that remembers
each poll, in this one. Rounds alternate: quiet, loaded, loaded, quiet... A listener reads 2 kB every half second, so that it falls
behind. Requests come on 10 connections that are kept, spread evenly: half of them /health, a fifth /devices, a fifth a page of 100
points, a tenth the history of one point. Printed per round: lateness of polls (due time to the moment the task begins), CPU of this
process, and of the clients: answers by status, and how long they took. Other load on the machine shows in both: compare medians.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import Request

from benchmarks.pipeline_gateway import CountedLog, RecordedGateway, config_of, cpu_used_s
from t3actors.watch.log import LogWriter

CONNECTIONS = 10
ASKED = ("/health",) * 5 + ("/devices",) * 2 + ("/points?limit=100",) * 2 + ("/history?point=panel-1/IN1&limit=500",)
READS_EVERY_S = 0.5
READS_BYTES = 2048


def percentile(values: list[float], share: float) -> float:
    """The value below which that share lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else 0.0


# ------------------------------------------------------------------------------------------------------ the clients


async def listen_slowly(path: str) -> None:
    """Listen, and read so little that the gateway is ahead."""
    connection = WSConnection(ConnectionType.CLIENT)
    async with await trio.open_unix_socket(path) as stream:
        await stream.send_all(connection.send(Request(host="gateway", target="/live")))
        while await stream.receive_some(READS_BYTES):  # noqa: ASYNC110 - the pause is what is slow about it
            await trio.sleep(READS_EVERY_S)


async def ask_steadily(path: str, number: int, every_s: float, told: Counter[str], took_ms: list[float]) -> None:
    """Ask on one connection that is kept, on a grid; a late answer makes the next question late, not missing."""
    async with await trio.open_unix_socket(path) as stream:
        at_s = trio.current_time() + number * every_s / CONNECTIONS
        asked = number
        while True:
            await trio.sleep_until(at_s)
            at_s += every_s
            began_s = trio.current_time()
            target = ASKED[asked % len(ASKED)]
            asked += 1
            await stream.send_all(f"GET {target} HTTP/1.1\r\nHost: gateway\r\n\r\n".encode())
            told[await answer_of(stream)] += 1
            took_ms.append(1000 * (trio.current_time() - began_s))


async def answer_of(stream: trio.SocketStream) -> str:
    """Read one answer whole, and return its status."""
    got = bytearray()
    while b"\r\n\r\n" not in got:
        got += await stream.receive_some()
    head, _, body = bytes(got).partition(b"\r\n\r\n")
    length = int(
        next(line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    )
    while len(body) < length:
        body += await stream.receive_some()
    return head[9:12].decode()


async def load(path: str, seconds: float, listeners: int, requests: float) -> None:
    """Be all the clients for so long, and print what they met."""
    told: Counter[str] = Counter()
    took_ms: list[float] = []
    with trio.move_on_after(seconds):
        async with trio.open_nursery() as nursery:
            for _ in range(listeners):
                nursery.start_soon(listen_slowly, path)
                await trio.sleep(0.005)
            for number in range(CONNECTIONS if requests else 0):
                nursery.start_soon(ask_steadily, path, number, CONNECTIONS / requests, told, took_ms)
    print(json.dumps({"told": told, "p50_ms": percentile(took_ms, 0.5), "p99_ms": percentile(took_ms, 0.99)}))


# ------------------------------------------------------------------------------------------------------ the gateway


@asynccontextmanager
async def panels_running(panels: int) -> AsyncIterator[list[dict[str, Any]]]:
    """Simulated panels in a process of their own; give their listing."""
    command = [sys.executable, "-m", "t3actors", "simulate", "--devices", str(panels)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE)  # noqa: ASYNC220 - once, before
    try:
        assert process.stdout is not None
        listed: list[dict[str, Any]] = json.loads(await trio.to_thread.run_sync(process.stdout.readline))["panels"]
        yield listed
    finally:
        process.terminate()
        process.wait()


async def clients(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run the clients in a process of their own; give what they met."""
    command = [sys.executable, "-m", "benchmarks.api_load", "--load", str(path)]
    for name in ("seconds", "listeners", "requests"):
        command += [f"--{name}", str(getattr(options, name))]
    done = await trio.run_process(command, capture_stdout=True)
    met: dict[str, Any] = json.loads(done.stdout)
    return met


async def measure(options: argparse.Namespace, log: CountedLog) -> None:
    """Run all rounds."""
    with tempfile.TemporaryDirectory() as directory:
        async with panels_running(options.panels) as listed, trio.open_nursery() as nursery:
            config = config_of({"directory": directory, "panels": listed, "interval_s": options.interval})
            api = msgspec.structs.replace(config.api, rate=2.0 * max(1.0, options.requests))
            gateway = RecordedGateway(msgspec.structs.replace(config, api=api), log)
            await nursery.start(gateway.run)
            await trio.sleep(options.warm_up)
            found: dict[str, list[float]] = {"quiet": [], "loaded": []}
            for number in range(options.rounds):
                for name in ("quiet", "loaded") if number % 2 == 0 else ("loaded", "quiet"):
                    found[name].append(await one_round(name, gateway, Path(directory), options))
            gateway.stop("measured")
            await gateway.ended.wait()
            nursery.cancel_scope.cancel()
    quiet, loaded = (statistics.median(found[name]) for name in ("quiet", "loaded"))
    print(f"median p99: quiet {quiet:.1f} ms, loaded {loaded:.1f} ms: {loaded - quiet:+.1f} ms")
    print(f"warnings and errors: {dict(log.errors)}")


async def one_round(name: str, gateway: RecordedGateway, directory: Path, options: argparse.Namespace) -> float:
    """Let so much time pass with or without clients, and tell how the polls went. Returns: p99 of lateness, ms."""
    gateway.polls.clear()
    cpu_s, began_s = sum(cpu_used_s()), trio.current_time()
    met: dict[str, Any] = {}
    if name == "loaded":
        met = await clients(directory / "t3actors.sock", options)
    else:
        await trio.sleep(options.seconds)
    share = 100 * (sum(cpu_used_s()) - cpu_s) / (trio.current_time() - began_s)
    late_ms = [1000 * late_s for _, late_s in gateway.polls]
    shown = "  ".join(
        f"{word} {percentile(late_ms, at):6.1f}" for word, at in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
    )
    print(f"{name:7s} {len(late_ms):6d} polls  lateness ms: {shown}  CPU {share:5.1f} %  {met or ''}", flush=True)
    return percentile(late_ms, 0.99)


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--panels", type=int, default=50)
    parser.add_argument("--interval", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--warm-up", type=float, default=25.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--listeners", type=int, default=100)
    parser.add_argument("--requests", type=float, default=100.0)
    parser.add_argument("--load", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        trio.run(load, options.load, options.seconds, options.listeners, options.requests)
    else:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            trio.run(measure, options, CountedLog(LogWriter(nowhere, human=False)))


if __name__ == "__main__":
    main()
