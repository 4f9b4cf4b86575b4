from __future__ import annotations

import pytest

from t3actors.simulator.panel import SimulatedPanel


def test_the_header_tells_serial_firmware_address_product_and_panel_number_where_a_t3_bb_does() -> None:
    panel = SimulatedPanel(1, 0xFEDCBA98, unit_id=7, panel_number=42, product=74)
    assert [panel.register(address) for address in range(4)] == [0x98, 0xBA, 0xDC, 0xFE]
    assert (panel.register(5), panel.register(4)) == panel.firmware == (64, 3)
    assert panel.register(6) == 7
    assert panel.register(7) == 74
    assert panel.register(34) == 5
    assert panel.register(36) == 42


def test_the_old_minipanel_reports_its_own_product_and_mini_type() -> None:
    panel = SimulatedPanel(1, 1, product=35)
    assert (panel.register(7), panel.register(34)) == (35, 1)


@pytest.mark.parametrize(
    ("point_id", "address"),
    [
        ("IN1", 7484), ("IN2", 7486), ("IN64", 7610),
        ("OUT1", 7100), ("OUT2", 7102), ("OUT64", 7226),
        ("VAR1", 8092), ("VAR2", 8094), ("VAR128", 8346),
    ],
)  # fmt: skip
def test_a_value_is_two_registers_in_thousandths_with_the_high_word_first(point_id: str, address: int) -> None:
    panel = SimulatedPanel(1, 1, 64, 64, 128)
    panel.set(point_id, 70.001)
    assert (panel.register(address), panel.register(address + 1)) == (1, 70_001 - 65_536)


def test_a_negative_value_is_twos_complement_over_both_words() -> None:
    panel = SimulatedPanel(1, 1)
    panel.set("IN1", -5.25)
    assert panel.read_registers(7484, 2) == (-5250).to_bytes(4, "big", signed=True)
    assert panel.value("IN1") == -5.25


def test_an_input_says_in_its_ranges_high_byte_whether_it_is_analog() -> None:
    panel = SimulatedPanel(1, 1)
    assert panel.is_analog("IN1")
    assert panel.register(7804) == 0x0103  # analog, 10K type 2 in °C
    assert not panel.is_analog("IN2")
    assert panel.register(7805) == 0x0003  # digital, stop/start


def test_outputs_and_variables_have_registers_of_their_own_for_range_and_kind() -> None:
    panel = SimulatedPanel(1, 1)
    assert (panel.register(7292), panel.register(7420)) == (1, 1)
    assert (panel.register(7293), panel.register(7421)) == (3, 0)
    assert (panel.register(8532), panel.register(8660)) == (1, 1)
    assert (panel.register(8534), panel.register(8662)) == (10, 0)
    assert [panel.register(7228 + place) for place in range(64)] == [1] * 64  # every hand switch is in auto


@pytest.mark.parametrize(("point_id", "address"), [("IN3", 7870), ("OUT2", 7357), ("VAR16", 8363)])
def test_manual_shows_in_its_register_and_holds_the_point(point_id: str, address: int) -> None:
    panel = SimulatedPanel(1, 1)
    assert panel.register(address) == 0
    panel.set_manual(point_id, True)
    held = panel.raw(point_id)
    panel.advance(100_000.0)
    assert (panel.register(address), panel.raw(point_id)) == (1, held)
    panel.set_manual(point_id, False)
    assert panel.register(address) == 0


def test_a_digital_point_holds_0_or_1000() -> None:
    panel = SimulatedPanel(1, 1)
    seen = set()
    for _ in range(200):
        panel.advance(300.0)
        seen.add(panel.raw("IN2"))
    assert seen == {0, 1000}


def test_points_beyond_the_counts_have_range_0() -> None:
    panel = SimulatedPanel(1, 1, inputs=3, outputs=2, variables=1)
    assert panel.point_ids == ("IN1", "IN2", "IN3", "OUT1", "OUT2", "VAR1")
    assert panel.read_registers(7804 + 3, 61) == bytes(122)
    assert panel.read_registers(7292 + 2, 62) == bytes(124)
    assert panel.read_registers(8532 + 1, 125) == bytes(250)


def test_a_gap_can_be_made_among_the_points() -> None:
    panel = SimulatedPanel(1, 1)
    panel.set_unused("IN3")
    panel.advance(1000.0)
    assert (panel.range_code("IN3"), panel.raw("IN3")) == (0, 0)


def test_the_same_seed_gives_the_same_building() -> None:
    one, same, other = SimulatedPanel(7, 1), SimulatedPanel(7, 1), SimulatedPanel(8, 1)
    for panel in (one, same, other):
        for _ in range(50):
            panel.advance(1.0)
    assert one.image == same.image
    assert one.image != other.image


def test_time_moves_values_but_not_setpoints_nor_ranges() -> None:
    panel = SimulatedPanel(1, 1)
    before = {point_id: panel.raw(point_id) for point_id in panel.point_ids}
    ranges = panel.read_registers(7804, 64)
    for _ in range(600):
        panel.advance(1.0)
    moved = {point_id for point_id, raw in before.items() if panel.raw(point_id) != raw}
    assert {"IN4", "VAR2", "VAR4"} <= moved
    assert not {"VAR1", "VAR6", "VAR11"} & moved
    assert panel.read_registers(7804, 64) == ranges


def test_a_point_that_was_set_stays_until_it_is_released() -> None:
    panel = SimulatedPanel(1, 1)
    panel.set("IN4", 1234.0)
    panel.advance(10.0)
    assert panel.value("IN4") == 1234.0
    panel.release("IN4")
    for _ in range(20):
        panel.advance(10.0)
    assert panel.value("IN4") != 1234.0


@pytest.mark.parametrize("raw", [-(2**31), 2**31 - 1])
def test_the_extremes_of_32_bits_can_be_held(raw: int) -> None:
    panel = SimulatedPanel(1, 1)
    panel.set_raw("VAR1", raw)
    assert panel.raw("VAR1") == raw
    with pytest.raises(ValueError, match="allowed is -2147483648 to 2147483647"):
        panel.set_raw("VAR1", raw * 2)


@pytest.mark.parametrize(("address", "count"), [(0, 1), (749, 1), (650, 100), (7100, 125), (8787, 1), (8663, 125)])
def test_registers_inside_the_map_are_given(address: int, count: int) -> None:
    words = SimulatedPanel(1, 1).read_registers(address, count)
    assert words is not None
    assert len(words) == 2 * count


@pytest.mark.parametrize(
    ("address", "count"), [(750, 1), (749, 2), (7099, 1), (7099, 2), (8788, 1), (8787, 2), (65535, 1)]
)
def test_registers_that_do_not_all_exist_are_not_given(address: int, count: int) -> None:
    assert SimulatedPanel(1, 1).read_registers(address, count) is None


def test_coils_are_the_outputs_states_and_discrete_inputs_the_inputs() -> None:
    panel = SimulatedPanel(1, 1)
    panel.set("OUT2", 1.0)
    panel.set("IN2", 0.0)
    assert panel.read_bits(True, 1, 1) == [True]
    assert panel.read_bits(False, 1, 1) == [False]
    assert panel.read_bits(True, 0, 65) is None


def test_a_point_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="panel-1 has no point 'IN3'; its points are IN1, IN2, OUT1"):
        SimulatedPanel(1, 1, 2, 1, 0).value("IN3")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"inputs": 65}, "inputs: saw 65, allowed is 0 to 64"),
        ({"outputs": -1}, "outputs: saw -1, allowed is 0 to 64"),
        ({"variables": 129}, "variables: saw 129, allowed is 0 to 128"),
        ({"serial_number": 2**32}, "serial_number: saw 4294967296, allowed is 0 to 4294967295"),
        ({"unit_id": 256}, "unit_id: saw 256, allowed is 0 to 255"),
        ({"panel_number": 255}, "panel_number: saw 255, allowed is 1 to 254"),
        ({"product": 9}, r"product: saw 9, allowed are \[35, 74\]"),
    ],
)
def test_a_panel_that_cannot_be_is_refused(wrong: dict[str, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SimulatedPanel(**({"seed": 1, "serial_number": 1} | wrong))  # type: ignore[arg-type]
