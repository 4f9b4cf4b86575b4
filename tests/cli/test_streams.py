"""Standard output as a shell may hand it over: closed, full, in another encoding. No traceback, and the right exit code."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from t3actors.store.lock import data_dir_locked
from tests.cli.test_show import write_database

VERBS = ("status", "devices", "points", "points --json", "history ahu-1/IN1", "history ahu-1/IN1 --csv")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data_dir of a gateway that runs, as far as its file says, for an hour: a busy machine takes long for these."""
    folder = tmp_path_factory.mktemp("data")
    write_database(folder / "t3actors.db", time.time_ns() // 1_000_000 + 3_600_000)
    with data_dir_locked(folder):
        yield folder


def in_shell(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    program = f"{sys.executable} -m t3actors"
    return subprocess.run(
        ["/bin/sh", "-c", line.replace("t3actors", program, 1)],
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
        cwd=Path(__file__).parents[2],
    )


@pytest.mark.parametrize("verb", VERBS)
def test_a_closed_standard_output_is_nothing_to_fail_of(data: Path, verb: str) -> None:
    done = in_shell(f"t3actors {verb} --data {data} >&-")
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("verb", VERBS)
def test_where_what_is_written_finds_no_room_that_is_said_in_one_line(data: Path, verb: str) -> None:
    done = in_shell(f"t3actors {verb} --data {data} >/dev/full")
    assert (done.returncode, done.stderr) == (1, b"t3actors: standard output: No space left on device\n")


@pytest.mark.parametrize("verb", VERBS)
def test_where_nobody_has_chosen_an_encoding_it_is_utf_8(data: Path, verb: str) -> None:
    done = in_shell(f"t3actors {verb} --data {data}", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    if "status" not in verb and "devices" not in verb:
        assert "°C".encode() in done.stdout


def test_a_letter_that_an_encoding_has_not_is_no_failure_and_json_is_utf_8_all_the_same(data: Path) -> None:
    for verb, told in (("points", b"?C"), ("history ahu-1/IN1", b"?C"), ("points --json", "°C".encode())):
        done = in_shell(f"t3actors {verb} --data {data}", PYTHONIOENCODING="iso8859-11")
        assert (done.returncode, done.stderr) == (0, b"")
        assert told in done.stdout


def test_with_all_three_closed_the_database_does_not_become_one_of_them(data: Path) -> None:
    before = (data / "t3actors.db").read_bytes()
    assert in_shell(f"t3actors why nobody/IN1 --data {data} <&- >&- 2>&-").returncode == 1
    assert (data / "t3actors.db").read_bytes() == before
