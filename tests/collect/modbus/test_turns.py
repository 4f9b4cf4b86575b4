"""Whose turn is next: in order, but the silent let the living go first, and neither starves."""

from __future__ import annotations

from itertools import pairwise

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.modbus.requests import Answer, ReadRequest, Turn
from t3actors.collect.modbus.turns import SILENT_WAIT_S, Turns
from t3actors.errors import LinkDown


def turn(unit: int, asked_at_s: float = 0.0) -> Turn:
    return Turn(ReadRequest(unit, 3, 0, 1, 1.0), asked_at_s)


def queue(*units: int, silent: tuple[int, ...] = ()) -> Turns:
    turns = Turns()
    for unit in silent:
        turns.unanswered(unit)
    for unit in units:
        turns.add(turn(unit))
    return turns


def order(turns: Turns, now_s: float) -> list[int]:
    served = []
    while (taken := turns.take(now_s)) is not None:
        served.append(taken.request.unit_id)
    return served


def test_living_units_are_served_in_the_order_they_asked() -> None:
    assert order(queue(3, 1, 2), 0.0) == [3, 1, 2]


def test_silent_units_let_the_living_go_first_and_are_then_served_in_order() -> None:
    assert order(queue(9, 1, 8, 2, silent=(8, 9)), SILENT_WAIT_S - 0.001) == [1, 2, 9, 8]


def test_a_silent_unit_that_waited_long_enough_gets_its_turn_and_then_a_living_one_goes_between() -> None:
    assert order(queue(9, 1, 8, 2, 7, 3, silent=(7, 8, 9)), SILENT_WAIT_S) == [9, 1, 8, 2, 7, 3]


def test_a_unit_that_answers_again_is_a_living_one() -> None:
    turns = queue(9, 1, silent=(9,))
    turns.answered(9)
    assert order(turns, 0.0) == [9, 1]


@given(st.lists(st.integers(1, 9), max_size=30), st.sets(st.integers(1, 9)), st.floats(0, 20))
def test_everybody_is_served_once_and_never_two_silent_ones_in_a_row_while_a_living_one_waits(
    units: list[int], silent: set[int], now_s: float
) -> None:
    served = order(queue(*units, silent=tuple(silent)), now_s)
    assert sorted(served) == sorted(units)
    for place, (one, two) in enumerate(pairwise(served)):
        if {one, two} <= silent:
            assert set(served[place + 2 :]) <= silent


async def test_an_asker_that_went_away_costs_the_line_nothing() -> None:
    turns, gone = Turns(), turn(1)
    turns.add(gone)
    turns.add(turn(2))
    with trio.move_on_after(0):
        await gone.answer()
    assert order(turns, 0.0) == [2]


async def test_an_answer_or_an_error_reaches_the_asker() -> None:
    good, bad = turn(1), turn(2)
    good.end(Answer([7], 3))
    bad.end(LinkDown("gone"))
    assert (await good.answer()).words == [7]
    with pytest.raises(LinkDown, match="gone"):
        await bad.answer()
