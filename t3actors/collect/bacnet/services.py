"""The service parameters that the link itself reads and writes, as octets: Who-Is, I-Am, ReadProperty, SubscribeCOV, errors. Pure.

ReadPropertyMultiple has its own files. Source: ANSI/ASHRAE 135, clauses 13 to 21.
"""

from __future__ import annotations

import struct

import msgspec

from t3actors.collect.bacnet.tags import (
    CONTEXT,
    MAX_INSTANCE,
    FramingBroken,
    ObjectId,
    Undecodable,
    Value,
    closing,
    context_object,
    context_unsigned,
    head,
    primitive,
    value_between,
)
from t3actors.errors import BadResponse

I_AM, WHO_IS, UNCONFIRMED_COV = 0, 8, 2  # unconfirmed services, 21
CONFIRMED_COV, SUBSCRIBE_COV, READ_PROPERTY, READ_MULTIPLE, READ_RANGE = 1, 5, 12, 14, 26  # confirmed services, 21
DEVICE = 8  # object type
MAX_VALUES = 64  # in one notification: the standard's objects send two to five


class IAm(msgspec.Struct, frozen=True):
    """What a device says of itself. `segmentation`: 0 both, 1 transmit, 2 receive, 3 none."""

    instance: int
    max_apdu: int
    segmentation: int
    vendor_id: int


class CovHeard(msgspec.Struct, frozen=True):
    """A notification as it came: `values` are (property, index or None, value)."""

    process_id: int
    device_instance: int
    object_type: int
    object_instance: int
    remaining_s: int
    values: tuple[tuple[int, int | None, Value | Undecodable], ...]


class _Reader:
    """Takes parameters off octets, one after another."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def application(self, number: int) -> object:
        tag = head(self.data, self.at)
        if tag.form or tag.number != number:
            raise FramingBroken
        self.at = tag.content_at + tag.length
        value = primitive(tag.number, tag.lvt, self.data[tag.content_at : self.at])
        if isinstance(value, Undecodable):
            raise FramingBroken
        return value

    def has(self, number: int) -> bool:
        if self.at >= len(self.data):
            return False
        tag = head(self.data, self.at)
        return bool(tag.form) and tag.number == number and tag.length >= 0

    def context(self, number: int) -> int:
        tag = head(self.data, self.at)
        if tag.form != CONTEXT or tag.number != number or not 1 <= tag.length <= 8:
            raise FramingBroken
        self.at = tag.content_at + tag.length
        return int.from_bytes(self.data[tag.content_at : self.at], "big")

    def opening(self, number: int) -> int:
        """Step into a constructed parameter. **Returns**: where its closing tag stands."""
        tag = head(self.data, self.at)
        if tag.length != -1 or tag.number != number:
            raise FramingBroken
        self.at = tag.content_at
        return closing(self.data, self.at, number)

    def value(self, number: int) -> tuple[Value | Undecodable, bytes]:
        end = self.opening(number)
        start, self.at = self.at, head(self.data, end).content_at
        return value_between(self.data, start, end), self.data[start:end]


def i_am(data: bytes) -> IAm:
    """Read an I-Am (16.10). **Raises**: BadResponse."""
    try:
        reader = _Reader(data)
        object_id = reader.application(12)
        fields = [reader.application(2), reader.application(9), reader.application(2)]
    except FramingBroken:
        raise BadResponse("no I-Am", raw=data) from None
    if not isinstance(object_id, ObjectId) or object_id.type != DEVICE or object_id.instance == MAX_INSTANCE:
        raise BadResponse("an I-Am of something that is no device", raw=data)
    max_apdu, segmentation, vendor_id = (int(field) for field in fields if isinstance(field, int))
    if not 50 <= max_apdu <= 65535 or segmentation > 3 or vendor_id > 65535:
        raise BadResponse("an I-Am with a parameter out of range", raw=data)
    return IAm(object_id.instance, max_apdu, segmentation, vendor_id)


def encode_i_am(instance: int, max_apdu: int, vendor_id: int) -> bytes:
    """Write an I-Am of a device that receives and sends in segments."""
    return (
        b"\xc4"
        + struct.pack(">I", DEVICE << 22 | instance)
        + b"\x22"
        + struct.pack(">H", max_apdu)
        + b"\x91\x00\x22"
        + struct.pack(">H", vendor_id)
    )


def who_is(low: int | None, high: int | None) -> bytes:
    """Write a Who-Is for a range of instances, or for everybody."""
    return b"" if low is None or high is None else context_unsigned(0, low) + context_unsigned(1, high)


def asks_for(data: bytes, instance: int) -> bool:
    """Say whether a Who-Is means this instance. Octets that are none mean nobody."""
    try:
        reader = _Reader(data)
        return not data or reader.context(0) <= instance <= reader.context(1)
    except FramingBroken:
        return False


def read_property(object_type: int, instance: int, property_id: int, index: int | None) -> bytes:
    """Write a ReadProperty request (15.5)."""
    indexed = b"" if index is None else context_unsigned(2, index)
    return context_object(0, object_type, instance) + context_unsigned(1, property_id) + indexed


def property_read(data: bytes, asked: bytes) -> tuple[Value | Undecodable, bytes]:
    """Read the answer to `asked`: the value, and its octets. **Raises**: BadResponse."""
    try:
        reader = _Reader(data)
        said = (
            context_object(0, 0, 0)[:1] + reader.context(0).to_bytes(4, "big") + context_unsigned(1, reader.context(1))
        )
        if reader.has(2):
            said += context_unsigned(2, reader.context(2))
        if said != asked:
            raise BadResponse("the answer is about another property", raw=data)
        return reader.value(3)
    except FramingBroken:
        raise BadResponse("the answer's tags do not match", raw=data) from None


def subscribe_cov(
    process_id: int, object_type: int, instance: int, *, confirmed: bool | None = None, lifetime_s: int | None = None
) -> bytes:
    """Write a SubscribeCOV request (13.14); without `confirmed` it is a cancellation."""
    start = context_unsigned(0, process_id) + context_object(1, object_type, instance)
    if confirmed is None or lifetime_s is None:
        return start
    return start + b"\x29" + bytes([confirmed]) + context_unsigned(3, lifetime_s)


def cov(data: bytes) -> CovHeard:
    """Read a COV notification (13.1), confirmed or not. **Raises**: BadResponse."""
    try:
        reader = _Reader(data)
        process_id, device, object_id, remaining_s = (reader.context(number) for number in range(4))
        end = reader.opening(4)
        values: list[tuple[int, int | None, Value | Undecodable]] = []
        while reader.at < end and len(values) < MAX_VALUES:
            property_id = reader.context(0)
            index = reader.context(1) if reader.has(1) else None
            values.append((property_id, index, reader.value(2)[0]))
            if reader.has(3):
                reader.context(3)
    except FramingBroken:
        raise BadResponse("no COV notification", raw=data) from None
    return CovHeard(
        process_id, device & MAX_INSTANCE, object_id >> 22, object_id & MAX_INSTANCE, remaining_s, tuple(values)
    )


def error(data: bytes) -> tuple[int, int]:
    """Read an Error's (class, code), also where the service wraps it in a tag of its own. **Raises**: BadResponse."""
    try:
        reader = _Reader(data)
        if data and head(data, 0).length == -1:
            reader.at = head(data, 0).content_at
        error_class, code = reader.application(9), reader.application(9)
    except FramingBroken:
        raise BadResponse("no error", raw=data) from None
    return int(str(error_class)), int(str(code))
