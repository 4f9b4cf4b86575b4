"""A log file read back over its changes of files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from t3actors.errors import StoreUnreachable
from t3actors.watch.log_file import LogFile
from t3actors.watch.log_reading import Tail, files_of, lines_of


def test_files_are_given_oldest_first_and_only_those_written_to_since_then(tmp_path: Path) -> None:
    path = tmp_path / "t3actors.log"
    with LogFile(path, 10, 3) as file:
        for number in range(4):
            file.write(f"line {number}..\n")
    assert [line for each in files_of(path) for line in lines_of(each)] == [b"line %d..\n" % n for n in range(4)]
    os.utime(tmp_path / "t3actors.log.3", (1000, 1000))
    assert [each.name for each in files_of(path, since_ms=1_000_001)] == ["t3actors.log.2", "t3actors.log.1", path.name]
    assert files_of(tmp_path / "nothing.log") == []


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachable, match=r"gone\.log: cannot be read"):
        list(lines_of(tmp_path / "gone.log"))


def test_who_follows_gets_each_line_once_and_whole_over_a_change_of_files(tmp_path: Path) -> None:
    path = tmp_path / "t3actors.log"
    with LogFile(path, 30, 2) as file:
        file.write("before\n")
        tail = Tail(path)
        assert tail.news() == []
        file.write("one\n")
        file.write("tw")
        assert tail.news() == [b"one"]
        file.write("o\n")
        file.write("the last of this file\n")
        file.write("the first of the next\n")
        assert tail.news() == [b"two", b"the last of this file", b"the first of the next"]
        file.write("on\n")
        assert tail.news() == [b"on"]


def test_who_follows_a_file_that_is_not_there_yet_gets_it_from_its_begin(tmp_path: Path) -> None:
    path = tmp_path / "t3actors.log"
    tail = Tail(path)
    assert tail.news() == []
    path.write_text("one\n")
    assert tail.news() == [b"one"]
    path.unlink()
    assert tail.news() == []
