"""Turns, caps and rests, without a clock or a socket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.bacnet.link.queues import IN_FLIGHT, PASSED_OVER_AT_MOST, WAITING_PER_PEER, QueueFull, Queues
from t3actors.config import BacnetNetwork

TRUNK = BacnetNetwork(number=50, in_flight=1, busy_limit=0.5, min_gap_s=0.02)
OPEN_TRUNK = BacnetNetwork(number=50, in_flight=1, busy_limit=1.0, min_gap_s=0.0)


def started(queues: Queues[str], now_s: float = 0.0) -> list[str]:
    found = []
    while (ticket := queues.next(now_s)) is not None:
        found.append(ticket)
    return found


def test_a_station_has_one_request_outstanding_and_keeps_its_order() -> None:
    queues: Queues[str] = Queues()
    for ticket in ("a1", "a2", "a3"):
        queues.offer(ticket, None, "a")
    assert started(queues) == ["a1"]
    queues.over(None, "a", 1.0, 1.0, answered=True)
    assert started(queues, 1.0) == ["a2"]


def test_a_station_may_have_as_many_as_it_is_allowed() -> None:
    queues: Queues[str] = Queues(per_peer=2)
    for ticket in ("a1", "a2", "a3"):
        queues.offer(ticket, None, "a")
    assert started(queues) == ["a1", "a2"]


def test_stations_of_a_trunk_take_turns_whoever_asked_more() -> None:
    queues: Queues[str] = Queues([BacnetNetwork(number=50, busy_limit=1.0, min_gap_s=0.0)])
    for ticket in ("a1", "a2", "a3", "b1", "c1"):
        queues.offer(ticket, 50, ticket[0])
    order = []
    for _ in range(5):
        (ticket,) = started(queues)
        order.append(ticket)
        queues.over(50, ticket[0], 0.0, 0.1, answered=True)
    assert order == ["a1", "b1", "c1", "a2", "a3"]


def test_a_trunk_rests_as_long_as_it_worked_at_a_limit_of_one_half() -> None:
    queues: Queues[str] = Queues([TRUNK])
    queues.offer("a1", 50, "a")
    queues.offer("b1", 50, "b")
    assert started(queues, 0.0) == ["a1"]
    queues.over(50, "a", 1.0, 1.0, answered=True)
    assert queues.wake_at_s() == 2.0
    assert started(queues, 1.99) == []
    assert started(queues, 2.0) == ["b1"]


def test_a_trunk_keeps_its_least_gap_even_after_a_quick_answer() -> None:
    queues: Queues[str] = Queues([TRUNK])
    queues.offer("a1", 50, "a")
    queues.offer("a2", 50, "a")
    assert started(queues, 0.0) == ["a1"]
    queues.over(50, "a", 0.001, 0.001, answered=True)
    assert queues.wake_at_s() == pytest.approx(0.021)


def test_a_silent_station_costs_the_trunk_no_rest_beyond_what_its_router_waited() -> None:
    queues: Queues[str] = Queues([TRUNK])
    queues.offer("a1", 50, "a")
    queues.offer("b1", 50, "b")
    assert started(queues, 0.0) == ["a1"]
    queues.over(50, "a", 3.0, 3.0, answered=False)
    assert queues.wake_at_s() == pytest.approx(3.3)


def test_networks_do_not_wait_for_each_other() -> None:
    queues: Queues[str] = Queues([TRUNK])
    queues.offer("a1", 50, "a")
    queues.offer("b1", 50, "b")
    queues.offer("c1", 51, "c")
    queues.offer("d1", None, "d")
    assert sorted(started(queues)) == ["a1", "c1", "d1"]


def test_never_more_under_way_than_the_limit_anywhere() -> None:
    queues: Queues[str] = Queues(in_flight=3)
    for peer in "abcde":
        queues.offer(peer, None, peer)
    assert started(queues) == ["a", "b", "c"]
    queues.over(None, "b", 0.0, 0.1, answered=True)
    assert started(queues) == ["d"]
    assert IN_FLIGHT < 256


def test_a_line_that_is_too_long_is_refused() -> None:
    queues: Queues[str] = Queues()
    for count in range(WAITING_PER_PEER):
        queues.offer(str(count), None, "a")
    with pytest.raises(QueueFull, match="64 requests wait"):
        queues.offer("one more", None, "a")


def test_nothing_is_kept_of_a_station_that_has_nothing_waiting() -> None:
    queues: Queues[str] = Queues()
    queues.offer("a1", None, "a")
    assert started(queues) == ["a1"]
    queues.over(None, "a", 0.0, 0.1, answered=True)
    assert queues._peers == {}


def test_what_is_drained_is_not_started() -> None:
    queues: Queues[str] = Queues()
    queues.offer("a1", None, "a")
    queues.offer("a2", None, "a")
    assert queues.drain() == ["a1", "a2"]
    assert started(queues) == []
    queues.offer("a3", None, "a")
    assert started(queues) == ["a3"]


def test_what_is_asked_again_is_the_first_of_its_station_and_comes_after_the_other_stations() -> None:
    queues: Queues[str] = Queues([OPEN_TRUNK])
    for ticket in ("a1", "a2", "b1", "c1"):
        queues.offer(ticket, 50, ticket[0])
    assert started(queues) == ["a1"]
    queues.again("a1", 50, "a", 1.0, 1.0)
    assert queues.waiting == 4
    order = []
    for _ in range(4):
        (ticket,) = started(queues, 9.0)
        order.append(ticket)
        queues.over(50, ticket[0], 9.0, 0.1, answered=True)
    assert order == ["b1", "c1", "a1", "a2"]
    assert queues._peers == {}


def test_a_trunk_rests_before_what_was_not_answered_is_asked_again() -> None:
    queues: Queues[str] = Queues([TRUNK])
    queues.offer("a1", 50, "a")
    assert started(queues, 0.0) == ["a1"]
    queues.again("a1", 50, "a", 3.0, 3.0)
    assert queues.wake_at_s() == pytest.approx(3.3)
    assert started(queues, 3.2) == []
    assert started(queues, 3.31) == ["a1"]


def test_what_was_not_sent_costs_its_trunk_no_rest() -> None:
    queues: Queues[str] = Queues([TRUNK])
    queues.offer("a1", 50, "a", background=True)
    queues.offer("b1", 50, "b", background=True)
    assert started(queues, 0.0) == ["a1"]
    queues.unsent(50, "a", background=True)
    assert started(queues, 0.0) == ["b1"]
    assert queues._free_for_background == IN_FLIGHT // 2 - 1


@pytest.mark.parametrize("background", [False, True])
def test_what_is_withdrawn_leaves_the_line_and_room_for_others(*, background: bool) -> None:
    queues: Queues[str] = Queues([TRUNK])
    for ticket in ("a1", "a2"):
        queues.offer(ticket, 50, "a", background=background)
    for count in range(2 * WAITING_PER_PEER):
        queues.offer(str(count), 50, "a", background=background)
        assert queues.withdraw(str(count), 50, "a", background=background)
    assert queues.waiting == 2
    assert started(queues) == ["a1"]
    assert not queues.withdraw("a1", 50, "a", background=background), "it is under way"
    assert queues.withdraw("a2", 50, "a", background=background)
    queues.over(50, "a", 0.0, 0.1, answered=True, background=background)
    assert (queues.waiting, queues._peers) == (0, {})
    assert not queues.withdraw("a2", 50, "a", background=background)


# -- what can wait


def test_what_can_wait_goes_after_all_that_cannot_whoever_asked_first() -> None:
    queues: Queues[str] = Queues([OPEN_TRUNK])
    for ticket in ("a1", "a2"):
        queues.offer(ticket, 50, "a", background=True)
    for ticket in ("b1", "a3", "b2"):
        queues.offer(ticket, 50, ticket[0])
    order = []
    for _ in range(5):
        (ticket,) = started(queues)
        order.append(ticket)
        queues.over(50, ticket[0], 0.0, 0.1, answered=True, background=ticket in {"a1", "a2"})
    assert order == ["b1", "a3", "b2", "a1", "a2"]
    assert queues._peers == {}


def test_what_can_wait_waits_for_its_own_trunk_only() -> None:
    queues: Queues[str] = Queues([TRUNK])
    queues.offer("a1", 50, "a")
    queues.offer("b1", 50, "b")
    queues.offer("c1", 51, "c", background=True)
    assert sorted(started(queues)) == ["a1", "c1"]


def test_what_can_wait_never_takes_more_than_half_of_what_may_be_under_way() -> None:
    queues: Queues[str] = Queues(in_flight=4)
    for peer in "abcde":
        queues.offer(peer, None, peer, background=True)
    assert started(queues) == ["a", "b"]
    queues.offer("f", None, "f")
    queues.offer("g", None, "g")
    queues.offer("h", None, "h")
    assert started(queues) == ["f", "g"]
    queues.over(None, "a", 0.0, 0.1, answered=True, background=True)
    assert started(queues) == ["h"]
    queues.over(None, "f", 0.0, 0.1, answered=True)
    assert started(queues) == ["c"]


@pytest.mark.parametrize("polls", [PASSED_OVER_AT_MOST - 1, PASSED_OVER_AT_MOST, PASSED_OVER_AT_MOST + 1])
def test_a_trunk_that_is_always_asked_lets_one_that_waits_go_after_so_many(polls: int) -> None:
    queues: Queues[str] = Queues([OPEN_TRUNK])
    queues.offer("names", 50, "a", background=True)
    queues.offer("more names", 50, "a", background=True)
    order = []
    for count in range(polls + 1):
        queues.offer(f"poll {count}", 50, "b")
        (ticket,) = started(queues)
        order.append(ticket)
        queues.over(50, "a" if "names" in ticket else "b", 0.0, 0.1, answered=True, background="names" in ticket)
    assert ("names" in order) is (polls >= PASSED_OVER_AT_MOST)
    assert "more names" not in order


def test_a_line_is_too_long_whatever_stands_in_it() -> None:
    queues: Queues[str] = Queues()
    for count in range(WAITING_PER_PEER):
        queues.offer(str(count), None, "a", background=bool(count % 2))
    with pytest.raises(QueueFull, match="64 requests wait"):
        queues.offer("one more", None, "a")


def test_what_can_wait_is_drained_too() -> None:
    queues: Queues[str] = Queues()
    queues.offer("a1", None, "a", background=True)
    assert queues.drain() == ["a1"]
    assert started(queues) == []


STEPS = st.lists(
    st.tuples(st.sampled_from([None, 50, 51]), st.sampled_from("abcd"), st.booleans(), st.booleans()), max_size=80
)


@given(STEPS)
def test_every_request_is_started_once_in_its_stations_order_and_caps_hold(
    steps: list[tuple[int | None, str, bool, bool]],
) -> None:
    queues: Queues[Numbered] = Queues([TRUNK], in_flight=4)
    under_way: list[Numbered] = []
    done: list[Numbered] = []
    now_s = 0.0
    for number, (network, peer, background, answered) in enumerate(steps):
        queues.offer((network, peer, background, number), network, peer, background=background)
        now_s = _advance(queues, under_way, done, now_s, answered=answered)
    for _ in range(10 * len(steps)):
        now_s = _advance(queues, under_way, done, now_s, answered=True)
    assert sorted(done, key=lambda one: one[3]) == [(n, p, b, at) for at, (n, p, b, _) in enumerate(steps)]
    for station in {one[:3] for one in done}:
        numbers = [one[3] for one in done if one[:3] == station]
        assert numbers == sorted(numbers)
    assert queues._peers == {}
    assert (queues._free, queues._free_for_background) == (4, 2)


Numbered = tuple[int | None, str, bool, int]


def _advance(
    queues: Queues[Numbered], under_way: list[Numbered], done: list[Numbered], now_s: float, *, answered: bool
) -> float:
    while (ticket := queues.next(now_s)) is not None:
        under_way.append(ticket)
    assert len(under_way) <= 4
    assert sum(one[2] for one in under_way) <= 2
    assert len({one[:2] for one in under_way}) == len(under_way)
    assert sum(one[0] == 50 for one in under_way) <= 1
    now_s += 1.0
    if under_way:
        network, peer, background, number = under_way.pop(0)
        done.append((network, peer, background, number))
        queues.over(network, peer, now_s, 0.1, answered=answered, background=background)
    return now_s
