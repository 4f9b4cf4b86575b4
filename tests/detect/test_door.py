from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from t3actors.detect.door import Door, Passed


def sampled(values: list[tuple[float, float]], error: float) -> list[tuple[float, float]]:
    """Return the samples, as (seconds, value): first, what the door gives, last."""
    door = Door(error, Passed(values[0][0], 0, values[0][1]))
    made = [values[0]]
    for now_s, value in values[1:]:
        sample = door.take(Passed(now_s, 0, value))
        if sample is not None:
            made.append((sample.now_s, sample.value))
    if door.held is not None:
        made.append((door.held.now_s, door.held.value))
    return made


def line(samples: list[tuple[float, float]], now_s: float) -> float:
    """The value at that time on the lines between samples."""
    for (since, low), (until, high) in pairwise(samples):
        if since <= now_s <= until:
            return low if until == since else low + (high - low) * (now_s - since) / (until - since)
    return samples[-1][1]


@given(
    st.lists(st.tuples(st.integers(1, 1000), st.floats(-1e6, 1e6)), min_size=1, max_size=60),
    st.sampled_from([0.0, 0.1, 1.0, 1e3, 1e6]),
)
def test_lines_between_samples_pass_every_reading_within_the_error(
    steps: list[tuple[int, float]], error: float
) -> None:
    now_s, readings = 0.0, []
    for pause, value in steps:
        now_s += pause / 10
        readings.append((now_s, value))
    samples = sampled(readings, error)
    assert set(samples) <= set(readings)
    for at_s, value in readings:
        assert abs(line(samples, at_s) - value) <= error + 1e-6


def test_a_ramp_is_its_two_ends() -> None:
    assert sampled([(float(n), n * 0.5) for n in range(100)], 0.1) == [(0.0, 0.0), (99.0, 49.5)]


def test_a_bend_is_a_sample() -> None:
    course = [(float(n), min(n, 50) * 1.0) for n in range(100)]
    samples = sampled(course, 0.2)
    assert (50.0, 50.0) in samples
    assert len(samples) == 3


def test_noise_within_the_error_is_no_course() -> None:
    assert len(sampled([(float(n), 20 + n % 2 * 0.1) for n in range(1000)], 0.2)) == 2
