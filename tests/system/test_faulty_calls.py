"""T10 at the system's own calls: a disk that fails now and then in whatever it is asked, or takes nothing when the gateway starts.

SQLite makes other errors of a real EIO than a VFS of the tests would. All that is measured at length: `python -m benchmarks.disk_drills`.
"""

from __future__ import annotations

import errno
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from t3actors.simulator.plant import PlantSize, running_plant
from tests.system.disk_drill import POINTS, Judgement, Numbered, configuration, judge
from tests.system.faulty_calls import Calls, FaultyCalls
from tests.system.foreground import GatewayProcess, ask
from tests.waiting import until

pytestmark = pytest.mark.needs_cc

DATABASE = "*/data/t3actors.db*"
UNDER_WAY = 3 * POINTS
"""Samples of the polls that are under way at a stop."""


class Scene:
    """A gateway as a process of its own on a disk that does as it is told, over a panel whose answers are numbered."""

    def __init__(self, folder: Path, disk: FaultyCalls, panel: Numbered) -> None:
        self.disk, self.panel = disk, panel
        self.database = folder / "data" / "t3actors.db"
        self.log = folder / "drill.out"
        self._config = folder / "drill.toml"
        self._config.write_text(configuration(folder / "data", panel.port, "50ms"))
        self.gateway: GatewayProcess

    def start(self) -> None:
        self.gateway = GatewayProcess(self._config, environment=self.disk.environment)

    async def polls(self, more: int = 20) -> None:
        enough = len(self.panel.served) + more
        await until(lambda: len(self.panel.served) >= enough, what=self.gateway.complaint)

    async def stores(self) -> None:
        """Wait until what is served from now on is stored."""
        served = len(self.panel.served)
        newest = "SELECT MAX(value) FROM TRENDLOG_DATA"
        await until(lambda: max((row[0] or 0 for row in ask(self.database, newest)), default=0) > served)

    async def says(self, event: str) -> None:
        await until(lambda: self.gateway.said(event), what=event)

    def stop(self) -> Judgement:
        assert self.gateway.end(signal.SIGTERM) == 0, self.gateway.complaint
        return judge(self.database, self.panel, self.log)


@asynccontextmanager
async def scene_in(folder: Path) -> AsyncIterator[Scene]:
    async with running_plant(PlantSize(1, seed=5, tick_s=3600)) as plant:
        scene = Scene(folder, FaultyCalls(folder), Numbered(plant.servers[0]))
        scene.start()
        try:
            await scene.stores()
            yield scene
        finally:
            scene.gateway.__exit__()


def must_be_right(found: Judgement) -> None:
    assert found.wrong == []
    assert found.twice == 0
    assert found.integrity == "ok"
    assert found.set_aside == []
    assert found.events["child.exited"] == found.events["store.damaged"] == 0


async def test_calls_that_fail_now_and_then_set_no_sound_file_aside_and_lose_nothing_uncounted(tmp_path: Path) -> None:
    async with scene_in(tmp_path) as scene:
        scene.disk.fail(Calls.ALL, DATABASE, errno.EIO, share=50)
        await until(lambda: scene.disk.hits >= 5)
        await scene.polls()
        scene.disk.mend()
        await scene.stores()
        found = scene.stop()
        must_be_right(found)
        assert found.repeated or found.missing == found.counted


@pytest.mark.parametrize(
    ("calls", "error"),
    [(Calls.WRITE | Calls.TRUNCATE, errno.ENOSPC), (Calls.READ | Calls.OPEN, errno.EIO)],
    ids=["full", "unreadable"],
)
async def test_a_disk_that_takes_nothing_at_the_start_is_waited_for_and_what_was_let_go_is_counted(
    tmp_path: Path, calls: Calls, error: int
) -> None:
    async with scene_in(tmp_path) as scene:
        assert scene.gateway.end(signal.SIGTERM) == 0
        scene.disk.fail(calls, DATABASE if calls & Calls.READ else "*/data/*", error)
        scene.start()
        await scene.says("store.full" if error == errno.ENOSPC else "store.failing")
        await scene.polls()
        scene.disk.mend()
        await scene.says("store.recovered")
        await scene.stores()
        found = scene.stop()
        must_be_right(found)
        assert 0 < found.counted <= found.missing <= found.counted + UNDER_WAY
