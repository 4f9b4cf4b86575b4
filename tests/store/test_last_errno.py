"""SQLite takes a read that failed for damage; whether one did is asked of its files. In a process of its own, whose calls can fail."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.faulty_calls import FaultyCalls

pytestmark = pytest.mark.needs_cc

ASK = """
import errno, os, sys, apsw
from pathlib import Path
from t3actors.store.last_errno import errno_of
from t3actors.store.sqlite_errors import store_error
from tests.system.faulty_calls import Calls, Rules
path, pattern = Path(sys.argv[1]), sys.argv[2]
writer = apsw.Connection(str(path))
writer.pragma("journal_mode", "wal")
writer.execute("CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(50000))")
if not pattern.endswith("-wal"):
    writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
if pattern == "damage":
    writer.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\\xa5" * 4096)
connection = apsw.Connection(str(path))
connection.execute("SELECT count(*) FROM sqlite_schema").get
Rules(Path(os.environ["FAULTY_CALLS"])).fail(Calls.READ, pattern, errno.EIO)
try:
    connection.execute("SELECT a FROM t").fetchall()
except apsw.Error as error:
    number = errno_of(connection, error)
    print(type(error).__name__, number, type(store_error(path, error, number)).__name__)
"""


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> FaultyCalls:
    return FaultyCalls(tmp_path_factory.mktemp("calls"))


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("*/a.db", f"CorruptError {errno.EIO} StoreFailing"),
        ("*/a.db-wal", f"CorruptError {errno.EIO} StoreFailing"),
        ("damage", "CorruptError 0 StoreDamaged"),
    ],
)
def test_a_read_that_failed_is_told_from_damage(tmp_path: Path, disk: FaultyCalls, pattern: str, said: str) -> None:
    disk.mend()
    asked = subprocess.run(
        [sys.executable, "-c", ASK, str(tmp_path / "a.db"), pattern],
        check=False,
        cwd=Path(__file__).parents[2],
        env=disk.environment,
        capture_output=True,
        text=True,
    )
    assert (asked.stdout.strip(), asked.stderr) == (said, "")
