"""Octets of answers, written from the standard's rules for the tests; shares nothing with the codec under test."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from t3actors.collect.bacnet.codec.tags import Bits, Date, Enumerated, ObjectId, Several, Time


def tagged(number: int, content: bytes, *, context: bool = False) -> bytes:
    """A tag of either class with its content."""
    form, size = 8 if context else 0, len(content)
    first = (min(number, 15) << 4) | form
    extended = bytes([number]) if number > 14 else b""
    if size < 5:
        return bytes([first | size]) + extended + content
    if size < 254:
        return bytes([first | 5]) + extended + bytes([size]) + content
    return bytes([first | 5]) + extended + b"\xfe" + size.to_bytes(2, "big") + content


def number_octets(value: int, *, signed: bool = False) -> bytes:
    """As few octets as hold it."""
    size = 1
    while True:
        try:
            return value.to_bytes(size, "big", signed=signed)
        except OverflowError:
            size += 1


def encoded(value: object, *, double: bool = False) -> bytes:
    """The application-tagged value; a list's elements one after the other."""
    match value:
        case None:
            return b"\x00"
        case bool():
            return bytes([0x10 | value])
        case Enumerated():
            return tagged(9, number_octets(value))
        case int():
            return tagged(3, number_octets(value, signed=True)) if value < 0 else tagged(2, number_octets(value))
        case float():
            return tagged(5, struct.pack(">d", value)) if double else tagged(4, struct.pack(">f", value))
        case bytes():
            return tagged(6, value)
        case str():
            return tagged(7, b"\x00" + value.encode())
        case Several():
            return b"".join(map(encoded, value))
        case Bits():
            written = "".join(str(value.mask >> bit & 1) for bit in range(value.length))
            unused = -len(written) % 8
            octets = bytes(int((written + "0" * unused)[at : at + 8], 2) for at in range(0, len(written), 8))
            return tagged(8, bytes([unused]) + octets)
        case Date():
            year = 255 if value.year is None else value.year - 1900
            return tagged(10, bytes([year, *(255 if part is None else part for part in value[1:])]))
        case Time():
            return tagged(11, bytes(255 if part is None else part for part in value))
        case ObjectId():
            return tagged(12, (value.type << 22 | value.instance).to_bytes(4, "big"))
    raise TypeError(value)


def error(error_class: int, code: int) -> bytes:
    """Class and code as an Error has them."""
    return tagged(9, number_octets(error_class)) + tagged(9, number_octets(code))


def element(which: int, index: int | None, content: bytes, *, failed: bool = False) -> bytes:
    """One result: its property, and a value's tags or an error's."""
    where = tagged(2, number_octets(which), context=True)
    if index is not None:
        where += tagged(3, number_octets(index), context=True)
    return where + (b"\x5e" + content + b"\x5f" if failed else b"\x4e" + content + b"\x4f")


def answer(objects: Sequence[tuple[int, int, Sequence[bytes]]]) -> bytes:
    """The service data of an answer, from (object type, instance, elements)."""
    return b"".join(
        tagged(0, (kind << 22 | instance).to_bytes(4, "big"), context=True) + b"\x1e" + b"".join(elements) + b"\x1f"
        for kind, instance, elements in objects
    )
