"""ReadPropertyMultiple: its request encoded, the results of its ComplexACK decoded. Pure; the driver calls it at every poll.

The decoder is the gateway's hottest loop. It knows by their octets what nearly every answer is made of (a present-value that is a
Real, an Enumerated or an Unsigned below 256; status-flags) and takes these in one step each; everything else goes through `tags`.
The short cuts decode nothing otherwise than the long way does: a test holds one against the other. And `Answers` decodes nothing
that stands in an answer as it stood in the one before.

Source: ANSI/ASHRAE 135, 15.7 and 21 (ReadAccessSpecification, ReadAccessResult).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

from t3actors.collect.bacnet.codec.properties import PRESENT_VALUE, STATUS_FLAGS
from t3actors.collect.bacnet.codec.tags import (
    MAX_INDEX,
    MAX_INSTANCE,
    MAX_OBJECT_TYPE,
    MAX_PROPERTY,
    Enumerated,
    FramingBroken,
    Undecodable,
    Value,
    closing,
    context_object,
    context_unsigned,
    enumerated,
    head,
    primitive,
    value_between,
)
from t3actors.errors import BadResponse

SERVICE = 14  # 21: BACnetConfirmedServiceChoice
MAX_OCTETS = 1 << 20  # of one answer, all its segments together: far more than any device sends
RAW_KEPT = 300  # octets of a bad answer worth keeping


class PropertyError(NamedTuple):
    """The device's own word on why it gives no value."""

    error_class: int
    error_code: int


Answer = Value | PropertyError | Undecodable
Result = tuple[int, int, int, int | None, Answer]
"""Object type, instance, property, array index (None: the whole), and what came."""
Property = int | tuple[int, int]
"""A property, or one with an array index."""
Key = tuple[int, int, int, int | None]
"""A result without what came."""

_LIST_OPENS, _LIST_CLOSES = 0x1E, 0x1F
_VALUE_OPENS, _VALUE_CLOSES, _ERROR_OPENS = 0x4E, 0x4F, 0x5E
_OBJECT = struct.Struct(">BIB")
_REAL = struct.Struct(">fB")
_LEAD_REAL, _LEAD_ENUMERATED, _LEAD_UNSIGNED = b"\x29\x55\x4e\x44", b"\x29\x55\x4e\x91", b"\x29\x55\x4e\x21"
_FLOAT = struct.Struct(">f")
_FIRST_REAL, _REAL_AT, _AFTER_REAL = (
    b"\x1e" + _LEAD_REAL,
    10,
    14,
)  # where an object's octets have a present-value that comes first
_LEAD_FLAGS = b"\x29\x6f\x4e\x82"
_FLAGS = {bytes([4, mask, _VALUE_CLOSES]): primitive(8, 2, bytes([4, mask])) for mask in range(256)}
_NO_RESULTS = "no ReadPropertyMultiple answer: its octets are not framed as one"
_TOO_LONG = "no ReadPropertyMultiple answer: it is longer than any"


def encode_request(wanted: Iterable[tuple[int, int, Iterable[Property]]]) -> bytes:
    """Give the request's service data for (object type, instance, properties) each.

    **Raises**: ValueError for what the protocol cannot say, and for a request or an object without properties.
    """
    parts = []
    for object_type, instance, properties in wanted:
        must_be_object(object_type, instance)
        listed = [reference(0, each) for each in properties]
        if not listed:
            raise ValueError(f"object {object_type}:{instance}: saw no properties, at least one is to be read")
        parts += [context_object(0, object_type, instance), b"\x1e", *listed, b"\x1f"]
    if not parts:
        raise ValueError("saw no objects, at least one is to be read")
    return b"".join(parts)


def decode_results(data: bytes) -> list[Result]:
    """Give the results of an answer's service data, in its order. They may be others than were asked for: that is for the caller to see.

    **Raises**: BadResponse when its framing is broken; then nothing of it is used.
    """
    if len(data) > MAX_OCTETS:
        raise BadResponse(_TOO_LONG, raw=bytes(data[:RAW_KEPT]))
    try:
        return _results(bytes(data))
    except (FramingBroken, IndexError, struct.error):
        raise BadResponse(_NO_RESULTS, raw=bytes(data[:RAW_KEPT])) from None


class Answers:
    """The answers to one request that is asked again and again: what of each fits the request.

    What stands in an answer as it stood in the one before is not decoded again, whole answers and single objects alike: it gives
    the very same results (`is`), so that whoever makes something of them sees at once that there is nothing new.
    """

    __slots__ = ("_data", "_objects", "_results", "_wanted")

    def __init__(self, wanted: frozenset[Key]) -> None:
        self._wanted = wanted
        self._data = b""
        self._objects: list[_Known] = []
        self._results: tuple[Result, ...] = ()

    def fitting(self, data: bytes) -> tuple[Result, ...]:
        """Give the results of an answer's service data that were asked for, in its order. **Raises**: as decode_results."""
        if data != self._data:
            data = bytes(data)
            if len(data) > MAX_OCTETS:
                raise BadResponse(_TOO_LONG, raw=data[:RAW_KEPT])
            try:
                objects = self._decoded(data)
            except (FramingBroken, IndexError, struct.error):
                raise BadResponse(_NO_RESULTS, raw=data[:RAW_KEPT]) from None
            self._data, self._objects = data, objects
            self._results = tuple([result for known in objects for result in known[1]])
        return self._results

    def _decoded(self, data: bytes) -> list[_Known]:
        objects: list[_Known] = []
        add, starts = objects.append, data.startswith
        at, size = 0, len(data)
        for known in self._objects:
            octets, results, before, after = known
            if starts(octets, at):
                add(known)
                at += len(octets)
            elif before is not None and starts(before, at) and starts(after, at + _AFTER_REAL):
                number = _FLOAT.unpack_from(data, at + _REAL_AT)[0]
                (kind, instance, which, index, _), *rest = results
                end = at + len(octets)
                add((data[at:end], [(kind, instance, which, index, number), *rest], before, after))
                at = end
            elif at < size:
                add(self._known(data, at))
                at += len(objects[-1][0])
            else:
                break
        while at < size:
            add(self._known(data, at))
            at += len(objects[-1][0])
        return objects

    def _known(self, data: bytes, at: int) -> _Known:
        found: list[Result] = []
        octets = data[at : _object(data, at, found)]
        results = [result for result in found if result[:4] in self._wanted]
        if octets[5:_REAL_AT] != _FIRST_REAL or octets[_AFTER_REAL] != _VALUE_CLOSES or results[:1] != found[:1]:
            return octets, results, None, b""
        return octets, results, octets[:_REAL_AT], octets[_AFTER_REAL:]


_Known = tuple[bytes, list[Result], bytes | None, bytes]
"""An object of an answer: its octets, what of it fits, and, where a wanted Real comes first in it, the octets before and after that."""


def _results(data: bytes) -> list[Result]:
    results: list[Result] = []
    at, size = 0, len(data)
    while at < size:
        at = _object(data, at, results)
    return results


def _object(data: bytes, at: int, results: list[Result]) -> int:
    """Add the results of the object that begins here; give where the next begins."""
    tag, identifier, opening = _OBJECT.unpack_from(data, at)
    if tag != 0x0C or opening != _LIST_OPENS:
        raise FramingBroken
    at += 6
    object_type, instance = identifier >> 22, identifier & 0x3FFFFF
    while data[at] != _LIST_CLOSES:
        lead = data[at : at + 4]
        if lead == _LEAD_REAL:
            number, closes = _REAL.unpack_from(data, at + 4)
            if closes == _VALUE_CLOSES:
                results.append((object_type, instance, PRESENT_VALUE, None, number))
                at += 9
                continue
        elif lead == _LEAD_FLAGS:
            flags = _FLAGS.get(data[at + 4 : at + 7])
            if flags is not None:
                results.append((object_type, instance, STATUS_FLAGS, None, flags))
                at += 7
                continue
        elif lead in (_LEAD_ENUMERATED, _LEAD_UNSIGNED) and data[at + 5] == _VALUE_CLOSES:
            small = data[at + 4]
            value = enumerated(small) if lead == _LEAD_ENUMERATED else small
            results.append((object_type, instance, PRESENT_VALUE, None, value))
            at += 6
            continue
        at, which, index, answer = _element(data, at)
        results.append((object_type, instance, which, index, answer))
    return at + 1


def _element(data: bytes, at: int) -> tuple[int, int, int | None, Answer]:
    """Read one result the long way; give also where the next begins."""
    which, at = parameter(data, at, 2, MAX_PROPERTY)
    index = None
    if data[at] >> 4 == 3:
        index, at = parameter(data, at, 3, MAX_INDEX)
    opening = data[at]
    if opening not in (_VALUE_OPENS, _ERROR_OPENS):
        raise FramingBroken
    at += 1
    end = closing(data, at, opening >> 4)
    answer = value_between(data, at, end) if opening == _VALUE_OPENS else error_between(data, at, end)
    return end + 1, which, index, answer


def parameter(data: bytes, at: int, number: int, most: int) -> tuple[int, int]:
    """Read an unsigned or enumerated parameter under context tag `number`; give also where the next begins.

    **Raises**: FramingBroken when it is not there, or larger than the protocol has it.
    """
    tag = head(data, at)
    if tag.number != number or not tag.form or not 1 <= tag.length <= 8:
        raise FramingBroken
    after = tag.content_at + tag.length
    value = int.from_bytes(data[tag.content_at : after], "big")
    if value > most:
        raise FramingBroken
    return value, after


def error_between(data: bytes, at: int, end: int) -> PropertyError | Undecodable:
    """Give the error that fills `data[at:end]`: its class and its code, each an Enumerated."""
    found = value_between(data, at, end)
    if isinstance(found, tuple) and len(found) == 2:
        error_class, error_code = found
        if isinstance(error_class, Enumerated) and isinstance(error_code, Enumerated):
            return PropertyError(int(error_class), int(error_code))
    return Undecodable("no error class and code", data[at:end])


def reference(number: int, wanted: Property) -> bytes:
    """Encode a property under context tag `number`, and its array index, if it has one, under the next.

    **Raises**: ValueError for what the protocol cannot say.
    """
    which, index = wanted if isinstance(wanted, tuple) else (wanted, None)
    must_lie("property", which, MAX_PROPERTY)
    if index is None:
        return context_unsigned(number, which)
    must_lie("array index", index, MAX_INDEX)
    return context_unsigned(number, which) + context_unsigned(number + 1, index)


def must_be_object(object_type: int, instance: int) -> None:
    """**Raises**: ValueError for an object identifier that the protocol cannot say."""
    must_lie("object type", object_type, MAX_OBJECT_TYPE)
    must_lie("instance", instance, MAX_INSTANCE)


def must_lie(what: str, seen: int, most: int) -> None:
    """**Raises**: ValueError for a number outside 0 to `most`."""
    if not 0 <= seen <= most:
        raise ValueError(f"{what}: saw {seen}, allowed is 0 to {most}")
