from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from t3actors.store.holders import NAMED_AT_MOST, READERS, WRITER, holders_of, pids_of

LOCKS = """\
1: POSIX  ADVISORY  READ 41 08:01:77 124 124
1: -> POSIX  ADVISORY  WRITE 40 08:01:77 120 120
2: POSIX  ADVISORY  READ 42 08:01:77 128 128
3: POSIX  ADVISORY  WRITE 43 08:01:77 120 120
4: FLOCK  ADVISORY  WRITE 44 08:01:77 0 EOF
5: POSIX  ADVISORY  READ 45 08:01:770 124 124
6: OFDLCK ADVISORY  READ -1 08:01:77 124 124
7: POSIX  ADVISORY  WRITE 47 00:2a:77 100 EOF
nonsense
"""

HOLD = """
import sys, apsw
connection = apsw.Connection(sys.argv[1])
connection.execute(sys.argv[2]).fetchall()
print("held", flush=True)
sys.stdin.read()
"""


def test_who_holds_which_octets_is_read_from_the_kernels_list() -> None:
    assert pids_of(LOCKS, 77, READERS) == {41, 47}
    assert pids_of(LOCKS, 77, WRITER) == {43, 47}
    assert pids_of(LOCKS, 1, READERS) == set()


def test_many_are_counted(tmp_path: Path) -> None:
    index = tmp_path / "a.db-shm"
    index.touch()
    lines = [f"{n}: POSIX  ADVISORY  READ {n} 08:01:{index.stat().st_ino} 124 124" for n in range(101, 108)]
    (tmp_path / "locks").write_text("\n".join(lines))
    (tmp_path / "101").mkdir()
    (tmp_path / "101" / "comm").write_text("grafana\n")
    said = holders_of(tmp_path / "a.db", READERS, tmp_path)
    assert (
        said
        == f"grafana (process 101), process 102, process 103, process 104, process 105 and {7 - NAMED_AT_MOST} more"
    )


def test_where_nothing_can_be_seen_nobody_is_named(tmp_path: Path) -> None:
    assert holders_of(tmp_path / "a.db", READERS) == ""
    (tmp_path / "a.db-shm").touch()
    assert holders_of(tmp_path / "a.db", READERS, tmp_path / "no proc") == ""


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="Linux only")
@pytest.mark.parametrize(
    ("statement", "octets"),
    [("BEGIN IMMEDIATE", WRITER), ("BEGIN; SELECT count(*) FROM t", READERS)],
)
def test_another_process_is_named_and_this_one_is_not(tmp_path: Path, statement: str, octets: range) -> None:
    path = tmp_path / "a.db"
    ours = apsw.Connection(str(path))
    ours.execute("PRAGMA journal_mode = WAL; CREATE TABLE t (a); BEGIN; SELECT count(*) FROM t").fetchall()
    assert holders_of(path, octets) == ""
    assert holders_of(path, octets, ours="this one") == ("this one" if octets == READERS else "")
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), statement], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdin is not None
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"
    named = holders_of(path, octets)
    other.communicate()
    assert named.endswith(f" (process {other.pid})")
    ours.close()
