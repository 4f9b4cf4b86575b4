"""Programs, schedules, calendars, trend logs, loops and alarms of simulated devices, as the database has them; and Temco's own serial."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from t3actors.collect.bacnet.rare import alarm_rounds, rarely
from t3actors.simulator.bacnet import tags
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.plant import ALONE, ON_TRUNK, BacnetPlantSize
from t3actors.simulator.bacnet.words import ObjectType, Property, object_identifier
from t3actors.store.known import PROVISIONAL
from tests.system.building import STILL, Resident, running_building, well
from tests.system.house import House, config_of, gateway_running
from tests.system.stations import with_bacnet
from tests.waiting import WITHIN_S, until

TABLES = ("PROGRAMS", "SCHEDULES", "HOLIDAYS", "TRENDLOGS", "PID_CONTROLLERS")
PANEL, OTHER = "panel", "other"
UNHURRIED: dict[str, Any] = {"timeout_s": WITHIN_S}  # a busy machine is not to be taken for an object that says nothing
OPEN = "SELECT count(*) FROM ALARMS WHERE cleared_at IS NULL"
OUT_OF_SERVICE, HALTED = tags.boolean(True), tags.enumerated(4)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done once in a while is done at once."""
    made = rarely.Rarely.__init__

    def hasty(one: rarely.Rarely, *args: Any, **settings: Any) -> None:
        made(one, *args, **{**settings, "piece_every_s": 0.01})

    monkeypatch.setattr(rarely.Rarely, "__init__", hasty)
    monkeypatch.setattr(rarely, "TABLES_EVERY_S", 0.3)
    monkeypatch.setattr(alarm_rounds, "EVERY_S", 0.2)
    monkeypatch.setattr(alarm_rounds, "SOON_S", 0.05)


def of(house: House, table: str, device: str, columns: str) -> list[tuple[object, ...]]:
    """The rows of one device in a table."""
    index = f"{table.lower().removesuffix('s')}_index"
    return house.rows(
        f"SELECT {columns} FROM {table} WHERE serial_number ="
        f" (SELECT serial_number FROM DEVICES WHERE name = ?) ORDER BY {index}",
        device,
    )


def is_filled(house: House, *devices: str) -> bool:
    return all(of(house, table, device, "serial_number") for table in TABLES for device in devices)


def size(*presets: Preset, at_s: float = 1_767_225_600.0, layout: tuple[str, ...] = (ALONE,)) -> BacnetPlantSize:
    return BacnetPlantSize(len(presets), 21, PointCounts(4, 2, 2), presets, layout, tick_s=STILL, at_s=at_s)


def week(on: str, off: str) -> tuple[str, ...]:
    return (f"07:00 {on}; 18:30 {off}",) * 5 + ("",) * 2


def exceptions(on: str, off: str, calendar: str) -> str:
    return (
        f"{calendar}: 00:00 {off} (priority 5)\n2026-12-24: 00:00 {off} (priority 10)\n"
        f"2026-08-01..2026-08-14: 09:00 {on}; 12:00 {off} (priority 12)"
    )


async def test_each_table_says_all_that_the_simulated_objects_say(tmp_path: Path) -> None:
    async with running_building(size(Preset.T3000_X1000, Preset.GENERIC)) as building:
        panel, other = building
        program = panel.device.objects[object_identifier(ObjectType.PROGRAM, 2)]
        program.properties[Property.PROGRAM_STATE] = HALTED
        program.properties[Property.OUT_OF_SERVICE] = OUT_OF_SERVICE
        config = with_bacnet(
            config_of([panel.configured(PANEL, **UNHURRIED), other.configured(OTHER, **UNHURRIED)], tmp_path)
        )
        async with gateway_running(config) as house:
            await until(lambda: is_filled(house, PANEL, OTHER))
            programs_are_said(house)
            schedules_are_said(house, panel, other)
            calendars_are_said(house)
            trend_logs_are_said(house, panel, other)
            loops_are_said(house, panel, other)
            assert house.rows("SELECT DISTINCT updated_at IS NULL FROM SCHEDULES") == [(0,)]

            program.properties[Property.PROGRAM_STATE] = tags.enumerated(0)
            state = "SELECT program_status FROM PROGRAMS WHERE program_id = 'PRG2'"
            await until(lambda: house.one(state) == "idle")
    assert building.plant.counts().writes == 0


def programs_are_said(house: House) -> None:
    columns = "program_index, program_id, program_label, description, program_status, auto_manual, reliability"
    running = ("running", 0, "no fault detected")
    assert of(house, "PROGRAMS", PANEL, columns) == [
        (1, "PRG1", "PRG1", "Simulated program 1", *running),
        (2, "PRG2", "PRG2", "Simulated program 2", "halted", 1, "no fault detected"),
    ]
    assert of(house, "PROGRAMS", OTHER, columns) == [
        (0, "PRG0", "PRG1", "Simulated program 0", *running),
        (1, "PRG1", "PRG2", "Simulated program 1", *running),
    ]


def schedules_are_said(house: House, panel: Resident, other: Resident) -> None:
    columns = (
        "schedule_index, schedule_id, schedule_label, description, auto_manual, present_value, default_value,"
        " effective_period, monday_time, tuesday_time, wednesday_time, thursday_time, friday_time, saturday_time,"
        " sunday_time, exceptions, controls, reliability"
    )
    for name, resident, calendar, first in ((PANEL, panel, "HOL1", 1), (OTHER, other, "CAL0", 0)):
        targets = [*resident.device.points.values()][-1:-3:-1]
        expected = []
        for place, target in enumerate(targets):
            is_binary = target.object_type is ObjectType.BINARY_VALUE
            on, off = ("active", "inactive") if is_binary else ("21", "16")
            expected.append(
                (
                    first + place, f"SCH{first + place}", f"SCH{place + 1}", f"Simulated schedule {first + place}", 0,
                    on, off, "*-*-*..*-*-*", *week(on, off), exceptions(on, off, calendar),
                    f"{target.point_id} present-value", "no fault detected",
                )
            )  # fmt: skip
        assert of(house, "SCHEDULES", name, columns) == expected


def calendars_are_said(house: House) -> None:
    columns = "holiday_index, holiday_id, holiday_label, description, holiday_value, status, month_field"
    days = "2026-12-25\n2026-12-28..2027-01-01\n*-05 days 1-7 Monday"
    rest = ("HOL1", "Simulated holidays {}", days, "inactive", None)
    for name, number, called in ((PANEL, 1, "HOL1"), (OTHER, 0, "CAL0")):
        label, described, *more = rest
        assert of(house, "HOLIDAYS", name, columns) == [(number, called, label, str(described).format(number), *more)]


def trend_logs_are_said(house: House, panel: Resident, other: Resident) -> None:
    columns = (
        "trendlog_index, trendlog_id, trendlog_label, description, interval_seconds, buffer_size, record_count,"
        " total_record_count, status, logs, logging_type, reliability"
    )
    for name, resident, called, first in ((PANEL, panel, "MON", 1), (OTHER, other, "TL", 0)):
        analog = [each for each in resident.device.points.values() if each.object_type in {0, 1, 2}]
        rows = of(house, "TRENDLOGS", name, columns)
        assert len(rows) == 2
        for place, row in enumerate(rows):
            logged = analog[place % len(analog)]
            assert row[:7] == (
                first + place, f"{called}{first + place}", f"TL{place + 1}", f"Trend of {logged.name}", 900 >> place, 100, 100
            )  # fmt: skip
            assert isinstance(row[7], int)
            assert row[7] >= 100
            assert row[8:] == ("ON", f"{logged.point_id} present-value", "polled", None)


def loops_are_said(house: House, panel: Resident, other: Resident) -> None:
    columns = (
        "pid_controller_index, loop_field, pid_label, description, input_field, input_value, output_field,"
        " output_value, setpoint_field, set_value, units, action_field, proportional, reset_field, rate, bias,"
        " auto_manual, status"
    )
    for name, resident, called, first in ((PANEL, panel, "PID", 1), (OTHER, other, "LOOP", 0)):
        points = list(resident.device.points.values())
        analog = [each for each in points if each.object_type in {0, 1, 2}]
        driven = [each for each in analog if each.object_type is ObjectType.ANALOG_OUTPUT] or analog
        for place, row in enumerate(of(house, "PID_CONTROLLERS", name, columns)):
            output = driven[place % len(driven)]
            assert row == (
                first + place, f"{called}{first + place}", f"PID{place + 1}", f"Simulated loop {first + place}",
                f"{analog[0].point_id} present-value", pytest.approx(analog[0].value),
                f"{output.point_id} present-value", pytest.approx(output.value),
                None, 21.5, "°C", "direct", 4.0, 0.5, None, None, 0, "no fault detected",
            )  # fmt: skip


async def test_an_alarm_is_raised_once_and_cleared_when_it_ends_and_both_are_events(tmp_path: Path) -> None:
    at_s = float(int(time.time()) - 3600)  # its clock is an hour slow
    async with running_building(size(Preset.T3000_X1000, at_s=at_s)) as building:
        (panel,) = building
        watched = next(each for each in panel.device.points.values() if each.object_type is ObjectType.ANALOG_INPUT)
        normal = watched.value
        high = normal - 1.0  # the second enrolment's limit: it is in alarm from the start
        config = with_bacnet(config_of([panel.configured(PANEL, **UNHURRIED)], tmp_path))
        async with gateway_running(config) as house:
            await until(lambda: house.one(OPEN) == 1)
            columns = (
                "source, alarm_state, alarm_type, message, description, priority, notification_id, acknowledged,"
                " low_limit, high_limit, raised_at, clock_off_s, cleared_at, acked_at"
            )
            message = f"{watched.name} is out of its limits"
            standing = (
                "EE2", "high limit", "out of range", message, f"Limits of {watched.name}", 64, 1, 0, -1000.0,
                pytest.approx(high, rel=1e-6), pytest.approx(int(at_s * 1000) + 3_600_000, abs=1), -3600, None, None,
            )  # fmt: skip
            assert {line["off_s"] for line in house.log.of("device.clock_off", device=PANEL)} == {-3600}
            assert of_alarms(house, columns) == [standing]

            panel.device.set(watched.point_id, high - 5.0)
            await until(lambda: house.one(OPEN) == 0)
            assert house.one("SELECT cleared_at >= raised_at FROM ALARMS") == 1

            watched_flag = next(each for each in panel.device.points.values() if each is not watched)
            watched_flag.set_flags(in_alarm=True)
            panel.device.set(watched.point_id, high + 0.5)
            await until(lambda: house.one(OPEN) == 2)
            found = house.rows("SELECT source, alarm_state FROM ALARMS WHERE cleared_at IS NULL ORDER BY source")
            assert found == [("EE2", "high limit"), (watched_flag.point_id, "off normal")]
            watched_flag.set_flags()
            panel.device.set(watched.point_id, high - 5.0)
            await until(lambda: house.one(OPEN) == 0)

            events = house.rows(
                "SELECT event, point, from_status, to_status FROM EVENTS JOIN DEVICES USING (device_id)"
                " WHERE name = ? AND event LIKE 'alarm.%' AND point = 'EE2' ORDER BY id",
                PANEL,
            )
            once = [("alarm.raised", "EE2", "", "high limit"), ("alarm.cleared", "EE2", "high limit", "")]
            assert events == once * 2
            flagged = house.rows(
                "SELECT event FROM EVENTS WHERE point = ? AND event LIKE 'alarm.%' ORDER BY id", watched_flag.point_id
            )
            assert flagged == [("alarm.raised",), ("alarm.cleared",)]


def of_alarms(house: House, columns: str) -> list[tuple[object, ...]]:
    return house.rows(f"SELECT {columns} FROM ALARMS WHERE cleared_at IS NULL")


IDENTITY = "SELECT serial_number, panel_id, panel_name, model, vendor_id FROM DEVICES WHERE name = ?"


async def test_a_panels_serial_number_is_known_where_asking_for_it_is_allowed_or_where_it_is_a_property(
    tmp_path: Path,
) -> None:
    async with running_building(size(*(Preset.T3000,) * 4)) as building:
        asked, unasked, zero, said = building
        zero.suffer(BacnetFault(BacnetFaultKind.SERIAL_ZERO))
        identity = said.device.object(said.device.device_id)
        identity.properties[Property.SERIAL_NUMBER] = tags.text("424242")
        config = with_bacnet(
            config_of(
                [
                    asked.configured("asked", private_transfer=True, **UNHURRIED),
                    unasked.configured("unasked", **UNHURRIED),
                    zero.configured("zero", private_transfer=True, **UNHURRIED),
                    said.configured("said", **UNHURRIED),
                ],
                tmp_path,
            )
        )
        async with gateway_running(config) as house:
            named = {"asked": asked, "unasked": unasked, "zero": zero, "said": said}
            await until(lambda: all(house.point_statuses(name) == {"ok"} for name in named))
            serials = {name: house.one(IDENTITY, name) for name in named}
            assert serials["asked"] == asked.device.serial_number
            assert serials["said"] == 424242
            assert min(serials["unasked"], serials["zero"]) > PROVISIONAL
            panels = dict(house.rows("SELECT name, panel_id FROM DEVICES"))
            assert panels == {
                "asked": asked.device.panel_number,
                "unasked": None,
                "zero": zero.device.panel_number,
                "said": None,
            }
            filed = "SELECT serial_number, count(*) FROM POINTS GROUP BY serial_number"
            expected = {serials[name]: len(each.device.points) for name, each in named.items()}
            await until(lambda: dict(house.rows(filed)) == expected, what="all points under these serial numbers alone")
    assert building.plant.counts().writes == 0


async def test_found_panels_keep_their_points_and_tables_under_the_serial_number_that_they_tell(tmp_path: Path) -> None:
    async with running_building(size(Preset.T3000, Preset.T3000, layout=(ALONE, ON_TRUNK))) as building:
        config = building.config(tmp_path, "temco", found={"private_transfer": True})
        async with gateway_running(config) as house:
            await until(lambda: well(house, building))
            expected = {each.found_as: (each.device.serial_number, each.device.panel_number) for each in building}
            rows = house.rows("SELECT name, serial_number, panel_id FROM DEVICES")
            assert {name: (serial, number) for name, serial, number in rows} == expected
            await until(lambda: is_filled(house, *expected))
