from __future__ import annotations

from pathlib import Path

from t3actors.store.probe import takes_another_file
from tests.store.disk import simulated_disk


def test_the_probe_leaves_nothing_behind(tmp_path: Path) -> None:
    assert takes_another_file(tmp_path / "t3actors.db")
    assert not takes_another_file(tmp_path / "nowhere" / "t3actors.db")
    assert list(tmp_path.iterdir()) == []


def test_one_that_succeeds_may_be_chance(tmp_path: Path) -> None:
    with simulated_disk() as disk:
        assert takes_another_file(tmp_path / "t3actors.db")
        disk.fail_after(disk.writes * 2 // 3, "EIO")
        assert not takes_another_file(tmp_path / "t3actors.db")
