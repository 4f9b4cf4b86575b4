from __future__ import annotations

import itertools
from random import Random

import pytest

from t3actors.simulator.signals import INPUT_PROFILES, OUTPUT_PROFILES, VARIABLE_PROFILES, Motion, Profile, Signal

ALL = INPUT_PROFILES + OUTPUT_PROFILES + VARIABLE_PROFILES


@pytest.mark.parametrize("seconds", [0.0, 0.02, 1.0, 3600.0, 1e7])
@pytest.mark.parametrize("profile", ALL)
def test_a_value_stays_in_its_band_however_long_the_step(profile: Profile, seconds: float) -> None:
    signal = Signal(profile, Random(3))
    for _ in range(300):
        raw = signal.advance(seconds) if signal.moves else signal.raw()
        assert profile.low * 1000 - profile.step_raw <= raw <= profile.high * 1000 + profile.step_raw


def test_a_temperature_wanders_smoothly() -> None:
    signal = Signal(INPUT_PROFILES[0], Random(3))
    seen = [signal.advance(1.0) for _ in range(3600)]
    assert max(abs(after - before) for before, after in itertools.pairwise(seen)) <= 500
    assert max(seen) - min(seen) >= 500


def test_most_readings_of_a_temperature_repeat_the_one_before() -> None:
    signal = Signal(INPUT_PROFILES[0], Random(3))
    seen = [signal.advance(1.0) for _ in range(3600)]
    repeats = sum(before == after for before, after in itertools.pairwise(seen))
    assert repeats > len(seen) / 4


def test_a_flow_is_noisy() -> None:
    signal = Signal(VARIABLE_PROFILES[1], Random(3))
    assert len({signal.advance(1.0) for _ in range(100)}) > 20


def test_a_switch_toggles_now_and_then() -> None:
    signal = Signal(Profile(False, 3, Motion.TOGGLE, 0.0, 1.0, 600.0, 1000), Random(3))
    seen = [signal.advance(1.0) for _ in range(60_000)]
    toggles = sum(before != after for before, after in itertools.pairwise(seen))
    assert 40 < toggles < 200


def test_a_value_goes_on_from_where_it_was_put() -> None:
    signal = Signal(INPUT_PROFILES[0], Random(3))
    signal.resume_at(17_000)
    assert abs(signal.advance(1.0) - 17_000) <= 500


@pytest.mark.parametrize("raw", [-(2**31), 2**31 - 1])
def test_a_value_put_outside_its_band_comes_back_into_it(raw: int) -> None:
    signal = Signal(INPUT_PROFILES[0], Random(3))
    signal.resume_at(raw)
    assert 16_000 <= signal.advance(1.0) <= 28_000
