from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from t3actors.errors import AlreadyRunning, StoreUnreachable
from t3actors.store.lock import data_dir_locked

HOLD = """
import sys
from pathlib import Path
from t3actors.store.lock import data_dir_locked
with data_dir_locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_gateway_is_refused_and_told_who_holds_the_directory(tmp_path: Path) -> None:
    with data_dir_locked(tmp_path / "data"):
        with (
            pytest.raises(AlreadyRunning, match=rf"data: another gateway \(process {os.getpid()}\)"),
            data_dir_locked(tmp_path / "data"),
        ):
            pass


def test_the_lock_is_given_back(tmp_path: Path) -> None:
    for _ in range(2):
        with data_dir_locked(tmp_path):
            pass


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(AlreadyRunning, match=f"process {holder.pid}"), data_dir_locked(tmp_path):
        pass
    holder.kill()
    holder.wait()
    holder.stdin.close()
    holder.stdout.close()
    with data_dir_locked(tmp_path):
        pass


def test_a_lock_that_finds_no_room_on_the_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(StoreUnreachable, match=r"t3actors\.lock: .*No space left"), data_dir_locked(tmp_path):
        pass


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnreachable, match=r"t3actors\.lock"), data_dir_locked(tmp_path / "file"):
        pass
