from __future__ import annotations

from t3actors.detect.held import Held
from t3actors.messages import DeviceRemoved
from t3actors.points import DeviceStatus, Reading
from tests.detect.speech import alarms, announced, learned, objects, point, read, turned


def test_one_poll_per_device_is_held_the_newest() -> None:
    held = Held()
    for n in range(100):
        held.put(announced("a", point("IN1"), complete=bool(n)))
        held.put(read("a", n, Reading("IN1", n)))
    assert held.take() == [announced("a", point("IN1"), complete=True), read("a", 99, Reading("IN1", 99))]
    assert len(held) == 0


def test_what_gives_way_to_another_value_is_counted() -> None:
    held = Held()
    held.put(announced("a", point("IN1"), point("IN2"), point("IN3")))
    for n in range(3):
        held.put(read("a", n, Reading("IN1", n), Reading("IN2", 7)))
    held.put(read("a", 3, Reading("IN2", 7)))
    held.put(read("b", 0, Reading("IN1", 0)))
    assert held.let_go == 2


def test_what_a_later_poll_does_not_read_anew_stays_with_its_own_time() -> None:
    held = Held()
    held.put(read("a", 1, Reading("IN1", 1), Reading("IN2", 1), Reading("IN3", 1)))
    held.put(read("a", 2, Reading("IN1", 2), Reading("IN2", 2)))
    held.put(read("a", 3, Reading("IN2", 1)))
    assert held.take() == [
        read("a", 1, Reading("IN3", 1)), read("a", 2, Reading("IN1", 2)), read("a", 3, Reading("IN2", 1)),
    ]  # fmt: skip
    assert held.let_go == 3


def test_no_more_polls_of_a_device_are_held_than_it_has_points() -> None:
    held = Held()
    for n in range(100):
        held.put(read("a", n, Reading(f"IN{n % 3}", n), Reading(f"IN{n % 2}", n)))
    assert held.readings() == 3


def test_statuses_become_one_from_the_first_to_the_last() -> None:
    held = Held()
    held.put(turned("a", DeviceStatus.UNKNOWN, DeviceStatus.CONNECTING))
    held.put(turned("a", DeviceStatus.CONNECTING, DeviceStatus.ONLINE))
    assert held.take() == [turned("a", DeviceStatus.UNKNOWN, DeviceStatus.ONLINE)]


def test_a_removed_device_is_forgotten_and_may_come_again() -> None:
    held = Held()
    removed = DeviceRemoved(device="a", at_ms=1, reason="")
    for message in (announced("a"), read("a", 1), announced("b"), removed, announced("a")):
        held.put(message)
    assert held.take() == [announced("b"), removed, announced("a")]


def test_what_is_told_beside_readings_is_held_once_per_table_and_key() -> None:
    held = Held()
    others = (objects("a", table="HOLIDAYS"), objects("b", "1 Heat"), learned("a", "x"), alarms("a", "AI1 fault hot"))
    for message in (objects("a", "1 Heat", "2 Cool"), learned("a", "y", b"1"), *others):
        held.put(message)
    held.put(objects("a", "2 Fan", complete=False))
    held.put(learned("a", "y", b"2"))
    assert held.take() == [*others, objects("a", "1 Heat", "2 Fan"), learned("a", "y", b"2")]


def test_a_removed_device_has_told_nothing() -> None:
    held = Held()
    removed = DeviceRemoved(device="a", at_ms=1, reason="")
    for message in (objects("a", "1 Heat"), alarms("a"), learned("a", "x"), removed):
        held.put(message)
    assert held.take() == [removed]


def test_a_held_conflict_is_not_lost_to_what_the_device_says_of_itself() -> None:
    held = Held()
    held.put(turned("a", DeviceStatus.UNKNOWN, DeviceStatus.CONFLICT))
    held.put(turned("a", DeviceStatus.CONNECTING, DeviceStatus.ONLINE))
    assert held.take() == [turned("a", DeviceStatus.UNKNOWN, DeviceStatus.CONFLICT)]
