"""BACnet virtual link layer on IPv4 (Annex J): what a datagram wraps. Pure."""

from __future__ import annotations

import socket
from typing import NamedTuple

Address = tuple[str, int]

RESULT = 0x00
WRITE_BDT = 0x01
READ_BDT = 0x02
READ_BDT_ACK = 0x03
FORWARDED_NPDU = 0x04
REGISTER_FOREIGN_DEVICE = 0x05
READ_FDT = 0x06
READ_FDT_ACK = 0x07
DELETE_FDT_ENTRY = 0x08
DISTRIBUTE_BROADCAST = 0x09
ORIGINAL_UNICAST = 0x0A
ORIGINAL_BROADCAST = 0x0B

SUCCESS = 0x0000
REFUSALS = {  # the result code that refuses each function (J.2.1.1)
    WRITE_BDT: 0x0010,
    READ_BDT: 0x0020,
    REGISTER_FOREIGN_DEVICE: 0x0030,
    READ_FDT: 0x0040,
    DELETE_FDT_ENTRY: 0x0050,
    DISTRIBUTE_BROADCAST: 0x0060,
}
TYPE = 0x81
HEADER = 4
ADDRESS = 6


class BadLink(ValueError):
    """A datagram that is no BVLL message."""


class LinkMessage(NamedTuple):
    """One datagram: what it is for, and its content after the header."""

    function: int
    content: bytes


def decode_link(data: bytes) -> LinkMessage:
    """Unwrap a datagram. **Raises**: BadLink."""
    if len(data) < HEADER or data[0] != TYPE or data[2] << 8 | data[3] != len(data):
        raise BadLink(f"saw {data[:HEADER].hex()} and {len(data)} bytes, allowed is 81, a function and the true length")
    return LinkMessage(data[1], data[HEADER:])


def encode_link(function: int, content: bytes) -> bytes:
    """Wrap for the wire."""
    return bytes((TYPE, function)) + (len(content) + HEADER).to_bytes(2, "big") + content


def encode_result(code: int) -> bytes:
    """Build a BVLC-Result."""
    return encode_link(RESULT, code.to_bytes(2, "big"))


def encode_forwarded(origin: Address, npdu: bytes) -> bytes:
    """Build a Forwarded-NPDU that says where its content came from."""
    return encode_link(FORWARDED_NPDU, encode_address(origin) + npdu)


def encode_address(address: Address) -> bytes:
    """Give the six bytes of a B/IP address."""
    return socket.inet_aton(address[0]) + address[1].to_bytes(2, "big")


def decode_address(data: bytes) -> Address:
    """Read six bytes as a B/IP address. **Raises**: BadLink."""
    if len(data) < ADDRESS:
        raise BadLink(f"a B/IP address has {ADDRESS} bytes, saw {len(data)}")
    return socket.inet_ntoa(data[:4]), data[4] << 8 | data[5]
