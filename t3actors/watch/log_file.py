"""A log file that stays bounded: once it is full it is set aside, the older ones move up, and the oldest goes.

    t3actors.log, t3actors.log.1 (newest of the old ones), ... t3actors.log.5

For a gateway that has no standard output of its own. A disk that takes nothing costs the lines, never the gateway.
"""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path

from t3actors.errors import StoreUnreachable

MOST_BYTES = 10_000_000
KEPT = 5


class LogFile(io.TextIOBase):
    """Text is appended as UTF-8. **Thread**: one at a time."""

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES, kept: int = KEPT) -> None:
        """Begin, in a folder that is made when it is missing. **Raises**: StoreUnreachable."""
        self._path = path
        self._most_bytes = most_bytes
        self._kept = kept
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab")
        except OSError as error:
            raise StoreUnreachable(f"{path}: cannot be written: {error.strerror}") from error
        self._bytes = self._file.tell()

    def write(self, text: str) -> int:
        """Append whole lines; where they do not fit any more, in a new file. **Raises**: OSError."""
        octets = text.encode("utf-8", "backslashreplace")
        if self._bytes and self._bytes + len(octets) > self._most_bytes:
            self._set_aside()
        self._file.write(octets)
        self._bytes += len(octets)
        return len(text)

    def flush(self) -> None:
        """Hand what was written to the system."""
        if not self._file.closed:
            self._file.flush()

    def close(self) -> None:
        """Let go of the file."""
        if not self.closed:
            with suppress(OSError):
                self._file.close()
        super().close()

    def writable(self) -> bool:
        """It is."""
        return True

    def _set_aside(self) -> None:
        """Begin a new file; where the old one cannot be moved, it goes on."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            for number in range(self._kept - 1, 0, -1):
                with suppress(FileNotFoundError):
                    self._aside(number).replace(self._aside(number + 1))
            self._path.replace(self._aside(1))
        self._file = self._path.open("ab")
        self._bytes = self._file.tell()

    def _aside(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")
