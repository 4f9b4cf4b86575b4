"""`t3actors discover --bacnet`: who is out there on BACnet/IP, and the configuration to poll them."""

from __future__ import annotations

import ipaddress
import socket
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec
import trio

from supervision.registry import Registry
from supervision.spec import ChildSpec, Restart, SupervisorSpec
from supervision.supervisor import Supervisor
from t3actors.addresses import ADDRESS_FORM, join_address, split_address
from t3actors.cli.found_devices import conflicts_of, file_text, rows_of
from t3actors.cli.interfaces import chosen
from t3actors.cli.interrupted import run_until_signal
from t3actors.cli.tables import print_json, print_table
from t3actors.collect.bacnet.discover.search import Search
from t3actors.collect.bacnet.discover.sightings import Sightings
from t3actors.collect.bacnet.discover.sweeps import HIGHEST, Sweeps
from t3actors.collect.bacnet.link.actor import BacnetLink
from t3actors.collect.bacnet.link.interfaces import Endpoint
from t3actors.collect.bacnet.link.requests import DISCOVERY, LINK, LinkCounts, LinkCountsRequested
from t3actors.config import BacnetConfig
from t3actors.configure.file import load
from t3actors.errors import LinkDown
from t3actors.events import silent
from t3actors.quoting import quoted
from t3actors.stations import DEFAULT_PORT, STATION_FORM, destination

SWEEPS = 3
USUAL_RATE = 10.0
SETTLE_S = 2.0
COLUMNS = {
    "instance": "instance", "address": "address", "network": "network", "vendor_id": "vendor", "max_apdu": "max APDU",
    "segmentation": "segmentation", "name": "name", "conflict": "in conflict with",
}  # fmt: skip


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


def discover_bacnet(*, as_json: bool, as_toml: bool, vendor: int | None, **options: Any) -> bool:
    """Search or listen, and print what was found. **Returns**: whether all of it was done; False when a search was stopped early."""
    wanted = _wanted(**options)
    work = _listen if wanted.listen_s is not None else _search
    outcome: Outcome = run_until_signal(partial(work, wanted))
    rows = rows_of(outcome.sightings.listed(), wanted.limits, vendor)
    if as_json:
        print_json(rows)
    elif as_toml:
        click.echo(file_text(rows, wanted.settings), nl=False)
    elif rows:
        print_table(rows, COLUMNS)
    for line in [*conflicts_of(rows), _summary(wanted, outcome, len(rows), vendor)]:
        click.echo(line, err=True)
    return wanted.listen_s is not None or not outcome.stopped


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
    by_option = config is None or interface is not None
    endpoint = chosen(settings.interface, settings.port, by_option=by_option)
    if rate is None:
        rate = USUAL_RATE if config is None else settings.who_is_rate
    return Wanted(settings, endpoint, stations, limits or settings.who_is_range, rate, wait_s, listen)


def _bbmd(text: str) -> str:
    try:
        return join_address(*split_address(text, DEFAULT_PORT))
    except ValueError:
        raise click.UsageError(f'--bbmd: saw "{quoted(text)}"; allowed: {ADDRESS_FORM}') from None


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
        raise click.UsageError(f'--target: saw "{quoted(text)}"; allowed: a host\'s name, {STATION_FORM}') from None
    return join_address(found, number)


def _all_here(bbmd: str | None, targets: tuple[str, ...]) -> bool:
    asked = [*([bbmd] if bbmd else []), *targets]
    return bool(asked) and all(one.startswith(("127.", "localhost:")) for one in asked)


# -- doing it


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
