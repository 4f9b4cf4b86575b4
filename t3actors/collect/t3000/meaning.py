"""What a T3000 point and its value mean: from what an answer gives to the house's Point and Reading. Pure; it raises nothing.

As T3000's own screens show them (T3000/BacnetInput.cpp, BacnetOutput.cpp, BacnetVariable.cpp):

    digital       `digital_analog` 0 with a range of 1 to 30: the state is `control`, 0 or not; without one, whether `value` is 0
    a number      everything else: real shape and structs `value` / 1000, documented shape `value` as it is. That holds for a
                  digital point without a range too, and for the multi-state ranges, whose state is the number
    an input      `decom`, its low four bits: 1 open, 2 shorted, for a sensor whose range is in use (the high four are the jumper)
    an output     `decom` 1: in alarm; `low_voltage` and `high_voltage` in tenths of a volt, in the documented shape in volts
    calibration   high and low byte in tenths; `calibration_sign` other than 0: less than nothing

0 is a value. The documented `status` (1 on a healthy point in its only example) is not used. What a panel keeps in its own
custom tables is not in the answers: such units stay "".
"""

from __future__ import annotations

import re
from math import isfinite
from operator import attrgetter

import msgspec

from t3actors.collect.t3000.given import Given
from t3actors.points import Kind, Point, Reading, Rules, Status
from t3actors.ranges import MULTI_STATE, UNUSED, Range, meaning, spelt, states_of

THOUSANDTHS, AS_GIVEN, STATE = "t3000 value/1000", "t3000 value", "t3000 0 or 1"
NOT_A_NUMBER, NO_VALUE = "not a number", "no value"
OPEN, SHORTED = "open", "shorted"
IN_ALARM = 1
MOST_POINTS = 9999
"""The highest number a point may have in its id: what the largest ESP32 panels may come to, and more."""

PREFIXES = {Kind.INPUT: "IN", Kind.OUTPUT: "OUT", Kind.VARIABLE: "VAR"}
ALLOWED_IDS = f"IN, OUT or VAR, and 1 to {MOST_POINTS}"

_ID = re.compile(r"(IN|OUT|VAR)([1-9][0-9]{0,3})")
_KINDS = {prefix: kind for kind, prefix in PREFIXES.items()}
_OF_TYPE = {"INPUT": "IN", "OUTPUT": "OUT", "VARIABLE": "VAR"}
_INPUT, _OUTPUT = Kind.INPUT, Kind.OUTPUT  # a word of an Enum costs more than most else here (Python 3.11)
_OK, _FAULT = Status.OK, Status.FAULT
_STATES = range(1, 31)  # Digital_Units_Array and the panel's eight custom ones
_SENSORS = frozenset({*range(1, 31), *range(101, 105)})  # global_function.cpp bac_Invalid_range
_BYTE = 0x100
_EXACT = 2**53  # a whole number beyond it is a float: the database could not hold the largest
_LABEL, _DESCRIPTION, _OUTPUT_DESCRIPTION = (
    9,
    21,
    19,
)  # octets in ud_str.h: without room for a NUL they run on into what follows

_described = attrgetter(
    "calibration",
    "calibration_h",
    "calibration_l",
    "calibration_sign",
    "description",
    "digital_analog",
    "full_label",
    "high_voltage",
    "id",
    "index",
    "label",
    "low_voltage",
    "range",
    "type",
    "units",
    "unused",
)
_EVERY = ("id", "value", "range")
_REAL = (*_EVERY, "auto_manual", "control", "description", "digital_analog", "label", "type")
_CALIBRATION = ("calibration_h", "calibration_l", "calibration_sign")
_EXPECTED = {
    (True, Kind.INPUT): (*_REAL, *_CALIBRATION, "decom"),
    (True, Kind.OUTPUT): (*_REAL, "low_voltage", "high_voltage", "hw_switch_status", "decom"),
    (True, Kind.VARIABLE): (*_REAL, "unused"),
    (False, Kind.INPUT): (*_EVERY, "full_label", "units"),
    (False, Kind.OUTPUT): (*_EVERY, "full_label", "units"),
    (False, Kind.VARIABLE): (*_EVERY, "full_label", "units"),
}
_expected = {key: attrgetter(*names) for key, names in _EXPECTED.items()}


class Known(msgspec.Struct, frozen=True, gc=False):
    """A point as it was given, and what it came to; `absent`: fields that should have been given."""

    given: Given
    point: Point
    reading: Reading
    absent: tuple[str, ...]


def known(given: Given, kind: Kind | None, before: Known | None, rules: Rules, *, raw: bool) -> Known | None:
    """Give the point and its reading; None where it has no id that a point has. `raw`: in thousandths, as the panel holds it.

    `before`: what stood in its place the last time, so that what did not change is the same object. `kind`: of the list it is in.
    """
    if before is not None and before.point.rules is not rules and before.point.rules != rules:
        before = None
    if before is not None and _described(given) == _described(before.given):
        point = before.point
    else:
        name = _point_id(given, kind, raw=raw)
        if name is None:
            return None
        point = _point(given, *name, rules, raw=raw)
        if before is not None and point == before.point:
            point = before.point
    reading = _reading(given, point)
    if before is not None and reading == before.reading:
        reading = before.reading
    key = raw, point.kind
    absent: tuple[str, ...] = ()
    if None in (values := _expected[key](given)):
        absent = tuple(name for name, value in zip(_EXPECTED[key], values, strict=True) if value is None)
    return Known(given, point, reading, absent)


def clean(text: str, longest: int = 0) -> str:
    """Give a text without what surrounds it and without control characters; `longest` 0: of any length."""
    if "\0" in text:
        text = text.partition("\0")[0]
    if longest:
        text = text[:longest]
    text = text.strip()
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def _point_id(given: Given, kind: Kind | None, *, raw: bool) -> tuple[Kind, int] | None:
    """Give kind and number. The id is the truth; `index` counts from 0 in the real shape and from 1 in the documented one."""
    text = given.id
    if text is None and given.index is not None:
        prefix = _OF_TYPE.get(given.type or (kind.name if kind else ""), "")
        text = f"{prefix}{given.index + raw}"
    found = _ID.fullmatch(text or "")
    return (_KINDS[found[1]], int(found[2])) if found else None


def _point(given: Given, kind: Kind, number: int, rules: Rules, *, raw: bool) -> Point:
    digital, found = _range(given, kind)
    longest = _OUTPUT_DESCRIPTION if kind is _OUTPUT else _DESCRIPTION
    units = found.units
    if given.units and not digital:
        units = clean(spelt(given.units.strip()))
    return Point(
        point_id=given.id or f"{PREFIXES[kind]}{number}",
        kind=kind,
        point_index=number,
        label=clean(given.label or "", _LABEL if raw else 0),
        full_label=clean(given.full_label or given.description or "", longest if raw else 0),
        units=units,
        units_code=given.range,
        range_code=given.range,
        states=found.states,
        digital=digital,
        source=STATE if digital else THOUSANDTHS if raw else AS_GIVEN,
        calibration=_calibration(given),
        low_voltage=_voltage(given.low_voltage, raw=raw),
        high_voltage=_voltage(given.high_voltage, raw=raw),
        unused=given.unused,
        rules=rules,
    )


def _range(given: Given, kind: Kind) -> tuple[bool, Range]:
    """Say whether the point has two states, and what its range means."""
    code = UNUSED if given.range is None else given.range
    named = states_of(given.units) if given.units else ()
    if code in MULTI_STATE:
        return False, meaning(kind, code, digital=False)
    if given.digital_analog == 0 or (given.digital_analog is None and named):
        found = meaning(kind, code, digital=True)
        digital = code in _STATES or bool(named)
        return digital, found._replace(states=found.states or named)
    return False, meaning(kind, code, digital=False)


def _reading(given: Given, point: Point) -> Reading:
    kind, raw = point.kind, given.value
    manual = given.auto_manual if given.auto_manual in (0, 1) else None
    if kind is _INPUT:
        reason = _sensor_fault(given)
        if reason:
            return Reading(point.point_id, None, _FAULT, reason, manual)
    flags, switch = 0, None
    if kind is _OUTPUT:
        flags = IN_ALARM if given.decom == 1 else 0
        switch = given.hw_switch_status if given.hw_switch_status in (0, 1, 2) else None
    if point.digital and given.control is not None:
        return Reading(point.point_id, int(given.control != 0), _OK, "", manual, flags, switch)
    if raw is None or not _finite(raw):
        reason = NO_VALUE if raw is None else NOT_A_NUMBER
        return Reading(point.point_id, None, _FAULT, reason, manual, flags, switch)
    if point.digital:
        return Reading(point.point_id, int(raw != 0), _OK, "", manual, flags, switch)
    value = raw / 1000 if point.source == THOUSANDTHS else _storable(raw)
    return Reading(point.point_id, value, _OK, "", manual, flags, switch)


def _sensor_fault(given: Given) -> str:
    decom = given.decom
    if not decom or (decom := decom & 0x0F) not in (1, 2) or given.range not in _SENSORS:
        return ""
    return OPEN if decom == 1 else SHORTED


def _calibration(given: Given) -> float | None:
    if given.calibration is not None:
        return float(given.calibration) if _finite(given.calibration) else None
    if given.calibration_h is None or given.calibration_l is None:
        return None
    tenths = given.calibration_h % _BYTE * _BYTE + given.calibration_l % _BYTE
    return (-tenths if given.calibration_sign else tenths) / 10


def _voltage(given: float | None, *, raw: bool) -> float | None:
    if given is None or not _finite(given):
        return None
    return given / 10 if raw else float(given)


def _storable(number: float) -> float:
    return number if -_EXACT <= number <= _EXACT else float(number)


def _finite(number: float) -> bool:
    """Whether it is a number that a float can hold: no NaN, no infinity, no whole number beyond them."""
    return -1e300 < number < 1e300 and isfinite(number)
