from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from t3actors.errors import SchemaTooNew, StoreUnreachable
from t3actors.points import Kind, Status
from t3actors.store.connection import open_for_writing
from t3actors.store.migrate import SchemaFile, migrate, schema_files
from t3actors.store.ours import APPLICATION_ID
from t3actors.store.reader import open_reader
from tests.store.building import T0_MS, House, announced, change, point
from tests.store.history.telling import DAY_MS, MIDNIGHT_MS, Told

NEWEST = len(schema_files())
NEXT = NEWEST + 1


def test_schema_files_are_numbered_from_one_without_a_gap() -> None:
    assert [file.number for file in schema_files()] == list(range(1, len(schema_files()) + 1))


def test_a_new_file_gets_the_newest_schema(house: House) -> None:
    assert house.one("PRAGMA user_version") == len(schema_files())
    assert house.one("PRAGMA application_id") == APPLICATION_ID


def test_an_older_file_gets_only_what_it_lacks_and_keeps_its_rows(house: House) -> None:
    house.put(announced(), change())
    house.store.close()
    step = SchemaFile(NEXT, "more.sql", "CREATE TABLE more (a); ALTER TABLE DEVICES ADD COLUMN colour TEXT;")
    connection = open_for_writing(house.path)
    assert migrate(connection, house.path, (*schema_files(), step)) == (NEWEST, NEXT)
    connection.close()
    assert house.rows("SELECT name, colour FROM DEVICES") == [("ahu-1", None)]
    assert house.one("PRAGMA user_version") == NEXT


def test_a_step_that_fails_changes_nothing(house: House) -> None:
    house.store.close()
    step = SchemaFile(NEXT, "broken.sql", "CREATE TABLE more (a); CREATE TABLE more (b);")
    connection = open_for_writing(house.path)
    with pytest.raises(StoreUnreachable, match="already exists"):
        migrate(connection, house.path, (*schema_files(), step))
    connection.close()
    assert house.one("PRAGMA user_version") == NEWEST
    assert house.one("SELECT count(*) FROM sqlite_schema WHERE name = 'more'") == 0


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}


def test_a_newer_file_is_refused_and_not_a_byte_of_it_changes(house: House, tmp_path: Path) -> None:
    house.store.close()
    connection = apsw.Connection(str(house.path))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = snapshot(tmp_path)
    with pytest.raises(SchemaTooNew, match=rf"t3actors\.db: schema 99 .* up to {NEWEST}; nothing was changed"):
        house.new_store().open(lambda _checked: None)
    assert {name: data for name, data in snapshot(tmp_path).items() if data} == before


def test_the_unfinished_wal_of_a_newer_file_is_left_alone(house: House, tmp_path: Path) -> None:
    connection = apsw.Connection(str(house.path))
    house.store.close()
    connection.execute("PRAGMA user_version = 99")
    before = snapshot(tmp_path)
    assert before["t3actors.db-wal"]
    with pytest.raises(SchemaTooNew):
        house.new_store().open(lambda _checked: None)
    assert snapshot(tmp_path) == before
    connection.close()


def test_a_database_of_somebody_else_is_refused_and_not_a_byte_of_it_changes(tmp_path: Path) -> None:
    house = House(tmp_path)
    connection = apsw.Connection(str(house.path))
    connection.execute("CREATE TABLE INPUTS (SerialNumber INTEGER)")
    connection.close()
    before = snapshot(tmp_path)
    with pytest.raises(StoreUnreachable, match=r"not a t3actors database .*user_version 0, tables: INPUTS"):
        house.opened()
    assert snapshot(tmp_path) == before


def test_a_text_file_is_refused_and_left_where_it_is(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.path.write_text("[gateway]\nname = 'riverside'\n")
    with pytest.raises(StoreUnreachable, match="this is not a database"):
        house.opened()
    assert [path.name for path in tmp_path.iterdir()] == ["t3actors.db"]


def test_an_empty_file_is_a_new_database(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.path.touch()
    house.opened().store.close()
    assert house.one("PRAGMA user_version") == NEWEST


def tables_of(house: House) -> list[str]:
    found = house.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return [str(name) for (name,) in found]


def made_by_schema(number: int, house: House) -> dict[str, str]:
    """Make the file of an older version with the rows of this one. **Returns**: each table's columns as they were."""
    house.store.close()
    newer = house.path.rename(house.path.with_name("newer.db"))
    connection = open_for_writing(house.path)
    migrate(connection, house.path, schema_files()[:number])
    connection.execute("ATTACH ? AS newer", (str(newer),))
    connection.execute("PRAGMA foreign_keys = 0")
    columns = {}
    for table in tables_of(house):
        columns[table] = ", ".join(row[1] for row in connection.execute(f"PRAGMA table_info({table})"))
        connection.execute(f"DELETE FROM main.{table}")  # what the schema itself puts in
        connection.execute(f"INSERT INTO main.{table} SELECT {columns[table]} FROM newer.{table}")
    connection.close()
    return columns


FULL = (
    "INSERT INTO PROGRAMS (serial_number, program_index, program_label) VALUES (12345, 1, 'Heat')",
    "INSERT INTO SCHEDULES (serial_number, schedule_index, monday_time) VALUES (12345, 2, '06:30 on')",
    "INSERT INTO HOLIDAYS (serial_number, holiday_index, holiday_value) VALUES (12345, 3, '2026-12-25')",
    "INSERT INTO TRENDLOGS (serial_number, trendlog_index, buffer_size) VALUES (12345, 4, 100)",
    "INSERT INTO PID_CONTROLLERS (serial_number, pid_controller_index, set_value) VALUES (12345, 5, 21.5)",
    "INSERT INTO GRAPHICS (serial_number, graphic_index, graphic_label) VALUES (12345, 6, 'Plant')",
    "INSERT INTO ALARMS (serial_number, source, raised_at) VALUES (12345, 'IN1', 7)",
)


def test_a_file_of_schema_1_is_brought_up_to_date_without_losing_a_row(house: House) -> None:
    points = [point(1), point(2), point(1, Kind.OUTPUT), point(1, Kind.VARIABLE)]
    house.put(announced(points), change(1.5), change(2**64 - 1, point_id="IN2"))
    house.put(announced(device="twin"), change("\u00b0", status=Status.STALE))
    for sql in FULL:
        house.rows(sql)
    columns = made_by_schema(1, house)
    assert "discovered" not in columns["DEVICES"]
    before = {table: house.rows(f"SELECT {names} FROM {table}") for table, names in columns.items()}
    assert [table for table, rows in before.items() if not rows] == []
    connection = open_for_writing(house.path)
    assert migrate(connection, house.path) == (1, NEWEST)
    connection.close()
    assert {table: house.rows(f"SELECT {names} FROM {table}") for table, names in columns.items()} == before
    assert house.rows("PRAGMA foreign_key_check") == []
    assert house.rows("SELECT DISTINCT discovered FROM DEVICES") == [(0,)]


def test_a_file_of_schema_1_gets_the_same_tables_and_views_as_a_new_one(house: House, tmp_path: Path) -> None:
    made_by_schema(1, house)
    house.store = house.new_store()
    house.opened()
    (tmp_path / "new").mkdir()
    new = House(tmp_path / "new").opened()
    shape = "SELECT type, name, sql FROM sqlite_schema ORDER BY name"
    assert house.rows(shape) == new.rows(shape)
    assert [(line["from_schema"], line["to_schema"]) for line in house.logged("store.migrated")] == [(1, NEWEST)]
    new.store.close()


def test_a_file_of_schema_1_goes_on_where_it_was(house: House) -> None:
    house.put(announced(), change(1))
    made_by_schema(1, house)
    house.store = house.new_store()
    house.opened().put(announced(), change(2, at_ms=T0_MS + 1))
    assert house.rows("SELECT value FROM TRENDLOG_DATA ORDER BY sampled_at") == [(1,), (2,)]
    assert house.one("SELECT count(*) FROM series") == 1


def test_a_conflict_of_schema_1_is_about_the_serial_number_that_it_named(house: House) -> None:
    house.put(announced(), announced(device="twin"))
    made_by_schema(1, house)
    house.store = house.new_store()
    house.opened().put(announced(device="twin"))
    assert house.rows("SELECT status, claimed_serial FROM DEVICES WHERE name = 'twin'") == [("conflict", 12345)]
    assert len(house.logged("device.conflicted")) == 1  # and not said again
    house.put(announced(device="twin", serial=8))
    assert house.rows("SELECT status, claimed_serial FROM DEVICES WHERE name = 'twin'") == [("unknown", None)]


def test_points_of_a_file_that_was_not_brought_up_to_date_yet_can_be_read(house: House) -> None:
    house.put(announced(), change())
    made_by_schema(1, house)
    with open_reader(house.path) as reader:
        assert [(row.point_id, row.mode) for row in reader.points()] == [("IN1", "poll")]
        assert reader.alarms() == []


def test_history_of_an_older_schema_is_shown_at_once_and_packed_little_by_little(tmp_path: Path) -> None:
    """However large it is: the start moves no sample."""
    told = Told(tmp_path, recent_s=6 * 3600.0)
    told.opened()
    told.put(announced([point(1), point(2)]))
    told.live(30)
    columns = made_by_schema(2, told)
    assert "raw_s" not in columns["series"]
    told.store = told.new_store()
    told.opened()
    assert told.one("SELECT count(*) FROM parts") == 0
    told.is_whole()
    told.put(change(7.5, "IN1", at_ms=told.now_ms))
    told.told["IN1", told.now_ms, 7.5, "ok", None] += 1
    assert told.tidy_looking(told.is_whole) > 50
    assert told.one("SELECT count(*) FROM samples") < 100  # type: ignore[operator]
    assert told.one("SELECT count(DISTINCT logging_time) FROM TRENDLOG_HOURLY") == 29


def test_history_of_a_file_that_was_not_brought_up_to_date_yet_can_be_read(house: House) -> None:
    house.put(announced(), change(5))
    made_by_schema(2, house)
    with open_reader(house.path) as reader:
        assert [row.value for row in reader.history("ahu-1", "IN1")] == [5]
        assert reader.hours("ahu-1", "IN1") == reader.minutes("ahu-1", "IN1") == []


@pytest.mark.parametrize("schema", range(3, NEWEST))
def test_packed_history_of_an_older_file_can_be_read_before_it_is_brought_up_to_date(
    tmp_path: Path, schema: int
) -> None:
    told = Told(tmp_path, recent_s=6 * 3600.0)
    told.opened()
    told.put(announced([point(1), point(2)]))
    told.live(30)
    told.tidy()
    made_by_schema(schema, told)
    with open_reader(told.path) as reader:
        assert [row.name for row in reader.devices()] == ["ahu-1"]
        assert reader.storage().samples == 232
        hours = reader.hours("ahu-1", "IN1")
        assert [row.count for row in hours] == [4] * 29
        assert reader.minutes("ahu-1", "IN1") == []
        day = reader.spans("ahu-1", "IN1", MIDNIGHT_MS, told.now_ms, DAY_MS)
        assert [row.count for row in day] == [96, 24]
    told.is_whole()


def test_newest_values_survive_that_they_are_laid_out_anew(house: House) -> None:
    points = [point(1), point(2), point(3), point(1, Kind.OUTPUT), point(1, Kind.VARIABLE)]
    house.put(announced(points))
    house.put(change(1.5, at_ms=T0_MS - 5000))
    house.put(change(1.5, at_ms=T0_MS), change(2**64 - 1, point_id="IN2"), change("on", point_id="VAR1"))
    house.put(change(0, point_id="OUT1", hw_switch=2, status=Status.FAULT, reason="open"))
    tables = ("INPUT_POINTS", "OUTPUT_POINTS", "VARIABLE_POINTS")
    before = {table: house.rows(f"SELECT * FROM {table}") for table in tables}
    assert len(before["INPUT_POINTS"]) == 3
    made_by_schema(7, house)
    assert {table: house.rows(f"SELECT * FROM {table}") for table in tables} == before
    house.opened()
    assert {table: house.rows(f"SELECT * FROM {table}") for table in tables} == before
    house.put(change(1.5, at_ms=T0_MS + 1))
    assert house.rows("SELECT changed_at, sampled_at FROM INPUT_POINTS WHERE point_id = 'IN1'") == [
        (T0_MS - 5000, T0_MS + 1)
    ]
