"""What a soak knows of its devices' values: for as long as somebody may still ask."""

from __future__ import annotations

from benchmarks.soak_plant import FORGIVEN_MS, TURNS_KEPT, Truth, Turn

TURN_MS = 1500


def told(turns: int, judged_until_ms: int = 0) -> Truth:
    truth = Truth()
    truth.judged_until_ms = judged_until_ms
    for number in range(turns):
        at_ms = 1_000_000 + number * TURN_MS
        truth.begin("panel-1", Turn(number, at_ms, at_ms + 10, values={"IN1": float(number)}))
    return truth


def test_what_was_not_judged_yet_is_known_however_long_the_judge_takes() -> None:
    truth = told(3 * TURNS_KEPT)
    assert truth.late_by_ms("panel-1", "IN1", 1_000_100, 0.0) == 0
    assert len(truth.turns["panel-1"]) == 3 * TURNS_KEPT


def test_what_was_judged_is_forgotten_once_there_is_enough() -> None:
    until_ms = 1_000_000 + 2 * TURNS_KEPT * TURN_MS
    truth = told(3 * TURNS_KEPT, until_ms)
    assert truth.turns["panel-1"][0].over_ms >= until_ms - 2 * FORGIVEN_MS
    assert len(truth.turns["panel-1"]) < 2 * TURNS_KEPT
