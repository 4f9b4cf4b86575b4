"""Tags and the application's primitive values: octets to Python and back. Pure; the services' codecs call it.

Two kinds of trouble are kept apart. A value that makes no sense within sound framing (a Real of three octets) becomes an
`Undecodable` in its place and costs that value alone. Framing that is broken (a tag that reaches beyond the end) raises `FramingBroken`,
for nothing after it can be trusted; the services turn that into BadResponse with the raw octets.

Nothing recurses: constructed values are walked with a stack of at most `MAX_DEPTH`, and handed on undecoded (`Constructed`).

Source: ANSI/ASHRAE 135, 20.2.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

from t3actors.collect.bacnet.codec.text import decode_text

MAX_INSTANCE = 0x3FFFFF  # 20.2.14: 22 bits; the largest means "not given"
MAX_OBJECT_TYPE = 0x3FF  # 20.2.14: 10 bits
MAX_PROPERTY = 0xFFFFFFFF  # 21: PropertyIdentifier; from 4194304 on they are ASHRAE's again
MAX_INDEX = 0xFFFFFFFF
MAX_DEPTH = 32  # of constructed values within constructed values; the standard's deepest need less than 10
MAX_INTEGER_OCTETS = 8  # the widest integers the standard's properties have (Unsigned64)

CONTEXT = 0x08
OPENING, CLOSING = 6, 7
DEVICE = 8  # 21: BACnetObjectType
BOOLEAN = 1


class FramingBroken(Exception):
    """The octets are no tags: nothing of them is used. Never leaves this folder's codecs."""


class Enumerated(int):
    """A number that stands for a word of the standard's; an int otherwise."""

    __slots__ = ()


class Bits(NamedTuple):
    """A bit string. Bit n of the standard (the first is 0) weighs 1 << n in `mask`."""

    mask: int
    length: int


class Date(NamedTuple):
    """A date or a pattern of dates: None is "any". `month` 13 odd, 14 even; `day` 32 last, 33 odd, 34 even; `weekday` 1 Monday."""

    year: int | None
    month: int | None
    day: int | None
    weekday: int | None


class Time(NamedTuple):
    """A time of day: None is "any"."""

    hour: int | None
    minute: int | None
    second: int | None
    hundredth: int | None


class ObjectId(NamedTuple):
    """An object identifier."""

    type: int
    instance: int


class Several(tuple["Primitive", ...]):
    """The elements of a list or an array; empty, or two and more: a list of one cannot be told from its element."""

    __slots__ = ()


class Constructed(bytes):
    """A constructed value, as the octets between its opening and closing tag: sound framing, for a full decoder to read."""

    __slots__ = ()


class Undecodable(NamedTuple):
    """A value that makes no sense. The framing around it was sound."""

    reason: str
    raw: bytes


Primitive = None | bool | int | float | bytes | str | Bits | Date | Time | ObjectId
Value = Primitive | Several | Constructed

_REAL, _DOUBLE, _IDENTIFIER = struct.Struct(">f"), struct.Struct(">d"), struct.Struct(">I")
_ENUMERATED = tuple(map(Enumerated, range(256)))


def enumerated(number: int) -> Enumerated:
    """Give the number as one that stands for a word."""
    return _ENUMERATED[number] if number < 256 else Enumerated(number)


def elements(value: Value) -> tuple[Primitive, ...]:
    """Give a list's elements, whether it had none, one or more. A constructed value has none that are known here."""
    if isinstance(value, Several):
        return value
    return () if isinstance(value, Constructed) else (value,)


class Head(NamedTuple):
    """A tag: `form` is CONTEXT or 0 (application), `length` -1 for an opening and -2 for a closing tag."""

    number: int
    form: int
    length: int
    lvt: int
    content_at: int


def head(data: bytes, at: int) -> Head:
    """Read the tag at `at`.

    **Raises**: FramingBroken when it, or what it announces, reaches beyond the end.
    """
    try:
        first = data[at]
        number, form, lvt = first >> 4, first & CONTEXT, first & 7
        at += 1
        if number == 0xF:
            number = data[at]
            at += 1
        if form and lvt >= OPENING:
            return Head(number, form, -1 if lvt == OPENING else -2, lvt, at)
        if not form and number == BOOLEAN:
            return Head(number, form, 0, lvt, at)
        if lvt > 5:
            raise FramingBroken
        length = lvt
        if lvt == 5:
            length = data[at]
            at += 1
            if length >= 254:
                octets = 2 if length == 254 else 4
                length = int.from_bytes(data[at : at + octets], "big")
                at += octets
    except IndexError:
        raise FramingBroken from None
    if at + length > len(data):
        raise FramingBroken
    return Head(number, form, length, lvt, at)


def closing(data: bytes, at: int, number: int) -> int:
    """Give where the closing tag stands that matches an opening tag `number` just before `at`.

    **Raises**: FramingBroken when there is none, or the tags between do not match, or lie too deep.
    """
    open_tags = [number]
    while True:
        found = head(data, at)
        if found.length == -1:
            if len(open_tags) >= MAX_DEPTH:
                raise FramingBroken
            open_tags.append(found.number)
        elif found.length == -2:
            if open_tags.pop() != found.number:
                raise FramingBroken
            if not open_tags:
                return at
        at = found.content_at + max(found.length, 0)


def value_between(data: bytes, at: int, end: int) -> Value | Undecodable:
    """Give the value whose tags fill `data[at:end]`, which `closing` found to be sound."""
    start, found = at, []
    while at < end:
        tag = head(data, at)
        if tag.form:
            return Constructed(data[start:end])
        at = tag.content_at + tag.length
        value = primitive(tag.number, tag.lvt, data[tag.content_at : at])
        if isinstance(value, Undecodable):
            return Undecodable(value.reason, data[start:end])
        found.append(value)
    return found[0] if len(found) == 1 else Several(found)


def primitive(number: int, lvt: int, content: bytes) -> Primitive | Undecodable:
    """Give the value of one application tag."""
    if number == BOOLEAN:
        return lvt == 1 if lvt <= 1 else Undecodable("a boolean that is neither 0 nor 1", content)
    decode = _DECODERS[number] if number < len(_DECODERS) else None
    if decode is None:
        return Undecodable("an application tag that the standard reserves", content)
    try:
        return decode(content)
    except (ValueError, struct.error):
        return Undecodable(f"no {_NAMES[number]}", content)


def _null(content: bytes) -> None:
    if content:
        raise ValueError


def _unsigned(content: bytes) -> int:
    if not 1 <= len(content) <= MAX_INTEGER_OCTETS:
        raise ValueError
    return int.from_bytes(content, "big")


def _signed(content: bytes) -> int:
    if not 1 <= len(content) <= MAX_INTEGER_OCTETS:
        raise ValueError
    return int.from_bytes(content, "big", signed=True)


def _real(content: bytes) -> float:
    return _REAL.unpack(content)[0]


def _double(content: bytes) -> float:
    return _DOUBLE.unpack(content)[0]


def _text(content: bytes) -> str:
    if not content:
        raise ValueError
    return decode_text(content)


def _bits(content: bytes) -> Bits:
    if not content or content[0] > 7 or (content[0] and len(content) == 1):
        raise ValueError
    length = 8 * (len(content) - 1) - content[0]
    written = int.from_bytes(content[1:], "big") >> content[0]
    return Bits(int(f"{written:0{length}b}"[::-1], 2) if length else 0, length)


def _enumerated(content: bytes) -> Enumerated:
    return enumerated(_unsigned(content))


def _date(content: bytes) -> Date:
    year, month, day, weekday = content
    return Date(None if year == 255 else 1900 + year, _given(month), _given(day), _given(weekday))


def _time(content: bytes) -> Time:
    hour, minute, second, hundredth = content
    return Time(_given(hour), _given(minute), _given(second), _given(hundredth))


def _given(octet: int) -> int | None:
    return None if octet == 255 else octet


def _identifier(content: bytes) -> ObjectId:
    (number,) = _IDENTIFIER.unpack(content)
    return ObjectId(number >> 22, number & MAX_INSTANCE)


_NAMES = (
    *("null", "boolean", "unsigned", "signed", "real", "double", "octet string", "character string", "bit string"),
    *("enumerated", "date", "time", "object identifier"),
)
_DECODERS: tuple[Callable[[bytes], Primitive] | None, ...] = (  # 20.2.1.4: by application tag number
    _null,
    None,  # a boolean's value stands in its tag
    _unsigned,
    _signed,
    _real,
    _double,
    bytes,
    _text,
    _bits,
    _enumerated,
    _date,
    _time,
    _identifier,
)


def context_unsigned(number: int, value: int) -> bytes:
    """Encode an unsigned or enumerated parameter under context tag `number` (0 to 14), in as few octets as it takes."""
    octets = max(1, (value.bit_length() + 7) // 8)
    return bytes([number << 4 | CONTEXT | octets]) + value.to_bytes(octets, "big")


def context_object(number: int, object_type: int, instance: int) -> bytes:
    """Encode an object identifier under context tag `number` (0 to 14)."""
    return bytes([number << 4 | CONTEXT | 4]) + _IDENTIFIER.pack(object_type << 22 | instance)
