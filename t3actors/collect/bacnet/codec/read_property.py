"""ReadProperty, and the Error that any confirmed service may be answered with: service data only. Pure.

What a device is asked that refuses ReadPropertyMultiple, or a property that spoils the answer of the others. Same results as there.

Source: ANSI/ASHRAE 135, 15.5 and 21 (ReadProperty, Error).
"""

from __future__ import annotations

import struct

from t3actors.collect.bacnet.codec.read_multiple import (
    MAX_OCTETS,
    RAW_KEPT,
    Property,
    PropertyError,
    error_between,
    must_be_object,
    parameter,
    reference,
)
from t3actors.collect.bacnet.codec.tags import (
    MAX_INDEX,
    MAX_INSTANCE,
    MAX_PROPERTY,
    FramingBroken,
    Undecodable,
    Value,
    closing,
    context_object,
    head,
    value_between,
)
from t3actors.errors import BadResponse

SERVICE = 12  # 21: BACnetConfirmedServiceChoice
Read = tuple[int, int, int, int | None, Value | Undecodable]
"""Object type, instance, property, array index (None: the whole), and its value."""
_OBJECT = struct.Struct(">BI")
_VALUE_OPENS = 0x3E
_NO_RESULT = "no ReadProperty answer: its octets are not framed as one"
_NO_ERROR = "no error answer: its octets hold no error class and code"


def encode_request(object_type: int, instance: int, wanted: Property) -> bytes:
    """Give the request's service data.

    **Raises**: ValueError for what the protocol cannot say.
    """
    must_be_object(object_type, instance)
    return context_object(0, object_type, instance) + reference(1, wanted)


def decode_result(data: bytes) -> Read:
    """Give the one result of an answer's service data. It may be another than was asked for: that is for the caller to see.

    **Raises**: BadResponse when its framing is broken.
    """
    octets = bytes(data[: MAX_OCTETS + 1])
    try:
        return _result(octets)
    except (FramingBroken, IndexError, struct.error):
        raise BadResponse(_NO_RESULT, raw=octets[:RAW_KEPT]) from None


def decode_error(data: bytes) -> PropertyError:
    """Give class and code of an Error's service data; those of the services that wrap them in a constructed parameter as well.

    **Raises**: BadResponse when they are not there.
    """
    octets = bytes(data[:RAW_KEPT])
    try:
        wrapped = octets[:1] == b"\x0e"  # 21: ConfirmedPrivateTransfer-Error and others have it under context tag 0
        found = error_between(octets, int(wrapped), closing(octets, 1, 0) if wrapped else _whole_tags(octets))
    except FramingBroken:
        raise BadResponse(_NO_ERROR, raw=octets) from None
    if not isinstance(found, PropertyError):
        raise BadResponse(_NO_ERROR, raw=octets)
    return found


def _result(data: bytes) -> Read:
    if len(data) > MAX_OCTETS:
        raise FramingBroken
    tag, identifier = _OBJECT.unpack_from(data)
    if tag != 0x0C:
        raise FramingBroken
    which, at = parameter(data, _OBJECT.size, 1, MAX_PROPERTY)
    index = None
    if data[at] >> 4 == 2:
        index, at = parameter(data, at, 2, MAX_INDEX)
    if data[at] != _VALUE_OPENS:
        raise FramingBroken
    end = closing(data, at + 1, 3)
    if end + 1 != len(data):
        raise FramingBroken
    return identifier >> 22, identifier & MAX_INSTANCE, which, index, value_between(data, at + 1, end)


def _whole_tags(data: bytes) -> int:
    at = 0
    while at < len(data):
        tag = head(data, at)
        if tag.length < 0:
            raise FramingBroken
        at = tag.content_at + tag.length
    return at
