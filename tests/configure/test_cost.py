"""What a configuration will cost."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from t3actors.config import Config, DeviceConfig, ModbusPoint
from t3actors.configure.cost import SAMPLE_BYTES, estimate, samples_a_day
from t3actors.points import Kind, Rules

MOST = {"t3-controller": 256}
TEN_S = Rules(poll_interval_s=10.0, max_interval_s=0.0)


def one_request_each(device: DeviceConfig, points: Sequence[ModbusPoint]) -> list[int]:
    """A planner that never joins two points; a profile takes two full reads."""
    return [2] * len(points) if device.profile is None else [125, 125]


def device(name: str, address: str = "a:502", rules: Rules = TEN_S, enabled: bool = True) -> DeviceConfig:
    points = tuple(ModbusPoint(id=f"p{n}", kind=Kind.INPUT, register=n, rules=rules) for n in range(5))
    return DeviceConfig(name=name, protocol="modbus", address=address, points=points, rules=rules, enabled=enabled)


def test_rates_follow_from_the_interval() -> None:
    cost = estimate(Config(devices=(device("d"),)), one_request_each, MOST)
    assert (cost.points, cost.requests_per_s, cost.registers_per_s, cost.readings_per_s) == (5, 0.5, 1.0, 0.5)
    assert cost.devices[0].requests_per_poll == 5


def test_a_point_with_an_interval_of_its_own_is_asked_for_at_that() -> None:
    slow = device("d")
    fast = ModbusPoint(id="fast", kind=Kind.INPUT, register=9, rules=Rules(poll_interval_s=1.0))
    both = DeviceConfig(name="d", protocol="modbus", address="a:502", points=(*slow.points, fast), rules=TEN_S)
    cost = estimate(Config(devices=(both,)), one_request_each, MOST)
    assert cost.requests_per_s == pytest.approx(5 / 10 + 1 / 1)


def test_devices_of_one_address_share_its_time() -> None:
    alone = estimate(Config(devices=(device("a"),)), one_request_each, MOST).lines
    shared = estimate(
        Config(devices=(device("a"), device("b"), device("c", "other:502"))), one_request_each, MOST
    ).lines
    assert [(line.address, line.devices) for line in shared] == [("a:502", 2), ("other:502", 1)]
    assert shared[0].requests_per_s == 2 * alone[0].requests_per_s
    assert shared[0].share > 2 * alone[0].share
    assert shared[1].share == alone[0].share


def test_history_lies_between_the_share_that_changes_and_every_reading() -> None:
    cost = estimate(Config(devices=(device("d"),)), one_request_each, MOST, changing_share=0.1)
    assert cost.history_mb_a_day_worst == pytest.approx(5 * 8640 * SAMPLE_BYTES / 1e6)
    assert cost.history_mb_a_day == pytest.approx(cost.history_mb_a_day_worst / 10)


@pytest.mark.parametrize(
    ("rules", "samples"),
    [
        (Rules(poll_interval_s=10.0, trend="never"), 0),
        (Rules(poll_interval_s=10.0, trend="always"), 8640),
        (Rules(poll_interval_s=10.0, max_interval_s=0.0), 864),
        (Rules(poll_interval_s=3600.0, max_interval_s=900.0), 24),
        (Rules(poll_interval_s=100.0, max_interval_s=400.0), 216),
    ],
)
def test_a_point_stores_its_changes_or_its_heartbeats_but_never_more_than_it_is_read(
    rules: Rules, samples: float
) -> None:
    assert samples_a_day(rules, 0.1) == samples


def test_a_profile_counts_all_the_points_a_panel_can_have() -> None:
    panel = DeviceConfig(name="t3", protocol="modbus", address="a:502", profile="t3-controller", rules=TEN_S)
    cost = estimate(Config(devices=(panel,)), one_request_each, MOST)
    assert (cost.points, cost.requests_per_s) == (256, 0.2)


def test_a_disabled_device_costs_nothing() -> None:
    cost = estimate(Config(devices=(device("d", enabled=False),)), one_request_each, MOST)
    assert (cost.points, cost.requests_per_s, cost.history_mb_a_day_worst, cost.lines) == (0, 0, 0, ())
