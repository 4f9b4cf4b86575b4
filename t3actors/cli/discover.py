"""`t3actors discover --bacnet`: who is out there, and the configuration to poll them."""

from __future__ import annotations

import ipaddress
import re
import signal
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec
import trio

from supervision.exits import true_cause
from supervision.registry import Registry
from supervision.spec import ChildSpec, Restart, SupervisorSpec
from supervision.supervisor import Supervisor
from t3actors.addresses import ADDRESS_FORM, join_address, split_address
from t3actors.cli.exits import Exit
from t3actors.cli.found_devices import conflicts_of, file_text, rows_of
from t3actors.cli.tables import print_json, print_table
from t3actors.collect.bacnet.discover.search import Search
from t3actors.collect.bacnet.discover.sightings import Sightings
from t3actors.collect.bacnet.discover.sweeps import HIGHEST, Sweeps
from t3actors.collect.bacnet.link.actor import BacnetLink
from t3actors.collect.bacnet.link.interfaces import Endpoint, choose, list_addresses
from t3actors.collect.bacnet.link.requests import DISCOVERY, LINK, LinkCounts, LinkCountsRequested
from t3actors.config import BacnetConfig
from t3actors.configure.durations import DURATION_FORM, duration_s
from t3actors.configure.file import load
from t3actors.errors import ConfigError, LinkDown
from t3actors.events import silent
from t3actors.stations import DEFAULT_PORT, STATION_FORM, destination

SWEEPS = 3
USUAL_RATE = 10.0
SETTLE_S = 2.0
_RANGE = re.compile(r"([0-9]{1,7})-([0-9]{1,7})")
COLUMNS = {
    "instance": "instance", "address": "address", "network": "network", "vendor_id": "vendor", "max_apdu": "max APDU",
    "segmentation": "segmentation", "name": "name", "conflict": "in conflict with",
}  # fmt: skip


def _duration(_ctx: click.Context, _param: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    try:
        return duration_s(value)
    except ValueError:
        raise click.BadParameter(f'saw "{value}"; allowed: a duration {DURATION_FORM}') from None


def _range(_ctx: click.Context, _param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    if value is None:
        return None
    found = _RANGE.fullmatch(value)
    if found is None or not int(found[1]) <= int(found[2]) <= HIGHEST:
        raise click.BadParameter(f'saw "{value}"; allowed: two instances such as 1000-1999, from 0 to {HIGHEST}')
    return int(found[1]), int(found[2])


class Wanted(msgspec.Struct, frozen=True):
    """What is to be asked, how, and for how long."""

    settings: BacnetConfig
    endpoint: Endpoint
    targets: tuple[str, ...]
    limits: tuple[int, int] | None
    rate: float
    wait_s: float
    listen_s: float | None


class Outcome(msgspec.Struct, frozen=True):
    """What came of it."""

    sightings: Sightings
    at: str
    asked: int
    stopped: bool


@click.command()
@click.option("--bacnet", is_flag=True, help="Search for BACnet devices.")
@click.option(
    "--config", type=click.Path(path_type=Path), help="Take [bacnet] of this configuration; options here go first."
)
@click.option("--interface", metavar="NAME|CIDR", help="The interface to ask on: its name, an address, or a CIDR.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="UDP port  [47808]; 0: any free one, with --bbmd or --target."
)
@click.option("--bbmd", metavar="HOST[:PORT]", help="Ask through this BBMD, as a foreign device.")
@click.option("--range", "limits", callback=_range, metavar="LOW-HIGH", help="Only instances from LOW to HIGH.")
@click.option("--vendor", type=click.IntRange(0, 65535), help="List only this vendor's devices (148 is Temco).")
@click.option(
    "--target", "targets", multiple=True, metavar="HOST[:PORT]", help="Ask this address alone; may be repeated."
)
@click.option("--listen", callback=_duration, is_flag=False, flag_value="10m", metavar="[TIME]",
              help="Send nothing at all; list who announces itself meanwhile (10m).")  # fmt: skip
@click.option("--wait", "wait_s", callback=_duration, default="5s", show_default=True, metavar="TIME",
              help="How long the last answer may take.")  # fmt: skip
@click.option(
    "--rate", type=click.FloatRange(0.01, 100.0), help="Most Who-Is a second  [10, or who_is_rate of --config]."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line; its `config` is the table to paste.")
@click.option("--toml", "as_toml", is_flag=True, help="A whole configuration file, which `t3actors check` accepts.")
def discover(bacnet: bool, as_json: bool, as_toml: bool, vendor: int | None, **options: Any) -> None:
    """Find devices: who they are, where, and the configuration that polls them.

    BACnet devices are asked by Who-Is in ranges of instances, three times over, at most --rate a second; answers are
    read, nothing is changed anywhere. Ctrl-C ends it early and lists what came so far.

    A broadcast reaches one network. Beyond it: --bbmd (a BBMD there), or --target for single stations, "IP:port", or
    behind a router "50:7", or "50:*" for all of network 50. On loopback nobody hears a broadcast: simulated devices are
    found by `--bbmd 127.0.0.1:PORT` of their BBMD (all of them), or `--target 127.0.0.1:PORT` for those with a port of
    their own.

    Exit code 1: nobody could be asked (the port or its broadcast address is held by another program, the interface is
    gone). 78: several networks, and --interface names none of them; they are listed.
    """
    if not bacnet:
        raise click.UsageError(
            "say what to search for: --bacnet (T3000's own scan and Modbus addresses are not searched yet)"
        )
    if as_json and as_toml:
        raise click.UsageError("--json or --toml, one of the two")
    wanted = _wanted(**options)
    try:
        outcome: Outcome = trio.run(partial(_until_signal, _listen if wanted.listen_s is not None else _search, wanted))
    except BaseException as error:  # noqa: BLE001 - the groups that nurseries put around it are taken off
        raise true_cause(error) from None
    rows = rows_of(outcome.sightings.listed(), wanted.limits, vendor)
    if as_json:
        print_json(rows)
    elif as_toml:
        click.echo(file_text(rows, wanted.settings), nl=False)
    elif rows:
        print_table(rows, COLUMNS)
    for line in [*conflicts_of(rows), _summary(wanted, outcome, len(rows), vendor)]:
        click.echo(line, err=True)
    if outcome.stopped and wanted.listen_s is None:
        raise SystemExit(Exit.FAILED)


# -- what is wanted


def _wanted(
    config: Path | None,
    interface: str | None,
    port: int | None,
    bbmd: str | None,
    limits: tuple[int, int] | None,
    targets: tuple[str, ...],
    listen: float | None,
    wait_s: float,
    rate: float | None,
) -> Wanted:
    if listen is not None and (bbmd or targets):
        raise click.UsageError("--listen sends nothing, so there is nobody to ask: leave out --bbmd and --target")
    given = (load(config).bacnet if config is not None else None) or BacnetConfig()
    changes: dict[str, Any] = {"instance": None}  # we only ask: the gateway itself answers under that number
    if interface is not None:
        changes["interface"] = interface
    if port is not None:
        changes["port"] = port
    if bbmd is not None:
        changes["bbmd"] = _bbmd(bbmd)
    if listen is not None:
        changes["bbmd"] = None
    settings = msgspec.structs.replace(given, **changes)
    stations = tuple(_target(text, settings.port or DEFAULT_PORT) for text in targets)
    if not settings.port and not (settings.bbmd or stations):
        raise click.UsageError(
            "--port 0 is for --bbmd and --target: a broadcast is answered to the port it was sent from and to"
        )
    if not settings.interface and _all_here(settings.bbmd, stations):
        settings = msgspec.structs.replace(settings, interface="127.0.0.1")
    try:
        endpoint = choose(settings.interface, settings.port, list_addresses())
    except ConfigError as refused:
        if config is not None and interface is None:
            raise
        raise ConfigError([fault.replace("bacnet.interface", "--interface") for fault in refused.faults]) from None
    except LinkDown as gone:
        raise LinkDown(str(gone).replace("bacnet.interface", "interface")) from None
    if rate is None:
        rate = USUAL_RATE if config is None else settings.who_is_rate
    return Wanted(settings, endpoint, stations, limits or settings.who_is_range, rate, wait_s, listen)


def _bbmd(text: str) -> str:
    try:
        return join_address(*split_address(text, DEFAULT_PORT))
    except ValueError:
        raise click.UsageError(f'--bbmd: saw "{text}"; allowed: {ADDRESS_FORM}') from None


def _target(text: str, port: int) -> str:
    """Check a target; a host's name becomes its address."""
    try:
        destination(text, port)
    except ValueError:
        pass
    else:
        return text
    try:
        host, number = split_address(text, port)
        ipaddress.IPv4Address(found := socket.gethostbyname(host))
    except (ValueError, OSError):
        raise click.UsageError(f'--target: saw "{text}"; allowed: a host\'s name, {STATION_FORM}') from None
    return join_address(found, number)


def _all_here(bbmd: str | None, targets: tuple[str, ...]) -> bool:
    asked = [*([bbmd] if bbmd else []), *targets]
    return bool(asked) and all(one.startswith(("127.", "localhost:")) for one in asked)


# -- doing it


async def _until_signal(work: Callable[..., Any], wanted: Wanted) -> Outcome:
    """Do the work until it is over or somebody presses Ctrl-C."""
    stop = trio.Event()

    async def wait_for_signal(task_status: trio.TaskStatus[None]) -> None:
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            task_status.started()
            async for _ in signals:
                stop.set()

    async with trio.open_nursery() as nursery:
        await nursery.start(wait_for_signal)
        outcome: Outcome = await work(wanted, stop)
        nursery.cancel_scope.cancel()
    return outcome


async def _search(wanted: Wanted, stop: trio.Event) -> Outcome:
    search = Search(partial(_sweeps, wanted), SWEEPS, wanted.wait_s)
    registry = Registry()
    link = partial(BacnetLink, wanted.settings, log=silent)
    tree = SupervisorSpec(
        "discover", children=(ChildSpec(LINK, link), ChildSpec(DISCOVERY, lambda: search, restart=Restart.TEMPORARY))
    )
    supervisor = Supervisor(tree, registry=registry)
    trouble: BaseException | None = None
    async with trio.open_nursery() as nursery:
        await nursery.start(supervisor.run)
        counts: LinkCounts = await registry.ask(LINK, LinkCountsRequested())
        if not counts.is_open:
            trouble = LinkDown(counts.last_trouble + _remedy(counts.last_trouble))
        else:
            nursery.start_soon(_pass_on, stop, search.finished)
            await search.finished.wait()
            trouble = search.failure
        supervisor.request_stop()
        stop_seen = stop.is_set()
        stop.set()
    if trouble is not None:
        raise trouble
    return Outcome(search.sightings, counts.endpoint, search.asked, stop_seen)


async def _pass_on(stop: trio.Event, finished: trio.Event) -> None:
    await stop.wait()
    finished.set()


def _sweeps(wanted: Wanted, now_s: float) -> Sweeps:
    routed = [f"{network.number}:*" for network in wanted.settings.networks if network.router is not None]
    return Sweeps(
        wanted.targets or ["*:*", *routed],
        wanted.limits,
        rate_per_s=wanted.rate,
        first_at_s=now_s,
        settle_s=min(SETTLE_S, wanted.wait_s),
        rounds=SWEEPS,
        port=wanted.settings.port or DEFAULT_PORT,
    )


def _remedy(trouble: str) -> str:
    if "another program" not in trouble:
        return ""
    return " (T3000, a gateway, another BACnet tool): stop it meanwhile, or ask with --port 0 by --bbmd or --target"


async def _listen(wanted: Wanted, stop: trio.Event) -> Outcome:
    from t3actors.collect.bacnet.discover.overhearing import listen  # noqa: PLC0415 - brings the whole stack along

    sightings = Sightings()
    async with trio.open_nursery() as nursery:
        await nursery.start(listen, wanted.endpoint, lambda seen: sightings.take(seen, trio.current_time()))
        with trio.move_on_after(wanted.listen_s or 0.0):
            await stop.wait()
        nursery.cancel_scope.cancel()
    return Outcome(sightings, str(wanted.endpoint), 0, stop.is_set())


# -- saying it


def _summary(wanted: Wanted, outcome: Outcome, devices: int, vendor: int | None) -> str:
    low, high = wanted.limits or (0, HIGHEST)
    found = f"{devices} device{'' if devices == 1 else 's'}" + (f" of vendor {vendor}" if vendor is not None else "")
    if outcome.sightings.ignored:
        found += f" ({outcome.sightings.ignored} announcements of impossible addresses, or beyond what can be kept)"
    if wanted.listen_s is not None:
        how = f"listened on {outcome.at} and sent nothing"
        hint = "devices announce themselves when they start, or when another program asks: listen longer, or search"
    else:
        whom = ", ".join(wanted.targets) or wanted.settings.bbmd or wanted.endpoint.broadcast or "nobody"
        whom = whom if len(whom) <= 80 else f"{len(wanted.targets)} targets"
        how = f"sent {outcome.asked} Who-Is for instances {low} to {high} from {outcome.at} to {whom}"
        hint = "check --interface, --port and --range, a firewall that drops UDP, and for other networks --bbmd or --target"
    early = "stopped early; " if outcome.stopped else ""
    return f"{early}{found}; {how}" + ("" if outcome.sightings else f". Nobody answered: {hint}")
