from __future__ import annotations

import pytest

from t3actors.config import StoreConfig
from t3actors.cycles import CycleEnded
from t3actors.detect import batch as batch_module
from t3actors.detect.batch import (
    DIVIDED,
    GROUP_SETTLES_WITHIN_S,
    GROUP_WAITS_AT_MOST_S,
    GROUPS_REMEMBERED,
    WORTH_A_COMMIT,
    Batches,
    low_rate_age_s,
    with_events,
)
from t3actors.messages import BatchItem, BatchStored, DeviceRemoved, EventHappened, PointChange, PointsChanged
from t3actors.points import DeviceStatus, Reading, Status
from tests.detect.speech import announced, turned


def change(n: int, was: Status = Status.OK) -> PointChange:
    return PointChange("a", f"IN{n}", Reading(f"IN{n}", 1.0), 0, 0, changed=True, sample=True, was=was)


def filled(items: int, rows: int = 100, group: str | None = None) -> Batches:
    batches = Batches(7, StoreConfig(batch_rows=rows, batch_age_s=1.0))
    for n in range(items):
        batches.push(change(n), 0.0, group)
    return batches


@pytest.mark.parametrize(
    ("items", "now_s", "due"),
    [
        (0, 1e9, False),
        (1, 1.99, False),
        (1, 2.0, True),
        (WORTH_A_COMMIT - 1, 1.0, False),
        (WORTH_A_COMMIT, 0.99, False),
        (WORTH_A_COMMIT, 1.0, True),
        (99, 0.0, False),
        (100, 0.0, True),
        (101, 0.0, True),
    ],
)
def test_a_batch_is_closed_by_size_or_age_and_a_few_rows_wait_longer(items: int, now_s: float, due: bool) -> None:
    assert filled(items).due(now_s) is due


@pytest.mark.parametrize(("age_s", "low_s"), [(0.05, 0.1), (1.0, 2.0), (1.5, 2.0), (2.0, 2.0), (5.0, 5.0)])
def test_a_few_rows_wait_twice_as_long_but_not_beyond_two_seconds(age_s: float, low_s: float) -> None:
    assert low_rate_age_s(age_s) == low_s


def test_no_second_batch_is_closed_while_one_is_in_flight() -> None:
    batches = filled(100)
    first = batches.close(0)
    batches.push(change(1), 0.0)
    assert not batches.due(1e9)
    with pytest.raises(RuntimeError):
        batches.close(0)
    assert not batches.stored(BatchStored(incarnation=8, batch_no=1, rows=0, samples=0))
    assert not batches.stored(BatchStored(incarnation=7, batch_no=2, rows=0, samples=0))
    assert batches.stored(BatchStored(incarnation=7, batch_no=first.batch_no, rows=0, samples=0))
    assert not batches.stored(BatchStored(incarnation=7, batch_no=first.batch_no, rows=0, samples=0))
    assert batches.close(0).batch_no == first.batch_no + 1


@pytest.mark.parametrize(("waiting", "coalesces"), [(999, False), (1000, False), (1001, True)])
def test_coalescing_begins_when_ten_batches_wait_behind_the_one_in_flight(waiting: int, coalesces: bool) -> None:
    batches = filled(0)
    batches.close(0)
    for n in range(waiting):
        batches.push(change(n), 0.0)
    assert batches.pending.coalescing is coalesces


def test_coalescing_ends_when_less_than_a_batch_waits() -> None:
    batches = filled(0)
    batches.close(0)
    for n in range(1050):
        batches.push(change(n), 0.0)
    for batch_no in range(1, 11):
        assert not batches.caught_up()
        batches.stored(BatchStored(incarnation=7, batch_no=batch_no, rows=0, samples=0))
        assert len(batches.close(0).items) == 100
    assert batches.caught_up()
    assert not batches.caught_up()


def test_a_group_that_may_still_be_arriving_is_waited_for_but_not_for_ever() -> None:
    batches = filled(150, group="g")
    assert not batches.due(GROUP_SETTLES_WITHIN_S * 0.9)
    assert batches.due(GROUP_SETTLES_WITHIN_S)


def test_a_group_is_waited_for_from_its_own_beginning_but_not_for_ever() -> None:
    batches = filled(1)
    now_s = 2 * GROUP_WAITS_AT_MOST_S  # a slow commit before it
    while now_s < 3 * GROUP_WAITS_AT_MOST_S:
        batches.push(change(1), now_s, "g")
        assert not batches.due(now_s)
        now_s += GROUP_SETTLES_WITHIN_S / 2
    batches.push(change(1), now_s, "g")
    assert batches.due(now_s)


def test_a_part_of_a_group_in_which_nothing_changed_is_a_part_all_the_same() -> None:
    batches = filled(150, group="g")
    batches.arrives("g", GROUP_SETTLES_WITHIN_S * 0.9)
    assert not batches.due(GROUP_SETTLES_WITHIN_S)
    assert batches.due(GROUP_SETTLES_WITHIN_S * 1.9)


def test_a_group_is_whole_with_its_end_but_another_may_still_be_arriving() -> None:
    batches = filled(150, group="g")
    batches.push(change(1), 0.0, "h")
    batches.push(CycleEnded(device="plant", at_ms=0, group="g", panels=()), 0.0, "g")
    assert not batches.due(0.0)
    batches.push(CycleEnded(device="other", at_ms=0, group="h", panels=()), 0.0, "h")
    assert batches.due(0.0)
    assert len(batches.close(0).items) == 153


def ended(group: str = "g") -> CycleEnded:
    return CycleEnded(device="plant", at_ms=5, group=group, panels=())


def divisions(batch: PointsChanged) -> list[tuple[str | None, str]]:
    happened = (item for item in batch.items if isinstance(item, EventHappened) and item.event == DIVIDED)
    return [(row.device, row.reason) for row in happened]


@pytest.mark.parametrize(
    ("rows", "said"), [(9, []), (10, ["stored in 2 transactions"]), (20, ["stored in 3 transactions"])]
)
def test_a_group_too_large_for_one_transaction_says_so_at_its_end(
    rows: int, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_module, "GROUP_ROWS_AT_MOST", 10)
    batches = filled(rows, rows=5, group="g")
    batches.push(ended(), 0.0, "g")
    found = []
    while batches.pending:
        batch = batches.close(0)
        found += divisions(batch)
        batches.stored(BatchStored(incarnation=7, batch_no=batch.batch_no, rows=0, samples=0))
    assert [(device, reason.partition(":")[0]) for device, reason in found] == [("plant", text) for text in said]


def test_a_group_that_comes_too_slowly_for_one_transaction_says_so_at_its_end() -> None:
    batches = filled(3, group="g")
    first = batches.close(0)
    batches.stored(BatchStored(incarnation=7, batch_no=first.batch_no, rows=0, samples=0))
    batches.push(change(4), 9.0, "g")
    batches.push(ended(), 9.0, "g")
    assert divisions(first) == []
    assert len(divisions(batches.close(0))) == 1


def test_groups_whose_end_never_comes_are_forgotten() -> None:
    batches = filled(0)
    for n in range(2 * GROUPS_REMEMBERED):
        batches.push(change(n), 0.0, f"g{n}")
        batch = batches.close(0)
        batches.stored(BatchStored(incarnation=7, batch_no=batch.batch_no, rows=0, samples=0))
    assert len(batches._parts) == GROUPS_REMEMBERED


def test_each_change_of_status_brings_its_row_for_events() -> None:
    items: list[BatchItem] = [
        announced("a"),
        turned("a", DeviceStatus.ONLINE, DeviceStatus.OFFLINE, "no answer"),
        turned("a", DeviceStatus.OFFLINE, DeviceStatus.OFFLINE),
        change(1),
        change(2, was=Status.STALE),
        DeviceRemoved(device="a", at_ms=3, reason="gone", was=DeviceStatus.ONLINE),
    ]
    listed = with_events(items)
    assert listed[: len(items)] == items
    events = [item for item in listed[len(items) :] if isinstance(item, EventHappened)]
    assert [(e.event, e.point_id, e.from_status, e.to_status) for e in events] == [
        ("device.offline", None, "online", "offline"),
        ("point.ok", "IN2", "stale", "ok"),
        ("device.removed", None, "online", "disabled"),
    ]


def test_to_begin_anew_puts_rows_before_all_that_was_not_stored() -> None:
    batches = filled(1)
    batches.push(change(2, was=Status.STALE), 0.0)
    batches.close(0)
    batches.push(change(3), 0.0)
    batches.begin_anew([announced("a")], 0.0)
    items = batches.close(0).items
    assert items[:4] == (announced("a"), change(0), change(2, was=Status.STALE), change(3))
    assert [type(item) for item in items[4:]] == [EventHappened]
