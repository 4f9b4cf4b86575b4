"""What a whole gateway of BACnet devices costs: polls made and missed, lateness, CPU by thread, memory, samples stored.

    python -m benchmarks.bacnet_gateway --devices 500 --seconds 60 [--presets generic] [--profile gateway.prof]

Simulated devices run in a process of their own (the light simulator), each at a port of its own, 50 points each. Their values
move every 10 s: about 6 % of all points change each second; with `--tick-s 1` about half do, and every change is stored. The
gateway is the product's own tree and log in another process, with one BACnet link and real sockets. The window opens SETTLED_S
after every point of every device has been read, not before `--warm-up` seconds (after 20 s the gateway takes what it holds out of
later garbage collections); rarely used objects may still be read in it. A poll reads present-value and status-flags of every
point: 1 request to a "generic" device (1476 octets), 3 to a "t3000" (480, no segmentation).

A poll's lateness is the time from its due time to the moment its task begins it. CPU is user + system time of the gateway's process
alone. `--profile` writes a cProfile of both threads of the way (trio's, asyncio's): its CPU is then dearer, only the shares count.
Linux only.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

from benchmarks.pipeline import cpu_s, judged, machine_s, probe_ms, tell
from benchmarks.pipeline_gateway import CountedLog, RecordedGateway, counts_of, cpu_used_s, peak_rss_mb
from t3actors.collect.bacnet.link.loop import AsyncioThread
from t3actors.config import BacnetConfig, Config, DeviceConfig, GatewayConfig, StoreConfig
from t3actors.points import Rules
from t3actors.store.reader import open_reader
from t3actors.watch.log import LogWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

INTERVAL_S = 1.0
SEED = 2
MET_WITHIN_S = 180.0
SETTLED_S = 5.0
POINTS = {"--inputs": 32, "--outputs": 10, "--variables": 8}
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


# ------------------------------------------------------------------------------------------------------- the gateway


def config_of(job: dict[str, Any]) -> Config:
    """Poll every device once a second; all else is the product's default."""
    directory = Path(job["directory"])
    devices = tuple(
        DeviceConfig(
            name=row["name"],
            protocol="bacnet",
            address=f"{row['host']}:{row['port']}",
            instance=row["instance"],
            rules=Rules(poll_interval_s=INTERVAL_S),
        )
        for row in job["devices"]
    )
    return Config(
        gateway=GatewayConfig(name="benchmark", data_dir=directory),
        store=StoreConfig(database=directory / "t3actors.db", min_free_bytes=0),
        bacnet=BacnetConfig(interface="127.0.0.1", port=free_port()),
        devices=devices,
        source_hash="benchmark",
    )


async def measure(job: dict[str, Any], log: CountedLog) -> dict[str, Any]:
    """Run the gateway and give the record."""
    gateway = RecordedGateway(config_of(job), log)
    async with trio.open_nursery() as nursery:
        await nursery.start(gateway.run)
        began_s = trio.current_time()
        met_s = await all_met(gateway, job["points"])
        await trio.sleep_until(max(began_s + job["warm_up_s"], trio.current_time() + SETTLED_S))
        print(json.dumps({"window": "opens"}), flush=True)
        log.errors.clear()
        before, threads = await counts_of(gateway), cpu_by_thread()
        begin_s, used_s = trio.current_time(), cpu_used_s()
        await trio.sleep(job["seconds"])
        end_s, end_used_s = trio.current_time(), cpu_used_s()
        after, end_threads, errors = await counts_of(gateway), cpu_by_thread(), dict(log.errors)
        await trio.sleep(INTERVAL_S)
        log.errors.clear()
        gateway.stop("measured")
        await gateway.ended.wait()
    if missed := after.polls_missed - before.polls_missed:
        errors["polls missed"] = missed
    return {
        "window": (begin_s, end_s),
        "cpu_s": (used_s, end_used_s),
        "threads": {name: end_threads[name] - threads.get(name, 0.0) for name in end_threads},
        "met_s": met_s,
        "readings": after.readings - before.readings,
        "rows": after.rows_stored - before.rows_stored,
        "samples": after.samples_stored - before.samples_stored,
        "points": after.points,
        "polls": gateway.polls,
        "errors": errors,
        "at_stop": dict(log.errors),
        "peak_rss_mb": peak_rss_mb(),
    }


async def all_met(gateway: RecordedGateway, points: int) -> float:
    """Wait until every point was read; give how long that took."""
    began_s = trio.current_time()
    with trio.fail_after(MET_WITHIN_S):
        while not await trio.to_thread.run_sync(all_ok, gateway.config.store.database, points):  # noqa: ASYNC110 - nothing tells it
            await trio.sleep(1.0)
    return trio.current_time() - began_s


def all_ok(database: Path, points: int) -> bool:
    """Ask the database whether every point has a value."""
    with open_reader(database) as reader:
        return sum(point.status == "ok" for point in reader.points()) >= points


def cpu_by_thread() -> dict[str, float]:
    """Give the CPU time of each thread by its name; trio's helper threads together."""
    used: dict[str, float] = {}
    for thread in threading.enumerate():
        name = "helpers" if thread.name.startswith("Trio thread") else thread.name
        stat = Path(f"/proc/self/task/{thread.native_id}/stat")
        fields = stat.read_text(encoding="ascii").rpartition(")")[2].split()
        used[name] = used.get(name, 0.0) + (int(fields[11]) + int(fields[12])) / TICKS_PER_S
    return used


def free_port() -> int:
    """Give a UDP port that no simulated device has: they are all up by now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class ProfiledThread(AsyncioThread):
    """The link's thread under a profile of its own."""

    profile: cProfile.Profile

    def _live(self) -> None:
        ProfiledThread.profile = cProfile.Profile()
        ProfiledThread.profile.runcall(super()._live)


def be_the_gateway() -> None:
    """Run the job on standard input."""
    job = json.loads(sys.stdin.readline())
    with (Path(job["directory"]) / "gateway.log").open("w", encoding="utf-8") as stream:
        writer = LogWriter(stream, human=False, gateway="benchmark")
        if job["profile"]:
            sys.modules["t3actors.collect.bacnet.link.stack"].AsyncioThread = ProfiledThread  # type: ignore[attr-defined]
            profile = cProfile.Profile()
            record = profile.runcall(trio.run, measure, job, CountedLog(writer))
            profile.dump_stats(f"{job['profile']}.trio")
            ProfiledThread.profile.dump_stats(f"{job['profile']}.asyncio")
        else:
            record = trio.run(measure, job, CountedLog(writer))
        writer.close()
    print(json.dumps(record))


# ---------------------------------------------------------------------------------------------------- beside it


@contextmanager
def simulated(options: argparse.Namespace) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Run simulated devices; give the process's id and where they are."""
    command = [sys.executable, "-m", "t3actors.simulator.process", "--devices", "1", "--seed", str(SEED)]
    command += [word for name, count in POINTS.items() for word in (name, str(count))]
    command += ["--bacnet", str(options.devices), "--bacnet-presets", options.presets, "--bacnet-layout", "alone"]
    command += ["--tick-s", str(options.tick_s)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.pid, json.loads(process.stdout.readline())["bacnet"]


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Run the gateway over fresh devices in a fresh directory; watch what runs beside it."""
    with tempfile.TemporaryDirectory(dir=options.directory) as directory, simulated(options) as (simulator, devices):
        job = {
            "devices": devices,
            "points": sum(row["points"] for row in devices),
            "warm_up_s": options.warm_up,
            "seconds": options.seconds,
            "directory": directory,
            "profile": options.profile,
        }
        command = [sys.executable, "-m", "benchmarks.bacnet_gateway", "--gateway"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as gateway:
            assert gateway.stdin is not None
            assert gateway.stdout is not None
            gateway.stdin.write(json.dumps(job).encode() + b"\n")
            gateway.stdin.close()
            gateway.stdout.readline()  # the window opens
            began_s, simulated_s, busy_s, ours_s, probes = (
                time.monotonic(),
                cpu_s(simulator),
                machine_s(),
                cpu_s(gateway.pid),
                [],
            )
            while time.monotonic() - began_s < options.seconds - 2.0 and gateway.poll() is None:
                probes.append(probe_ms())
                time.sleep(1.0)
            took_s = time.monotonic() - began_s
            beside = {
                "simulator": (cpu_s(simulator) - simulated_s) / took_s * 100,
                "machine": (machine_s() - busy_s) / took_s * 100,
                "gateway": (cpu_s(gateway.pid) - ours_s) / took_s * 100,
                "probe_ms": statistics.median(probes or [0.0]),
            }
            said = gateway.stdout.read()
        if gateway.returncode:
            raise SystemExit(f"the gateway ended with {gateway.returncode}; what it said is above")
    return json.loads(said.splitlines()[-1]) | {"beside": beside}


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description="A whole gateway over simulated BACnet/IP devices.")
    parser.add_argument("--devices", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long is measured")
    parser.add_argument("--warm-up", type=float, default=25.0, help="seconds before that, at least")
    parser.add_argument("--presets", default="generic", help="kinds of simulated devices in turn, comma-separated")
    parser.add_argument("--tick-s", type=float, default=10.0, help="how often a device's values move")
    parser.add_argument(
        "--directory", help="where the database is made (and removed); a directory on the disk you mean"
    )
    parser.add_argument("--profile", help="write cProfiles here, with .trio and .asyncio added")
    parser.add_argument("--gateway", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.gateway:
        be_the_gateway()
        return
    print(
        f"{options.devices} devices ({options.presets}) x {sum(POINTS.values())} points at {INTERVAL_S:g} s, {options.seconds:g} s\n"
        f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}"
    )
    said = run(options)
    beside = said["beside"]
    options.panels = options.devices
    tell(1, judged("gateway", said, options, (beside["simulator"], beside["machine"], beside["probe_ms"])))
    seconds = said["window"][1] - said["window"][0]
    threads = ", ".join(f"{name} {used_s / seconds * 100:.1f} %" for name, used_s in said["threads"].items())
    at_stop = ", ".join(f"{what} x {times}" for what, times in said["at_stop"].items())
    others = beside["machine"] - beside["simulator"] - beside["gateway"]
    print(
        f"  threads   {threads}\n  start     every point read after {said['met_s']:.1f} s\n"
        f"  at stop   {at_stop or 'nothing'}\n  others    {others:.0f} % of a core"
    )


if __name__ == "__main__":
    main()
