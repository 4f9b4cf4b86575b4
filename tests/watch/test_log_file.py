"""A log file that stays bounded."""

from __future__ import annotations

import errno
import io
import shutil
from pathlib import Path
from typing import Any

import pytest

from t3actors.errors import StoreUnreachable
from t3actors.watch.log_file import LogFile


def written(path: Path, *lines: str, most_bytes: int = 10, kept: int = 2) -> None:
    with LogFile(path, most_bytes, kept) as file:
        for line in lines:
            file.write(line)


def test_it_is_appended_to_and_its_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "t3actors.log"
    written(path, "one\n")
    written(path, "two\n")
    assert path.read_text("utf-8") == "one\ntwo\n"


@pytest.mark.parametrize("removed", [False, True])
def test_a_file_that_another_program_has_moved_or_removed_is_begun_anew(tmp_path: Path, removed: bool) -> None:
    path = tmp_path / "t3actors.log"
    with LogFile(path) as file:
        file.write("one\n")
        path.unlink() if removed else path.rename(tmp_path / "moved")
        file.write("two\n")
        file.write("three\n")
    assert path.read_text("utf-8") == "two\nthree\n"
    assert removed or (tmp_path / "moved").read_text("utf-8") == "one\n"


@pytest.mark.parametrize(("second", "aside"), [("12345\n", False), ("123456\n", True)])
def test_a_line_that_does_not_fit_begins_a_new_file(tmp_path: Path, second: str, aside: bool) -> None:
    path = tmp_path / "t3actors.log"
    written(path, "abc\n", second)
    assert (tmp_path / "t3actors.log.1").exists() is aside
    assert path.read_text("utf-8") == second if aside else "abc\n" + second


def test_no_more_old_files_are_kept_than_said_and_the_newest_of_them(tmp_path: Path) -> None:
    path = tmp_path / "t3actors.log"
    written(path, *(f"line {number}..\n" for number in range(6)))
    assert {file.name: file.read_text("utf-8") for file in tmp_path.iterdir()} == {
        "t3actors.log": "line 5..\n",
        "t3actors.log.1": "line 4..\n",
        "t3actors.log.2": "line 3..\n",
    }


def test_a_line_longer_than_a_file_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "t3actors.log"
    written(path, "x" * 100 + "\n", "y" * 50 + "\n")
    assert path.read_text("utf-8") == "y" * 50 + "\n"
    assert (tmp_path / "t3actors.log.1").read_text("utf-8") == "x" * 100 + "\n"


def test_an_old_file_that_cannot_be_moved_costs_no_line(tmp_path: Path) -> None:
    (tmp_path / "t3actors.log.1").mkdir()
    (tmp_path / "t3actors.log.2").write_text("in the way", "utf-8")
    path = tmp_path / "t3actors.log"
    written(path, "123456789\n", "abcdefghi\n")
    assert path.read_text("utf-8") == "123456789\nabcdefghi\n"


def test_a_file_that_cannot_be_opened_is_told_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(StoreUnreachable, match=r"file/t3actors\.log: cannot be written: File exists"):
        LogFile(tmp_path / "file" / "t3actors.log")


class Narrow(io.FileIO):
    """A file on a disk that takes ten more octets, then nothing."""

    left = 10

    def write(self, octets: Any) -> int:
        if not self.left:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = min(self.left, len(octets))
        self.left -= taken
        return super().write(octets[:taken])


def test_a_full_disk_leaves_no_half_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "t3actors.log"
    file = LogFile(path)
    file._file.close()
    file._file = Narrow(path, "ab")
    file.write("seven..\n")
    for _ in range(2):
        with pytest.raises(OSError, match="No space left"):
            file.write("too long\n")
    assert path.read_text("utf-8") == "seven..\n"
    file.close()


def test_a_change_of_files_that_went_wrong_is_made_good_by_a_later_line(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    path = folder / "t3actors.log"
    file = LogFile(path, 10, 2)
    file.write("123456789\n")
    shutil.rmtree(folder)
    with pytest.raises(FileNotFoundError):
        file.write("abcdefghi\n")
    folder.mkdir()
    file.write("ABCDEFGHI\n")
    file.close()
    assert path.read_text("utf-8") == "ABCDEFGHI\n"


@pytest.mark.parametrize("number", [errno.EROFS, errno.EIO, errno.EMFILE])
def test_a_file_that_is_there_and_cannot_be_opened_now_is_begun_with_a_later_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A disk that may only be read after a bad start is no mistake of the configuration, which would end the gateway for good."""
    path = tmp_path / "t3actors.log"
    path.write_text("before\n")

    def fails(*_: object, **__: object) -> None:
        raise OSError(number, "as told")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", fails)
        file = LogFile(path, 1000)
        with pytest.raises(OSError, match="as told"):
            file.write("lost\n")
        with pytest.raises(StoreUnreachable, match="as told"):
            LogFile(tmp_path / "another.log")
    file.write("after\n")
    file.close()
    assert path.read_text() == "before\nafter\n"
