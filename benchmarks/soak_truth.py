"""Judges what a gateway stored in a soak: every sample a value that its point had, every turn of a device that was well there."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.soak_plant import SLACK_MS, Truth
from t3actors.store.reader import open_reader

PAUSE_S = 0.002  # between two points: reading must not look like load


class Verdict(NamedTuple):
    """What one look found."""

    samples: int
    wrong: list[str]
    owed: int
    missing: list[str]


def judge(database: Path, truth: Truth, since_ms: int, until_ms: int, excused: set[str]) -> Verdict:
    """Look at all samples between two times. `excused`: devices that are stopped and started by hand, of which nothing is owed."""
    wrong: list[str] = []
    missing: list[str] = []
    samples = owed = 0
    with open_reader(database) as reader:
        for row in reader.points():
            point = (row.label or row.point_id).rpartition(".")[2]
            history = reader.history(row.name, row.point_id, since_ms - SLACK_MS, until_ms + SLACK_MS, 1_000_000)
            good = [
                (each.sampled_at, float(each.value))
                for each in history
                if each.status == "ok" and each.value is not None
            ]
            for at_ms, value in good:
                if since_ms <= at_ms < until_ms:
                    samples += 1
                    if not truth.could_have(row.name, point, at_ms, value):
                        wrong.append(f"{row.name}/{row.point_id} ({point}) at {at_ms}: {value:g}")
            if row.name not in excused:
                for turn in truth.owed(row.name, since_ms, until_ms):
                    value = turn.values[point]
                    owed += 1
                    if not any(
                        turn.asked_ms <= at_ms <= turn.over_ms + SLACK_MS
                        and abs(seen - value) <= 1e-6 * max(1.0, value)
                        for at_ms, seen in good
                    ):
                        missing.append(f"{row.name}/{row.point_id} ({point}), turn {turn.number}: {value:g}")
            time.sleep(PAUSE_S)
    return Verdict(samples, wrong, owed, missing)
