"""The service parameters that the link itself reads and writes, as octets: Who-Is, I-Am, SubscribeCOV, private transfer. Pure.

ReadProperty, with the Error that any service may be answered with, and ReadPropertyMultiple have their own files.

Source: ANSI/ASHRAE 135, clauses 13 to 21.
"""

from __future__ import annotations

import struct

import msgspec

from t3actors.collect.bacnet.codec.tags import (
    DEVICE,
    MAX_INSTANCE,
    FramingBroken,
    ObjectId,
    Undecodable,
    Value,
    context_object,
    context_unsigned,
)
from t3actors.collect.bacnet.codec.walk import ENUMERATED, OBJECT, UNSIGNED, Walk
from t3actors.errors import BadResponse

I_AM, WHO_IS, UNCONFIRMED_COV = 0, 8, 2  # unconfirmed services, 21
CONFIRMED_COV, SUBSCRIBE_COV, READ_PROPERTY, READ_MULTIPLE, PRIVATE_TRANSFER, READ_RANGE = (
    1,
    5,
    12,
    14,
    18,
    26,
)  # confirmed, 21
MAX_VALUES = 64  # in one notification: the standard's objects send two to five
RAW_KEPT = 32  # octets of a bad private result: further on stand a panel's passwords


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


def i_am(data: bytes) -> IAm:
    """Read an I-Am (16.10). **Raises**: BadResponse."""
    try:
        walk = Walk(data)
        object_id = walk.plain(OBJECT)
        fields = [walk.plain(UNSIGNED), walk.plain(ENUMERATED), walk.plain(UNSIGNED)]
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
        walk = Walk(data)
        return not data or walk.whole(0) <= instance <= walk.whole(1)
    except FramingBroken:
        return False


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
        walk = Walk(data)
        process_id, device, monitored, remaining_s = walk.whole(0), walk.object(1), walk.object(2), walk.whole(3)
        listed = walk.inside(4)
        values: list[tuple[int, int | None, Value | Undecodable]] = []
        while listed.more and len(values) < MAX_VALUES:
            property_id = listed.whole(0)
            index = listed.whole(1) if listed.has(1) else None
            values.append((property_id, index, listed.value(2)))
            if listed.has(3):
                listed.whole(3)  # a priority
    except FramingBroken:
        raise BadResponse("no COV notification", raw=data) from None
    return CovHeard(process_id, device.instance, monitored.type, monitored.instance, remaining_s, tuple(values))


def private_transfer(vendor_id: int, service_number: int, content: bytes) -> bytes:
    """Write a ConfirmedPrivateTransfer request (16.2) whose parameters are one OCTET STRING of 5 to 253 octets."""
    if not 5 <= len(content) <= 253:
        raise ValueError(f"an octet string: saw {len(content)} octets; allowed: 5 to 253")
    parameters = b"\x2e\x65" + bytes([len(content)]) + content + b"\x2f"
    return context_unsigned(0, vendor_id) + context_unsigned(1, service_number) + parameters


def private_result(data: bytes, vendor_id: int, service_number: int) -> bytes:
    """Read the acknowledgement's result block, which is one OCTET STRING: its content. **Raises**: BadResponse."""
    try:
        walk = Walk(data)
        said = walk.whole(0), walk.whole(1)
        content = walk.value(2)
    except FramingBroken:
        raise BadResponse("no result of a private transfer", raw=data[:RAW_KEPT]) from None
    if said != (vendor_id, service_number):
        raise BadResponse(f"the result of another private transfer {said}", raw=data[:RAW_KEPT])
    if type(content) is not bytes or walk.more:
        raise BadResponse("the result of a private transfer is no octet string", raw=data[:RAW_KEPT])
    return content
