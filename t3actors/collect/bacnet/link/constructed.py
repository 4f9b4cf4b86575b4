"""Constructed property values (schedules, calendars, alarms' lists) to plain Python by bacpypes3's own classes. Rare and slow.

A sequence becomes a dict by the standard's names in camel case, a choice a dict of one, a list or array a list; primitive
values are those of tags.py. No bacpypes3 object leaves this file.
"""

from __future__ import annotations

from typing import Any

from bacpypes3.constructeddata import Any as AnyValue
from bacpypes3.constructeddata import Array, Choice, List, Sequence
from bacpypes3.pdu import PDUData
from bacpypes3.primitivedata import (
    Atomic,
    BitString,
    Boolean,
    Date,
    Enumerated,
    Null,
    ObjectIdentifier,
    PropertyIdentifier,
    TagList,
    Time,
    Unsigned,
)
from bacpypes3.vendor import get_vendor_info

from t3actors.collect.bacnet.codec import tags

MAX_DEPTH = 24


def decode(object_type: int, property_id: int, index: int | None, octets: bytes) -> Any:
    """Decode the octets of a property's value; as they are when bacpypes3 does not know the property or cannot read it."""
    try:
        object_class = get_vendor_info(0).get_object_class(object_type)
        kind = object_class.get_property_type(PropertyIdentifier(property_id))
        if issubclass(kind, Array) and index is not None:
            kind = Unsigned if index == 0 else kind._subtype  # noqa: SLF001 - as bacpypes3's own read_property does
        tag_list = TagList.decode(PDUData(octets))
        value = kind.decode(tag_list)
        return tags.Constructed(octets) if len(tag_list) else plain(value)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException:  # noqa: BLE001 - whatever a hostile value makes the library raise
        return tags.Constructed(octets)


def plain(value: Any, depth: int = 0) -> Any:
    """Give a bacpypes3 value as plain Python."""
    if depth > MAX_DEPTH:
        raise ValueError("nested too deep")
    if isinstance(value, (Array, List, list)) and not isinstance(value, (BitString, TagList)):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, Choice):
        chosen = value._choice  # noqa: SLF001 - it has no public name
        return {chosen: plain(getattr(value, chosen), depth + 1)}
    if isinstance(value, Sequence):
        fields = ((name, getattr(value, name, None)) for name in value._order)  # noqa: SLF001 - likewise
        return {name: plain(field, depth + 1) for name, field in fields if field is not None}
    if isinstance(value, AnyValue):
        tag_list = value.tagList
        octets = bytes(tag_list.encode().pduData)
        return tags.value_between(octets, 0, len(octets))
    return _primitive(value)


def _primitive(value: Any) -> Any:  # noqa: PLR0911 - one for each kind
    if value is None or isinstance(value, Null):
        return None
    if isinstance(value, Boolean):
        return bool(value)
    if isinstance(value, ObjectIdentifier):
        return tags.ObjectId(int(value[0]), int(value[1]))
    if isinstance(value, BitString):
        return tags.Bits(sum(int(bool(bit)) << at for at, bit in enumerate(value)), len(value))
    if isinstance(value, Enumerated):
        return tags.enumerated(int(value))
    if isinstance(value, Date):
        return tags.Date(*(None if part == 255 else part + (1900 if at == 0 else 0) for at, part in enumerate(value)))
    if isinstance(value, Time):
        return tags.Time(*(None if part == 255 else part for part in value))
    if isinstance(value, Atomic):
        for kind in (bool, int, float, str, bytes, bytearray):
            if isinstance(value, kind):
                plain_kind: Any = bytes if kind is bytearray else kind
                return plain_kind(value)
    raise TypeError(f"no plain form of {type(value).__name__}")
