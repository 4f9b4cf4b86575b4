"""A disk that fails as told: a VFS of SQLite in front of the real one, with the errors that SQLite itself makes of the system's.

Full (ENOSPC): a file may not grow once all files together have reached `capacity`. Failing (EIO): reads, writes or syncs.
Read-only (EROFS), as after `mount -o remount,ro`: what was open stays open, and nothing of it can be written.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NoReturn

import apsw

Operation = Literal["read", "write", "sync"]

_IO = {
    "read": apsw.SQLITE_IOERR_READ,
    "write": apsw.SQLITE_IOERR_WRITE,
    "sync": apsw.SQLITE_IOERR_FSYNC,
}


class Disk:
    """What may be done with it now. **Thread**: any."""

    def __init__(self) -> None:
        self.capacity: int | None = None
        self.failing: frozenset[Operation] = frozenset()
        self.read_only = False
        self.only = ""  # only files whose name ends so are concerned
        self.rotten: set[str] = set()
        self.sizes: dict[str, int] = {}
        self.largest = 0
        self.writes = self.refused = self.syncs = 0
        self.written = 0
        self.fails_from: int | None = None
        self.last_error = threading.local()

    # ------------------------------------------------------------------------------------------------ as told

    def mend(self) -> None:
        """All is well from now on."""
        self.capacity = self.fails_from = None
        self.failing = frozenset()
        self.read_only = False

    def fail(self, *operations: Operation, only: str = "") -> None:
        """EIO for these operations; `only` in the file whose name ends so, until another is made in its place."""
        self.failing, self.only = frozenset(operations), only

    def rot(self) -> None:
        """Whatever lies in the files that are there now is something else when it is read."""
        self.rotten = {*self.sizes}

    def fill_up(self) -> None:
        """No file grows any more."""
        self.capacity = 0

    def fail_after(self, writes: int, failing: Literal["full", "EIO"]) -> None:
        """The n-th write from now on fails, and all that follow."""
        self.writes, self.fails_from = 0, writes
        self._late = failing

    @property
    def used(self) -> int:
        """Bytes in all files of databases (their -shm aside)."""
        return sum(self.sizes.values())

    # ------------------------------------------------------------------------------------------- the operations

    def opens(self, name: str, flags: list[int]) -> None:
        new = not Path(name).exists()
        if self.read_only and new and flags[0] & apsw.SQLITE_OPEN_CREATE:
            self._refuse(apsw.CantOpenError, apsw.SQLITE_CANTOPEN, errno.EROFS)
        if new:
            self.rotten.discard(name)
            if self.only and name.endswith(self.only):
                self.failing, self.only = frozenset(), ""
        self.sizes[name] = 0 if new else Path(name).stat().st_size

    def reads(self, name: str, offset: int = 0, amount: int = 0) -> None:
        if "read" in self.failing and name.endswith(self.only):
            self._refuse(apsw.IOError, _IO["read"], errno.EIO)

    def is_to_write(self, name: str, end: int, octets: int) -> None:
        """Somebody writes up to `end` of that file."""
        self.writes += 1
        if self.read_only:
            self._refuse(apsw.IOError, _IO["write"], errno.EROFS)
        if "write" in self.failing and name.endswith(self.only):
            self._refuse(apsw.IOError, _IO["write"], errno.EIO)
        if self.fails_from is not None and self.writes >= self.fails_from:
            if self._late == "EIO":
                self._refuse(apsw.IOError, _IO["write"], errno.EIO)
            self._refuse(apsw.FullError, apsw.SQLITE_FULL, errno.ENOSPC)
        more = max(0, end - self.sizes.get(name, 0))
        if more and self.capacity is not None and self.used + more > self.capacity:
            self._refuse(apsw.FullError, apsw.SQLITE_FULL, errno.ENOSPC)
        self.sizes[name] = self.sizes.get(name, 0) + more
        self.largest = max(self.largest, self.used)
        self.written += octets

    def written_to(self, name: str, offset: int, octets: bytes) -> None:
        """For a disk that remembers."""

    def truncates(self, name: str, size: int) -> None:
        if self.read_only:
            self._refuse(apsw.IOError, apsw.SQLITE_IOERR_TRUNCATE, errno.EROFS)
        self.sizes[name] = size

    def syncs_now(self, name: str) -> None:
        self.syncs += 1
        if "sync" in self.failing and name.endswith(self.only):
            self._refuse(apsw.IOError, _IO["sync"], errno.EIO)

    def deletes(self, name: str) -> None:
        self.sizes.pop(name, None)

    def _refuse(self, kind: type[apsw.Error], extended: int, number: int) -> NoReturn:
        self.refused += 1
        self.last_error.number = number
        error = kind(os.strerror(number))
        error.result = extended & 0xFF
        error.extendedresult = extended
        raise error


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else name or ""
        disk.opens(self._name, flags)
        super().__init__("unix", name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:
        self._disk.reads(self._name, offset, amount)
        octets = super().xRead(amount, offset)
        return b"\xa5" * len(octets) if self._name in self._disk.rotten else octets

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.is_to_write(self._name, offset + len(data), len(data))
        self._disk.written_to(self._name, offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self._disk.truncates(self._name, newsize)
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        self._disk.syncs_now(self._name)  # and no more: a test needs no platters


class _Vfs(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__("disk of the tests", "unix", makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> _File:
        return _File(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self._disk.deletes(filename)

    def xGetLastError(self) -> tuple[int, str]:
        number = getattr(self._disk.last_error, "number", 0)
        return number, os.strerror(number)


@contextmanager
def simulated_disk(disk: Disk | None = None) -> Iterator[Disk]:
    """Make it the disk of every database that is opened in here."""
    disk = disk or Disk()
    before = apsw.vfs_names()[0]
    vfs = _Vfs(disk)
    try:
        yield disk
    finally:
        apsw.set_default_vfs(before)
        vfs.unregister()
