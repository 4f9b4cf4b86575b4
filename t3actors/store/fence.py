"""The fence around the database: a writer that was given up on, or that a newer one has followed, commits nothing any more.

Each opening counts GATEWAY.writer_epoch up in its own transaction, and each later transaction looks at it first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import apsw

from t3actors.store import gateway_row
from t3actors.store.sqlite_errors import Interrupted


class Fence:
    """One per store. **Thread**: the store's; `give_up`: any."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._given_up = False
        self.epoch = 0

    def give_up(self) -> None:
        """Let nothing be committed from now on. Never blocks. **Thread**: any."""
        self._given_up = True

    def check(self) -> None:
        """**Raises**: Interrupted once the writer was given up on."""
        if self._given_up:
            raise Interrupted(f"{self._path}: this writer was given up on")

    def begin(self, connection: apsw.Connection) -> None:
        """Begin to write. **Raises**: Interrupted when a newer writer has opened the file."""
        connection.execute("BEGIN IMMEDIATE")
        if gateway_row.epoch(connection) != self.epoch:
            connection.execute("ROLLBACK")
            raise Interrupted(f"{self._path}: a newer writer has opened it")

    def end(self, connection: apsw.Connection) -> None:
        """Commit. **Raises**: Interrupted when the writer was given up on meanwhile: nothing is committed."""
        if self._given_up:
            connection.execute("ROLLBACK")
            self.check()
        connection.execute("COMMIT")

    @contextlib.contextmanager
    def transaction(self, connection: apsw.Connection) -> Iterator[None]:
        """A transaction, rolled back by any error. No savepoint: it would make SQLite keep a second journal."""
        self.begin(connection)
        try:
            yield
            self.end(connection)
        except BaseException:
            if connection.in_transaction:
                with contextlib.suppress(apsw.Error):
                    connection.execute("ROLLBACK")
            raise
