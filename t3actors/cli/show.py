"""`t3actors status`, `devices`, `points`, `alarms`: what is known of a gateway, without disturbing it.

Where no gateway runs the last-known data is shown, marked as such, and the exit code is 69; where one runs that cannot
write its database, likewise, but the code is 0.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click
import msgspec

from t3actors.cli.exits import Exit
from t3actors.cli.life import Life, last_word, life_of, state_of
from t3actors.cli.tables import print_json, print_table, shown
from t3actors.cli.whereabouts import Whereabouts, find
from t3actors.moments import MOMENT_FORM, age, clock_time, moment_ms, span
from t3actors.points import Status
from t3actors.store.reader import Reader, open_reader

Verb = Callable[..., Any]


class Look(msgspec.Struct, frozen=True):
    """One look at a gateway: where, through what, and whether it lives."""

    where: Whereabouts
    reader: Reader
    gateway: dict[str, Any]
    life: Life
    now_ms: int

    @property
    def live(self) -> bool:
        """Whether what is shown is as it is now."""
        return self.life is Life.RUNNING

    @property
    def state(self) -> str:
        """How the gateway is, in words."""
        return state_of(self.life, self.gateway.get("heartbeat_at"), self.now_ms)


def looks_at_a_gateway(verb: Verb) -> Verb:
    """Give a verb the arguments that name a gateway."""
    for decorate in (
        click.option("--json", "as_json", is_flag=True, help="One JSON object per line; times are Unix milliseconds."),
        click.option("--data", type=click.Path(path_type=Path), help="The gateway's data_dir, instead of CONFIG."),
        click.argument("config", required=False, type=click.Path(path_type=Path)),
    ):
        verb = decorate(verb)
    return verb


@click.command()
@looks_at_a_gateway
def status(config: Path | None, data: Path | None, as_json: bool) -> None:
    """Say how the gateway and its devices are: one look when something is wrong.

    Exit code 69 when no gateway is running there.
    """
    with looking(config, data) as look:
        devices, points = _devices(look), _points(look)
        counts = {
            "devices": dict(Counter(str(row["status"]) for row in devices)),
            "points": dict(Counter(str(row["status"]) for row in points)),
        }
        health = _health(look)
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
            click.echo(f"{what}: {total}" + "".join(f", {count} {word}" for word, count in sorted(by_status.items())))
        for line in _health_lines(health, look.where.zone):
            click.echo(line)
        troubled = [row for row in devices if row["status"] != "online"]
        if troubled:
            click.echo()
            _print_devices(troubled, look)


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
            _refuse_unknown(device, look)
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
            _refuse_unknown(device, look)
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


@contextmanager
def looking(config: Path | None, data: Path | None) -> Iterator[Look]:
    where = find(config, data)
    now_ms = time.time_ns() // 1_000_000
    with closing(open_reader(where.database)) as reader:
        row = reader.gateway()
        gateway = {} if row is None else msgspec.structs.asdict(row)
        look = Look(where, reader, gateway, life_of(where.data_dir, gateway, now_ms), now_ms)
        yield look
    heard = clock_time(gateway.get("heartbeat_at"), where.zone) or "never"
    word = last_word(look.life, where.data_dir, look.state, heard)
    if word is not None:
        click.echo(word, err=True)
    if look.life is Life.NOT_RUNNING:
        raise SystemExit(Exit.NOT_RUNNING)


def _health(look: Look) -> dict[str, Any] | None:
    """Ask a running gateway how it is; None where it does not say: the database alone must do then."""
    if look.life is Life.NOT_RUNNING:
        return None
    from t3actors.cli.asking import ask  # noqa: PLC0415 - the standard library's HTTP takes long to import

    try:
        answer: dict[str, Any] = ask(look.where, "GET", "/health", answers_within_s=2.0, also=(503,))
    except (click.ClickException, SystemExit):
        return None
    return answer


def _health_lines(health: dict[str, Any] | None, zone: dt.tzinfo) -> Iterator[str]:
    """Say what is not well, and what holds instead of the configuration."""
    if health is None:
        return
    from t3actors.cli.control import overridden  # noqa: PLC0415 - likewise

    for part in ("loop", "detector", "store", "actors"):
        seen = health.get(part)
        if seen is not None and seen["state"] != "ok":
            yield f"{part}: {seen['state']} since {clock_time(seen['since_at'], zone)}: {shown(seen['reason'])}"
    for link in health.get("troubled_links", []):
        yield f"{link['link']}: {link['state']} since {clock_time(link['since_at'], zone)}: {shown(link['reason'])}"
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
    if not look.live and row["status"] not in ("unknown", "disabled"):
        why = "no gateway is running" if look.life is Life.NOT_RUNNING else f"the gateway is {look.state}"
        row["status_reason"] = f"{why}; it was {row['status']}"
        row["status"] = "unknown"
    if not look.live and "device_status" in row:
        row["device_status"] = "unknown"
    return {**row, "live": look.live}


def _print_devices(rows: list[dict[str, Any]], look: Look) -> None:
    print_table(
        [{**row, "heard": age(row["last_ok_at"], look.now_ms)} for row in rows],
        {"name": "device", "status": "status", "address": "address", "serial_number": "serial", "heard": "last ok",
         "achieved_interval_s": "every s", "polls_ok": "polls", "polls_failed": "failed", "status_reason": "reason"},
    )  # fmt: skip


def _refuse_unknown(device: str, look: Look) -> None:
    names = [row.name for row in look.reader.devices()]
    if device not in names:
        near = get_close_matches(device, names, n=1)
        hint = f'did you mean "{near[0]}"?' if near else "t3actors devices lists them"
        raise click.ClickException(f'no device "{device}"; {hint}')


def split_point(point: str, look: Look) -> tuple[str, str]:
    device, _, point_id = point.partition("/")
    if not any(row.point_id == point_id for row in look.reader.points(device)):
        near = get_close_matches(point, [f"{row.name}/{row.point_id}" for row in look.reader.points()], n=1)
        hint = f'did you mean "{near[0]}"?' if near else "t3actors points lists them"
        raise click.ClickException(f'no point "{point}"; a point is device/point_id; {hint}')
    return device, point_id


def moment_of(text: str, option: str, look: Look) -> int:
    try:
        return moment_ms(text, look.now_ms, look.where.zone)
    except (ValueError, OverflowError):
        raise click.BadParameter(f'saw "{text}"; allowed: {MOMENT_FORM}', param_hint=option) from None
