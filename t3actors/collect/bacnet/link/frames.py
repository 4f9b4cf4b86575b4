"""Whole BACnet/IP frames of the one exchange that is made all the time: a confirmed request of one piece to a station of our own
network, and what it may be answered with. Pure. All other frames are bacpypes3's to make and to read.

Source: ANSI/ASHRAE 135, J.2.11 (Original-Unicast-NPDU), 6.2 (NPDU), 20.1.2 (Confirmed-Request), 20.1.4 to 20.1.9 (answers).
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from t3actors.stations import STATIONS_KEPT

LONGEST_DATA = 1472  # octets of service data in one piece: an APDU of 1476 (J.2) less its header
_UNICAST, _BROADCAST = 0x0A, 0x0B
_EXPECTING_REPLY = 0x04
_HEAD = bytes((_EXPECTING_REPLY, 0x02, 0x65))
"""NPDU control; a request that takes its answer in segments; up to 64 of them, of 1476 octets (20.1.2.4, 20.1.2.5)."""
_TO_ALL = b"\xff\xff\x00"


class Kind(IntEnum):
    """The PDU type of an answer; SEGMENT is a ComplexACK that is one of several pieces."""

    SEGMENT = 0
    SIMPLE_ACK = 2
    COMPLEX_ACK = 3
    ERROR = 5
    REJECT = 6
    ABORT = 7


_KINDS: tuple[Kind | None, ...] = tuple(Kind(number) if number in {2, 3, 5, 6, 7} else None for number in range(16))


class Answer(NamedTuple):
    """What a station answered. `said`: the service that is acknowledged or failed, or the reason of a Reject or Abort."""

    kind: Kind
    invoke_id: int
    said: int
    data: bytes


def request(service: int, invoke_id: int, data: bytes) -> bytes:
    """Give the frame of a confirmed request. **Raises**: ValueError when it does not fit one piece."""
    if len(data) > LONGEST_DATA:
        raise ValueError(f"{len(data)} octets of service data; allowed in one piece: up to {LONGEST_DATA}")
    return b"\x81\x0a%b\x01%b%c%c%b" % ((len(data) + 10).to_bytes(2, "big"), _HEAD, invoke_id, service, data)


def answer(frame: bytes) -> Answer | None:
    """Read a frame that came. **Returns**: None for all that is no answer of a station of our own network to a client."""
    at = _apdu_at(frame)
    if len(frame) < at + 3:
        return None
    first = frame[at]
    kind = _KINDS[first >> 4]
    if kind is Kind.COMPLEX_ACK and first & 0x08:
        return Answer(Kind.SEGMENT, frame[at + 1], 0, b"") if len(frame) >= at + 5 else None
    if kind is None or (kind is Kind.ABORT and not first & 0x01):  # an abort by a client
        return None
    return Answer(kind, frame[at + 1], frame[at + 2], frame[at + 3 :])


def _apdu_at(frame: bytes) -> int:
    """Say where the APDU begins that a station of our own network sent to us; behind the end where there is none."""
    nowhere = len(frame)
    if nowhere < 9 or frame[0] != 0x81 or not _UNICAST <= frame[1] <= _BROADCAST or frame[4] != 0x01:
        return nowhere
    if (frame[2] << 8 | frame[3]) != len(frame):
        return nowhere
    control = frame[5]
    if not control & 0xA8:  # a network message, a destination, a source
        return 6
    return nowhere if control & 0x88 or frame[6:9] != _TO_ALL else 10


@lru_cache(maxsize=STATIONS_KEPT)
def endpoint(mac: bytes) -> tuple[str, int]:
    """Give the address and port that a MAC of six octets stands for (J.1.2)."""
    return ".".join(map(str, mac[:4])), int.from_bytes(mac[4:6], "big")
