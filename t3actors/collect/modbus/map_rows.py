"""What the data files of the register maps say: index, rows of a map, meanings of a range code. Pure.

Each file is CSV with a header; an empty cell is the default. Every row says its `source`, and "unverified" there where sources
differ or none says it. A file that does not say what it must is refused: it is part of the program, and its tests load it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeVar

import msgspec

from t3actors.collect.modbus.header import Form
from t3actors.config import ValueType
from t3actors.points import Kind

HIGH_BYTE = "high"
"""In column `analog`: the high byte of the range register says it, 1 analog."""

R = TypeVar("R", bound=msgspec.Struct)


class Bits(NamedTuple):
    """Where a few bits of a holding register lie; `shift` None: all of it."""

    register: int
    shift: int | None = None


class IndexRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of index.csv: a map. `products`: the numbers in register 7 whose map it is."""

    profile: str
    title: str
    products: str
    firmware: Form
    source: str

    @property
    def numbers(self) -> frozenset[int]:
        """The product numbers."""
        return frozenset(int(number) for number in self.products.split())


class MapRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One point of a map: a holding register, 0-based, as hand-listed points are, high word first.

    `units_from`: a register that picks one of `units` (there in the order of its numbers, separated by `|`). `range`: a register
    with a code of the table `codes`, which then says units, states and scale. `analog`: a register that says 0 digital, 1 analog,
    or "high". `counter`: where a counting range has its value, "register:type". `auto_manual` (0 auto, 1 manual) and `switch` (0
    off, 1 hand, 2 auto): "register", or "register.bit". `status`: a register that says 1 open, 2 shorted.
    """

    id: str
    kind: Kind
    register: int
    type: ValueType
    source: str
    scale: float = 1.0
    units: str = ""
    states: str = ""
    label: str = ""
    bit: int = 0
    units_from: int | None = None
    range: int | None = None
    codes: str = ""
    analog: str = ""
    counter: str = ""
    auto_manual: str = ""
    switch: str = ""
    status: int | None = None


class CodeRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one code of a range register means. `scale` None: the row's own. `counts`: the value is at the row's `counter`.

    `used` false: the input or output is not in use, and no point. `readable` false: its value cannot be told from its register.
    """

    code: int
    text: str
    source: str
    units: str = ""
    scale: float | None = None
    states: str = ""
    used: bool = True
    counts: bool = False
    readable: bool = True


def rows_of(text: str, kind: type[R], file: str) -> tuple[R, ...]:
    """Read a data file. **Raises**: ValueError, saying the line and what is wrong with it."""
    reader = csv.DictReader(io.StringIO(text))
    found = []
    for cells in reader:
        try:
            found.append(msgspec.convert(_given(cells), kind, strict=False))
        except (msgspec.ValidationError, ValueError) as error:
            raise ValueError(f"{file}, line {reader.line_num}: {error}") from None
    if not found:
        raise ValueError(f"{file}: no row in it")
    return tuple(found)


def bits(text: str) -> Bits | None:
    """Take "215" or "215.3" apart; None for nothing."""
    if not text:
        return None
    register, _, shift = text.partition(".")
    return Bits(int(register), int(shift) if shift else None)


def counter(text: str) -> tuple[int, Literal["uint16", "uint32"]] | None:
    """Take "118:uint32" apart; None for nothing. **Raises**: ValueError for another type."""
    if not text:
        return None
    register, _, kind = text.partition(":")
    if kind not in {"uint16", "uint32"}:
        raise ValueError(f"counter: saw {text!r}, allowed is a register, a colon, and uint16 or uint32")
    return int(register), "uint16" if kind == "uint16" else "uint32"


def several(text: str) -> tuple[str, ...]:
    """Take "off|on" apart."""
    return tuple(text.split("|")) if text else ()


def _given(cells: Mapping[str | None, str | list[str] | None]) -> dict[str, str]:
    if None in cells or None in cells.values():
        raise ValueError("as many cells as the header has")
    return {str(name): str(cell) for name, cell in cells.items() if cell != ""}
