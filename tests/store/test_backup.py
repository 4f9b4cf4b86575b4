"""A backup while the writer goes on."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import apsw
import pytest

from t3actors.errors import StoreError, StoreFull, StoreUnreachable
from t3actors.store import backup
from t3actors.store.backup import back_up
from tests.store.building import T0_MS, House, announced, change


def test_a_backup_is_of_one_moment_while_the_writer_goes_on(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "PAGES_AT_ONCE", 1)
    house.put(announced(), *(change(n, at_ms=T0_MS + n) for n in range(2000)))
    made: list[int] = []
    thread = threading.Thread(target=lambda: made.append(back_up(house.path, tmp_path / "copy.db")))
    thread.start()
    number = 2000
    while thread.is_alive():
        house.put(*(change(n, at_ms=T0_MS + n) for n in range(number, number + 10)))
        number += 10
    thread.join()
    assert made == [(tmp_path / "copy.db").stat().st_size]
    copy = apsw.Connection(str(tmp_path / "copy.db"), flags=apsw.SQLITE_OPEN_READONLY)
    rows = [value for (value,) in copy.execute("SELECT value FROM TRENDLOG_DATA ORDER BY sampled_at")]
    copy.close()
    assert rows == list(range(len(rows)))
    assert 2000 <= len(rows) <= number


def test_a_backup_rests_for_as_long_as_it_has_worked() -> None:
    now: list[float] = [100.0]
    rested: list[float] = []
    pace = backup.Pace(lambda: now[0], rested.append)
    for worked_s in (0.0, 0.25, 0.0, 5.0):
        now[0] += worked_s
        assert not pace.rest()
    assert rested == [0.25, backup.RESTS_AT_MOST_S]


def test_a_step_that_was_short_needs_no_rest_but_many_do() -> None:
    now: list[float] = [0.0]
    rested: list[float] = []
    pace = backup.Pace(lambda: now[0], rested.append)
    for _ in range(8):
        now[0] += backup.WORKS_FOR_S / 4
        pace.rest()
    assert rested == [backup.WORKS_FOR_S] * 2


def test_copying_and_checking_both_rest_between_steps(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []

    class Watched(backup.Pace):
        def rest(self) -> bool:
            looks.append("checking" if self is not paces[0] else "copying")
            return super().rest()

    paces: list[backup.Pace] = []

    def pace() -> backup.Pace:
        paces.append(Watched())
        return paces[-1]

    house.put(announced(), *(change(n, at_ms=T0_MS + n) for n in range(5000)))
    monkeypatch.setattr(backup, "Pace", pace)
    monkeypatch.setattr(backup, "PAGES_AT_ONCE", 1)
    monkeypatch.setattr(backup, "LOOKS_EVERY", 1)
    size = back_up(house.path, tmp_path / "copy.db")
    assert looks.count("copying") >= size // 4096
    assert looks.count("checking") > 10


def test_a_copy_that_is_not_sound_never_bears_the_name(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.put(announced(), change())
    real = backup._copy

    def spoilt(source: Path, target: Path) -> None:
        real(source, target)
        with target.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * 20_000)

    monkeypatch.setattr(backup, "_copy", spoilt)
    with pytest.raises(StoreError):
        back_up(house.path, tmp_path / "copy.db")
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == []


@pytest.mark.parametrize(("database", "copy"), [(0o644, 0o640), (0o660, 0o640), (0o600, 0o600)])
def test_a_copy_is_nobody_s_but_its_owner_s_and_its_group_s_from_the_first_byte(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: int, copy: int
) -> None:
    house.put(announced(), change())
    house.path.chmod(database)
    real, seen = backup._copy, []

    def watched(source: Path, target: Path) -> None:
        seen.append((stat.S_IMODE(target.stat().st_mode), target.stat().st_size))
        real(source, target)

    monkeypatch.setattr(backup, "_copy", watched)
    before = os.umask(0)
    try:
        back_up(house.path, tmp_path / "copy.db")
    finally:
        os.umask(before)
    assert seen == [(copy, 0)]
    found = (tmp_path / "copy.db").stat()
    assert (stat.S_IMODE(found.st_mode), found.st_gid) == (copy, house.path.stat().st_gid)


def test_who_is_not_of_the_database_s_group_alone_may_read_his_copy(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_descriptor: int, _uid: int, _gid: int) -> None:
        raise PermissionError

    house.put(announced(), change())
    monkeypatch.setattr(os, "fchown", refused)
    back_up(house.path, tmp_path / "copy.db")
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600


def test_there_is_something_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachable, match="no such database"):
        back_up(tmp_path / "none.db", tmp_path / "copy.db")
    (tmp_path / "empty.db").touch()
    with pytest.raises(StoreUnreachable, match="is an empty database"):
        back_up(tmp_path / "empty.db", tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_full_disk_is_said_to_be_full_and_nothing_is_left_there(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.put(announced(), *(change(n, at_ms=T0_MS + n) for n in range(2000)))

    class Small(apsw.Connection):
        """A file that takes 20 pages."""

        def __init__(self, *arguments: object, **more: object) -> None:
            super().__init__(*arguments, **more)  # type: ignore[arg-type]
            self.pragma("max_page_count", 20)

    monkeypatch.setattr(backup.apsw, "Connection", Small)
    with pytest.raises(StoreFull, match=r"copy\.db: No space left on device$"):
        back_up(house.path, tmp_path / "copy.db")
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == []
