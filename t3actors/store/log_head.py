"""Whether a database's log (`-wal`) still has what was written into it: one that is cut short where it lies is written on.

Its head and its frames: https://www.sqlite.org/fileformat.html, 4.1 and 4.2. It is never locked, so it may be opened and closed.
"""

from __future__ import annotations

import os
from pathlib import Path

import apsw

from t3actors.errors import StoreDamaged

MAGIC = (0x377F0682, 0x377F0683)
HEAD, SALTS, FRAME_HEAD = 32, slice(16, 24), 24


class LogHead:
    """What was seen of it last. **Raises**: StoreDamaged."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = 0
        self._salts = b""
        self._last_at = 0

    def check(self, connection: apsw.Connection) -> None:
        """Look again. **Raises**: StoreDamaged where something is gone that was not folded into the database."""
        try:
            with self._path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                head = file.read(HEAD)
                last = os.pread(file.fileno(), FRAME_HEAD, self._last_at)
                last_at = self._last_frame(connection, size)
                is_written = any(
                    os.pread(file.fileno(), FRAME_HEAD, last_at)
                )  # a power cut may leave a tail that is not
        except OSError:
            return  # it cannot be looked at now: that says nothing of it
        same = head[SALTS] == self._salts  # a log that is begun again has others, and may have been made shorter
        lost = size < self._size or not any(last)
        if size == 0:
            is_cut = self._size > 0 and not self._is_folded(connection)
        elif int.from_bytes(head[:4], "big") not in MAGIC:
            is_cut = True
        else:
            is_cut = same and self._size > 0 and lost
        if is_cut:
            left = f"{size} bytes are left of {self._size}" if size < self._size else "it has a hole"
            raise StoreDamaged(f"{self._path}: the log was cut short under the gateway: {left}")
        self._size, self._salts = size, head[SALTS]
        self._last_at = last_at if is_written else 0

    def _last_frame(self, connection: apsw.Connection, size: int) -> int:
        frame = FRAME_HEAD + int(connection.pragma("page_size"))
        return HEAD + (size - HEAD) // frame * frame - frame if size >= HEAD + frame else 0

    def _is_folded(self, connection: apsw.Connection) -> bool:
        """Say whether the log, which is empty, has nothing to hold."""
        try:
            frames, _ = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.BusyError:
            return True  # asked again when it has grown
        except apsw.Error:
            return False
        return frames <= 0
