from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.simulator.answers import WRITE_FUNCTIONS, answer_pdu
from t3actors.simulator.panel import SimulatedPanel

PANEL = SimulatedPanel(1, 0x01020304)


def ask(function: int, address: int, count: int, illegal: tuple[tuple[int, int], ...] = ()) -> bytes:
    return answer_pdu(PANEL, struct.pack(">BHH", function, address, count), illegal)


@pytest.mark.parametrize("function", [3, 4])
def test_registers_are_read_by_either_function(function: int) -> None:
    assert ask(function, 0, 4) == bytes((function, 8, 0, 4, 0, 3, 0, 2, 0, 1))


def test_bits_are_packed_from_the_lowest_and_padded_with_zeros() -> None:
    panel = SimulatedPanel(1, 1, outputs=64)
    for number in range(1, 65):
        panel.set(f"OUT{number}", 1.0 if number in {1, 3, 10} else 0.0)
    assert answer_pdu(panel, struct.pack(">BHH", 1, 0, 10)) == bytes((1, 2, 0b00000101, 0b10))


@pytest.mark.parametrize("count", [0, 126, 65535])
def test_a_count_that_no_answer_can_hold_is_exception_3(count: int) -> None:
    assert ask(3, 0, count) == bytes((0x83, 3))


def test_125_registers_are_answered() -> None:
    assert len(ask(3, 7100, 125)) == 2 + 250


@pytest.mark.parametrize(("address", "count"), [(750, 1), (65535, 2), (7000, 125)])
def test_a_register_that_does_not_exist_is_exception_2(address: int, count: int) -> None:
    assert ask(3, address, count) == bytes((0x83, 2))


@pytest.mark.parametrize(
    ("address", "count", "denied"), [(99, 1, False), (99, 2, True), (105, 1, True), (110, 5, True), (111, 5, False)]
)
def test_a_request_that_touches_an_illegal_span_is_exception_2(address: int, count: int, denied: bool) -> None:
    assert (ask(3, address, count, ((100, 110),)) == bytes((0x83, 2))) is denied


@pytest.mark.parametrize("function", sorted({0, 7, 8, 17, 43, 100} | WRITE_FUNCTIONS))
def test_every_other_function_is_exception_1_and_changes_nothing(function: int) -> None:
    before = bytes(PANEL.image)
    assert answer_pdu(PANEL, bytes((function, 0, 0, 0, 1))) == bytes((function | 0x80, 1))
    assert PANEL.image == before


@given(st.binary(min_size=1, max_size=253))
def test_no_request_makes_a_panel_raise_or_answer_more_than_a_frame_holds(pdu: bytes) -> None:
    assert 2 <= len(answer_pdu(PANEL, pdu)) <= 253
