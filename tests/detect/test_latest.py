from __future__ import annotations

import pytest
from msgspec.structs import replace

from t3actors.detect.latest import Latest
from t3actors.messages import StateLoaded
from t3actors.points import DeviceStatus, Reading, Rules, Status, Value
from tests.detect.speech import RULES, announced, point, read, stored, told


def test_a_point_found_disabled_and_read_disabled_stays_so_when_its_device_dies() -> None:
    device = loaded(("IN1", None, Status.DISABLED)).devices["a"]
    device.announce(announced("a", point("IN1")), 0.0, 0)
    device.take(read("a", 1, Reading("IN1", None, Status.DISABLED, "why")), 1.0)
    assert device.grow_old(1000.0, 0).changes == []


def test_units_that_are_learned_when_the_device_is_met_again_start_nothing() -> None:
    device = loaded(("IN1", 20.0, Status.OK)).devices["a"]
    for now_s, said in ((1.0, [False]), (2.0, [])):
        device.announce(announced("a", point("IN1")), now_s, 0)
        device.announce(announced("a", point("IN1", units="°C"), complete=True), now_s, 0)
        assert [change.changed for change in told(device, now_s, 20.0)] == said


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
    changes = device.take(read("a", 1, Reading("IN1", 20.0), Reading("IN2", 1.0)), 2.0).changes
    assert [(c.point_id, c.changed, c.was) for c in changes] == [("IN1", False, Status.OK), ("IN2", False, Status.OK)]


KINDS = {
    "no heartbeat": Rules(poll_interval_s=1.0, max_interval_s=0.0),
    "a heartbeat": Rules(poll_interval_s=1.0, max_interval_s=900.0),
    "every reading": Rules(poll_interval_s=1.0, max_interval_s=0.0, trend="always"),
    "a swinging door": Rules(poll_interval_s=1.0, max_interval_s=0.0, compress=0.5),
    "min_interval": Rules(poll_interval_s=1.0, max_interval_s=0.0, min_interval_s=600.0),
    "a deadband": Rules(poll_interval_s=1.0, max_interval_s=0.0, deadband=5.0),
}


@pytest.mark.parametrize("rules", KINDS.values(), ids=KINDS)
def test_the_first_good_poll_after_a_start_says_every_value_once_more(rules: Rules) -> None:
    device = loaded(("IN1", 20.0, Status.OK)).devices["a"]
    device.announce(announced("a", point("IN1", rules), complete=True), 1.0, 0)
    (first,) = told(device, 2.0, 20.0)
    assert (first.sample, first.changed, first.at_ms, first.reading.value) == (True, False, 2000, 20.0)
    assert first.known_again
    later = [told(device, now_s, 20.0) for now_s in (3.0, 4.0, 5.0)]
    assert [bool(changes) for changes in later] == [rules.trend == "always"] * 3
    assert not any(change.known_again for changes in later for change in changes)


@pytest.mark.parametrize("rules", KINDS.values(), ids=KINDS)
def test_what_has_changed_while_nobody_looked_is_said_at_once_also_where_changes_are_to_be_rare(rules: Rules) -> None:
    device = loaded(("IN1", 20.0, Status.OK)).devices["a"]
    device.announce(announced("a", point("IN1", rules), complete=True), 1.0, 0)
    (first,) = told(device, 2.0, 24.0)
    assert (first.sample, first.reading.value, first.known_again) == (True, 24.0, True)


def test_a_value_that_comes_with_other_flags_after_a_start_is_a_sample_too() -> None:
    device = loaded(("IN1", 20.0, Status.OK)).devices["a"]
    device.announce(announced("a", point("IN1")), 1.0, 0)
    (first,) = device.take(read("a", 1, Reading("IN1", 20.0, flags=4)), 2.0).changes
    assert first.sample
    assert told(device, 3.0, 20.0)[0].sample is False, "flags alone are no sample"


def test_a_start_owes_nothing_to_a_point_without_history_or_without_a_good_value() -> None:
    latest = loaded(("IN1", 20.0, Status.OK), ("IN2", 20.0, Status.FAULT))
    device = latest.devices["a"]
    device.announce(announced("a", point("IN1", replace(RULES, trend="never")), point("IN2")), 1.0, 0)
    fault = Reading("IN2", None, Status.FAULT, "why")
    assert [c for c in device.take(read("a", 1, Reading("IN1", 20.0), fault), 2.0).changes if c.sample] == []


def test_a_value_is_owed_until_it_is_good_again() -> None:
    device = loaded(("IN1", 20.0, Status.OK)).devices["a"]
    device.announce(announced("a", point("IN1")), 1.0, 0)
    (fault,) = told(device, 2.0, None, Status.FAULT)
    assert (fault.sample, fault.was) == (True, Status.OK)
    assert told(device, 3.0, None, Status.FAULT) == []
    (well,) = told(device, 4.0, 20.0)
    assert well.sample
    assert told(device, 5.0, 20.0) == []


def test_what_a_t3000_read_before_the_start_does_not_say_that_it_holds_since() -> None:
    latest = Latest()
    known = (stored("a", "IN1", 20.0),)
    state = StateLoaded(incarnation=1, points=known, device_status={"a": DeviceStatus.ONLINE})
    latest.load(state, 0.0, at_ms=50_000)
    device = latest.devices["a"]
    device.announce(announced("a", point("IN1")), 1.0, 50_000)

    def cycle(now_s: float, read_at_ms: int, value: float = 20.0) -> list[tuple[int, bool]]:
        answer = replace(read("a", 1, Reading("IN1", value), at_ms=read_at_ms), part="inputs", came_at_ms=60_000)
        return [(change.at_ms, change.sample) for change in device.take(answer, now_s).changes]

    assert cycle(2.0, 40_000) == [(40_000, False)]
    assert cycle(3.0, 40_000) == []
    assert cycle(4.0, 49_999, value=21.0) == [(49_999, True)]
    assert cycle(5.0, 50_000, value=21.0) == [(50_000, True)]
    assert cycle(6.0, 80_000, value=21.0) == []


@pytest.mark.parametrize("compress", [0.0, 2.0])
def test_that_a_point_without_history_is_read_again_is_told_once_by_its_row_alone(compress: float) -> None:
    device = loaded(("IN1", 20.0, Status.OK), ("IN2", 1, Status.FAULT)).devices["a"]
    rules = replace(RULES, compress=compress, deadband=0.5, trend="never")
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
    device.take(read("a", 1, Reading("IN1", 20.0), Reading("IN2", 1)), 1.0)
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
