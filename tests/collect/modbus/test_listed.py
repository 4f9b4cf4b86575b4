"""Points listed by hand: their number in the database never depends on the list."""

from __future__ import annotations

from typing import Any

import pytest

from t3actors.collect.modbus.blocks import Want
from t3actors.collect.modbus.listed import item, point_index, source
from t3actors.config import ModbusPoint
from t3actors.points import Kind, Reading, Status


def listed(**more: Any) -> ModbusPoint:
    return ModbusPoint(**{"id": "p", "kind": Kind.INPUT, "register": 100, **more})


@pytest.mark.parametrize(
    ("more", "index"),
    [
        ({"table": "coil", "type": "bit", "bit": 3}, 100 << 4),
        ({"table": "discrete", "type": "bit"}, 1 << 20 | 100 << 4),
        ({"table": "input"}, 3 << 20 | 100 << 4),
        ({"table": "holding"}, 4 << 20 | 100 << 4),
        ({"table": "holding", "type": "bit", "bit": 15}, 4 << 20 | 100 << 4 | 15),
        ({"table": "holding", "register": 65535}, 4 << 20 | 65535 << 4),
    ],
)
def test_the_number_is_table_register_and_bit(more: dict[str, Any], index: int) -> None:
    assert point_index(listed(**more)) == index


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"type": "float32"}, "holding:100:float32:ABCD:x1+0"),
        ({"type": "int16", "scale": 0.1, "offset": -40.0}, "holding:100:int16:ABCD:x0.1-40"),
        ({"type": "bit", "bit": 7}, "holding:100:bit7:ABCD:x1+0"),
        ({"type": "string", "length": 8}, "holding:100:string[8]:ABCD:x1+0"),
    ],
)
def test_the_source_says_all_that_decoding_hangs_on(more: dict[str, Any], said: str) -> None:
    assert source(listed(**more)) == said


def test_the_point_carries_what_was_configured() -> None:
    found = item(listed(units="°C", label="T", full_label="Temperature", states=("a", "b"))).point
    assert (found.units, found.label, found.full_label, found.states) == ("°C", "T", "Temperature", ("a", "b"))
    assert not found.digital
    assert item(listed(type="bit")).point.digital


def test_a_reading_is_the_decoded_value() -> None:
    found = item(listed(scale=0.1))
    assert found.reading({Want("holding", 100, 1): [217]}) == Reading("p", 21.7)


def test_what_is_no_number_is_a_fault_without_a_value() -> None:
    found = item(listed(type="float32"))
    assert found.reading({Want("holding", 100, 2): [0x7FC0, 0]}) == Reading("p", None, Status.FAULT, "not a number")
