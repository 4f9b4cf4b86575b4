from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from t3actors.errors import StoreDamaged
from t3actors.store.log_head import LogHead

FRAME = 24 + 4096


class Scene:
    """A database whose log grows, as nobody folds it in by himself."""

    def __init__(self, folder: Path) -> None:
        self.wal = folder / "a.db-wal"
        self.connection = apsw.Connection(str(folder / "a.db"))
        for pragma in ("page_size = 4096", "journal_mode = WAL", "wal_autocheckpoint = 0"):
            self.connection.execute(f"PRAGMA {pragma}").fetchall()
        self.connection.execute("CREATE TABLE t (a)")
        self.log_head = LogHead(self.wal)

    def write(self) -> None:
        self.connection.execute("INSERT INTO t VALUES (zeroblob(20000))")

    def check(self) -> None:
        self.log_head.check(self.connection)

    def has_a_hole_from(self, at: int) -> None:
        size = self.wal.stat().st_size
        os.truncate(self.wal, at)
        os.truncate(self.wal, size)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    scene.write()
    yield scene
    scene.connection.close(True)


def test_a_log_that_grows_is_folded_in_and_begun_again_has_all_that_was_written(scene: Scene) -> None:
    for statement in ("SELECT 1", "PRAGMA wal_checkpoint(RESTART)", "PRAGMA wal_checkpoint(TRUNCATE)"):
        scene.check()
        scene.connection.execute(statement).fetchall()
        scene.check()
        scene.write()
        scene.check()


@pytest.mark.parametrize("left", [0, 32, 32 + FRAME])
def test_a_log_that_was_cut_lacks_something(scene: Scene, left: int) -> None:
    scene.check()
    size = scene.wal.stat().st_size
    os.truncate(scene.wal, left)
    with pytest.raises(StoreDamaged, match=f"{left} bytes are left of {size}"):
        scene.check()


@pytest.mark.parametrize("at", [0, 32 + FRAME])
def test_a_log_that_has_a_hole_lacks_something(scene: Scene, at: int) -> None:
    scene.check()
    scene.has_a_hole_from(at)
    with pytest.raises(StoreDamaged, match="it has a hole"):
        scene.check()


def test_a_tail_that_was_never_written_is_no_hole(scene: Scene) -> None:
    """A power cut may leave one: SQLite takes the log to end before it, and writes on there."""
    os.truncate(scene.wal, scene.wal.stat().st_size + 20 * FRAME)
    for _ in range(8):
        scene.check()
        scene.write()
    scene.check()
    os.truncate(scene.wal, 32 + FRAME)
    with pytest.raises(StoreDamaged, match="cut short"):
        scene.check()
