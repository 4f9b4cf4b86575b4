"""What an undisturbed panel answers to one PDU: pure. It reads and nothing else: a write is refused by exception 1.

Source: MODBUS Application Protocol Specification V1.1b3, section 6 (functions) and 7 (exceptions).
"""

from __future__ import annotations

from typing import Protocol

READ_COILS, READ_DISCRETE_INPUTS, READ_HOLDING_REGISTERS, READ_INPUT_REGISTERS = 1, 2, 3, 4
WRITE_FUNCTIONS = frozenset({5, 6, 15, 16, 21, 22, 23})  # everything that may change a device
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, TARGET_FAILED_TO_RESPOND = 1, 2, 3, 0x0B
MOST_REGISTERS, MOST_BITS = 125, 2000
REQUEST_LENGTH = 5  # function, address, count

Spans = tuple[tuple[int, int], ...]


class Device(Protocol):
    """Whatever has registers: a panel, a module."""

    name: str
    unit_id: int

    def read_registers(self, address: int, count: int) -> bytes | None:
        """Give `count` registers as they travel, or None when one of them does not exist."""

    def read_bits(self, coils: bool, address: int, count: int) -> list[bool] | None:
        """Give digital states, or None when one of them does not exist."""


def answer_pdu(device: Device, pdu: bytes, illegal: Spans = ()) -> bytes:
    """Answer one request; `illegal` are the first and last register of spans to deny. Never raises."""
    function = pdu[0]
    if not READ_COILS <= function <= READ_INPUT_REGISTERS:
        return exception_pdu(function, ILLEGAL_FUNCTION)
    if len(pdu) != REQUEST_LENGTH:
        return exception_pdu(function, ILLEGAL_VALUE)
    address = pdu[1] << 8 | pdu[2]
    count = pdu[3] << 8 | pdu[4]
    if function >= READ_HOLDING_REGISTERS:
        return _answer_registers(device, function, address, count, illegal)
    return _answer_bits(device, function, address, count)


def exception_pdu(function: int, code: int) -> bytes:
    """Build an exception answer."""
    return bytes((function | 0x80, code))


def _answer_registers(device: Device, function: int, address: int, count: int, illegal: Spans) -> bytes:
    if not 1 <= count <= MOST_REGISTERS:
        return exception_pdu(function, ILLEGAL_VALUE)
    words = device.read_registers(address, count)
    if words is None or any(low < address + count and address <= high for low, high in illegal):
        return exception_pdu(function, ILLEGAL_ADDRESS)
    return bytes((function, 2 * count)) + words


def _answer_bits(device: Device, function: int, address: int, count: int) -> bytes:
    if not 1 <= count <= MOST_BITS:
        return exception_pdu(function, ILLEGAL_VALUE)
    bits = device.read_bits(function == READ_COILS, address, count)
    if bits is None:
        return exception_pdu(function, ILLEGAL_ADDRESS)
    packed = bytearray((count + 7) // 8)
    for place, bit in enumerate(bits):
        packed[place // 8] |= bit << place % 8
    return bytes((function, len(packed))) + packed
