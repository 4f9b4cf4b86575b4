"""What registers mean: words to a value, by the point's type and order. Pure; no bytes make it raise.

Orders, with the registers w0 w1 .. in order of address and A the high byte of w0 (so a 64-bit value is ABCD EFGH as read):

    order  one register  two registers  four registers           in words
    ABCD   AB            ABCD           ABCD EFGH                high word first, high byte first: as the standard has it
    DCBA   BA            DCBA           HGFE DCBA                all bytes reversed: little-endian throughout
    BADC   BA            BADC           BADC FEHG                words in order, the bytes of each swapped
    CDAB   AB            CDAB           GHEF CDAB                words reversed, the bytes of each in order

For a string only the bytes within a register are affected: its registers stay in order. A bit of a register is
counted after that, 0 being the least significant.
"""

from __future__ import annotations

import math
import struct
import unicodedata
from collections.abc import Sequence

from t3actors.collect.modbus.blocks import Want, is_bits
from t3actors.config import ModbusPoint, Order, ValueType
from t3actors.points import Value

NOT_A_NUMBER = "not a number"

_FORMATS: dict[ValueType, str] = {
    "uint16": "H",
    "int16": "h",
    "uint32": "I",
    "int32": "i",
    "uint64": "Q",
    "int64": "q",
    "float32": "f",
    "float64": "d",
}
_WORD_REVERSED: frozenset[Order] = frozenset({"DCBA", "CDAB"})
_BYTE_SWAPPED: frozenset[Order] = frozenset({"DCBA", "BADC"})


def width(point: ModbusPoint) -> int:
    """Give how many registers (or bits) the point's value takes."""
    if point.type == "string":
        return point.length
    if point.type == "bit" or is_bits(point.table):
        return 1
    return struct.calcsize(_FORMATS[point.type]) // 2


def want(point: ModbusPoint) -> Want:
    """Give what must be read for the point."""
    return Want(point.table, point.register, width(point))


def decode(point: ModbusPoint, words: Sequence[int]) -> Value:
    """Give the point's value in its engineering unit; None when the registers hold no number (NaN, infinity).

    **Shape**: `words` are exactly `width(point)` registers of 0 to 65535, or bits of 0 and 1.
    """
    if is_bits(point.table):
        return _scaled(point, int(bool(words[0])))
    if point.type == "string":
        return _text(_bytes_in_place(words, point.order))
    if point.type == "bit":
        word = _swapped(words[0]) if point.order in _BYTE_SWAPPED else words[0]
        return _scaled(point, word >> point.bit & 1)
    (raw,) = struct.unpack(">" + _FORMATS[point.type], _ordered_bytes(words, point.order))
    return _scaled(point, raw)


def encode(point: ModbusPoint, value: float | str) -> tuple[int, ...]:
    """Give the words that decode to `value`: for tests and simulators, nothing here is ever sent.

    **Raises**: struct.error or OverflowError for a value the type cannot hold.
    """
    if isinstance(value, str):
        raw = value.encode().ljust(2 * point.length, b"\0")[: 2 * point.length]
        words = struct.unpack(f">{point.length}H", raw)
        return tuple(map(_swapped, words)) if point.order in _BYTE_SWAPPED else words
    number = value if point.scale == 1.0 and point.offset == 0.0 else (value - point.offset) / point.scale
    if is_bits(point.table):
        return (int(bool(number)),)
    if point.type == "bit":
        word = int(bool(number)) << point.bit
        return (_swapped(word) if point.order in _BYTE_SWAPPED else word,)
    form = _FORMATS[point.type]
    if form not in "fd":
        number = round(number)
    packed = struct.pack(">" + form, number)
    words = struct.unpack(f">{len(packed) // 2}H", packed)
    return struct.unpack(f">{len(words)}H", _ordered_bytes(words, point.order))  # each order is its own inverse


def _ordered_bytes(words: Sequence[int], order: Order) -> bytes:
    if order in _WORD_REVERSED:
        words = words[::-1]
    return _bytes_in_place(words, order)


def _bytes_in_place(words: Sequence[int], order: Order) -> bytes:
    return struct.pack(("<" if order in _BYTE_SWAPPED else ">") + f"{len(words)}H", *words)


def _swapped(word: int) -> int:
    return (word & 0xFF) << 8 | word >> 8


def _scaled(point: ModbusPoint, raw: float) -> Value:
    if point.scale == 1.0 and point.offset == 0.0:
        value: float = raw  # an int stays an int, however large
    else:
        divisor = round(1.0 / point.scale) if 0.0 < abs(point.scale) < 1.0 else 0
        # 217 x 0.1 is 21.700000000000003, 217 / 10 is 21.7: a scale that means a division is carried out as one
        value = raw / divisor if divisor and 1.0 / divisor == point.scale else raw * point.scale
        value += point.offset
    return value if math.isfinite(value) else None


def _text(raw: bytes) -> str:
    text = raw.decode("utf-8", errors="replace").rstrip("\0 ")
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(letter) == "Cc" else letter for letter in text)
