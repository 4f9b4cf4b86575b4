from __future__ import annotations

from typing import Any

import pytest

from t3actors.collect.modbus.telling import REASONS_REMEMBERED, SAY_AGAIN_AFTER_S, Telling
from t3actors.events import LogEvent


class Told:
    def __init__(self) -> None:
        self.now_s = 5.0
        self.lines: list[tuple[str, dict[str, Any]]] = []
        self.telling = Telling("10.0.0.1:502", self._log, lambda: self.now_s)

    def _log(self, event: LogEvent, /, **keys: Any) -> None:
        assert set(keys) == set(event.keys)
        self.lines.append((event.name, keys))


@pytest.mark.parametrize(("later_s", "lines"), [(SAY_AGAIN_AFTER_S - 0.1, 1), (SAY_AGAIN_AFTER_S, 2)])
def test_a_link_that_is_lost_over_and_over_is_one_line_in_ten_minutes(later_s: float, lines: int) -> None:
    told = Told()
    told.telling.lost("closed by the other side")
    told.now_s += later_s
    told.telling.lost("closed by the other side")
    assert len(told.lines) == lines


def test_a_link_that_is_let_go_without_a_fault_is_not_lost() -> None:
    told = Told()
    told.telling.lost("")
    assert told.lines == []


def test_reasons_without_end_are_not_all_remembered() -> None:
    told = Told()
    for number in range(REASONS_REMEMBERED):
        told.telling.lost(f"broken: {number}")
    told.telling.lost("broken: 0")
    assert len(told.lines) == REASONS_REMEMBERED
    told.telling.lost("another")
    told.telling.lost("broken: 0")
    assert len(told.lines) == REASONS_REMEMBERED + 2, "it has begun to remember anew"


def test_a_rejection_is_said_once_for_each_unit_and_kind_and_anew_after_a_good_answer_and_ten_minutes() -> None:
    told = Told()
    for unit_id, kind in ((1, "mismatch"), (1, "header"), (2, "mismatch"), (1, "mismatch")):
        told.telling.rejected(unit_id, kind, "why", b"\x01")
    assert [keys["unit_id"] for _, keys in told.lines] == [1, 1, 2]
    told.telling.answered(1)
    told.telling.rejected(1, "mismatch", "why", b"\x01")
    assert len(told.lines) == 3, "not ten minutes yet"
    told.now_s += SAY_AGAIN_AFTER_S
    told.telling.answered(1)
    told.telling.rejected(2, "mismatch", "why", b"\x01")
    told.telling.rejected(1, "mismatch", "why", b"\x01")
    assert [keys["unit_id"] for _, keys in told.lines[3:]] == [1], "unit 2 has not answered"
