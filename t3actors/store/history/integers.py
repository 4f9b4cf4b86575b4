"""Whole numbers of one width in a row, big endian: what SQL can take apart with substr and instr. Pure.

A width is 0 to 8 bytes; 0 stands for nothing but zeros. Widths 0 to 7 are unsigned, 8 is signed (two's complement).
"""

from __future__ import annotations

import sys
from array import array

TYPE_CHECKING = False  # importing typing takes longer than a day of samples takes to be read (cli/quickly.py)
if TYPE_CHECKING:
    from collections.abc import Sequence

_SWAP = sys.byteorder == "little"
_WIDER = {1: 1, 2: 2, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 8: 8}
_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}


def width_of(largest: int) -> int:
    """Return how many bytes an unsigned number takes."""
    return (largest.bit_length() + 7) >> 3


def pack(numbers: Sequence[int], width: int) -> bytes:
    """Write the numbers. **Raises**: OverflowError for one that does not fit."""
    if width == 0:
        return b""
    wider = _WIDER[width]
    column = array("q" if width == 8 else _CODES[wider], numbers)
    if _SWAP:
        column.byteswap()
    if wider == width:
        return column.tobytes()
    octets = bytearray(column.tobytes())
    for size in range(wider, width, -1):
        if any(octets[::size]):
            raise OverflowError(f"a number does not fit into {width} bytes")
        del octets[::size]
    return bytes(octets)


def unpack(octets: bytes, start: int, width: int, count: int) -> list[int]:
    """Read `count` numbers from `start` on. **Raises**: ValueError when they are not all there."""
    if width == 0:
        return [0] * count
    part = octets[start : start + width * count]
    if len(part) != width * count:
        raise ValueError(f"{len(part)} bytes where {count} numbers of {width} were said to be")
    wider = _WIDER[width]
    if wider != width:
        filled = bytearray(wider * count)
        for place in range(width):
            filled[wider - width + place :: wider] = part[place::width]
        part = bytes(filled)
    column = array("q" if width == 8 else _CODES[wider])
    column.frombytes(part)
    if _SWAP:
        column.byteswap()
    return column.tolist()


def unpack_floats(octets: bytes, start: int, count: int) -> list[float]:
    """Read `count` 64-bit floating point numbers from `start` on. **Raises**: ValueError when they are not all there."""
    part = octets[start : start + 8 * count]
    if len(part) != 8 * count:
        raise ValueError(f"{len(part)} bytes where {count} floating point numbers were said to be")
    column = array("d")
    column.frombytes(part)
    if _SWAP:
        column.byteswap()
    return column.tolist()
