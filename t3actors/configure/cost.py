"""What a configuration will cost before it runs: requests on each line, registers a second, history a day.

Pure, and an estimate: what it assumes stands in the constants below and is printed with the result. How points become
requests is the caller's `Planner` (the driver's own planning), so that the figures are those of the gateway that will run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from t3actors.config import Config, DeviceConfig, ModbusPoint
from t3actors.points import Rules

SAMPLE_BYTES = 5.8  # one sample once it is packed, its share of aggregates included; benchmarks/history_size.py
CHANGING_SHARE = 0.05  # of readings that differ from the last stored one; the worst case is all of them
ANSWER_S = 0.01  # a device's own time for one answer
SERIAL_BAUD = 19200  # of the serial line taken to lie behind an address with several units
SERIAL_BITS = 11  # Modbus over serial line V1.02, 2.5.1: start, 8 data, parity, stop
FRAME_BYTES = 13  # V1.02: a read request is 8 bytes, its answer 5 and the data
DAY_S = 86400.0

Planner = Callable[[DeviceConfig, Sequence[ModbusPoint]], Sequence[int]]
"""The requests of one poll, each as its number of registers. For a device with a profile the points are empty."""

MostPoints = Mapping[str, int]
"""How many points each profile gives at most."""


class DeviceCost(msgspec.Struct, frozen=True, kw_only=True):
    """One device. `requests_per_poll` are those of a poll in which every point is due."""

    device: str
    address: str
    unit_id: int
    points: int
    poll_interval_s: float
    requests_per_poll: int
    requests_per_s: float
    registers_per_s: float
    readings_per_s: float


class LineCost(msgspec.Struct, frozen=True, kw_only=True):
    """One address. `share` is the part of its time that asking takes: near 1 it is full, over 1 polls will be skipped."""

    address: str
    devices: int
    requests_per_s: float
    share: float


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """The whole configuration. History in MB (10^6 bytes) a day, once it is packed."""

    devices: tuple[DeviceCost, ...]
    lines: tuple[LineCost, ...]
    points: int
    requests_per_s: float
    registers_per_s: float
    readings_per_s: float
    history_mb_a_day: float
    history_mb_a_day_worst: float
    changing_share: float = CHANGING_SHARE
    sample_bytes: float = SAMPLE_BYTES


def estimate(config: Config, planner: Planner, most_points: MostPoints, changing_share: float = CHANGING_SHARE) -> Cost:
    """Estimate what polling every enabled Modbus device will cost: how many points a BACnet device has, only it knows."""
    enabled = [device for device in config.devices if device.enabled and device.protocol == "modbus"]
    units = {address: sum(device.address == address for device in enabled) for address in {d.address for d in enabled}}
    devices, busy = [], dict.fromkeys((device.address for device in enabled), 0.0)
    for device in enabled:
        cost, busy_share = _device(device, planner, most_points, shares_line=units[device.address] > 1)
        devices.append(cost)
        busy[device.address] += busy_share
    lines = tuple(
        LineCost(
            address=address,
            devices=units[address],
            requests_per_s=sum(device.requests_per_s for device in devices if device.address == address),
            share=share,
        )
        for address, share in busy.items()
    )
    return Cost(
        devices=tuple(devices),
        lines=lines,
        points=sum(device.points for device in devices),
        requests_per_s=sum(device.requests_per_s for device in devices),
        registers_per_s=sum(device.registers_per_s for device in devices),
        readings_per_s=sum(device.readings_per_s for device in devices),
        history_mb_a_day=_history_mb(enabled, most_points, changing_share),
        history_mb_a_day_worst=_history_mb(enabled, most_points, 1.0),
        changing_share=changing_share,
    )


def samples_a_day(rules: Rules, changing_share: float) -> float:
    """Estimate how many samples one point stores in a day: its changes, and its heartbeats when it does not change."""
    polls = DAY_S / rules.poll_interval_s
    if rules.trend == "never":
        return 0.0
    if rules.trend == "always":
        return polls
    heartbeats = DAY_S / rules.max_interval_s if rules.max_interval_s else 0.0
    changes = polls * changing_share
    if rules.min_interval_s:
        changes = min(changes, DAY_S / rules.min_interval_s)
    return min(polls, max(changes, heartbeats))


def _device(
    device: DeviceConfig, planner: Planner, most_points: MostPoints, *, shares_line: bool
) -> tuple[DeviceCost, float]:
    requests_per_s = registers_per_s = busy = 0.0
    for interval_s, points in _by_interval(device).items():
        requests = planner(device, points)
        requests_per_s += len(requests) / interval_s
        registers_per_s += sum(requests) / interval_s
        busy += sum(_request_s(count, device.min_pause_s, serial=shares_line) for count in requests) / interval_s
    rules = _rules(device, most_points)
    cost = DeviceCost(
        device=device.name,
        address=device.address,
        unit_id=device.unit_id,
        points=len(rules),
        poll_interval_s=device.rules.poll_interval_s,
        requests_per_poll=len(planner(device, device.points)),
        requests_per_s=requests_per_s,
        registers_per_s=registers_per_s,
        readings_per_s=sum(1 / rule.poll_interval_s for rule in rules),
    )
    return cost, busy


def _by_interval(device: DeviceConfig) -> dict[float, list[ModbusPoint]]:
    if device.profile is not None:
        return {device.rules.poll_interval_s: []}
    groups: dict[float, list[ModbusPoint]] = {}
    for point in device.points:
        groups.setdefault(point.rules.poll_interval_s, []).append(point)
    return groups


def _rules(device: DeviceConfig, most_points: MostPoints) -> list[Rules]:
    if device.profile is not None:
        return [device.rules] * most_points[device.profile]
    return [point.rules for point in device.points]


def rules_of_points(config: Config, most_points: MostPoints) -> list[Rules]:
    """Return the rules of every point that is known before the gateway runs: those of enabled Modbus devices."""
    devices = (device for device in config.devices if device.enabled and device.protocol == "modbus")
    return [rules for device in devices for rules in _rules(device, most_points)]


def _request_s(registers: int, min_pause_s: float, *, serial: bool) -> float:
    on_the_line = (FRAME_BYTES + 2 * registers) * SERIAL_BITS / SERIAL_BAUD if serial else 0.0
    return ANSWER_S + on_the_line + min_pause_s


def _history_mb(devices: list[DeviceConfig], most_points: MostPoints, changing_share: float) -> float:
    samples = sum(samples_a_day(rules, changing_share) for device in devices for rules in _rules(device, most_points))
    return samples * SAMPLE_BYTES / 1e6
