"""What is said of a database that cannot be opened to be written."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from t3actors.store.connection import unwritable


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
