"""`t3actors backup FILE`: a copy of the database, while the gateway runs or not."""

from __future__ import annotations

from pathlib import Path

import click

from t3actors.cli.whereabouts import find
from t3actors.store.backup import back_up


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("config", required=False, type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="The gateway's data_dir, instead of CONFIG.")
def backup(file: Path, config: Path | None, data: Path | None) -> None:
    """Copy the database to FILE, consistent as of one moment, and check the copy. FILE must not exist.

    The gateway goes on meanwhile. To restore, stop it and put the copy where its database lies, without -wal and -shm beside it.
    """
    where = find(config, data)
    size = back_up(where.database, file)
    click.echo(f"{file}: {size / 1e6:.1f} MB, checked")
