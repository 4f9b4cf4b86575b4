from __future__ import annotations

import pytest

from t3actors.messages import DeviceRemoved, DeviceStatusChanged
from t3actors.points import DeviceFacts, DeviceStatus, Kind
from t3actors.store.reader import open_reader
from tests.store.building import T0_MS, House, announced, change, point

PROVISIONAL = 2**32


def status_changed(status: DeviceStatus, device: str = "ahu-1") -> DeviceStatusChanged:
    return DeviceStatusChanged(device=device, at_ms=T0_MS, status=status, was=DeviceStatus.UNKNOWN, reason="why")


def test_a_device_stands_before_first_contact_under_a_provisional_key(house: House) -> None:
    house.put(announced(serial=None, complete=False))
    assert house.rows("SELECT device_id, serial_number, status FROM DEVICES") == [(1, PROVISIONAL + 1, "unknown")]
    assert house.rows("SELECT serial_number, status FROM INPUT_POINTS") == [(PROVISIONAL + 1, "unknown")]


def test_first_contact_re_keys_the_device_and_its_points(house: House) -> None:
    house.put(announced(serial=None), change())
    house.put(announced(serial=12345), change(22, at_ms=T0_MS + 1))
    assert house.rows("SELECT device_id, serial_number FROM DEVICES") == [(1, 12345)]
    assert house.rows("SELECT serial_number, value FROM INPUT_POINTS") == [(12345, 22)]
    assert house.one("SELECT count(*) FROM TRENDLOG_DATA WHERE serial_number = 12345") == 2
    assert house.rows("PRAGMA foreign_key_check") == []


@pytest.mark.parametrize("serial", [None, 0, -1, 2**32, 2**40])
def test_a_serial_that_is_none_keeps_the_provisional_key(house: House, serial: int | None) -> None:
    house.put(announced(serial=serial))
    assert house.one("SELECT serial_number FROM DEVICES") == PROVISIONAL + 1


@pytest.mark.parametrize("serial", [1, 2**31, 2**32 - 1])
def test_every_32_bit_serial_is_a_key(house: House, serial: int) -> None:
    house.put(announced(serial=serial))
    assert house.one("SELECT serial_number FROM DEVICES") == serial


def test_a_serial_once_known_is_not_lost_when_the_device_does_not_say_it(house: House) -> None:
    house.put(announced(), announced(serial=None))
    assert house.one("SELECT serial_number FROM DEVICES") == 12345


def test_an_exchanged_panel_keeps_its_name_and_history_and_the_event_says_so(house: House) -> None:
    house.put(announced(), change())
    house.put(announced(serial=777))
    assert house.one("SELECT count(*) FROM TRENDLOG_DATA WHERE serial_number = 777") == 1
    assert house.rows("SELECT event, reason FROM EVENTS WHERE device_id") == [
        ("device.rekeyed", "serial number 12345 became 777")
    ]


def test_a_serial_of_another_device_is_a_reported_conflict_and_never_merged(house: House) -> None:
    house.put(announced(), change())
    house.put(announced(device="twin"), change(99, device="twin"))
    assert house.rows("SELECT name, serial_number, status FROM DEVICES ORDER BY device_id") == [
        ("ahu-1", 12345, "unknown"),
        ("twin", PROVISIONAL + 2, "conflict"),
    ]
    assert house.rows("SELECT value FROM INPUT_POINTS WHERE serial_number = 12345") == [(21.5,)]
    assert house.rows("SELECT event, to_status FROM EVENTS WHERE device_id") == [("device.conflict", "conflict")]
    (line,) = house.logged("device.conflicted")
    assert line == {"device": "twin", "serial_number": 12345, "held_by": "ahu-1"}


def test_every_acknowledgement_says_which_devices_are_in_conflict_over_a_serial_number(house: House) -> None:
    house.put(announced())
    twins = house.batch(announced(device="twin"))
    expected = {"twin": "serial number 12345 is already that of ahu-1"}
    assert house.store.store(twins).conflicts == expected
    assert house.store.store(twins).conflicts == expected  # sent again
    assert house.reopened().store.store(house.batch(change())).conflicts == expected
    assert house.rows("SELECT name, status_reason FROM DEVICES WHERE status = 'conflict'") == list(expected.items())
    assert house.store.store(house.batch(announced(device="twin", serial=777))).conflicts == {}


def test_a_conflict_stands_until_the_serial_is_another_and_is_said_once(house: House) -> None:
    house.put(announced(), announced(device="twin"))
    house.put(announced(device="twin"), status_changed(DeviceStatus.ONLINE, "twin"))
    house.reopened().put(announced(device="twin"))
    assert house.one("SELECT status FROM DEVICES WHERE name = 'twin'") == "conflict"
    assert len(house.logged("device.conflicted")) == 1
    house.put(announced(device="twin", serial=8), status_changed(DeviceStatus.ONLINE, "twin"))
    assert house.rows("SELECT serial_number, status FROM DEVICES WHERE name = 'twin'") == [(8, "online")]


def test_an_address_change_makes_no_new_device(house: House) -> None:
    house.put(announced(), announced(address="192.0.2.9:502"))
    assert house.rows("SELECT device_id, address FROM DEVICES") == [(1, "192.0.2.9:502")]


def test_facts_that_the_device_does_not_say_keep_what_is_known(house: House) -> None:
    house.put(announced(facts=DeviceFacts(serial_number=1, model="T3-BB", panel_id=7)))
    house.put(announced(facts=DeviceFacts(firmware="5.2")))
    assert house.rows("SELECT model, panel_id, firmware FROM DEVICES") == [("T3-BB", 7, "5.2")]


def test_a_transition_is_stored(house: House) -> None:
    house.put(announced(), status_changed(DeviceStatus.OFFLINE))
    assert house.rows("SELECT status, status_reason, status_at FROM DEVICES") == [("offline", "why", T0_MS)]


def test_points_absent_from_the_whole_list_are_disabled_and_not_deleted(house: House) -> None:
    house.put(announced([point(1), point(2)]), change(1), change(2, point_id="IN2"))
    house.put(announced([point(1)]))
    assert house.rows("SELECT point_id, status, value FROM INPUT_POINTS") == [("IN1", "ok", 1), ("IN2", "disabled", 2)]
    assert house.rows("SELECT point, event, from_status FROM EVENTS WHERE device_id") == [
        ("IN2", "point.disabled", "ok")
    ]


def test_points_absent_from_a_list_that_is_not_whole_are_left_alone(house: House) -> None:
    house.put(announced([point(1), point(2)]), announced([point(1)], complete=False))
    assert house.rows("SELECT status FROM INPUT_POINTS") == [("unknown",), ("unknown",)]


def test_a_point_that_comes_back_is_enabled_again(house: House) -> None:
    house.put(announced([point(1), point(2)]), announced([point(1)]))
    house.reopened().put(announced([point(1), point(2)]), change(5, point_id="IN2"))
    assert house.rows("SELECT value, status FROM INPUT_POINTS WHERE point_id = 'IN2'") == [(5, "ok")]


def test_a_renamed_point_keeps_its_row_and_history(house: House) -> None:
    house.put(announced([point(1, point_id="old")]), change(1, point_id="old"))
    house.put(announced([point(1, point_id="new")]), change(2, point_id="new", at_ms=T0_MS + 1))
    assert house.rows("SELECT point_id, value FROM INPUT_POINTS") == [("new", 2)]
    assert house.one("SELECT count(*) FROM TRENDLOG_DATA WHERE point_id = 'new'") == 2


def test_two_points_may_swap_their_names(house: House) -> None:
    house.put(
        announced([point(1, point_id="a"), point(2, point_id="b")]), change(1, point_id="a"), change(2, point_id="b")
    )
    house.put(announced([point(1, point_id="b"), point(2, point_id="a")]), change(10, point_id="b"))
    assert house.rows("SELECT point_index, point_id, value FROM INPUT_POINTS") == [(1, "b", 10), (2, "a", 2)]


def test_a_name_that_moved_to_another_row_belongs_to_that_row_also_after_a_restart(house: House) -> None:
    house.put(announced([point(1, point_id="x")]), change(1, point_id="x"))
    house.put(announced([point(5, Kind.VARIABLE, point_id="x")]))
    house.reopened().put(change(2, point_id="x"))
    assert house.rows("SELECT status, value FROM INPUT_POINTS") == [("disabled", 1)]
    assert house.rows("SELECT status, value FROM VARIABLE_POINTS") == [("ok", 2)]
    assert [(item.point_id, item.reading.value) for item in house.store.load_state(1).points] == [("x", 2)]


def test_a_device_that_is_disabled_takes_its_points_along_and_back(house: House) -> None:
    house.put(announced(), announced(enabled=False))
    assert house.rows("SELECT status, enabled FROM DEVICES") == [("disabled", 0)]
    assert house.one("SELECT status FROM INPUT_POINTS") == "disabled"
    house.put(announced())
    assert house.one("SELECT status FROM DEVICES") == "unknown"
    assert house.one("SELECT status FROM INPUT_POINTS") == "unknown"


def test_a_removed_device_keeps_its_rows(house: House) -> None:
    house.put(announced(), change())
    house.put(DeviceRemoved(device="ahu-1", at_ms=T0_MS + 1, reason="not configured"))
    assert house.one("SELECT status FROM DEVICES") == "disabled"
    assert house.rows("SELECT status, value, status_reason FROM INPUT_POINTS") == [("disabled", 21.5, "not configured")]


# ---------------------------------------------------------------------------------------------------- conflicts


def conflict_found(was: DeviceStatus = DeviceStatus.UNKNOWN) -> DeviceStatusChanged:
    return DeviceStatusChanged(device="ahu-1", at_ms=T0_MS, status=DeviceStatus.CONFLICT, was=was, reason="two answer")


def conflict_over(device: str = "ahu-1", status: DeviceStatus = DeviceStatus.UNKNOWN) -> DeviceStatusChanged:
    return DeviceStatusChanged(device=device, at_ms=T0_MS, status=status, was=DeviceStatus.CONFLICT, reason="over")


def status_of(house: House, device: str = "ahu-1") -> tuple[object, ...]:
    (row,) = house.rows("SELECT status, status_reason FROM DEVICES WHERE name = ?", device)
    return row


@pytest.mark.parametrize("restart", [False, True])
def test_a_conflict_that_discovery_found_stands_until_discovery_says_that_it_is_over(
    house: House, restart: bool
) -> None:
    house.put(announced(serial=None), conflict_found())
    if restart:
        house.reopened()
    house.put(announced(serial=None), status_changed(DeviceStatus.ONLINE), status_changed(DeviceStatus.OFFLINE))
    assert status_of(house) == ("conflict", "two answer")
    house.put(announced(serial=77), status_changed(DeviceStatus.ONLINE))  # a serial of its own ends no such conflict
    assert status_of(house) == ("conflict", "two answer")
    house.put(conflict_over(), status_changed(DeviceStatus.ONLINE))
    assert status_of(house) == ("online", "why")


@pytest.mark.parametrize("restart", [False, True])
def test_a_conflict_about_a_serial_number_is_not_for_discovery_to_end(house: House, restart: bool) -> None:
    house.put(announced(), announced(device="twin"))
    if restart:
        house.reopened()
    house.put(conflict_over("twin"), conflict_over("twin", DeviceStatus.ONLINE))
    assert status_of(house, "twin") == ("conflict", "serial number 12345 is already that of ahu-1")
    house.put(announced(device="twin", serial=8))
    assert status_of(house, "twin") == ("unknown", "the conflict is over")


def test_a_device_in_conflict_whose_serial_number_is_anothers_too_needs_that_mended(house: House) -> None:
    house.put(announced(device="owner"), announced(serial=None), conflict_found(), announced())
    house.put(conflict_over())
    assert status_of(house) == ("conflict", "serial number 12345 is already that of owner")


def test_a_conflict_over_a_serial_number_that_is_another_ones_now_names_that_one(house: House) -> None:
    house.put(announced(), announced(device="other", serial=8), announced(device="twin"))
    house.put(announced(device="twin", serial=8))
    assert status_of(house, "twin") == ("conflict", "serial number 8 is already that of other")
    assert [line["held_by"] for line in house.logged("device.conflicted")] == ["ahu-1", "other"]


def test_a_removed_device_is_in_no_conflict(house: House) -> None:
    house.put(announced(), announced(device="twin"), DeviceRemoved(device="twin", at_ms=T0_MS, reason="gone"))
    assert house.rows("SELECT status, claimed_serial FROM DEVICES WHERE name = 'twin'") == [("disabled", None)]
    house.put(announced(device="twin", serial=8), status_changed(DeviceStatus.ONLINE, "twin"))
    assert status_of(house, "twin") == ("online", "why")


# --------------------------------------------------------------------------------------------------------- mode


def test_a_point_whose_device_tells_of_changes_says_so_and_keeps_its_value_and_series(house: House) -> None:
    house.put(announced(), change(1))
    for number, mode in enumerate(("cov", "poll", "cov"), 2):
        told = announced([point(mode=mode, verified_every_s=60.0)])
        assert house.put(told, change(number, at_ms=T0_MS + number)) == ()
        assert house.rows("SELECT mode, value, status FROM INPUT_POINTS") == [(mode, number, "ok")]
    assert house.one("SELECT count(*) FROM series") == 1
    with open_reader(house.path) as reader:
        assert [row.mode for row in reader.points()] == ["cov"]


def test_what_the_points_of_a_device_that_is_removed_were_holds_no_longer(house: House) -> None:
    house.put(announced([point(1), point(2)]), change(21.5))
    house.put(DeviceRemoved(device="ahu-1", at_ms=T0_MS + 60_000, reason="gone"))
    house.put(DeviceRemoved(device="ahu-1", at_ms=T0_MS + 90_000, reason="gone"))
    assert house.rows("SELECT value, status, sampled_at FROM TRENDLOG_DATA ORDER BY sampled_at") == [
        (21.5, "ok", T0_MS),
        (None, "disabled", T0_MS + 60_000),
    ]
