"""CPU per poll of 50 points: driver, link and codec together, beside bacpypes3's own `read_property_multiple`, in the same run.

    python -m benchmarks.bacnet_poll [--polls 400] [--rounds 5]

The simulated devices are a process of their own, so that only the client's CPU is counted: for the gateway's way both threads (trio's
and asyncio's), real sockets, queues, decoding and the 50 readings; for bacpypes3 what its own client does until it has the
values. Both ask for present-value and status-flags of the same 50 objects in one request to the same devices, which hold
still. One device after one another, then 8 side by side; both ways take turns, and medians of the rounds count.

Then a device of 1,000 points: how long one read of all of them takes, from asking to readings.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import trio
from bacpypes3.app import Application
from bacpypes3.basetypes import Segmentation
from bacpypes3.local.device import DeviceObject
from bacpypes3.local.networkport import NetworkPortObject
from bacpypes3.pdu import Address
from bacpypes3.primitivedata import ObjectIdentifier

from supervision.registry import Registry
from supervision.testing import running
from t3actors.collect.bacnet.driver import BacnetDriver
from t3actors.collect.bacnet.link.actor import BacnetLink
from t3actors.collect.bacnet.link.requests import LINK
from t3actors.config import BacnetConfig, DeviceConfig
from t3actors.events import silent
from t3actors.points import Point, Status

SIDE_BY_SIDE = 8
FEWER = 8  # bacpypes3 makes so many times fewer polls a round
COUNTS = ("--inputs", "32", "--outputs", "10", "--variables", "8")
POINTS = 50
PROPERTIES = ["present-value", "status-flags"]


@contextmanager
def simulated(devices: int, preset: str) -> Iterator[list[dict[str, Any]]]:
    """Run simulated devices, each at a port of its own; give where they are."""
    command = [sys.executable, "-m", "t3actors.simulator.process", "--devices", "1", *COUNTS, "--tick-s", "3600"]
    command += ["--bacnet", str(devices), "--bacnet-presets", preset, "--bacnet-layout", "alone"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["bacnet"]


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


# ------------------------------------------------------------------------------------------------------- the gateway's way


async def met(row: dict[str, Any], registry: Registry) -> tuple[BacnetDriver, tuple[Point, ...]]:
    """Make a driver and meet its device; give its points, all that is to be known of them known."""
    config = DeviceConfig(
        name=row["name"], protocol="bacnet", address=f"{row['host']}:{row['port']}", instance=row["instance"]
    )
    driver = BacnetDriver(
        config, registry, silent, time.monotonic, bacnet=BacnetConfig(), wall_ms=lambda: int(time.time() * 1000)
    )
    points = (await driver.open()).points
    while await driver.work(hurry=True) is not None:
        points = driver.take_changed_points() or points
    return driver, driver.take_changed_points() or points


async def ours(rows: list[dict[str, Any]], polls: int) -> float:
    """CPU seconds per poll of one device."""
    registry = Registry()
    link = BacnetLink(BacnetConfig(interface="127.0.0.1", port=free_port()), log=silent)
    async with running(link, name=LINK, registry=registry):
        devices = [await met(row, registry) for row in rows]

        async def poll(driver: BacnetDriver, points: tuple[Point, ...], count: int) -> None:
            for _ in range(count):
                readings = await driver.read(points)
                assert len(readings) == POINTS

        for driver, points in devices:
            assert {reading.status for reading in await driver.read(points)} == {Status.OK}
        each = polls // len(devices)
        gc.collect()
        started_s = time.process_time()
        async with trio.open_nursery() as nursery:
            for driver, points in devices:
                nursery.start_soon(poll, driver, points, each)
        return (time.process_time() - started_s) / (each * len(devices))


async def whole(row: dict[str, Any], reads: int) -> tuple[int, list[float], list[float]]:
    """Points of a device; seconds and CPU seconds of each read of all of them."""
    registry = Registry()
    link = BacnetLink(BacnetConfig(interface="127.0.0.1", port=free_port()), log=silent)
    took_s, used_s = [], []
    async with running(link, name=LINK, registry=registry):
        driver, points = await met(row, registry)
        await driver.read(points)
        for _ in range(reads):
            began_s, began_cpu_s = time.perf_counter(), time.process_time()
            readings = await driver.read(points)
            took_s.append(time.perf_counter() - began_s)
            used_s.append(time.process_time() - began_cpu_s)
            assert {reading.status for reading in readings} == {Status.OK}
    return len(points), took_s, used_s


# ------------------------------------------------------------------------------------------------------- bacpypes3's


async def objects_of(app: Application, row: dict[str, Any]) -> list[ObjectIdentifier]:
    """The device's points: its objects that have both properties."""
    address, device = Address(f"{row['host']}:{row['port']}"), ObjectIdentifier(("device", row["instance"]))
    listed = await app.read_property(address, device, "object-list")
    points = [each for each in listed if str(each[0]).endswith(("input", "output", "value"))]
    assert len(points) == POINTS
    return points


async def theirs(rows: list[dict[str, Any]], polls: int) -> float:
    """CPU seconds per poll of one device."""
    own = DeviceObject(
        objectIdentifier=("device", 4194302),
        objectName="benchmark",
        maxApduLengthAccepted=1476,
        segmentationSupported=Segmentation.segmentedBoth,
    )
    port = NetworkPortObject(f"127.0.0.1/32:{free_port()}", objectIdentifier=("network-port", 1), objectName="port")
    app = Application.from_object_list([own, port])

    async def poll(row: dict[str, Any], objects: list[ObjectIdentifier], count: int) -> None:
        for _ in range(count):
            wanted = [part for each in objects for part in (each, list(PROPERTIES))]
            results = await app.read_property_multiple(Address(f"{row['host']}:{row['port']}"), wanted)
            assert len(results) == POINTS * len(PROPERTIES)

    try:
        devices = [(row, await objects_of(app, row)) for row in rows]
        for row, objects in devices:
            await poll(row, objects, 1)
        each = max(1, polls // len(devices))
        gc.collect()
        started_s = time.process_time()
        await asyncio.gather(*(poll(row, objects, each) for row, objects in devices))
        return (time.process_time() - started_s) / (each * len(devices))
    finally:
        app.close()


# ------------------------------------------------------------------------------------------------------- both


def compare(polls: int, rounds: int) -> None:
    """Take turns and tell the medians."""
    with simulated(SIDE_BY_SIDE, "generic") as rows:
        for name, asked in (("one device", rows[:1]), (f"{SIDE_BY_SIDE} devices", rows)):
            pairs = [(trio.run(ours, asked, polls), asyncio.run(theirs(asked, polls // FEWER))) for _ in range(rounds)]
            mine_s, their_s = (statistics.median(side) for side in zip(*pairs, strict=True))
            ratios = " ".join(f"{theirs_s / ours_s:.1f}" for ours_s, theirs_s in pairs)
            print(
                f"{name:>10}: gateway {mine_s * 1e6:6.0f} us, bacpypes3 {their_s * 1e6:6.0f} us a poll: "
                f"{statistics.median(b / a for a, b in pairs):.1f} times less (rounds: {ratios})",
                flush=True,
            )


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description="CPU per BACnet poll of 50 points, beside plain bacpypes3.")
    parser.add_argument("--polls", type=int, default=400, help="a round")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{POINTS} points, {' and '.join(PROPERTIES)}; Python {sys.version.split()[0]}, load {load:.1f}")
    compare(options.polls, options.rounds)
    with simulated(1, "large") as rows:
        count, took_s, used_s = trio.run(whole, rows[0], 40)
    print(
        f"a device of {count} points, all read: median {statistics.median(took_s) * 1e3:.1f} ms, least {min(took_s) * 1e3:.1f}, "
        f"worst {max(took_s) * 1e3:.1f} ms; {statistics.median(used_s) * 1e3:.1f} ms of CPU"
    )


if __name__ == "__main__":
    main()
