"""One simulated I/O module or sensor. Registers are written here by address on purpose."""

from __future__ import annotations

import pytest

from t3actors.simulator.module import SimulatedModule
from t3actors.simulator.modules import REGISTERS, TYPES


def words(module: SimulatedModule, address: int, count: int) -> list[int]:
    raw = module.read_registers(address, count)
    assert raw is not None
    return [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)]


def test_its_header_says_who_it_is() -> None:
    module = SimulatedModule(43, 1, 0x12345678, unit_id=9)
    assert words(module, 0, 8) == [0x78, 0x56, 0x34, 0x12, 17, 0, 9, 43]


def test_a_value_takes_two_registers_high_word_first_in_thousandths() -> None:
    module = SimulatedModule(43, 1, 5)
    module.set("IN1", -1.5)
    module.set("IN21", 4.25)
    assert words(module, 100, 2) == [0xFFFF, 0xFA24]
    assert words(module, 140, 2) == [0, 4250]
    assert (module.value("IN1"), module.value("IN21")) == (-1.5, 4.25)


def test_a_counter_may_begin_before_its_register() -> None:
    module = SimulatedModule(20, 1, 5)
    assert words(module, 188, 1) == [6]
    module.set("IN6", 70_001)
    assert words(module, 128, 2) == [1, 4465]
    assert module.value("IN6") == 70_001


def test_a_sensor_counts_in_tenths_and_below_zero() -> None:
    module = SimulatedModule(210, 1, 5)
    module.set("temperature", -3.2)
    assert (words(module, 204, 1), module.value("temperature")) == ([0xFFE0], -3.2)


@pytest.mark.parametrize("product", TYPES)
def test_its_points_are_in_use_and_move_within_what_they_can_hold(product: int) -> None:
    module = SimulatedModule(product, product, 5)
    before = {name: module.value(name) for name in module.point_ids}
    for _ in range(50):
        module.advance(3600.0)
    after = {name: module.value(name) for name in module.point_ids}
    assert before != after
    assert SimulatedModule(product, product, 5).value(module.point_ids[0]) == before[module.point_ids[0]]


def test_a_held_point_stays() -> None:
    module = SimulatedModule(216, 1, 5)
    module.set("co2", 777)
    module.advance(1e6)
    assert module.value("co2") == 777


def test_registers_that_mean_nothing_are_0_and_there_are_none_beyond_the_last() -> None:
    module = SimulatedModule(216, 1, 5)
    assert words(module, 3000, 125) == [0] * 125
    assert module.read_registers(REGISTERS - 1, 2) is None
    assert module.read_bits(True, 0, 1) is None


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (lambda: SimulatedModule(74, 1, 5), "product: saw 74"),
        (lambda: SimulatedModule(43, 1, 0), "serial_number: saw 0"),
        (lambda: SimulatedModule(43, 1, 5).value("IN23"), "no point 'IN23'"),
        (lambda: SimulatedModule(46, 1, 5).set("IN1", 99_999), "which 1 registers cannot hold"),
    ],
)
def test_what_cannot_be_is_refused(what: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        what()  # type: ignore[operator]
