"""`t3actors check CONFIG`: is it right, and what will it cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import msgspec

from t3actors.cli.exits import Exit
from t3actors.cli.here import faults_here
from t3actors.cli.tables import print_json, print_table
from t3actors.collect.bacnet.link.interfaces import list_addresses, must_be_chosen
from t3actors.collect.modbus.blocks import Limits, Want, plan
from t3actors.collect.modbus.profiles import profiles
from t3actors.config import Config, DeviceConfig, ModbusPoint
from t3actors.configure.budget import BudgetPlan
from t3actors.configure.budget import plan as plan_budget
from t3actors.configure.cost import ANSWER_S, SERIAL_BAUD, Cost, estimate
from t3actors.configure.durations import duration_text
from t3actors.configure.file import load
from t3actors.configure.points import words_of
from t3actors.errors import ConfigError
from t3actors.store.webview.place import list_mounts, must_be_here


@click.command()
@click.argument("config", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line: kind is fault, device, line or total.")
def check(config: str, as_json: bool) -> None:
    """Say every fault of CONFIG at once: file, key, what was seen, what is allowed. Then what it will cost.

    Nothing is connected or created. Of this machine its own addresses and mounts are looked at, whether you may write its logs, and
    whether the library of a T3000 can be loaded: run it as the gateway's user. Exit code 78 when the configuration is refused.
    """
    try:
        checked = load(config)
        _must_fit_here(checked)
    except ConfigError as refused:
        if not as_json:
            raise
        print_json({"kind": "fault", "fault": fault} for fault in refused.faults)
        raise SystemExit(Exit.CONFIG) from None
    most_points = {name: profile.most_points for name, profile in profiles().items()}
    cost = estimate(checked, requests_of, most_points)
    budget = plan_budget(checked, most_points, cost.changing_share)
    if as_json:
        _print_json(checked, cost, budget)
    else:
        _print_text(checked, cost)
        _print_budget(cost, budget)
    if budget.refusal:
        raise SystemExit(Exit.CONFIG)


def _must_fit_here(config: Config) -> None:
    """Refuse what this machine does not have. **Raises**: ConfigError, with every fault."""
    faults: list[str] = []
    for look in (partial(must_be_chosen, config, list_addresses), partial(must_be_here, config, list_mounts)):
        try:
            look()
        except ConfigError as refused:
            faults += refused.faults
    faults += faults_here(config)
    if faults:
        raise ConfigError(faults)


def requests_of(device: DeviceConfig, points: Sequence[ModbusPoint]) -> list[int]:
    """Plan one poll as the driver will: the number of registers (or bits, 16 to a register) of each request."""
    wants = [Want(point.table, point.register, words_of(point)) for point in points]
    if device.profile is not None:
        wants = list(profiles()[device.profile].everything())
    blocks = plan(wants, Limits(max_registers=device.max_registers, max_gap=device.max_gap))
    return [block.size if block.table in ("holding", "input") else -(-block.size // 16) for block in blocks]


def notes_on(config: Config) -> list[str]:
    """Name what the file asks for and this version does not do, and what its cost leaves out."""
    notes = []
    if not config.gateway.auto_start:
        notes.append(
            "[gateway] auto_start = false: nothing is polled before `t3actors sync` or POST /sync, but by run --once"
        )
    found = "off" if config.bacnet is None else config.bacnet.discover
    if found == "list":
        notes.append('[bacnet] discover = "list": devices that are seen are reported, and not polled')
    if polls_found(config):
        notes.append(
            f'[bacnet] discover = "{found}": devices found are polled as well; they are not known yet, nor what they will cost'
        )
    if config.store.webview is not None and _offset_of(config.gateway.time_zone) != _offset_of(None):
        notes.append(
            f"[gateway] time_zone = {config.gateway.time_zone}: this machine's own is another; T3000 shows history by its machine's"
        )
    unknown = sum(device.enabled and device.protocol == "bacnet" for device in config.devices)
    if unknown:
        notes.append(f"BACnet devices: {unknown}; their cost is not estimated, for they list their points themselves")
    installations = sum(device.enabled and device.protocol == "t3000" for device in config.devices)
    if installations:
        notes.append(f"T3000s: {installations}; their cost is not estimated, for they list their panels themselves")
    return notes


def _offset_of(time_zone: str | None) -> timedelta | None:
    """Return how far that zone's clock is from UTC now; None: this machine's own."""
    return datetime.now(UTC).astimezone(None if time_zone is None else ZoneInfo(time_zone)).utcoffset()


def polls_found(config: Config) -> bool:
    """Say whether devices are polled that the file does not name."""
    return config.bacnet is not None and config.bacnet.discover in {"temco", "all"}


def _print_budget(cost: Cost, budget: BudgetPlan) -> None:
    if not cost.devices or not budget.budget_mb:
        return
    for share in budget.shares:
        click.echo(f"  {share.what}: {share.mb:.4g} MB = {share.reckoned}")
    if budget.raw_days is not None:
        click.echo(
            f"budget: {budget.budget_mb:.4g} MB; samples go back about {budget.raw_days:.0f} days, then the oldest go"
        )
    else:
        click.echo(f"budget: {budget.budget_mb:.4g} MB, of which {budget.needed_mb:.4g} MB are asked for")
    if budget.refusal:
        click.echo(f"refused: {budget.refusal}", err=True)


def _print_json(config: Config, cost: Cost, budget: BudgetPlan) -> None:
    print_json({"kind": "device", **msgspec.structs.asdict(device)} for device in cost.devices)
    print_json({"kind": "line", **msgspec.structs.asdict(line)} for line in cost.lines)
    total = {key: value for key, value in msgspec.structs.asdict(cost).items() if key not in ("devices", "lines")}
    webview = config.store.webview
    named = {
        "config_hash": config.source_hash,
        "database": str(config.store.database),
        "webview_database": None if webview is None else str(webview.database),
        "devices": len(config.devices),
    }
    print_json([{"kind": "budget", **msgspec.to_builtins(budget)}])
    if budget.refusal:
        print_json([{"kind": "fault", "fault": budget.refusal}])
    print_json([{"kind": "total", "gateway": config.gateway.name, **named, **total, "notes": notes_on(config)}])


def _what_is_there(path: Path, data_dir: Path) -> str:
    """Look, but touch nothing: whether it is T3000's the run will say."""
    if path.exists():
        return "is there, and will be joined" if path.is_file() else "cannot be joined: it is no file"
    is_made = path.parent == data_dir or path.parent.is_dir()  # a data_dir that is not there is made at the start
    return "will be made" if is_made else "cannot be made: no such folder"


def _print_text(config: Config, cost: Cost) -> None:
    click.echo(f"{config.gateway.name}: no fault found (configuration {config.source_hash})")
    click.echo(f"database: {config.store.database}")
    if config.store.webview is not None:
        click.echo(
            f"T3000's database: {config.store.webview.database} ({_what_is_there(config.store.webview.database, config.gateway.data_dir)})"
        )
    enabled = sum(device.enabled for device in config.devices)
    idle = len(config.devices) - enabled
    click.echo(f"devices: {enabled}" + (f", and {idle} not enabled" if idle else "") + f"; points: {cost.points}")
    for note in notes_on(config):
        click.echo(f"note: {note}")
    if not cost.devices:
        if not enabled and not polls_found(config):
            click.echo("Nothing will be polled.")
        return
    click.echo()
    print_table(
        [{**msgspec.structs.asdict(device), "every": duration_text(device.poll_interval_s)} for device in cost.devices],
        {"device": "device", "address": "address", "unit_id": "unit", "points": "points", "every": "every",
         "requests_per_poll": "requests/poll", "requests_per_s": "requests/s"},
    )  # fmt: skip
    click.echo()
    print_table(
        [{**msgspec.structs.asdict(line), "busy": f"{line.share:.1%}"} for line in cost.lines],
        {"address": "line", "devices": "devices", "requests_per_s": "requests/s", "busy": "share of its time"},
    )
    click.echo()
    click.echo(
        f"total: {cost.requests_per_s:.3g} requests/s, {cost.registers_per_s:.4g} registers/s, {cost.readings_per_s:.4g} readings/s"
    )
    click.echo(
        f"history: {cost.history_mb_a_day:.3g} MB a day when {cost.changing_share:.0%} of readings are changes, "
        f"{cost.history_mb_a_day_worst:.3g} MB a day at worst, when all are ({cost.sample_bytes} bytes a sample)"
    )
    click.echo(
        f"taken for granted: {ANSWER_S * 1000:.0f} ms for an answer; behind an address with several units a serial line "
        f"at {SERIAL_BAUD} baud; every point of a profile"
    )
    for line in cost.lines:
        if line.share > 0.8:
            click.echo(
                f"warning: {line.address} would be asked {line.share:.0%} of the time: give its devices a longer poll_interval"
            )
