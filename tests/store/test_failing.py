from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from t3actors.errors import StoreBusy, StoreDamaged, StoreFailing, StoreHindered, StoreUnreachable
from t3actors.store.failing import APART_S, FAILURES, OURS, PATIENCE_S, Failures
from t3actors.store.unreadable import Searching
from tests.store.disk import simulated_disk
from tests.system.faulty_calls import FaultyCalls


class Search(Searching):
    """A search that is over as soon as the test says so."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.result: str | None = None
        self.asked = 0

    def found(self) -> str | None:
        self.asked += 1
        return self.result

    def forget(self) -> None:
        self.result = None


class Trying:
    """What is tried of one file, with the hand on the clock."""

    def __init__(self, folder: Path) -> None:
        self.now_s = 0.0
        self.closed = 0
        self.search = Search(folder)
        self.held_by = ""
        self.failures = Failures(
            folder / "t3actors.db", self.close, lambda: self.now_s, self.search, lambda: self.held_by
        )

    def close(self) -> None:
        self.closed += 1

    def at(self, now_s: float, error: Exception | None = None, what: str = "batch") -> None:
        self.now_s = now_s
        with self.failures.of(what):
            if error is not None:
                raise error

    def fails(self, *at_s: float, error: Exception | None = None, what: str = "batch") -> None:
        """Fail at each of these times, and be waited for."""
        for now_s in at_s:
            with pytest.raises(StoreFailing):
                self.at(now_s, error or FAILING, what)


@pytest.fixture
def trying(tmp_path: Path) -> Trying:
    return Trying(tmp_path)


FAILING = StoreFailing("t3actors.db: IOError: disk I/O error")
OFTEN = [float(second) for second in range(FAILURES)]


def of_reading(extended: int = apsw.SQLITE_IOERR_CORRUPTFS) -> StoreFailing:
    error = StoreFailing("t3actors.db: IOError: disk I/O error")
    error.__cause__ = apsw.exception_for(extended)
    return error


@pytest.mark.parametrize(
    ("later_s", "error"), [(PATIENCE_S - 1, StoreFailing), (PATIENCE_S, StoreDamaged), (PATIENCE_S + 1, StoreDamaged)]
)
def test_a_file_that_alone_fails_for_so_long_is_damaged(trying: Trying, later_s: float, error: type[Exception]) -> None:
    trying.fails(*OFTEN)
    with pytest.raises(error, match="disk I/O error"):
        trying.at(later_s, FAILING)
    assert trying.closed == FAILURES + 1


@pytest.mark.parametrize(
    ("times", "error"), [(FAILURES - 1, StoreFailing), (FAILURES, StoreDamaged), (FAILURES + 1, StoreDamaged)]
)
def test_a_file_that_fails_now_and_then_is_none_that_goes_on_failing(
    trying: Trying, times: int, error: type[Exception]
) -> None:
    """Two moments of a bad cable within five minutes: the file is sound, and years are in it."""
    trying.fails(*(float(number) for number in range(times - 1)))
    with pytest.raises(error):
        trying.at(PATIENCE_S, FAILING)


def test_while_the_disk_takes_no_other_file_the_fault_is_not_the_files(trying: Trying, tmp_path: Path) -> None:
    with simulated_disk() as disk:
        disk.fail("write")
        trying.fails(*OFTEN, PATIENCE_S, 100.0, 200.0)
    assert list(tmp_path.iterdir()) == []


def test_what_went_well_meanwhile_has_not_failed_for_long(trying: Trying) -> None:
    for round_s in (0.0, PATIENCE_S, 2 * PATIENCE_S):
        trying.fails(*(round_s + now_s for now_s in OFTEN))
        trying.at(round_s + PATIENCE_S / 2)


@pytest.mark.parametrize(
    ("apart_s", "error"), [(APART_S - 1, StoreDamaged), (APART_S, StoreDamaged), (APART_S + 1, StoreFailing)]
)
def test_failures_long_apart_are_no_file_that_goes_on_failing(
    trying: Trying, apart_s: float, error: type[Exception]
) -> None:
    trying.fails(*OFTEN, what="question")
    with pytest.raises(error):
        trying.at(OFTEN[-1] + apart_s, FAILING, "question")


def test_that_something_else_goes_well_is_no_excuse(trying: Trying) -> None:
    trying.fails(*OFTEN, what="tidying")
    trying.at(5)
    with pytest.raises(StoreDamaged):
        trying.at(PATIENCE_S, FAILING, "tidying")


def test_a_part_that_was_written_is_one_of_what_could_not_be_written(trying: Trying) -> None:
    trying.fails(*OFTEN, what="tidying")
    with trying.failures.of("tidying", in_part=True):
        pass
    trying.fails(PATIENCE_S, what="tidying")


@pytest.mark.parametrize(
    "extended", [apsw.SQLITE_IOERR_READ, apsw.SQLITE_IOERR_CORRUPTFS, apsw.SQLITE_IOERR_SHORT_READ]
)
def test_a_part_that_could_be_read_says_nothing_of_one_that_could_not(trying: Trying, extended: int) -> None:
    trying.fails(*OFTEN, error=of_reading(extended), what="tidying")
    with trying.failures.of("tidying", in_part=True):
        pass
    trying.fails(PATIENCE_S, error=of_reading(extended), what="tidying")
    trying.search.result = "octets 4096 to 8192 of 9999 cannot be read"
    with pytest.raises(StoreDamaged, match="octets 4096"):
        trying.at(PATIENCE_S + 5, of_reading(extended), "tidying")


def test_a_file_that_can_be_read_from_end_to_end_is_not_to_blame_and_has_all_its_patience_again(trying: Trying) -> None:
    trying.search.result = ""
    trying.fails(*OFTEN, PATIENCE_S, error=of_reading(), what="tidying")
    assert trying.search.asked == 1
    trying.fails(PATIENCE_S + 1, 2 * PATIENCE_S, error=of_reading(), what="tidying")
    assert trying.search.asked == 1


def test_what_the_machine_lacks_is_never_the_files_fault(trying: Trying) -> None:
    for now_s in (*OFTEN, PATIENCE_S, 2 * PATIENCE_S):
        with pytest.raises(StoreHindered):
            trying.at(now_s, StoreHindered("Too many open files"))
    assert trying.closed == FAILURES + 2


def test_a_file_that_cannot_be_reached_is_closed_and_one_that_is_busy_is_not(trying: Trying) -> None:
    with pytest.raises(StoreBusy):
        trying.at(0, StoreBusy("locked"))
    assert trying.closed == 0
    with pytest.raises(StoreUnreachable):
        trying.at(0, StoreUnreachable("no such directory"))
    assert trying.closed == 1


@pytest.mark.parametrize(("later_s", "error"), [(APART_S, StoreDamaged), (APART_S + 1, StoreFailing)])
def test_what_was_found_in_another_trouble_is_not_held_against_the_file(
    trying: Trying, later_s: float, error: type[Exception]
) -> None:
    trying.fails(*OFTEN, PATIENCE_S, error=of_reading())
    assert trying.search.asked == 1
    trying.search.result = "octets 0 to 4096 of 8192 cannot be read"  # found once all was well again
    trying.at(PATIENCE_S + 1)
    trying.fails(*(later_s + second for second in OFTEN), error=of_reading())
    with pytest.raises(error):
        trying.at(later_s + PATIENCE_S, of_reading())


LEFT_WITH_A_LOCK = """
import errno, os, sys, apsw
from pathlib import Path
from t3actors.errors import StoreBusy
from t3actors.store.failing import PATIENCE_S, Failures
from t3actors.store.sqlite_errors import translated
from tests.system.faulty_calls import Calls, Rules
path = Path(sys.argv[1])
connection, now_s, rules = apsw.Connection(str(path)), 0.0, Rules(Path(os.environ["FAULTY_CALLS"]))
connection.pragma("journal_mode", "wal")
connection.execute("CREATE TABLE t (a); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)")
rules.fail(Calls.LOCK, "*-shm", errno.EIO)
connection.execute("COMMIT")
rules.mend()
def close():
    global connection
    connection.close(True)
    connection = apsw.Connection(str(path))
failures = Failures(path, close, lambda: now_s)
for now_s in (0.0, PATIENCE_S, PATIENCE_S):
    try:
        with failures.of("batch"), translated(path):
            connection.execute("BEGIN IMMEDIATE; COMMIT")
        print("stored")
    except StoreBusy:
        print("busy")
"""


@pytest.mark.needs_cc
@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="Linux only")
def test_a_lock_that_the_disk_did_not_take_back_is_gone_with_the_file(tmp_path: Path) -> None:
    asked = subprocess.run(
        [sys.executable, "-c", LEFT_WITH_A_LOCK, str(tmp_path / "a.db")],
        check=False,
        cwd=Path(__file__).parents[2],
        env=FaultyCalls(tmp_path).environment,
        capture_output=True,
        text=True,
    )
    assert (asked.stdout.split(), asked.stderr) == (["busy", "busy", "stored"], "")


@pytest.mark.parametrize(
    ("held_by", "waits_s", "closed"),
    [("", PATIENCE_S, 0), ("grafana (process 7)", PATIENCE_S, 0), (OURS, PATIENCE_S - 1, 0), (OURS, PATIENCE_S, 1)],
)
def test_a_lock_that_this_process_holds_for_so_long_is_given_back_with_the_file(
    trying: Trying, held_by: str, waits_s: float, closed: int
) -> None:
    """A disk that failed as the lock was to be given back: it would be waited for as long as the file is open."""
    trying.held_by = held_by
    for at_s in (0.0, waits_s):
        trying.at(at_s, what="question")  # to read is no proof that the lock is free
        with pytest.raises(StoreBusy):
            trying.at(at_s, StoreBusy("database is locked"))
    assert trying.closed == closed
    trying.at(waits_s)
    with pytest.raises(StoreBusy):
        trying.at(waits_s, StoreBusy("database is locked"))
    assert trying.closed == closed
