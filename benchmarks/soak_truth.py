"""Judges what a gateway stored in a soak: every sample a value that its point had, every turn of a device that was well there.

A sample's time is that of the end of its poll: what it holds was true then, or at some time since the poll before.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from pathlib import Path
from typing import NamedTuple

from benchmarks.soak_plant import FORGIVEN_MS, SLACK_MS, Truth, Turn
from t3actors.store.reader import open_reader

PAUSE_S = 0.002  # between two points: reading must not look like load


class Verdict(NamedTuple):
    """What one look found. `late`: samples that were true before, but not before the poll before; `late_ms`: the most of it."""

    samples: int
    wrong: list[str]
    late: int
    late_ms: int
    owed: int
    missing: list[str]


Sample = tuple[int, float]  # Unix milliseconds, value


def judge(database: Path, truth: Truth, since_ms: int, until_ms: int, excused: set[str]) -> Verdict:
    """Look at all samples between two times. `excused`: devices that are stopped and started by hand, of which nothing is owed."""
    wrong: list[str] = []
    missing: list[str] = []
    late: list[int] = []
    samples = owed = 0
    for device, points in _histories(database, since_ms, until_ms).items():
        stamps = sorted({at_ms for history in points.values() for at_ms, _ in history})
        for point, history in points.items():
            for at_ms, value in history:
                if not since_ms <= at_ms < until_ms:
                    continue
                samples += 1
                late_ms = truth.late_by_ms(device, point, at_ms, value)
                place = bisect_left(stamps, at_ms)
                before_ms = (
                    stamps[place - 1] if place else at_ms - FORGIVEN_MS
                )  # nobody knows how long its first poll took
                if late_ms is None or late_ms > max(0, at_ms - before_ms) + SLACK_MS:
                    wrong.append(f"{device}/{point} at {at_ms}: {value:g}")
                elif late_ms > SLACK_MS:
                    late.append(late_ms)
            for turn in truth.owed(device, since_ms, until_ms) if device not in excused else ():
                owed += 1
                if not _has(history, turn, turn.values[point]):
                    missing.append(f"{device}/{point}, turn {turn.number}: {turn.values[point]:g}")
    return Verdict(samples, wrong, len(late), max(late, default=0), owed, missing)


def _histories(database: Path, since_ms: int, until_ms: int) -> dict[str, dict[str, list[Sample]]]:
    """Give the good samples by device and point as the simulator names it: as it is labelled, where it is."""
    found: dict[str, dict[str, list[Sample]]] = {}
    with open_reader(database) as reader:
        for row in reader.points():
            point = (row.label or row.point_id).rpartition(".")[2]
            history = reader.history(row.name, row.point_id, since_ms - FORGIVEN_MS, until_ms + SLACK_MS, 1_000_000)
            good = [
                (each.sampled_at, float(each.value))
                for each in history
                if each.status == "ok" and each.value is not None
            ]
            found.setdefault(row.name, {})[point] = good
            time.sleep(PAUSE_S)
    return found


def _has(history: list[Sample], turn: Turn, value: float) -> bool:
    at = bisect_left(history, (turn.asked_ms, float("-inf")))
    for at_ms, seen in history[at:]:
        if at_ms > turn.over_ms + SLACK_MS:
            return False
        if abs(seen - value) <= 1e-6 * max(1.0, value):
            return True
    return False
