"""The application layer's headers (clause 20.1), as far as a server needs them. Pure."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

APDU_SIZES = (50, 128, 206, 480, 1024, 1476)  # clause 20.1.2.5
SEGMENT_LIMITS: tuple[int | None, ...] = (None, 2, 4, 8, 16, 32, 64, None)  # clause 20.1.2.4
COMPLEX_HEADER, SEGMENT_HEADER = 3, 5
SEGMENTED, MORE_FOLLOWS, SEGMENTED_ANSWER_ACCEPTED = 0x08, 0x04, 0x02


class Kind(IntEnum):
    """Types of APDU."""

    CONFIRMED_REQUEST = 0
    UNCONFIRMED_REQUEST = 1
    SIMPLE_ACK = 2
    COMPLEX_ACK = 3
    SEGMENT_ACK = 4
    ERROR = 5
    REJECT = 6
    ABORT = 7


class BadApdu(ValueError):
    """Bytes that are no APDU a server knows."""


class Request(NamedTuple):
    """A confirmed request, or one segment of one."""

    service: int
    invoke_id: int
    data: bytes
    max_apdu: int = 1476
    max_segments: int | None = None
    accepts_segments: bool = False
    segmented: bool = False
    more_follows: bool = False
    sequence: int = 0
    window: int = 1


class Unconfirmed(NamedTuple):
    """An unconfirmed request."""

    service: int
    data: bytes


class SegmentAck(NamedTuple):
    """The client's word on which segments it has."""

    invoke_id: int
    sequence: int
    window: int
    negative: bool
    from_server: bool


class Ended(NamedTuple):
    """Any answer that ends a transaction of the device's own (ack, error, reject, abort), or aborts a client's."""

    kind: Kind
    invoke_id: int


Decoded = Request | Unconfirmed | SegmentAck | Ended


def decode_apdu(data: bytes) -> Decoded:
    """Read one APDU. **Raises**: BadApdu."""
    if len(data) < 2 or data[0] >> 4 > Kind.ABORT:
        raise BadApdu(f"saw {data[:2].hex()}, allowed is a type of APDU and what belongs to it")
    kind = Kind(data[0] >> 4)
    if kind is Kind.CONFIRMED_REQUEST:
        return _request(data)
    if kind is Kind.UNCONFIRMED_REQUEST:
        return Unconfirmed(data[1], data[2:])
    if kind is Kind.SEGMENT_ACK:
        if len(data) < 4:
            raise BadApdu(f"a segment ack has 4 bytes, saw {len(data)}")
        return SegmentAck(data[1], data[2], data[3], bool(data[0] & 2), bool(data[0] & 1))
    return Ended(kind, data[1])


def _request(data: bytes) -> Request:
    segmented = bool(data[0] & SEGMENTED)
    header = 6 if segmented else 4
    if len(data) < header:
        raise BadApdu(f"a request's header has {header} bytes, saw {len(data)}")
    size = data[1] & 0x0F
    return Request(
        service=data[header - 1],
        invoke_id=data[2],
        data=data[header:],
        max_apdu=APDU_SIZES[size] if size < len(APDU_SIZES) else APDU_SIZES[0],
        max_segments=SEGMENT_LIMITS[data[1] >> 4 & 0x07],
        accepts_segments=bool(data[0] & SEGMENTED_ANSWER_ACCEPTED),
        segmented=segmented,
        more_follows=bool(data[0] & MORE_FOLLOWS),
        sequence=data[3] if segmented else 0,
        window=data[4] if segmented else 1,
    )


def unconfirmed(service: int, data: bytes) -> bytes:
    """Build an unconfirmed request."""
    return bytes((Kind.UNCONFIRMED_REQUEST << 4, service)) + data


def confirmed(service: int, invoke_id: int, data: bytes, max_apdu: int = 1476) -> bytes:
    """Build an unsegmented confirmed request, such as a notification."""
    return bytes((Kind.CONFIRMED_REQUEST << 4, APDU_SIZES.index(max_apdu), invoke_id, service)) + data


def simple_ack(invoke_id: int, service: int) -> bytes:
    """Build a SimpleACK."""
    return bytes((Kind.SIMPLE_ACK << 4, invoke_id, service))


def complex_ack(invoke_id: int, service: int, data: bytes) -> bytes:
    """Build a ComplexACK in one piece."""
    return bytes((Kind.COMPLEX_ACK << 4, invoke_id, service)) + data


def segment(invoke_id: int, service: int, sequence: int, window: int, data: bytes, *, more_follows: bool) -> bytes:
    """Build one segment of a ComplexACK."""
    first = Kind.COMPLEX_ACK << 4 | SEGMENTED | (MORE_FOLLOWS if more_follows else 0)
    return bytes((first, invoke_id, sequence, window, service)) + data


def segment_ack(invoke_id: int, sequence: int, window: int, *, negative: bool = False) -> bytes:
    """Build a server's SegmentACK."""
    return bytes((Kind.SEGMENT_ACK << 4 | negative << 1 | 1, invoke_id, sequence, window))


def error(invoke_id: int, service: int, data: bytes) -> bytes:
    """Build an Error, whose data depends on the service."""
    return bytes((Kind.ERROR << 4, invoke_id, service)) + data


def reject(invoke_id: int, reason: int) -> bytes:
    """Build a Reject."""
    return bytes((Kind.REJECT << 4, invoke_id, reason))


def abort(invoke_id: int, reason: int) -> bytes:
    """Build a server's Abort."""
    return bytes((Kind.ABORT << 4 | 1, invoke_id, reason))
