"""How far T3000's cached values can be believed, by its own logging times."""

from __future__ import annotations

from t3actors.collect.t3000.freshness import BELIEVED_WITHIN_MS, LEAST_S, Fresh, Freshness, Judged
from t3actors.points import Kind

NOW_S = 1_795_000_000
CYCLE_S = 30


def freshness() -> Freshness:
    return Freshness(stale_after=3, interval_s=CYCLE_S)


def judged(of: Freshness, logging_at_s: int | None, cycle: int = 0, kind: Kind = Kind.INPUT) -> Judged:
    return of.judge(kind, logging_at_s, (NOW_S + cycle * CYCLE_S) * 1000, 7.0 + cycle * CYCLE_S)


def test_without_a_logging_time_values_are_as_fresh_as_the_cycle() -> None:
    assert judged(freshness(), None) == Judged(Fresh.OK, NOW_S * 1000)


def test_a_logging_time_of_zero_was_never_read() -> None:
    assert judged(freshness(), 0).fresh is Fresh.NEVER


def test_a_time_that_moves_is_the_time_of_the_samples() -> None:
    of = freshness()
    assert judged(of, NOW_S - 5, 0) == Judged(Fresh.OK, (NOW_S - 5) * 1000)
    assert judged(of, NOW_S + 25, 1) == Judged(Fresh.OK, (NOW_S + 25) * 1000)


def test_a_time_that_stands_gives_the_cycles_own_and_is_stale_after_stale_after_cycles() -> None:
    of = freshness()
    judged(of, NOW_S, 0)
    assert judged(of, NOW_S, 1) == Judged(Fresh.OK, (NOW_S + 30) * 1000)
    assert judged(of, NOW_S, 2) == Judged(Fresh.OK, (NOW_S + 60) * 1000)
    assert judged(of, NOW_S, 3) == Judged(Fresh.STALE, (NOW_S + 90) * 1000, NOW_S)
    assert judged(of, NOW_S + 100, 4) == Judged(Fresh.OK, (NOW_S + 100) * 1000)


def test_what_was_read_long_ago_is_stale_when_first_seen_until_it_moves() -> None:
    of = freshness()
    assert judged(of, NOW_S - 91, 0).fresh is Fresh.STALE
    assert judged(of, NOW_S - 91, 1).fresh is Fresh.STALE
    assert judged(of, NOW_S + 50, 2).fresh is Fresh.OK
    assert judged(freshness(), NOW_S - 90, 0).fresh is Fresh.OK


def test_a_clock_that_is_a_day_off_gives_no_time_but_what_moves_is_believed() -> None:
    off_s = BELIEVED_WITHIN_MS // 1000 + 1
    of = freshness()
    judged(of, NOW_S + off_s, 0)
    assert judged(of, NOW_S + off_s + 31, 1) == Judged(Fresh.OK, (NOW_S + CYCLE_S) * 1000)


def test_each_kind_of_point_has_its_own_time() -> None:
    of = freshness()
    for cycle in range(4):
        judged(of, NOW_S, cycle)
    assert judged(of, NOW_S + 119, 4, Kind.OUTPUT).fresh is Fresh.OK
    assert judged(of, NOW_S, 4).fresh is Fresh.STALE


def test_a_time_that_stands_is_no_sooner_stale_than_t3000_may_read_again() -> None:
    of = Freshness(stale_after=3, interval_s=1.0)
    at_ms = NOW_S * 1000
    assert of.judge(Kind.INPUT, NOW_S - 30, at_ms, 0.0).fresh is Fresh.OK
    assert of.judge(Kind.INPUT, NOW_S - 30, at_ms, LEAST_S - 0.1).fresh is Fresh.OK
    assert of.judge(Kind.INPUT, NOW_S - 30, at_ms, LEAST_S).fresh is Fresh.STALE


def test_a_step_of_our_own_clock_makes_nothing_stale() -> None:
    of = freshness()
    judged(of, NOW_S)
    assert of.judge(Kind.INPUT, NOW_S, (NOW_S + 3600) * 1000, 37.0).fresh is Fresh.OK


def test_cycles_are_counted_at_the_interval_that_they_really_come_at() -> None:
    fresh = Freshness(3, 60.0)
    fresh.achieves(600.0)
    fresh.judge(Kind.INPUT, NOW_S, NOW_S * 1000, 0.0)
    for now_s, expected in ((1799.0, Fresh.OK), (1800.0, Fresh.STALE)):
        assert fresh.judge(Kind.INPUT, NOW_S, NOW_S * 1000, now_s).fresh is expected
    fresh.achieves(1.0)
    fresh.judge(Kind.INPUT, NOW_S + 1, NOW_S * 1000, 2000.0)
    assert fresh.judge(Kind.INPUT, NOW_S + 1, NOW_S * 1000, 2179.0).fresh is Fresh.OK
