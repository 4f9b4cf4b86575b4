"""`t3actors demo`: what can be said of it without starting one."""

from __future__ import annotations

from pathlib import Path

import pytest

from t3actors.cli.demo import _log_file
from t3actors.errors import StoreUnreachable


def test_a_directory_that_takes_no_log_is_told_as_one_that_takes_no_database(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnreachable, match="cannot be created"):
        _log_file(tmp_path / "file" / "t3actors.log")
