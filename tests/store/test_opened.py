"""A batch is one transaction of one writer, whole or not at all; and the heartbeat that goes with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from t3actors.errors import StoreBusy
from t3actors.store import opened as opened_module
from t3actors.store import transaction
from t3actors.store.sqlite_errors import Interrupted
from tests.store.building import T0_MS, House, announced, change


@pytest.mark.parametrize(("later_ms", "written"), [(9_999, False), (10_000, True), (10_001, True), (-1, True)])
def test_a_batch_brings_a_heartbeat_every_ten_seconds(house: House, later_ms: int, written: bool) -> None:
    house.now_ms += later_ms
    house.put(announced())
    assert house.one("SELECT heartbeat_at FROM GATEWAY") == (house.now_ms if written else T0_MS)


@pytest.mark.parametrize(("later_ms", "written"), [(19_999, False), (20_000, True)])
def test_an_idle_gateway_beats_every_twenty_seconds(house: House, later_ms: int, written: bool) -> None:
    house.now_ms += later_ms
    house.store.heartbeat()
    assert house.one("SELECT heartbeat_at FROM GATEWAY") == (house.now_ms if written else T0_MS)


def test_a_batch_that_another_program_locks_out_is_stored_by_the_next_try(house: House) -> None:
    batch = house.batch(announced(), change())
    other = apsw.Connection(str(house.path))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy, match=r"t3actors\.db"):
        house.store.store(batch)
    other.close()
    assert house.store.store(batch).samples == 1


def test_nothing_is_remembered_of_a_batch_that_was_rolled_back(house: House) -> None:
    other = apsw.Connection(str(house.path))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy):
        house.put(announced(), change())
    other.close()
    assert house.put(change()) == (("ahu-1", "IN1"),)  # the announcement was not stored either


def test_a_store_that_was_given_up_on_commits_nothing(house: House) -> None:
    house.store.give_up()
    with pytest.raises(Interrupted):
        house.put(announced())
    assert house.one("SELECT count(*) FROM DEVICES") == 0


def test_a_store_given_up_on_in_the_middle_of_its_batch_rolls_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = transaction.write

    def slow_write(*arguments: object) -> None:
        write(*arguments)  # type: ignore[arg-type]
        house.store.give_up()

    monkeypatch.setattr(opened_module, "write", slow_write)
    with pytest.raises(Interrupted):
        house.put(announced())
    assert house.one("SELECT count(*) FROM DEVICES") == 0


def test_an_older_writer_commits_nothing_once_a_newer_one_has_opened(house: House) -> None:
    newer = house.new_store()
    newer.open(lambda _checked: None)
    with pytest.raises(Interrupted, match="newer writer"):
        house.put(announced())
    newer.store(house.batch(announced()))
    newer.close()
    assert house.one("SELECT count(*) FROM DEVICES") == 1


def test_a_database_that_another_gateway_has_opened_is_his_and_no_damage(house: House) -> None:
    house.put(announced(), change())
    house.rows("PRAGMA wal_checkpoint(PASSIVE)")
    house.store.heartbeat()
    mine, house.boot_id = house.store, "another"
    his = house.new_store()
    his.open(lambda _checked: None)
    his.store(house.batch(announced(), change(), incarnation=2))
    house.rows("PRAGMA wal_checkpoint(PASSIVE)")
    house.now_ms += 30_000
    with pytest.raises(Interrupted, match="newer writer"):
        mine.heartbeat()
    mine.abandon_connection()
    his.close()


WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
from tests.store.building import House, T0_MS, announced, change, point
house = House(Path(sys.argv[1])).opened()
points = [point(number) for number in range(1, 51)]
number = int(sys.argv[2])
while True:
    number += 1
    house.batch_no = number - 1
    house.put(announced(points), *(change(number, p.point_id, at_ms=T0_MS + number) for p in points))
    print(number, flush=True)
"""


def test_a_killed_writer_leaves_a_sound_file_with_every_acknowledged_batch_once(tmp_path: Path) -> None:
    stored = 0
    for round_no in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITE_UNTIL_KILLED, str(tmp_path), str(stored)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            text=True,
        )
        assert writer.stdout is not None
        acknowledged = stored
        for _ in range(20 + 17 * round_no):
            acknowledged = int(writer.stdout.readline())
        writer.kill()
        writer.wait()
        acknowledged = max([acknowledged, *(int(line) for line in writer.stdout if line.endswith("\n"))])
        writer.stdout.close()
        house = House(tmp_path)
        assert house.one("PRAGMA integrity_check") == "ok"
        count, times, newest = house.rows(
            "SELECT count(*), count(DISTINCT logging_time * 1000 + ms), max(ms) FROM samples"
        )[0]
        assert isinstance(newest, int)
        assert newest % 1000 >= acknowledged
        assert count == 50 * newest == 50 * times  # type: ignore[operator]
        stored = newest
