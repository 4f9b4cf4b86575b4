"""Whether a soak says of a figure that it grows, that it is flat, or that it cannot tell: on figures of which it is known."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from benchmarks.soak_events import grew, least
from benchmarks.soak_verdict import FLAT, GROWS, LOOKS_AT_MOST, UNTOLD, judge, second_half, slope, thinned, whole

HOUR_S = 3600.0
Seen = list[tuple[float, float]]


def saw(at_s: float) -> float:
    """What rises for 90 s and falls at once."""
    return at_s % 90.0


def wave(seed: int, alike: float = 0.9) -> Callable[[float], float]:
    """Noise of which each look is much like the one before."""
    chance = random.Random(seed)
    state = 0.0

    def next_value(_at_s: float) -> float:
        nonlocal state
        state = alike * state + chance.gauss(0.0, 1.0)
        return state

    return next_value


def looks(value: Callable[[float], float], hours: float = 1.0, every_s: float = 10.0) -> Seen:
    return [(number * every_s, value(number * every_s)) for number in range(int(hours * HOUR_S / every_s))]


@pytest.mark.parametrize("noise", [saw, wave(1), wave(2), wave(3)])
@pytest.mark.parametrize("per_hour", [30.0, 200.0])
def test_what_grows_under_noise_is_said_to_grow_by_how_much(noise: Callable[[float], float], per_hour: float) -> None:
    row = judge("x", looks(lambda at_s: 500.0 + per_hour * at_s / HOUR_S + noise(at_s)), allowed_per_hour=5.0)
    assert row.verdict == GROWS
    assert row.slope.low <= per_hour <= row.slope.high


@pytest.mark.parametrize("noise", [saw, wave(1), wave(2), wave(3)])
def test_noise_alone_never_grows(noise: Callable[[float], float]) -> None:
    row = judge("x", looks(lambda at_s: 500.0 + noise(at_s)), allowed_per_hour=5.0)
    assert row.verdict != GROWS
    assert row.slope.low <= 0.0 <= row.slope.high


def test_a_wave_is_not_many_opinions() -> None:
    """Noise that is slow looks like a slope; of a hundred such hours about five may be taken for one (95 %), not half."""
    grows = [judge("x", looks(wave(seed, 0.95)), allowed_per_hour=0.0).verdict for seed in range(100)].count(GROWS)
    assert grows <= 15


def test_what_fills_up_in_the_first_half_is_flat() -> None:
    filling = looks(lambda at_s: min(at_s, 1500.0) + saw(at_s) / 1000)
    assert judge("x", second_half(filling, HOUR_S), allowed_per_hour=1.0).verdict == FLAT
    assert judge("x", filling, allowed_per_hour=1.0).verdict == GROWS, "it is the half that makes the difference"


def test_one_outlier_moves_nothing() -> None:
    row = judge("x", looks(lambda at_s: 1e9 if at_s == 3590.0 else 7.0), allowed_per_hour=0.0)
    assert (row.verdict, row.slope.per_hour) == (FLAT, 0.0)


def test_a_short_run_or_much_noise_is_no_pass() -> None:
    assert judge("x", [(0.0, 1.0), (10.0, 1.0)], allowed_per_hour=1.0).verdict == UNTOLD
    chance = random.Random(4)
    noisy = looks(lambda _: chance.gauss(0.0, 100.0), hours=0.1)
    assert judge("x", noisy, allowed_per_hour=1.0).verdict == UNTOLD


def test_the_worst_verdict_is_that_of_all() -> None:
    flat, short = judge("x", looks(lambda _: 1.0), 0.0), judge("x", [(0.0, 1.0)], 0.0)
    growing = judge("x", looks(lambda at_s: at_s), 0.0)
    assert [whole(rows) for rows in ([flat], [flat, short], [flat, short, growing])] == [FLAT, UNTOLD, GROWS]


def test_many_looks_are_thinned_to_medians_of_neighbours() -> None:
    thin = thinned([(float(number), float(number)) for number in range(10 * LOOKS_AT_MOST)])
    assert len(thin) == LOOKS_AT_MOST
    assert slope(thin).per_hour == pytest.approx(HOUR_S)


def count(blocks: int, **tables: int) -> dict[str, object]:
    held = {"blocks": blocks, "fds": 20, "threads": 7, "malloc used": 5_000_000, "sqlite": 1_000_000}
    return {**held, "types": {"Thing": 5}, "tables": tables}


def test_what_is_more_after_every_round_is_a_leak_by_its_name_unless_it_has_a_limit() -> None:
    rounds = [count(300_000 + 300 * n, _leaking=100 * n, Known=50) for n in range(5)]
    found = grew(rounds, events=100)
    assert [(each.name, each.an_event, each.is_leak) for each in found] == [("_leaking", 1.0, True)]
    filling = [count(300_000 + 900 * n, **{"Repeats._kinds": 100 * n}) for n in range(5)]
    assert {(each.name, each.is_leak) for each in grew(filling, events=100)} == {
        ("Repeats._kinds", False),
        ("blocks", False),
    }
    more = [count(300_000 + 9000 * n, **{"Repeats._kinds": 100 * n}) for n in range(5)]
    assert {each.name for each in grew(more, events=100) if each.is_leak} == {"blocks"}, (
        "its entries do not account for so much"
    )
    beyond = [count(300_000, **{"Repeats._kinds": 10_000 + 100 * n}) for n in range(5)]
    assert [each.is_leak for each in grew(beyond, events=100)] == [True]


def test_of_several_looks_the_least_of_each_counts() -> None:
    assert least([count(7, busy=3, gone=1), count(5, busy=9)])["tables"] == {"busy": 3}
    assert least([count(7), count(5)])["blocks"] == 5


def test_what_comes_and_goes_is_none() -> None:
    rounds = [count(300_000 + 5000 * (n % 2), busy=100 * (n % 3)) for n in range(5)]
    assert grew(rounds, events=100) == []
    one_step = [count(300_000, resized=1000 * (n > 1) + n) for n in range(5)]
    assert grew(one_step, events=100) == [], "a table that was made larger once"
