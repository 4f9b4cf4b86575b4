"""What lies under the names of an opened database: SQLite goes on writing into files that were removed or cut short, without a word.

Looked at with each heartbeat. A log (`-wal`) that is gone from its name is still open, so what stands in it can be folded into the
database; a database file that is gone or lacks pages cannot be helped.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import apsw

from t3actors.errors import StoreBusy, StoreDamaged, StoreFailing, StoreFull
from t3actors.events import Log
from t3actors.events.store import STORE_LOG_LOST
from t3actors.store.connection import identity_of
from t3actors.store.reading_connection import beside
from t3actors.store.sqlite_errors import translated

PAGES_AT = 28
"""Where the head of a database has its number of pages: https://www.sqlite.org/fileformat.html, 1.3."""
MOST_TRIES = 3  # at a disk that fails, 10 s apart: a disk may fail for a moment


class OnDisk:
    """The files as they lay there when the database was opened. **Raises**: OSError when they cannot be looked at."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._wal = beside(path, "-wal")
        self._file = identity_of(path)
        self._log = identity_of(self._wal)
        self._size = path.stat().st_size
        self._is_told = False
        self._failed = 0

    def check(self, connection: apsw.Connection) -> None:
        """See that the file that was opened still lies there, with all its pages. **Raises**: StoreDamaged, StoreBusy.

        It shrinks only where somebody has it vacuumed, and then its own head says so as well.
        """
        try:
            found = self._path.stat()
        except FileNotFoundError:
            raise StoreDamaged(f"{self._path}: the file was removed under the gateway") from None
        except OSError:
            return  # a stat that fails says nothing about the file
        if (found.st_dev, found.st_ino) != self._file:
            raise StoreDamaged(f"{self._path}: the file was replaced under the gateway")
        if found.st_size < self._size and found.st_size < self._least_size(connection):
            cut = f"{found.st_size} bytes are left of {self._size}"
            raise StoreDamaged(f"{self._path}: the file was cut short under the gateway: {cut}")
        self._size = found.st_size

    def _least_size(self, connection: apsw.Connection) -> int:
        """Return what the file's head says that it has: newer pages may stand in the log alone. Read by SQLite, whose locks on the file
        a descriptor of ours would take away with it."""
        with translated(self._path, connection):
            is_whole, octets = connection.read("main", 0, PAGES_AT, 4)
            size: int = connection.pragma("page_size")
        return int.from_bytes(octets, "big") * size if is_whole else self._size

    def save_lost_log(self, connection: apsw.Connection, log: Log) -> bool:
        """Fold a log that lies nowhere any more, but is open, into the database.

        **Returns**: True when that was done: all is in the file, which is to be opened anew. False where nothing is lost, or where it
        has to wait for a reader, for room or for the disk: the connection must stay open.
        **Raises**: StoreDamaged where it cannot be saved.
        """
        how = self._log_lost()
        if not how:
            return False
        if not self._is_told:
            self._is_told = True
            log(STORE_LOG_LOST, database=str(self._path), how=how)
        try:
            with translated(self._path, connection):
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except StoreFailing as failing:
            self._failed += 1
            if self._failed < MOST_TRIES:
                return False
            raise StoreDamaged(f"{failing}; its -wal was {how} under the gateway") from failing
        except (StoreBusy, StoreFull):
            return False
        return True

    def _log_lost(self) -> str:
        try:
            found = identity_of(self._wal)
        except OSError:
            return ""
        if found == self._log:
            return ""
        return "removed" if found is None else "replaced"


def put_stray_log_aside(path: Path) -> None:
    """Rename a log that is not of this database out of the way: SQLite would play it into the file. An empty one does no harm.

    **Raises**: StoreError.
    """
    wal = beside(path, "-wal")
    with translated(path), contextlib.suppress(FileNotFoundError):
        if wal.stat().st_size:
            os.replace(wal, beside(path, ".stray-wal"))
