from __future__ import annotations

from pathlib import Path

import apsw
import msgspec
import pytest

from t3actors.errors import SchemaTooNew, StoreBusy, StoreUnreachable
from t3actors.installations import KEY, kept, serials_kept
from t3actors.messages import DeviceProgress, DeviceRemoved, EventHappened, PollCounts
from t3actors.store.connection import open_for_writing
from t3actors.store.forget import forget, forget_never_online
from t3actors.store.migrate import migrate, schema_files
from tests.store.building import T0_MS, House, announced, change, point
from tests.store.test_memory import found, learned

NAME = "bacnet:50:7:7"
LATER_MS = T0_MS + 60_000


def stopped_house(house: House) -> House:
    """A discovered device and a configured one, with history, after a clean stop."""
    house.put(found(points=(point(1), point(2))), change(21.5, device=NAME), learned(device=NAME))
    house.put(announced(), change(), learned())
    house.store.close()
    return house


def test_a_forgotten_device_is_not_remembered_and_keeps_its_rows_and_history(house: House) -> None:
    assert forget(stopped_house(house).path, NAME, LATER_MS)
    assert house.rows("SELECT discovered, status, status_reason, status_at FROM DEVICES WHERE name = ?", NAME) == [
        (0, "disabled", "forgotten", LATER_MS)
    ]
    assert house.rows(
        "SELECT p.point_id, p.value, p.status, p.status_reason, p.status_at FROM INPUT_POINTS p JOIN DEVICES d"
        " USING (serial_number) WHERE d.name = ?",
        NAME,
    ) == [("IN1", 21.5, "disabled", "forgotten", LATER_MS), ("IN2", None, "disabled", "forgotten", LATER_MS)]
    assert house.one("SELECT count(*) FROM TRENDLOG_DATA WHERE name = ?", NAME) == 1
    assert house.rows(
        "SELECT event, point, from_status, to_status, reason FROM EVENTS WHERE at = ? AND event <> 'gateway.stopped'",
        LATER_MS,
    ) == [
        ("point.disabled", "IN1", "ok", "disabled", "forgotten"),
        ("point.disabled", "IN2", "unknown", "disabled", "forgotten"),
        ("device.forgotten", None, "unknown", "disabled", "forgotten"),
    ]
    house.store = house.new_store()
    house.opened()
    assert house.store.remembered() == ()
    assert house.store.learned(NAME) == {}


def test_forgetting_one_device_leaves_the_others_alone(house: House) -> None:
    forget(stopped_house(house).path, NAME, LATER_MS)
    assert house.rows("SELECT status, updated_at FROM DEVICES WHERE name = 'ahu-1'") == [("unknown", T0_MS)]
    assert house.one("SELECT status FROM INPUT_POINTS WHERE serial_number = 12345") == "ok"
    house.store = house.new_store()
    assert house.opened().store.learned("ahu-1") == {"objects": b"\x00\xff"}


def test_a_forgotten_device_that_is_found_again_goes_on_with_its_history(house: House) -> None:
    forget(stopped_house(house).path, NAME, LATER_MS)
    house.store = house.new_store()
    house.opened().put(found(points=(point(1), point(2))), change(22, device=NAME, at_ms=LATER_MS))
    assert [each.name for each in house.store.remembered()] == [NAME]
    assert house.one("SELECT count(*) FROM TRENDLOG_DATA WHERE name = ?", NAME) == 2
    assert house.one("SELECT count(*) FROM series") == 2


@pytest.mark.parametrize("name", ["ahu-1", "nobody", "\udcff"])
def test_only_a_discovered_device_can_be_forgotten(house: House, name: str) -> None:
    before = stopped_house(house).path.read_bytes()
    assert not forget(house.path, name, LATER_MS)
    assert house.path.read_bytes() == before


def stopped_installation(house: House, *serials: int) -> House:
    """A T3000 that remembers these panels, after a clean stop."""
    house.put(announced(device="plant", serial=None, points=()))
    house.put(*(announced(device=f"plant:{serial}", serial=serial, points=(point(1),)) for serial in serials))
    house.put(learned(kept(serials), key=KEY, device="plant"), learned(b"1", key="else", device="plant"))
    house.put(change(21.5, device=f"plant:{serials[0]}"))
    house.store.close()
    return house


def test_a_forgotten_panel_is_not_remembered_by_its_installation_and_keeps_its_rows_and_history(house: House) -> None:
    assert forget(stopped_installation(house, 501, 502).path, "plant:501", LATER_MS)
    assert house.rows("SELECT name, status, status_reason FROM DEVICES ORDER BY name") == [
        ("plant", "unknown", ""),
        ("plant:501", "disabled", "forgotten"),
        ("plant:502", "unknown", ""),
    ]
    assert house.one("SELECT status FROM INPUT_POINTS WHERE serial_number = 501") == "disabled"
    assert house.one("SELECT count(*) FROM TRENDLOG_DATA WHERE name = 'plant:501'") == 1
    house.store = house.new_store()
    learned_now = house.opened().store.learned("plant")
    assert (serials_kept(learned_now[KEY]), learned_now["else"]) == ([502], b"1")


@pytest.mark.parametrize("name", ["plant", "plant:503", "other:501", "plant:", ":501", "plant:0501x", "\udcff:501"])
def test_only_a_panel_that_is_remembered_can_be_forgotten(house: House, name: str) -> None:
    before = stopped_installation(house, 501, 502).path.read_bytes()
    assert not forget(house.path, name, LATER_MS)
    assert house.path.read_bytes() == before


def test_a_device_is_forgotten_once(house: House) -> None:
    assert forget(stopped_house(house).path, NAME, LATER_MS)
    assert not forget(house.path, NAME, LATER_MS)


def test_a_device_that_nobody_polled_any_more_says_forgotten_too(house: House) -> None:
    house.put(found(), DeviceRemoved(device=NAME, at_ms=T0_MS, reason="nobody polls it"))
    house.store.close()
    assert forget(house.path, NAME, LATER_MS)
    assert house.rows("SELECT status, status_reason, status_at FROM DEVICES") == [("disabled", "forgotten", T0_MS)]


@pytest.mark.parametrize("clean", [True, False])
def test_how_the_last_gateway_ended_is_still_known_and_the_wal_is_empty(house: House, clean: bool) -> None:
    house.put(found())
    if clean:
        house.store.close()
    else:
        house.store.abandon_connection()
    assert forget(house.path, NAME, LATER_MS)
    wal = house.path.with_name(house.path.name + "-wal")
    assert wal.exists()  # or who may write nothing here could not read the file
    assert wal.stat().st_size == 0
    assert house.rows("SELECT clean_stop, heartbeat_at FROM GATEWAY") == [(int(clean), T0_MS)]


def test_a_file_that_another_program_writes_to_is_said_to_be_busy_and_unchanged(house: House) -> None:
    other = apsw.Connection(str(stopped_house(house).path))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy):
        forget(house.path, NAME, LATER_MS)
    other.close()
    assert house.one("SELECT discovered FROM DEVICES WHERE name = ?", NAME) == 1


def test_no_file_is_said_and_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachable, match=r"x\.db: no such database"):
        forget(tmp_path / "x.db", NAME, LATER_MS)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_a_newer_version_is_refused(house: House) -> None:
    stopped_house(house).rows("PRAGMA user_version = 99")
    with pytest.raises(SchemaTooNew):
        forget(house.path, NAME, LATER_MS)


def test_a_file_of_a_version_that_discovered_nothing_has_nobody_to_forget(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    connection = open_for_writing(path)
    migrate(connection, path, schema_files()[:1])
    connection.close()
    before = path.read_bytes()
    assert not forget(path, NAME, LATER_MS)
    assert path.read_bytes() == before


def test_of_devices_that_were_found_and_never_answered_nothing_is_left_and_all_others_stay(house: House) -> None:
    mute, met = "bacnet:50:7:8", "bacnet:50:7:9"
    house.put(msgspec.structs.replace(found(8, points=()), discovered=False), found(9, points=()))
    house.put(EventHappened(at_ms=T0_MS, event="device.offline", device=mute))
    house.put(DeviceRemoved(device=mute, at_ms=T0_MS, reason="it was found but never answered a request"))
    house.put(DeviceProgress(device=met, last_ok_at_ms=T0_MS, counts=PollCounts(1)))
    house.put(announced(device="ahu-2", points=[], serial=None, protocol="bacnet"))
    stopped_house(house)
    events = "SELECT count(*) FROM EVENTS WHERE device_id NOT IN (SELECT device_id FROM DEVICES)"
    assert house.one("SELECT count(*) FROM EVENTS JOIN DEVICES USING (device_id) WHERE name = ?", mute) == 1
    assert forget_never_online(house.path) == (mute,)
    assert house.rows("SELECT name FROM DEVICES ORDER BY name") == [("ahu-1",), ("ahu-2",), (NAME,), (met,)]
    assert house.one(events) == 0
    assert forget_never_online(house.path) == ()
