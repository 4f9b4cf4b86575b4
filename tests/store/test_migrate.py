from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from t3actors.errors import SchemaTooNew, StoreUnreachable
from t3actors.store.connection import open_for_writing
from t3actors.store.migrate import APPLICATION_ID, SchemaFile, migrate, schema_files
from tests.store.building import House, announced, change


def test_schema_files_are_numbered_from_one_without_a_gap() -> None:
    assert [file.number for file in schema_files()] == list(range(1, len(schema_files()) + 1))


def test_a_new_file_gets_the_newest_schema(house: House) -> None:
    assert house.one("PRAGMA user_version") == len(schema_files())
    assert house.one("PRAGMA application_id") == APPLICATION_ID


def test_an_older_file_gets_only_what_it_lacks_and_keeps_its_rows(house: House) -> None:
    house.put(announced(), change())
    house.store.close()
    step = SchemaFile(2, "002_more.sql", "CREATE TABLE more (a); ALTER TABLE DEVICES ADD COLUMN colour TEXT;")
    connection = open_for_writing(house.path)
    assert migrate(connection, house.path, (*schema_files(), step)) == (1, 2)
    connection.close()
    assert house.rows("SELECT name, colour FROM DEVICES") == [("ahu-1", None)]
    assert house.one("PRAGMA user_version") == 2


def test_a_step_that_fails_changes_nothing(house: House) -> None:
    house.store.close()
    step = SchemaFile(2, "002_broken.sql", "CREATE TABLE more (a); CREATE TABLE more (b);")
    connection = open_for_writing(house.path)
    with pytest.raises(StoreUnreachable, match="already exists"):
        migrate(connection, house.path, (*schema_files(), step))
    connection.close()
    assert house.one("PRAGMA user_version") == 1
    assert house.one("SELECT count(*) FROM sqlite_schema WHERE name = 'more'") == 0


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}


def test_a_newer_file_is_refused_and_not_a_byte_of_it_changes(house: House, tmp_path: Path) -> None:
    house.store.close()
    connection = apsw.Connection(str(house.path))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = snapshot(tmp_path)
    with pytest.raises(SchemaTooNew, match=r"t3actors\.db: schema 99 .* up to 1; nothing was changed"):
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
    assert house.one("PRAGMA user_version") == 1
