from __future__ import annotations

from pathlib import Path

import pytest

from t3actors.errors import StoreBusy, StoreDamaged, StoreFailing, StoreUnreachable
from t3actors.store.failing import APART_S, PATIENCE_S, Failures, takes_another_file
from tests.store.disk import simulated_disk


class Trying:
    """What is tried of one file, with the hand on the clock."""

    def __init__(self, folder: Path) -> None:
        self.now_s = 0.0
        self.closed = 0
        self.failures = Failures(folder / "t3actors.db", self.close, lambda: self.now_s)

    def close(self) -> None:
        self.closed += 1

    def at(self, now_s: float, error: Exception | None = None, what: str = "batch") -> None:
        self.now_s = now_s
        with self.failures.of(what):
            if error is not None:
                raise error


@pytest.fixture
def trying(tmp_path: Path) -> Trying:
    return Trying(tmp_path)


FAILING = StoreFailing("t3actors.db: IOError: disk I/O error")


@pytest.mark.parametrize(
    ("later_s", "error"), [(PATIENCE_S - 1, StoreFailing), (PATIENCE_S, StoreDamaged), (PATIENCE_S + 1, StoreDamaged)]
)
def test_a_file_that_alone_fails_for_so_long_is_damaged(trying: Trying, later_s: float, error: type[Exception]) -> None:
    with pytest.raises(StoreFailing):
        trying.at(0, FAILING)
    with pytest.raises(error, match="disk I/O error"):
        trying.at(later_s, FAILING)
    assert trying.closed == 2


def test_while_the_disk_takes_no_other_file_the_fault_is_not_the_files(trying: Trying, tmp_path: Path) -> None:
    with simulated_disk() as disk:
        disk.fail("write")
        for now_s in (0, PATIENCE_S, 100 * PATIENCE_S):
            with pytest.raises(StoreFailing):
                trying.at(now_s, FAILING)
    assert list(tmp_path.iterdir()) == []


def test_what_went_well_meanwhile_has_not_failed_for_long(trying: Trying) -> None:
    for now_s in (0, PATIENCE_S, 2 * PATIENCE_S):
        with pytest.raises(StoreFailing):
            trying.at(now_s, FAILING)
        trying.at(now_s + 1)


@pytest.mark.parametrize(
    ("apart_s", "error"), [(APART_S - 1, StoreDamaged), (APART_S, StoreDamaged), (APART_S + 1, StoreFailing)]
)
def test_two_failures_long_apart_are_no_file_that_goes_on_failing(
    trying: Trying, apart_s: float, error: type[Exception]
) -> None:
    """Two moments of a bad cable, a day apart, between which nothing was asked: the file is sound, and years are in it."""
    with pytest.raises(StoreFailing):
        trying.at(0, FAILING, "question")
    with pytest.raises(error):
        trying.at(apart_s, FAILING, "question")


def test_that_something_else_goes_well_is_no_excuse(trying: Trying) -> None:
    with pytest.raises(StoreFailing):
        trying.at(0, FAILING, "tidying")
    trying.at(1)
    with pytest.raises(StoreDamaged):
        trying.at(PATIENCE_S, FAILING, "tidying")


def test_what_is_done_in_part_settles_nothing(trying: Trying) -> None:
    with pytest.raises(StoreFailing):
        trying.at(0, FAILING, "tidying")
    with trying.failures.of("tidying", in_part=True):
        pass
    with pytest.raises(StoreDamaged):
        trying.at(PATIENCE_S, FAILING, "tidying")


def test_a_file_that_cannot_be_reached_is_closed_and_one_that_is_busy_is_not(trying: Trying) -> None:
    with pytest.raises(StoreBusy):
        trying.at(0, StoreBusy("locked"))
    assert trying.closed == 0
    with pytest.raises(StoreUnreachable):
        trying.at(0, StoreUnreachable("no such directory"))
    assert trying.closed == 1


def test_the_probe_leaves_nothing_behind(tmp_path: Path) -> None:
    assert takes_another_file(tmp_path / "t3actors.db")
    assert not takes_another_file(tmp_path / "nowhere" / "t3actors.db")
    assert list(tmp_path.iterdir()) == []
