"""How a fault changes the answer to one request: pure. The conversation carries the outcome out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from t3actors.simulator.answers import exception_pdu
from t3actors.simulator.faults import Fault, FaultKind
from t3actors.simulator.frames import HEADER, Request, frame

FIRST_EXCEPTION = 0x80
TWINS = {1: 2, 2: 1, 3: 4, 4: 3}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to send, when, and whether to close the connection then."""

    data: bytes = b""
    delay_s: float = 0.0
    close: bool = False
    hold: bool = False  # keep it until the next request comes, or until the delay is over


SILENCE = Outcome()


def distort(fault: Fault, request: Request, pdu: bytes, random: Random) -> Outcome:
    """Turn the right answer into what this fault makes of it."""
    kind = fault.kind
    if kind in RESHAPED:
        return Outcome(RESHAPED[kind](fault, request, pdu))
    whole = frame(request.transaction_id, request.unit_id, pdu)
    outcome = Outcome(whole)
    match kind:
        case FaultKind.STALL | FaultKind.REFUSE | FaultKind.BLACKHOLE:
            outcome = SILENCE
        case FaultKind.DROP:
            outcome = Outcome(close=True)
        case FaultKind.DROP_MID_FRAME:
            outcome = Outcome(whole[: len(whole) // 2], close=True)
        case FaultKind.EXCEPTION:
            refusal = exception_pdu(request.pdu[0], fault.code)
            outcome = Outcome(frame(request.transaction_id, request.unit_id, refusal), fault.delay_s)
        case FaultKind.GARBAGE:
            outcome = Outcome(random.randbytes(random.randint(1, 300)))
        case FaultKind.SLOW:
            outcome = Outcome(whole, fault.delay_s)
        case FaultKind.LATE:
            outcome = Outcome(whole, fault.delay_s, hold=True)
        case _:  # the answer itself is right, as with illegal ranges
            pass
    return outcome


def _with_transaction_id(transaction_id: int, request: Request, pdu: bytes) -> bytes:
    return frame(transaction_id & 0xFFFF, request.unit_id, pdu)


def _wrong_id(_fault: Fault, request: Request, pdu: bytes) -> bytes:
    return _with_transaction_id(request.transaction_id + 1, request, pdu)


def _zero_id(_fault: Fault, request: Request, pdu: bytes) -> bytes:
    return _with_transaction_id(0, request, pdu)


def _constant_id(fault: Fault, request: Request, pdu: bytes) -> bytes:
    return _with_transaction_id(fault.transaction_id, request, pdu)


def _wrong_unit(_fault: Fault, request: Request, pdu: bytes) -> bytes:
    return frame(request.transaction_id, (request.unit_id + 1) & 0xFF, pdu)


def _wrong_function(_fault: Fault, request: Request, pdu: bytes) -> bytes:
    function = TWINS.get(pdu[0] & 0x7F, pdu[0] & 0x7F) | (pdu[0] & FIRST_EXCEPTION)
    return frame(request.transaction_id, request.unit_id, bytes((function,)) + pdu[1:])


def _wrong_protocol(_fault: Fault, request: Request, pdu: bytes) -> bytes:
    return HEADER.pack(request.transaction_id, 1, len(pdu) + 1, request.unit_id) + pdu


def _overlong(_fault: Fault, request: Request, pdu: bytes) -> bytes:
    return HEADER.pack(request.transaction_id, 0, 0x7FFF, request.unit_id) + pdu


def _short(_fault: Fault, request: Request, pdu: bytes) -> bytes:
    return _resized(request, pdu, -_unit_size(pdu))


def _long(_fault: Fault, request: Request, pdu: bytes) -> bytes:
    return _resized(request, pdu, _unit_size(pdu))


def _wrong_count(_fault: Fault, request: Request, pdu: bytes) -> bytes:
    if pdu[0] >= FIRST_EXCEPTION:
        return frame(request.transaction_id, request.unit_id, pdu)
    return frame(request.transaction_id, request.unit_id, bytes((pdu[0], (pdu[1] + 2) & 0xFF)) + pdu[2:])


def _resized(request: Request, pdu: bytes, more: int) -> bytes:
    if pdu[0] < FIRST_EXCEPTION:
        values = pdu[2:] + bytes(more) if more > 0 else pdu[2:more]
        pdu = bytes((pdu[0], len(values) & 0xFF)) + values
    return frame(request.transaction_id, request.unit_id, pdu)


def _unit_size(pdu: bytes) -> int:
    return 2 if pdu[0] in {3, 4} else 1


RESHAPED: dict[FaultKind, Callable[[Fault, Request, bytes], bytes]] = {
    FaultKind.WRONG_ID: _wrong_id,
    FaultKind.ZERO_ID: _zero_id,
    FaultKind.CONSTANT_ID: _constant_id,
    FaultKind.WRONG_UNIT: _wrong_unit,
    FaultKind.WRONG_FUNCTION: _wrong_function,
    FaultKind.WRONG_PROTOCOL: _wrong_protocol,
    FaultKind.OVERLONG: _overlong,
    FaultKind.SHORT: _short,
    FaultKind.LONG: _long,
    FaultKind.WRONG_COUNT: _wrong_count,
}
