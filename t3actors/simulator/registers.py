"""Where a T3-BB style panel keeps what, as the simulator serves it; who reads it over the wire has a map of its own.

The two maps are kept apart on purpose: a wrong address in one of them must not hide in the other.
Source of every address: Temco's T3-BB register list (products 10, 35, 50, 74, 88), as T3000 carries it.
"""

from __future__ import annotations

from dataclasses import dataclass

SERIAL_NUMBER = 0  # four registers, one byte each, low byte first
FIRMWARE_LOW = 4
FIRMWARE_HIGH = 5
MODBUS_ADDRESS = 6
PRODUCT = 7
HARDWARE_REVISION = 8
BACNET_INSTANCE_HIGH = 32
MINI_TYPE = 34
BACNET_INSTANCE_LOW = 35
PANEL_NUMBER = 36
BACNET_PORT = 38
OUTPUT_SWITCH = 7228  # 0 off, 1 auto, 2 hand

PRODUCT_MINIPANEL = 35  # T3000 ProductModel.h
PRODUCT_MINIPANEL_ARM = 74  # T3000 ProductModel.h
MINI_TYPES = {PRODUCT_MINIPANEL: 1, PRODUCT_MINIPANEL_ARM: 5}  # 1 big panel, 5 big panel with ARM

SPANS = ((0, 749), (7100, 8787))  # first and last register served; anything else is an illegal address
REGISTER_COUNT = 8788
SCALE = 1000  # a value register pair holds thousandths of the engineering unit


@dataclass(frozen=True, slots=True)
class PointBlock:
    """Where the points of one kind lie; point n (from 1) is at offset n - 1 of each area."""

    prefix: str
    capacity: int
    value: int  # two registers a point, high word first
    range_code: int
    auto_manual: int
    analog: int | None  # None: the high byte of the range register says it


INPUTS = PointBlock("IN", 64, value=7484, range_code=7804, auto_manual=7868, analog=None)
OUTPUTS = PointBlock("OUT", 64, value=7100, range_code=7292, auto_manual=7356, analog=7420)
VARIABLES = PointBlock("VAR", 128, value=8092, range_code=8532, auto_manual=8348, analog=8660)
