"""Opens SQLite to write. Beside reading_connection.py the only place that connects.

Of `apsw.bestpractice` we take busy timeout, foreign keys, double-quote refusal, recursive triggers and (once the file is
known to be ours) WAL. Not `optimize`: it would write statistics that may change the plans which the views are built on;
not `library_logging`: a recovered WAL after a kill is no news for the log.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import pwd
from datetime import UTC, datetime
from pathlib import Path

import apsw
import apsw.bestpractice

from t3actors.config import Durability
from t3actors.errors import StoreError, StoreFull, StoreUnreachable
from t3actors.store.ours import BUSY_TIMEOUT_MS
from t3actors.store.reading_connection import beside
from t3actors.store.sqlite_errors import is_read_only, os_error, translated

PAGE_SIZE = 4096
AUTOCHECKPOINT_PAGES = 4000  # commit p99 5 ms instead of 72 ms at 5,000 rows/s with 1,000; storage-study.md section 3
JOURNAL_LIMIT_BYTES = 32 << 20
CACHE_KIB = 20_000


def open_for_writing(path: Path) -> apsw.Connection:
    """Open or create the file without changing a byte of one that exists. **Raises**: StoreError."""
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = apsw.Connection(str(path))
        apsw.bestpractice.connection_busy_timeout(connection, BUSY_TIMEOUT_MS)
        apsw.bestpractice.connection_enable_foreign_keys(connection)
        apsw.bestpractice.connection_dqs(connection)
        apsw.bestpractice.connection_recursive_triggers(connection)
        connection.config(
            apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1
        )  # a close may follow a fault: `Store.close` folds it in
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
        connection.pragma("temp_store", "memory")  # a full /tmp is no trouble of ours; a batch bounds it


def read_only(path: Path) -> StoreError:
    """Name why a database cannot be written that is there: its disk, which is waited for, or rights, which are not."""
    try:
        if is_read_only(path):
            return StoreFull(f"{path}: {os.strerror(errno.EROFS)}")
        return StoreUnreachable(unwritable(path))
    except OSError as error:
        return os_error(f"{path}: {error.strerror}", error.errno or 0)


def unwritable(path: Path) -> str:
    """Say which of the database's files this user may not write, and whose it is."""
    for each in (path, beside(path, "-wal"), beside(path, "-shm")):
        if each.exists() and not os.access(each, os.W_OK):
            uid = each.stat().st_uid
            with contextlib.suppress(KeyError):
                return f"{each}: belongs to {pwd.getpwuid(uid).pw_name} and may not be written by this user"
            return f"{each}: belongs to user {uid} and may not be written by this one"
    return f"{path}: may not be written by this user"


def aside_of(path: Path, at_ms: int) -> Path:
    """Find a name that is free for a damaged file. **Raises**: StoreError."""
    stamp = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = beside(path, f".damaged-{stamp}")
    number = 1
    with translated(path):
        while any(beside(aside, suffix).exists() for suffix in ("", "-wal")):
            number += 1
            aside = beside(path, f".damaged-{stamp}-{number}")
    return aside


def set_aside(path: Path, aside: Path) -> bool:
    """Rename the file, its -wal and its -shm out of the way; may be called again when that failed half-way.

    **Returns**: whether there was a file. **Raises**: StoreError.
    """
    try:
        # The -wal first: a new file must never meet an old one's log.
        for suffix in ("-wal", "-shm", ""):
            with contextlib.suppress(FileNotFoundError):
                os.replace(beside(path, suffix), beside(aside, suffix))
        return aside.exists()
    except OSError as error:
        raise os_error(f"{path}: is damaged and cannot be set aside: {error.strerror}", error.errno or 0) from error


def identity_of(path: Path) -> tuple[int, int] | None:
    """Say which file lies at that path: another one under its name is not the same. **Raises**: OSError."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
