"""Which commits are synced to the platters: with durability "full" each one, with "normal" one every SYNC_EVERY_S.

Left alone, SQLite in WAL mode with "normal" syncs its log only when it folds it into the file, at a slow site hours later, and a
power cut takes back all that was committed since. One synced commit makes all those before it safe: they lie in one log.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator

import apsw

from t3actors.config import Durability

SYNC_EVERY_S = 10.0


class Syncing:
    """One per store. **Thread**: the store's."""

    def __init__(self, durability: Durability, now_s: Callable[[], float] = time.monotonic) -> None:
        self.now_s = now_s
        self._durability = durability
        self._synced_s = -math.inf

    @contextlib.contextmanager
    def of(self, connection: apsw.Connection) -> Iterator[None]:
        """Commit in here; not inside a transaction. **Raises**: apsw.Error."""
        now_s = self.now_s()
        if self._durability != "normal" or now_s - self._synced_s < SYNC_EVERY_S:
            yield
            return
        connection.pragma("synchronous", "full")
        try:
            yield
        finally:
            connection.pragma("synchronous", "normal")
        self._synced_s = now_s
