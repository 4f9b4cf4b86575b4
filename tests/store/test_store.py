from __future__ import annotations

import os
from pathlib import Path

import apsw
import pytest

from t3actors.errors import StoreDamaged, StoreFailing, StoreFull, StoreUnreachable
from t3actors.store import integrity
from t3actors.store.failing import FAILURES, PATIENCE_S, Failures
from t3actors.store.integrity import FileChecked
from t3actors.store.migrate import schema_files
from t3actors.store.sqlite_errors import store_error
from tests.store.building import T0_MS, House, announced, change, point
from tests.waiting import WITHIN_S, blocking_until


def test_an_opened_store_says_who_holds_it(house: House) -> None:
    assert house.rows(
        "SELECT name, version, boot_id, heartbeat_at, clock_trusted, schema, clean_stop FROM GATEWAY"
    ) == [("test", "1.0", "boot", T0_MS, 1, len(schema_files()), 0)]
    assert house.one("PRAGMA journal_mode") == "wal"
    assert house.one("PRAGMA page_size") == 4096


def test_a_clean_stop_leaves_an_empty_wal_and_says_so(house: House) -> None:
    house.put(announced(), change())
    house.store.close()
    assert house.path.with_name("t3actors.db-wal").stat().st_size == 0
    assert house.one("SELECT clean_stop FROM GATEWAY") == 1
    assert house.reopened().logged("store.opened")[-1]["clean"] is True


def test_an_unclean_stop_is_noticed(house: House) -> None:
    house.store.abandon_connection()
    house.store = house.new_store()
    house.opened()
    assert house.logged("store.opened")[-1]["clean"] is False


def test_a_clock_that_the_kernel_does_not_trust_is_said_to_be_so(house: House) -> None:
    house.clock_trusted = False
    house.reopened()
    assert house.one("SELECT clock_trusted FROM GATEWAY") == 0


def test_the_file_is_readable_by_whom_the_umask_lets(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        house = House(tmp_path).opened()
        house.put(announced())
        for suffix in ("", "-wal", "-shm"):
            assert house.path.with_name(f"t3actors.db{suffix}").stat().st_mode & 0o777 == 0o640
        house.store.close()
    finally:
        os.umask(before)


def test_each_start_and_end_of_the_gateway_is_an_event(house: House) -> None:
    def began_again(later_ms: int, boot_id: str) -> None:
        house.now_ms += later_ms
        house.boot_id = boot_id
        house.store = house.new_store()
        house.opened()

    house.store.abandon_connection()
    began_again(5_000, "boot")
    house.store.abandon_connection()
    began_again(60_000, "boot 2")
    house.store.close()
    began_again(1_000, "boot 3")
    told = house.rows("SELECT at - ?, event, reason FROM EVENTS WHERE device_id IS NULL ORDER BY id", T0_MS)
    assert told == [
        (0, "gateway.started", "version 1.0"),
        (5_000, "writer.restarted", ""),
        (5_000, "gateway.lost", "it ended without a clean stop; this is when it was last heard"),
        (65_000, "gateway.started", "version 1.0"),
        (65_000, "gateway.stopped", ""),
        (66_000, "gateway.started", "version 1.0"),
    ]


def test_below_min_free_history_waits_and_current_values_go_on(tmp_path: Path) -> None:
    house = House(tmp_path, min_free_bytes=1000).opened()
    house.put(announced(), change(1))
    house.free = 999
    assert house.put(change(2, at_ms=T0_MS + 1)) == (("ahu-1", "IN1"),)
    assert house.put(change(3, at_ms=T0_MS + 2)) == (("ahu-1", "IN1"),)
    assert house.one("SELECT value FROM INPUT_POINTS") == 3
    assert house.one("SELECT count(*) FROM samples") == 1
    assert len(house.logged("store.full")) == 1
    house.free = 1050
    assert house.put(change(4, at_ms=T0_MS + 3)) == ()
    assert [line["lost_samples"] for line in house.logged("store.recovered")] == [2]
    house.store.close()


@pytest.mark.parametrize(("free", "full"), [(999, True), (1000, False), (1001, False)])
def test_the_shortage_begins_below_min_free(tmp_path: Path, free: int, full: bool) -> None:
    house = House(tmp_path, min_free_bytes=1000).opened()
    house.free = free
    assert bool(house.put(announced(), change())) is full
    house.store.close()


@pytest.mark.parametrize(("free", "full"), [(1049, True), (1050, False)])
def test_the_shortage_ends_a_little_above_min_free(tmp_path: Path, free: int, full: bool) -> None:
    house = House(tmp_path, min_free_bytes=1000).opened()
    house.free = 0
    house.put(announced())
    house.free = free
    assert bool(house.put(change())) is full
    house.store.close()


def test_below_min_free_history_goes_on_in_free_pages_of_the_file(tmp_path: Path) -> None:
    """They are there already: nothing of the disk is taken."""
    house = House(tmp_path, min_free_bytes=1000).opened()
    house.put(announced())
    house.rows("CREATE TABLE ballast AS SELECT zeroblob(3000000)")
    house.rows("DROP TABLE ballast")
    house.free = 10
    assert house.put(change(1)) == ()
    assert house.logged("store.full") == []
    house.rows("CREATE TABLE ballast AS SELECT zeroblob(2000000)")
    assert house.put(change(2, at_ms=T0_MS + 1)) == (("ahu-1", "IN1"),)
    assert len(house.logged("store.full")) == 1
    house.store.close()


def fill_up(house: House) -> None:
    """Let the file grow no more, as a full disk would."""
    connection = house.store._connection
    assert connection is not None
    connection.pragma("max_page_count", connection.pragma("page_count"))


def make_room(house: House) -> None:
    connection = house.store._connection
    assert connection is not None
    connection.pragma("max_page_count", 1 << 30)


def test_a_full_disk_stops_history_and_current_values_go_on(house: House) -> None:
    points = [point(number) for number in range(1, 65)]
    house.put(announced(points), *(change(0, p.point_id) for p in points))
    fill_up(house)
    lost = 0
    for at_ms in range(1000, 400_000, 1000):
        lost += len(house.put(*(change(at_ms, p.point_id, at_ms=T0_MS + at_ms) for p in points)))
    assert lost > 0
    assert set(house.rows("SELECT value FROM INPUT_POINTS")) == {(399_000,)}
    assert len(house.logged("store.full")) == 1
    make_room(house)
    assert house.put(change(1, at_ms=T0_MS + 500_000)) == ()
    assert [line["lost_samples"] for line in house.logged("store.recovered")] == [lost]
    assert house.one("PRAGMA integrity_check") == "ok"


def test_a_batch_for_which_there_is_no_room_at_all_is_stored_when_there_is(house: House) -> None:
    fill_up(house)
    batch = house.batch(announced([point(number, label="x" * 100) for number in range(1, 500)]), change())
    for _ in range(2):
        with pytest.raises(StoreFull):
            house.store.store(batch)
    make_room(house)
    assert house.store.store(batch).samples == 1
    assert len(house.logged("store.full")) == len(house.logged("store.recovered")) == 1


def spoil(path: Path, offset: int, length: int = 4096) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xa5" * length)


def full_house(tmp_path: Path) -> House:
    house = House(tmp_path).opened()
    points = [point(number) for number in range(1, 200)]
    house.put(announced(points))
    for at_ms in range(20):
        house.put(*(change(1, p.point_id, at_ms=T0_MS + at_ms) for p in points))
    house.store.close()
    return house


@pytest.mark.parametrize("page", [0, 1, 3, 20])
def test_a_damaged_file_is_set_aside_at_start_and_a_new_one_begun(tmp_path: Path, page: int) -> None:
    house = full_house(tmp_path)
    spoil(house.path, page * 4096)
    house.store = house.new_store()
    assert house.store.open(lambda _checked: None) is True
    (line,) = house.logged("store.damaged")
    aside = Path(str(line["set_aside"]))
    assert aside.name.startswith("t3actors.db.damaged-20261118T")
    assert aside.stat().st_size > 100_000
    assert house.put(announced(), change()) == ()
    house.store.close()


def test_damage_that_shows_while_writing_is_raised_and_begun_anew(tmp_path: Path) -> None:
    house = full_house(tmp_path)
    house.opened()
    size = house.path.stat().st_size
    spoil(house.path, 4096, size - 4096)
    connection = house.store._connection
    assert connection is not None
    connection.pragma("shrink_memory")
    with pytest.raises(StoreDamaged) as damage:
        house.put(change(5, at_ms=T0_MS + 99_000))
    house.store.begin_anew(str(damage.value))
    assert house.put(announced(), change()) == ()
    assert len(list(tmp_path.glob("*.damaged-*"))) >= 1
    house.store.close()


def test_a_second_damaged_file_does_not_overwrite_the_first(house: House) -> None:
    house.store.begin_anew("one")
    house.store.begin_anew("two")
    assert (
        len([path for path in house.path.parent.glob("*.damaged-*") if not path.name.endswith(("-wal", "-shm"))]) == 2
    )


def test_a_beginning_that_failed_half_way_is_taken_up_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object) -> None:
        raise StoreFull("no room")

    with monkeypatch.context() as patched:
        patched.setattr("t3actors.store.store.make_durable", no_room)
        for _ in range(3):
            with pytest.raises(StoreFull):
                house.store.begin_anew("damage")
    assert house.store._connection is None
    house.store.begin_anew("damage")
    assert house.store.is_open
    assert len(house.logged("store.damaged")) == 1


def test_what_failed_of_a_file_is_not_held_against_the_one_that_took_its_place(house: House) -> None:
    now_s = 0.0
    failures = house.store._failures = Failures(house.path, house.store.abandon_connection, lambda: now_s)

    def fails() -> None:
        with pytest.raises(StoreFailing), failures.of("batch"):
            raise StoreFailing("disk I/O error")
        house.opened()

    for _ in range(FAILURES):
        fails()
    house.rows("VACUUM INTO ?", f"{house.path}.copy")
    house.path.with_name("t3actors.db.copy").replace(house.path)
    assert house.store.heartbeat()
    house.opened()
    now_s = PATIENCE_S
    fails()


def test_a_large_file_is_checked_in_the_background_after_an_unclean_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = full_house(tmp_path)
    monkeypatch.setattr("t3actors.store.store.SMALL_BYTES", 1000)
    checked: list[FileChecked] = []
    house.store.open(checked.append)
    assert house.store.checking._thread is None
    house.store.abandon_connection()
    house.store = house.new_store()
    house.store.open(checked.append)
    blocking_until(lambda: checked != [])
    house.store.abandon_connection()
    assert [(result.damage, result.not_checked) for result in checked] == [("", "")]


def test_the_check_names_what_it_found(tmp_path: Path) -> None:
    house = full_house(tmp_path)
    spoil(house.path, 3 * 4096)
    checked: list[FileChecked] = []
    integrity.check_in_background(house.path, checked.append).join(WITHIN_S)
    assert "t3actors.db" in checked[0].damage


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    house = House(tmp_path / "file" / "below")
    with pytest.raises(StoreUnreachable, match="below"):
        house.opened()


def test_a_directory_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "t3actors.db").mkdir()
    with pytest.raises(StoreUnreachable, match="not a file"):
        House(tmp_path).opened()


def test_translated_errors_name_the_file_and_the_vendors_words(tmp_path: Path) -> None:
    error = store_error(tmp_path / "a.db", apsw.IOError("disk I/O error"), 28)
    assert isinstance(error, StoreFull)
    assert str(error).endswith("a.db: IOError: disk I/O error (No space left on device)")
