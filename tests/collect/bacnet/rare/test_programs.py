"""A Program is a row of PROGRAMS."""

from __future__ import annotations

import pytest

from t3actors.collect.bacnet.codec.read_multiple import Answer, PropertyError
from t3actors.collect.bacnet.codec.tags import Enumerated, ObjectId
from t3actors.collect.bacnet.rare.naming import Names
from t3actors.collect.bacnet.rare.programs import program_row
from t3actors.objects import Program

ONE = ObjectId(16, 3)


def test_a_program_that_runs() -> None:
    said: dict[int, Answer] = {77: "Heating", 28: "Main heating", 92: Enumerated(2), 103: Enumerated(0), 81: True}
    assert program_row(ONE, said, Names()) == Program(
        index=3,
        program_id="PRG3",
        program_label="Heating",
        description="Main heating",
        program_status="running",
        auto_manual=1,
        reliability="no fault detected",
    )


@pytest.mark.parametrize(
    ("reason", "why", "status"),
    [(Enumerated(1), "no file", "halted: load failed: no file"), (Enumerated(0), "", "halted"), (None, "", "halted")],
)
def test_a_halted_program_says_why(reason: Enumerated | None, why: str, status: str) -> None:
    assert program_row(ONE, {92: Enumerated(4), 100: reason, 29: why}, Names()).program_status == status


def test_what_could_not_be_read_is_none() -> None:
    said = dict.fromkeys((77, 28, 92, 100, 29, 103, 81), PropertyError(2, 32))
    assert program_row(ONE, said, Names()) == Program(index=3, program_id="PRG3")
    assert program_row(ONE, {}, Names()) == Program(index=3, program_id="PRG3")
