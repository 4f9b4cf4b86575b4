"""T10: the disk is full, fails, is read-only or rots under the whole gateway: it polls on, says so once, lets go of no more than
it counts, sets aside what is damaged and nothing else, and is well again by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from t3actors.points import Rules
from t3actors.simulator.modbus_server import ModbusServer
from t3actors.simulator.plant import PlantSize, running_plant
from t3actors.store import connection, failing, writer
from t3actors.watch import health
from tests.store.disk import Disk, simulated_disk
from tests.system.house import House, config_of, gateway_running, listed
from tests.waiting import until

POINTS, BATCH_ROWS = 10, 20
MOST_WAITING = 11 * BATCH_ROWS + 2 * POINTS + 10
"""A batch in flight and ten behind it; two changes of each point, and what concerns the device itself."""
EACH_POLL = Rules(poll_interval_s=0.05, stale_after=200, down_after=400, trend="always")

FAULTS: dict[str, tuple[Callable[[Disk], object], str, str]] = {
    "ENOSPC": (Disk.fill_up, "store.full", "No space left on device"),
    "EIO": (lambda disk: disk.fail("write"), "store.failing", "Input/output error"),
    "mounted read-only": (lambda disk: setattr(disk, "read_only", True), "store.full", "Read-only file system"),
}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "RETRY_S", 0.05)
    monkeypatch.setattr(writer, "FAILING_RETRY_S", 0.05)
    monkeypatch.setattr(health, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(connection, "CACHE_KIB", 1)  # what lies on the disk is read from it


class Scene:
    """A gateway that polls a panel whose values move, on a disk that does as it is told."""

    def __init__(self, house: House, disk: Disk, panel: ModbusServer) -> None:
        self.house = house
        self.disk = disk
        self.panel = panel

    @property
    def store(self) -> Any:
        report = self.house.gateway.board.report
        assert report is not None
        return report.store

    async def store_is(self, state: str) -> None:
        """Wait until health says so; its first report is there a moment after the start."""
        await until(lambda: self.house.gateway.board.report is not None and self.store.state == state, what=state)

    async def polls(self, more: int = 20) -> None:
        """Wait until the panel was asked so often again."""
        enough = self.panel.counts.answered + more
        await until(lambda: self.panel.counts.answered >= enough)

    async def stores(self) -> None:
        """Wait until samples are stored that are newer than all that are there."""
        self.house.let_go()  # there may be another file under that name now
        newest = self._newest()
        await until(lambda: self._newest() > newest)
        await until(lambda: self.house.point_statuses("ahu-1") == {"ok"})

    def _newest(self) -> int:
        try:
            return self.house.one("SELECT MAX(sampled_at) FROM TRENDLOG_DATA") or 0
        except apsw.Error:  # a new file is being made
            self.house.let_go()
            return 0

    def is_sound(self) -> bool:
        twice = "SELECT 1 FROM samples GROUP BY series_id, logging_time, ms HAVING count(*) > 1"
        return self.house.one("PRAGMA integrity_check") == "ok" and self.house.rows(twice) == []

    def set_aside(self) -> list[str]:
        return [path.name for path in self.house.database.parent.glob("*.damaged-*[Z0-9]")]


@asynccontextmanager
async def scene_on(folder: Path, disk: Disk, **store: Any) -> AsyncIterator[Scene]:
    async with running_plant(PlantSize(1, seed=5, tick_s=0.02)) as plant:
        server = plant.servers[0]
        with simulated_disk(disk):
            panel = listed("ahu-1", server.port, inputs=POINTS, rules=EACH_POLL)
            config = config_of([panel], folder, batch_rows=BATCH_ROWS, **store)
            async with gateway_running(config) as house:
                yield Scene(house, disk, server)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_disk_that_takes_nothing_costs_no_poll_and_is_over_when_it_is_over(tmp_path: Path, fault: str) -> None:
    begin, event, words = FAULTS[fault]
    async with scene_on(tmp_path, Disk()) as scene:
        log = scene.house.log
        await scene.stores()
        begin(scene.disk)
        await until(lambda: log.of("changes.coalesced") != [])
        await scene.polls()
        await scene.store_is("blocked")
        assert words in scene.store.reason
        (said,) = log.of(event)
        assert words in str(said["reason"])
        report = scene.house.gateway.board.report
        assert report is not None
        assert 0 < report.pending_changes <= MOST_WAITING
        assert report.devices == {"online": 1}

        scene.disk.mend()
        await scene.store_is("ok")
        await until(lambda: log.of("changes.caught_up") != [])
        await scene.stores()
        assert len(log.of(event)) == len(log.of("store.recovered")) == 1
        assert log.of("changes.caught_up")[0]["lost_samples"] > 0  # type: ignore[operator]
        assert log.of("child.exited") == log.of("store.damaged") == []
        assert scene.set_aside() == []
        assert scene.is_sound()


async def test_a_sync_that_fails_is_a_disk_that_fails(tmp_path: Path) -> None:
    async with scene_on(tmp_path, Disk(), durability="full") as scene:
        await scene.stores()
        scene.disk.fail("sync")
        await until(lambda: scene.house.log.of("store.failing") != [])
        await scene.polls()
        scene.disk.mend()
        await until(lambda: scene.house.log.of("store.recovered") != [])
        await scene.stores()
        assert scene.set_aside() == scene.house.log.of("child.exited") == []
        assert scene.is_sound()


async def test_a_file_that_alone_goes_on_failing_is_set_aside_and_a_new_one_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failing, "PATIENCE_S", 0.3)
    async with scene_on(tmp_path, Disk()) as scene:
        await scene.stores()
        scene.disk.fail("write", only=scene.house.database.name + "-wal")
        await until(lambda: scene.house.log.of("store.damaged") != [])
        await scene.store_is("ok")
        await scene.stores()
        assert "another file can be written there" in str(scene.house.log.of("store.damaged")[0]["reason"])
        assert len(scene.set_aside()) == 1
        assert scene.house.log.of("child.exited") == []


async def test_a_whole_disk_that_goes_on_failing_is_waited_for_however_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failing, "PATIENCE_S", 0.0)
    async with scene_on(tmp_path, Disk()) as scene:
        await scene.stores()
        scene.disk.fail("write")
        await until(lambda: scene.house.log.of("store.failing") != [])
        await refuses_more(scene.disk)
        # Mended between a try of the file and the try of the disk that follows, it would be a file that fails alone.
        monkeypatch.setattr(failing, "PATIENCE_S", 60.0)
        await refuses_more(scene.disk)
        scene.disk.mend()
        await scene.stores()
        assert scene.set_aside() == scene.house.log.of("store.damaged") == []


async def refuses_more(disk: Disk) -> None:
    """Wait until it has refused some more writes."""
    enough = disk.refused + 20
    await until(lambda: disk.refused > enough)


async def test_a_page_that_rots_in_mid_run_costs_the_file_and_not_the_gateway(tmp_path: Path) -> None:
    async with scene_on(tmp_path, Disk()) as scene:
        await scene.stores()
        scene.disk.rot()
        await until(lambda: scene.house.log.of("store.damaged") != [])
        await scene.stores()
        (line,) = scene.house.log.of("store.damaged")
        assert scene.set_aside() == [Path(str(line["set_aside"])).name]
        assert scene.house.log.of("child.exited") == []
        assert scene.is_sound()


async def test_a_page_that_is_damaged_at_the_start_costs_the_file_and_not_the_gateway(tmp_path: Path) -> None:
    async with scene_on(tmp_path, Disk()) as scene:
        await scene.stores()
        database = scene.house.database
    with database.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xa5" * 4096)
    async with scene_on(tmp_path, Disk()) as scene:
        await scene.stores()
        assert len(scene.house.log.of("store.damaged")) == len(scene.set_aside()) == 1
        assert scene.house.log.of("child.exited") == []


@pytest.mark.parametrize("fault", ["ENOSPC", "EIO"])
async def test_a_disk_that_takes_nothing_at_the_start_is_waited_for(tmp_path: Path, fault: str) -> None:
    begin, event, _ = FAULTS[fault]
    disk = Disk()
    begin(disk)
    async with scene_on(tmp_path, disk) as scene:
        await until(lambda: scene.house.log.of(event) != [])
        await scene.polls()
        assert len(scene.house.log.of(event)) == 1
        disk.mend()
        await scene.store_is("ok")
        await scene.stores()
        assert len(scene.house.log.of("store.recovered")) == 1
        assert scene.house.log.of("child.exited") == []


async def test_a_sector_that_cannot_be_read_at_the_start_costs_the_file_after_a_while_and_not_the_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failing, "PATIENCE_S", 0.3)
    async with scene_on(tmp_path, Disk()) as scene:
        await scene.stores()
    disk = Disk()
    disk.fail("read", only="/t3actors.db")
    async with scene_on(tmp_path, disk) as scene:
        await until(lambda: scene.house.log.of("store.failing") != [])
        await scene.polls()
        await scene.stores()
        assert len(scene.house.log.of("store.damaged")) == len(scene.set_aside()) == 1
        assert scene.house.log.of("child.exited") == []
