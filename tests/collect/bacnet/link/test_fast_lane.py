"""Direct requests: each answer to its own request and to no other, each request over exactly once."""

from __future__ import annotations

import pytest

from t3actors.collect.bacnet.link.fast_lane import (
    FIRST_ID,
    IDS,
    SETTLED_AT_LEAST,
    STATIONS_REMEMBERED,
    FastLane,
    NotOurs,
    UnderWay,
)
from t3actors.collect.bacnet.link.frames import Kind
from tests.collect.bacnet.peer import ack, plain

HERE, THERE = ("10.0.0.1", 47808), ("10.0.0.2", 47808)


def lane(start: int = 0) -> FastLane[str]:
    return FastLane(lambda: start)


def begin(
    to: FastLane[str], ticket: str, at: tuple[str, int] = HERE, *, now_s: float = 0.0, retries: int = 0
) -> UnderWay[str]:
    one = to.begin(ticket, at, 14, b"\x0c", timeout_s=3.0, retries=retries, now_s=now_s)
    assert one is not None
    return one


def answered(one: UnderWay[str]) -> bytes:
    return ack(one.invoke_id, 14, b"\x01")


def test_an_answer_ends_its_request() -> None:
    direct = lane()
    one = begin(direct, "a")
    taken = direct.take(answered(one), HERE)
    assert not isinstance(taken, NotOurs)
    assert (taken[0].ticket, taken[1].data) == ("a", b"\x01")
    assert len(direct) == 0
    assert direct.due(1e9) == []


@pytest.mark.parametrize("source", [THERE, ("10.0.0.1", 47809)])
def test_an_answer_from_elsewhere_ends_nothing(source: tuple[str, int]) -> None:
    direct = lane()
    one = begin(direct, "a")
    assert direct.take(answered(one), source) is NotOurs.LATE
    assert len(direct) == 1


def test_an_answer_that_comes_twice_or_late_is_counted_and_ends_nothing_else() -> None:
    direct = lane()
    first = begin(direct, "a")
    direct.take(answered(first), HERE)
    second = begin(direct, "b", now_s=1.0)
    assert second.invoke_id != first.invoke_id
    assert direct.take(answered(first), HERE) is NotOurs.LATE
    direct.end(second)
    begin(direct, "c")
    assert direct.take(answered(second), HERE) is NotOurs.LATE
    assert direct.late == 2
    assert len(direct) == 1


def test_ids_of_bacpypes3_pass() -> None:
    direct = lane()
    begin(direct, "a")
    assert direct.take(ack(FIRST_ID - 1, 14, b""), HERE) is NotOurs.LET_PASS
    assert direct.late == 0


def test_ids_rotate_by_station_through_all_of_theirs() -> None:
    direct, seen = lane(126), []
    for _ in range(IDS):
        one = begin(direct, "a")
        seen.append(one.invoke_id)
        direct.end(one)
    assert sorted(seen) == [*range(128, 256)]
    assert seen[:3] == [254, 255, 128]
    assert begin(direct, "b", THERE).invoke_id == 254


def test_an_id_in_use_is_passed_over_and_when_all_are_there_is_none() -> None:
    direct = lane()
    ones = [begin(direct, str(number)) for number in range(IDS)]
    assert len({one.invoke_id for one in ones}) == IDS
    assert direct.begin("x", HERE, 14, b"", timeout_s=1, retries=0, now_s=0) is None
    direct.end(ones[70])
    assert begin(direct, "y").invoke_id == ones[70].invoke_id


def test_the_stations_remembered_are_bounded() -> None:
    direct = lane()
    for number in range(STATIONS_REMEMBERED + 1):
        direct.end(begin(direct, "a", ("10.0.0.1", number)))
    assert len(direct._next_id) == 1


def test_time_is_up_at_the_deadline_and_not_before_and_a_retry_is_the_same_frame_anew() -> None:
    direct = lane()
    one = begin(direct, "a", retries=1)
    assert direct.wake_at_s() == 3.0
    assert direct.due(2.999) == []
    assert direct.due(3.0) == [one]
    direct.again(one, 3.0)
    assert (one.retries, direct.wake_at_s()) == (0, 6.0)
    assert direct.due(5.9) == []
    assert not isinstance(direct.take(answered(one), HERE), NotOurs), "a late answer to the first try is an answer"
    assert direct.wake_at_s() == float("inf")


def test_what_is_over_wakes_nobody() -> None:
    direct = lane()
    one, other = begin(direct, "a"), begin(direct, "b", THERE, now_s=1.0)
    direct.take(answered(one), HERE)
    assert direct.wake_at_s() == 4.0
    assert direct.due(9.0) == [other]


def test_what_is_over_is_let_go_of_long_before_its_time_is_up() -> None:
    direct = lane()
    waiting = begin(direct, "slow", THERE)
    for number in range(1000):
        direct.take(answered(begin(direct, "quick", now_s=0.001 * number)), HERE)
        assert len(direct._deadlines) <= 2 * (len(direct) + 1) + SETTLED_AT_LEAST
    assert direct.wake_at_s() == 3.0
    assert direct.due(3.0) == [waiting]


def test_a_first_segment_gives_the_request_away_and_what_follows_passes() -> None:
    direct = lane()
    one = begin(direct, "a")
    segment = plain(bytes((0x3C, one.invoke_id, 0, 1, 14)))
    taken = direct.take(segment, HERE)
    assert not isinstance(taken, NotOurs)
    assert taken[1].kind is Kind.SEGMENT
    assert direct.take(segment, HERE) is NotOurs.LET_PASS
    assert direct.take(answered(one), HERE) is NotOurs.LET_PASS
    assert direct.due(1e9) == []
    assert begin(direct, "b").invoke_id != one.invoke_id
    direct.end(one)
    assert direct.take(segment, HERE) is NotOurs.LATE


def test_all_that_are_under_way_end_at_once_but_those_given_away_end_by_themselves() -> None:
    direct = lane()
    begin(direct, "a")
    away = begin(direct, "b")
    direct.take(plain(bytes((0x3C, away.invoke_id, 0, 1, 14))), HERE)
    assert direct.drain() == ["a"]
    assert (len(direct), direct.due(1e9)) == (0, [])
