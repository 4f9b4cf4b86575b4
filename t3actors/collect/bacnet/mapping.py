"""BACnet objects to the house's points, and what was read of them to readings. Pure; the driver calls it.

Which object is a point, which belongs to another table, what a point is called, what its value means. On a Temco panel
(vendor 148) input, output and variable n are instance n, counted from 1, whether analog, binary or multi-state; on any other device a
point's number is its 32-bit object identifier. `states[value]` is a state's text everywhere, so a multi-state point's begin with "".

Source: ANSI/ASHRAE 135, 12 and 21; for Temco T3000, BacnetOutput.cpp and Documentation/Bacnet List.xlsx.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from t3actors.collect.bacnet import units
from t3actors.collect.bacnet.codec.properties import (
    ACTIVE_TEXT,
    COV_INCREMENT,
    DESCRIPTION,
    INACTIVE_TEXT,
    NUMBER_OF_STATES,
    OBJECT_NAME,
    PRESENT_VALUE,
    STATE_TEXT,
    STATUS_FLAGS,
    UNITS,
)
from t3actors.collect.bacnet.codec.read_multiple import Answer
from t3actors.collect.bacnet.codec.tags import ObjectId, elements
from t3actors.collect.bacnet.codec.tags import Several as ListOfValues
from t3actors.collect.bacnet.objects import KINDS, NAMES, PREFIXES, Shape, shape_of
from t3actors.points import Kind, Point, Rules
from t3actors.stations import TEMCO

TEMCO_PREFIXES = {Kind.INPUT: "IN", Kind.OUTPUT: "OUT", Kind.VARIABLE: "VAR"}

POLLED = (PRESENT_VALUE, STATUS_FLAGS)
"""What every poll asks of a point; its reliability only where the flags say fault."""
LONGEST_TEXT = 1024
MOST_STATES = 1024

Properties = Mapping[int, Answer]


class Item(NamedTuple):
    """A point, and what its readings need to know."""

    point: Point
    object: ObjectId
    shape: Shape
    divisor: int = 1
    cov_increment: float | None = None
    temco: bool = False


def describing(object_type: int) -> tuple[int, ...]:
    """Give the properties that say what a point of this type is; () for an object that is no point."""
    if object_type not in KINDS:
        return ()
    match shape_of(object_type):
        case Shape.NUMBER:
            return (OBJECT_NAME, DESCRIPTION, UNITS, COV_INCREMENT)
        case Shape.BINARY:
            return (OBJECT_NAME, DESCRIPTION, ACTIVE_TEXT, INACTIVE_TEXT)
        case Shape.STATE:
            return (OBJECT_NAME, DESCRIPTION, NUMBER_OF_STATES, STATE_TEXT)
        case _:
            return (OBJECT_NAME, DESCRIPTION)


def items(
    described: Iterable[tuple[ObjectId, Properties]],
    *,
    vendor_id: int | None,
    scale: int = 1,
    rules: Rules | None = None,
) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """Give the points among these objects, and what about them a person should know.

    **Shape**: `scale` 1 or 1000: what a Temco panel's analog values are to be divided by; 1 for any other device.
    """
    found: list[Item] = []
    remarks: list[str] = []
    taken: set[tuple[Kind, int]] = set()
    for identifier, properties in sorted(described, key=lambda each: each[0]):
        if identifier.type not in KINDS:
            continue
        kind = KINDS[identifier.type]
        temco = vendor_id == TEMCO and identifier.type in _PANEL_TYPES
        if temco and (identifier.instance == 0 or (kind, identifier.instance) in taken):
            why = "counts from 1" if identifier.instance == 0 else "has another object of that number"
            remarks.append(f"{point_id(identifier)}: not {TEMCO_PREFIXES[kind]}{identifier.instance}, a panel {why}")
            temco = False
        one = item(identifier, properties, temco=temco, scale=scale, rules=rules or Rules())
        key = (kind, one.point.point_index)
        if key in taken:
            remarks.append(f"{point_id(identifier)}: listed twice, used once")
            continue
        taken.add(key)
        found.append(one)
    return tuple(found), tuple(remarks)


_PANEL_TYPES = frozenset({0, 1, 2, 3, 4, 5, 13, 14, 19})


def item(identifier: ObjectId, properties: Properties, *, temco: bool, scale: int, rules: Rules) -> Item:
    """Give one object's point. A property that could not be read leaves its field empty."""
    kind, shape = KINDS[identifier.type], shape_of(identifier.type)
    divisor = scale if temco and shape is Shape.NUMBER else 1
    code = properties.get(UNITS) if shape is Shape.NUMBER else None
    units_code = int(code) if isinstance(code, int) and not isinstance(code, bool) else None
    increment = properties.get(COV_INCREMENT)
    source = f"bacnet:{NAMES[identifier.type]}:{identifier.instance}:present-value"
    point = Point(
        point_id=f"{TEMCO_PREFIXES[kind]}{identifier.instance}" if temco else point_id(identifier),
        kind=kind,
        point_index=identifier.instance if temco else point_index(identifier),
        label=text_of(properties.get(OBJECT_NAME)),
        full_label=text_of(properties.get(DESCRIPTION)),
        units="" if units_code is None else units.text_of(units_code),
        units_code=units_code,
        states=states(shape, properties),
        digital=shape is Shape.BINARY,
        source=source if divisor == 1 else f"{source}:/{divisor}",
        object_type=identifier.type,
        object_instance=identifier.instance,
        rules=rules,
    )
    usable = isinstance(increment, int | float) and not isinstance(increment, bool) and increment >= 0
    return Item(point, identifier, shape, divisor, float(increment) / divisor if usable else None, temco)  # type: ignore[arg-type]


def point_index(identifier: ObjectId) -> int:
    """Give the object identifier as the 32-bit number it is on the wire."""
    return identifier.type << 22 | identifier.instance


def point_id(identifier: ObjectId) -> str:
    """Give `AI1`, `BI7`, `MSV2`."""
    return f"{PREFIXES[identifier.type]}{identifier.instance}"


def states(shape: Shape, properties: Properties) -> tuple[str, ...]:
    """Give the texts of the states, so that `states[value]` is the one of a value."""
    if shape is Shape.BINARY:
        off, on = text_of(properties.get(INACTIVE_TEXT)), text_of(properties.get(ACTIVE_TEXT))
        return (off or "inactive", on or "active") if off or on else ()
    listed = properties.get(STATE_TEXT)
    if shape is not Shape.STATE or not isinstance(listed, str | ListOfValues) or len(listed) == 0:
        return ()
    texts = [text_of(each) for each in elements(listed)[:MOST_STATES]]
    return ("", *texts) if any(texts) else ()


def text_of(answer: Answer) -> str:
    """Give a text fit for one line: without the zeros and blanks that devices fill it up with; "" for what is no text."""
    if not isinstance(answer, str):
        return ""
    cleaned = answer.strip("\0 \t\r\n")[:LONGEST_TEXT]
    return "".join(each if each.isprintable() else " " for each in cleaned)
