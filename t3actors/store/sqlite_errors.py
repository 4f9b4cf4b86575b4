"""Turns what SQLite and the system say into the errors of this house.

Whose fault it is decides: the person's who configured it (StoreUnreachable), the room's (StoreFull), the disk's or the file's
(StoreFailing: failing.py finds out whose), the file's (StoreDamaged), or that of the machine around it (StoreHindered).
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import apsw

from t3actors.errors import (
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFailing,
    StoreFull,
    StoreHindered,
    StoreUnreachable,
)
from t3actors.store.last_errno import errno_of

RowRefused = (
    apsw.ConstraintError,
    apsw.MismatchError,
    apsw.TooBigError,
    OverflowError,
    TypeError,
    UnicodeEncodeError,
)
"""What SQLite or apsw raise because of one row's content. Never translated: the row is left out, the rest goes on."""

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
"""EFBIG: a limit on the size of a file, the service's or the file system's own (FAT32: 4 GB)."""
MISTAKES = {
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EACCES,
    errno.EPERM,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.EINVAL,
}
"""Wrong paths and rights: nothing that waiting mends."""
LACKS = {errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOLCK}
"""What the machine has none of now: memory, descriptors, locks."""


class Interrupted(StoreError):
    """This writer was given up on, or a newer one has opened the file: it commits nothing any more."""


_TOLD: tuple[tuple[tuple[type[Exception], ...], type[StoreError], str], ...] = (
    ((apsw.InterruptError, apsw.AbortError), Interrupted, ""),
    ((apsw.BusyError, apsw.LockedError, apsw.SchemaChangeError), StoreBusy, ""),
    ((apsw.FullError,), StoreFull, os.strerror(errno.ENOSPC)),  # what SQLite says of a full disk may be "not an error"
    ((apsw.ReadOnlyError,), StoreFull, ""),
    ((apsw.CorruptError, apsw.NotADBError), StoreDamaged, ""),
    ((apsw.NoMemError,), StoreHindered, os.strerror(errno.ENOMEM)),
)


@contextlib.contextmanager
def translated(path: Path, connection: apsw.Connection | None = None) -> Iterator[None]:
    """Turn vendor errors into StoreErrors that name the file."""
    try:
        yield
    except (apsw.Error, OSError) as error:
        if isinstance(error, RowRefused):
            raise
        raise store_error(path, error, 0 if connection is None else errno_of(connection, error)) from error


def store_error(path: Path, error: Exception, system_errno: int = 0) -> StoreError:
    """Name what the receiver must do about this error."""
    seen = f"{path}: {type(error).__name__}: {error}"
    match error:
        case OSError():
            return os_error(seen, error.errno or 0)
        case apsw.IOError():
            return _disk_error(seen, getattr(error, "extendedresult", 0), system_errno)
        # A read that failed, which SQLite takes for damage; it needs no room: that number is of a write before.
        case apsw.CorruptError() if system_errno and system_errno not in NO_ROOM:
            return _disk_error(seen, 0, system_errno)
        case apsw.CantOpenError():
            return _cannot_open(path, seen)
    kind, text = next(((kind, text) for kinds, kind, text in _TOLD if isinstance(error, kinds)), (StoreUnreachable, ""))
    return kind(f"{path}: {text}" if text else seen)


def os_error(seen: str, number: int) -> StoreError:
    """Name what the receiver must do about what the system said. `seen`: the text of the error."""
    if number in NO_ROOM:
        return StoreFull(seen)
    if number in MISTAKES or not number:
        return StoreUnreachable(seen)
    return StoreFailing(seen) if number == errno.EIO else StoreHindered(seen)


def _disk_error(seen: str, extended: int, system_errno: int) -> StoreError:
    """SQLITE_IOERR_CORRUPTFS is no verdict on the file: SQLite's unixRead says it of each read that ends with EIO."""
    # A short read was no failed call: the number is of an earlier one.
    if not system_errno or extended == apsw.SQLITE_IOERR_SHORT_READ:
        return StoreFailing(seen)
    said = seen if os.strerror(system_errno) in seen else f"{seen} ({os.strerror(system_errno)})"
    if system_errno in NO_ROOM:
        return StoreFull(said)
    return StoreHindered(said) if system_errno in LACKS else StoreFailing(said)


def _cannot_open(path: Path, seen: str) -> StoreError:
    """Find out why: SQLite does not say, and there is no connection to ask. Nothing is opened, for to close it would take SQLite's
    locks on the file away."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as lacking:
        return os_error(f"{path}: {lacking.strerror}", lacking.errno or 0)
    try:
        path.parent.stat()
        is_there = path.exists()
        if is_read_only(path if is_there else path.parent):
            said = os.strerror(errno.EROFS)
            if is_there:
                return StoreFull(f"{path}: {said}")
            return StoreUnreachable(f"{path}: is not there, and cannot be made: {said}")
        is_mistake = not os.access(path if is_there else path.parent, os.W_OK | os.R_OK) or path.is_dir()
    except OSError as error:
        return os_error(f"{seen} ({error.strerror})", error.errno or 0)
    return StoreUnreachable(seen) if is_mistake or not is_there else StoreFailing(seen)


def is_read_only(path: Path) -> bool:
    """Say whether that lies on a file system that may only be read. **Raises**: OSError."""
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
