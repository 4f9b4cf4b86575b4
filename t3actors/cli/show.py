"""`t3actors status`, `devices`, `points`, `alarms`: what is known of a gateway, without disturbing it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from t3actors.cli.control import overridden
from t3actors.cli.life import Life
from t3actors.cli.looking import Look, looking, looks_at_a_gateway
from t3actors.cli.tables import print_json, print_table, shown
from t3actors.moments import age, clock_time, span
from t3actors.points import Status
from t3actors.rows import retold


@click.command()
@looks_at_a_gateway
def status(config: Path | None, data: Path | None, as_json: bool) -> None:
    """Say how the gateway and its devices are: one look when something is wrong.

    Exit code 69 when no gateway is running there, 1 when one is that does not answer.
    """
    with looking(config, data) as look:
        health = look.health
        devices = _as_set_by_hand(_devices(look), health)
        counts, as_of = _counted(look, devices)
        if as_json:
            how = {"live": look.live, "state": look.life.name.lower(), "database": str(look.where.database)}
            print_json([{**look.gateway, **how, **counts, "health": health}])
            return
        gateway = look.gateway
        click.echo(f"gateway {gateway.get('name', '?')} {gateway.get('version', '')}: {look.state}")
        click.echo(
            f"  started {clock_time(gateway.get('started_at'), look.where.zone)}, heard {age(gateway.get('heartbeat_at'), look.now_ms)} ago"
        )
        click.echo(f"  database {look.where.database}")
        for what, by_status in counts.items():
            total = sum(by_status.values())
            click.echo(
                f"{what}: {total}" + "".join(f", {count} {word}" for word, count in sorted(by_status.items())) + as_of
            )
        for line in _health_lines(health, look.where.zone):
            click.echo(line)
        troubled = [row for row in devices if row["status"] != "online"]
        if troubled:
            click.echo()
            _print_devices(troubled, look)
            if look.live:
                click.echo("(last ok, polls and failed: as stored, up to 20 s ago)")


@click.command()
@looks_at_a_gateway
def devices(config: Path | None, data: Path | None, as_json: bool) -> None:
    """List the devices: how each is, why, and when it last answered."""
    with looking(config, data) as look:
        rows = _devices(look)
        if as_json:
            print_json(rows)
        else:
            _print_devices(rows, look)


@click.command()
@looks_at_a_gateway
@click.option("--device", help="Only this device's.")
@click.option("--status", "wanted", type=click.Choice([str(status) for status in Status]), help="Only those of it.")
def points(config: Path | None, data: Path | None, as_json: bool, device: str | None, wanted: str | None) -> None:
    """List the points: value, unit, status and age of each, by the name device/point_id."""
    with looking(config, data) as look:
        if device is not None:
            look.refuse_unknown(device)
        rows = [row for row in _points(look, device) if wanted is None or row["status"] == wanted]
        if as_json:
            print_json(rows)
            return
        print_table(
            [
                {
                    **row,
                    "shown": row["text"] if row["text"] is not None else row["value"],
                    "age": age(row["sampled_at"], look.now_ms),
                }
                for row in rows
            ],
            {
                "point": "point",
                "shown": "value",
                "units": "units",
                "status": "status",
                "age": "age",
                "mode": "mode",
                "label": "label",
                "status_reason": "reason",
            },
        )


@click.command()
@looks_at_a_gateway
@click.option("--device", help="Only this device's.")
@click.option("--all", "also_over", is_flag=True, help="Those that are over as well.")
@click.option(
    "--limit", default=1000, show_default=True, type=click.IntRange(1, 1_000_000), help="At most the newest N."
)
def alarms(
    config: Path | None, data: Path | None, as_json: bool, device: str | None, also_over: bool, limit: int
) -> None:
    """List the alarms that stand, as their devices have them: the gateway raises and acknowledges none of its own.

    A device that does not answer keeps its alarms as they were last seen: look at its status beside them.
    """
    with looking(config, data) as look:
        if device is not None:
            look.refuse_unknown(device)
        found = look.reader.alarms(device, limit, standing=not also_over)
        rows = [{**msgspec.structs.asdict(row), "live": look.live} for row in found]
        if as_json:
            print_json(rows)
            return
        print_table(
            [
                {
                    **row,
                    "raised": raised_text(row, look.where.zone),
                    "over": clock_time(row["cleared_at"], look.where.zone) or "",
                    "seen": clock_time(row["acked_at"], look.where.zone) or ("yes" if row["acknowledged"] else ""),
                    "device_status": row["device_status"] if look.live else "unknown",
                }
                for row in rows
            ],
            {"name": "device", "device_status": "is", "source": "source", "alarm_state": "alarm", "raised": "raised",
             "over": "over", "seen": "acknowledged", "priority": "priority", "message": "message"},
        )  # fmt: skip


def raised_text(row: dict[str, Any], zone: dt.tzinfo) -> str:
    """Write since when an alarm stands, and that its device's clock was wrong when it said so."""
    at, off_s = clock_time(row["raised_at"], zone), row["clock_off_s"]
    if off_s is None:
        return at
    return f"{at} (its clock: {span(abs(off_s))} {'fast' if off_s > 0 else 'slow'})"


def _counted(look: Look, devices: list[dict[str, Any]]) -> tuple[dict[str, dict[str, int]], str]:
    """Count devices and points by status: by the gateway's own word of this second where it has one, else as stored.

    **Returns**: the counts, and as of when they are where that is not now.
    """
    health = look.health
    if look.live and health is not None and health["detector"]["state"] == "ok":
        return {"devices": _by_word(health["devices"]), "points": _by_word(health["points_by_status"])}, ""
    stored = {"devices": dict(Counter(str(row["status"]) for row in devices))}
    stored["points"] = dict(Counter(str(row["status"]) for row in _points(look)))
    heard = clock_time(look.gateway.get("heartbeat_at"), look.where.zone)
    return stored, f" (as of {heard})" if look.live and heard else ""


def _by_word(counts: dict[str, int]) -> dict[str, int]:
    return {word: count for word, count in counts.items() if count}


def _as_set_by_hand(devices: list[dict[str, Any]], health: dict[str, Any] | None) -> list[dict[str, Any]]:
    """What was stopped by hand is disabled at once; its row says so some seconds later."""
    overrides = {} if health is None else health.get("overrides", {})
    stopped = {name for name, override in overrides.items() if override["stopped"]}
    changed = {"status": "disabled", "status_reason": "stopped by hand"}
    return [{**row, **changed} if row["name"] in stopped and row["status"] != "disabled" else row for row in devices]


def _health_lines(health: dict[str, Any] | None, zone: dt.tzinfo) -> Iterator[str]:
    """Say what is not well, and what holds instead of the configuration."""
    if health is None:
        return
    for part in ("loop", "detector", "store", "actors", "webview"):
        seen = health.get(part)
        if seen is not None and seen["state"] != "ok":
            yield f"{part}: {seen['state']} since {clock_time(seen['since_at'], zone)}: {shown(seen['reason'])}"
    for link in health.get("troubled_links", []):
        yield f"{link['link']}: {link['state']} since {clock_time(link['since_at'], zone)}: {shown(link['reason'])}"
    for door in health.get("t3000", []):
        if door["state"] != "ok":
            since = clock_time(door["since_at"], zone)
            yield f"T3000 {door['device']}: {door['state']} since {since}: {shown(door['reason'])}"
    if health.get("growth_mb_a_day") is not None:
        yield f"the database grows by {health['growth_mb_a_day']:.1f} MB a day"
    for device, override in health.get("overrides", {}).items():
        yield f"overridden until the gateway is restarted: {device} is {overridden(override)}"


def _devices(look: Look) -> list[dict[str, Any]]:
    return [_as_known(msgspec.structs.asdict(row), look) for row in look.reader.devices()]


def _points(look: Look, device: str | None = None) -> list[dict[str, Any]]:
    rows = (_as_known(msgspec.structs.asdict(row), look) for row in look.reader.points(device))
    return [{"point": f"{row['name']}/{row['point_id']}", **row} for row in rows]


def _as_known(row: dict[str, Any], look: Look) -> dict[str, Any]:
    """Nothing reads as live where no gateway runs or writes, whatever the row says."""
    why = "no gateway is running" if look.life is Life.NOT_RUNNING else f"the gateway is {look.state}"
    row["status_reason"] = retold(row["status_reason"], why)
    if not look.live and row["status"] not in ("unknown", "disabled"):
        row["status_reason"] = f"{why}; it was {row['status']}"
        row["status"] = "unknown"
    if not look.live and "device_status" in row:
        row["device_status"] = "unknown"
    return {**row, "live": look.live}


def _print_devices(rows: list[dict[str, Any]], look: Look) -> None:
    print_table(
        [
            {**row, "heard": age(row["last_ok_at"], look.now_ms), "every": _seconds(row["achieved_interval_s"])}
            for row in rows
        ],
        {"name": "device", "status": "status", "address": "address", "serial_number": "serial", "heard": "last ok",
         "every": "every s", "polls_ok": "polls", "polls_failed": "failed", "status_reason": "reason"},
    )  # fmt: skip


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.3g}"
