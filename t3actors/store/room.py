"""Is there room for history? Below `min_free` samples are not stored any more; current values and events go on.

Said once when it begins and once when it ends, with what was lost.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from t3actors.config import StoreConfig
from t3actors.events import Log
from t3actors.events import store as events

REUSED_BYTES = 2_000_000
"""More free pages than that in the file are room for some batches, and for packing an hour, whatever the disk has left."""
RESUME_FACTOR = 1.05  # or every deletion of a log file would begin and end a shortage


def free_bytes_of(path: Path) -> int:
    """Return what an ordinary user may still write beside this file."""
    return shutil.disk_usage(path.parent).free


class Room(Enum):
    """What of a batch is written."""

    ALL = 1
    NO_SAMPLES = 2
    POINTS_ONLY = 3


def size_bytes_of(path: Path) -> int:
    """Return the size of the database with its log; what cannot be seen counts nothing."""
    total = 0
    for file in (path, Path(f"{path}-wal")):
        with contextlib.suppress(OSError):
            total += file.stat().st_size
    return total


class RoomKeeper:
    """Looks at the disk before each batch, and remembers whether history waits."""

    def __init__(self, config: StoreConfig, log: Log, free_bytes: Callable[[Path], int]) -> None:
        self._min_free = config.min_free_bytes
        self._log = log
        self._free_bytes = free_bytes
        self._below = False
        self._said = False
        self._lost = 0

    @property
    def is_short(self) -> bool:
        """Whether history waits for room."""
        return self._said

    def look(self, path: Path, *, over_budget: bool = False, reusable_bytes: Callable[[], int] = lambda: 0) -> Room:
        """Decide what of the next batch is written. `over_budget`: the database is as large as it may be; `reusable_bytes`: of its pages
        that are free, in which it goes on without growing."""
        if over_budget:
            self.refused(path, "the budget is used up, and nothing is left to go")
            return Room.NO_SAMPLES
        if not self._min_free:
            return Room.ALL
        try:
            free = self._free_bytes(path)
        except OSError:
            return Room.ALL  # SQLite will say what is wrong there
        self._below = free < self._min_free * (RESUME_FACTOR if self._below else 1)
        if not self._below or reusable_bytes() > REUSED_BYTES * (RESUME_FACTOR if self._said else 1):
            return Room.ALL
        self._say(path, free, "below min_free")
        return Room.NO_SAMPLES

    def refused(self, path: Path, reason: str) -> None:
        """SQLite itself found no room."""
        try:
            free = self._free_bytes(path)
        except OSError:
            free = 0
        self._say(path, free, reason)

    def stored(self, path: Path, room: Room, lost_samples: int) -> None:
        """A batch was committed."""
        if room is not Room.ALL:
            self._lost += lost_samples
        elif self._said:
            self._log(events.STORE_RECOVERED, database=str(path), reason="there is room again", lost_samples=self._lost)
            self._said = False
            self._lost = 0

    def _say(self, path: Path, free: int, reason: str) -> None:
        if not self._said:
            self._said = True
            mega = {"free_mb": free // 1_000_000, "min_free_mb": self._min_free // 1_000_000}
            self._log(events.STORE_FULL, database=str(path), **mega, reason=reason)
