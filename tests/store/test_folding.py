from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from t3actors.errors import StoreFailing
from t3actors.store import folding
from t3actors.store.folding import Folding
from tests.store.disk import simulated_disk
from tests.system.house import RecordedLog


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "GROWS_BYTES", 50_000)
    monkeypatch.setattr(folding, "SAID_BYTES", 100_000)


class Scene:
    """A database whose log grows, as nobody folds it in by himself."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "a.db"
        self.log = RecordedLog()
        self.folding = Folding(self.path, self.log, lambda: "grafana (process 7)")
        self.connection = apsw.Connection(str(self.path))
        for pragma in ("journal_mode = WAL", "wal_autocheckpoint = 0", "journal_size_limit = 0"):
            self.connection.execute(f"PRAGMA {pragma}").fetchall()
        self.connection.execute("CREATE TABLE t (a)")

    def write(self, octets: int) -> None:
        self.connection.execute("INSERT INTO t VALUES (zeroblob(?))", (octets,))

    def look(self) -> None:
        self.folding.look(self.connection)

    @property
    def folded(self) -> int:
        return self.path.stat().st_size


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_a_log_that_has_grown_is_folded_in_and_a_small_one_left_alone(scene: Scene) -> None:
    scene.write(20_000)
    scene.look()
    assert scene.folded <= 8192
    scene.write(40_000)
    scene.look()
    assert scene.folded > 60_000
    assert scene.log.lines == []


def test_a_reader_that_keeps_the_log_from_being_folded_in_is_named_once_and_again_when_it_begins_anew(
    scene: Scene,
) -> None:
    reader = apsw.Connection(str(scene.path), flags=apsw.SQLITE_OPEN_READONLY)
    for round_no in range(2):
        reader.execute("BEGIN; SELECT count(*) FROM t").fetchall()
        for _ in range(3):
            scene.write(60_000)
            scene.look()
        assert len(scene.log.of("store.log_grows", held_by="grafana (process 7)")) == round_no + 1
        reader.execute("COMMIT")
        scene.look()
        scene.write(1)  # the log is begun again, and cut to its limit
        scene.look()
    reader.close()


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="Linux only")
def test_a_reader_of_this_gateway_is_named_as_that(scene: Scene) -> None:
    scene.folding = Folding(scene.path, scene.log)
    reader = apsw.Connection(str(scene.path), flags=apsw.SQLITE_OPEN_READONLY)
    reader.execute("BEGIN; SELECT count(*) FROM t").fetchall()
    scene.write(120_000)
    scene.look()
    assert len(scene.log.of("store.log_grows", held_by=folding.OURS)) == 1
    reader.close()


def test_a_database_that_takes_no_pages_is_a_disk_that_fails(tmp_path: Path) -> None:
    """SQLite folds the log in by itself, and says nothing where it cannot: it would grow for ever."""
    with simulated_disk() as disk:
        scene = Scene(tmp_path)
        scene.write(120_000)
        disk.fail("write", only="/a.db")
        with pytest.raises(StoreFailing, match="Input/output error"):
            scene.look()
        disk.mend()
        scene.look()
        scene.connection.close()


def test_a_log_that_lies_nowhere_is_none_of_its_business(scene: Scene) -> None:
    scene.write(120_000)
    Path(f"{scene.path}-wal").unlink()
    scene.look()
    assert scene.log.lines == []
