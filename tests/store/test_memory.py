from __future__ import annotations

from typing import Any

import pytest

from t3actors.messages import DeviceAnnounced, DeviceLearned, DeviceRemoved
from t3actors.points import DeviceFacts, DeviceStatus
from t3actors.questions import Remembered
from tests.store.building import T0_MS, House, announced
from tests.store.test_devices import status_changed


def learned(value: bytes | None = b"\x00\xff", key: str = "objects", device: str = "ahu-1") -> DeviceLearned:
    return DeviceLearned(device=device, key=key, value=value)


def found(instance: int | None = 7, **more: Any) -> DeviceAnnounced:
    name = f"bacnet:50:7:{instance}"
    facts = DeviceFacts(object_instance=instance, bacnet_network=50, vendor_id=148)
    return announced(device=name, protocol="bacnet", address="50:7", facts=facts, discovered=True, **more)


def test_what_was_learned_is_known_after_a_restart_by_device_and_key(house: House) -> None:
    house.put(announced(), announced(device="other", serial=2))
    house.put(learned(b"1"), learned(b"2", key="limits"), learned(b"3", device="other"), learned(b"", key="empty"))
    house.put(learned(b"4"))
    house.reopened()
    assert house.store.learned("ahu-1") == {"objects": b"4", "limits": b"2", "empty": b""}
    assert house.store.learned("other") == {"objects": b"3"}
    assert house.store.learned("nobody") == {}


def test_what_is_to_be_forgotten_is_gone(house: House) -> None:
    house.put(announced(), learned(), learned(None))
    assert house.store.learned("ahu-1") == {}
    assert house.put(learned(None)) == ()


def test_what_is_learned_again_is_not_written_again(house: House) -> None:
    house.put(announced(), learned())
    house.now_ms += 5
    assert house.store.store(house.batch(learned())).rows == 0
    assert house.one("SELECT updated_at FROM device_memory") == T0_MS


def test_what_was_learned_stays_with_a_device_that_gets_its_serial_number_or_is_removed(house: House) -> None:
    house.put(announced(serial=None), learned(), announced(serial=5))
    house.put(DeviceRemoved(device="ahu-1", at_ms=T0_MS, reason="gone"), learned(b"late"))
    assert house.store.learned("ahu-1") == {"objects": b"late"}


def test_what_was_learned_of_a_device_that_was_never_announced_is_let_go(house: House) -> None:
    assert house.put(learned(), learned(None)) == ()
    assert house.rows("SELECT * FROM device_memory") == []


@pytest.mark.parametrize("poison", [learned(key="\udcff"), learned(device="ahu-1", value="\udcff")])  # type: ignore[arg-type]
def test_something_learned_that_cannot_be_stored_costs_itself_only(house: House, poison: DeviceLearned) -> None:
    house.put(announced(), learned(b"1", key="a"), poison, learned(b"2", key="b"))
    assert house.store.learned("ahu-1") == {"a": b"1", "b": b"2"}
    (line,) = house.logged("row.poisoned")
    assert (line["device"], line["point_id"]) == ("ahu-1", poison.key)


def test_discovered_devices_are_remembered_and_configured_ones_are_not(house: House) -> None:
    house.put(announced(), found(7), found(8, complete=False), status_changed(DeviceStatus.OFFLINE, "bacnet:50:7:8"))
    assert house.reopened().store.remembered() == (
        Remembered(
            name="bacnet:50:7:7", address="50:7", instance=7, network=50, vendor_id=148, status=DeviceStatus.UNKNOWN
        ),
        Remembered(
            name="bacnet:50:7:8", address="50:7", instance=8, network=50, vendor_id=148, status=DeviceStatus.OFFLINE
        ),
    )


def test_a_discovered_device_stays_so_whoever_announces_it_and_when_nobody_polls_it(house: House) -> None:
    house.put(found(), announced(device="bacnet:50:7:7", serial=None))
    house.put(DeviceRemoved(device="bacnet:50:7:7", at_ms=T0_MS, reason="nobody polls it"))
    assert [(each.name, each.status) for each in house.store.remembered()] == [("bacnet:50:7:7", "disabled")]


def test_a_discovered_device_of_which_no_instance_is_known_cannot_be_asked_for_again(house: House) -> None:
    house.put(found(None))
    assert house.one("SELECT discovered FROM DEVICES") == 1
    assert house.store.remembered() == ()
