from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from t3actors.errors import SchemaTooNew, StoreUnreachable
from t3actors.messages import EventHappened
from t3actors.points import Kind
from t3actors.store.reader import open_reader
from tests.store.building import T0_MS, House, announced, change, point


def test_a_reader_sees_what_a_running_writer_has_committed(house: House) -> None:
    house.put(announced([point(1, label="SAT"), point(1, Kind.OUTPUT)]), change(2**53 + 1))
    with open_reader(house.path) as reader:
        assert [(row.name, row.serial_number, row.points) for row in reader.devices()] == [("ahu-1", 12345, 2)]
        assert [(row.point_id, row.label, row.value) for row in reader.points()] == [
            ("IN1", "SAT", 2**53 + 1),
            ("OUT1", "", None),
        ]
        house.put(change(5, at_ms=T0_MS + 1))
        assert [(row.value, row.sampled_at) for row in reader.history("ahu-1", "IN1")] == [
            (2**53 + 1, T0_MS),
            (5, T0_MS + 1),
        ]


def test_a_device_without_a_serial_shows_none(house: House) -> None:
    house.put(announced(serial=None))
    with open_reader(house.path) as reader:
        assert reader.devices()[0].serial_number is None


def test_points_of_one_device(house: House) -> None:
    house.put(announced(), announced(device="b", serial=2))
    with open_reader(house.path) as reader:
        assert [row.name for row in reader.points("b")] == ["b"]
        assert [row.name for row in reader.points()] == ["ahu-1", "b"]
        assert reader.points("nobody") == []


@pytest.mark.parametrize(
    ("since", "until", "limit", "expected"), [(2, 4, 10, [2, 3, 4]), (0, 9, 2, [8, 9]), (5, 4, 9, [])]
)
def test_history_is_the_newest_of_a_time_oldest_first(
    house: House, since: int, until: int, limit: int, expected: list[int]
) -> None:
    house.put(announced(), *(change(n, at_ms=T0_MS + n) for n in range(10)))
    with open_reader(house.path) as reader:
        found = reader.history("ahu-1", "IN1", T0_MS + since, T0_MS + until, limit)
    assert [row.value for row in found] == expected


def test_events_of_all_or_of_one_device(house: House) -> None:
    house.put(
        announced(),
        EventHappened(at_ms=T0_MS, event="a"),
        EventHappened(at_ms=T0_MS + 1, event="b", device="ahu-1", point_id="IN1"),
    )
    with open_reader(house.path) as reader:
        assert [(row.event, row.name, row.point) for row in reader.events()] == [
            ("gateway.started", None, None),
            ("a", None, None),
            ("b", "ahu-1", "IN1"),
        ]
        assert [row.event for row in reader.events("ahu-1")] == ["b"]
        assert [row.event for row in reader.events(since_ms=T0_MS + 1)] == ["b"]


def test_the_gateway_reads_stopped_after_a_clean_stop(house: House) -> None:
    house.store.close()
    with open_reader(house.path) as reader:
        gateway = reader.gateway()
    assert gateway is not None
    assert (gateway.name, gateway.live, gateway.clean_stop) == ("test", False, True)


def test_a_reader_cannot_write(house: House) -> None:
    with open_reader(house.path) as reader, pytest.raises(apsw.ReadOnlyError):
        reader._connection.execute("DELETE FROM DEVICES")


READ = """
import sqlite3
import sys
from pathlib import Path
from t3actors.store.migrate import schema_files
from t3actors.store.reader import open_reader
import os
schema_files()
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
with open_reader(Path(sys.argv[1])) as reader:
    print(len(reader.points()))
print(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM POINTS").fetchone()[0])
"""


@pytest.mark.parametrize("stopped", [True, False])
def test_another_user_reads_what_he_may_not_write(tmp_path: Path, stopped: bool) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    house = House(folder).opened()
    house.put(announced())
    if stopped:
        house.store.close()
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)
    above = folder
    while os.getuid() == 0 and (above := above.parent) != above.parent and str(above) != "/tmp":
        above.chmod(0o755)
    try:
        done = subprocess.run(
            [sys.executable, "-c", READ, str(house.path)],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        folder.chmod(0o755)
        house.store.abandon_connection()
    assert done.stderr == ""
    assert done.stdout == "1\n1\n"  # by us, and by any tool


def test_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachable, match="no such database"):
        open_reader(tmp_path / "none.db")


def test_a_file_that_is_not_ours_is_said(tmp_path: Path) -> None:
    connection = apsw.Connection(str(tmp_path / "a.db"))
    connection.execute("CREATE TABLE mine (a)")
    connection.close()
    with pytest.raises(StoreUnreachable, match="not a t3actors database"):
        open_reader(tmp_path / "a.db")


def test_an_empty_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.db").touch()
    with pytest.raises(StoreUnreachable, match="empty"):
        open_reader(tmp_path / "a.db")


def test_a_newer_schema_is_said(house: House) -> None:
    house.rows("PRAGMA user_version = 77")
    with pytest.raises(SchemaTooNew, match="77"):
        open_reader(house.path)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["sat"], ["IN1"]),
        (["AHU-1/in1", "°C"], ["IN1"]),
        (["flow", "boiler"], ["OUT1"]),
        (["Außen"], ["OUT1"]),
        (["%"], []),
        (["ahu"], ["IN1", "OUT1"]),
        (["sat", "boiler"], []),
    ],
)
def test_points_are_found_by_words_in_their_name_labels_and_units(
    house: House, words: list[str], found: list[str]
) -> None:
    house.put(
        announced(
            [point(1, label="SAT", units="°C"), point(1, Kind.OUTPUT, label="Boiler Flow", full_label="Außenluft")]
        )
    )
    with open_reader(house.path) as reader:
        assert [row.point_id for row in reader.points(words=words)] == found
        assert [row.point_id for row in reader.points("nobody", words=words)] == []
