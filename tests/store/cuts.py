"""A store that lives fast on a disk that loses its power again and again; what each cut leaves, and whether that is right.

Batch k is told at `at(k)`, and its three points have the value k. In one life of some days rows are packed, merged, archived and let
go of, a step or two between two batches. A cut is not the end of a life: it is a picture of what the disk would hold, taken
before some write, truncation or sync. The next life begins on one of them. For tests/store/test_power.py and benchmarks/power_cuts.py.
"""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

import apsw

from t3actors.config import Durability, StoreConfig
from t3actors.events import silent
from t3actors.messages import PointsChanged
from t3actors.store.migrate import schema_files
from t3actors.store.reader import open_reader
from t3actors.store.store import Store
from tests.store.building import announced, change, point
from tests.store.disk import simulated_disk
from tests.store.power import PowerDisk

NEWEST = len(schema_files())
T0_MS = 1_794_960_000_000
BATCH_MS = 3000
HOUR_MS = 3_600_000
PER_HOUR = 6  # batches, at its beginning; then nothing happens
RECENT_S, RAW_S = 3 * 3600.0, 26 * 3600.0
LOSES_AT_MOST_MS = {"full": 0, "normal": 20_000}
"""docs/operating.md. What is committed just behind a synced commit waits for the next batch but one, 10 s apart where little happens."""
POINTS = ("IN1", "IN2", "IN3")


def at(number: int) -> int:
    """When batch `number` is told."""
    return T0_MS + number // PER_HOUR * HOUR_MS + number % PER_HOUR * BATCH_MS


@dataclass(frozen=True)
class Cut:
    """What the disk holds after it, what was acknowledged before it, and when it was."""

    files: dict[str, bytes]
    acknowledged: int
    now_ms: int
    doing: str

    def must_have(self, durability: Durability) -> int:
        """The newest batch that must be there."""
        return max(
            (k for k in range(self.acknowledged + 1) if at(k) + LOSES_AT_MOST_MS[durability] <= self.now_ms), default=-1
        )


class Lives:
    """One file through all its lives."""

    def __init__(self, folder: Path, pick: Random, durability: Durability) -> None:
        self.path = folder / "t3actors.db"
        self.durability = durability
        self._pick = pick
        self._cuts: list[Cut] = []
        self._chance = 0.0
        self._acknowledged = -1
        self._now_ms = at(0)
        self._doing = ""

    def live(self, batches: int, cuts: int) -> list[Cut]:
        """Live for so long, under about so many cuts, evenly strewn."""
        self._cuts = []
        self._chance = cuts / (batches * 16)
        disk = PowerDisk(lambda: self._pick.random() < self._chance, self._taken, self._pick)
        self._acknowledged = newest_in(self.path)
        with simulated_disk(disk):
            config = StoreConfig(
                database=self.path, min_free_bytes=0, recent_s=RECENT_S, raw_s=RAW_S, durability=self.durability
            )
            self._doing = "opening"
            store = Store(config, "lives", "0", "boot", silent, lambda: self._now_ms, clock_trusted=True)
            store._syncing.now_s = lambda: self._now_ms / 1000
            first = self._acknowledged + 1
            self._now_ms = at(first)
            if store.open(lambda _checked: None):
                raise AssertionError("the file was taken for damaged")
            for number in range(first, first + batches):
                self._tell(store, number, described=number == first)
            store.abandon_connection()
        return self._cuts

    def begin_on(self, cut: Cut) -> None:
        """Have the next life begin on what this cut left."""
        lay(cut.files, self.path.parent)

    def _tell(self, store: Store, number: int, *, described: bool) -> None:
        if (
            number % PER_HOUR == 0 and not described
        ):  # a life that begins with the hour has no time before it: its clock never goes back
            self._doing = "beating"
            self._now_ms += 10_000  # the detector closes a batch every 10 s, with or without a change
            store.store(PointsChanged(incarnation=number, batch_no=2, at_ms=self._now_ms, items=()))
            self._tidy(store, 2)
            self._now_ms += 20_000
            store.heartbeat()
        self._now_ms = at(number)
        self._doing = "storing"
        items = [change(number, point_id, at_ms=self._now_ms + which) for which, point_id in enumerate(POINTS)]
        first = [announced([point(1), point(2), point(3)])] if described else []
        batch = PointsChanged(incarnation=number + 1, batch_no=1, at_ms=self._now_ms, items=(*first, *items))
        store.store(batch)
        self._acknowledged = number
        assert store.store(batch).rows == 0  # sent again: acknowledged, not stored twice
        self._tidy(store, 3)

    def _tidy(self, store: Store, steps: int) -> None:
        tidying = store.tidying
        assert tidying is not None
        for _ in range(steps):
            tidying._look_again_s = 0.0
            self._doing = "tidying" if tidying._job is None else getattr(tidying._job, "__name__", "tidying")
            store.tidy(0.0)

    def _taken(self, files: dict[str, bytes]) -> None:
        self._cuts.append(Cut(files, self._acknowledged, self._now_ms, self._doing))


def lay(files: dict[str, bytes], folder: Path) -> Path:
    """Put what a cut left into a folder, and nothing else. **Returns**: the database."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, octets in files.items():
        (folder / name).write_bytes(octets)
    return folder / "t3actors.db"


def newest_in(path: Path) -> int:
    """The number of the newest batch in the file; -1 for none."""
    if not path.exists():
        return -1
    with closing(apsw.Connection(str(path))) as connection:
        if connection.pragma("user_version") < NEWEST:
            return -1  # it was made just now
        newest = connection.execute("SELECT MAX(value) FROM TRENDLOG_ALL").get
    return -1 if newest is None else int(newest)


def faults_after(cut: Cut, path: Path, durability: Durability) -> list[str]:
    """What is wrong with the file that a cut left, laid at `path`: in the views, and as the gateway itself reads."""
    found = []
    with closing(apsw.Connection(str(path))) as connection:
        check = connection.execute("PRAGMA integrity_check").get
        if check != "ok":
            return [f"integrity_check: {check}"]
        if connection.pragma("user_version") < NEWEST:
            return [] if cut.must_have(durability) < 0 else ["the tables are missing"]
        newest = newest_in(path)
        if newest < cut.must_have(durability):
            found.append(
                f"batch {cut.must_have(durability)} of {cut.acknowledged} must be there; the newest is {newest}"
            )
        shown = Counter(connection.execute("SELECT point_id, sampled_at, value FROM TRENDLOG_ALL").fetchall())
        hours = Counter(connection.execute("SELECT point_id, logging_time FROM TRENDLOG_HOURLY").fetchall())
    found += [f"hour twice: {hour}" for hour, count in hours.items() if count > 1]
    found += _wrong("the view", shown, newest, cut.now_ms)
    if newest >= 0:
        with open_reader(path) as reader:
            rows = [row for point_id in POINTS for row in reader.history("ahu-1", point_id, limit=100_000)]
        found += _wrong(
            "the reader", Counter((row.point_id, row.sampled_at, row.value) for row in rows), newest, cut.now_ms
        )
    return found


def _wrong(who: str, seen: Counter[tuple[object, ...]], newest: int, now_ms: int) -> list[str]:
    told = {(point_id, at(k) + n, k) for k in range(newest + 1) for n, point_id in enumerate(POINTS)}
    kept = {row for row in told if row[1] > now_ms - RAW_S * 1000}
    wrong = {
        "twice": [row for row, count in seen.items() if count > 1],
        "lost": sorted(kept - set(seen)),
        "strange": [row for row in seen if row not in told],
    }
    return [f"{who}: {what}: {len(rows)}: {rows[:3]}" for what, rows in wrong.items() if rows]
