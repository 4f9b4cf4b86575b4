"""A disk that fails at the n-th write: a VFS of SQLite in front of the real one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import apsw


class Disk:
    """Counts writes, and fails from the n-th on until it is mended."""

    def __init__(self) -> None:
        self.writes = 0
        self.fails_from: int | None = None
        self.failure: type[Exception] = apsw.FullError

    def write(self) -> None:
        self.writes += 1
        if self.fails_from is not None and self.writes >= self.fails_from:
            raise self.failure("as told")

    def break_after(self, writes: int, failure: type[Exception]) -> None:
        self.writes, self.fails_from, self.failure = 0, writes, failure

    def mend(self) -> None:
        self.fails_from = None


@contextmanager
def faulty_disk() -> Iterator[Disk]:
    """Make it the disk of every database that is opened in here."""
    disk = Disk()

    class File(apsw.VFSFile):
        def __init__(self, name: Any, flags: list[int]) -> None:
            super().__init__("unix", name, flags)

        def xWrite(self, data: bytes, offset: int) -> None:
            disk.write()
            super().xWrite(data, offset)

    class Faulty(apsw.VFS):
        def __init__(self) -> None:
            super().__init__("faulty", "unix", makedefault=True)

        def xOpen(self, name: Any, flags: list[int]) -> File:
            return File(name, flags)

    before = apsw.vfs_names()[0]
    vfs = Faulty()
    try:
        yield disk
    finally:
        apsw.set_default_vfs(before)
        vfs.unregister()
