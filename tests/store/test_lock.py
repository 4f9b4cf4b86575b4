from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from t3actors.errors import AlreadyRunning, StoreUnreachable
from t3actors.store.lock import data_dir_locked, holder_of

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


def test_a_lock_that_was_removed_is_made_anew_and_holds(tmp_path: Path) -> None:
    with data_dir_locked(tmp_path) as held:
        assert held.renew() is False
        (tmp_path / "t3actors.lock").unlink()
        assert held.renew() is True
        assert (held.renew(), holder_of(tmp_path)) == (False, os.getpid())
        with pytest.raises(AlreadyRunning), data_dir_locked(tmp_path):
            pass
    with data_dir_locked(tmp_path):
        pass


def test_a_lock_that_was_removed_and_is_anothers_by_now_is_not_taken_from_him(tmp_path: Path) -> None:
    with data_dir_locked(tmp_path) as held:
        (tmp_path / "t3actors.lock").unlink()
        with data_dir_locked(tmp_path):
            with pytest.raises(AlreadyRunning, match="another gateway"):
                held.renew()
        assert held.renew() is True


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


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_takes_nothing_costs_the_lock_its_holders_name_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The gateway waits for the disk as it does for its database, instead of ending."""
    with data_dir_locked(tmp_path):
        pass

    def fails(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "pwrite", fails)
    with data_dir_locked(tmp_path):
        assert holder_of(tmp_path) == 0, "not the one before"
        with pytest.raises(AlreadyRunning, match="process unknown"), data_dir_locked(tmp_path):
            pass


def test_a_lock_that_is_there_can_be_held_on_a_disk_that_may_only_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = os.open

    def read_only(path: str, flags: int, mode: int = 0o777) -> int:
        if flags & (os.O_RDWR | os.O_CREAT):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return really(path, flags, mode)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", read_only)
        with (
            pytest.raises(StoreUnreachable, match=r"t3actors\.lock: cannot be created: Read-only"),
            data_dir_locked(tmp_path),
        ):
            pass
    with data_dir_locked(tmp_path):
        pass
    monkeypatch.setattr(os, "open", read_only)
    with data_dir_locked(tmp_path), pytest.raises(AlreadyRunning), data_dir_locked(tmp_path):
        pass


def test_the_holder_is_written_over_what_stands_there_which_needs_no_room(tmp_path: Path) -> None:
    (tmp_path / "t3actors.lock").write_text("123456789012\n")
    with data_dir_locked(tmp_path):
        assert (tmp_path / "t3actors.lock").read_text() == f"{os.getpid()}\n"


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnreachable, match=r"t3actors\.lock"), data_dir_locked(tmp_path / "file"):
        pass
