"""What SQLite and the system say, and whose fault that is."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import apsw
import pytest

from t3actors.errors import (
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFailing,
    StoreFull,
    StoreHindered,
    StoreUnreachable,
)
from t3actors.store.connection import read_only
from t3actors.store.sqlite_errors import Interrupted, store_error


def said(error: Exception, number: int = 0, path: Path = Path("a.db")) -> type[StoreError]:
    return type(store_error(path, error, number))


@pytest.mark.parametrize(
    ("result", "number", "kind"),
    [
        (apsw.SQLITE_IOERR_WRITE, errno.EIO, StoreFailing),
        (apsw.SQLITE_IOERR_WRITE, 0, StoreFailing),
        (apsw.SQLITE_IOERR_WRITE, errno.ENOSPC, StoreFull),
        (apsw.SQLITE_IOERR_WRITE, errno.EDQUOT, StoreFull),
        (apsw.SQLITE_IOERR_WRITE, errno.EROFS, StoreFull),
        (apsw.SQLITE_IOERR_WRITE, errno.EFBIG, StoreFull),
        (apsw.SQLITE_IOERR_CORRUPTFS, errno.EIO, StoreFailing),
        (apsw.SQLITE_IOERR_SHORT_READ, errno.ENOSPC, StoreFailing),
        (apsw.SQLITE_IOERR_SHMMAP, errno.ENOMEM, StoreHindered),
        (apsw.SQLITE_IOERR_LOCK, errno.ENOLCK, StoreHindered),
        (apsw.SQLITE_NOMEM, 0, StoreHindered),
        (apsw.SQLITE_FULL, 0, StoreFull),
        (apsw.SQLITE_READONLY, 0, StoreFull),
        (apsw.SQLITE_CORRUPT, 0, StoreDamaged),
        (apsw.SQLITE_CORRUPT, errno.EIO, StoreFailing),
        (apsw.SQLITE_CORRUPT, errno.EFBIG, StoreDamaged),
        (apsw.SQLITE_NOTADB, 0, StoreDamaged),
        (apsw.SQLITE_BUSY, 0, StoreBusy),
        (apsw.SQLITE_INTERRUPT, 0, Interrupted),
        (apsw.SQLITE_ERROR, 0, StoreUnreachable),
    ],
)
def test_what_sqlite_says_is_one_of_our_errors(result: int, number: int, kind: type[StoreError]) -> None:
    assert said(apsw.exception_for(result), number) is kind


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOENT, StoreUnreachable),
        (errno.EACCES, StoreUnreachable),
        (errno.ENOSPC, StoreFull),
        (errno.EROFS, StoreFull),
        (errno.EIO, StoreFailing),
        (errno.EMFILE, StoreHindered),
        (errno.ESTALE, StoreHindered),
    ],
)
def test_what_the_system_says_is_one_of_our_errors(number: int, kind: type[StoreError]) -> None:
    assert said(OSError(number, os.strerror(number))) is kind


def test_the_systems_words_stand_there_once() -> None:
    error = store_error(Path("a.db"), apsw.IOError("disk I/O error"), errno.ENOSPC)
    assert str(error) == "a.db: IOError: disk I/O error (No space left on device)"
    assert str(store_error(Path("a.db"), apsw.IOError("Input/output error"), errno.EIO)).count("Input/output") == 1


def on_a_disk_that_may_only_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _path: SimpleNamespace(f_flag=os.ST_RDONLY))


def test_a_file_that_cannot_be_opened_is_waited_for_unless_that_is_a_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error, path = apsw.CantOpenError("unable to open database file"), tmp_path / "a.db"
    assert said(error, path=tmp_path / "nowhere" / "a.db") is StoreUnreachable
    assert said(error, path=path) is StoreUnreachable
    assert said(error, path=tmp_path) is StoreUnreachable
    path.touch()
    assert said(error, path=path) is StoreFailing
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_: False)
        assert said(error, path=path) is StoreUnreachable
    on_a_disk_that_may_only_be_read(monkeypatch)
    assert said(error, path=path) is StoreFull
    assert said(error, path=tmp_path / "b.db") is StoreUnreachable


def test_one_descriptor_too_many_is_the_machines_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.db").touch()

    def too_many(*_: object) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "open", too_many)
    error = store_error(tmp_path / "a.db", apsw.CantOpenError("unable to open database file"))
    assert isinstance(error, StoreHindered)
    assert "Too many open files" in str(error)


def test_a_database_that_may_only_be_read_is_waited_for_where_that_is_the_disks_doing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.db"
    path.touch()
    with monkeypatch.context() as patch:
        on_a_disk_that_may_only_be_read(patch)
        assert isinstance(read_only(path), StoreFull)
    assert isinstance(read_only(path), StoreUnreachable)
