"""What clients ask for, decoded from the data of their requests (clauses 13, 15, 16). Pure. **Raises**: BadEncoding."""

from __future__ import annotations

import struct
from typing import NamedTuple

from t3actors.simulator.bacnet.tags import DATE, SIGNED, TIME, UNSIGNED, BadEncoding, Cursor

TEMCO_HEADER = struct.Struct("<HBBBH")  # total length, command, first, last, size of one entity
MOST_ASKED = 2000  # properties in one request: more than any datagram holds


class WhoIs(NamedTuple):
    """A search, for all instances or for a range of them."""

    low: int = 0
    high: int = 0x3FFFFF


class Asked(NamedTuple):
    """One property of one object."""

    object_id: int
    property_id: int
    array_index: int | None = None


class CovWish(NamedTuple):
    """A subscription, or its end (both `confirmed` and `lifetime_s` are None)."""

    process_id: int
    object_id: int
    confirmed: bool | None
    lifetime_s: int | None

    @property
    def ends(self) -> bool:
        """Whether this takes the subscription back."""
        return self.confirmed is None and self.lifetime_s is None


class Range(NamedTuple):
    """A stretch of a list: `by` says position, sequence or time; `first` counts from 1, or is a date and a time;
    `items` is how many, backwards when negative.
    """

    asked: Asked
    by: str = ""
    first: int | bytes = 1
    items: int = 0


class PrivateRequest(NamedTuple):
    """A vendor's own request; the last five are read when the parameters are a Temco header."""

    vendor: int
    service: int
    command: int = -1
    first: int = 0
    last: int = 0
    entity_size: int = 0


def decode_who_is(data: bytes) -> WhoIs:
    """Read a Who-Is."""
    if not data:
        return WhoIs()
    cursor = Cursor(data)
    return WhoIs(cursor.unsigned(0), cursor.unsigned(1))


def decode_read_property(data: bytes) -> Asked:
    """Read a ReadProperty request."""
    return _asked(Cursor(data))


def decode_read_property_multiple(data: bytes) -> list[tuple[int, list[tuple[int, int | None]]]]:
    """Read a ReadPropertyMultiple request: objects, each with properties and indices."""
    cursor = Cursor(data)
    wanted: list[tuple[int, list[tuple[int, int | None]]]] = []
    total = 0
    while not cursor.at_end:
        object_id = cursor.object_id(0)
        cursor.must(cursor.opens(1))
        references: list[tuple[int, int | None]] = []
        while not cursor.closes(1):
            references.append((cursor.unsigned(0), cursor.unsigned(1) if cursor.has(1) else None))
        total += len(references)
        wanted.append((object_id, references))
    if not 1 <= total <= MOST_ASKED:
        raise BadEncoding(f"saw {total} properties, allowed are 1 to {MOST_ASKED}")
    return wanted


def decode_subscribe_cov(data: bytes) -> CovWish:
    """Read a SubscribeCOV request."""
    cursor = Cursor(data)
    process_id, object_id = cursor.unsigned(0), cursor.object_id(1)
    confirmed = cursor.boolean(2) if cursor.has(2) else None
    return CovWish(process_id, object_id, confirmed, cursor.unsigned(3) if cursor.has(3) else None)


def decode_read_range(data: bytes) -> Range:
    """Read a ReadRange request."""
    cursor = Cursor(data)
    asked = _asked(cursor)
    for number, by in ((3, "position"), (6, "sequence"), (7, "time")):
        if not cursor.opens(number):
            continue
        if by == "time":
            first: int | bytes = _typed(cursor, DATE, 4) + _typed(cursor, TIME, 4)
        else:
            first = int.from_bytes(_typed(cursor, UNSIGNED), "big")
        count = int.from_bytes(_typed(cursor, SIGNED), "big", signed=True)
        cursor.must(cursor.closes(number))
        return Range(asked, by, first, count)
    return Range(asked)


def decode_private_transfer(data: bytes) -> PrivateRequest:
    """Read a ConfirmedPrivateTransfer request."""
    cursor = Cursor(data)
    vendor, service = cursor.unsigned(0), cursor.unsigned(1)
    if cursor.at_end:
        return PrivateRequest(vendor, service)
    cursor.must(cursor.opens(2))
    _type, content = cursor.application()
    if len(content) < TEMCO_HEADER.size:
        return PrivateRequest(vendor, service)
    _length, command, first, last, entity_size = TEMCO_HEADER.unpack_from(content)
    return PrivateRequest(vendor, service, command, first, last, entity_size)


def _asked(cursor: Cursor) -> Asked:
    return Asked(cursor.object_id(0), cursor.unsigned(1), cursor.unsigned(2) if cursor.has(2) else None)


def _typed(cursor: Cursor, wanted: int, length: int = 0) -> bytes:
    seen, content = cursor.application()
    if seen != wanted or (length and len(content) != length) or not 1 <= len(content) <= 4:
        raise BadEncoding(f"saw type {seen} of {len(content)} bytes, allowed is type {wanted}")
    return content
