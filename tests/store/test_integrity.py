from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from t3actors.errors import StoreDamaged, StoreFailing, StoreHindered
from t3actors.store import integrity
from t3actors.store.integrity import Checking, FileChecked, check_in_background, quick_check
from tests.waiting import WITHIN_S, blocking_until

NOT_READ = "*** in database main ***\nTree 2 page 28: unable to get the page. error code={}"


def answering(text: str, errno: int = 5) -> Any:
    """A connection whose check says that."""
    return SimpleNamespace(execute=lambda _sql: SimpleNamespace(get=text), system_errno=errno, close=lambda: None)


def test_what_is_wrong_with_the_file_is_damage() -> None:
    with pytest.raises(StoreDamaged, match="row 7 missing from index x"):
        quick_check(answering("row 7\nmissing from index x"), Path("a.db"))
    with pytest.raises(StoreDamaged):
        quick_check(answering(NOT_READ.format(11)), Path("a.db"))
    quick_check(answering("ok"), Path("a.db"))


@pytest.mark.parametrize(
    ("code", "errno", "kind"), [(8458, 5, StoreFailing), (266, 5, StoreFailing), (266, 12, StoreHindered)]
)
def test_a_page_that_could_not_be_read_is_the_disks_fault(code: int, errno: int, kind: type[Exception]) -> None:
    """SQLite says it among the damage: one read that failed would cost a sound file."""
    with pytest.raises(StoreFailing) as failing:
        quick_check(answering(NOT_READ.format(code), errno), Path("a.db"))
    assert type(failing.value) is kind


@pytest.mark.parametrize(
    ("text", "damage", "not_checked"),
    [("ok", False, False), ("row 7", True, False), (NOT_READ.format(8458), False, True)],
)
def test_a_check_in_the_background_that_could_not_read_has_found_nothing(
    monkeypatch: pytest.MonkeyPatch, text: str, damage: bool, not_checked: bool
) -> None:
    monkeypatch.setattr(integrity, "open_for_reading", lambda _path: answering(text))
    told: list[FileChecked] = []
    check_in_background(Path("a.db"), told.append).join(30)
    (checked,) = told
    assert (bool(checked.damage), bool(checked.not_checked)) == (damage, not_checked)


def test_a_file_is_checked_once_at_a_time_however_often_it_is_opened_and_another_one_beside_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is found of a file that is there no more costs its successor nothing."""
    goes_on, begun = threading.Event(), []

    def opened(_path: Path) -> Any:
        begun.append(threading.current_thread())
        goes_on.wait(WITHIN_S)
        return answering("row 7")

    monkeypatch.setattr(integrity, "open_for_reading", opened)
    told: list[FileChecked] = []
    checking = Checking(Path("a.db"))
    checking.begin(told.append)
    checking.begin(told.append)
    checking.forget()
    checking.begin(told.append)
    blocking_until(lambda: len(begun) == 2)
    goes_on.set()
    blocking_until(lambda: len(told) == 2)
    assert sorted(checking.is_of_this_file(checked) for checked in told) == [False, True]
    assert len(begun) == 2
