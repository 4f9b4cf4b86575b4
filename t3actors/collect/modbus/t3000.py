"""The register map of T3 controllers (profile "t3-controller"): products 10, 35, 50, 74 and 88. Pure.

Source of every address: Temco's register list for the T3-BB, as T3000 carries it (api/migration/sql/modbus_register.sql,
device 17). Addresses are 0-based, function 03. A value takes two registers, high word first, signed, in thousandths.

Not verified on a live panel: whether a digital point's value registers hold 1 or 1000 for "on". So 0 is 0 and anything else is 1.
A counter variable that is digital by its type register (raw counts in T3000's charts) reads 0 or 1 here.
Labels are not in this map: they are in the struct images from 10000 on, whose byte order depends on the firmware.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from t3actors.collect import products
from t3actors.collect.modbus.blocks import Want
from t3actors.collect.modbus.header import HEADER, MODBUS_ADDRESS, PRODUCT, firmware, one_of, serial_number, word
from t3actors.collect.modbus.profile import Item, Values
from t3actors.points import DeviceFacts, Kind, Point, Reading, Rules
from t3actors.ranges import MULTI_STATE, UNUSED, meaning

BACNET_INSTANCE_HIGH, BACNET_INSTANCE_LOW = Want("holding", 32, 1), Want("holding", 35, 1)
PANEL_NUMBER = Want("holding", 36, 1)
PRODUCTS = frozenset(
    {products.TSTAT10, products.MINIPANEL, products.CM5, products.MINIPANEL_ARM, products.ESP32_T3_SERIES}
)


class Area(NamedTuple):
    """Where the points of one kind lie; point n (from 1) is at place n - 1 of each."""

    kind: Kind
    prefix: str
    capacity: int
    value: int
    range_code: int
    auto_manual: int
    analog: int | None  # 0 digital, 1 analog; None: the high byte of the range register says it
    switch: int | None  # 0 off, 1 auto, 2 hand


AREAS = (
    Area(Kind.INPUT, "IN", 64, value=7484, range_code=7804, auto_manual=7868, analog=None, switch=None),
    Area(Kind.OUTPUT, "OUT", 64, value=7100, range_code=7292, auto_manual=7356, analog=7420, switch=7228),
    Area(Kind.VARIABLE, "VAR", 128, value=8092, range_code=8532, auto_manual=8348, analog=8660, switch=None),
)


class T3Controller:
    """The map as a profile."""

    name = "t3-controller"
    title = "T3 controllers (T3-BB, -LB, -TB, -Nano, CM5) and TSTAT10: inputs, outputs and variables in use"
    products = PRODUCTS
    most_points = sum(area.capacity for area in AREAS)
    identity: tuple[Want, ...] = (
        *HEADER,
        BACNET_INSTANCE_HIGH,
        BACNET_INSTANCE_LOW,
        PANEL_NUMBER,
    )
    layout: tuple[Want, ...] = tuple(
        Want("holding", start + place, 1)
        for area in AREAS
        for start in (area.range_code, area.analog)
        if start is not None
        for place in range(area.capacity)
    )

    def everything(self) -> tuple[Want, ...]:
        """Give what a poll reads when every point is in use."""
        return tuple(
            Want("holding", first + place * width, width)
            for area in AREAS
            for first, width in ((area.value, 2), (area.auto_manual, 1), (area.switch, 1))
            if first is not None
            for place in range(area.capacity)
        )

    def facts(self, values: Values) -> DeviceFacts:
        """Give what the panel says of itself."""
        product = word(values, PRODUCT)
        high, low = word(values, BACNET_INSTANCE_HIGH), word(values, BACNET_INSTANCE_LOW)
        return DeviceFacts(
            serial_number=serial_number(values),
            panel_id=word(values, PANEL_NUMBER),
            modbus_address=word(values, MODBUS_ADDRESS),
            object_instance=None if high is None or low is None else high << 16 | low,
            model=None if product is None else products.name_of(product),
            firmware=firmware(values, "low-high"),
        )

    def items(self, values: Values, rules: Rules) -> tuple[Item, ...]:
        """Give the points in use: those whose range is known and not 0."""
        items = []
        for area in AREAS:
            for place in range(area.capacity):
                described = _described(area, place, values)
                if described is not None and described[0] != UNUSED:
                    items.append(_item(area, place, *described, rules))
        return tuple(items)


def _described(area: Area, place: int, values: Values) -> tuple[int, bool] | None:
    """Give range code and whether the point is digital."""
    found = word(values, Want("holding", area.range_code + place, 1))
    analog = found >> 8 if found is not None and area.analog is None else None
    if area.analog is not None:
        analog = word(values, Want("holding", area.analog + place, 1))
    if found is None or analog is None:
        return None
    return found & 0xFF, analog == 0


def _item(area: Area, place: int, code: int, digital: bool, rules: Rules) -> Item:
    found = meaning(area.kind, code, digital=digital)
    digital = digital and code not in MULTI_STATE  # a multi-state code ignores digital and analog
    register = area.value + 2 * place
    point = Point(
        point_id=f"{area.prefix}{place + 1}",
        kind=area.kind,
        point_index=place + 1,
        units=found.units,
        units_code=code,
        range_code=code,
        states=found.states,
        digital=digital,
        source=f"holding:{register}:int32:ABCD:" + ("0 or 1" if digital else "/1000"),
        rules=rules,
    )
    value = Want("holding", register, 2)
    manual = Want("holding", area.auto_manual + place, 1)
    switch = None if area.switch is None else Want("holding", area.switch + place, 1)
    wants = (value, manual) if switch is None else (value, manual, switch)
    return Item(point, wants, _reader(point.point_id, value, manual, switch, digital=digital))


def _reader(
    point_id: str, value: Want, manual: Want, switch: Want | None, *, digital: bool
) -> Callable[[Values], Reading]:
    def reading(values: Values) -> Reading:
        high, low = values[value]
        raw = high << 16 | low
        if raw >= 0x8000_0000:
            raw -= 0x1_0000_0000
        return Reading(
            point_id,
            int(raw != 0) if digital else raw / 1000,
            auto_manual=one_of(word(values, manual), (0, 1)),
            hw_switch=None if switch is None else one_of(word(values, switch), (0, 1, 2)),
        )

    return reading
