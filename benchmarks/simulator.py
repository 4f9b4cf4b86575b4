"""What an answered request costs the simulator in CPU time, and what a building at one poll a second costs.

    python benchmarks/simulator.py [--devices 500] [--seconds 10]

The plant runs in a process of its own; its CPU time is read from the kernel (Linux), so the load generator's does not
count. A poll is what a 50-point panel takes: the inputs' values (64 registers), the outputs' (20) and the variables' (16).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import selectors
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

REQUESTS = ((7484, 64), (7100, 20), (8092, 16))
COUNTS = ("--inputs", "32", "--outputs", "10", "--variables", "8")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Plant:
    """The simulator's process."""

    def __init__(self, devices: int, tick_s: float) -> None:
        command = [sys.executable, "-m", "t3actors.simulator.process", "--devices", str(devices)]
        self._process = subprocess.Popen(
            [*command, "--tick-s", str(tick_s), *COUNTS], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        started_s = time.monotonic()
        self.panels: list[dict[str, Any]] = json.loads(self._process.stdout.readline())["panels"]
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


def connect(panels: list[dict[str, Any]]) -> list[socket.socket]:
    sockets = [socket.create_connection((panel["host"], panel["port"])) for panel in panels]
    for each in sockets:
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sockets


def frame(number: int, address: int, count: int) -> bytes:
    return struct.pack(">HHHBBHH", number & 0xFFFF, 0, 6, 1, 3, address, count)


def receive(sock: socket.socket, registers: int) -> None:
    wanted = 9 + 2 * registers
    while wanted > 0:
        wanted -= len(sock.recv(wanted))


def saturate(devices: int, seconds: float) -> None:
    """As many requests as go through, one in flight a connection."""
    plant = Plant(devices, tick_s=3600.0)
    with selectors.DefaultSelector() as selector:
        sockets = connect(plant.panels)
        for each in sockets:
            selector.register(each, selectors.EVENT_READ)
            each.sendall(frame(0, *REQUESTS[0]))
        cpu_s, end_s, answered = plant.cpu_s(), time.monotonic() + seconds, 0
        while time.monotonic() < end_s:
            for key, _events in selector.select(1.0):
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                receive(sock, REQUESTS[0][1])
                answered += 1
                sock.sendall(frame(answered, *REQUESTS[0]))
        cpu_s = plant.cpu_s() - cpu_s
    for each in sockets:
        each.close()
    plant.end()
    print(
        f"saturated, {devices} connections: {answered / seconds:.0f} answers/s, "
        f"{cpu_s / answered * 1e6:.1f} us CPU each ({1e6 / (cpu_s / answered * 1e6):.0f} per CPU second)"
    )


def pace(devices: int, seconds: float) -> None:
    """Every panel polled once a second, spread over the second, while every value moves once a second."""
    plant = Plant(devices, tick_s=1.0)
    idle_s = plant.cpu_s()
    time.sleep(3.0)
    idle_s = plant.cpu_s() - idle_s
    sockets = connect(plant.panels)
    cpu_s, start_s, polls = plant.cpu_s(), time.monotonic(), 0
    waits = []
    while (due_s := start_s + polls / devices) < start_s + seconds:
        time.sleep(max(0.0, due_s - time.monotonic()))
        sock = sockets[polls % devices]
        asked_s = time.perf_counter()
        for number, request in enumerate(REQUESTS):
            sock.sendall(frame(number, *request))
            receive(sock, request[1])
        waits.append(time.perf_counter() - asked_s)
        polls += 1
    took_s = time.monotonic() - start_s
    cpu_s = plant.cpu_s() - cpu_s
    waits.sort()
    print(
        f"{devices} panels x 50 points, {polls / took_s:.0f} polls/s of {len(REQUESTS)} requests: "
        f"{cpu_s / took_s * 100:.1f} % of a core (of it {idle_s / 3 * 100:.1f} % moving the values), "
        f"{plant.rss_mb():.0f} MB, ready after {plant.start_s:.1f} s; "
        f"a poll p50 {waits[len(waits) // 2] * 1e3:.2f} ms, p99 {waits[len(waits) * 99 // 100] * 1e3:.2f} ms"
    )
    for each in sockets:
        each.close()
    plant.end()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--devices", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    saturate(8, options.seconds)
    saturate(options.devices, options.seconds)
    pace(options.devices, options.seconds)


if __name__ == "__main__":
    main()
