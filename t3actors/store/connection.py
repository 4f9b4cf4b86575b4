"""Opens SQLite, and turns what SQLite says into the errors of this house. The only place that connects.

Of `apsw.bestpractice` we take busy timeout, foreign keys, double-quote refusal, recursive triggers and (once the file is
known to be ours) WAL. Not `optimize`: it would write statistics that may change the plans which the views are built on;
not `library_logging`: a recovered WAL after a kill is no news for the log.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import apsw
import apsw.bestpractice

from t3actors.config import Durability
from t3actors.errors import StoreBusy, StoreDamaged, StoreError, StoreFull, StoreUnreachable

BUSY_TIMEOUT_MS = 250
PAGE_SIZE = 4096
AUTOCHECKPOINT_PAGES = 4000  # commit p99 5 ms instead of 72 ms at 5,000 rows/s with 1,000; storage-study.md section 3
JOURNAL_LIMIT_BYTES = 32 << 20
CACHE_KIB = 20_000

RowRefused = (
    apsw.ConstraintError,
    apsw.MismatchError,
    apsw.TooBigError,
    OverflowError,
    TypeError,
    UnicodeEncodeError,
)
"""What SQLite or apsw raise because of one row's content. Never translated: the row is left out, the rest goes on."""


class Interrupted(StoreError):
    """This writer was given up on, or a newer one has opened the file: it commits nothing any more."""


def open_for_writing(path: Path) -> apsw.Connection:
    """Open or create the file without changing a byte of one that exists. **Raises**: StoreError."""
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = apsw.Connection(str(path))
        apsw.bestpractice.connection_busy_timeout(connection, BUSY_TIMEOUT_MS)
        apsw.bestpractice.connection_enable_foreign_keys(connection)
        apsw.bestpractice.connection_dqs(connection)
        apsw.bestpractice.connection_recursive_triggers(connection)
        return connection


def make_durable(connection: apsw.Connection, path: Path, durability: Durability) -> None:
    """Put a file that is known to be ours, or new, into WAL mode. **Raises**: StoreError."""
    with translated(path, connection):
        connection.pragma("page_size", PAGE_SIZE)
        apsw.bestpractice.connection_wal(connection)
        mode = connection.pragma("journal_mode")
        if mode != "wal":
            raise StoreUnreachable(f"{path}: journal_mode stays {mode!r}; the file system must allow SQLite's WAL")
        # The -wal and -shm stay when the last one closes: who may write nothing here could not read the file without them.
        stays = ctypes.c_int(1)
        connection.file_control("main", apsw.SQLITE_FCNTL_PERSIST_WAL, ctypes.addressof(stays))
        connection.pragma("synchronous", durability)
        connection.pragma("wal_autocheckpoint", AUTOCHECKPOINT_PAGES)
        connection.pragma("journal_size_limit", JOURNAL_LIMIT_BYTES)
        connection.pragma("cache_size", -CACHE_KIB)


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
            if _beside(path, "-wal").exists():
                raise
            return _reading(path, "immutable=1")


def _reading(path: Path, how: str) -> apsw.Connection:
    uri = f"{path.absolute().as_uri()}?{how}"
    connection = apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    try:
        apsw.bestpractice.connection_busy_timeout(connection, BUSY_TIMEOUT_MS)
        connection.pragma("query_only", 1)
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def set_aside(path: Path, stamp: str) -> Path:
    """Rename the file, its -wal and its -shm out of the way. **Returns**: where it is now. **Raises**: StoreUnreachable."""
    aside = _beside(path, f".damaged-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = _beside(path, f".damaged-{stamp}-{number}")
    try:
        # The -wal first: a new file must never meet an old one's log.
        for suffix in ("-wal", "-shm", ""):
            with contextlib.suppress(FileNotFoundError):
                os.replace(_beside(path, suffix), _beside(aside, suffix))
    except OSError as error:
        raise StoreUnreachable(f"{path}: is damaged and cannot be set aside: {error.strerror}") from error
    return aside


def identity_of(path: Path) -> tuple[int, int] | None:
    """Say which file lies at that path: another one under its name is not the same. **Raises**: OSError."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def check_identity(path: Path, opened: tuple[int, int] | None) -> None:
    """See that the file that was opened still lies there: SQLite goes on writing into one that was removed, without a word.

    **Raises**: StoreDamaged.
    """
    try:
        found = identity_of(path)
    except OSError:
        return  # a stat that fails says nothing about the file
    if found != opened:
        how = "removed" if found is None else "replaced"
        raise StoreDamaged(f"{path}: the file was {how} under the gateway")


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


@contextlib.contextmanager
def translated(path: Path, connection: apsw.Connection | None = None) -> Iterator[None]:
    """Turn vendor errors into StoreErrors that name the file."""
    try:
        yield
    except (apsw.Error, OSError) as error:
        if isinstance(error, RowRefused):
            raise
        raise store_error(path, error, 0 if connection is None else connection.system_errno) from error


def store_error(path: Path, error: Exception, system_errno: int = 0) -> StoreError:
    """Name what the receiver must do about this error."""
    seen = f"{path}: {type(error).__name__}: {error}"
    match error:
        case apsw.InterruptError() | apsw.AbortError():
            return Interrupted(seen)
        case apsw.BusyError() | apsw.LockedError() | apsw.SchemaChangeError():
            return StoreBusy(seen)
        case apsw.FullError() | apsw.ReadOnlyError():
            return StoreFull(seen)
        case apsw.IOError() if system_errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}:
            return StoreFull(f"{seen} ({os.strerror(system_errno)})")
        case apsw.IOError() | apsw.CorruptError() | apsw.NotADBError():
            return StoreDamaged(seen)
        case _:
            return StoreUnreachable(seen)
