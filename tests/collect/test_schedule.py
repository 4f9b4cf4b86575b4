"""Due times stay on their grid, whatever the polls do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.schedule import FIRST_POLLS_WITHIN_S, PollPlan, phase


def test_first_poll_falls_due_within_two_seconds_even_for_a_long_interval() -> None:
    assert PollPlan([900.0], 100.0, 0.75).next_due_s() == 100.0 + 0.75 * FIRST_POLLS_WITHIN_S


def test_after_its_first_poll_a_device_settles_into_its_own_slot() -> None:
    plan = PollPlan([30.0], 0.0, 0.5)
    plan.take_due(plan.next_due_s())
    assert (
        plan.next_due_s() == 45.0
    )  # 15 is the slot; the one 14 s after the first poll is less than half an interval away


def test_due_times_do_not_drift_when_polls_start_late() -> None:
    plan = PollPlan([1.0], 0.0, 0.0)
    seen = []
    for _ in range(1000):
        due = plan.next_due_s()
        seen.append(due)
        plan.take_due(due + 0.3)
        assert plan.skip_overrun(due + 0.9) == 0
    assert seen == [float(n) for n in range(1000)]


@pytest.mark.parametrize(
    ("ends_s", "skipped", "next_s"), [(0.99, 0, 1.0), (1.01, 1, 2.0), (2.99, 2, 3.0), (3.5, 3, 4.0)]
)
def test_an_overrun_skips_the_due_times_it_ran_over(ends_s: float, skipped: int, next_s: float) -> None:
    plan = PollPlan([1.0], 0.0, 0.0)
    plan.take_due(0.0)
    assert plan.skip_overrun(ends_s) == skipped
    assert plan.next_due_s() == next_s


def test_intervals_that_divide_each_other_fall_due_together() -> None:
    plan = PollPlan([1.0, 5.0], 0.0, 0.4)
    taken = []
    for _ in range(11):
        now = plan.next_due_s()
        taken.append(plan.take_due(now))
    assert [len(t) for t in taken] == [2, 1, 1, 1, 1, 2, 1, 1, 1, 1, 2]


def test_a_suspend_of_six_hours_costs_one_poll_and_no_burst() -> None:
    plan = PollPlan([1.0], 0.0, 0.0)
    plan.take_due(6 * 3600.0)
    assert plan.skip_overrun(6 * 3600.0 + 0.1) == 6 * 3600
    assert plan.next_due_s() == 6 * 3600.0 + 1.0


def test_polling_outside_the_grid_keeps_at_least_half_an_interval() -> None:
    plan = PollPlan([10.0], 0.0, 0.0)
    plan.restart_from(14.9)
    assert plan.next_due_s() == 20.0
    plan.restart_from(15.1)
    assert plan.next_due_s() == 30.0


def test_no_interval_or_one_of_zero_is_refused() -> None:
    for intervals in ([], [0.0], [1.0, -1.0]):
        with pytest.raises(ValueError, match="above 0"):
            PollPlan(intervals, 0.0, 0.0)


@given(
    st.lists(st.sampled_from([0.05, 0.25, 1.0, 7.0, 30.0, 900.0]), min_size=1, max_size=4),
    st.floats(0, 1e9),
    st.floats(0, 0.999),
    st.lists(st.floats(0, 100), max_size=50),
)
def test_the_next_due_time_always_moves_on(
    intervals: list[float], start: float, slot: float, takes: list[float]
) -> None:
    plan = PollPlan(intervals, start, slot)
    now = start
    for took in takes:
        now = max(now, plan.next_due_s())
        assert plan.take_due(now)
        now += took
        plan.skip_overrun(now)
        assert plan.next_due_s() >= now - 1e-6
        assert plan.next_due_s() <= now + 1.6 * plan.shortest_s


def test_devices_spread_over_the_interval_whatever_their_number() -> None:
    for count in (2, 10, 100, 500):
        slots = sorted(phase(n) for n in range(count))
        gaps = [b - a for a, b in zip(slots, [*slots[1:], slots[0] + 1.0], strict=True)]
        assert max(gaps) < 2.7 / count


def test_other_intervals_leave_the_due_times_of_those_that_stay() -> None:
    plan = PollPlan([10.0, 30.0], 0.0, 0.0)
    plan.take_due(0.0)
    plan.change_to([10.0, 60.0], 5.0)
    assert plan.intervals_s == (10.0, 60.0)
    assert plan.next_due_s() == 10.0
    assert plan.take_due(10.0) == {10.0}
    assert plan.take_due(60.0) == {10.0, 60.0}
