"""What an earlier life of the gateway left in the database is never shown as live: by plain SQL as by ours."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from t3actors.messages import DeviceProgress, DeviceStatusChanged, PollCounts
from t3actors.points import DeviceStatus, Status
from t3actors.store.reader import open_reader
from tests.store.building import House, announced, change, point

NOT_YET = "not heard of since the gateway was started; it was "
CONNECTING, ONLINE, OFFLINE = DeviceStatus.CONNECTING, DeviceStatus.ONLINE, DeviceStatus.OFFLINE


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def status(to: DeviceStatus, was: DeviceStatus = DeviceStatus.UNKNOWN, reason: str = "") -> DeviceStatusChanged:
    return DeviceStatusChanged(device="ahu-1", at_ms=now_ms(), status=to, was=was, reason=reason)


def progress(*, heard: bool) -> DeviceProgress:
    return DeviceProgress(device="ahu-1", last_ok_at_ms=now_ms(), counts=PollCounts(7, 2, 30.0), heard=heard)


def house_with_one_device(folder: Path) -> House:
    """Of which IN1 is ok and IN2 is not."""
    house = House(folder)
    house.now_ms = at_ms = now_ms()
    house.opened()
    house.put(
        announced([point(1), point(2)]), status(ONLINE), progress(heard=True),
        change(21.5, at_ms=at_ms), change(None, "IN2", at_ms=at_ms, status=Status.FAULT, reason="open"),
    )  # fmt: skip
    return house


def begins_anew(house: House, *, killed: bool) -> None:
    if killed:
        house.store.abandon_connection()
    else:
        house.store.close()
    house.boot_id += "+"
    house.now_ms += 1
    house.store = house.new_store()
    house.opened()


def points(house: House) -> list[tuple[object, ...]]:
    return house.rows("SELECT point_id, status, status_reason, value FROM POINTS ORDER BY point_id")


def device(house: House, table: str = "DEVICES") -> tuple[object, ...]:
    (row,) = house.rows(f"SELECT status, status_reason, polls_ok, unheard FROM {table}")
    return row


@pytest.mark.parametrize("killed", [True, False])
def test_right_after_a_start_no_device_and_no_point_reads_as_live(tmp_path: Path, killed: bool) -> None:
    house = house_with_one_device(tmp_path)
    assert points(house) == [("IN1", "ok", "", 21.5), ("IN2", "fault", "open", None)]
    begins_anew(house, killed=killed)
    assert device(house) == device(house, "DEVICES_NOW") == ("unknown", f"{NOT_YET}online", 0, 1)
    assert points(house) == [
        ("IN1", "unknown", "not read since the gateway was started: it was ok", 21.5),
        ("IN2", "fault", "open", None),
    ]
    with open_reader(house.path) as reader:
        assert [row.status for row in reader.devices()] == ["unknown"]
        assert {row.device_status for row in reader.points()} == {"unknown"}
        assert [(each.status, each.points) for each in reader.point_counts()] == [("fault", 1), ("unknown", 1)]


def test_a_device_reads_as_it_says_once_it_is_spoken_for_and_its_points_once_it_was_read(tmp_path: Path) -> None:
    house = house_with_one_device(tmp_path)
    begins_anew(house, killed=True)
    house.put(status(CONNECTING, ONLINE))
    house.put(status(ONLINE, CONNECTING), progress(heard=False))
    assert device(house) == ("online", "", 7, 1)
    assert points(house)[0][1] == "unknown"
    house.put(progress(heard=True))
    assert device(house) == ("online", "", 7, 0)
    assert points(house)[0] == ("IN1", "ok", "", 21.5)
    house.put(progress(heard=False))
    assert points(house)[0][1] == "ok", "a new detector has heard nobody yet; this life has"


def test_a_writer_that_begins_again_in_the_same_life_takes_nothing_back(tmp_path: Path) -> None:
    house = house_with_one_device(tmp_path).reopened()
    assert device(house) == ("online", "", 7, 0)
    assert points(house)[0][1] == "ok"


def test_what_was_before_is_known_however_many_lives_speak_for_nobody(tmp_path: Path) -> None:
    """EVENTS goes on where the last life ended, and the detector judges by that."""
    house = house_with_one_device(tmp_path)
    house.put(status(OFFLINE, ONLINE, "refused"))
    for _ in range(2):
        begins_anew(house, killed=True)
        assert device(house)[:2] == ("unknown", f"{NOT_YET}offline: refused")
        assert house.store.load_state(1).device_status == {"ahu-1": OFFLINE}
    house.put(announced(enabled=False))
    assert house.rows("SELECT from_status, to_status FROM EVENTS WHERE event = 'device.disabled'") == [
        ("offline", "disabled")
    ]
    begins_anew(house, killed=True)
    assert device(house)[0] == "disabled"


@pytest.mark.parametrize("killed", [True, False])
def test_once_no_gateway_runs_no_view_has_anything_as_live(tmp_path: Path, killed: bool) -> None:
    house = house_with_one_device(tmp_path)
    if killed:
        house.store.abandon_connection()
        house.rows("UPDATE GATEWAY SET heartbeat_at = heartbeat_at - 36000")
    else:
        house.store.close()
    row = device(house, "DEVICES_NOW")
    assert row[0] == "unknown"
    assert str(row[1]).startswith("the gateway does not run: it was online, last heard 20")
    assert {each[1] for each in points(house)} == {"unknown"}


def test_devices_now_has_every_column_of_devices(tmp_path: Path) -> None:
    house = house_with_one_device(tmp_path)
    names = [
        {name for (name,) in house.rows(f"SELECT name FROM pragma_table_info('{table}')")}
        for table in ("DEVICES", "DEVICES_NOW")
    ]
    assert names[0] == names[1]
