"""What is decided about COV, apart from any device: does it keep its word, does it pay, what does a refusal mean, who holds slots."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.bacnet.codec import subscription_list as cov_listing
from t3actors.collect.bacnet.codec.subscription_list import Active
from t3actors.collect.bacnet.codec.tags import ObjectId
from t3actors.collect.bacnet.cov import standing as cov
from t3actors.collect.bacnet.cov.asking import ProcessIds
from t3actors.collect.bacnet.cov.standing import Costs, Habit, Standing, choose, differs, judge, room
from t3actors.collect.bacnet.cov.wanted import Wanted
from t3actors.collect.bacnet.mapping import Item, item
from t3actors.config import DeviceConfig
from t3actors.errors import BadResponse, DriverError, RequestRefused, RequestTimedOut
from t3actors.points import Reading, Rules, Status

COSTS = Costs(1.0, 60.0, 300.0)


def of(object_type: int = 0, instance: int = 1, increment: float | None = 0.5, interval_s: float = 1.0) -> Item:
    said = {} if increment is None else {22: increment}
    rules = Rules(poll_interval_s=interval_s)
    return item(ObjectId(object_type, instance), said, temco=False, scale=1, rules=rules)


def was(value: float | None, flags: int = 0) -> Reading:
    return Reading("AI1", value, Status.FAULT if value is None else Status.OK, "", None, flags)


# -- its word


@pytest.mark.parametrize(
    ("now", "expected"), [(20.4, False), (20.5, False), (20.6, True), (19.6, False), (19.5, False), (19.4, True)]
)
def test_a_number_should_have_been_told_when_it_moved_by_more_than_the_increment(now: float, expected: bool) -> None:
    assert differs(was(20.0), was(now), of()) is expected


def test_any_move_of_a_number_without_an_increment_should_have_been_told() -> None:
    assert differs(was(20.0), was(20.001), of(increment=None))
    assert not differs(was(20.0), was(20.0), of(increment=None))


@pytest.mark.parametrize("object_type", [3, 13])
def test_any_change_of_a_state_should_have_been_told(object_type: int) -> None:
    assert differs(was(1), was(2), of(object_type))
    assert not differs(was(1), was(1), of(object_type))


def test_a_change_of_flags_or_from_fault_should_have_been_told() -> None:
    assert differs(was(20.0), was(20.0, flags=4), of())
    assert differs(was(None, flags=2), was(20.0, flags=2), of())
    assert not differs(was(None, flags=2), was(None, flags=2), of())


def standing(**about: object) -> Standing:
    fields: dict[str, object] = {
        "item": of(), "process_id": 1, "confirmed": False, "ends_s": 300.0, "granted_s": 300.0, "renew_at_s": 180.0
    }  # fmt: skip
    return Standing(**(fields | about))  # type: ignore[arg-type]


def test_a_point_is_spared_from_its_first_notification_to_its_end() -> None:
    one = standing()
    assert not one.is_spared(1.0)
    one.hears(was(20.0), 299, 1.0)
    assert one.is_spared(1.0)
    assert one.is_spared(299.9)
    assert not one.is_spared(300.0)


def test_a_read_that_brought_nothing_keeps_the_point_in_the_polls_and_accuses_nobody() -> None:
    one = standing()
    one.hears(was(20.0), 299, 1.0)
    one.is_read(Reading("AI1", None, Status.FAULT, "not in the answer"), 10.0, 10.0)
    assert not one.is_spared(10.0)
    assert one.failing(1000.0, 10.0, 30.0) == "it could not be renewed in time"
    one.is_read(was(20.2), 11.0, 11.0)
    assert one.is_spared(11.0)
    assert one.read_s == 11.0


@pytest.mark.parametrize(("after_s", "fails"), [(9.9, False), (10.0, True), (10.1, True)])
def test_a_change_that_is_not_told_within_the_time_is_a_loss(after_s: float, fails: bool) -> None:
    one = standing()
    one.hears(was(20.0), 299, 1.0)
    one.is_read(was(25.0), 5.0, 5.0)
    assert not one.is_spared(5.0)
    assert bool(one.failing(5.0 + after_s, 10.0, 30.0)) is fails


@pytest.mark.parametrize(("after_s", "fails"), [(9.9, False), (10.0, True)])
def test_a_first_notification_that_does_not_come_is_a_failure(after_s: float, fails: bool) -> None:
    one = standing()
    assert one.failing(1000.0, 10.0, 30.0) == "", "not yet acknowledged"
    one.renewed(2.0)
    assert bool(one.failing(2.0 + after_s, 10.0, 30.0)) is fails


@pytest.mark.parametrize(("remaining_s", "renew_at_s"), [(299, 180.0), (250, 151.0), (40, 25.0)])
def test_it_is_renewed_when_so_much_of_what_was_granted_is_over(remaining_s: int, renew_at_s: float) -> None:
    one = standing()
    one.hears(was(20.0), remaining_s, 1.0)
    assert one.renew_at_s == pytest.approx(renew_at_s, abs=1.0)
    one.renewed(100.0)
    assert one.renew_at_s == pytest.approx(100.0 + 0.6 * (300.0 if remaining_s == 299 else remaining_s), abs=1.0)


# -- does it pay


def habit(polls: int, changes: int) -> Habit:
    made = Habit()
    for number in range(polls):
        made.polled(was(float(number < changes and number % 2 == 0)))
    made.changes = changes
    return made


@pytest.mark.parametrize(("polls", "pays"), [(99, False), (100, True), (101, True)])
def test_nothing_pays_before_it_is_known_what_a_point_does(polls: int, pays: bool) -> None:
    assert (COSTS.saved(habit(polls, 0)) > 0) is pays


@pytest.mark.parametrize(("changes", "pays"), [(0, True), (5, True), (30, False), (1000, False)])
def test_cov_pays_below_about_two_changes_in_a_hundred_polls(changes: int, pays: bool) -> None:
    assert (COSTS.saved(habit(1000, changes)) > 0) is pays


def test_a_poll_counts_as_a_change_by_value_or_flags_and_old_ones_count_less() -> None:
    made = Habit()
    for reading in (was(1.0), was(1.0), was(2.0), was(2.0, flags=4), was(2.0, flags=4)):
        made.polled(reading)
    assert (made.polls, made.changes) == (5, 2)
    made = habit(cov.MOST_POLLS, 0)
    assert made.polls == cov.MOST_POLLS // 2


def test_what_changes_least_and_is_polled_most_comes_first() -> None:
    points = [of(instance=1), of(instance=2), of(instance=3, interval_s=0.2), of(instance=4, increment=None)]
    habits = {"AI1": habit(1000, 9), "AI2": habit(1000, 1), "AI3": habit(1000, 1), "AI4": habit(1000, 0)}
    assert choose(points, habits, COSTS) == ["AI3", "AI2", "AI1"]
    assert choose([*points, of(3, 9)], habits, COSTS) == ["AI3", "AI2", "AI1"], "it is not known what BI9 does"


def test_a_chosen_point_that_notifies_more_than_polling_would_cost_is_too_dear() -> None:
    assert not COSTS.is_too_dear(1000, cov.JUDGED_AFTER_S - 1)
    assert not COSTS.is_too_dear(1, 60.0)
    assert COSTS.is_too_dear(60, 60.0)


# -- slots


def held(count: int, first: int = 0) -> tuple[Active, ...]:
    return tuple(Active((0, b"\1"), first + each, ObjectId(0, 1), 60) for each in range(count))


@pytest.mark.parametrize(
    ("others", "cov_max", "allowed"), [(0, 5, 5), (10, 5, 5), (11, 5, 4), (15, 5, 0), (40, 5, 0), (0, 99, 15)]
)
def test_of_twenty_slots_five_are_left_free(others: int, cov_max: int, allowed: int) -> None:
    assert room(held(others), frozenset(), cov_max) == allowed


def test_our_own_subscriptions_take_nothing_from_our_own() -> None:
    assert room(held(14), frozenset(range(4)), 5) == 5


def test_where_the_device_does_not_say_who_holds_its_slots_cov_max_decides() -> None:
    assert room(None, frozenset(), 5) == 5


# -- refusals


def refused(code: int, kind: str = "error", error_class: int | None = None) -> RequestRefused:
    return RequestRefused("no", code=code, kind=kind, error_class=error_class)


@pytest.mark.parametrize(
    ("error", "of_device", "pause_s"),
    [
        (refused(19, error_class=3), True, cov.HOUR_S),
        (refused(133, error_class=0), True, cov.HOUR_S),
        (refused(9, "abort"), True, cov.HOUR_S),
        (refused(0, "abort"), False, cov.HOUR_S),
        (refused(9, "reject"), True, cov.DAY_S),
        (refused(2, "reject"), False, cov.DAY_S),
        (refused(45, error_class=1), False, cov.DAY_S),
        (refused(29, error_class=5), True, cov.DAY_S),
        (refused(31, error_class=1), False, cov.DAY_S),
        (refused(3, error_class=0), False, None),
        (refused(-1, "local"), False, cov.HOUR_S),
        (RequestTimedOut("nothing"), False, None),
        (BadResponse("nonsense"), False, cov.HOUR_S),
    ],
)
def test_a_refusal_says_for_whom_and_for_how_long(error: DriverError, of_device: bool, pause_s: float | None) -> None:
    verdict = judge(error)
    assert (verdict.of_device, verdict.pause_s) == (of_device, pause_s)
    assert verdict.reason


def wanted(cov_points: bool | tuple[str, ...], **about: object) -> Wanted:
    config = DeviceConfig(name="d", protocol="bacnet", address="192.0.2.1", instance=1, cov=cov_points, **about)  # type: ignore[arg-type]
    made = Wanted(config, 60.0, 300.0)
    made.take_over([of(instance=each) for each in (1, 2, 3)], complete=True)
    return made


def failed(made: Wanted, name: str, now_s: float = 0.0, stood_s: float | None = 5.0) -> float:
    return made.failed(name, now_s, None, stood_s=stood_s, chance=lambda: 0.5)


def test_the_pause_after_a_loss_grows_to_a_day_and_is_short_again_once_it_stood() -> None:
    made = wanted(("AI1",))
    assert [failed(made, "AI1") for _ in range(8)] == [60, 240, 960, 3840, 15360, 61440, 86400, 86400]
    assert failed(made, "AI1", stood_s=cov.PROVEN_S) == 60


@pytest.mark.parametrize(("now_s", "name"), [(59.9, "AI2"), (60.0, "AI1")])
def test_a_point_that_failed_lets_the_others_go_first_until_its_pause_is_over(now_s: float, name: str) -> None:
    made = wanted(("AI1", "AI2"))
    failed(made, "AI1")
    assert made.next((), now_s) == name


def test_five_points_refused_in_a_row_have_the_device_left_alone() -> None:
    made = wanted(("AI1", "AI2", "AI3"))
    for name in ("AI1", "AI2", "AI1", "AI2"):
        failed(made, name, stood_s=None)
    assert made.next((), 1.0) == "AI3"
    failed(made, "AI1", stood_s=None)
    assert made.next((), 1.0) is None
    assert made.next_at_s((), 1.0) == cov.DAY_S
    assert made.next((), cov.DAY_S) == "AI1"


def test_a_process_id_is_given_once_and_known_again() -> None:
    ids = ProcessIds(100)
    assert [ids.take(), ids.take()] == [100, 101]
    assert (99 in ids, 100 in ids, 101 in ids, 102 in ids) == (False, True, True, False)


# -- the device's list

ONE = (
    b"\x0e\x0e\x1e\x21\x00\x65\x06\xc0\x00\x02\x09\xba\xc0\x1f\x0f\x19\x07\x0f"  # who: address 192.0.2.9, process 7
    b"\x1e\x0c\x00\x00\x00\x01\x19\x55\x1f\x29\x01\x39\x3c"  # AI1's present-value, confirmed, 60 s
)
INCREMENT = b"\x4c\x3f\x80\x00\x00"
BY_DEVICE = b"\x0e\x0e\x0c\x02\x00\x00\x05\x0f\x19\x08\x0f\x1e\x0c\x00\xc0\x00\x02\x19\x55\x1f\x29\x00\x3a\x01\x00"


def test_a_list_says_who_is_told_of_what_and_for_how_long() -> None:
    first = Active((0, b"\xc0\x00\x02\x09\xba\xc0"), 7, ObjectId(0, 1), 60)
    assert cov_listing.decode(ONE + INCREMENT + BY_DEVICE + ONE) == (
        first,
        Active(ObjectId(8, 5), 8, ObjectId(3, 2), 256),
        first,
    )
    assert cov_listing.decode(b"") == ()


@pytest.mark.parametrize("end", range(1, len(ONE)))
def test_a_list_that_is_cut_off_is_no_list(end: int) -> None:
    with pytest.raises(BadResponse):
        cov_listing.decode(ONE[:end])


def test_a_list_without_end_is_cut() -> None:
    assert len(cov_listing.decode(ONE * 2000)) == cov_listing.MOST


@given(st.binary(max_size=200) | st.lists(st.sampled_from([ONE, BY_DEVICE, INCREMENT, b"\x0e", b"\x0f"])).map(b"".join))
def test_no_octets_make_a_list_raise_anything_but_its_own_error(octets: bytes) -> None:
    with contextlib.suppress(BadResponse):
        assert len(cov_listing.decode(octets)) <= cov_listing.MOST


@given(st.data())
def test_a_sound_list_with_one_octet_changed_is_a_list_or_none(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(ONE) - 1))
    octets = bytearray(ONE * 2)
    octets[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BadResponse):
        assert len(cov_listing.decode(bytes(octets))) >= 1
