"""T01 at full size: ten units behind one simulated Modbus gateway and twenty panels by themselves; one dies, then five of the ten.

    python benchmarks/dead_device.py [seconds per phase] [poll interval, s] [time-out, s]

The whole pipeline on real sockets and a real file; the panels are in the same process. A live device's poll interval is what its
panel sees: the time from one request to the next (a poll here is one request). Printed: for each live device the 99th percentile of
its interval as a ratio of its own before any died, the worst and the middle one of each kind; and how much of the bus's time went
to waiting for the dead, while they are found out and after (`demoted` is measured from when all dead are offline).
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import trio

from t3actors.config import Config, DeviceConfig, GatewayConfig, ModbusPoint, StoreConfig
from t3actors.events import silent
from t3actors.pipeline import Gateway
from t3actors.points import Kind, Rules
from t3actors.simulator.faults import Fault, FaultKind
from t3actors.simulator.frames import Request
from t3actors.simulator.modbus_server import ModbusServer
from t3actors.simulator.plant import Plant, PlantSize, running_plant

UNITS, ALONE = 10, 20
FIRST_INPUT, INPUTS = 7484, 20
DEAD = {"one dead": (3,), "five dead": (3, 1, 5, 7, 9)}

Asked = dict[str, list[float]]


def device(name: str, server: ModbusServer, unit_id: int, interval_s: float, timeout_s: float) -> DeviceConfig:
    """A panel whose inputs are listed by hand: one read."""
    rules = Rules(poll_interval_s=interval_s, max_interval_s=0.0)
    points = tuple(
        ModbusPoint(
            id=f"IN{n + 1}", kind=Kind.INPUT, register=FIRST_INPUT + 2 * n, type="int32", scale=0.001, rules=rules
        )
        for n in range(INPUTS)
    )
    return DeviceConfig(
        name=name,
        protocol="modbus",
        address=f"{server.host}:{server.port}",
        unit_id=unit_id,
        timeout_s=timeout_s,
        points=points,
        rules=rules,
    )


def listen(server: ModbusServer, asked: Asked, name: Callable[[int], str]) -> None:
    """Note when each unit is asked."""
    answer = server.answer

    def noted(request: Request) -> bytes | None:
        asked.setdefault(name(request.unit_id), []).append(trio.current_time())
        return answer(request)

    server.answer = noted  # type: ignore[method-assign]


def p99_s(times: list[float], from_s: float, to_s: float) -> float:
    """The 99th percentile of the intervals in a span."""
    gaps = sorted(after - before for before, after in pairwise(t for t in times if from_s <= t <= to_s))
    return gaps[min(len(gaps) - 1, int(0.99 * len(gaps)))] if gaps else float("inf")


class Measured:
    """Prints a phase beside the first."""

    def __init__(self, asked: Asked, timeout_s: float) -> None:
        self._asked = asked
        self._timeout_s = timeout_s
        self._healthy: dict[str, float] = {}

    async def phase(self, name: str, seconds: float, dead: set[str]) -> None:
        """Let so much time pass, and tell how it went."""
        from_s = trio.current_time()
        await trio.sleep(seconds)
        to_s = trio.current_time()
        found = {device: p99_s(times, from_s, to_s) for device, times in self._asked.items() if device not in dead}
        self._healthy = self._healthy or found
        probes = sum(from_s <= t <= to_s for device in dead for t in self._asked[device])
        share = probes * self._timeout_s / (to_s - from_s)
        cells = []
        for kind in ("bus", "alone"):
            ratios = sorted(found[device] / self._healthy[device] for device in found if device.startswith(kind))
            worst_s = max(found[device] for device in found if device.startswith(kind))
            cells.append(f"{worst_s * 1000:9.0f} ms {ratios[len(ratios) // 2]:7.3f} {ratios[-1]:7.3f}")
        print(f"{name:24s} | {cells[0]} | {cells[1]} | {probes:6d} {share:7.1%}", flush=True)


async def measure(seconds: float, interval_s: float, timeout_s: float, directory: Path) -> None:
    """Run all phases."""
    asked: Asked = {}
    async with (
        running_plant(PlantSize(UNITS, seed=5, units_per_listener=UNITS, tick_s=1.0)) as bus,
        running_plant(PlantSize(ALONE, seed=6, tick_s=1.0)) as alone,
    ):
        devices = [device(f"bus-{unit}", bus.servers[0], unit, interval_s, timeout_s) for unit in range(1, UNITS + 1)]
        devices += [device(f"alone-{n}", server, 1, interval_s, timeout_s) for n, server in enumerate(alone.servers, 1)]
        listen(bus.servers[0], asked, lambda unit: f"bus-{unit}")
        for n, server in enumerate(alone.servers, 1):
            listen(server, asked, lambda _, n=n: f"alone-{n}")  # type: ignore[misc]
        config = Config(
            gateway=GatewayConfig(name="benchmark", data_dir=directory),
            store=StoreConfig(database=directory / "t3actors.db", min_free_bytes=0),
            devices=tuple(devices),
        )
        gateway = Gateway(config, silent)
        async with trio.open_nursery() as nursery:
            await nursery.start(gateway.run)
            await trio.sleep(3 * interval_s + 2)
            await phases(Measured(asked, timeout_s), bus, seconds, interval_s, timeout_s)
            gateway.stop("measured")


async def phases(measured: Measured, bus: Plant, seconds: float, interval_s: float, timeout_s: float) -> None:
    """Kill more and more."""
    print(
        f"{UNITS} units on a bus, {ALONE} alone, every {interval_s:g} s, time-out {timeout_s:g} s, {seconds:g} s a phase"
    )
    print(
        f"{'':24s} | {'bus: worst p99, ratio: middle worst':^28s} | {'alone: the same':^28s} | probes of dead, bus time"
    )
    await measured.phase("all live", seconds, set())
    for name, units in DEAD.items():
        dead = {f"bus-{unit}" for unit in units}
        for unit in units:
            bus.set_fault(f"panel-{unit}", Fault(FaultKind.STALL))
        await measured.phase(f"{name}, found out", 10 * interval_s + 2 * timeout_s * len(units), dead)
        await measured.phase(f"{name}, demoted", seconds, dead)


def main() -> None:
    """Print the table."""
    given = [float(argument) for argument in sys.argv[1:]]
    seconds, interval_s, timeout_s = (*given, *(60.0, 1.0, 0.5)[len(given) :])
    with tempfile.TemporaryDirectory() as directory:
        trio.run(measure, seconds, interval_s, timeout_s, Path(directory))


if __name__ == "__main__":
    main()
