"""A profile from a data file: its points as rows, what their range codes mean as tables. Pure.

`point_index` is the number of an IN, OUT or VAR, and for a point with a name of its own that of a hand-listed point: it never
depends on the order of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from t3actors.collect import products
from t3actors.collect.modbus.blocks import Want
from t3actors.collect.modbus.codec import NOT_A_NUMBER, Decoder, decoder, want
from t3actors.collect.modbus.header import HEADER, MODBUS_ADDRESS, PRODUCT, firmware, one_of, serial_number, word
from t3actors.collect.modbus.listed import point_index, source
from t3actors.collect.modbus.map_rows import HIGH_BYTE, Bits, CodeRow, IndexRow, MapRow, bits, counter, several
from t3actors.collect.modbus.profile import Item, Values
from t3actors.config import ModbusPoint
from t3actors.points import DeviceFacts, Kind, Point, Reading, Rules, Status
from t3actors.ranges import MULTI_STATE, UNUSED, meaning

PREFIXES = {"IN": Kind.INPUT, "OUT": Kind.OUTPUT, "VAR": Kind.VARIABLE}
T3_INPUT = "t3-input"
"""The code table that every T3 product shares, in t3actors/ranges.py; there the analog column says which half of it."""
TROUBLES = {1: "sensor open", 2: "sensor shorted"}
HOUSE_SWITCH: dict[int | None, int] = {
    0: 0,
    1: 2,
    2: 1,
}  # T3 modules say 0 off, 1 hand, 2 auto (modbus_register.sql device 9 reg 282)

Codes = Mapping[int, CodeRow]


class _Meaning(NamedTuple):
    """What a point is now, by its range and its unit register."""

    units: str
    states: tuple[str, ...]
    digital: bool
    scale: float
    code: int | None = None
    counts: bool = False
    unreadable: str = ""


class MappedDevice:
    """The map of a product. **Raises**: ValueError for a row that cannot be."""

    def __init__(self, index: IndexRow, rows: Sequence[MapRow], tables: Mapping[str, Codes]) -> None:
        self.name = index.profile
        self.title = index.title
        self.products = index.numbers
        self.source = index.source
        self.rows = tuple(rows)
        self.tables = {name: tables[name] for name in dict.fromkeys(row.codes for row in rows) if name in tables}
        self.most_points = len(self.rows)
        self.identity = HEADER
        self._form = index.firmware
        for row in self.rows:
            _check(row, tables)
        asked = (
            register
            for row in self.rows
            for register in (row.range, row.units_from, None if row.analog in {"", HIGH_BYTE} else int(row.analog))
            if register is not None
        )
        self.layout = tuple(Want("holding", register, 1) for register in dict.fromkeys(asked))

    def facts(self, values: Values) -> DeviceFacts:
        """Give what the device says of itself."""
        product = word(values, PRODUCT)
        return DeviceFacts(
            serial_number=serial_number(values),
            modbus_address=word(values, MODBUS_ADDRESS),
            model=None if product is None else products.name_of(product),
            firmware=firmware(values, self._form),
        )

    def items(self, values: Values, rules: Rules) -> tuple[Item, ...]:
        """Give the points in use."""
        found = ((row, self._meaning(row, values)) for row in self.rows)
        return tuple(_item(row, what, rules) for row, what in found if what is not None)

    def everything(self) -> tuple[Want, ...]:
        """Give what a poll reads when every point is in use."""
        plain = ((row, _Meaning("", (), digital=False, scale=1.0)) for row in self.rows)
        return tuple(one for row, what in plain for one in _item(row, what, Rules()).wants)

    def _meaning(self, row: MapRow, values: Values) -> _Meaning | None:
        """Say what the point is now; None when it is not in use, or its description was not read."""
        if row.range is None:
            states = several(row.states)
            is_digital = row.type == "bit" or len(states) == 2
            return _Meaning(_units(row.units, row, values), states, is_digital, row.scale)
        code = word(values, Want("holding", row.range, 1))
        if code is None:
            return None
        if row.codes == T3_INPUT:
            return _of_a_t3(row, code, values)
        return _of_a_table(row, code & 0xFF, self.tables[row.codes], values)


def _of_a_t3(row: MapRow, register: int, values: Values) -> _Meaning | None:
    code = register & 0xFF
    analog = register >> 8 if row.analog == HIGH_BYTE else word(values, Want("holding", int(row.analog), 1))
    if code == UNUSED or analog is None:
        return None
    digital = analog == 0 and code not in MULTI_STATE
    found = meaning(row.kind, code, digital=analog == 0)
    return _Meaning(found.units, found.states, digital, row.scale, code, counts=found.units == "counts")


def _of_a_table(row: MapRow, code: int, table: Codes, values: Values) -> _Meaning | None:
    found = table.get(code)
    if found is None:
        unreadable = (
            "" if all(known.scale is None and known.readable for known in table.values()) else f"range code {code}"
        )
        return _Meaning("", (), digital=False, scale=row.scale, code=code, unreadable=unreadable)
    if not found.used:
        return None
    scale = row.scale if found.scale is None else found.scale
    states = several(found.states)
    unreadable = "" if found.readable else f"range {found.text}"
    units = _units(found.units, row, values)
    return _Meaning(units, states, bool(states), scale, code, counts=found.counts, unreadable=unreadable)


def _units(text: str, row: MapRow, values: Values) -> str:
    choice = several(text)
    if row.units_from is None or len(choice) < 2:
        return text
    picked = word(values, Want("holding", row.units_from, 1))
    return choice[picked] if picked is not None and picked < len(choice) else ""


def _item(row: MapRow, what: _Meaning, rules: Rules) -> Item:
    value = _value(row, what)
    point = Point(
        point_id=row.id,
        kind=row.kind,
        point_index=_index(row),
        label=row.label,
        units=what.units,
        range_code=what.code,
        states=what.states,
        digital=what.digital,
        source=source(value) + (":0 or 1" if what.digital and value.type != "bit" else ""),
        rules=rules,
    )
    aside = tuple(
        Want("holding", register, 1)
        for register in (
            *(place.register for place in (bits(row.auto_manual), bits(row.switch)) if place is not None),
            *(() if row.status is None else (row.status,)),
        )
    )
    return Item(point, (want(value), *aside), _reader(row, want(value), decoder(value), what))


def _value(row: MapRow, what: _Meaning) -> ModbusPoint:
    """Give where the value lies and how it is decoded."""
    counted = counter(row.counter) if what.counts else None
    if counted is not None:
        return ModbusPoint(id=row.id, kind=row.kind, register=counted[0], type=counted[1])
    return ModbusPoint(id=row.id, kind=row.kind, register=row.register, type=row.type, bit=row.bit, scale=what.scale)


def _reader(row: MapRow, value: Want, decode: Decoder, what: _Meaning) -> Callable[[Values], Reading]:
    manual, switch = bits(row.auto_manual), bits(row.switch)
    status = None if row.status is None else Want("holding", row.status, 1)

    def reading(values: Values) -> Reading:
        found = decode(values[value])
        trouble = "" if status is None else TROUBLES.get(word(values, status) or 0, "")
        if what.unreadable:
            trouble = f"its value cannot be told from its register: {what.unreadable}"
        elif found is None:
            trouble = NOT_A_NUMBER
        return Reading(
            row.id,
            None if trouble else int(found != 0) if what.digital else found,
            Status.FAULT if trouble else Status.OK,
            trouble,
            auto_manual=one_of(_few_bits(manual, 1, values), (0, 1)),
            hw_switch=HOUSE_SWITCH.get(_few_bits(switch, 2, values)),
        )

    return reading


def _few_bits(place: Bits | None, width: int, values: Values) -> int | None:
    found = None if place is None else word(values, Want("holding", place.register, 1))
    if found is None or place is None or place.shift is None:
        return found
    return found >> place.shift & (1 << width) - 1


def _index(row: MapRow) -> int:
    prefix = row.id.rstrip("0123456789")
    if PREFIXES.get(prefix) is row.kind and prefix != row.id:
        return int(row.id[len(prefix) :])
    return point_index(ModbusPoint(id=row.id, kind=row.kind, register=row.register, type=row.type, bit=row.bit))


def _check(row: MapRow, tables: Mapping[str, Codes]) -> None:
    """**Raises**: ValueError."""
    if (row.range is None) != (row.codes == "") or (row.codes and row.codes != T3_INPUT and row.codes not in tables):
        raise ValueError(
            f"{row.id}: range {row.range} with the codes {row.codes!r}; there are {T3_INPUT}, {', '.join(tables)}"
        )
    if (row.codes == T3_INPUT) != bool(row.analog):
        raise ValueError(f"{row.id}: analog is needed with the codes {T3_INPUT}, and goes with no other")
    for text in (row.auto_manual, row.switch):
        bits(text)
    counter(row.counter)
