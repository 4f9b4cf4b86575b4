"""Frames of Modbus TCP: build a read request, cut what comes into frames, hold an answer against what was asked. Pure, sans-IO.

pymodbus encodes requests (`FramerSocket.buildFrame`) and decodes the data of answers (its response PDUs). Cutting and
matching are ours: its `handleFrame` accepts another function's answer, id 0, a short answer and a byte count that
disagrees with the bytes there, and stays stuck for ever on a bad header (each reproduced on 3.16.1). Since nothing
of it would be left to trust after these checks, the checked data goes to the PDU class itself: 20 µs, not 32, per 100 registers.

Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3 (the header); MODBUS Application Protocol V1.1b3.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator
from typing import NamedTuple

from pymodbus.framer import FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadCoilsResponse,
    ReadDiscreteInputsRequest,
    ReadDiscreteInputsResponse,
)
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadHoldingRegistersResponse,
    ReadInputRegistersRequest,
    ReadInputRegistersResponse,
)

from t3actors.collect.modbus.blocks import ADDRESSES, MAX_BITS, MAX_REGISTERS
from t3actors.config import Table
from t3actors.errors import BadResponse, RequestRefused

FUNCTIONS: dict[Table, int] = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}  # V1.1b3, 6.1 to 6.4
READ_FUNCTIONS = frozenset({1, 2, 3, 4})
"""Everything this gateway may ever send over Modbus. None of them changes a device; a test holds every frame against it."""

EXCEPTIONS = {  # V1.1b3, 7
    1: "illegal function",
    2: "illegal address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledged, still working",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target did not respond",
}

HEADER = struct.Struct(">HHHB")  # transaction id, protocol id (0), length from here on, unit id
LENGTH_STARTS_AT = 6
SMALLEST_LENGTH, LARGEST_LENGTH = 2, 254  # unit id and function; unit id and the 253 bytes of the largest PDU
EXCEPTION_BIT = 0x80
_BIT_FUNCTIONS = frozenset({1, 2})
_RAW_KEPT = 300  # bytes of a bad answer worth keeping: more than one frame

_REQUESTS: dict[int, type[ModbusPDU]] = {
    1: ReadCoilsRequest,
    2: ReadDiscreteInputsRequest,
    3: ReadHoldingRegistersRequest,
    4: ReadInputRegistersRequest,
}
_ANSWERS: dict[int, type[ModbusPDU]] = {
    1: ReadCoilsResponse,
    2: ReadDiscreteInputsResponse,
    3: ReadHoldingRegistersResponse,
    4: ReadInputRegistersResponse,
}
_FRAMER = FramerSocket(DecodePDU(is_server=False))
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL + 1)  # what it says of a frame, our events say better


class Asked(NamedTuple):
    """What was asked for: an answer is held against it."""

    transaction_id: int
    unit_id: int
    function: int
    address: int
    size: int


class Frame(NamedTuple):
    """One whole frame as it came."""

    transaction_id: int
    unit_id: int
    pdu: bytes


def build_request(asked: Asked) -> bytes:
    """Give the request's bytes.

    **Raises**: ValueError for a function that is not a read, or for anything that does not fit the protocol.
    """
    if asked.function not in READ_FUNCTIONS:
        raise ValueError(f"function: saw {asked.function}, this gateway sends only reads: {sorted(READ_FUNCTIONS)}")
    most = MAX_BITS if asked.function in _BIT_FUNCTIONS else MAX_REGISTERS
    _must_lie("size", asked.size, 1, most)
    _must_lie("address", asked.address, 0, ADDRESSES - asked.size)
    _must_lie("unit_id", asked.unit_id, 0, 255)
    _must_lie("transaction_id", asked.transaction_id, 1, 0xFFFF)
    pdu = _REQUESTS[asked.function](
        address=asked.address, count=asked.size, dev_id=asked.unit_id, transaction_id=asked.transaction_id
    )
    return _FRAMER.buildFrame(pdu)


class FrameCutter:
    """Cuts a stream of bytes into frames. After it has raised, the stream has no meaning any more: drop the connection."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, received: bytes) -> Iterator[Frame]:
        """Take what was received and give the frames that are now whole; iterate to the end.

        **Raises**: BadResponse, after the frames before it, when the bytes are no Modbus TCP header. Its text is the same for
        any garbage: it becomes points' status reason, and a reason that differs at each poll would be stored at each poll.
        """
        held = self._held + received
        self._held = b""
        start = 0
        while len(held) - start >= LENGTH_STARTS_AT:
            protocol_id = held[start + 2] << 8 | held[start + 3]
            length = held[start + 4] << 8 | held[start + 5]
            if protocol_id != 0:
                raise BadResponse("no Modbus TCP: the protocol id is not 0", raw=held[start:][:_RAW_KEPT])
            if not SMALLEST_LENGTH <= length <= LARGEST_LENGTH:
                raise BadResponse(
                    f"no Modbus TCP: the length is not {SMALLEST_LENGTH} to {LARGEST_LENGTH}",
                    raw=held[start:][:_RAW_KEPT],
                )
            end = start + LENGTH_STARTS_AT + length
            if len(held) < end:
                break
            yield Frame(held[start] << 8 | held[start + 1], held[start + 6], held[start + 7 : end])
            start = end
        self._held = held[start:]


def mismatch(frame: Frame, asked: Asked) -> str:
    """Say how unit, function or length of the answer differ from what was asked, or "" when they match. Ids are not looked at."""
    pdu = frame.pdu
    if frame.unit_id != asked.unit_id:
        return f"unit {frame.unit_id} answered, unit {asked.unit_id} was asked"
    if pdu[0] == asked.function | EXCEPTION_BIT:
        return "" if len(pdu) == 2 else f"an exception of {len(pdu)} bytes, it has 2"
    if pdu[0] != asked.function:
        return f"function {pdu[0]} answered, function {asked.function} was asked"
    size = _data_size(asked)
    if len(pdu) < 2 or pdu[1] != len(pdu) - 2:
        said = pdu[1] if len(pdu) > 1 else "no"
        return f"it announces {said} data bytes and has {max(len(pdu) - 2, 0)}"
    if pdu[1] != size:
        return f"{pdu[1]} data bytes came, {asked.size} asked for take {size}"
    return ""


def take(frame: Frame, asked: Asked) -> list[int]:
    """Give the registers, or the bits as 0 and 1, of an answer; exactly as many as were asked for.

    **Raises**: RequestRefused for an exception answer; BadResponse when it does not match what was asked.
    """
    if seen := mismatch(frame, asked):
        raise BadResponse(f"answer does not match: {seen}", raw=as_bytes(frame))
    if frame.pdu[0] & EXCEPTION_BIT:
        code = frame.pdu[1]
        raise RequestRefused(f"{EXCEPTIONS.get(code, 'unknown exception')} (Modbus exception {code})", code=code)
    answer = _ANSWERS[asked.function]()
    answer.decode(frame.pdu[1:])
    if asked.function in _BIT_FUNCTIONS:
        return [int(bit) for bit in answer.bits[: asked.size]]  # the last byte is padded
    return list(answer.registers)


def as_bytes(frame: Frame) -> bytes:
    """Give the frame as it travelled."""
    return HEADER.pack(frame.transaction_id, 0, len(frame.pdu) + 1, frame.unit_id) + frame.pdu


def _data_size(asked: Asked) -> int:
    return (asked.size + 7) // 8 if asked.function in _BIT_FUNCTIONS else 2 * asked.size


def _must_lie(what: str, seen: int, low: int, high: int) -> None:
    if not low <= seen <= high:
        raise ValueError(f"{what}: saw {seen}, allowed is {low} to {high}")
