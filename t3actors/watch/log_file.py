"""A log file that stays bounded: once it is full it is set aside, the older ones move up, and the oldest goes.

    t3actors.log, t3actors.log.1 (newest of the old ones), ... t3actors.log.5

For a gateway that has no standard output of its own, or beside it. A disk that takes nothing costs lines, never the gateway, and leaves no
half of a line: each is written at once, whole or not at all.
"""

from __future__ import annotations

import errno
import io
import os
from contextlib import suppress
from pathlib import Path

from t3actors.errors import StoreUnreachable

MOST_BYTES = 10_000_000
KEPT = 5
_OF_THE_DISK = {errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ENODEV, errno.ENXIO, errno.ESTALE}
_OF_THE_MACHINE = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}
WAITED_FOR = _OF_THE_DISK | _OF_THE_MACHINE
"""What a disk or a machine does for a while; anything else is a mistake of the configuration."""


class LogFile(io.TextIOBase):
    """Text is appended as UTF-8. **Thread**: one at a time."""

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES, kept: int = KEPT) -> None:
        """Begin, in a folder that is made when it is missing. **Raises**: StoreUnreachable.

        A file that is there, on a disk that takes nothing now, is begun with its first line that can be written.
        """
        self._path = path
        self._most_bytes = most_bytes
        self._kept = kept
        self._file: io.FileIO | None = None
        self._bytes = 0
        self._identity = 0, 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._begin()
        except OSError as error:
            if error.errno not in WAITED_FOR or not path.is_file():
                raise StoreUnreachable(f"{path}: cannot be written: {error.strerror}") from error

    def write(self, text: str) -> int:
        """Append whole lines; where they do not fit any more, in a new file. **Raises**: OSError; then nothing of it is written."""
        octets = text.encode("utf-8", "backslashreplace")
        file = self._at_hand()
        if self._bytes and self._bytes + len(octets) > self._most_bytes:
            file = self._set_aside(file)
        written = file.write(octets)
        if written != len(octets):
            with suppress(OSError):
                file.truncate(self._bytes)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._bytes += written
        return len(text)

    def close(self) -> None:
        """Let go of the file."""
        if not self.closed and self._file is not None:
            with suppress(OSError):
                self._file.close()
        super().close()

    def writable(self) -> bool:
        """It is."""
        return True

    def _at_hand(self) -> io.FileIO:
        """Return the file under our name. One that another program has moved or removed (logrotate) is let go of; none is at hand where
        the last change of files went wrong half-way."""
        file = self._file
        if file is not None and self._lies_there():
            return file
        self._file = None
        if file is not None:
            with suppress(OSError):
                file.close()
        return self._begin()

    def _lies_there(self) -> bool:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return False
        except OSError:
            return True  # says nothing about the file
        return (found.st_dev, found.st_ino) == self._identity

    def _set_aside(self, file: io.FileIO) -> io.FileIO:
        """Begin a new file; where the old one cannot be moved, it goes on."""
        self._file = None
        with suppress(OSError):
            file.close()
        with suppress(OSError):
            for number in range(self._kept - 1, 0, -1):
                with suppress(FileNotFoundError):
                    aside(self._path, number).replace(aside(self._path, number + 1))
            self._path.replace(aside(self._path, 1))
        return self._begin()

    def _begin(self) -> io.FileIO:
        self._file = file = self._path.open("ab", buffering=0)
        self._bytes = file.tell()
        begun = os.fstat(file.fileno())
        self._identity = begun.st_dev, begun.st_ino
        return file


def aside(path: Path, number: int) -> Path:
    """Name an old file of this one; 1 is the newest."""
    return path.with_name(f"{path.name}.{number}")
