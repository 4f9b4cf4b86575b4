"""When the answers of a poll came: which of its readings are how old by the time it ends. Pure; called by the drivers and report.py.

A value is as old as the answer that brought it. A poll whose answers all came within TOGETHER_S before its end is one moment, and costs
nothing here: so is nearly every poll of a fast device. Of a slow one (a serial line, time-outs in between) each answer has its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from t3actors.points import Reading

TOGETHER_S = 0.1
"""So much older than its stamp a value may be: less than a device itself takes to measure it."""

Ages = Mapping[str, float]
"""By point, seconds; a point that is not in it is of now."""

NONE: Ages = {}


def are_apart(first_came_s: float, now_s: float) -> bool:
    """Say whether the first answer of a poll came so long ago that its answers are told apart."""
    return now_s - first_came_s > TOGETHER_S


def by_age(readings: Sequence[Reading], ages: Ages) -> tuple[tuple[Reading, ...], tuple[tuple[int, int], ...]]:
    """Put readings in the order in which they came. **Returns**: them, and how many of them came how many milliseconds ago;
    those behind these are of now."""
    runs: dict[int, list[Reading]] = {}
    for reading in readings:
        age_s = ages.get(reading.point_id, 0.0)
        runs.setdefault(round(1000 * age_s) if age_s > TOGETHER_S else 0, []).append(reading)
    in_order = sorted(runs.items(), reverse=True)
    return (
        tuple(reading for _, run in in_order for reading in run),
        tuple((len(run), age_ms) for age_ms, run in in_order if age_ms),
    )
