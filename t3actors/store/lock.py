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

NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


@contextlib.contextmanager
def data_dir_locked(data_dir: Path) -> Iterator[Path]:
    """Hold the directory, made when missing. **Raises**: AlreadyRunning naming the holder, StoreUnreachable."""
    path = data_dir / LOCK_NAME
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise StoreUnreachable(f"{path}: cannot be created: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = holder_of(data_dir) or "unknown"
            raise AlreadyRunning(f"{data_dir}: another gateway (process {holder}) holds this data directory") from None
        except OSError as error:
            raise StoreUnreachable(f"{path}: cannot be locked: {error.strerror}") from error
        # The file stays: removing it would let two processes lock two files of one name.
        try:
            _write_holder(descriptor)
        except OSError as error:
            raise StoreUnreachable(f"{path}: cannot be written: {error.strerror}") from error
        yield path
    finally:
        os.close(descriptor)


def _write_holder(descriptor: int) -> None:
    """Write down who holds it: over what stands there, which needs no room. Where there is none for it, the lock holds unnamed, and the
    gateway waits for room as it does for its database."""
    text = f"{os.getpid()}\n".encode()
    try:
        os.pwrite(descriptor, text, 0)
        os.ftruncate(descriptor, len(text))
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        os.ftruncate(descriptor, 0)


def holder_of(data_dir: Path) -> int:
    """Return the process that last locked the directory, as it has written it down; 0 where that cannot be read."""
    try:
        return int((data_dir / LOCK_NAME).read_bytes()[:32])
    except (OSError, ValueError):
        return 0
