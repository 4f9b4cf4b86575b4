"""`t3actors doctor`: whether this machine lets a gateway work, and who is in its way."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from t3actors.cli.checkup import findings
from t3actors.cli.exits import Exit
from t3actors.cli.tables import print_json, print_table
from t3actors.cli.whereabouts import find
from t3actors.configure.file import load


@click.command()
@click.argument("config", required=False, type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="The gateway's data_dir, instead of CONFIG: fewer things are looked at.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per finding.")
def doctor(config: Path | None, data: Path | None, as_json: bool) -> None:
    """Look at this machine as it concerns one gateway: clock, disk, database, rights, interfaces, ports and who holds them.

    It changes nothing, needs no root, and works whether the gateway runs or not. Exit code 1 when something is bad.
    """
    where = find(config, data)
    found = list(findings(where, None if config is None else load(config)))
    rows = [msgspec.structs.asdict(each) for each in found]
    if as_json:
        print_json(rows)
    else:
        print_table(rows, {"verdict": "", "what": "looked at", "seen": "seen", "do": "do"})
    if any(each.verdict == "bad" for each in found):
        raise SystemExit(Exit.FAILED)
