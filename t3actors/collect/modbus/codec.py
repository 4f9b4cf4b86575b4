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
from collections.abc import Callable, Sequence

from t3actors.collect.modbus.blocks import Want, is_bits
from t3actors.config import ModbusPoint, Order, ValueType
from t3actors.points import Value
from t3actors.singles import shortest

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
_PACKING: dict[Order, tuple[str, str]] = {  # how the registers are laid out as bytes, and how these are then read
    "ABCD": (">", ">"),
    "DCBA": (">", "<"),
    "BADC": ("<", ">"),
    "CDAB": ("<", "<"),
}
_BYTE_SWAPPED: frozenset[Order] = frozenset({"DCBA", "BADC"})
_LARGEST_DIVISOR = 1e15  # beyond it a float's neighbours are no whole numbers apart

Decoder = Callable[[Sequence[int]], Value]


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


def decoder(point: ModbusPoint) -> Decoder:
    """Give what turns the point's words into its value in its engineering unit; None when they hold no number (NaN, infinity).

    **Shape**: it takes exactly `width(point)` registers of 0 to 65535, or bits of 0 and 1.
    """
    if point.type == "string" and not is_bits(point.table):
        return _text_decoder(point)
    raw = _raw_decoder(point)
    if point.scale == 1.0 and point.offset == 0.0:
        if point.type in {"float32", "float64"}:
            return lambda words: _finite(raw(words))
        return raw  # an int stays an int, however large
    scale, offset, divisor = point.scale, point.offset, _divisor(point.scale)
    if divisor:
        return lambda words: _finite(raw(words) / divisor + offset)
    return lambda words: _finite(raw(words) * scale + offset)


def decode(point: ModbusPoint, words: Sequence[int]) -> Value:
    """Give the point's value, once."""
    return decoder(point)(words)


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
    laid_out, read = _PACKING[point.order]
    packed = struct.pack(read + form, number)
    return struct.unpack(f"{laid_out}{len(packed) // 2}H", packed)


def _raw_decoder(point: ModbusPoint) -> Callable[[Sequence[int]], float]:
    if is_bits(point.table):
        return lambda words: 1 if words[0] else 0
    if point.type == "bit":
        place = point.bit ^ 8 if point.order in _BYTE_SWAPPED else point.bit
        return lambda words: words[0] >> place & 1
    form = _FORMATS[point.type]
    laid_out, read = _PACKING[point.order]
    if form == "H" and laid_out == read:
        return lambda words: words[0]
    pack = struct.Struct(f"{laid_out}{width(point)}H").pack
    unpack = struct.Struct(read + form).unpack

    def raw(words: Sequence[int]) -> float:
        (number,) = unpack(pack(*words))
        return number  # type: ignore[no-any-return]

    return _shortening(raw) if form == "f" else raw


def _shortening(raw: Callable[[Sequence[int]], float]) -> Callable[[Sequence[int]], float]:
    """Give singles as they are written; one that is as it was at the last poll costs nothing but a look."""
    last = shortened = math.nan

    def shorter(words: Sequence[int]) -> float:
        nonlocal last, shortened
        number = raw(words)
        if number != last:
            last, shortened = number, shortest(number)
        return shortened

    return shorter


def _text_decoder(point: ModbusPoint) -> Decoder:
    pack = struct.Struct(("<" if point.order in _BYTE_SWAPPED else ">") + f"{point.length}H").pack
    return lambda words: _text(pack(*words))


def _divisor(scale: float) -> float:
    """Give the whole number that a scale such as 0.1 means to divide by: 217 x 0.1 is 21.700000000000003, 217 / 10 is 21.7."""
    if not 1.0 / _LARGEST_DIVISOR <= abs(scale) < 1.0:
        return 0.0
    divisor = float(round(1.0 / scale))
    return divisor if 1.0 / divisor == scale else 0.0


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _swapped(word: int) -> int:
    return (word & 0xFF) << 8 | word >> 8


def _text(raw: bytes) -> str:
    text = raw.decode("utf-8", errors="replace").rstrip("\0 ")
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(letter) == "Cc" else letter for letter in text)
