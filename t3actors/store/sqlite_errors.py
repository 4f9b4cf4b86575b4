"""Turns what SQLite says into the errors of this house."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import apsw

from t3actors.errors import StoreBusy, StoreDamaged, StoreError, StoreFailing, StoreFull, StoreUnreachable

if TYPE_CHECKING:
    from pathlib import Path

RowRefused = (
    apsw.ConstraintError,
    apsw.MismatchError,
    apsw.TooBigError,
    OverflowError,
    TypeError,
    UnicodeEncodeError,
)
"""What SQLite or apsw raise because of one row's content. Never translated: the row is left out, the rest goes on."""


class Interrupted(StoreError):
    """This writer was given up on, or a newer one has opened the file: it commits nothing any more."""


@contextlib.contextmanager
def translated(path: Path, connection: apsw.Connection | None = None) -> Iterator[None]:
    """Turn vendor errors into StoreErrors that name the file."""
    try:
        yield
    except (apsw.Error, OSError) as error:
        if isinstance(error, RowRefused):
            raise
        raise store_error(path, error, 0 if connection is None else connection.system_errno) from error


def store_error(path: Path, error: Exception, system_errno: int = 0) -> StoreError:
    """Name what the receiver must do about this error."""
    seen = f"{path}: {type(error).__name__}: {error}"
    match error:
        case apsw.InterruptError() | apsw.AbortError():
            return Interrupted(seen)
        case apsw.BusyError() | apsw.LockedError() | apsw.SchemaChangeError():
            return StoreBusy(seen)
        case apsw.FullError() | apsw.ReadOnlyError():  # what SQLite says of a full disk may be "not an error"
            return StoreFull(f"{path}: {os.strerror(errno.ENOSPC)}" if isinstance(error, apsw.FullError) else seen)
        case apsw.IOError():
            return _disk_error(seen, getattr(error, "extendedresult", 0), system_errno)
        case apsw.CorruptError() | apsw.NotADBError():
            return StoreDamaged(seen)
        case _:
            return StoreUnreachable(seen)


def _disk_error(seen: str, extended: int, system_errno: int) -> StoreError:
    if system_errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}:
        return StoreFull(f"{seen} ({os.strerror(system_errno)})")
    return StoreDamaged(seen) if extended == apsw.SQLITE_IOERR_CORRUPTFS else StoreFailing(seen)
