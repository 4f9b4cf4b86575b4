"""What becomes of it when the power is cut: test_power.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from t3actors.config import Durability
from t3actors.store.connection import make_durable, open_for_writing
from t3actors.store.syncing import SYNC_EVERY_S, Syncing
from tests.store.disk import Disk, simulated_disk


@pytest.fixture
def disk() -> Iterator[Disk]:
    with simulated_disk() as made:
        yield made


def opened(folder: Path, durability: Durability) -> apsw.Connection:
    connection = open_for_writing(folder / "t3actors.db")
    make_durable(connection, folder / "t3actors.db", durability)
    connection.execute("CREATE TABLE t (a)")
    return connection


def syncs_of_a_commit(disk: Disk, connection: apsw.Connection, syncing: Syncing) -> int:
    before = disk.syncs
    with syncing.of(connection):
        connection.execute("INSERT INTO t VALUES (1)")
    return disk.syncs - before


@pytest.mark.parametrize(("later_s", "syncs"), [(SYNC_EVERY_S - 1, 0), (SYNC_EVERY_S, 1), (SYNC_EVERY_S + 1, 1)])
def test_one_commit_in_so_many_seconds_is_synced_and_the_first(
    tmp_path: Path, disk: Disk, later_s: float, syncs: int
) -> None:
    now_s = [100.0]
    syncing = Syncing("normal", lambda: now_s[0])
    connection = opened(tmp_path, "normal")
    assert syncs_of_a_commit(disk, connection, syncing) == 1
    now_s[0] += later_s
    assert syncs_of_a_commit(disk, connection, syncing) == syncs
    assert syncs_of_a_commit(disk, connection, syncing) == 0
    connection.close()


def test_with_full_each_commit_is(tmp_path: Path, disk: Disk) -> None:
    syncing = Syncing("full")
    connection = opened(tmp_path, "full")
    assert [syncs_of_a_commit(disk, connection, syncing) for _ in range(3)] == [1, 1, 1]
    connection.close()


def test_a_commit_that_failed_makes_nothing_safe(tmp_path: Path, disk: Disk) -> None:
    syncing = Syncing("normal", lambda: 5.0)
    connection = opened(tmp_path, "normal")
    with pytest.raises(apsw.SQLError), syncing.of(connection):
        connection.execute("INSERT INTO nothing VALUES (1)")
    assert connection.pragma("synchronous") == 1
    assert syncs_of_a_commit(disk, connection, syncing) == 1
    connection.close()
