"""A gateway process that fills T3000's file beside another program, killed again and again; and what the two files say. By hand:

python -m tests.system.webview_drill FOLDER KILLS [FILE]      FILE: T3000's own, to begin with
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import trio

from t3actors.simulator.plant import Plant, PlantSize, running_plant
from t3actors.store.webview.local_time import LocalTime
from tests.system.foreground import GatewayProcess, ask, configuration
from tests.system.kill_drill import freeze, let_go
from tests.system.other_writer import SERIAL
from tests.waiting import until

ZONE = "America/New_York"
SAMPLES = "SELECT serial_number, point_type, point_id, value, logging_time FROM TRENDLOG_DATA WHERE status = 'ok'"
DETAILS = (
    "SELECT p.SerialNumber, p.PointType, p.PointId, d.Value, d.LoggingTime_Fmt FROM TRENDLOG_DATA_DETAIL d"
    f" JOIN TRENDLOG_DATA p ON p.id = d.ParentId WHERE p.SerialNumber <> {SERIAL}"
)
ALL_DETAILS = "SELECT count(*) FROM TRENDLOG_DATA_DETAIL"
STATES = "SELECT serial_number, point_type, point_id, CAST(round(value * 1000) AS INTEGER) FROM POINTS WHERE sampled_at IS NOT NULL"
ROWS = " UNION ALL ".join(
    f"SELECT SerialNumber, '{table[:-1]}', {table[:-1].title()}Id, CAST(fValue AS INTEGER) FROM {table} WHERE fValue IS NOT NULL"
    for table in ("INPUTS", "OUTPUTS", "VARIABLES")
)
ORPHANS = "SELECT 'orphan', rowid FROM TRENDLOG_DATA_DETAIL WHERE ParentId NOT IN (SELECT id FROM TRENDLOG_DATA)"
SPLIT = "SELECT 'split', SerialNumber, PointId FROM TRENDLOG_DATA GROUP BY 2, 3, PanelId, PointType HAVING count(*) > 1"
THEIRS = f"SELECT count(*) FROM TRENDLOG_DATA_DETAIL d JOIN TRENDLOG_DATA p ON p.id = d.ParentId WHERE p.SerialNumber = {SERIAL}"


class WebviewDrill:
    """One plant, one data directory, one file of T3000's."""

    def __init__(self, plant: Plant, folder: Path, poll_interval: str = "50ms") -> None:
        self.plant = plant
        self.database = folder / "data" / "t3actors.db"
        self.front = folder / "webview_t3_device.db"
        self.config = folder / "drill.toml"
        toml = configuration(folder / "data", plant.listing(), poll_interval)
        toml = toml.replace("[defaults]", f'time_zone = "{ZONE}"\n\n[defaults]')
        self.config.write_text(f'{toml}\n[store.webview]\ndatabase = "{self.front}"\nbusy_timeout = "100ms"\n')

    def count(self) -> int:
        """Samples in our own database."""
        rows = ask(self.database, "SELECT count(*) FROM samples")
        return rows[0][0] if rows else 0

    async def begun(self) -> None:
        """Have the file made while no value moves. What a slow start has in store for a new file twice in one second is there once."""
        freeze(self.plant)
        with GatewayProcess(self.config) as gateway:
            await until(lambda: self.count() > 0 and ask(self.front, ALL_DETAILS) == [(self.count(),)])
            assert gateway.end(signal.SIGTERM) == 0, gateway.complaint
        let_go(self.plant)

    async def killed_after(self, more_samples: int) -> None:
        """Run until so many samples more are stored, and kill -9."""
        with GatewayProcess(self.config) as gateway:
            enough = self.count() + more_samples
            await until(lambda: self.count() >= enough)
            gateway.end(signal.SIGKILL)

    async def stopped_after(self, more_samples: int) -> GatewayProcess:
        """Run until so many samples more are stored and all is delivered, and stop in order."""
        with GatewayProcess(self.config) as gateway:
            enough = self.count() + more_samples
            await until(lambda: self.count() >= enough)
            assert gateway.end(signal.SIGTERM) == 0, gateway.complaint
        return gateway

    def faults(self) -> list[Any]:
        """All in which T3000's file differs from ours."""
        return differences(self.database, self.front, ZONE)


def differences(database: Path, front: Path, zone: str) -> list[Any]:
    """All in which T3000's file differs from ours, but for what the other program wrote."""
    times = LocalTime(zone)
    ours = Counter(
        (serial, kind, point, str(round(value * 1000)), times.text(at_s))
        for serial, kind, point, value, at_s in ask(database, SAMPLES)
    )
    theirs = Counter(ask(front, DETAILS))
    states = Counter(ask(front, ROWS))
    found: list[Any] = [("lost", row, count) for row, count in (ours - theirs).items()]
    found += [("doubled", row, count) for row, count in (theirs - ours).items()]
    found += [("state", row) for row in set(ask(database, STATES)) ^ set(states)]
    found += [("twice", row) for row, count in states.items() if count > 1]
    found += ask(front, ORPHANS) + ask(front, SPLIT)
    found += [("integrity", row) for (row,) in ask(front, "PRAGMA integrity_check") if row != "ok"]
    return found


@contextmanager
def other_writer(front: Path, hold_s: float) -> Iterator[list[int]]:
    """T3000's program at work. **Returns**: a list that holds, at the end, how many details it wrote."""
    written: list[int] = []
    with subprocess.Popen(
        [sys.executable, "-m", "tests.system.other_writer", str(front), str(hold_s)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        try:
            yield written
        finally:
            told, _ = process.communicate()
            written += [int(line) for line in told.split()]


async def _by_hand(folder: Path, kills: int, begin_with: Path | None) -> None:
    async with running_plant(PlantSize(4, seed=5, tick_s=0.05)) as plant:
        drill = WebviewDrill(plant, folder)
        if begin_with is not None:
            shutil.copy(begin_with, drill.front)
        if begin_with is None:
            await drill.begun()
        await drill.stopped_after(100)
        with other_writer(drill.front, 0.4) as written:
            for number in range(kills):
                await drill.killed_after(random.randrange(50, 1500))
                print(number, drill.count(), flush=True)
        await drill.stopped_after(100)
        print("samples", drill.count(), "other's", written, ask(drill.front, THEIRS), "faults", drill.faults()[:10])


if __name__ == "__main__":
    trio.run(_by_hand, Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)
