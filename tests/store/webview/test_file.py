"""T3000's file in every state that a file can be in: our own database notices nothing, and nothing is lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from t3actors.errors import StoreBusy, StoreError, StoreUnreachable
from t3actors.store.webview.file import NEEDED, WebviewFile, schema_sql
from tests.store.building import T0_MS, announced, change
from tests.store.webview.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path).opened()
    scene.put(announced(), change(1))
    yield scene
    scene.close()


def blocked(scene: Scene, match: str) -> None:
    """The file cannot be written; our own database takes a batch all the same."""
    before = scene.one("SELECT count(*) FROM samples")
    with pytest.raises(StoreError, match=match):
        scene.deliver()
    scene.put(change(2, at_ms=scene.now_ms + 1000))
    scene.now_ms += 1000
    assert scene.one("SELECT count(*) FROM samples") == int(str(before)) + 1


def whole(scene: Scene) -> None:
    """All that was ever sampled is there."""
    stored = scene.rows("SELECT CAST(value * 1000 AS INTEGER) FROM samples ORDER BY logging_time, ms")
    assert [int(row[2]) for row in scene.details()] == [value for (value,) in stored]


# -------------------------------------------------------------------------------------------------------- the schema


def test_the_file_that_we_make_has_the_tables_columns_and_indexes_that_t3000_s_program_expects() -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(schema_sql())
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert len(tables) == 36
    assert set(NEEDED) | {"DATA_SYNC_METADATA", "APPLICATION_CONFIG", "TRENDLOGS", "HAYSTACK_POINT_TAGS"} <= tables
    columns = {table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")] for table in tables}
    assert (len(columns["DEVICES"]), len(columns["INPUTS"]), len(columns["OUTPUTS"]), len(columns["VARIABLES"])) == (
        41,
        20,
        20,
        20,
    )
    assert columns["TRENDLOG_DATA_DETAIL"] == ["ParentId", "Value", "LoggingTime_Fmt"]
    keys = [
        row for table in ("INPUTS", "OUTPUTS", "VARIABLES") for row in connection.execute(f"PRAGMA index_list({table})")
    ]
    assert [(row[1], row[2]) for row in keys] == [
        ("IDX_INPUTS_SERIAL", 0),
        ("IDX_OUTPUTS_SERIAL", 0),
        ("IDX_VARIABLES_SERIAL", 0),
    ]
    connection.close()


def test_what_t3000_s_program_does_to_its_file_at_a_start_goes_on_ours(scene: Scene) -> None:
    scene.deliver()
    scene.other(
        "DROP TABLE IF EXISTS seaql_migrations",
        "CREATE TABLE IF NOT EXISTS DEVICES (SerialNumber INTEGER PRIMARY KEY)",
        "CREATE INDEX IF NOT EXISTS IDX_INPUTS_SERIAL ON INPUTS (SerialNumber)",
        "UPDATE INPUTS SET Filter_Field = NULL, Calibration = NULL",
        "INSERT OR IGNORE INTO APPLICATION_CONFIG (config_key, config_value, config_type) VALUES ('ui.refresh.inputs', '60', 'number')",
    )
    scene.put(change(2, at_ms=T0_MS + 1000))
    scene.deliver()
    whole(scene)


# ------------------------------------------------------------------------------------------------------- made, joined


def test_a_file_that_is_not_there_is_made_in_wal_mode(scene: Scene) -> None:
    scene.deliver()
    assert scene.logged("webview.opened") == [{"database": str(scene.front), "created": True, "lacks": []}]
    assert scene.cells("PRAGMA journal_mode") == [("wal",)]
    whole(scene)


def test_an_empty_file_is_one_that_was_not_finished(scene: Scene) -> None:
    scene.front.touch()
    scene.deliver()
    assert scene.logged("webview.opened")[0]["created"] is True
    whole(scene)


@pytest.mark.parametrize("content", [b"This is a letter.\n" * 500, b"\xa5" * 9000], ids=["text", "noise"])
def test_a_file_that_is_no_database_is_left_as_it_is(scene: Scene, content: bytes) -> None:
    scene.front.write_bytes(content)
    blocked(scene, "not a database")
    assert scene.front.read_bytes() == content
    scene.front.unlink()
    scene.deliver()
    whole(scene)


def test_a_database_that_is_not_t3000_s_is_left_as_it_is(scene: Scene) -> None:
    scene.other("CREATE TABLE letters (text)")
    blocked(scene, "is not T3000's, or not all of it is there: it lacks DEVICES.SerialNumber")
    assert scene.cells("SELECT name FROM sqlite_schema") == [("letters",)]


def test_a_table_that_vanishes_for_a_moment_is_waited_for(scene: Scene) -> None:
    scene.deliver()
    scene.other("ALTER TABLE INPUTS RENAME TO INPUTS_new")
    scene.put(change(5, at_ms=T0_MS + 500))
    blocked(scene, "no such table: INPUTS")
    blocked(scene, "lacks INPUTS.SerialNumber")
    scene.other("ALTER TABLE INPUTS_new RENAME TO INPUTS")
    scene.deliver()
    whole(scene)
    assert [row["fValue"] for row in scene.listed("INPUTS", 12345)] == ["2000"]


def test_a_folder_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    scene = Scene(tmp_path).opened()
    scene.front = tmp_path / "later" / "w.db"
    scene.webview_config = scene.webview_config.__class__(database=scene.front)
    scene.webview = scene.new_webview()
    scene.put(announced(), change(1))
    blocked(scene, "unable to open")
    scene.front.parent.mkdir()
    scene.deliver()
    whole(scene)
    scene.close()


# ------------------------------------------------------------------------------------------------------------ trouble


def test_a_locked_file_is_written_once_it_is_free(scene: Scene) -> None:
    scene.deliver()
    scene.put(change(1.5, at_ms=T0_MS + 500))
    other = apsw.Connection(str(scene.front))
    other.execute("BEGIN IMMEDIATE")
    for _ in range(3):
        blocked(scene, "BusyError")
    other.execute("COMMIT")
    other.close()
    scene.deliver()
    whole(scene)
    assert len(scene.logged("webview.opened")) == 1


def test_a_reader_does_not_hold_us_up_and_sees_none_of_a_transaction_or_all(scene: Scene) -> None:
    scene.deliver()
    reader = apsw.Connection(str(scene.front), flags=apsw.SQLITE_OPEN_READONLY)
    reader.execute("BEGIN")
    before = reader.execute("SELECT count(*) FROM TRENDLOG_DATA_DETAIL").get
    scene.put(change(2, at_ms=T0_MS + 1000))
    scene.deliver()
    assert reader.execute("SELECT count(*) FROM TRENDLOG_DATA_DETAIL").get == before
    reader.execute("COMMIT")
    assert reader.execute("SELECT count(*) FROM TRENDLOG_DATA_DETAIL").get == before + 1
    reader.close()


def test_a_full_disk_under_that_file_is_waited_out(scene: Scene) -> None:
    scene.deliver()
    connection = scene.webview._file._connection
    assert connection is not None
    connection.pragma("max_page_count", connection.pragma("page_count"))
    with pytest.raises(StoreError, match="No space left"):
        for number in range(1, 400):
            scene.put(*(change(n, at_ms=T0_MS + 1000 * number + n) for n in range(200)))
            scene.deliver()
    scene.deliver()
    whole(scene)


def test_a_file_that_is_opened_read_only_is_waited_for(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.deliver()
    scene.put(change(2, at_ms=T0_MS + 500))
    scene.webview.close()
    connect = apsw.Connection

    def read_only(path: str, flags: int = apsw.SQLITE_OPEN_READONLY) -> apsw.Connection:
        return connect(path, flags=flags)

    with monkeypatch.context() as patched:
        patched.setattr("t3actors.store.webview.file.apsw.Connection", read_only)
        with pytest.raises(StoreError, match="ReadOnlyError"):
            scene.deliver()
    scene.deliver()
    whole(scene)


def test_a_file_that_was_removed_is_waited_for_and_then_made_anew(scene: Scene) -> None:
    scene.deliver()
    for suffix in ("", "-wal", "-shm"):
        scene.front.with_name(scene.front.name + suffix).unlink(missing_ok=True)
    scene.put(change(2, at_ms=T0_MS + 1000))
    for later_s in (0.0, 5.0, 4.9):
        with pytest.raises(StoreUnreachable, match="was removed; one that comes back is waited for"):
            scene.deliver(later_s)
        assert not scene.front.exists()
    scene.deliver(0.1)
    assert scene.logged("webview.replaced") == [{"database": str(scene.front), "how": "removed"}]
    assert [line["created"] for line in scene.logged("webview.opened")] == [True, True]
    assert [row["fValue"] for row in scene.listed("INPUTS", 12345)] == ["2000"]


def test_a_file_that_comes_back_is_taken_up_at_once(scene: Scene) -> None:
    scene.deliver()
    aside = scene.front.with_name("aside")
    with apsw.Connection(str(scene.front)) as connection:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.close()
    scene.front.rename(aside)
    scene.put(change(2, at_ms=T0_MS + 1000))
    with pytest.raises(StoreUnreachable):
        scene.deliver()
    aside.rename(scene.front)
    scene.deliver()
    assert [row[2] for row in scene.details()] == ["1000", "2000"]


def test_the_log_of_a_file_that_took_the_place_of_ours_survives_our_closing(scene: Scene, tmp_path: Path) -> None:
    """SQLite deletes a -wal by its name: that of a successor must not go when we close the one that was moved away."""
    scene.deliver()
    for suffix in ("", "-wal", "-shm"):
        path = scene.front.with_name(scene.front.name + suffix)
        if path.exists():
            path.rename(tmp_path / f"moved{suffix}")
    program = (
        "import sqlite3, os, sys; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA journal_mode = wal');"
        "c.execute('CREATE TABLE t (x)'); c.execute('INSERT INTO t VALUES (42)'); c.commit(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", program, str(scene.front)], check=True)
    with pytest.raises(StoreUnreachable, match="is not T3000's"):
        scene.deliver()
    assert scene.cells("SELECT x FROM t") == [(42,)]


def successor(scene: Scene) -> Path:
    """Somebody's copy of T3000's file, whole and with no log of its own, that is not what we have in ours."""
    other = Scene(scene.front.parent / "copy")
    other.opened().put(announced([], device="b", serial=2))
    other.deliver()
    other.close()
    return other.front


@pytest.mark.parametrize("is_stopped", [False, True], ids=["we go on", "we are stopped"])
def test_what_our_log_holds_is_not_played_into_a_file_that_was_put_in_the_place_of_ours(
    scene: Scene, is_stopped: bool
) -> None:
    """A copy is put back, by a rename of that one file: ours leaves its -wal lying there, and SQLite asks nobody whose it is."""
    scene.deliver()
    copy = successor(scene)
    before = copy.read_bytes()
    aside = scene.front.with_name("aside")
    scene.front.rename(aside)
    copy.rename(scene.front)
    if is_stopped:
        scene.webview.close()
        assert scene.cells("SELECT SerialNumber FROM DEVICES") == [(2,)]
        assert scene.front.read_bytes() == before
    else:
        scene.deliver()
        assert sorted(scene.cells("SELECT SerialNumber FROM DEVICES")) == [(2,), (12345,)]
    assert scene.cells("PRAGMA integrity_check") == [("ok",)]
    with sqlite3.connect(aside) as old:
        assert old.execute("SELECT SerialNumber FROM DEVICES").fetchall() == [(12345,)]
    old.close()


def test_a_damaged_file_is_left_to_its_owner_and_our_own_goes_on(scene: Scene) -> None:
    scene.deliver()
    scene.webview.close()
    connection = apsw.Connection(str(scene.front))
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'INPUTS'").get
    connection.close()
    with scene.front.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xa5" * 4096)
    blocked(scene, "CorruptError")
    blocked(scene, "CorruptError")
    assert not list(scene.front.parent.glob("*damaged*"))


def test_the_transaction_of_one_who_was_given_up_on_is_not_committed(tmp_path: Path) -> None:
    file = WebviewFile(tmp_path / "w.db", 0.1)
    file.open()
    with pytest.raises(StoreError, match="given up on"):
        with file.transaction() as connection:
            connection.execute("INSERT INTO DEVICES (SerialNumber) VALUES (1)")
            file.give_up()
    file.close()
    other = WebviewFile(tmp_path / "w.db", 0.1)
    other.open()
    with other.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM DEVICES").get == 0
    other.close()
    with pytest.raises(StoreUnreachable, match="is not open"):
        with other.transaction():
            pass


def test_whether_another_connection_wrote_is_known(tmp_path: Path) -> None:
    file = WebviewFile(tmp_path / "w.db", 0.1)
    file.open()
    seen = []
    for other_writes in (False, False, True, False):
        if other_writes:
            other = apsw.Connection(str(tmp_path / "w.db"))
            other.execute("INSERT INTO DEVICES (SerialNumber) VALUES (1)")
            other.close()
        with file.transaction() as connection:
            seen.append(file.others_wrote())
            connection.execute("UPDATE APPLICATION_CONFIG SET description = 'x'")
    assert seen == [True, False, True, False]
    file.close()


def test_another_s_busy_moment_at_the_opening_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    other = apsw.Connection(str(path))
    other.execute(schema_sql())
    other.execute("BEGIN EXCLUSIVE")
    file = WebviewFile(path, 0.1)
    with pytest.raises(StoreBusy):
        file.open()
    assert not file.is_open
    other.execute("COMMIT")
    other.close()
    file.open()
    file.close()
