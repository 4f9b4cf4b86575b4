from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.simulator.answers import answer_pdu
from t3actors.simulator.distort import SILENCE, Outcome, distort
from t3actors.simulator.faults import Fault, FaultKind
from t3actors.simulator.frames import Request, frame
from t3actors.simulator.panel import SimulatedPanel

REQUEST = Request(0xFFFF, 255, bytes((3, 0, 0, 0, 2)))
RIGHT = bytes((3, 4, 0xAA, 0xBB, 0xCC, 0xDD))
PANEL = SimulatedPanel(1, 1)


def outcome(kind: FaultKind, pdu: bytes = RIGHT, **parameters: object) -> Outcome:
    return distort(Fault(kind, **parameters), REQUEST, pdu, Random(1))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (FaultKind.NONE, "ffff 0000 0007 ff 03 04 aabbccdd"),
        (FaultKind.WRONG_ID, "0000 0000 0007 ff 03 04 aabbccdd"),
        (FaultKind.ZERO_ID, "0000 0000 0007 ff 03 04 aabbccdd"),
        (FaultKind.CONSTANT_ID, "0001 0000 0007 ff 03 04 aabbccdd"),
        (FaultKind.WRONG_UNIT, "ffff 0000 0007 00 03 04 aabbccdd"),
        (FaultKind.WRONG_FUNCTION, "ffff 0000 0007 ff 04 04 aabbccdd"),
        (FaultKind.WRONG_PROTOCOL, "ffff 0001 0007 ff 03 04 aabbccdd"),
        (FaultKind.SHORT, "ffff 0000 0005 ff 03 02 aabb"),
        (FaultKind.LONG, "ffff 0000 0009 ff 03 06 aabbccdd0000"),
        (FaultKind.WRONG_COUNT, "ffff 0000 0007 ff 03 06 aabbccdd"),
        (FaultKind.OVERLONG, "ffff 0000 7fff ff 03 04 aabbccdd"),
        (FaultKind.EXCEPTION, "ffff 0000 0003 ff 83 04"),
    ],
)
def test_each_distortion_changes_the_one_thing_it_names(kind: FaultKind, data: str) -> None:
    assert outcome(kind) == Outcome(bytes.fromhex(data))


def test_a_drop_sends_nothing_and_closes_and_a_drop_mid_frame_sends_half() -> None:
    assert outcome(FaultKind.DROP) == Outcome(close=True)
    half = outcome(FaultKind.DROP_MID_FRAME)
    assert half.close
    assert half.data == frame(0xFFFF, 255, RIGHT)[:6]


def test_a_stall_is_silent() -> None:
    assert outcome(FaultKind.STALL) is SILENCE


def test_slow_waits_and_late_holds_back() -> None:
    assert outcome(FaultKind.SLOW, delay_s=2.0) == Outcome(frame(0xFFFF, 255, RIGHT), 2.0)
    assert outcome(FaultKind.LATE) == Outcome(frame(0xFFFF, 255, RIGHT), hold=True)


def test_garbage_is_the_same_for_the_same_seed() -> None:
    assert outcome(FaultKind.GARBAGE) == outcome(FaultKind.GARBAGE)


@given(st.sampled_from(FaultKind), st.binary(min_size=1, max_size=253))
def test_no_request_and_no_fault_raise(kind: FaultKind, pdu: bytes) -> None:
    fault = Fault(kind, registers=((0, 0),))
    distort(fault, Request(1, 1, pdu), answer_pdu(PANEL, pdu), Random(1))
