from __future__ import annotations

import threading
from pathlib import Path

import apsw
import pytest

from t3actors.store import unreadable
from t3actors.store.unreadable import Searching, unreadable_place
from tests.store.disk import Disk, simulated_disk
from tests.waiting import blocking_until

PAGE = 4096


class Worn(Disk):
    """A disk on which one place cannot be read, or not so many times."""

    def __init__(self, page: int, times: int = 1 << 30) -> None:
        super().__init__()
        self.page, self.times = page, times

    def reads(self, name: str, offset: int = 0, amount: int = 0) -> None:
        if name.endswith("a.db") and offset <= self.page * PAGE < offset + amount and self.times:
            self.times -= 1
            self.fail("read")
        try:
            super().reads(name, offset, amount)
        finally:
            self.failing = frozenset()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "a.db"
    with apsw.Connection(str(path)) as connection:
        connection.execute("CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(40000))")
    connection.close()
    return path


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unreadable, "PIECE", PAGE)


def place_on(disk: Disk, database: Path) -> tuple[str, int]:
    waited: list[float] = []
    with simulated_disk(disk):
        return unreadable_place(database, waited.append), len(waited)


@pytest.mark.parametrize("page", [0, 1, 10])
def test_a_place_that_cannot_be_read_however_often_it_is_tried_is_named(database: Path, page: int) -> None:
    size = database.stat().st_size
    assert place_on(Worn(page), database) == (
        f"octets {page * PAGE} to {page * PAGE + PAGE} of {size} cannot be read",
        unreadable.TRIES,
    )


@pytest.mark.parametrize("times", [1, unreadable.TRIES - 1])
def test_one_that_can_be_read_at_last_is_sound(database: Path, times: int) -> None:
    assert place_on(Worn(3, times), database) == ("", times)


def test_where_the_disk_takes_nothing_the_place_is_not_to_blame(database: Path) -> None:
    disk = Worn(3)
    disk.read_only = True
    assert place_on(disk, database)[0] == ""


def test_a_file_that_is_gone_has_no_such_place(tmp_path: Path) -> None:
    assert unreadable_place(tmp_path / "a.db", lambda _s: None) == ""


def test_a_search_is_begun_told_of_once_and_then_begun_anew(database: Path) -> None:
    searching = Searching(database, lambda _s: None)
    for _ in range(2):
        assert searching.found() is None
        answers: list[str | None] = []

        def is_told(answers: list[str | None] = answers) -> bool:
            answers.append(searching.found())
            return answers[-1] is not None

        blocking_until(is_told)
        assert answers[-1] == ""


def test_what_is_found_of_a_file_that_is_there_no_more_is_forgotten(database: Path) -> None:
    goes_on = threading.Event()
    searching = Searching(database, lambda _s: goes_on.wait(30))
    with simulated_disk(Worn(3)):
        assert searching.found() is None
        lost = searching._thread
        assert lost is not None
        searching.forget()
        goes_on.set()
        lost.join(30)
    assert searching.found() is None  # a search of its own
    blocking_until(lambda: searching.found() == "")
