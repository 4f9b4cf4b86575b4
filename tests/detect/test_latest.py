from __future__ import annotations

import pytest
from msgspec.structs import replace

from t3actors.detect.latest import Latest
from t3actors.messages import StateLoaded
from t3actors.points import DeviceStatus, Reading, Status, Value
from tests.detect.speech import RULES, announced, point, read, stored, told


def test_a_point_found_disabled_and_read_disabled_stays_so_when_its_device_dies() -> None:
    device = loaded(("IN1", None, Status.DISABLED)).devices["a"]
    device.announce(announced("a", point("IN1")), 0.0, 0)
    device.take(read("a", 1, Reading("IN1", None, Status.DISABLED, "why")), 1.0)
    assert device.grow_old(1000.0, 0).changes == []


def test_units_that_are_learned_when_the_device_is_met_again_start_nothing() -> None:
    device = loaded(("IN1", 20.0, Status.OK)).devices["a"]
    for now_s in (1.0, 2.0):
        device.announce(announced("a", point("IN1")), now_s, 0)
        device.announce(announced("a", point("IN1", units="°C"), complete=True), now_s, 0)
        assert [change.sample for change in told(device, now_s, 20.0)] == [False] * (now_s == 1.0)


def loaded(*points: tuple[str, Value, Status]) -> Latest:
    latest = Latest()
    known = tuple(
        stored("a", point_id, value, status, "" if status is Status.OK else "why") for point_id, value, status in points
    )
    latest.load(StateLoaded(incarnation=1, points=known, device_status={"a": DeviceStatus.ONLINE}), 0.0)
    return latest


def test_a_restart_writes_no_false_change() -> None:
    device = loaded(("IN1", 20.0, Status.OK), ("IN2", 1, Status.OK)).devices["a"]
    assert device.announce(announced("a", point("IN1"), point("IN2")), 1.0, 0) == []
    taken = device.take(read("a", 1, Reading("IN1", 20.0), Reading("IN2", 1.0)), 2.0)
    assert [change for change in taken.changes if change.sample or change.was is not change.reading.status] == []


@pytest.mark.parametrize("compress", [0.0, 2.0])
def test_that_a_point_known_from_the_store_is_read_again_is_told_once_by_its_row_alone(compress: float) -> None:
    device = loaded(("IN1", 20.0, Status.OK), ("IN2", 1, Status.FAULT)).devices["a"]
    rules = replace(RULES, compress=compress, deadband=0.5)
    device.announce(announced("a", point("IN1", rules), point("IN2", rules)), 1.0, 0)
    assert device.by_status() == {Status.UNKNOWN: 1, Status.FAULT: 1}, "nothing is ok that was not read yet"
    taken = device.take(read("a", 1, Reading("IN1", 20.25), Reading("IN2", 1, Status.FAULT, "why")), 2.0)
    (change,) = taken.changes
    assert (change.reading.value, change.sampled_at_ms, change.changed, change.sample) == (20.0, 1000, True, False)
    assert device.by_status() == {Status.OK: 1, Status.FAULT: 1}
    assert device.take(read("a", 2, Reading("IN1", 20.25), Reading("IN2", 1, Status.FAULT, "why")), 3.0).changes == []


@pytest.mark.parametrize("status", [Status.STALE, Status.DOWN, Status.FAULT, Status.UNKNOWN, Status.DISABLED])
def test_a_stored_status_stands_until_the_first_poll_which_writes_that_alone(status: Status) -> None:
    device = loaded(("IN1", 20.0, status)).devices["a"]
    assert device.announce(announced("a", point("IN1")), 1.0, 0) == []
    assert device.grow_old(1.0, 0).changes == []
    assert [(c.was, c.reading.status) for c in told(device, 2.0, 20.0)] == [(status, Status.OK)]
    assert told(device, 3.0, 20.0) == []


def test_staleness_counts_from_the_start_also_for_a_device_that_never_speaks() -> None:
    device = loaded(("IN1", 20.0, Status.OK), ("IN2", 20.0, Status.DISABLED)).devices["a"]
    assert device.grow_old(104.9, 0).changes == []
    assert device.grow_old(105.0, 0).stale == 1
    assert [c.point_id for c in device.grow_old(195.0, 0).changes] == ["IN1"]


def test_what_the_store_dropped_is_a_change_again_unless_something_newer_waits() -> None:
    latest = loaded(("IN1", 20.0, Status.OK), ("IN2", 1, Status.OK))
    device = latest.devices["a"]
    device.announce(announced("a", point("IN1"), point("IN2")), 1.0, 0)
    latest.forget([("a", "IN1"), ("a", "IN2"), ("b", "IN1"), ("a", "IN9")], {("a", "IN2")}, 1.0)
    taken = device.take(read("a", 1, Reading("IN1", 20.0), Reading("IN2", 1)), 2.0)
    assert [c.point_id for c in taken.changes if c.sample] == ["IN1"]
    assert device.take(read("a", 2, Reading("IN1", 20.0), Reading("IN2", 1)), 3.0).changes == []


def test_a_dropped_change_to_down_is_said_again_though_nothing_is_read() -> None:
    latest = loaded(("IN1", 20.0, Status.OK))
    device = latest.devices["a"]
    device.announce(announced("a", point("IN1")), 0.0, 0)
    assert device.grow_old(6.5, 0).down == 1
    latest.forget([("a", "IN1")], set(), 7.0)
    assert device.grow_old(7.9, 0).changes == []
    assert [c.reading.status for c in device.grow_old(8.0, 0).changes] == [Status.DOWN]
    assert device.grow_old(9.0, 0).changes == []


def test_what_is_known_from_the_store_alone_ages_as_its_device_is_polled() -> None:
    """A point that is not announced yet must not look alive for 30 s polls when its device is polled each second."""
    latest = Latest()
    known = (stored("a", "IN9", 20.0),)
    latest.load(StateLoaded(incarnation=1, points=known, device_status={"a": DeviceStatus.ONLINE}), 0.0)
    device = latest.device("a")
    device.announce(replace(announced("a"), poll_interval_s=1.0, stale_after=3, down_after=6), 0.0, 1)
    device.grow_old(3.0, 1)
    assert device.tracks["IN9"].stored.status is Status.OK
    assert [change.reading.status for change in device.grow_old(3.6, 1).changes] == [Status.STALE]
    assert [change.reading.status for change in device.grow_old(6.6, 1).changes] == [Status.DOWN]
