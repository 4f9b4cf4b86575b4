"""Whether the disk on which the database lay is still in its place: a mount that is gone leaves a directory of another disk behind.

A new database is not begun there: the old one comes back with its disk. What is known here outlives an opening.
"""

from __future__ import annotations

from pathlib import Path

from t3actors.errors import StoreHindered
from t3actors.events import Log
from t3actors.events.store import STORE_INDEX_LOST
from t3actors.store.sqlite_errors import translated


def disk_of(folder: Path) -> int:
    """Return the number of the disk that a folder lies on, or would lie on. **Raises**: OSError."""
    while True:
        try:
            return folder.stat().st_dev
        except FileNotFoundError:
            folder = folder.parent


class Place:
    """One per store. **Thread**: the store's."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._disk: int | None = None
        self._index_was_lost = False

    def remember(self) -> None:
        """The database lies here. **Raises**: StoreError."""
        with translated(self._path):
            self._disk = disk_of(self._path.parent)

    def must_be_there(self) -> None:
        """**Raises**: StoreHindered where no database lies there any more, and the place is on another disk than it was."""
        with translated(self._path):
            if self._disk is None or self._path.exists() or disk_of(self._path.parent) == self._disk:
                return
        raise StoreHindered(f"{self._path}: the disk that it lay on is not in its place")

    def tells_lost_index(self, log: Log, *, is_lost: bool) -> bool:
        """Say once that the index of the log is gone from its name: it may take several openings until that is mended."""
        if is_lost and not self._index_was_lost:
            log(STORE_INDEX_LOST, database=str(self._path))
        self._index_was_lost = is_lost
        return is_lost
