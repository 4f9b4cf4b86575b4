"""What a point is, what a reading of it is, and the words for how well it is.

A *point* is an input, output or variable of a device: everything known of it but its value. A *reading* came off the wire.
Nothing here knows a protocol, a clock or a database.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

Value = float | int | str | None
"""Engineering units; 0 or 1 for a digital point; text for a string point; None when nothing could be read."""

Trend = Literal["changes", "always", "never"]
Mode = Literal["poll", "cov"]


class Kind(StrEnum):
    """Which of the three point tables a point belongs to."""

    INPUT = "input"
    OUTPUT = "output"
    VARIABLE = "variable"


class Status(StrEnum):
    """How well a point is, from worst to best: the first that applies wins (contract, "A point's status")."""

    DISABLED = "disabled"
    DOWN = "down"
    FAULT = "fault"
    STALE = "stale"
    UNKNOWN = "unknown"
    OK = "ok"


class DeviceStatus(StrEnum):
    """How well a device is, as the DEVICES table says it."""

    UNKNOWN = "unknown"
    CONNECTING = "connecting"
    ONLINE = "online"
    OFFLINE = "offline"
    DISABLED = "disabled"
    CONFLICT = "conflict"


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """When a reading of this point counts as a change, and when its age counts against it.

    Units: `deadband` in the point's own unit, 0 = any difference; `deadband_percent` of the last stored value, and the wider of
    the two counts; `min_interval_s` between two changes of its value, 0 = none; `max_interval_s` 0 = no heartbeat; `compress` in the
    point's own unit: straight lines between its samples pass every reading within that, 0 = each change is a sample;
    `stale_after` and `down_after` in missed polls. `raw_s`, `minutes_s`, `hours_s`: how long its history is kept, in
    seconds; None is the default of [store].
    """

    poll_interval_s: float = 30.0
    stale_after: int = 3
    down_after: int = 6
    deadband: float = 0.0
    deadband_percent: float = 0.0
    min_interval_s: float = 0.0
    compress: float = 0.0
    max_interval_s: float = 900.0
    trend: Trend = "changes"
    raw_s: float | None = None
    minutes_s: float | None = None
    hours_s: float | None = None


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a point but its value.

    `point_id` is unique within its device; `(kind, point_index)` is its key in the database. `source` says where the value
    comes from (table, register, type, order, scale...): a change of units, range, states or source starts a new series.
    """

    point_id: str
    kind: Kind
    point_index: int
    label: str = ""
    full_label: str = ""
    units: str = ""
    units_code: int | None = None
    range_code: int | None = None
    states: tuple[str, ...] = ()
    digital: bool = False
    source: str = ""
    object_type: int | None = None
    object_instance: int | None = None
    calibration: float | None = None
    low_voltage: float | None = None
    high_voltage: float | None = None
    unused: int | None = None
    mode: Mode = "poll"
    """"cov": the device tells of changes itself; then it is read only every `verified_every_s`, and ages by that."""
    verified_every_s: float = 0.0
    rules: Rules = Rules()

    @property
    def read_every_s(self) -> float:
        """How often it is read."""
        interval_s = self.rules.poll_interval_s
        return max(interval_s, self.verified_every_s) if self.mode == "cov" else interval_s


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One point as it was just read: never built from an older value.

    `auto_manual` 0 auto, 1 manual; `flags` the four BACnet status flags as a bit mask (1 in alarm, 2 fault, 4 overridden,
    8 out of service); `hw_switch` a T3000 output's hand-off-auto switch: 0 off, 1 auto, 2 hand. None where not known.
    """

    point_id: str
    value: Value
    status: Status = Status.OK
    reason: str = ""
    auto_manual: int | None = None
    flags: int = 0
    hw_switch: int | None = None


class DeviceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a device says of itself when it is first met; None where it does not say."""

    serial_number: int | None = None
    panel_id: int | None = None
    panel_name: str | None = None
    building_name: str | None = None
    ip_address: str | None = None
    port: int | None = None
    modbus_address: int | None = None
    bacnet_network: int | None = None
    bacnet_mstp_mac_id: int | None = None
    object_instance: int | None = None
    vendor_id: int | None = None
    model: str | None = None
    firmware: str | None = None
