"""Brings a database up to this version's schema: numbered files, forward only, one transaction each.

`PRAGMA user_version` is the schema number, `PRAGMA application_id` says that the file is ours. A file that is not, or that
a newer gateway wrote, is refused before a byte of it is changed.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import apsw
import msgspec

from t3actors.errors import SchemaTooNew, StoreDamaged, StoreUnreachable
from t3actors.store.ours import APPLICATION_ID
from t3actors.store.reading_connection import open_for_reading
from t3actors.store.sqlite_errors import translated

MAGIC = b"SQLite format 3\0"
_NAME = re.compile(r"(\d{3})_\w+\.sql")


class SchemaFile(msgspec.Struct, frozen=True):
    """One numbered step."""

    number: int
    name: str
    sql: str


@functools.cache
def schema_files() -> tuple[SchemaFile, ...]:
    """Return the schema files of this version in order. Read once: a later version may be installed while this one runs."""
    folder = resources.files("t3actors.store") / "schema"
    found = []
    for entry in folder.iterdir():
        match = _NAME.fullmatch(entry.name)
        if match:
            found.append(SchemaFile(int(match[1]), entry.name, entry.read_text(encoding="utf-8")))
    return tuple(sorted(found, key=lambda file: file.number))


def schema_of(path: Path, known: int) -> int:
    """Return the schema number of the file at that path, 0 for none, having changed nothing, not even its WAL.

    **Raises**: SchemaTooNew, StoreUnreachable when it is not ours, StoreDamaged when it is no database any more.
    """
    with translated(path):
        if not path.exists():
            return 0
    try:
        connection = open_for_reading(path)
    except StoreDamaged:
        with translated(path):
            if _is_text(path):
                raise StoreUnreachable(
                    f"{path}: this is not a database; name another file under [store] database"
                ) from None
        raise
    try:
        return found_schema(connection, path, known)
    finally:
        connection.close()


def _is_text(path: Path) -> bool:
    """Say whether it is somebody's text file; noise where our file should be is damage.

    Not asked of a database: to close a file takes the locks away that this process has on it.
    """
    with path.open("rb") as file:
        head = file.read(len(MAGIC))
    return head not in {b"", MAGIC} and head.isascii() and head.decode().replace("\n", " ").isprintable()


def found_schema(connection: apsw.Connection, path: Path, known: int) -> int:
    """Return the file's schema number, 0 for an empty file, having changed nothing.

    **Raises**: SchemaTooNew, StoreUnreachable when it is not ours.
    """
    with translated(path, connection):
        application_id, version = connection.pragma("application_id"), connection.pragma("user_version")
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' LIMIT 3")]
    if not tables and not application_id and not version:
        return 0
    if application_id != APPLICATION_ID:
        seen = ", ".join(tables) or "none"
        raise StoreUnreachable(
            f"{path}: this is not a t3actors database (application_id {application_id}, user_version {version}, "
            f"tables: {seen}); name another file under [store] database"
        )
    if version > known:
        raise SchemaTooNew(
            f"{path}: schema {version} was written by a newer t3actors; this one knows schemas up to {known}; "
            "nothing was changed"
        )
    return int(version)


def migrate(connection: apsw.Connection, path: Path, files: Sequence[SchemaFile] | None = None) -> tuple[int, int]:
    """Apply what is missing. **Returns**: the schema before and after. **Raises**: StoreError."""
    steps = schema_files() if files is None else tuple(files)
    newest = steps[-1].number
    before = found_schema(connection, path, newest)
    for step in steps:
        if step.number <= before:
            continue
        with translated(path, connection):
            _apply(connection, step)
    return before, newest


def _apply(connection: apsw.Connection, step: SchemaFile) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(step.sql)
        connection.pragma("application_id", APPLICATION_ID)
        connection.pragma("user_version", step.number)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite may have rolled it back itself
            connection.execute("ROLLBACK")
        raise
