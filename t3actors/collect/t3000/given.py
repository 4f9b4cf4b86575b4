"""A point as an answer gives it: one record for both shapes, typed, and forgiving where a library is careless. Pure.

Whole lists are decoded in one go; where that fails, each point is looked at alone, so that a bad one costs only itself: a number
may stand in quotes, text may be a number, what cannot be used is left out and named.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from t3actors.collect.t3000.mending import Octets, mend, readable

Whole = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
SHOWN = 60  # characters of a value that is refused


class Given(msgspec.Struct, kw_only=True, gc=False):
    """One point. None: not given. The fields stand in the order in which T3000 writes them (by name): they are found fastest so.

    `value` is NaN where the answer has something else than a number. `full_label`, `units` and `calibration` belong to the
    documented shape, `description`, the parts of the calibration and `type` to the real one; each is read in both.
    """

    auto_manual: Whole | None = None
    calibration: float | int | None = None
    calibration_h: Whole | None = None
    calibration_l: Whole | None = None
    calibration_sign: Whole | None = None
    control: Whole | None = None
    decom: Whole | None = None
    description: str | None = None
    digital_analog: Whole | None = None
    full_label: str | None = None
    high_voltage: float | int | None = None
    hw_switch_status: Whole | None = None
    id: str | None = None
    index: Whole | None = None
    label: str | None = None
    low_voltage: float | int | None = None
    range: Whole | None = None
    type: str | None = None
    units: str | None = None
    unused: Whole | None = None
    value: float | int | None = None


_TEXTS = frozenset({"description", "full_label", "id", "label", "type", "units"})
_NUMBERS = frozenset({"calibration", "high_voltage", "low_voltage", "value"})
_FIELDS = Given.__struct_fields__
_ALL = msgspec.json.Decoder(list[Given], strict=False)
_ONE = msgspec.json.Decoder(Given, strict=False)
_NAN = float("nan")


def givens(array: Octets | Raw, name: str) -> tuple[list[Given], list[str]]:
    """Decode a list of points. **Returns**: those that can be used, and a line for each that is not wholly so.

    `name` is what the list is called in the answer. **Raises**: one of UNREADABLE when it is no list at all.
    """
    try:
        return _ALL.decode(array), []
    except msgspec.ValidationError:
        mended: Octets | Raw = array
    except UNREADABLE:
        mended = readable(mend(memoryview(array))[0])
        try:
            return _ALL.decode(mended), []
        except UNREADABLE:
            pass
    found, refused = [], []
    for place, raw in enumerate(msgspec.json.decode(mended, type=list[Raw])):
        given, fault = _alone(raw, f"{name}[{place}]")
        if given is not None:
            found.append(given)
        if fault:
            refused.append(fault)
    return found, refused


def whole(value: object, lowest: int, highest: int) -> int | None:
    """Give a whole number of an answer, which may stand in quotes; None where it is none within these bounds."""
    if isinstance(value, str):
        value = _number_in(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return int(value) if isinstance(value, int) and lowest <= value <= highest else None


def shown(value: object) -> str:
    """Give a value as JSON has it, for a message."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."


def _alone(raw: Raw, place: str) -> tuple[Given | None, str]:
    try:
        return _ONE.decode(raw), ""
    except UNREADABLE:
        pass
    try:
        fields = msgspec.json.decode(readable(mend(memoryview(raw))[0]))
    except UNREADABLE:
        return None, f"{place} cannot be decoded; allowed: a point"
    if not isinstance(fields, dict):
        return None, f"{place} is {shown(fields)}; allowed: a point"
    given, fault = Given(), ""
    for name in _FIELDS:
        said = fields.get(name)
        if said is None:
            continue
        kept, allowed = _field(name, said)
        setattr(given, name, kept)
        if allowed and not fault:
            fault = f"{name} is {shown(said)}; allowed: {allowed}"
    return given, fault and f"{given.id or place}: {fault}"


def _field(name: str, said: object) -> tuple[str | float | None, str]:
    """Give what can be kept of a field, and what would have been allowed where that is not what was said."""
    if name in _TEXTS:
        fits = isinstance(said, str | int | float)
        return (str(said), "") if fits else (None, "text")
    if name in _NUMBERS:
        number = _number_in(said) if isinstance(said, str) else said
        if isinstance(number, int | float):
            return (int(number) if isinstance(number, bool) else number), ""
        return (_NAN if name == "value" else None), "a number"
    kept = whole(said, -(2**31), 2**31 - 1)
    return kept, "" if kept is not None else "a whole number of 32 bits"


def _number_in(text: str) -> float | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None
