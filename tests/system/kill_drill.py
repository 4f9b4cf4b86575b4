"""`kill -9` of a gateway under load, again and again, and what its file looks like after each. For test and benchmark."""

from __future__ import annotations

import shutil
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from t3actors.simulator.plant import Plant
from tests.system.foreground import GatewayProcess, ask, configuration
from tests.waiting import until

NEWEST = """
    SELECT name, point_id, value, MAX(sampled_at) FROM TRENDLOG_DATA GROUP BY name, point_id
"""
DUPLICATES = "SELECT series_id, logging_time, ms FROM samples GROUP BY 1, 2, 3 HAVING count(*) > 1"
EQUAL_NEIGHBOURS = """
    SELECT * FROM (
      SELECT series_id, logging_time, ms, value, status, LAG(value) OVER w AS before, LAG(status) OVER w AS status_before,
        LAG(logging_time * 1000 + ms) OVER w AS at_before
      FROM samples WINDOW w AS (PARTITION BY series_id ORDER BY logging_time, ms)
    ) WHERE status = status_before AND value IS before AND NOT EXISTS (
      SELECT 1 FROM EVENTS e WHERE e.event = 'gateway.started' AND e.at BETWEEN at_before AND logging_time * 1000 + ms
    )
"""
"""But for the first of each point after a start: what it was is not known to have held until then."""
NOT_OK = "SELECT event, point, reason FROM EVENTS WHERE event IN ('point.stale', 'point.down', 'point.fault', 'device.offline')"


@dataclass
class Kill:
    """What one `kill -9` left behind. Everything but the figures is empty in a file that is right."""

    samples: int = 0
    newest_before_kill_ms: float = 0.0
    integrity: list[str] = field(default_factory=list)
    duplicates: list[Any] = field(default_factory=list)
    equal_neighbours: list[Any] = field(default_factory=list)
    not_ok: list[Any] = field(default_factory=list)
    false_changes: list[Any] = field(default_factory=list)

    @property
    def faults(self) -> list[Any]:
        """All that is wrong."""
        broken = [line for line in self.integrity if line != "ok"]
        return [*broken, *self.duplicates, *self.equal_neighbours, *self.not_ok, *self.false_changes]


def freeze(plant: Plant) -> None:
    """Have every point of every panel keep its value."""
    for panel in plant.panels.values():
        for point_id in panel.point_ids:
            panel.set_raw(point_id, panel.raw(point_id))


def let_go(plant: Plant) -> None:
    """Have them all move again."""
    for panel in plant.panels.values():
        for point_id in panel.point_ids:
            panel.release(point_id)


class KillDrill:
    """One plant, one data directory, one gateway process after the other."""

    def __init__(self, plant: Plant, directory: Path, poll_interval: str = "50ms") -> None:
        self._plant = plant
        self._stored: dict[tuple[str, str], float] = {}
        self._newest_at_ms = 0
        self.database = directory / "data" / "t3actors.db"
        self._config = directory / "drill.toml"
        self._config.write_text(configuration(directory / "data", plant.listing(), poll_interval))

    async def once(self, more_samples: int) -> Kill:
        """Start on frozen values, look for false changes, let them move until so many are stored more, kill, look at the file."""
        kill = Kill()
        freeze(self._plant)
        with GatewayProcess(self._config) as gateway:
            kill.false_changes = await self._changes_after_start(gateway)
            let_go(self._plant)
            enough = self._samples() + more_samples
            await until(lambda: self._samples() >= enough)
            gateway.end(signal.SIGKILL)
            killed_ms = time.time() * 1000
        copy = self._copy()
        kill.samples = ask(copy, "SELECT count(*) FROM samples")[0][0]
        kill.newest_before_kill_ms = killed_ms - ask(copy, "SELECT MAX(logging_time * 1000 + ms) FROM samples")[0][0]
        kill.integrity = [row[0] for row in ask(copy, "PRAGMA integrity_check")]
        kill.duplicates = ask(copy, DUPLICATES)
        kill.equal_neighbours = ask(copy, EQUAL_NEIGHBOURS)
        kill.not_ok = ask(copy, NOT_OK)
        self._stored, self._newest_at_ms = (
            self._newest(copy),
            ask(copy, "SELECT MAX(sampled_at) FROM TRENDLOG_DATA")[0][0],
        )
        return kill

    def _copy(self) -> Path:
        """The file as the kill left it. To look at the file itself would recover it, which is for the next gateway to do."""
        copies = self.database.parent.parent / "copy"
        shutil.rmtree(copies, ignore_errors=True)
        copies.mkdir()
        for name in ("t3actors.db", "t3actors.db-wal"):
            shutil.copy(self.database.with_name(name), copies / name)
        return copies / "t3actors.db"

    async def _changes_after_start(self, gateway: GatewayProcess) -> list[Any]:
        """Samples that a start on still values has written though the value is the one that was stored before: beside one of each point,
        which says that it is known again, and that is no change."""
        panels = self._plant.panels
        await until(lambda: len(gateway.said("device.online")) == len(panels))
        await until(lambda: self._newest(self.database) == self._held(), what="what the panels hold is stored")
        polls = {name: self._plant.server_of(name).counts.answered + 30 for name in panels}
        await until(lambda: all(self._plant.server_of(name).counts.answered >= n for name, n in polls.items()))
        written = ask(
            self.database, "SELECT name, point_id, value FROM TRENDLOG_DATA WHERE sampled_at > ?", self._newest_at_ms
        )
        same = Counter(row for row in written if row[2] == self._stored.get((row[0], row[1])))
        moved = ask(
            self.database, "SELECT name, point_id, changed_at FROM POINTS WHERE changed_at > ?", self._newest_at_ms
        )
        again = {(name, point_id) for name, point_id, _ in same}
        return [
            *(row for row, times in same.items() if times > 1),
            *(row for row in moved if (row[0], row[1]) in again),
        ]

    def _samples(self) -> int:
        counted = ask(self.database, "SELECT count(*) FROM samples")
        return counted[0][0] if counted else 0

    def _newest(self, database: Path) -> dict[tuple[str, str], float]:
        return {(name, point_id): value for name, point_id, value, _ in ask(database, NEWEST)}

    def _held(self) -> dict[tuple[str, str], float]:
        return {
            (panel.name, point_id): panel.value(point_id)
            for panel in self._plant.panels.values()
            for point_id in panel.point_ids
        }
