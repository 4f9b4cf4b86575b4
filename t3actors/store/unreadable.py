"""Looks for a place of a database that cannot be read however often it is tried: a sector that is gone, not a cable that is loose.

In a thread of its own, for a large file takes minutes. It reads by way of SQLite, whose locks on the file a descriptor of ours would take
away with it, and locks nothing.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apsw

from t3actors.store.probe import takes_another_file

PIECE = 1 << 20
TRIES, TRY_AGAIN_S = 5, 1.0

Wait = Callable[[float], object]
Result = TypeVar("Result")


class Searching:
    """One search after the other, of one file. **Thread**: one asks; the search has its own."""

    def __init__(self, path: Path, wait: Wait | None = None) -> None:
        self._path = path
        self._wait = wait or threading.Event().wait
        self._thread: threading.Thread | None = None
        self._found: list[str] = []

    def found(self) -> str | None:
        """Begin a search, or tell of one that is over: which place cannot be read, or "" where all can. None: not known yet."""
        if self._thread is None:
            self._found = []
            self._thread = threading.Thread(
                target=self._search, args=(self._found,), name="search for the unreadable", daemon=True
            )
            self._thread.start()
        elif not self._thread.is_alive():
            self._thread = None
            return self._found[0]
        return None

    def forget(self) -> None:
        """There is another file now: what is found of the last one is none of its business."""
        self._thread = None

    def _search(self, found: list[str]) -> None:
        found.append(unreadable_place(self._path, self._wait))


def unreadable_place(path: Path, wait: Wait) -> str:
    """Read all of the file. **Returns**: the first place that cannot be read though the disk is at work; else ""."""
    try:
        size = path.stat().st_size
    except OSError:
        return ""
    with contextlib.ExitStack() as open_now:
        connection = _tried(lambda: _opened(path, open_now), wait)
        for at in range(0, size, PIECE):
            length = min(PIECE, size - at)
            if connection is None or not _tried(lambda: _reads(connection, at, length), wait):  # noqa: B023 - at once
                return f"octets {at} to {at + length} of {size} cannot be read" if takes_another_file(path) else ""
    return ""


def _tried(attempt: Callable[[], Result], wait: Wait) -> Result | None:
    """Try it again and again. **Returns**: None where it never succeeds."""
    for _ in range(TRIES):
        with contextlib.suppress(apsw.Error):
            return attempt()
        wait(TRY_AGAIN_S)
    return None


def _opened(path: Path, open_now: contextlib.ExitStack) -> apsw.Connection:
    connection = apsw.Connection(
        f"{path.absolute().as_uri()}?mode=ro", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    )
    open_now.callback(connection.close, True)
    return connection


def _reads(connection: apsw.Connection, at: int, length: int) -> bool:
    connection.read("main", 0, at, length)
    return True
