"""A device's less used objects, as rows of their tables: programs, schedules, holidays, trend logs, control loops; and its alarms.

A field is a column of the table; `index` is its `<kind>_index`: on a BACnet device the object's instance. None is a column that
the device does not fill. What is text here is written for a person. Nothing here knows a protocol or a database.
"""

from __future__ import annotations

import msgspec


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A row of PROGRAMS. `program_status`: its state and, where it is halted, why."""

    index: int
    program_id: str
    program_label: str = ""
    description: str = ""
    program_status: str | None = None
    auto_manual: int | None = None
    reliability: str | None = None


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """A row of SCHEDULES. A day's field lists its switches: "06:30 active; 18:00 inactive"; "" for a day without any.

    `exceptions`: one per line, in falling priority: "2026-12-24..2026-12-26: 00:00 inactive (priority 4)".
    `controls`: the properties it writes, as "AV1 present-value, BO2 present-value".
    """

    index: int
    schedule_id: str
    schedule_label: str = ""
    description: str = ""
    auto_manual: int | None = None
    present_value: str | None = None
    default_value: str | None = None
    effective_period: str | None = None
    monday_time: str | None = None
    tuesday_time: str | None = None
    wednesday_time: str | None = None
    thursday_time: str | None = None
    friday_time: str | None = None
    saturday_time: str | None = None
    sunday_time: str | None = None
    exceptions: str | None = None
    controls: str | None = None
    reliability: str | None = None


class Holiday(msgspec.Struct, frozen=True, kw_only=True):
    """A row of HOLIDAYS: one calendar. `holiday_value`: its dates, one per line; `status`: "active" today, or "inactive".

    `month_field`, `day_field`, `year_field` where it has exactly one date.
    """

    index: int
    holiday_id: str
    holiday_label: str = ""
    description: str = ""
    holiday_value: str | None = None
    status: str | None = None
    month_field: int | None = None
    day_field: int | None = None
    year_field: int | None = None


class TrendLog(msgspec.Struct, frozen=True, kw_only=True):
    """A row of TRENDLOGS: what a device records itself. `status` "ON" or "OFF"; `logs`: the property it records.

    `ffi_synced` 1: read by way of T3000, at `last_ffi_sync` (Unix UTC milliseconds).
    """

    index: int
    trendlog_id: str
    trendlog_label: str = ""
    description: str = ""
    panel_id: int | None = None
    interval_seconds: int | None = None
    buffer_size: int | None = None
    record_count: int | None = None
    total_record_count: int | None = None
    status: str | None = None
    logs: str | None = None
    logging_type: str | None = None
    reliability: str | None = None
    ffi_synced: int = 0
    last_ffi_sync: int | None = None


class PidController(msgspec.Struct, frozen=True, kw_only=True):
    """A row of PID_CONTROLLERS: one control loop. `reset_field` is the integral constant, `rate` the derivative one.

    `input_field`, `output_field`, `setpoint_field`: which property is controlled, manipulated, and gives the set point.
    """

    index: int
    loop_field: str
    pid_label: str = ""
    description: str = ""
    input_field: str | None = None
    input_value: float | None = None
    output_field: str | None = None
    output_value: float | None = None
    setpoint_field: str | None = None
    set_value: float | None = None
    units: str | None = None
    action_field: str | None = None
    proportional: float | None = None
    reset_field: float | None = None
    rate: float | None = None
    bias: float | None = None
    auto_manual: int | None = None
    status: str | None = None


ObjectRow = Program | Schedule | Holiday | TrendLog | PidController


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm that stands now. An occurrence is known by (`source`, `alarm_state`): it is raised when it is first told, and
    cleared when a complete list no longer has it.

    `source`: the object in alarm ("AI3"); `alarm_state`: "high limit", "fault", "off normal"...; `raised_at_ms`: by the device's
    own clock, None where it does not say; `clock_off_s`: by how much that is ahead of ours and `raised_at_ms` has been corrected.
    """

    source: str
    alarm_state: str
    alarm_type: str = ""
    message: str = ""
    description: str = ""
    priority: int | None = None
    notification_id: int | None = None
    acknowledged: bool = False
    low_limit: float | None = None
    high_limit: float | None = None
    raised_at_ms: int | None = None
    clock_off_s: int | None = None
