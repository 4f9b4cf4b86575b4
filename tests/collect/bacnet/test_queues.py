"""Turns, caps and rests, without a clock or a socket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.bacnet.queues import IN_FLIGHT, WAITING_PER_PEER, QueueFull, Queues
from t3actors.config import BacnetNetwork

TRUNK = BacnetNetwork(number=50, in_flight=1, busy_limit=0.5, min_gap_s=0.02)


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


@given(st.lists(st.tuples(st.sampled_from([None, 50, 51]), st.sampled_from("abcd"), st.booleans()), max_size=80))
def test_every_request_is_started_once_in_its_stations_order_and_caps_hold(
    steps: list[tuple[int | None, str, bool]],
) -> None:
    queues: Queues[tuple[int | None, str, int]] = Queues([TRUNK], in_flight=4)
    under_way: list[tuple[int | None, str, int]] = []
    done: list[tuple[int | None, str, int]] = []
    now_s = 0.0
    for number, (network, peer, answered) in enumerate(steps):
        queues.offer((network, peer, number), network, peer)
        now_s = _advance(queues, under_way, done, now_s, answered=answered)
    for _ in range(10 * len(steps)):
        now_s = _advance(queues, under_way, done, now_s, answered=True)
    assert sorted(done, key=lambda one: one[2]) == [(n, p, at) for at, (n, p, _) in enumerate(steps)]
    for station in {one[:2] for one in done}:
        numbers = [one[2] for one in done if one[:2] == station]
        assert numbers == sorted(numbers)
    assert queues._peers == {}


def _advance(queues: Queues, under_way: list, done: list, now_s: float, *, answered: bool) -> float:
    while (ticket := queues.next(now_s)) is not None:
        under_way.append(ticket)
    assert len(under_way) <= 4
    assert len({one[:2] for one in under_way}) == len(under_way)
    assert sum(one[0] == 50 for one in under_way) <= 1
    now_s += 1.0
    if under_way:
        network, peer, number = under_way.pop(0)
        done.append((network, peer, number))
        queues.over(network, peer, now_s, 0.1, answered=answered)
    return now_s
