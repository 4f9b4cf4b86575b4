from __future__ import annotations

from pathlib import Path

import pytest

from t3actors.config import StoreConfig
from t3actors.errors import StoreBusy, StoreDamaged, StoreError, StoreFailing, StoreFull, StoreUnreachable
from t3actors.store.room import Room, RoomKeeper
from t3actors.store.troubles import Troubles
from tests.system.house import RecordedLog


@pytest.fixture
def log() -> RecordedLog:
    return RecordedLog()


@pytest.fixture
def troubles(log: RecordedLog, tmp_path: Path) -> Troubles:
    path = tmp_path / "t3actors.db"
    return Troubles(path, log, RoomKeeper(StoreConfig(database=path), log, lambda _path: 0))


@pytest.mark.parametrize(
    ("error", "event", "is_the_disk"),
    [
        (StoreBusy, "store.busy", False),
        (StoreFailing, "store.failing", True),
        (StoreUnreachable, "store.failing", True),
        (StoreDamaged, "store.failing", True),
    ],
)
def test_a_trouble_is_said_once_and_once_when_it_is_over(
    troubles: Troubles, log: RecordedLog, error: type[StoreError], event: str, is_the_disk: bool
) -> None:
    for _ in range(3):
        troubles.say(error("why"))
    assert (troubles.waits_for, troubles.is_the_disk) == ("why", is_the_disk)
    assert troubles.waits_for_lock is not is_the_disk
    for _ in range(2):
        troubles.say_over()
    assert (troubles.waits_for, troubles.is_the_disk) == ("", False)
    assert [name for name, _ in log.lines] == [event, "store.recovered"]


def test_a_full_disk_is_said_by_who_keeps_the_room_and_once(
    troubles: Troubles, log: RecordedLog, tmp_path: Path
) -> None:
    for _ in range(3):
        troubles.say(StoreFull("no room"))
    troubles.say_over()
    assert troubles.waits_for == ""
    troubles._room.stored(tmp_path, Room.ALL, 0)
    assert [name for name, _ in log.lines] == ["store.full", "store.recovered"]


def test_history_that_cannot_be_tidied_is_said_once_per_kind_of_reason(troubles: Troubles, log: RecordedLog) -> None:
    for error in (StoreBusy("a"), StoreBusy("b"), StoreFull("c"), None, StoreFull("d")):
        troubles.say_untidy(error)
    assert [line["reason"] for line in log.of("tidying.failed")] == ["a", "c", "d"]
