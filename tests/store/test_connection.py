"""What is said of a database that cannot be opened to be written."""

from __future__ import annotations

import errno
import os
import pwd
from pathlib import Path

import pytest

from t3actors.errors import StoreFailing
from t3actors.store.connection import aside_of, set_aside, unwritable
from t3actors.store.reading_connection import beside


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_the_file_that_may_not_be_written_is_named_with_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """A -shm that a reader has made stands in the way as much as the database itself."""
    database = tmp_path / "t3actors.db"
    for each in ("", "-wal", "-shm"):
        database.with_name(database.name + each).touch()
    culprit = database.with_name(database.name + suffix)
    monkeypatch.setattr(os, "access", lambda path, _mode: path != culprit)
    owner = pwd.getpwuid(culprit.stat().st_uid).pw_name
    assert unwritable(database) == f"{culprit}: belongs to {owner} and may not be written by this user"


def test_where_the_modes_allow_it_the_database_is_named(tmp_path: Path) -> None:
    assert unwritable(tmp_path / "t3actors.db") == f"{tmp_path / 't3actors.db'}: may not be written by this user"


def test_what_was_set_aside_half_way_goes_on_under_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or what can be read of it would be without its log."""
    path = tmp_path / "t3actors.db"
    for suffix in ("", "-wal", "-shm"):
        beside(path, suffix).write_text(suffix)
    aside = aside_of(path, 0)
    really = os.replace

    def fails(old: Path, new: Path) -> None:
        if old == path:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        really(old, new)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fails)
        with pytest.raises(StoreFailing, match="is damaged and cannot be set aside: Input/output error"):
            set_aside(path, aside)
    assert aside_of(path, 0) != aside
    assert set_aside(path, aside)
    assert [beside(aside, suffix).read_text() for suffix in ("", "-wal", "-shm")] == ["", "-wal", "-shm"]
    assert not set_aside(path, aside_of(path, 0))
