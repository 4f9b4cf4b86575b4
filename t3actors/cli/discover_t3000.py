"""`t3actors discover --t3000`: which Temco panels and sensors are out there, and the configuration to poll them."""

from __future__ import annotations

import ipaddress
import socket
from functools import partial

import click
import msgspec
import trio

from t3actors.addresses import ADDRESS_FORM, join_address, split_address
from t3actors.cli.found_panels import conflicts_of, file_text, resting, rows_of
from t3actors.cli.interfaces import chosen
from t3actors.cli.interrupted import run_until_signal
from t3actors.cli.tables import print_json, print_table
from t3actors.collect.bacnet.link.interfaces import Endpoint
from t3actors.collect.modbus.profiles import profiles_of
from t3actors.collect.t3000.scan import PORT, decode
from t3actors.collect.t3000.scanned_panels import ScannedPanels
from t3actors.collect.t3000.scanner import Address, bind, scan
from t3actors.errors import BadResponse, LinkDown
from t3actors.quoting import quoted

ROUNDS = 3
PAUSE_S = 2.0  # between rounds; a panel answers for each device behind it 100 ms after the other (arm/USER/udp_scan.c)
COLUMNS = {
    "serial_number": "serial number", "model": "product", "label": "label", "address": "address", "unit_id": "unit",
    "panel_number": "panel", "instance": "instance", "firmware": "firmware", "parent_serial": "behind", "online": "on line",
    "profile": "profile", "conflict": "in conflict with",
}  # fmt: skip


class Outcome(msgspec.Struct, frozen=True):
    """What came of it."""

    panels: ScannedPanels
    at: str
    asked: int
    stopped: bool


def discover_t3000(
    *,
    as_json: bool,
    as_toml: bool,
    interface: str | None,
    port: int | None,
    targets: tuple[str, ...],
    listen_port: int | None,
    wait_s: float,
) -> bool:
    """Search, and print what was found. **Returns**: whether all of it was done; False when it was stopped early."""
    if port == 0:
        raise click.UsageError("--port 0 is for --bacnet: panels listen at 1234")
    asked = tuple(_target(text, port or PORT) for text in targets)
    here = bool(asked) and all(host.startswith("127.") for host, _ in asked)
    wanted = interface or ("127.0.0.1" if here else "")
    endpoint = chosen(wanted, listen_port or 0, by_option=True)
    outcome = run_until_signal(partial(_search, endpoint, asked, port or PORT, wait_s))
    rows = rows_of(outcome.panels.listed(), profiles_of)
    if as_json:
        print_json(rows)
    elif as_toml:
        click.echo(file_text(rows), nl=False)
    elif rows:
        print_table(
            rows, {key: heading for key, heading in COLUMNS.items() if any(row[key] is not None for row in rows)}
        )
    for line in [*conflicts_of(rows), *resting(outcome.panels.in_boot_loader()), _summary(outcome, asked, len(rows))]:
        click.echo(line, err=True)
    return not outcome.stopped


async def _search(
    endpoint: Endpoint, targets: tuple[Address, ...], port: int, wait_s: float, stop: trio.Event
) -> Outcome:
    panels = ScannedPanels()

    def hear(datagram: bytes, sender: str) -> None:
        try:
            panels.take(decode(datagram), sender)
        except BadResponse:
            panels.nonsense += 1

    doors = bind(endpoint.address, endpoint.port, broadcast=None if targets else endpoint.broadcast)
    try:
        at = doors.at
        if not targets and doors.everybody is None:
            raise LinkDown(f"{at}: no broadcast here: ask single addresses by --target")
        asked = targets or (() if doors.everybody is None else ((doors.everybody, port),))
        pause_s = min(PAUSE_S, wait_s)
        sent = await scan(doors, asked, hear, rounds=ROUNDS, pause_s=pause_s, wait_s=wait_s, stop=stop)
    finally:
        doors.close()
    return Outcome(panels, at, sent, stop.is_set())


def _target(text: str, port: int) -> Address:
    """Check a target; a host's name becomes its address."""
    try:
        host, number = split_address(text, port)
        return str(ipaddress.IPv4Address(socket.gethostbyname(host))), number
    except (ValueError, OSError):
        raise click.UsageError(f'--target: saw "{quoted(text)}"; allowed: {ADDRESS_FORM}, of IPv4') from None


def _summary(outcome: Outcome, targets: tuple[Address, ...], devices: int) -> str:
    panels = outcome.panels
    found = f"{devices} device{'' if devices == 1 else 's'}"
    odd = ((panels.nonsense, "that made no sense"), (panels.ignored, "beyond what can be kept"))
    told = ", ".join(f"{count} answers {text}" for count, text in odd if count)
    whom = ", ".join(join_address(*target) for target in targets) or "everybody on that network"
    whom = whom if len(whom) <= 80 else f"{len(targets)} targets"
    early = "stopped early; " if outcome.stopped else ""
    said = f"{early}{found}{f' ({told})' if told else ''}; from {outcome.at}, {outcome.asked} questions to {whom}"
    hint = "check --interface, a firewall that drops UDP (--listen-port), and for other networks --target"
    return said + ("" if devices or panels.nonsense else f". Nobody answered: {hint}")
