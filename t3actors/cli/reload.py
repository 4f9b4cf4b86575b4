"""`t3actors reload`: have the running gateway read its configuration anew."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

import click

from t3actors.cli.asking import ask
from t3actors.cli.control import asks_a_gateway
from t3actors.cli.exits import Exit, complain
from t3actors.cli.tables import print_json
from t3actors.cli.whereabouts import Whereabouts, find
from t3actors.configure.file import said_data_dir
from t3actors.errors import ConfigError

ANSWERS_WITHIN_S = 150.0
REFUSED = 422
SAID = {
    "added": "added",
    "removed": "removed",
    "changed": "started anew",
    "found": "found devices are started anew for",
    "overrides_ended": "no longer as set by hand",
    "waits_for_restart": "needs a restart",
    "failed": "failed",
}


@click.command()
@asks_a_gateway
def reload(config: Path | None, data: Path | None, as_json: bool) -> None:
    """Have the gateway read its configuration anew, and wait until it holds: only devices that differ are started anew.

    A configuration with a fault changes nothing: its faults are printed. Exit code 1 then, when a device could not be started, and when the
    gateway does not answer; 69 when no gateway is running there.
    """
    body = {} if config is None else {"file": str(config.absolute())}
    try:
        where = find(config, data)
    except ConfigError as error:
        directory = None if config is None else said_data_dir(config)
        if directory is None:
            _refuse(error.faults)
        where = Whereabouts(directory, directory)
    answer = ask(where, "POST", "/reload", body, answers_within_s=ANSWERS_WITHIN_S, also=(REFUSED,))
    if "faults" in answer:
        _refuse(answer["faults"])
    if as_json:
        print_json([answer])
    else:
        _tell(answer)
    if answer["failed"]:
        raise SystemExit(Exit.FAILED)


def _refuse(faults: Iterable[str]) -> NoReturn:
    for line in (*faults, "t3actors: refused; the gateway goes on as it was"):
        complain(line)
    raise SystemExit(Exit.FAILED)


def _tell(answer: dict[str, Any]) -> None:
    lines = [f"{said}: {', '.join(answer[key])}" for key, said in SAID.items() if answer[key]]
    for line in lines or ["nothing differs"]:
        click.echo(line)
    click.echo(f"{answer['devices']} devices are configured; {answer['file']} was taken up in {answer['took_s']:g} s")
