from __future__ import annotations

import math

import pytest

from t3actors.messages import ObjectsRead, ObjectTable
from t3actors.objects import Holiday, ObjectRow, PidController, Program, Schedule, TrendLog
from t3actors.store.objects import INDEX, ROWS, columns_of
from tests.store.building import T0_MS, House, announced


def read(
    table: ObjectTable, *rows: ObjectRow, at_ms: int = T0_MS, complete: bool = True, device: str = "ahu-1"
) -> ObjectsRead:
    return ObjectsRead(device=device, at_ms=at_ms, table=table, rows=rows, complete=complete)


def program(index: int = 1, **more: object) -> Program:
    return Program(**({"index": index, "program_id": f"PRG{index}"} | more))  # type: ignore[arg-type]


@pytest.mark.parametrize("table", ROWS)
def test_every_field_of_a_struct_is_a_column_of_its_table(house: House, table: ObjectTable) -> None:
    columns = {row[1] for row in house.rows(f"PRAGMA table_info({table})")}
    assert {INDEX[table], *columns_of(ROWS[table])} <= columns


@pytest.mark.parametrize(
    ("table", "row", "stored"),
    [
        (
            "PROGRAMS",
            Program(
                index=3, program_id="PRG3", program_label="Heat", program_status="halted: no memory", auto_manual=1
            ),
            "SELECT program_index = 3 AND program_status LIKE 'halted%' AND auto_manual = 1 AND reliability IS NULL FROM PROGRAMS",
        ),
        (
            "SCHEDULES",
            Schedule(index=1, schedule_id="SCH1", monday_time="06:30 active; 18:00 inactive", sunday_time=""),
            "SELECT schedule_index = 1 AND monday_time LIKE '06:30%' AND sunday_time = '' AND tuesday_time IS NULL FROM SCHEDULES",
        ),
        (
            "HOLIDAYS",
            Holiday(index=2, holiday_id="CAL2", holiday_value="2026-12-25", month_field=12, day_field=25),
            "SELECT holiday_index = 2 AND month_field = 12 AND day_field = 25 AND year_field IS NULL FROM HOLIDAYS",
        ),
        (
            "TRENDLOGS",
            TrendLog(index=9, trendlog_id="MON9", record_count=2**32 - 1, status="ON", logs="AI1 present-value"),
            "SELECT trendlog_index = 9 AND record_count = 4294967295 AND logs = 'AI1 present-value' FROM TRENDLOGS",
        ),
        (
            "PID_CONTROLLERS",
            PidController(index=4_194_302, loop_field="LOOP1", input_value=math.nan, set_value=21.5, units="°C"),
            "SELECT pid_controller_index = 4194302 AND input_value IS NULL AND set_value = 21.5 FROM PID_CONTROLLERS",
        ),
    ],
)
def test_what_was_read_is_a_row_of_its_table(house: House, table: ObjectTable, row: ObjectRow, stored: str) -> None:
    house.put(announced(), read(table, row))
    assert house.one(stored) == 1


def test_a_row_is_written_only_when_something_of_it_differs(house: House) -> None:
    rows = [program(1), program(2, description="old")]
    house.put(announced(), read("PROGRAMS", *rows))
    batch = house.batch(read("PROGRAMS", rows[0], program(2, description="new"), at_ms=T0_MS + 5))
    assert house.store.store(batch).rows == 1
    assert house.rows("SELECT program_index, description, updated_at FROM PROGRAMS") == [
        (1, "", T0_MS), (2, "new", T0_MS + 5)
    ]  # fmt: skip


def test_a_column_that_the_device_does_not_fill_any_more_is_null(house: House) -> None:
    house.put(announced(), read("PROGRAMS", program(auto_manual=1)), read("PROGRAMS", program()))
    assert house.one("SELECT auto_manual FROM PROGRAMS") is None


def test_rows_that_a_complete_reading_does_not_list_are_gone(house: House) -> None:
    house.put(announced(), announced(device="other", serial=2), read("PROGRAMS", program(1), device="other"))
    house.put(read("PROGRAMS", program(1), program(2)), read("PROGRAMS", program(2), complete=False))
    assert house.one("SELECT count(*) FROM PROGRAMS WHERE serial_number = 12345") == 2
    house.put(read("PROGRAMS", program(2), program(3)))
    assert house.rows("SELECT serial_number, program_index FROM PROGRAMS") == [(2, 1), (12345, 2), (12345, 3)]
    house.put(read("PROGRAMS"))
    assert house.rows("SELECT serial_number FROM PROGRAMS") == [(2,)]


def test_the_tables_of_a_device_are_apart(house: House) -> None:
    house.put(announced(), read("PROGRAMS", program()), read("HOLIDAYS", Holiday(index=1, holiday_id="CAL1")))
    house.put(read("HOLIDAYS"))
    assert house.one("SELECT count(*) FROM PROGRAMS") == 1


def test_objects_of_a_device_that_was_never_announced_are_let_go(house: House) -> None:
    assert house.put(read("PROGRAMS", program())) == ()
    assert house.rows("SELECT * FROM PROGRAMS") == []


def test_objects_follow_the_device_to_its_serial_number(house: House) -> None:
    house.put(announced(serial=None), read("PROGRAMS", program()), announced(serial=77))
    assert house.rows("SELECT serial_number, program_index FROM PROGRAMS") == [(77, 1)]


@pytest.mark.parametrize(
    "poison",
    [
        program(2, program_label="\udcff"),
        program(2, auto_manual=2**70),
        program(2**70),
        Holiday(index=2, holiday_id=""),
    ],
)
def test_a_poisoned_object_costs_itself_only(house: House, poison: ObjectRow) -> None:
    house.put(announced(), read("PROGRAMS", program(9)))
    dropped = house.put(
        read("PROGRAMS", program(1), poison, program(3)), read("HOLIDAYS", Holiday(index=5, holiday_id=""))
    )
    assert dropped == ()
    assert house.rows("SELECT program_index FROM PROGRAMS") == [(1,), (3,)]
    assert house.one("SELECT holiday_index FROM HOLIDAYS") == 5
    (line,) = house.logged("row.poisoned")
    assert (line["device"], line["point_id"]) == ("ahu-1", f"PROGRAMS {poison.index}")


def test_a_poisoned_object_keeps_the_row_that_was_there(house: House) -> None:
    house.put(announced(), read("PROGRAMS", program(description="good")))
    house.put(read("PROGRAMS", program(description="\udcff")))
    assert house.one("SELECT description FROM PROGRAMS") == "good"
