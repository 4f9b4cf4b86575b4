"""What lies under the names of an opened database: SQLite goes on writing into files that were removed or cut short, without a word.

Looked at with each heartbeat. A database that was moved there is another one: it is opened as it is. A log (`-wal`) that is gone from its
name is still open, so what stands in it can be folded into the database. A database file that is gone, lacks pages, or has other content
than we wrote, and a log that lacks its beginning, cannot be helped. A whole disk that is gone from its place is waited for.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import apsw

from t3actors.errors import StoreBusy, StoreDamaged, StoreFailing, StoreFull, StoreHindered
from t3actors.events import Log
from t3actors.events.store import STORE_LOG_LOST, STORE_REPLACED
from t3actors.store.connection import identity_of
from t3actors.store.content import Content, content_of
from t3actors.store.log_head import LogHead
from t3actors.store.place import Place
from t3actors.store.reading_connection import beside
from t3actors.store.sqlite_errors import translated

PAGES_AT = 28
"""Where the head of a database has its number of pages: https://www.sqlite.org/fileformat.html, 1.3."""
MOST_TRIES = 3  # at a disk that fails, 10 s apart: a disk may fail for a moment


class OnDisk:
    """The files as they lay there when the database was opened, by the start of the gateway `boot_id`.

    **Raises**: OSError when they cannot be looked at.
    """

    def __init__(self, path: Path, place: Place, boot_id: str) -> None:
        self._path = path
        self._boot_id = boot_id
        self._place = place
        self._wal, self._shm = beside(path, "-wal"), beside(path, "-shm")
        self._file = identity_of(path)
        self._log, self._index = identity_of(self._wal), identity_of(self._shm)
        self._size = path.stat().st_size
        self._written_ns = 0
        self._content: Content | None = None
        self._log_head = LogHead(self._wal)
        self._is_told = False
        self._failed = 0
        self._is_log_stray = False
        self.is_replaced = False
        """Whether another file has taken its place."""

    def look(self, connection: apsw.Connection, log: Log, close: Callable[[], None]) -> bool:
        """See that the files which were opened still lie there, with all that was written, and mend what can be. **Raises**: StoreError.

        `close` lets go of the database, to be opened anew behind `leave`. **Returns**: whether that was done.
        """
        if self._is_another(connection):
            log(STORE_REPLACED, database=str(self._path))
            self.is_replaced = True
            close()
            return True
        how = self._log_lost()
        if how:  # what stands in it is in no other place: it stays open until it is saved
            if not self._saves_lost_log(connection, log, how):
                return False
            self._is_log_stray = True
            close()
            return True
        self._log_head.check(connection)
        if not self._place.tells_lost_index(log, is_lost=self._index_is_lost()):
            return False
        close()
        return True

    def leave(self) -> None:
        """Take what must not be met by who opens the database next out of its way. May be called again, also when that failed.

        **Raises**: StoreError; then it is not to be opened.
        """
        if self.is_replaced:
            self._leave_to_another()
        elif self._is_log_stray:
            put_stray_log_aside(self._path)
            self._is_log_stray = False

    def _is_another(self, connection: apsw.Connection) -> bool:
        """**Raises**: StoreDamaged where the file is gone, or lacks something; StoreHindered where its disk is gone.

        It shrinks only where somebody has it vacuumed, and then its own head says so as well. Its head is read by SQLite, whose locks
        on the file a descriptor of ours would take away with it.
        """
        path = self._path
        try:
            found = path.stat()
        except FileNotFoundError:
            self._place.must_be_there()
            raise StoreDamaged(f"{path}: the file was removed under the gateway") from None
        except OSError:
            return False  # a stat that fails says nothing about the file
        if (found.st_dev, found.st_ino) != self._file:
            return True
        if found.st_size < self._size and found.st_size < self._least_size(connection):
            cut = f"{found.st_size} bytes are left of {self._size}"
            raise StoreDamaged(f"{path}: the file was cut short under the gateway: {cut}")
        if found.st_mtime_ns != self._written_ns:
            self._look_inside()
        self._size, self._written_ns = found.st_size, found.st_mtime_ns
        return False

    def _least_size(self, connection: apsw.Connection) -> int:
        """Return what the file's head says that it has: newer pages may stand in the log alone."""
        with translated(self._path, connection):
            is_whole, octets = connection.read("main", 0, PAGES_AT, 4)
            size: int = connection.pragma("page_size")
        return int.from_bytes(octets, "big") * size if is_whole else self._size

    def _look_inside(self) -> None:
        content = content_of(self._path)
        if content is not None and self._content is not None and content.is_behind(self._content, self._boot_id):
            raise StoreDamaged(f"{self._path}: other content was copied into the file under the gateway")
        if content is not None and content.epoch:
            self._content = content

    def _index_is_lost(self) -> bool:
        try:
            found = identity_of(self._shm)
        except OSError:
            return False
        return found is None or found != self._index

    def _leave_to_another(self) -> None:
        """What SQLite kept beside the file that is gone is none of the other one's."""
        with translated(self._path), contextlib.suppress(FileNotFoundError):
            if self._log is not None and identity_of(self._wal) == self._log:
                put_stray_log_aside(self._path)
            if self._index is not None and identity_of(self._shm) == self._index:
                self._shm.unlink()

    def _saves_lost_log(self, connection: apsw.Connection, log: Log, how: str) -> bool:
        """Fold a log that lies nowhere any more, but is open, into the database.

        **Returns**: False where that has to wait for a reader, for room or for the disk. **Raises**: StoreDamaged where it cannot be.
        """
        if not self._is_told:
            self._is_told = True
            log(STORE_LOG_LOST, database=str(self._path), how=how)
        try:
            with translated(self._path, connection):
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except StoreHindered:
            return False
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
