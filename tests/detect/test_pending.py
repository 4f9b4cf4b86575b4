from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from t3actors.detect.pending import Pending
from t3actors.messages import BatchItem, DeviceAnnounced, DeviceProgress, DeviceStatusChanged, PointChange, PollCounts
from t3actors.points import DeviceStatus, Reading, Status
from tests.detect.speech import alarms, announced, learned, objects, turned

ALL = 10**9


def change(
    value: float, status: Status = Status.OK, was: Status = Status.OK, *, device: str = "a", sample: bool = True
) -> PointChange:
    return PointChange(device, "IN1", Reading("IN1", value, status), 0, 0, changed=True, sample=sample, was=was)


def coalesced(*items: BatchItem) -> tuple[list[BatchItem], int]:
    pending = Pending()
    pending.start_coalescing()
    for item in items:
        pending.push(item)
    return pending.take(ALL, ALL), pending.lost_samples


def test_in_good_times_everything_waits_in_the_order_it_came() -> None:
    pending = Pending()
    items = [change(n) for n in range(5)]
    for item in items:
        pending.push(item)
    assert pending.take(2, 2) == items[:2]
    assert pending.take(ALL, ALL) == items[2:]
    assert pending.lost_samples == 0


def test_a_newer_value_replaces_an_older_one_and_the_lost_sample_is_counted() -> None:
    assert coalesced(change(1), change(2), change(3)) == ([change(3)], 2)


def test_that_a_value_is_known_again_is_not_lost_with_it() -> None:
    ((kept,), _) = coalesced(replace(change(1), changed=False, known_again=True), replace(change(1), changed=False))
    assert isinstance(kept, PointChange)
    assert (kept.changed, kept.known_again) == (False, True)


def test_a_change_of_status_and_one_more_are_kept() -> None:
    down = change(1, Status.DOWN)
    assert coalesced(change(1), down) == ([change(1), down], 0)
    up = change(2, Status.OK, was=Status.DOWN)
    assert coalesced(change(1), down, up, change(3), change(4))[0] == [down, change(4, was=Status.DOWN)]


def test_a_flapping_status_keeps_its_chain_whole() -> None:
    down, up = change(1, Status.DOWN), change(2, Status.OK, was=Status.DOWN)
    kept, lost = coalesced(down, up, down, up)
    assert kept[-1] == up
    assert isinstance(kept[0], PointChange)
    assert (kept[0].was, len(kept), lost) == (Status.OK, 2, 2)


def test_a_replaced_sample_is_handed_on_to_a_successor_that_has_none() -> None:
    kept, lost = coalesced(change(2), change(2, sample=False))
    assert (kept, lost) == ([change(2)], 0)


def test_a_newer_announcement_stays_ahead_of_the_points_it_describes() -> None:
    first, second = announced("a"), announced("a", complete=True)
    online = turned("a", DeviceStatus.CONNECTING, DeviceStatus.ONLINE)
    assert coalesced(first, online, second)[0] == [second, online]
    assert coalesced(first, change(1), second, change(2))[0] == [first, second, change(2)]


def test_device_statuses_that_follow_each_other_become_one() -> None:
    items = (
        turned("a", DeviceStatus.ONLINE, DeviceStatus.OFFLINE),
        turned("a", DeviceStatus.OFFLINE, DeviceStatus.CONNECTING),
    )
    assert coalesced(*items)[0] == [turned("a", DeviceStatus.ONLINE, DeviceStatus.CONNECTING)]


def test_progress_of_a_device_is_kept_once() -> None:
    items = [DeviceProgress(device="a", last_ok_at_ms=n, counts=PollCounts(n)) for n in range(3)]
    assert coalesced(*items)[0] == items[-1:]


def test_tables_alarms_and_keys_of_a_device_never_replace_each_other() -> None:
    items = (
        objects("a", "1 Heat"), objects("a", "1 Heat", table="SCHEDULES"), objects("b", "1 Heat"), alarms("a"), learned("a", "x"),
        learned("a", "y"),
    )  # fmt: skip
    assert coalesced(*items)[0] == list(items)


def test_a_later_message_of_a_table_or_key_takes_the_place_of_an_earlier_one() -> None:
    kept, _ = coalesced(
        announced("a"), objects("a", "1 Heat", "2 Cool"), learned("a", "x"), alarms("a", "AI1 fault hot"), change(1),
        change(2, Status.DOWN), objects("a", "2 Fan", complete=False), learned("a", "x", None), alarms("a"),
    )  # fmt: skip
    assert kept == [
        announced("a"),
        change(1),
        change(2, Status.DOWN),
        objects("a", "1 Heat", "2 Fan"),
        learned("a", "x", None),
        alarms("a"),
    ]


def test_of_each_table_and_key_one_message_waits_however_many_come() -> None:
    pending = Pending()
    pending.start_coalescing()
    for n in range(50):
        for item in (objects("a", f"{n} Heat"), alarms("a", f"AI{n} fault hot"), learned("a", "x"), change(n)):
            pending.push(item)
    assert len(pending) == 4
    assert len(pending.take(2, ALL)) == 2
    pending.push(objects("a", "1 Heat"))
    assert len(pending) <= 3


def test_a_conflict_that_waits_is_ended_only_by_who_found_it() -> None:
    found = turned("a", DeviceStatus.ONLINE, DeviceStatus.CONFLICT)
    own = turned("a", DeviceStatus.CONNECTING, DeviceStatus.ONLINE)
    over = turned("a", DeviceStatus.CONFLICT, DeviceStatus.UNKNOWN)
    assert coalesced(found, own)[0] == [found]
    assert coalesced(found, own, over)[0] == [over]
    assert coalesced(over, own)[0] == [turned("a", DeviceStatus.CONFLICT, DeviceStatus.ONLINE)]


@pytest.mark.parametrize(("rows", "taken"), [(1, 1), (2, 4), (3, 4), (4, 4), (5, 5)])
def test_a_cut_never_tears_a_group_apart(rows: int, taken: int) -> None:
    pending = Pending()
    for n, group in enumerate([None, "g", None, "g", None, None]):
        pending.push(change(n, device=f"d{n}"), group)
    assert len(pending.take(rows, ALL)) == taken


def test_overlapping_groups_go_together_up_to_the_limit() -> None:
    pending = Pending()
    for n, group in enumerate(["g", "h", "g", "h", None]):
        pending.push(change(n, device=f"d{n}"), group)
    assert len(pending.take(1, 3)) == 3
    assert len(pending.take(1, ALL)) == 1


def test_what_is_put_first_goes_first() -> None:
    pending = Pending()
    pending.push(change(2))
    pending.put_first([announced("a"), change(1)])
    assert pending.take(ALL, ALL) == [announced("a"), change(1), change(2)]


STATUSES = st.sampled_from([Status.OK, Status.STALE, Status.DOWN])
SAID = st.tuples(
    st.sampled_from("ab"), st.sampled_from(["IN1", "IN2", "announce", "status"]), st.integers(0, 9), STATUSES
)


@given(st.lists(SAID, max_size=60), st.integers(0, 20), st.lists(st.integers(1, 30), max_size=5))
def test_coalescing_keeps_the_last_word_on_each_point_the_order_and_its_bound(
    said: list[tuple[str, str, int, Status]], begins_at: int, cuts: list[int]
) -> None:
    pending = Pending()
    status_of: dict[tuple[str, str], Status] = defaultdict(lambda: Status.UNKNOWN)
    last: dict[tuple[str, str], Reading] = {}
    sent: list[BatchItem] = []
    rows_known: set[str] = set()
    samples = 0
    for at, (device, what, value, status) in enumerate(said):
        if at == begins_at:
            pending.start_coalescing()
        if what == "announce" or device not in rows_known:
            rows_known.add(device)
            pending.push(announced(device))
        elif what == "status":
            pending.push(turned(device, DeviceStatus.ONLINE, DeviceStatus.ONLINE))
        else:
            key = (device, what)
            reading = Reading(what, value, status)
            pending.push(PointChange(device, what, reading, at, at, changed=True, sample=True, was=status_of[key]))
            status_of[key], last[key] = status, reading
            samples += 1
        if cuts and at % 7 == 6:
            sent += pending.take(cuts.pop(), ALL)
    if begins_at == 0:
        assert sum(isinstance(item, PointChange) for item in pending._items.values()) <= 2 * len(last)
    sent += pending.take(ALL, ALL)
    assert len(pending) == 0
    stored: dict[tuple[str, str], PointChange] = {}
    announced_rows: set[str] = set()
    for item in sent:
        if isinstance(item, DeviceAnnounced):
            announced_rows.add(item.device)
        elif isinstance(item, DeviceStatusChanged):
            assert item.device in announced_rows
        elif isinstance(item, PointChange):
            assert item.device in announced_rows
            before = stored.get((item.device, item.point_id))
            assert item.was is (before.reading.status if before else Status.UNKNOWN)
            assert before is None or before.at_ms < item.at_ms
            stored[item.device, item.point_id] = item
    assert {key: item.reading for key, item in stored.items()} == last
    assert sum(isinstance(item, PointChange) for item in sent) == samples - pending.lost_samples
