"""Reads a log file back, its old files before it; and what is added to it while somebody follows it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from t3actors.errors import StoreUnreachable
from t3actors.watch.log_file import aside

MOST_FILES = 100
AT_ONCE_BYTES = 4_000_000


def files_of(path: Path, since_ms: int = 0) -> list[Path]:
    """Give the log's files, oldest first: those that were written to since then."""
    found = []
    for file in [path, *(aside(path, number) for number in range(1, MOST_FILES + 1))]:
        with suppress(OSError):
            if file.stat().st_mtime * 1000 >= since_ms and file.is_file():
                found.append(file)
    return found[::-1]


def lines_of(file: Path) -> Iterator[bytes]:
    """Read whole lines. **Raises**: StoreUnreachable."""
    try:
        with file.open("rb") as opened:
            yield from opened
    except OSError as error:
        raise StoreUnreachable(f"{file}: cannot be read: {error.strerror}") from error


class Tail:
    """Follows a log file from its present end, over every change of files."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity, self._at = _seen(path)
        self._torn = b""

    def news(self) -> list[bytes]:
        """Return the whole lines that were added since the last call."""
        identity, size = _seen(self._path)
        if identity == self._identity and size >= self._at:
            return self._split(self._read(self._path))
        left = self._set_aside()
        self._identity, self._at = identity, 0
        return self._split(left + self._read(self._path))

    def _set_aside(self) -> bytes:
        """Read what is left of the file that was followed, and those between it and the present one; nothing where it is gone."""
        newer: list[Path] = []
        for number in range(1, MOST_FILES + 1):
            file = aside(self._path, number)
            identity = _seen(file)[0]
            if identity is None:
                return b""
            if identity == self._identity:
                octets = self._read(file)
                for each in reversed(newer):
                    self._at = 0
                    octets += self._read(each)
                return octets
            newer.append(file)
        return b""

    def _read(self, file: Path) -> bytes:
        try:
            with file.open("rb") as opened:
                opened.seek(self._at)
                octets = opened.read(AT_ONCE_BYTES)
        except OSError:  # it is being changed just now
            return b""
        self._at += len(octets)
        return octets

    def _split(self, octets: bytes) -> list[bytes]:
        *lines, self._torn = (self._torn + octets).split(b"\n")
        return lines


def _seen(path: Path) -> tuple[tuple[int, int] | None, int]:
    try:
        found = os.stat(path)
    except OSError:
        return None, 0
    return (found.st_dev, found.st_ino), found.st_size
