"""Tagged values as they travel (clause 20.2): plain functions that encode, and one cursor that decodes. Pure.

`number` is a context tag's number; without it a value carries its application tag.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from datetime import UTC, datetime

NULL, BOOLEAN, UNSIGNED, SIGNED, REAL, DOUBLE, OCTETS, TEXT, BITS, ENUMERATED, DATE, TIME, OBJECT = range(13)
CONTEXT = 0x08
OPENING, CLOSING = 6, 7
LATIN_1, UCS_4, UCS_2, DBCS, UTF_8 = 5, 3, 4, 1, 0  # character sets (clause 20.2.9)
CODE_PAGE = 850
CODECS = {UTF_8: "utf-8", UCS_4: "utf-32-be", UCS_2: "utf-16-be", LATIN_1: "latin-1", DBCS: "cp850"}
ANY_BYTE = 0xFF  # "unspecified" in a date or a time

_real = struct.Struct(">f").pack
_double = struct.Struct(">d").pack
_real_tagged = struct.Struct(">Bf").pack


class BadEncoding(ValueError):
    """Bytes that are no such value."""


# -- encoding


def tag(number: int, kind: int, length: int) -> bytes:
    """Encode a tag; `kind` is 0 for an application tag, CONTEXT for a context tag."""
    first = min(15, number) << 4 | kind
    extended = b"" if number < 15 else bytes((number,))
    if length < 5:
        return bytes((first | length,)) + extended
    if length < 254:
        return bytes((first | 5,)) + extended + bytes((length,))
    if length < 0x10000:
        return bytes((first | 5,)) + extended + b"\xfe" + length.to_bytes(2, "big")
    return bytes((first | 5,)) + extended + b"\xff" + length.to_bytes(4, "big")


def opening(number: int) -> bytes:
    """Encode an opening tag."""
    return bytes((number << 4 | 0x0E,)) if number < 15 else bytes((0xFE, number))


def closing(number: int) -> bytes:
    """Encode a closing tag."""
    return bytes((number << 4 | 0x0F,)) if number < 15 else bytes((0xFF, number))


def wrapped(number: int, inner: bytes) -> bytes:
    """Enclose in an opening and a closing tag."""
    return opening(number) + inner + closing(number)


def _value(application: int, number: int | None, content: bytes) -> bytes:
    if number is None:
        return tag(application, 0, len(content)) + content
    return tag(number, CONTEXT, len(content)) + content


def null() -> bytes:
    """Encode NULL."""
    return b"\x00"


def boolean(value: bool, number: int | None = None) -> bytes:
    """Encode BOOLEAN, which sits in the tag itself unless it is context tagged."""
    return bytes((0x10 | value,)) if number is None else tag(number, CONTEXT, 1) + bytes((value,))


def _whole(value: int) -> bytes:
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")


def unsigned(value: int, number: int | None = None) -> bytes:
    """Encode Unsigned in the fewest bytes."""
    return _value(UNSIGNED, number, _whole(value))


def enumerated(value: int, number: int | None = None) -> bytes:
    """Encode ENUMERATED in the fewest bytes."""
    return _value(ENUMERATED, number, _whole(value))


def signed(value: int, number: int | None = None) -> bytes:
    """Encode INTEGER in the fewest bytes."""
    length = 1
    while not -(1 << (8 * length - 1)) <= value < 1 << (8 * length - 1):
        length += 1
    return _value(SIGNED, number, value.to_bytes(length, "big", signed=True))


def real(value: float, number: int | None = None) -> bytes:
    """Encode REAL."""
    return _real_tagged(0x44, value) if number is None else _value(REAL, number, _real(value))


def double(value: float, number: int | None = None) -> bytes:
    """Encode Double."""
    return _value(DOUBLE, number, _double(value))


def octets(value: bytes, number: int | None = None) -> bytes:
    """Encode OCTET STRING."""
    return _value(OCTETS, number, value)


def text(value: str, character_set: int = UTF_8, number: int | None = None) -> bytes:
    """Encode CharacterString; what the set does not have becomes a question mark."""
    page = CODE_PAGE.to_bytes(2, "big") if character_set == DBCS else b""
    return raw_text(character_set, page + value.encode(CODECS[character_set], "replace"), number)


def raw_text(character_set: int, content: bytes, number: int | None = None) -> bytes:
    """Encode bytes under the name of a character set, which may be a lie."""
    return _value(TEXT, number, bytes((character_set,)) + content)


def bits(value: Iterable[bool], number: int | None = None) -> bytes:
    """Encode BIT STRING, the first bit first."""
    listed = list(value)
    packed = bytearray((len(listed) + 7) // 8)
    for place, bit in enumerate(listed):
        packed[place // 8] |= bit << 7 - place % 8
    return _value(BITS, number, bytes((-len(listed) % 8,)) + packed)


def date(year: int, month: int, day: int, weekday: int = ANY_BYTE, number: int | None = None) -> bytes:
    """Encode Date; 255 anywhere is "any". **Units**: `year` as people write it, `weekday` 1 for Monday."""
    first = ANY_BYTE if year == ANY_BYTE else year - 1900
    return _value(DATE, number, bytes((first, month, day, weekday)))


def time(hour: int, minute: int, second: int = 0, number: int | None = None) -> bytes:
    """Encode Time, on the whole second."""
    return _value(TIME, number, bytes((hour, minute, second, 0)))


def moment(at_s: float) -> bytes:
    """Encode a Unix time as BACnetDateTime in UTC."""
    when = datetime.fromtimestamp(at_s, UTC)
    return date(when.year, when.month, when.day, when.isoweekday()) + time(when.hour, when.minute, when.second)


def object_id(value: int, number: int | None = None) -> bytes:
    """Encode BACnetObjectIdentifier."""
    return _value(OBJECT, number, value.to_bytes(4, "big"))


# -- decoding


class Cursor:
    """Reads tagged values one after another. **Raises**: BadEncoding, and nothing else."""

    __slots__ = ("_at", "_data", "_end")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._end = len(data)

    @property
    def at_end(self) -> bool:
        """Whether all has been read."""
        return self._at >= self._end

    def opens(self, number: int) -> bool:
        """Take this opening tag, if it is the next."""
        return self._skip(number << 4 | 0x0E)

    def closes(self, number: int) -> bool:
        """Take this closing tag, if it is the next."""
        return self._skip(number << 4 | 0x0F)

    def must(self, taken: bool) -> None:
        """Insist that something was there."""
        if not taken:
            raise BadEncoding(f"byte {self._at}: not the tag that belongs here")

    def has(self, number: int) -> bool:
        """Whether a value under this context tag is next."""
        return not self.at_end and self._data[self._at] & 0xF8 == number << 4 | CONTEXT and not self._brackets()

    def context(self, number: int) -> bytes:
        """Read the content of the value under this context tag."""
        if not self.has(number):
            raise BadEncoding(f"byte {self._at}: no context tag {number}")
        return self._content()

    def unsigned(self, number: int) -> int:
        """Read an Unsigned or ENUMERATED under this context tag, of at most four bytes."""
        content = self.context(number)
        if not 1 <= len(content) <= 4:
            raise BadEncoding(f"byte {self._at}: {len(content)} bytes are no unsigned number of up to 4")
        return int.from_bytes(content, "big")

    def boolean(self, number: int) -> bool:
        """Read a BOOLEAN under this context tag."""
        return self.unsigned(number) != 0

    def application(self) -> tuple[int, bytes]:
        """Read an application tagged value: its type and content (a BOOLEAN's content is one byte)."""
        if self.at_end or self._data[self._at] & CONTEXT:
            raise BadEncoding(f"byte {self._at}: no application tag")
        first = self._data[self._at]
        if first >> 4 == BOOLEAN:
            self._at += 1
            return BOOLEAN, bytes((first & 1,))
        return first >> 4, self._content()

    def object_id(self, number: int) -> int:
        """Read a BACnetObjectIdentifier under this context tag."""
        content = self.context(number)
        if len(content) != 4:
            raise BadEncoding(f"byte {self._at}: an object identifier of {len(content)} bytes")
        return int.from_bytes(content, "big")

    def _brackets(self) -> bool:
        return self._data[self._at] & 0x07 >= OPENING

    def _skip(self, byte: int) -> bool:
        if not self.at_end and self._data[self._at] == byte:
            self._at += 1
            return True
        return False

    def _content(self) -> bytes:
        data, at = self._data, self._at
        length = data[at] & 0x07
        at += 1 + (data[at] >> 4 == 15)
        if length == 5:
            length, at = self._long_length(at)
        if length >= OPENING and data[self._at] & 0x07 == length:
            raise BadEncoding(f"byte {self._at}: a bracket where a value belongs")
        if at + length > self._end:
            raise BadEncoding(f"byte {self._at}: {length} bytes promised, {self._end - at} there")
        self._at = at + length
        return data[at : at + length]

    def _long_length(self, at: int) -> tuple[int, int]:
        marker = self._data[at] if at < self._end else 0
        more = {254: 2, 255: 4}.get(marker, 0)
        if at + 1 + more > self._end:
            raise BadEncoding(f"byte {at}: the length is cut off")
        return (int.from_bytes(self._data[at + 1 : at + 1 + more], "big") if more else marker), at + 1 + more
