"""A store that lives through hours of a building, and what it was told, to compare with what it shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw

from t3actors.points import Status
from t3actors.store.reader import Reader, open_reader
from tests.store.building import T0_MS, House, change

MIDNIGHT_MS = T0_MS // 86_400_000 * 86_400_000
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000

Shown = Counter[tuple[object, ...]]


class Told(House):
    """A house that remembers what it was told."""

    def __init__(self, folder: Path, **config: object) -> None:
        super().__init__(folder, **config)  # type: ignore[arg-type]
        self.now_ms = MIDNIGHT_MS
        self.told: Shown = Counter()
        self.looking: apsw.Connection | None = None
        self.reader: Reader | None = None

    def tell(self, point_id: str, at_ms: int, value: Any, status: Status = Status.OK) -> None:
        self.put(change(value, point_id, at_ms=at_ms, status=status))
        text = value if isinstance(value, str) else None
        shown = None if text is not None or status is not Status.OK else value
        self.told[point_id, at_ms, shown, status.value, text if status is Status.OK else None] += 1

    def live(self, hours: float, every_ms: int = 15 * MINUTE_MS) -> None:
        """Live through so many hours, with two points changing."""
        end_ms = self.now_ms + round(hours * HOUR_MS)
        while self.now_ms < end_ms:
            tick = self.now_ms // every_ms
            self.tell("IN1", self.now_ms, 20 + tick % 31 / 10)
            self.tell("IN2", self.now_ms + 7, tick % 2 if tick % 50 else f"note {tick}")
            self.now_ms += every_ms

    def away(self, for_ms: int) -> None:
        """Let no gateway run for so long."""
        self.store.close()
        self.now_ms += for_ms
        self.boot_id += "'"
        self.store = self.new_store()
        self.opened()

    def shown(self, view: str = "TRENDLOG_ALL") -> Shown:
        if self.looking is None:
            self.looking = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READONLY)
        return Counter(self.looking.execute(f"SELECT point_id, sampled_at, value, status, text FROM {view}").fetchall())

    def read(self) -> Shown:
        self.reader = self.reader or open_reader(self.path)
        rows = [row for point_id in ("IN1", "IN2") for row in self.reader.history("ahu-1", point_id, limit=1_000_000)]
        return Counter((row.point_id, row.sampled_at, row.value, row.status, row.text) for row in rows)

    def tidy_looking(self, look: Callable[[], None], every: int = 1) -> int:
        """Tidy, looking after each step, or some of many."""
        tidying, steps = self.tidying, 0
        tidying._look_again_s = tidying._late_again_s = 0.0
        while tidying.step():
            steps += 1
            if steps % every == 0:
                look()
        look()
        return steps

    def is_whole(self) -> None:
        assert self.shown() == self.told
        assert self.read() == self.told

    def parts(self) -> list[tuple[object, ...]]:
        return self.rows(
            "SELECT kind, state, level, count(*) FROM parts GROUP BY kind, state, level ORDER BY kind, state, level"
        )
