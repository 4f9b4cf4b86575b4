from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from t3actors.messages import DeviceProgress, EventHappened, PollCounts
from t3actors.store.watermarks import KEPT
from tests.store.building import T0_MS, House, announced, change, point


def test_a_resent_batch_is_acknowledged_and_not_written(house: House) -> None:
    batch = house.batch(announced(), change())
    assert house.store.store(batch).samples == 1
    again = house.store.store(batch)
    assert (again.batch_no, again.rows, again.samples) == (batch.batch_no, 0, 0)
    assert house.one("SELECT count(*) FROM samples") == 1


def test_a_resent_batch_is_known_after_a_restart_and_still_says_what_was_dropped(house: House) -> None:
    batch = house.batch(announced(), change(), change(point_id="IN\udcff"))
    dropped = house.store.store(batch).dropped
    assert house.reopened().store.store(batch).dropped == dropped
    assert house.one("SELECT count(*) FROM samples") == 1


def test_another_detector_incarnation_counts_its_batches_from_one_again(house: House) -> None:
    house.put(announced(), change())
    house.batch_no = 0
    house.store.store(house.batch(change(22, at_ms=T0_MS + 1), incarnation=2))
    assert house.one("SELECT count(*) FROM samples") == 2


def test_only_the_newest_incarnations_are_remembered(house: House) -> None:
    for incarnation in range(KEPT + 3):
        house.now_ms += 1
        house.store.store(house.batch(incarnation=incarnation))
    assert house.one("SELECT count(*) FROM stored_batches") == KEPT
    assert house.one("SELECT min(incarnation) FROM stored_batches") == 3


def test_a_clock_that_stepped_back_does_not_forget_the_incarnation_at_work(house: House) -> None:
    for incarnation in range(KEPT):
        house.store.store(house.batch(incarnation=incarnation))
    house.now_ms = 1_000
    batch = house.batch(announced(), change(), incarnation=99)
    house.store.store(batch)
    assert house.reopened().store.store(batch).samples == 0
    assert house.one("SELECT count(*) FROM samples") == 1


@pytest.mark.parametrize("poison", [change("\udcff"), change(b"bytes"), change(10**400), change(1, flags=2**70)])  # type: ignore[arg-type]
def test_a_poisoned_row_costs_itself_only(house: House, poison: object) -> None:
    points = [point(number) for number in range(1, 8)]
    good = [change(number, point_id=f"IN{number}") for number in range(2, 8)]
    dropped = house.put(announced(points), *good[:3], poison, *good[3:])  # type: ignore[arg-type]
    assert dropped == (("ahu-1", "IN1"),)
    assert house.rows("SELECT point_index, value FROM INPUT_POINTS ORDER BY 1") == [
        (1, None),
        *((n, n) for n in range(2, 8)),
    ]
    assert house.one("SELECT count(*) FROM samples") == 6
    (line,) = house.logged("row.poisoned")
    assert (line["device"], line["point_id"]) == ("ahu-1", "IN1")


def test_a_poisoned_row_is_said_once(house: House) -> None:
    house.put(announced(), change("\udcff"))
    house.put(change("\udcff"))
    assert len(house.logged("row.poisoned")) == 1


def test_after_a_poisoned_row_the_series_still_takes_samples(house: House) -> None:
    house.put(announced(), change(1), change("\udcff"), change(2))
    house.put(change(3))
    assert house.rows("SELECT value FROM TRENDLOG_DATA ORDER BY sampled_at") == [(1,), (2,), (3,)]


def test_a_point_with_a_poisoned_label_does_not_cost_its_device(house: House) -> None:
    dropped = house.put(announced([point(1), point(2, label="\udcff"), point(3)]), change(1), change(3, point_id="IN3"))
    assert dropped == (("ahu-1", "IN2"),)
    assert house.rows("SELECT point_index, status FROM INPUT_POINTS") == [(1, "ok"), (3, "ok")]


def test_a_device_with_a_poisoned_name_does_not_cost_its_neighbours(house: House) -> None:
    house.put(announced(device="\udcff", serial=1), announced(device="good", serial=2), change(device="good"))
    assert house.rows("SELECT name FROM DEVICES") == [("good",)]
    assert house.one("SELECT count(*) FROM samples") == 1


def test_a_device_whose_address_was_poisoned_is_taken_once_it_is_mended(house: House) -> None:
    house.put(announced(address="\udcff"))
    assert house.rows("SELECT name FROM DEVICES") == []
    assert house.put(announced(), change()) == ()
    assert house.rows("SELECT device_id, address FROM DEVICES") == [(1, "192.0.2.1:502")]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(poisoned=st.sets(st.integers(1, 20)))
def test_any_set_of_poisoned_rows_leaves_all_the_others(house: House, poisoned: set[int]) -> None:
    house.put(announced([point(number) for number in range(1, 21)]))
    before = house.one("SELECT count(*) FROM samples")
    assert isinstance(before, int)
    dropped = house.put(*(change("\udcff" if n in poisoned else n, point_id=f"IN{n}") for n in range(1, 21)))
    assert set(dropped) == {("ahu-1", f"IN{number}") for number in poisoned}
    assert house.one("SELECT count(*) FROM samples") == before + 20 - len(poisoned)


def test_counters_and_events_are_written(house: House) -> None:
    house.put(
        announced(),
        DeviceProgress(device="ahu-1", last_ok_at_ms=T0_MS, counts=PollCounts(7, 2, 1.25)),
        EventHappened(
            at_ms=T0_MS, event="point.stale", device="ahu-1", point_id="IN1", from_status="ok", to_status="stale"
        ),
        EventHappened(at_ms=T0_MS, event="a.gateways"),
    )
    assert house.rows("SELECT last_ok_at, polls_ok, polls_failed, achieved_interval_s FROM DEVICES") == [
        (T0_MS, 7, 2, 1.25)
    ]
    assert house.rows("SELECT device_id, point, event, from_status, to_status FROM EVENTS WHERE id > 1") == [
        (1, "IN1", "point.stale", "ok", "stale"),
        (None, None, "a.gateways", "", ""),
    ]
