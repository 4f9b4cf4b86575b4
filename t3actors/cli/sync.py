"""`t3actors sync`: have the running gateway poll now."""

from __future__ import annotations

from pathlib import Path

import click

from t3actors.cli.asking import ask
from t3actors.cli.exits import Exit
from t3actors.cli.tables import print_json, print_table
from t3actors.cli.whereabouts import find

ANSWERS_WITHIN_S = 150.0  # the gateway itself gives up on a device after 120 s


@click.command()
@click.argument("names", nargs=-1, metavar="[DEVICE]... CONFIG")
@click.option("--data", type=click.Path(path_type=Path), help="The gateway's data_dir, instead of CONFIG.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per device.")
def sync(names: tuple[str, ...], data: Path | None, as_json: bool) -> None:
    """Have the gateway poll these devices, or all, once, now, and wait until the readings are taken.

    Exit code 1 when any device or point failed, and when the gateway does not answer; 69 when none is running there.
    """
    devices, config = (names, None) if data is not None else (names[:-1], Path(names[-1]) if names else None)
    where = find(config, data)
    body = {"devices": list(devices)} if devices else {}
    answer = ask(where, "POST", "/sync", body, answers_within_s=ANSWERS_WITHIN_S)
    results = answer["results"]
    if as_json:
        print_json(results)
    elif results:
        print_table(
            results, {"device": "device", "points_ok": "points ok", "points_failed": "failed", "error": "error"}
        )
    else:
        click.echo("t3actors: no device to poll: none is configured and enabled, and none was found", err=True)
    if answer["failed"] or not results:
        raise SystemExit(Exit.FAILED)
