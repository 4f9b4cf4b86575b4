"""Opens SQLite to read, and never writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apsw

from t3actors.errors import StoreUnreachable
from t3actors.store.last_errno import errno_of
from t3actors.store.ours import BUSY_TIMEOUT_MS
from t3actors.store.sqlite_errors import store_error, translated

if TYPE_CHECKING:
    from pathlib import Path


def open_for_reading(path: Path) -> apsw.Connection:
    """Open read-only, beside a running gateway or after it, also where this user may write nothing. **Raises**: StoreError.

    Without a -wal file and without the right to make one, SQLite cannot open a WAL database: then nobody writes it, and
    it is read as immutable.
    """
    with translated(path):
        if not path.is_file():
            raise StoreUnreachable(f"{path}: {'is not a file' if path.exists() else 'no such database'}")
        try:
            return _reading(path, "mode=ro")
        except (apsw.CantOpenError, apsw.ReadOnlyError):
            if beside(path, "-wal").exists():
                raise
            return _reading(path, "immutable=1")


def _reading(path: Path, how: str) -> apsw.Connection:
    uri = f"{path.absolute().as_uri()}?{how}"
    connection = apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    try:
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        connection.pragma("query_only", 1)
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)  # it may write nothing, so it is not to try
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    except (apsw.IOError, apsw.CorruptError) as error:
        said = store_error(path, error, errno_of(connection, error))  # known as long as it is open
        connection.close()
        raise said from error
    except BaseException:
        connection.close()
        raise
    return connection


def beside(path: Path, suffix: str) -> Path:
    """Give the file that SQLite keeps beside a database."""
    return path.with_name(path.name + suffix)
