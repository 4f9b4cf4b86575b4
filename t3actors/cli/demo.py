"""`t3actors demo`: simulated Modbus and BACnet devices in a process of their own, and the gateway on top of them."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TextIO

import click
import trio
from rich.console import Console
from rich.live import Live

from supervision.errors import NobodyThere
from t3actors.cli.demo_plant import Listing, SimulatedPlant, demo_config
from t3actors.cli.demo_screen import screen
from t3actors.cli.exits import Exit
from t3actors.cli.foreground import run_to_end, stop_on_signal
from t3actors.config import Config
from t3actors.errors import StoreUnreachable
from t3actors.pipeline import Gateway
from t3actors.questions import DetectorCounts, DetectorCountsRequested
from t3actors.watch.log import LogWriter

REDRAW_EVERY_S = 1.0
SOME_POINTS = "SELECT name, point_id, value, text, units, status FROM POINTS LIMIT 20"


@click.command()
@click.option(
    "--devices",
    default=6,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="How many simulated devices; half of them speak BACnet/IP, half Modbus TCP.",
)
@click.option("--seconds", type=click.FloatRange(min=0.1), help="End after so long; without it, at Ctrl-C.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Where to keep the database.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same building.")
def demo(devices: int, seconds: float | None, data: Path | None, seed: int) -> None:
    """Start simulated BACnet and Modbus panels on loopback and a gateway that polls them every second.

    Nothing leaves this machine. No configuration, no root and no fixed port is needed.
    """
    console = Console(stderr=True)
    with SimulatedPlant(devices, seed) as plant:
        directory = (data or Path(tempfile.mkdtemp(prefix="t3actors-demo-"))).absolute()
        config = demo_config(plant.listing, directory)
        _introduce(console, plant.listing, config)
        code = _show(config, seconds)
    _say_goodbye(console, config.store.database, "" if code else "; everything that was accepted is stored")
    raise SystemExit(code)


def _show(config: Config, seconds: float | None) -> int:
    """On a terminal a live table, with the log in a file beside the database; elsewhere the log lines."""
    if not sys.stdout.isatty():
        log = LogWriter(gateway=config.gateway.name)
        return _run(config, seconds, log, None)
    with _log_file(config.gateway.data_dir / "t3actors.log") as file:
        log = LogWriter(file, human=False, gateway=config.gateway.name)
        with Live(console=Console(), refresh_per_second=4, transient=False) as live:
            return _run(config, seconds, log, live)


def _log_file(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a", encoding="utf-8")
    except OSError as error:
        raise StoreUnreachable(f"{path}: cannot be created: {error.strerror}") from error


def _run(config: Config, seconds: float | None, log: LogWriter, live: Live | None) -> int:
    try:
        return run_to_end(partial(_main, config, seconds, log, live), log)
    finally:
        log.close()


async def _main(config: Config, seconds: float | None, log: LogWriter, live: Live | None) -> int:
    gateway = Gateway(config, log)
    async with trio.open_nursery() as nursery:
        await nursery.start(stop_on_signal, gateway)
        await nursery.start(gateway.run)
        if live is not None:
            nursery.start_soon(_redraw, gateway, live)
        with trio.move_on_after(seconds if seconds is not None else float("inf")):
            await gateway.ended.wait()
        if not gateway.ended.is_set():
            gateway.stop("the demo is over")
            await gateway.ended.wait()
        nursery.cancel_scope.cancel()
    return Exit.FAILED if gateway.unstored else Exit.DONE


async def _redraw(gateway: Gateway, live: Live) -> None:
    """Show what the database says: what is not stored is not shown."""
    began_s, counts = trio.current_time() - 1e-3, DetectorCounts()
    while True:
        with suppress(NobodyThere, trio.TooSlowError):
            counts = await gateway.registry.ask("detector", DetectorCountsRequested(), timeout_s=REDRAW_EVERY_S)
        running_s = trio.current_time() - began_s
        live.update(await trio.to_thread.run_sync(screen, gateway.config.store.database, running_s, counts))
        await trio.sleep(REDRAW_EVERY_S)


def _introduce(console: Console, listing: Listing, config: Config) -> None:
    database = config.store.database
    console.print(f"{simulated(listing)}, on this machine's loopback; nothing leaves the machine.", soft_wrap=True)
    console.print(f"Page:     http://{config.api.listen}/", soft_wrap=True, markup=False)
    console.print(f"Database: {database}", soft_wrap=True)
    console.print(f"Try:      {query(database)}", soft_wrap=True, markup=False, highlight=False)
    if listing.scan is not None:
        scan = f"t3actors discover --t3000 --target {listing.scan.host}:{listing.scan.port}"
        console.print(f"Scan:     {scan}", soft_wrap=True, markup=False, highlight=False)


def _say_goodbye(console: Console, database: Path, how: str) -> None:
    console.print(f"Stopped{how}. The database stays:", database, soft_wrap=True)
    console.print(f"  {query(database)}", soft_wrap=True, markup=False, highlight=False)
    console.print(f"  t3actors devices --data {database.parent}", soft_wrap=True, markup=False, highlight=False)


def simulated(listing: Listing) -> str:
    """Say what is simulated."""
    kinds = ", ".join(f"{count} {preset}" for preset, count in Counter(each.preset for each in listing.bacnet).items())
    bacnet = f" and {len(listing.bacnet)} BACnet/IP ({kinds})" if kinds else ""
    return f"Simulated devices: {len(listing.panels)} Modbus TCP (T3 panels){bacnet}"


def query(database: Path) -> str:
    """One query to try."""
    return f"sqlite3 '{database}' \"{SOME_POINTS}\""
