"""A number that came as an IEEE single, as a person writes it. Pure.

A BACnet Real and a Modbus float32 have 24 bits: a device that means 20.3 sends the single next to it, which is 20.299999237060547
when it is looked at as a double. 20.3 is the same single: nothing is lost, and it is what SQL compares with. See decision 0014.
"""

from __future__ import annotations

import struct

_DIGITS = ("%.6g", "%.7g", "%.8g", "%.9g")
"""Any decimal of six digits comes back from a single, and nine tell any two singles apart."""

_pack, _unpack = struct.Struct("<f").pack, struct.Struct("<f").unpack


def shortest(value: float) -> float:
    """Give the shortest decimal that is the same single. A whole number, and what is no single, is given as it is."""
    if value.is_integer():
        return value
    try:
        packed = _pack(value)
    except OverflowError:
        return value
    if _unpack(packed)[0] != value:
        return value  # a double, or not a number
    for digits in _DIGITS:
        decimal = float(digits % value)
        if _pack(decimal) == packed:
            return decimal
    return value
