"""One gateway per data directory: a lock that the kernel gives back however the process ends."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from t3actors.errors import AlreadyRunning, StoreUnreachable
from t3actors.store.locked import LOCK_NAME

if TYPE_CHECKING:
    from pathlib import Path


class Held:
    """A data directory that this process holds, by the lock on a file in it. **Thread**: one at a time."""

    def __init__(self, path: Path) -> None:
        """Lock it. **Raises**: AlreadyRunning, StoreUnreachable."""
        self._path = path
        self._descriptor = _locked(path)

    def renew(self) -> bool:
        """Lock the file that lies there now, or a new one, where ours was removed: nobody who asks would find us holding anything.

        **Returns**: True when that was done. **Raises**: AlreadyRunning where another process was quicker, StoreUnreachable.
        """
        try:
            found = self._path.stat()
        except FileNotFoundError:
            pass
        except OSError:
            return False  # says nothing about the file
        else:
            ours = os.fstat(self._descriptor)
            if (found.st_dev, found.st_ino) == (ours.st_dev, ours.st_ino):
                return False
        descriptor = _locked(self._path)
        self.close()
        self._descriptor = descriptor
        return True

    def close(self) -> None:
        """Let go of it. The file stays: removing it would let two processes lock two files of one name."""
        os.close(self._descriptor)


@contextlib.contextmanager
def data_dir_locked(data_dir: Path) -> Iterator[Held]:
    """Hold the directory, made when missing. **Raises**: AlreadyRunning naming the holder, StoreUnreachable.

    A lock that is there can be held on a disk that may only be read, or takes nothing: then the holder is not written down.
    """
    path = data_dir / LOCK_NAME
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnreachable(f"{path}: cannot be created: {error.strerror}") from error
    with contextlib.closing(Held(path)) as held:
        yield held


def _locked(path: Path) -> int:
    try:
        descriptor = _opened(path)
    except OSError as error:
        raise StoreUnreachable(f"{path}: cannot be created: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            holder = holder_of(path.parent) or "unknown"
            raise AlreadyRunning(
                f"{path.parent}: another gateway (process {holder}) holds this data directory"
            ) from None
        raise StoreUnreachable(f"{path}: cannot be locked: {error.strerror}") from error
    _write_holder(descriptor)
    return descriptor


def _write_holder(descriptor: int) -> None:
    """Write down who holds it: over what stands there, which needs no room. Where the disk takes nothing the lock holds unnamed, and the
    gateway waits for the disk as it does for its database."""
    text = f"{os.getpid()}\n".encode()
    try:
        os.pwrite(descriptor, text, 0)
        os.ftruncate(descriptor, len(text))
    except OSError:
        with contextlib.suppress(OSError):  # the name of an earlier one would be worse than none
            os.ftruncate(descriptor, 0)


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno != errno.EROFS or not path.exists():
            raise
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def holder_of(data_dir: Path) -> int:
    """Return the process that last locked the directory, as it has written it down; 0 where that cannot be read."""
    try:
        return int((data_dir / LOCK_NAME).read_bytes()[:32])
    except (OSError, ValueError):
        return 0
