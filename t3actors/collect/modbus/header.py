"""The common header of Temco's devices: who a device is, in its first registers, whatever its product. Pure.

Source: Temco's register lists, as T3000 carries them (api/migration/sql/modbus_register.sql: registers 0 to 8 of every device there).
"""

from __future__ import annotations

from typing import Literal

from t3actors.collect.modbus.blocks import Want
from t3actors.collect.modbus.profile import Values

SERIAL = tuple(Want("holding", register, 1) for register in range(4))  # 0-3: one byte per register, low byte first
VERSION_A, VERSION_B = Want("holding", 4, 1), Want("holding", 5, 1)
MODBUS_ADDRESS = Want("holding", 6, 1)
PRODUCT = Want("holding", 7, 1)
HEADER = (*SERIAL, VERSION_A, VERSION_B, MODBUS_ADDRESS, PRODUCT)

Form = Literal["low-high", "high-low", "whole", "tenths"]
"""What registers 4 and 5 hold: the version's low and high part, these in the other order, all of it in 4, or tenths, 4 the low byte."""


def serial_number(values: Values) -> int | None:
    """Give the device's serial number; None when it has none, says 0, or says what is no serial number."""
    parts = [word(values, want) for want in SERIAL]
    if any(part is None or part > 0xFF for part in parts):
        return None
    return int.from_bytes(bytes(part or 0 for part in parts), "little") or None


def firmware(values: Values, form: Form) -> str | None:
    """Give the firmware version as the product writes it."""
    first, second = word(values, VERSION_A), word(values, VERSION_B)
    if first is None or second is None:
        return None
    match form:
        case "low-high":
            return f"{second}.{first}"
        case "high-low":
            return f"{first}.{second}"
        case "whole":
            return str(first)
    return f"{(second << 8 | first) / 10:.1f}"


def word(values: Values, want: Want) -> int | None:
    """Give one register; None where it was not read."""
    words = values.get(want)
    return None if words is None else words[0]


def one_of(number: int | None, allowed: tuple[int, ...]) -> int | None:
    """Give a register that holds one of a few numbers; None where it holds another."""
    return number if number in allowed else None
