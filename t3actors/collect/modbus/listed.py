"""Points listed by hand: from the configuration to what is read. Pure.

`point_index` is table << 20 | register << 4 | bit, the table by its Modicon prefix: coil 0, discrete 1, input 3, holding 4.
It never depends on the order of the list: a point put in between must not hand its history to its neighbour.
"""

from __future__ import annotations

from t3actors.collect.modbus.codec import NOT_A_NUMBER, decoder, want
from t3actors.collect.modbus.profile import Item, Values
from t3actors.config import ModbusPoint, Table
from t3actors.points import Point, Reading, Status

TABLE_NUMBERS: dict[Table, int] = {
    "coil": 0,
    "discrete": 1,
    "input": 3,
    "holding": 4,
}  # Modicon: 0xxxx 1xxxx 3xxxx 4xxxx


def point_index(point: ModbusPoint) -> int:
    """Give the number the point has in the database."""
    bit = point.bit if point.type == "bit" and point.table in {"holding", "input"} else 0
    return TABLE_NUMBERS[point.table] << 20 | point.register << 4 | bit


def source(point: ModbusPoint) -> str:
    """Say where the value comes from and how it is decoded: another source is another series."""
    kind = f"{point.type}[{point.length}]" if point.type == "string" else point.type
    if point.type == "bit":
        kind = f"bit{point.bit}"
    return f"{point.table}:{point.register}:{kind}:{point.order}:x{point.scale:g}{point.offset:+g}"


def item(listed: ModbusPoint) -> Item:
    """Give the point, and how to read it."""
    wanted, decode = want(listed), decoder(listed)
    point = Point(
        point_id=listed.id,
        kind=listed.kind,
        point_index=point_index(listed),
        label=listed.label,
        full_label=listed.full_label,
        units=listed.units,
        states=listed.states,
        digital=listed.type == "bit",
        source=source(listed),
        rules=listed.rules,
    )

    def reading(values: Values) -> Reading:
        value = decode(values[wanted])
        if value is None:
            return Reading(listed.id, None, Status.FAULT, NOT_A_NUMBER)
        return Reading(listed.id, value)

    return Item(point, (wanted,), reading)
