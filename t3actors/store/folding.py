"""Sees that the log (`-wal`) is folded into the database: SQLite does it by itself, and says nothing where it cannot.

A reader that holds a transaction open keeps it from that, and a disk that does not take the database's own pages; the log grows
meanwhile, as far as `min_free` lets it. Looked at with each heartbeat.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import apsw

from t3actors.events import Log
from t3actors.events.store import STORE_LOG_GROWS
from t3actors.store.connection import JOURNAL_LIMIT_BYTES
from t3actors.store.holders import READERS, holders_of
from t3actors.store.reading_connection import beside
from t3actors.store.sqlite_errors import translated

GROWS_BYTES = JOURNAL_LIMIT_BYTES + (1 << 20)
"""One that is folded in is never larger: it is cut to that when it is begun again."""
SAID_BYTES = 2 * JOURNAL_LIMIT_BYTES
OURS = "this gateway: a question that takes long, or the check of a large file"


class Folding:
    """One per store. **Thread**: the store's."""

    def __init__(self, path: Path, log: Log, held_by: Callable[[], str] | None = None) -> None:
        self._path = path
        self._log = log
        self._held_by = held_by or partial(holders_of, path, READERS, ours=OURS)
        self._is_said = False

    def look(self, connection: apsw.Connection) -> None:
        """Fold a log that has grown, as far as readers let us; say once that they do not. **Raises**: StoreError."""
        try:
            size = beside(self._path, "-wal").stat().st_size
        except OSError:
            return  # that is on_disk.py's business: what lies nowhere any more is not to be closed
        if size <= GROWS_BYTES:
            self._is_said = False
            return
        with translated(self._path, connection):
            frames, folded = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        if folded < frames and size > SAID_BYTES and not self._is_said:
            self._is_said = True
            held_by = self._held_by() or "a program that cannot be seen from here"
            self._log(STORE_LOG_GROWS, database=str(self._path), log_mb=size // 1_000_000, held_by=held_by)
