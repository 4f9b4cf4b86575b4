"""`t3actors run CONFIG`: the gateway in the foreground."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import cast

import click
import msgspec
import trio

from t3actors.cli.exits import Exit
from t3actors.cli.foreground import run_to_end, stop_on_signal
from t3actors.cli.once import Once
from t3actors.collect.bacnet.discover.first_round import first_round_s
from t3actors.collect.bacnet.link.interfaces import list_addresses, must_be_chosen
from t3actors.config import Config
from t3actors.configure.file import load
from t3actors.events import Level
from t3actors.heap import give_back_free_memory
from t3actors.moments import span, zone_of
from t3actors.pipeline import Gateway
from t3actors.reload import Source
from t3actors.store.webview.place import list_mounts, must_be_here
from t3actors.watch.logs import Logs, logs_of
from t3actors.watch.notify import from_environment
from t3actors.watch.unit import Unit

LEVELS = ("debug", "info", "warning", "error")


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--once",
    is_flag=True,
    help="Poll every device once, store it, exit: 1 if any device or point failed, or none is there.",
)
@click.option("--log-level", type=click.Choice(LEVELS), help="Instead of the [log] level of CONFIG.")
def run(config: Path, once: bool, log_level: str | None) -> None:
    """Run the gateway that CONFIG describes, until Ctrl-C or SIGTERM.

    Log lines go to standard output, JSON, or readable text on a terminal; and to a file where [log] asks for one.
    """
    checked = read(config)
    zone = zone_of(checked.gateway.time_zone)
    log = logs_of(checked, lambda: datetime.now(zone), cast("Level | None", log_level))
    try:
        code = run_to_end(
            partial(_once, checked, log) if once else partial(_forever, checked, log, Source(config, read)), log
        )
    finally:
        log.close()
    raise SystemExit(code)


def read(file: Path) -> Config:
    """Read and check a configuration, on this machine: at the start, and whenever it is read anew. **Raises**: ConfigError."""
    checked = load(file)
    must_be_chosen(checked, list_addresses)
    must_be_here(checked, list_mounts)
    return checked


async def _forever(config: Config, log: Logs, source: Source) -> int:
    give_back_free_memory()
    gateway = Gateway(config, log, Unit(from_environment(), log), source)
    async with trio.open_nursery() as nursery:
        await nursery.start(stop_on_signal, gateway)
        await gateway.run()
        nursery.cancel_scope.cancel()
    return Exit.FAILED if gateway.unstored else Exit.DONE


async def _once(config: Config, log: Logs) -> int:
    waiting = msgspec.structs.replace(config.gateway, auto_start=False)
    gateway = Gateway(msgspec.structs.replace(config, gateway=waiting), log)
    failed = True
    async with trio.open_nursery() as nursery:
        await nursery.start(stop_on_signal, gateway)
        await nursery.start(gateway.run)
        with trio.CancelScope() as patience:
            nursery.start_soon(_cancel_when_ended, gateway, patience)
            if gateway.pollers.finds_and_polls and config.bacnet is not None:
                takes = f"about {span(first_round_s(config.bacnet))}, longer where many answer"
                click.echo(f"t3actors: searching for BACnet devices: {takes}; others are polled meanwhile", err=True)
            once = Once(gateway)
            await once.all(nursery)
            failed = once.failed
            if once.trouble:
                click.echo(f"t3actors: {once.trouble}", err=True)
            elif not once.results:
                click.echo(f"t3actors: no device to poll: {_nobody(config)}", err=True)
        if not gateway.ended.is_set():
            gateway.stop("--once")
            await gateway.ended.wait()
        nursery.cancel_scope.cancel()
    return Exit.FAILED if failed or gateway.unstored else Exit.DONE


async def _cancel_when_ended(gateway: Gateway, patience: trio.CancelScope) -> None:
    """A signal stops the gateway in the middle of a sync: nobody will answer any more."""
    await gateway.ended.wait()
    patience.cancel()


def _nobody(config: Config) -> str:
    if config.bacnet is not None and config.bacnet.discover in {"temco", "all"}:
        return "none is configured and enabled, and none was found"
    return "none is configured and enabled"
