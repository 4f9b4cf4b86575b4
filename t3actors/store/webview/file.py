"""T3000's own file: opened, or made where there is none; and transactions on it that are short and never in anybody's way.

A file that is there is never changed in its schema. What it lacks is known by `columns`. T3000 puts it into WAL mode itself at each
start; we do the same, so that its readers and we do not wait for each other. SQLite sees to it that a file which was moved away
is not written to its successor's harm when it is closed (databaseIsUnmoved); but it leaves the log behind, and would play it
into the successor. So we empty it first.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import apsw

from t3actors.errors import StoreUnreachable
from t3actors.store.connection import AUTOCHECKPOINT_PAGES
from t3actors.store.sqlite_errors import Interrupted, RowRefused, store_error
from t3actors.store.webview.shape import ID_COLUMNS, INDEX_COLUMNS, TABLES

NEEDED: dict[str, tuple[str, ...]] = {
    "DEVICES": ("SerialNumber",),
    **{
        table: ("SerialNumber", id_column, index_column, "fValue")
        for table, id_column, index_column in zip(TABLES, ID_COLUMNS, INDEX_COLUMNS, strict=True)
    },
    "TRENDLOG_DATA": ("id", "SerialNumber", "PanelId", "PointId", "PointIndex", "PointType"),
    "TRENDLOG_DATA_DETAIL": ("ParentId", "Value", "LoggingTime_Fmt"),
}
"""Without these columns a file is not T3000's."""
WISHED = ("DATA_SYNC_METADATA", "APPLICATION_CONFIG")
"""Without these tables a file serves all the same."""


def schema_sql() -> str:
    """Return the DDL of a file that we make: T3000's tables and columns as it has them."""
    return (resources.files("t3actors.store.webview") / "schema.sql").read_text(encoding="utf-8")


@functools.cache
def newest_columns() -> dict[str, frozenset[str]]:
    """Return the columns that the tables which we write have in a file that we make."""
    connection = apsw.Connection(":memory:")
    try:
        connection.execute(schema_sql())
        return {table: _columns(connection, table) for table in (*NEEDED, *WISHED)}
    finally:
        connection.close()


class WebviewFile:
    """One opening of the file after the other. **Thread**: one; `give_up`: any."""

    def __init__(self, path: Path, busy_timeout_s: float) -> None:
        self.path = path
        self.columns: dict[str, frozenset[str]] = {}
        self.was_created = False
        self.is_outdated = False
        """Its schema was changed since it was opened (T3000's start adds what is missing): `columns` is to be read anew."""
        self._busy_timeout_ms = round(busy_timeout_s * 1000)
        self._connection: apsw.Connection | None = None
        self._version = self._schema = -1
        self._given_up = False

    @property
    def is_open(self) -> bool:
        """Say whether there is a connection; whether it is still to the right file, `moved` says."""
        return self._connection is not None

    def open(self) -> None:
        """Open the file; make it where there is none, or an empty one. **Raises**: StoreError; then it is closed."""
        self.close()
        try:
            connection = self._connection = apsw.Connection(str(self.path))
            connection.set_busy_timeout(self._busy_timeout_ms)
            self.was_created = not _tables(connection) and self._create(connection)
            self._schema = int(connection.pragma("schema_version"))
            self.is_outdated = False
            self.columns = {table: _columns(connection, table) for table in (*NEEDED, *WISHED)}
            connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", "normal")
            connection.pragma("wal_autocheckpoint", AUTOCHECKPOINT_PAGES)
            self._version = -1
        except (apsw.Error, OSError) as error:
            raise self._closed_for(error) from error
        lacking = [
            f"{table}.{name}" for table, needed in NEEDED.items() for name in needed if name not in self.columns[table]
        ]
        if lacking:
            self.close()
            raise StoreUnreachable(
                f"{self.path}: is not T3000's, or not all of it is there: it lacks {', '.join(lacking)}"
            )

    def lacks(self) -> list[str]:
        """Name the columns, and whole tables, that T3000's newest version has and this file has not."""
        return [
            f"{table}.{name}"
            for table, newest in newest_columns().items()
            for name in sorted(newest - self.columns.get(table, frozenset()))
        ]

    def moved(self) -> str | None:
        """Say how the file that was opened went: "removed", "replaced"; None while it lies there (SQLite compares the inodes)."""
        if self._connection is None:
            return None
        if not _has_moved(self._connection):
            return None
        return "replaced" if self.path.exists() else "removed"

    @contextlib.contextmanager
    def transaction(self) -> Iterator[apsw.Connection]:
        """Write something: all of it or nothing. **Raises**: StoreError; RowRefused as it is.

        After anything but StoreBusy and RowRefused the file is closed: it is looked at anew before the next try.
        """
        connection = self._connection
        if connection is None:
            raise StoreUnreachable(f"{self.path}: is not open")
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            self._check_alive()
            connection.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(apsw.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            if isinstance(error, apsw.Error) and not isinstance(error, RowRefused):
                if isinstance(error, apsw.BusyError):
                    raise store_error(self.path, error) from error
                raise self._closed_for(error) from error
            raise

    def others_wrote(self) -> bool:
        """Say, inside a transaction, whether another connection has changed the file since this was last asked."""
        assert self._connection is not None  # noqa: S101 - there is a transaction
        version = int(self._connection.pragma("data_version"))
        changed, self._version = version != self._version, version
        self.is_outdated |= changed and int(self._connection.pragma("schema_version")) != self._schema
        return changed

    def close(self) -> None:
        """Let go of the file; an open transaction is rolled back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            if _has_moved(connection):
                self._empty_log(connection)
            connection.close(True)

    def give_up(self) -> None:
        """Commit nothing any more, and break what hangs. Never blocks. **Thread**: any."""
        self._given_up = True
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(apsw.ConnectionClosedError):
                connection.interrupt()

    def _check_alive(self) -> None:
        if self._given_up:
            raise Interrupted(f"{self.path}: this writer was given up on")

    def _empty_log(self, connection: apsw.Connection) -> None:
        """Fold the log into the file that was moved away, or its successor would be taken for the file that this log belongs to."""
        with contextlib.suppress(apsw.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def _create(self, connection: apsw.Connection) -> bool:
        connection.execute("BEGIN IMMEDIATE")
        try:
            is_new = not _tables(connection)
            if is_new:
                connection.execute(schema_sql())
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        return is_new

    def _closed_for(self, error: Exception) -> Exception:
        said = store_error(self.path, error, 0 if self._connection is None else self._connection.system_errno)
        self.close()
        return said


def _has_moved(connection: apsw.Connection) -> bool:
    answer = ctypes.c_int(0)
    connection.file_control("main", apsw.SQLITE_FCNTL_HAS_MOVED, ctypes.addressof(answer))
    return bool(answer.value)


def _tables(connection: apsw.Connection) -> bool:
    return bool(connection.execute("SELECT EXISTS (SELECT 1 FROM sqlite_schema)").get)


def _columns(connection: apsw.Connection, table: str) -> frozenset[str]:
    return frozenset(name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})"))
