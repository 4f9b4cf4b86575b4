"""What an answered ReadPropertyMultiple costs the BACnet simulator in CPU time, and what a building at one poll a second costs.

    python -m benchmarks.bacnet_simulator [--devices 500] [--seconds 10]

The plant runs in a process of its own; its CPU time is read from the kernel (Linux), so the load generator's does not
count. A poll asks for 50 present values in one request. All devices have a port of their own.
"""

from __future__ import annotations

import argparse
import os
import selectors
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import trio

from t3actors.simulator.bacnet import bvll, tags
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.plant import ALONE, BacnetPlant, BacnetPlantSize
from t3actors.simulator.bacnet.words import Confirmed, Property

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
SEED = 1


class Target(NamedTuple):
    """One device: its address, and the request that reads its 50 points."""

    address: tuple[str, int]
    request: bytes


def size_of(devices: int, tick_s: float) -> BacnetPlantSize:
    return BacnetPlantSize(devices, SEED, presets=(Preset.GENERIC,), layout=(ALONE,), tick_s=tick_s)


def serve(devices: int, tick_s: float) -> None:
    """Be the plant's process: say the ports, serve until the input ends."""

    async def main() -> None:
        plant = BacnetPlant(size_of(devices, tick_s))
        async with trio.open_nursery() as nursery:
            await nursery.start(plant.serve)
            for placed in plant.placed.values():
                objects = [point.object_id for point in placed.device.points.values()]
                print(placed.server.port, request_for(objects).hex(), flush=False)
            print("ready", flush=True)
            await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
            nursery.cancel_scope.cancel()

    trio.run(main)


def request_for(objects: list[int]) -> bytes:
    wanted = tags.wrapped(1, tags.unsigned(Property.PRESENT_VALUE, 0))
    data = b"".join(tags.object_id(each, 0) + wanted for each in objects)
    apdu = bytes((0x02, 0x75, 1, Confirmed.READ_PROPERTY_MULTIPLE)) + data
    return bvll.encode_link(bvll.ORIGINAL_UNICAST, b"\x01\x04" + apdu)


class Plant:
    """The simulator's process."""

    def __init__(self, devices: int, tick_s: float) -> None:
        command = [
            sys.executable,
            "-m",
            "benchmarks.bacnet_simulator",
            "--serve",
            str(devices),
            "--tick-s",
            str(tick_s),
        ]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        started_s = time.monotonic()
        self.targets = []
        while (line := self._process.stdout.readline().split()) and line != ["ready"]:
            self.targets.append(Target(("127.0.0.1", int(line[0])), bytes.fromhex(line[1])))
        self.start_s = time.monotonic() - started_s

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    def rss_mb(self) -> float:
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


def open_socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    made.settimeout(2.0)
    return made


def saturate(seconds: float) -> None:
    """As many requests as go through, one in flight for each of eight devices."""
    plant = Plant(8, tick_s=3600.0)
    sockets = [open_socket() for _ in plant.targets]
    answered = 0
    with selectors.DefaultSelector() as selector:
        for each, target in zip(sockets, plant.targets, strict=True):
            selector.register(each, selectors.EVENT_READ, target)
            each.sendto(target.request, target.address)
        cpu_s, end_s = plant.cpu_s(), time.monotonic() + seconds
        while time.monotonic() < end_s:
            for key, _events in selector.select(1.0):
                assert isinstance(key.fileobj, socket.socket)
                key.fileobj.recv(4096)
                answered += 1
                key.fileobj.sendto(key.data.request, key.data.address)
        cpu_s = plant.cpu_s() - cpu_s
    for each in sockets:
        each.close()
    plant.end()
    cost_us = cpu_s / answered * 1e6
    print(
        f"saturated: {answered / seconds:.0f} answers/s of 50 points, {cost_us:.1f} us CPU each ({1e6 / cost_us:.0f} per CPU s)"
    )


def pace(devices: int, seconds: float) -> None:
    """Every device polled once a second, spread over the second, while every value moves once a second."""
    plant = Plant(devices, tick_s=1.0)
    idle_s = plant.cpu_s()
    time.sleep(3.0)
    idle_s = plant.cpu_s() - idle_s
    waits, lost, polls = [], 0, 0
    with open_socket() as one:
        cpu_s, start_s = plant.cpu_s(), time.monotonic()
        while (due_s := start_s + polls / devices) < start_s + seconds:
            time.sleep(max(0.0, due_s - time.monotonic()))
            target = plant.targets[polls % devices]
            asked_s = time.perf_counter()
            one.sendto(target.request, target.address)
            try:
                lost += one.recv(4096)[6] >> 4 != 3
            except TimeoutError:
                lost += 1
            waits.append(time.perf_counter() - asked_s)
            polls += 1
        took_s = time.monotonic() - start_s
        cpu_s = plant.cpu_s() - cpu_s
    waits.sort()
    print(
        f"{devices} devices x 50 points, {polls / took_s:.0f} polls/s: {cpu_s / took_s * 100:.1f} % of a core "
        f"(of it {idle_s / 3 * 100:.1f} % moving the values), {plant.rss_mb():.0f} MB, ready after {plant.start_s:.1f} s; "
        f"a poll p50 {waits[len(waits) // 2] * 1e3:.2f} ms, p99 {waits[len(waits) * 99 // 100] * 1e3:.2f} ms, {lost} failed"
    )
    plant.end()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--devices", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--serve", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--tick-s", type=float, default=1.0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.tick_s)
        return
    saturate(options.seconds)
    pace(options.devices, options.seconds)


if __name__ == "__main__":
    main()
