"""A copy of the database while the gateway runs, consistent as of one moment, and seen to be sound before it bears its name.

SQLite's own backup, in small steps; a WAL database lets the writer go on meanwhile. What a step has written is on the disk before the
next one, and between them it rests for as long as it has worked: the gateway has the other half of the disk, and its commits never wait
behind gigabytes. The copy is a single file without a WAL, for any tool and any medium.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import apsw

from t3actors.errors import StoreFull, StoreUnreachable
from t3actors.store.integrity import quick_check
from t3actors.store.migrate import found_schema, schema_files
from t3actors.store.reading_connection import open_for_reading
from t3actors.store.sqlite_errors import translated

PAGES_AT_ONCE = 2048
WORKS_FOR_S, RESTS_AT_MOST_S = 0.02, 1.0
LOOKS_EVERY = 1000
"""After so many steps of SQLite's own it is asked whether to rest."""
MODE = 0o640
"""What a copy may have at most of the database's rights: it is its owner's and its group's, and is not written to."""


class Pace:
    """Rests for as long as it has worked. **Thread**: one."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        """Begin to work."""
        self._clock = clock
        self._sleep = sleep
        self._since_s = clock()

    def rest(self) -> bool:
        """Rest, if it has worked for some time. **Returns**: False, which tells SQLite to go on."""
        worked_s = self._clock() - self._since_s
        if worked_s >= WORKS_FOR_S:
            self._sleep(min(worked_s, RESTS_AT_MOST_S))
            self._since_s = self._clock()
        return False


def back_up(source: Path, target: Path) -> int:
    """Copy the database to `target`, which must not exist. **Returns**: its size in bytes.

    **Raises**: StoreUnreachable, SchemaTooNew, StoreError; then nothing lies at `target`.
    """
    if target.exists():
        raise StoreUnreachable(f"{target}: exists already; name a file that does not")
    if not target.parent.is_dir():
        raise StoreUnreachable(f"{target.parent}: no such directory")
    unfinished = target.with_name(f"{target.name}.unfinished-{os.getpid()}")
    try:
        with translated(target):
            _begin(unfinished, source)
        _copy(source, unfinished)
        _verify(unfinished)
        with translated(target):
            os.link(unfinished, target)  # unlike a rename, it refuses to replace what somebody put there meanwhile
            return target.stat().st_size
    except StoreFull as full:
        raise StoreFull(str(full).replace(str(unfinished), str(target))) from full
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                unfinished.with_name(unfinished.name + suffix).unlink()


def _begin(path: Path, source: Path) -> None:
    """Create the file, empty, with the group of the database and no more rights, before anything is in it. **Raises**: OSError."""
    try:
        found = source.stat()
    except OSError:  # opening it says so
        found = None
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        if found is not None:
            with contextlib.suppress(
                PermissionError
            ):  # a group that whoever backs up is not of: then he alone may read
                os.fchown(descriptor, -1, found.st_gid)
                os.fchmod(descriptor, found.st_mode & MODE)
    finally:
        os.close(descriptor)


def _copy(source: Path, target: Path) -> None:
    reading = open_for_reading(source)
    try:
        if not found_schema(reading, source, schema_files()[-1].number):
            raise StoreUnreachable(f"{source}: is an empty database: no gateway has written to it yet")
        with translated(target):
            writing = apsw.Connection(str(target))
        try:
            with translated(target, writing):
                # One transaction for all steps: without it the backup begins anew whenever the gateway commits.
                reading.execute("BEGIN")
                reading.execute("SELECT count(*) FROM sqlite_schema").fetchall()
                pace = Pace()
                with writing.backup("main", reading, "main") as backup, target.open("rb") as written:
                    while not backup.done:
                        backup.step(PAGES_AT_ONCE)
                        os.fdatasync(written)
                        pace.rest()
                reading.execute("COMMIT")
                writing.pragma("journal_mode", "delete")
        finally:
            writing.close(True)
    finally:
        reading.close(True)


def _verify(path: Path) -> None:
    """Open the copy as anybody would, and read all of it."""
    connection = open_for_reading(path)
    try:
        found_schema(connection, path, schema_files()[-1].number)
        connection.set_progress_handler(Pace().rest, LOOKS_EVERY)
        quick_check(connection, path)
    finally:
        connection.close(True)
