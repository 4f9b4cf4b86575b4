"""The simulated plant as a process of its own: one JSON line when ready, commands in, answers out.

It ends when its standard input ends, so it cannot outlive whoever started it, even by kill -9; and on SIGTERM or
SIGINT. By hand: `python -m t3actors.simulator.process --devices 10 --seed 1`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import trio

from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts
from t3actors.simulator.bacnet.plant import LAYOUT, MIXED, BacnetPlant, BacnetPlantSize
from t3actors.simulator.commands import obey
from t3actors.simulator.door import Door
from t3actors.simulator.plant import Plant, PlantSize
from t3actors.simulator.ports import must_be_port
from t3actors.simulator.t3000.commands import listing as t3000_listing
from t3actors.simulator.t3000.installation import Installation, some_panels
from t3actors.simulator.t3000.web_server import T3000WebServer

EXIT_DONE, EXIT_FAILED, EXIT_USAGE = 0, 1, 2
STDIN, STDOUT = 0, 1
LONGEST_LINE = 65_536
WANTED_FILES = 16_384  # a listener and a connection for each of thousands of panels


async def run_plant(
    devices: int,
    seed: int,
    *,
    inputs: int = 32,
    outputs: int = 16,
    variables: int = 16,
    units_per_listener: int = 1,
    tick_s: float = 1.0,
    modules: int = 0,
    bacnet: int = 0,
    bacnet_presets: str = "",
    bacnet_layout: str = "",
    t3000: int = 0,
    port: int = 0,
    bacnet_port: int = 0,
    t3000_port: int = 0,
    commands: int | None = STDIN,
    answers: int = STDOUT,
) -> None:
    """Serve a plant until the file descriptor `commands` ends, `answers` breaks, or SIGTERM or SIGINT comes.

    **Shape**: the first line is `{"panels": [{name, host, port, unit_id, serial_number, counts}, ...], "modules": [{name, host,
    port, unit_id, serial_number, product}, ...], "scan": {host, port}, "bacnet": [{name, host, port, instance, network, mac,
    vendor, points, preset, serial_number}, ...], "bbmd": {host, port}, "t3000": {url, panels: [{name, panel_number,
    serial_number, object_instance}, ...]}}` (null what was not wanted; "scan" is where T3000's scan is answered); then each line
    read gives one line back. With `commands=None` nothing is read and only a signal ends it.
    **Thread**: trio's, and that the main one, for it takes the signals.
    **Raises**: ValueError for a size that is not allowed, OSError when no port is left.
    """
    if not (devices or modules or bacnet or t3000):
        raise ValueError("devices: saw 0, and no modules, no bacnet and no t3000: there is nothing to simulate")
    size = PlantSize(devices, seed, inputs, outputs, variables, units_per_listener, tick_s, modules, port)
    must_be_port("t3000_port", t3000_port, 1)
    if t3000 and t3000_port:
        Door(
            port=t3000_port
        ).close()  # it binds in a task, where whoever has the port already would be told of in a traceback
    server = T3000WebServer(Installation(some_panels(t3000, seed)), port=t3000_port, tick_s=tick_s) if t3000 else None
    plant, bacnet_plant = _built(size, _bacnet_size(size, bacnet, bacnet_presets, bacnet_layout, bacnet_port))
    async with trio.open_nursery() as nursery:
        await nursery.start(_end_on_signal, nursery.cancel_scope)
        await nursery.start(plant.serve)
        if bacnet_plant is not None:
            await nursery.start(bacnet_plant.serve)
        if server is not None:
            await nursery.start(server.serve)
        listed = {"panels": plant.listing(), "modules": plant.module_listing(), "scan": plant.scan_listing()}
        listed |= _bacnet_listing(bacnet_plant) | {"t3000": t3000_listing(server) if server is not None else None}
        if await _say(answers, listed):
            if commands is None:
                await trio.sleep_forever()
            else:
                await _converse(partial(obey, plant, bacnet=bacnet_plant, t3000=server), commands, answers)
        nursery.cancel_scope.cancel()


def main(argv: Sequence[str] | None = None) -> int:
    """Run a plant from a command line; give the exit code."""
    options = vars(_parser().parse_args(argv))
    if options.pop("ignore_stdin"):
        options["commands"] = None
    allow_many_files()
    try:
        trio.run(partial(run_plant, **options))
    except ValueError as error:
        return _complain(error, EXIT_USAGE)
    except OSError as error:
        return _complain(error, EXIT_FAILED)
    return EXIT_DONE


def allow_many_files() -> None:
    """Raise this process's soft limit of open files as far as it may go; each panel needs two."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _parser() -> argparse.ArgumentParser:
    size = PlantSize()
    parser = argparse.ArgumentParser(prog="simulator", description="Simulated T3 panels on loopback.")
    parser.add_argument("--devices", type=int, default=size.devices)
    parser.add_argument("--seed", type=int, default=size.seed, help="the same seed gives the same building")
    parser.add_argument("--inputs", type=int, default=size.inputs, help="per panel, up to 64")
    parser.add_argument("--outputs", type=int, default=size.outputs, help="per panel, up to 64")
    parser.add_argument("--variables", type=int, default=size.variables, help="per panel, up to 128")
    parser.add_argument("--units-per-listener", type=int, default=size.units_per_listener)
    parser.add_argument("--tick-s", type=float, default=size.tick_s, help="how often values move")
    parser.add_argument("--modules", type=int, default=size.modules, help="I/O modules and sensors beside the panels")
    parser.add_argument("--bacnet", type=int, default=0, help="so many BACnet/IP devices beside the panels")
    parser.add_argument("--bacnet-presets", default="", help="which, in turn: comma-separated (default: a mixture)")
    parser.add_argument("--bacnet-layout", default="", help="where, in turn: alone, shared, trunk (default: a mixture)")
    parser.add_argument(
        "--t3000", type=int, default=0, help="a T3000 with its web server and so many panels, up to 254"
    )
    parser.add_argument(
        "--port", type=int, default=size.port, help="of the first panel; the others' follow (0: free ones)"
    )
    parser.add_argument("--bacnet-port", type=int, default=0, help="of the BBMD; the devices' follow (0: free ones)")
    parser.add_argument("--t3000-port", type=int, default=0, help="of the T3000's web server (0: a free one)")
    parser.add_argument("--ignore-stdin", action="store_true", help="end on a signal only")
    return parser


def _complain(error: Exception, exit_code: int) -> int:
    sys.stderr.write(f"simulator: {error}\n")
    return exit_code


async def _end_on_signal(
    scope: trio.CancelScope, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for _number in signals:
            scope.cancel()


def _bacnet_size(size: PlantSize, devices: int, presets: str, layout: str, port: int) -> BacnetPlantSize | None:
    if not devices:
        return None
    return BacnetPlantSize(
        devices,
        size.seed,
        PointCounts(size.inputs, size.outputs, size.variables),
        tuple(_preset(each) for each in presets.split(",")) if presets else MIXED,
        tuple(layout.split(",")) if layout else LAYOUT,
        tick_s=size.tick_s,
        at_s=time.time(),
        port=port,
    )


def _built(size: PlantSize, bacnet_size: BacnetPlantSize | None) -> tuple[Plant, BacnetPlant | None]:
    with ExitStack() as undo:
        plant = Plant(size)
        undo.callback(plant.close)
        bacnet_plant = None if bacnet_size is None else BacnetPlant(bacnet_size)
        undo.pop_all()  # from here on `serve` closes them
        return plant, bacnet_plant


def _preset(name: str) -> Preset:
    allowed = [str(each) for each in Preset]
    if name not in allowed:
        raise ValueError(f"bacnet_presets: saw {name!r}, allowed are {', '.join(allowed)}")
    return Preset(name)


def _bacnet_listing(plant: BacnetPlant | None) -> dict[str, Any]:
    if plant is None:
        return {"bacnet": [], "bbmd": None}
    return {"bacnet": plant.listing(), "bbmd": plant.bbmd_listing()}


async def _converse(obeys: Callable[..., dict[str, Any]], commands: int, answers: int) -> None:
    async for line in _lines(commands):
        if line is None:
            answer: dict[str, Any] = {"ok": False, "error": f"command: allowed are {LONGEST_LINE} bytes a line"}
        else:
            answer = obeys(line=line)
        if not await _say(answers, answer):
            return


async def _lines(source: int) -> AsyncIterator[bytes | None]:
    """Give each line that is not blank, None for one that is too long; end with the source."""
    pending = b""
    too_long = False
    while True:
        # In a thread: a terminal, a file and /dev/null can be read so as well, and nobody's flags are changed.
        received = await trio.to_thread.run_sync(_read, source, abandon_on_cancel=True)
        if not received:
            return
        *whole, pending = (pending + received).split(b"\n")
        for line in whole:
            if too_long or len(line) > LONGEST_LINE:
                too_long = False
                yield None
            elif line.strip():
                yield line
        if len(pending) > LONGEST_LINE:
            pending, too_long = b"", True


def _read(source: int) -> bytes:
    try:
        return os.read(source, LONGEST_LINE)
    except OSError:  # a terminal that was hung up ends like a closed pipe
        return b""


async def _say(target: int, answer: dict[str, Any]) -> bool:
    data = json.dumps(answer, separators=(",", ":")).encode() + b"\n"
    # In a thread: a reader who does not read must not stop the panels.
    return await trio.to_thread.run_sync(_write_all, target, data, abandon_on_cancel=True)


def _write_all(target: int, data: bytes) -> bool:
    with contextlib.suppress(OSError):  # a closed pipe, a terminal that was hung up: nobody listens
        while data:
            data = data[os.write(target, data) :]
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
