"""kill -9 while history is packed, merged, archived and let go of. 100 of them: benchmarks/history_kills.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.store.history.living import faults_in


def killed_after(path: Path, batches: int) -> int:
    """Let it live for so many batches and kill it. **Returns**: the last batch that it said is committed."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.store.history.living", str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    last = -1
    for _ in range(batches):
        last = int(child.stdout.readline())
    child.kill()
    rest = child.stdout.read().split("\n")[:-1]
    child.wait()
    child.stdout.close()
    return int(rest[-1]) if rest else last


def test_nothing_is_lost_and_nothing_twice_when_it_is_killed_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "t3actors.db"
    for batches in (300, 77, 301):
        acknowledged = killed_after(path, batches)
        assert faults_in(path, acknowledged) == []
