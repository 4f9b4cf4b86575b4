from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from t3actors.detect.device import DeviceLatest
from t3actors.detect.rules import value_differs
from t3actors.messages import ClockStep, DeviceAnnounced, PointChange, PointsRead, PollCounts
from t3actors.pauses import Pause
from t3actors.points import Kind, Point, Reading, Rules, Status, Trend, Value
from tests.detect.speech import RULES, announced, point, read, told


def device_with(rules: Rules = RULES, *, digital: bool = False) -> DeviceLatest:
    device = DeviceLatest("a")
    device.announce(announced("a", point("IN1", rules, digital=digital)), 0.0, 0)
    return device


def test_slow_drift_is_seen_because_values_are_compared_with_the_stored_one() -> None:
    device = device_with(replace(RULES, deadband=0.5))
    kept = [bool(told(device, float(n), 20.0 + n / 4)) for n in range(7)]
    assert kept == [True, False, False, True, False, False, True]


def test_details_do_not_move_the_value_that_later_ones_are_compared_with() -> None:
    device = device_with(replace(RULES, deadband=0.5))
    told(device, 0.0, 20.0)
    for n in range(1, 5):
        change = device.take(read("a", n, Reading("IN1", 20.0 + n / 4, flags=n)), float(n)).changes[0]
        assert (change.sample, change.reading.value) == ((False, 20.0) if n < 3 else (n == 3, 20.75))


@pytest.mark.parametrize(("now_s", "emitted"), [(899.9, False), (900.0, True), (900.1, True)])
def test_an_unchanged_value_is_emitted_again_after_max_interval(now_s: float, emitted: bool) -> None:
    device = device_with(Rules(poll_interval_s=1.0, max_interval_s=900.0))
    told(device, 0.0, 20.0)
    changes = told(device, now_s, 20.0)
    assert [(c.changed, c.sample, c.sampled_at_ms) for c in changes] == [(False, True, int(now_s * 1000))] * emitted
    assert told(device, now_s + 0.05, 20.0) == []


def test_a_time_in_which_nothing_could_be_read_is_taken_off_every_age() -> None:
    device = device_with()
    told(device, 0.0, 20.0)
    device.stood_still(20.0, 22.0)
    assert device.grow_old(23.4, 0).changes == []
    assert device.grow_old(23.5, 0).stale == 1


def test_what_was_read_right_after_a_standstill_is_not_from_the_future() -> None:
    device = device_with()
    told(device, 22.0, 20.0)
    device.stood_still(20.0, 22.0)
    assert device.grow_old(25.5, 0).stale == 1


def test_trend_always_samples_each_reading_and_never_samples_none() -> None:
    always, never = device_with(replace(RULES, trend="always")), device_with(replace(RULES, trend="never"))
    for n in range(3):
        assert [(c.changed, c.sample) for c in told(always, float(n), 20.0)] == [(n == 0, True)]
        assert [(c.changed, c.sample) for c in told(never, float(n), float(n))] == [(True, False)]


def test_a_fault_keeps_the_last_good_value_and_when_that_was_good() -> None:
    device = device_with()
    told(device, 1.0, 20.0)
    told(device, 2.0, 20.0)
    (fault,) = told(device, 3.0, None, Status.FAULT)
    assert (fault.reading.value, fault.sampled_at_ms, fault.at_ms, fault.was) == (20.0, 2000, 3000, Status.OK)
    assert told(device, 4.0, None, Status.FAULT) == []
    (well,) = told(device, 5.0, 20.0)
    assert (well.was, well.sampled_at_ms, well.sample) == (Status.FAULT, 5000, True)


def test_nan_is_a_fault_said_once() -> None:
    device = device_with()
    told(device, 1.0, 20.0)
    (fault,) = told(device, 2.0, math.nan)
    assert (fault.reading.status, fault.reading.value) == (Status.FAULT, 20.0)
    assert told(device, 3.0, math.nan) == []


@pytest.mark.parametrize(
    ("now_s", "status"), [(4.4, Status.OK), (4.5, Status.STALE), (7.4, Status.STALE), (7.5, Status.DOWN)]
)
def test_a_point_that_is_not_read_grows_old(now_s: float, status: Status) -> None:
    device = device_with()
    told(device, 1.0, 20.0)
    old = device.grow_old(now_s, 9999)
    assert (device.tracks["IN1"].stored.status, device.tracks["IN1"].stored.value) == (status, 20.0)
    assert [(c.was, c.sampled_at_ms, c.at_ms, c.sample) for c in old.changes] == (
        [(Status.OK, 1000, 9999, True)] if status is not Status.OK else []
    )


def test_each_point_grows_old_at_its_own_interval() -> None:
    device = DeviceLatest("a")
    device.announce(announced("a", point("IN1"), point("IN2", replace(RULES, poll_interval_s=10.0))), 0.0, 0)
    device.take(read("a", 1, Reading("IN1", 1), Reading("IN2", 2)), 0.0)
    assert [c.point_id for n in range(40) for c in device.grow_old(float(n), 0).changes] == ["IN1", "IN1", "IN2"]


def test_a_look_before_the_next_deadline_looks_at_no_point() -> None:
    device = device_with()
    told(device, 0.0, 20.0)
    device.grow_old(0.0, 0)
    assert device.check_at_s == 3.5


def test_a_line_that_became_faster_is_looked_at_again() -> None:
    device = device_with()
    device.take(read("a", 1, Reading("IN1", 1), achieved_s=10.0), 0.0)
    device.grow_old(0.0, 0)
    assert device.check_at_s == 35.0
    device.take(read("a", 2, Reading("IN1", 1), achieved_s=1.0), 10.0)
    device.grow_old(10.0, 0)
    assert device.check_at_s == 13.5


def test_a_point_never_read_stays_unknown_until_it_is_down() -> None:
    device = device_with()
    assert device.grow_old(6.4, 0).changes == []
    assert [c.reading.status for c in device.grow_old(6.5, 0).changes] == [Status.DOWN]


def test_announcing_again_does_not_make_a_dead_value_young() -> None:
    device = device_with()
    told(device, 0.0, 20.0)
    for n in range(1, 4):
        device.announce(announced("a", point("IN1")), float(n), 0)
    assert device.grow_old(3.5, 0).stale == 1


def test_an_offline_device_takes_all_points_down_at_once_and_once() -> None:
    device = device_with()
    told(device, 0.0, 20.0)
    assert [c.reading.reason for c in device.go_down("refused", 1.0, 1)] == ["refused"]
    assert device.go_down("refused", 2.0, 2) == []
    assert device.grow_old(100.0, 0).changes == []


def test_a_disabled_device_has_disabled_points_that_do_not_age() -> None:
    device = device_with()
    told(device, 0.0, 20.0)
    changes = device.announce(announced("a", point("IN1"), enabled=False), 1.0, 0)
    assert [c.reading.status for c in changes] == [Status.DISABLED]
    assert device.grow_old(1000.0, 0).changes == []
    assert device.announce(announced("a", point("IN1")), 1000.0, 0) == []
    assert device.grow_old(1006.4, 0).changes == []
    assert device.grow_old(1006.5, 0).down == 1


def test_a_point_that_says_it_is_disabled_does_not_go_down_with_its_device() -> None:
    device = device_with()
    told(device, 0.0, None, Status.DISABLED)
    assert device.grow_old(1000.0, 0).changes == []


def test_a_complete_list_forgets_points_that_are_not_on_it() -> None:
    device = device_with()
    device.announce(announced("a", point("IN2")), 1.0, 0)
    assert set(device.tracks) == {"IN1", "IN2"}
    device.announce(announced("a", point("IN2"), complete=True), 2.0, 0)
    assert set(device.tracks) == {"IN2"}


def test_another_unit_wants_a_first_sample_of_its_series() -> None:
    device = device_with()
    device.announce(announced("a", point("IN1", units="°C"), complete=True), 0.0, 0)
    told(device, 0.0, 20.0)
    device.announce(announced("a", point("IN1", units="°F"), complete=True), 1.0, 0)
    assert [c.sample for c in told(device, 2.0, 20.0)] == [True]


def cov_point() -> Point:
    return point("IN1", mode="cov", verified_every_s=60.0)


@pytest.mark.parametrize(
    ("now_s", "status"), [(209.9, Status.OK), (210.0, Status.STALE), (389.9, Status.STALE), (390.0, Status.DOWN)]
)
def test_a_point_whose_device_tells_of_changes_grows_old_by_how_often_it_is_verified(
    now_s: float, status: Status
) -> None:
    device = DeviceLatest("a")
    device.announce(announced("a", cov_point()), 0.0, 0)
    told(device, 0.0, 20.0)
    device.grow_old(now_s, 0)
    assert device.tracks["IN1"].stored.status is status


def test_a_device_that_tells_of_changes_no_more_has_missed_no_poll_yet() -> None:
    device = DeviceLatest("a")
    device.announce(announced("a", cov_point()), 0.0, 0)
    told(device, 0.0, 20.0)
    device.announce(announced("a", point("IN1")), 50.0, 0)
    assert device.grow_old(53.4, 0).changes == []
    (stale,) = device.grow_old(53.5, 0).changes
    assert (stale.reading.status, stale.sampled_at_ms) == (Status.STALE, 1000)
    assert told(device, 54.0, 20.0)[0].was is Status.STALE


def test_a_change_of_mode_is_no_change_of_the_point() -> None:
    device = device_with()
    told(device, 1.0, 20.0)
    for announcement in (announced("a", cov_point(), complete=True), announced("a", point("IN1"), complete=True)):
        assert device.announce(announcement, 2.0, 0) == []
        assert told(device, 2.0, 20.0) == []


VALUES = st.one_of(
    st.floats(-50, 50), st.integers(-5, 5), st.sampled_from([math.nan, math.inf, None, 2**53, 2**53 + 1, "on", "off"])
)


STEPS = st.lists(
    st.tuples(
        VALUES, st.sampled_from([Status.OK, Status.OK, Status.OK, Status.FAULT]), st.integers(0, 2), st.integers(0, 9)
    ),
    max_size=40,
)


@given(STEPS, st.sampled_from([0.0, 0.5, 5.0]), st.sampled_from([0.0, 3.0]), st.sampled_from(["changes", "never"]))
def test_samples_that_follow_each_other_differ_and_the_last_one_is_the_last_reading(
    steps: list[tuple[Value, Status, int, int]], deadband: float, max_interval_s: float, trend: Trend
) -> None:
    device = device_with(replace(RULES, deadband=deadband, max_interval_s=max_interval_s, trend=trend))
    now_s, changes = 0.0, list[PointChange]()
    for value, status, flags, pause_s in steps:
        now_s += pause_s
        changes += device.grow_old(now_s, 0).changes
        taken = device.take(read("a", 1, Reading("IN1", value, status, "", None, flags)), now_s)
        changes += taken.changes
        row = changes[-1].reading
        good = status is Status.OK and value is not None and not (isinstance(value, float) and not math.isfinite(value))
        assert row.status is (Status.OK if good else Status.FAULT)
        assert row.flags == flags
        if good:
            assert not value_differs(value, row.value, deadband)
    samples = [c for c in changes if c.sample]
    assert trend == "changes" or not samples
    for before, after in pairwise(samples):
        if after.changed:
            same_status = before.reading.status is after.reading.status
            assert not same_status or value_differs(after.reading.value, before.reading.value, deadband)
    for before, after in pairwise(changes):
        assert after.was is before.reading.status


READINGS = [
    Reading("IN1", value, status) for value in (20.0, 20.4, 1, 1.0, None) for status in (Status.OK, Status.FAULT)
]


@given(st.lists(st.tuples(st.sampled_from(READINGS), st.sampled_from([1.0, 5.0, 900.0])), max_size=12))
def test_the_very_same_reading_is_judged_as_an_equal_one_is(polls: list[tuple[Reading, float]]) -> None:
    same, equal = (device_with(replace(RULES, deadband=0.5, max_interval_s=900.0)) for _ in range(2))
    now_s = 0.0
    for poll_no, (reading, pause_s) in enumerate(polls):
        now_s += pause_s
        taken = [
            device.take(read("a", poll_no, each, at_ms=int(now_s * 1000)), now_s)
            for device, each in ((same, reading), (equal, replace(reading)))
        ]
        assert taken[0] == taken[1]
        assert same.tracks["IN1"].stamp == equal.tracks["IN1"].stamp


def test_a_change_that_came_too_soon_is_stored_when_min_interval_has_passed() -> None:
    latest = DeviceLatest("d")
    rules = Rules(poll_interval_s=1.0, min_interval_s=10.0)
    described = Point(point_id="IN1", kind=Kind.INPUT, point_index=1, rules=rules)
    latest.announce(
        DeviceAnnounced(
            device="d",
            protocol="modbus",
            address="",
            poll_interval_s=1.0,
            stale_after=3,
            down_after=6,
            points=(described,),
        ),
        0.0,
        0,
    )
    emitted = []
    for second, value in enumerate([20.0, 21.0, 22.0, *[23.0] * 12, *[24.0] * 12]):
        polled = PointsRead(
            device="d",
            poll_no=second,
            sampled_at_ms=second * 1000,
            readings=(Reading("IN1", value),),
            counts=PollCounts(),
        )
        emitted += [
            (change.at_ms // 1000, change.reading.value) for change in latest.take(polled, float(second)).changes
        ]
    assert emitted == [(0, 20.0), (10, 23.0), (20, 24.0)]


def compressed(values: list[tuple[float, Reading]], **rules: float) -> tuple[DeviceLatest, list[PointChange]]:
    """A compressed point that is read at these times."""
    latest = DeviceLatest("d")
    described = Point(
        point_id="IN1", kind=Kind.INPUT, point_index=1, rules=replace(Rules(poll_interval_s=1.0, compress=0.5), **rules)
    )
    latest.announce(
        DeviceAnnounced(
            device="d",
            protocol="modbus",
            address="",
            poll_interval_s=1.0,
            stale_after=3,
            down_after=6,
            points=(described,),
        ),
        0.0,
        0,
    )
    changes: list[PointChange] = []
    for number, (now_s, reading) in enumerate(values):
        polled = PointsRead(
            device="d", poll_no=number, sampled_at_ms=round(now_s * 1000), readings=(reading,), counts=PollCounts()
        )
        changes += latest.take(polled, now_s).changes
    return latest, changes


def samples_of(changes: list[PointChange]) -> list[tuple[float, Value]]:
    return [(change.at_ms / 1000, change.reading.value) for change in changes if change.sample]


def test_of_a_compressed_point_the_row_follows_and_samples_tell_the_course() -> None:
    ramp = [(float(n), Reading("IN1", min(n, 60) * 1.0)) for n in range(100)]
    _, changes = compressed(ramp)
    assert samples_of(changes) == [(0.0, 0.0), (60.0, 60.0)]
    assert [change.reading.value for change in changes if change.at_ms <= 30_000] == [float(n) for n in range(31)]
    assert changes[-1].reading.value == 60.0


@given(st.lists(st.sampled_from([20.0, 20.1, 20.4, 21.0, 25.0, 19.0]), min_size=2, max_size=50))
def test_lines_between_the_samples_of_a_compressed_point_pass_every_reading(values: list[float]) -> None:
    readings = [(float(n), Reading("IN1", value)) for n, value in enumerate(values)]
    latest, changes = compressed(readings)
    changes += latest.go_down("gone", float(len(values)), len(values) * 1000)
    samples = [sample for sample in samples_of(changes) if sample[0] < len(values)]
    for (since, low), (until, high) in pairwise(samples):
        for at_s, reading in readings:
            if since <= at_s <= until and since < until:
                assert isinstance(low, float)
                assert isinstance(high, float)
                assert isinstance(reading.value, float)
                assert abs(low + (high - low) * (at_s - since) / (until - since) - reading.value) <= 0.5 + 1e-9
    assert samples[-1] == (float(len(values) - 1), values[-1])
    assert changes[-1].reading.status is Status.DOWN


def test_a_fault_ends_the_course_of_a_compressed_point_with_its_last_reading() -> None:
    course = [(float(n), Reading("IN1", n * 1.0)) for n in range(10)]
    fault = (10.0, Reading("IN1", None, Status.FAULT, "open"))
    _, changes = compressed([*course, fault, (11.0, Reading("IN1", 3.0))])
    assert [(change.at_ms, change.reading.status) for change in changes if change.sample] == [
        (0, Status.OK),
        (9000, Status.OK),
        (10_000, Status.FAULT),
        (11_000, Status.OK),
    ]


def test_the_last_reading_that_a_compressed_point_held_back_is_stored_when_the_gateway_stops() -> None:
    latest, changes = compressed([(float(second), Reading("IN1", float(second))) for second in range(8)])
    assert [change.reading.value for change in changes if change.sample] == [0.0]
    (last,) = latest.leaving()
    assert (last.reading.value, last.sample, last.at_ms - changes[0].at_ms) == (7.0, True, 7000)
    assert latest.leaving() == []


def test_a_compressed_point_that_stands_still_is_stored_again_at_max_interval() -> None:
    _, changes = compressed([(float(n), Reading("IN1", 20.0)) for n in range(25)], max_interval_s=10.0)
    assert samples_of(changes) == [(0.0, 20.0), (10.0, 20.0), (20.0, 20.0)]


def test_a_compressed_point_without_history_has_no_samples() -> None:
    _, changes = compressed([(float(n), Reading("IN1", n % 7 * 3.0)) for n in range(50)], max_interval_s=0.0)
    latest, never = compressed([(float(n), Reading("IN1", n % 7 * 3.0)) for n in range(50)])
    assert samples_of(changes) != []
    latest.tracks["IN1"].rules = replace(latest.tracks["IN1"].rules, trend="never")
    assert all(not change.sample for change in latest.go_down("gone", 60.0, 60_000))
    assert never


# ------------------------------------------------------------------------------------------ polls that took long


def test_each_value_of_a_poll_that_took_long_carries_the_time_at_which_its_answer_came() -> None:
    device = DeviceLatest("a")
    device.announce(announced("a", *(point(f"IN{n}") for n in range(1, 5))), 0.0, 0)
    readings = [Reading(f"IN{n}", n) for n in range(1, 5)]
    slow = replace(read("a", 1, *readings, at_ms=20_000), ages=((1, 18_000), (2, 7_500)))
    changes = device.take(slow, 20.0).changes
    assert [(c.point_id, c.at_ms, c.sampled_at_ms) for c in changes] == [
        ("IN1", 2_000, 2_000), ("IN2", 12_500, 12_500), ("IN3", 12_500, 12_500), ("IN4", 20_000, 20_000),
    ]  # fmt: skip


def test_a_value_is_as_old_as_its_answer_also_where_it_is_unchanged() -> None:
    device = DeviceLatest("a")
    device.announce(announced("a", point("IN1"), point("IN2")), 0.0, 0)
    readings = Reading("IN1", 1), Reading("IN2", 2)
    device.take(read("a", 1, *readings, at_ms=1_000), 1.0)
    device.take(replace(read("a", 2, *readings, at_ms=4_000), ages=((1, 2_500),)), 4.0)
    assert {name: track.stamp for name, track in device.tracks.items()} == {"IN1": (1.5, 1_500), "IN2": (4.0, 4_000)}
    assert [c.point_id for c in device.grow_old(5.0, 5_000).changes] == ["IN1"]
    (fault, _) = device.take(
        read("a", 3, *(Reading(each.point_id, None, Status.FAULT) for each in readings), at_ms=6_000), 6.0
    ).changes
    assert fault.sampled_at_ms == 1_500


def test_a_reading_that_was_overtaken_counts_as_of_the_end_of_its_poll() -> None:
    device = DeviceLatest("a")
    device.announce(announced("a", point("IN1"), point("IN2")), 0.0, 0)
    device.take(read("a", 1, Reading("IN1", 1), Reading("IN2", 2), at_ms=1_000), 1.0)
    assert device.grow_old(4.6, 4_600).stale == 2
    (told_itself,) = device.take(read("a", 2, Reading("IN2", 3), at_ms=9_000), 9.0).changes
    assert told_itself.at_ms == 9_000
    slow = replace(read("a", 3, Reading("IN1", 1), Reading("IN2", 4), at_ms=12_000), ages=((1, 9_000), (1, 8_000)))
    changes = device.take(slow, 12.0).changes
    assert [(c.point_id, c.at_ms) for c in changes] == [("IN1", 12_000), ("IN2", 12_000)]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 20), st.integers(0, 60)), max_size=30))
def test_however_long_polls_take_the_samples_of_a_point_never_go_back_in_time(
    polls: list[tuple[int, int, int]],
) -> None:
    device = device_with(Rules(poll_interval_s=1.0, trend="always", max_interval_s=0.0))
    now_s, samples = 0, []
    for value, took_s, before_s in polls:
        for _ in range(before_s):
            now_s += 1
            samples += device.grow_old(float(now_s), now_s * 1000).changes
        now_s += took_s
        poll = read("a", 1, Reading("IN1", value), at_ms=now_s * 1000)
        samples += device.take(replace(poll, ages=((1, took_s * 1000),)), float(now_s)).changes
    times = [change.at_ms for change in samples]
    assert times == sorted(times)


# ---------------------------------------------------------------------------------- pauses of the gateway's own


def paused(lasted_s: float, *, until_s: float, asleep_s: float = 0.0) -> Pause:
    until_ms = round(1000 * until_s)
    return Pause(until_ms - round(1000 * lasted_s), until_ms, lasted_s, asleep_s)


@pytest.mark.parametrize("asleep", [False, True])
def test_what_is_too_old_behind_a_pause_is_stale_at_once_and_the_pause_is_its_only_event(asleep: bool) -> None:
    """`now_s`, the loop's clock, goes on over a standstill, and stands over a suspend."""
    device = device_with()
    told(device, 1.0, 20.0)
    now_s = 2.0 if asleep else 602.0
    (stale,) = device.pause(paused(600.0, until_s=602.0, asleep_s=600.0 if asleep else 0.0), now_s)
    assert (stale.reading.status, stale.reading.value, stale.sampled_at_ms) == (Status.STALE, 20.0, 1000)
    assert (stale.sample, stale.at_ms) == (False, 602_000)
    assert stale.was is stale.reading.status, "no row of its own in EVENTS"
    taken = device.take(read("a", 2, Reading("IN1", 20.0), at_ms=604_000), now_s + 2)
    (again,) = taken.changes
    assert (again.reading.status, again.was, again.sample, again.at_ms) == (Status.OK, Status.OK, True, 604_000)
    assert taken.recovered == 0
    assert device.grow_old(now_s + 5.4, 0).changes == []


def test_who_stays_silent_behind_a_pause_goes_down_after_as_many_polls_as_ever() -> None:
    device = device_with()
    told(device, 1.0, 20.0)
    device.pause(paused(600.0, until_s=602.0), 602.0)
    assert device.grow_old(604.9, 0).changes == []
    (down,) = device.grow_old(605.1, 605_100).changes
    assert (down.was, down.reading.status, down.sample) == (Status.OK, Status.DOWN, True)


def test_a_point_that_is_polled_rarely_is_not_stale_by_a_short_pause_but_confirms_its_value() -> None:
    device = device_with(replace(RULES, poll_interval_s=60.0))
    told(device, 1.0, 20.0)
    assert device.pause(paused(10.0, until_s=20.0), 20.0) == []
    assert device.tracks["IN1"].stored.status is Status.OK
    (again,) = told(device, 25.0, 20.0)
    assert (again.changed, again.sample) == (False, True)
    assert told(device, 85.0, 20.0) == []


def test_a_pause_leaves_a_point_that_was_nearly_stale_the_time_of_its_poll() -> None:
    device = device_with(replace(RULES, poll_interval_s=10.0))
    told(device, 0.0, 20.0)
    assert device.pause(paused(20.0, until_s=34.0), 34.0) == []
    assert device.grow_old(48.9, 0).changes == []
    assert device.grow_old(49.1, 0).stale == 1


def test_a_pause_changes_nothing_of_a_point_that_was_not_well() -> None:
    device = device_with()
    told(device, 1.0, 20.0)
    told(device, 2.0, None, Status.FAULT)
    assert device.pause(paused(600.0, until_s=602.0), 602.0) == []
    assert device.grow_old(602.5, 0).changes == []
    assert told(device, 603.0, None, Status.FAULT) == []


@pytest.mark.parametrize("lasted_s", [6.0, 600.0])
def test_the_course_of_a_compressed_point_ends_at_its_last_reading_before_a_pause(lasted_s: float) -> None:
    device = device_with(replace(RULES, poll_interval_s=10.0, compress=0.5))
    told(device, 0.0, 20.0)
    told(device, 10.0, 21.0)
    told(device, 20.0, 22.0)
    last, *stale = device.pause(paused(lasted_s, until_s=21.0 + lasted_s), 21.0 + lasted_s)
    assert (last.reading.value, last.at_ms, last.sample) == (22.0, 20_000, True)
    assert [change.reading.status for change in stale] == [Status.STALE] * (lasted_s == 600.0)
    (again,) = told(device, 30.0 + lasted_s, 22.0)
    assert again.sample


@pytest.mark.parametrize("trend", ["changes", "always", "never"])
@pytest.mark.parametrize("lasted_s", [6.0, 600.0])
def test_a_pause_is_over_with_the_next_good_reading_once(trend: Trend, lasted_s: float) -> None:
    device = device_with(replace(RULES, poll_interval_s=10.0, trend=trend, min_interval_s=3600.0))
    told(device, 0.0, 20.0)
    device.pause(paused(lasted_s, until_s=1.0 + lasted_s), 1.0 + lasted_s)
    samples = [
        sum(c.sample for c in told(device, now_s, 21.0)) for now_s in (5.0 + lasted_s, 15.0 + lasted_s, 25.0 + lasted_s)
    ]
    assert samples == {"changes": [1, 0, 0], "always": [1, 1, 1], "never": [0, 0, 0]}[trend]
    assert device.tracks["IN1"].stored.status is Status.OK


@pytest.mark.parametrize(("by_ms", "again"), [(600_000, [True, False]), (-600_000, [False, False])])
def test_no_value_holds_over_what_the_clock_is_put_forward_by_until_it_is_read_again(
    by_ms: int, again: list[bool]
) -> None:
    device = device_with()
    told(device, 0.0, 20.0)
    assert device.clock_stepped(ClockStep(600_000, by_ms)) == []
    assert [any(change.sample for change in told(device, now_s, 20.0)) for now_s in (1.0, 2.0)] == again


def test_the_course_of_a_compressed_point_ends_before_the_clock_is_put_forward() -> None:
    device = device_with(replace(RULES, compress=1.0))
    told(device, 0.0, 20.0)
    told(device, 1.0, 20.1)
    (ended,) = device.clock_stepped(ClockStep(600_000, 600_000))
    assert (ended.sample, ended.reading.value) == (True, 20.1)
    assert [change.sample for change in told(device, 2.0, 20.2)] == [True]
