"""`t3actors device start|stop` and `set-interval`: what holds until the gateway is restarted."""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path
from typing import Any

import click

from t3actors.cli.asking import Refusal, ask
from t3actors.cli.exits import Told
from t3actors.cli.tables import print_json
from t3actors.cli.whereabouts import find
from t3actors.quoting import quoted

CONFIGURED = "configured"
_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._:@-]+")
"""As a path may have it between its slashes: no device has another."""


def asks_a_gateway(verb: Any) -> Any:
    """Give a verb the arguments that name the gateway it asks."""
    for decorate in (
        click.option("--json", "as_json", is_flag=True, help="One JSON object: what holds now."),
        click.option("--data", type=click.Path(path_type=Path), help="The gateway's data_dir, instead of CONFIG."),
        click.argument("config", required=False, type=click.Path(path_type=Path)),
    ):
        verb = decorate(verb)
    return verb


@click.group()
def device() -> None:
    """Have a device polled no more, or again: until the gateway is restarted."""


@device.command()
@click.argument("name", metavar="DEVICE")
@asks_a_gateway
def stop(name: str, config: Path | None, data: Path | None, as_json: bool) -> None:
    """Have DEVICE polled no more. Its points read `disabled` until it is started, or the gateway is."""
    _change(config, data, as_json, "POST", name, "/stop")


@device.command()
@click.argument("name", metavar="DEVICE")
@asks_a_gateway
def start(name: str, config: Path | None, data: Path | None, as_json: bool) -> None:
    """Have DEVICE polled again that was stopped."""
    _change(config, data, as_json, "POST", name, "/start")


@click.command("set-interval")
@click.argument("name", metavar="DEVICE")
@click.argument("interval", metavar="INTERVAL")
@asks_a_gateway
def set_interval(name: str, interval: str, config: Path | None, data: Path | None, as_json: bool) -> None:
    """Have DEVICE polled every INTERVAL ("500ms", "10s", "5m") until the gateway is restarted; "configured" takes that back.

    Points with an interval of their own in the configuration keep it. A value counts as stale after as many missed polls as before.
    """
    wanted = None if interval == CONFIGURED else interval
    try:
        _change(config, data, as_json, "PATCH", name, "", {"poll_interval": wanted})
    except Refusal as refused:
        if refused.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            raise click.UsageError(f'{refused.message}; or "{CONFIGURED}"') from None
        raise


def overridden(override: dict[str, Any] | None) -> str:
    """Say what holds instead of the configuration; empty when nothing does."""
    if not override:
        return ""
    parts = ["stopped by hand"] if override["stopped"] else []
    if override["poll_interval_s"] is not None:
        parts.append(f"polled every {override['poll_interval_s']:g} s")
    return ", ".join(parts)


def _change(
    config: Path | None,
    data: Path | None,
    as_json: bool,
    method: str,
    name: str,
    action: str,
    body: dict[str, Any] | None = None,
) -> None:
    where = find(config, data)
    if _NAME.fullmatch(name) is None:
        raise Told(f'no device "{quoted(name)}"; t3actors devices lists them')
    answer = ask(where, method, f"/devices/{name}{action}", body, answers_within_s=30.0)
    if as_json:
        print_json([answer])
        return
    held = overridden(answer["override"])
    click.echo(f"{answer['device']}: " + (f"{held}, until the gateway is restarted" if held else "as configured"))
