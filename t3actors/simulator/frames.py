"""Modbus/TCP framing, from the server's side: pure.

Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3 (the header) and 4.1 (its length, 254 at most).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

HEADER = struct.Struct(">HHHB")
LENGTH_START = 6  # the length field counts from here: the unit id and the PDU
SMALLEST_LENGTH, LARGEST_LENGTH = 2, 254


class Request(NamedTuple):
    """One request as it came."""

    transaction_id: int
    unit_id: int
    pdu: bytes


class Split(NamedTuple):
    """What a stretch of bytes holds; after a `flaw` the rest of the stream has no meaning."""

    requests: list[Request]
    rest: bytes
    flaw: str


def split_requests(received: bytes) -> Split:
    """Cut whole requests off the front of what was received; never raises."""
    requests: list[Request] = []
    start, end = 0, len(received)
    while end - start >= LENGTH_START:
        protocol_id = received[start + 2] << 8 | received[start + 3]
        length = received[start + 4] << 8 | received[start + 5]
        if protocol_id != 0:
            return Split(requests, b"", f"protocol id {protocol_id}, allowed is 0")
        if not SMALLEST_LENGTH <= length <= LARGEST_LENGTH:
            return Split(requests, b"", f"length {length}, allowed is {SMALLEST_LENGTH} to {LARGEST_LENGTH}")
        stop = start + LENGTH_START + length
        if stop > end:
            break
        transaction_id = received[start] << 8 | received[start + 1]
        requests.append(Request(transaction_id, received[start + 6], received[start + 7 : stop]))
        start = stop
    return Split(requests, received[start:], "")


def frame(transaction_id: int, unit_id: int, pdu: bytes) -> bytes:
    """Put a header before a PDU."""
    return HEADER.pack(transaction_id, 0, len(pdu) + 1, unit_id) + pdu
