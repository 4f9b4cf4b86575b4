"""The network layer's header (clause 6.2) and the few network messages a simulated router answers. Pure."""

from __future__ import annotations

from typing import NamedTuple

VERSION = 1
EVERY_NETWORK = 0xFFFF
HOPS = 255
WHO_IS_ROUTER = 0x00
I_AM_ROUTER = 0x01
REJECT_MESSAGE = 0x03
NO_ROUTE = 1  # reason: not directly connected, and no router known (6.4.4)
PROPRIETARY = 0x80

NETWORK_MESSAGE, HAS_DESTINATION, HAS_SOURCE, EXPECTS_REPLY = 0x80, 0x20, 0x08, 0x04


class BadNetworkHeader(ValueError):
    """Bytes that are no NPDU."""


class Station(NamedTuple):
    """A place behind a router: a network, and a station's address there (empty: every station)."""

    network: int
    mac: bytes


class Npdu(NamedTuple):
    """One network message: `message` is None when `content` is an APDU."""

    content: bytes
    destination: Station | None = None
    source: Station | None = None
    message: int | None = None
    expects_reply: bool = False


def decode_npdu(data: bytes) -> Npdu:
    """Read one NPDU. **Raises**: BadNetworkHeader."""
    if len(data) < 2 or data[0] != VERSION:
        raise BadNetworkHeader(f"saw {data[:2].hex()}, allowed is version 1 and a control byte")
    control, at = data[1], 2
    destination = source = None
    if control & HAS_DESTINATION:
        destination, at = _station(data, at)
    if control & HAS_SOURCE:
        source, at = _station(data, at)
        if not source.mac or source.network == EVERY_NETWORK:
            raise BadNetworkHeader(f"saw the source {source}, allowed is one station")
    if destination is not None:
        at += 1  # the hop count: nothing is passed on here
    message = None
    if control & NETWORK_MESSAGE:
        message = data[at] if at < len(data) else None
        at += 1
    if at > len(data) or (message is None and control & NETWORK_MESSAGE):
        raise BadNetworkHeader("the header is cut off")
    return Npdu(data[at:], destination, source, message, bool(control & EXPECTS_REPLY))


def encode_npdu(npdu: Npdu) -> bytes:
    """Write one NPDU."""
    control = EXPECTS_REPLY if npdu.expects_reply else 0
    parts = []
    if npdu.destination is not None:
        control |= HAS_DESTINATION
        parts.append(_encoded(npdu.destination))
    if npdu.source is not None:
        control |= HAS_SOURCE
        parts.append(_encoded(npdu.source))
    if npdu.destination is not None:
        parts.append(bytes((HOPS,)))
    if npdu.message is not None:
        control |= NETWORK_MESSAGE
        parts.append(bytes((npdu.message,)))
    return bytes((VERSION, control)) + b"".join(parts) + npdu.content


def _station(data: bytes, at: int) -> tuple[Station, int]:
    if at + 3 > len(data) or at + 3 + data[at + 2] > len(data):
        raise BadNetworkHeader("the header is cut off")
    end = at + 3 + data[at + 2]
    return Station(data[at] << 8 | data[at + 1], data[at + 3 : end]), end


def _encoded(station: Station) -> bytes:
    return station.network.to_bytes(2, "big") + bytes((len(station.mac),)) + station.mac
