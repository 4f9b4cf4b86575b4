"""`t3actors forget NAME`: a device that was discovered is not polled any more; `--never-online`: those that never answered are gone."""

from __future__ import annotations

from pathlib import Path

import click

from t3actors import clock
from t3actors.cli.exits import Exit
from t3actors.cli.whereabouts import Whereabouts, find
from t3actors.errors import AlreadyRunning, StoreUnreachable
from t3actors.store.forget import SINCE_SCHEMA, forget_never_online
from t3actors.store.forget import forget as forget_device
from t3actors.store.lock import data_dir_locked
from t3actors.store.memory import panels, remembered
from t3actors.store.migrate import schema_files, schema_of
from t3actors.store.reading_connection import open_for_reading
from t3actors.store.sqlite_errors import translated

NAMED_AT_MOST = 20


@click.command()
@click.argument("name", required=False)
@click.argument("config", type=click.Path(path_type=Path), required=False)
@click.option("--data", type=click.Path(path_type=Path), help="The data directory, instead of CONFIG.")
@click.option(
    "--never-online",
    is_flag=True,
    help="All that were found and never answered, instead of NAME; nothing is left of them.",
)
def forget(name: str | None, config: Path | None, data: Path | None, never_online: bool) -> None:
    """Forget the discovered device NAME of the gateway that CONFIG or --data DIR names.

    NAME is `bacnet:<network>:<mac>:<instance>`; or, of a panel that its T3000 has no more, `<installation>:<serial number>`.

    It is not polled at the next start; its rows and its history stay. If it answers to the next search, it is found again.
    The gateway must be stopped: exit code 75 while it runs. 1: no such device was discovered.
    """
    if never_online:
        if config is not None:
            raise click.UsageError("--never-online stands instead of NAME")
        _forget_never_online(find(None if name is None else Path(name), data))
        return
    if name is None:
        raise click.UsageError("which device? its NAME, or --never-online")
    where = _existing(find(config, data))
    try:
        with data_dir_locked(where.data_dir):
            if forget_device(where.database, name, clock.wall_ms()):
                click.echo(f"{name}: forgotten; its rows and history stay")
                return
            names = _discovered(where.database)
    except AlreadyRunning as running:
        raise AlreadyRunning(f"{running}; stop it first: it would go on polling {name}") from None
    there = ", ".join(names[:NAMED_AT_MOST]) + (", ..." if len(names) > NAMED_AT_MOST else "")
    click.echo(f"t3actors: no device {name!r} was discovered; there are: {there or 'none'}", err=True)
    raise SystemExit(Exit.FAILED)


def _forget_never_online(where: Whereabouts) -> None:
    try:
        with data_dir_locked(_existing(where).data_dir):
            names = forget_never_online(where.database)
    except AlreadyRunning as running:
        raise AlreadyRunning(f"{running}; stop it first: it knows them too") from None
    for name in names:
        click.echo(f"{name}: gone")
    click.echo(f"{len(names)} devices that were found and never answered are gone")


def _existing(where: Whereabouts) -> Whereabouts:
    if not where.database.exists():
        raise StoreUnreachable(f"{where.database}: no such database")
    return where


def _discovered(database: Path) -> list[str]:
    if schema_of(database, schema_files()[-1].number) < SINCE_SCHEMA:
        return []
    connection = open_for_reading(database)
    try:
        with translated(database, connection):
            return [device.name for device in remembered(connection)] + panels(connection)
    finally:
        connection.close(True)
