"""A gateway as a process of its own over a panel that counts its polls, and what became of them. For tests and benchmark.

Each answer of the panel has a number that no other has, in each of its points: so what was served, what is stored, and what is missing
can be told apart sample by sample, whatever happened to the disk meanwhile.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import apsw

from t3actors.simulator.frames import Request
from t3actors.simulator.modbus_server import ModbusServer
from t3actors.simulator.panel import SimulatedPanel

POINTS = 10
FIRST_INPUT = 7484  # the register of IN1's value
PATIENCE = "60s"  # a poll that timed out on a busy machine would be missing, and no fault of the disk
STAMP_SLACK_MS = 5000  # between an answer and the stamp of its sample, on a machine that is busy


def configuration(
    data_dir: Path, port: int, poll_interval: str = "100ms", batch_rows: int = 100, durability: str = "normal"
) -> str:
    """TOML for that panel: each poll is stored, and soon; few rows wait in memory."""
    points = "".join(
        f'[[devices.points]]\nid = "IN{place + 1}"\nkind = "input"\nregister = {FIRST_INPUT + 2 * place}\ntype = "int32"\n'
        for place in range(POINTS)
    )
    return f"""
[gateway]
name = "drill"
data_dir = "{data_dir}"

[defaults]
poll_interval = "{poll_interval}"
stale_after = 200
down_after = 200
trend = "always"

[store]
batch_rows = {batch_rows}
batch_age = "200ms"
min_free = "0B"
durability = "{durability}"

[[devices]]
name = "ahu-1"
protocol = "modbus"
address = "127.0.0.1:{port}"
unit_id = 1
timeout = "{PATIENCE}"
{points}"""


class Numbered:
    """A panel whose answers are numbered. `served`: when each number was first handed out, Unix milliseconds."""

    def __init__(self, server: ModbusServer) -> None:
        self.port = server.port
        self.served: dict[int, int] = {}
        (panel,) = server.panels
        assert isinstance(panel, SimulatedPanel)
        self._panel = panel
        answer = server.answer

        def numbered(request: Request) -> bytes | None:
            number = len(self.served) + 1
            for place in range(POINTS):
                panel.set_raw(f"IN{place + 1}", number)
            self.served[number] = time.time_ns() // 1_000_000
            return answer(request)

        server.answer = numbered  # type: ignore[method-assign]

    @property
    def longest_pause_ms(self) -> int:
        """The longest time between two polls."""
        stamps = list(self.served.values())
        return max((after - before for before, after in pairwise(stamps)), default=0)


@dataclass
class Judgement:
    """What became of the polls from the first to the last that is stored. Samples, all of them."""

    stored: int = 0
    missing: int = 0
    counted: int = 0
    repeated: int = 0
    """Lines that sum up others, and do not say how many samples those counted."""
    behind: int = 0
    """Polls served after the last that is stored."""
    wrong: list[str] = field(default_factory=list)
    twice: int = 0
    integrity: str = ""
    events: Counter[str] = field(default_factory=Counter)
    set_aside: list[str] = field(default_factory=list)


def judge(database: Path, panel: Numbered, log: Path) -> Judgement:
    """Compare the samples of this database, and of those that were set aside beside it, with what the panel served."""
    found = Judgement()
    aside = sorted(
        path for path in database.parent.glob(f"{database.name}.*-*Z*") if not path.name.endswith(("-wal", "-shm"))
    )
    found.set_aside = [path.name for path in aside]
    seen: Counter[tuple[str, int]] = Counter()
    for file in (*aside, database):
        try:
            rows = _samples(file)
        except apsw.Error as error:
            found.wrong.append(f"{file.name}: {error}")
            continue
        for point, value, at_ms in rows:
            served_ms = panel.served.get(int(value))
            if served_ms is None or not -50 <= at_ms - served_ms <= STAMP_SLACK_MS:
                found.wrong.append(f"{file.name}: {point} at {at_ms} = {value:g}, served at {served_ms}")
            seen[point, int(value)] += 1
    found.stored = len(seen)
    found.twice = sum(count - 1 for count in seen.values())
    numbers = [number for _, number in seen]
    if numbers:
        found.behind = len(panel.served) - max(numbers)
        found.missing = (max(numbers) - min(numbers) + 1) * POINTS - len(seen)
    found.integrity = _integrity(database)
    for line in log.read_text().split("\n")[:-1]:
        said = json.loads(line)
        found.events[said["event"]] += 1
        found.repeated += "repeated" in said
        found.counted += said.get("lost_samples", 0) if said["event"] in {"store.recovered", "changes.caught_up"} else 0
    return found


def _samples(file: Path) -> list[tuple[Any, ...]]:
    connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        return connection.execute(
            "SELECT point_id, value, sampled_at FROM TRENDLOG_DATA WHERE value IS NOT NULL"
        ).fetchall()
    finally:
        connection.close()


def _integrity(file: Path) -> str:
    try:
        connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READWRITE)
    except apsw.Error as error:
        return str(error)
    try:
        return str(connection.execute("PRAGMA integrity_check").get)
    except apsw.Error as error:
        return str(error)
    finally:
        connection.close()
