"""T08: a month on a disk that has room for the budget, the log and no more. At full rate, by hand: benchmarks/history_month.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from t3actors.store import connection
from tests.store.building import House, announced, change, point
from tests.store.disk import Disk, simulated_disk
from tests.store.history.telling import DAY_MS, HOUR_MS, MINUTE_MS
from tests.store.statements import Statements, listening

DAYS = 30
BUDGET = 480_000
LOG_PAGES = 64
LOG_MOST = 3 * LOG_PAGES * 4096
"""The log is folded in from so many pages on; one large commit more, while a reader looks, makes it longer."""


class Month(House):
    """Two points that change every two minutes, some late: packed, merged, archived and let go of all the while."""

    def live(self, disk: Disk) -> Statements:
        self.opened()
        assert self.store._connection is not None
        with listening(self.store._connection) as heard:
            self.put(announced([point(1), point(2)]))
            for hour in range(DAYS * 24):
                self.put(*self._changes(hour))
                self.now_ms += HOUR_MS
                self.tidying._look_again_s = self.tidying._late_again_s = self.tidying._trim_again_s = 0.0
                while self.store.tidy(0.0):
                    pass
                assert disk.sizes[str(self.path)] <= BUDGET
        return heard

    def _changes(self, hour: int) -> list[object]:
        made = [
            change(
                20 + (7 * minute + 13 * which + hour) % 31 / 10, f"IN{which}", at_ms=self.now_ms + minute * MINUTE_MS
            )
            for minute in range(0, 60, 2)
            for which in (1, 2)
        ]
        late = [change(1.5, "IN1", at_ms=self.now_ms - 2 * DAY_MS + 1)] if hour > 48 and hour % 24 == 5 else []
        return [*late, *made]


def test_in_a_month_the_file_keeps_to_its_budget_and_no_statement_goes_over_all_of_a_table_that_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "AUTOCHECKPOINT_PAGES", LOG_PAGES)
    with simulated_disk() as disk:
        disk.capacity = BUDGET + LOG_MOST
        month = Month(tmp_path, budget_bytes=BUDGET, recent_s=6 * 3600.0, minutes_s=86_400.0)
        heard = month.live(disk)
        assert disk.refused == 0
        assert disk.largest <= BUDGET + LOG_MOST
        assert month.logged("store.full") == month.logged("tidying.failed") == []
        assert [line["reason"] for line in month.logged("history.expired")].count("budget") > 20
        connection_of = month.store._connection
        assert connection_of is not None
        assert heard.scans(connection_of) == {}
        assert heard.words() <= {"BEGIN", "COMMIT", "INSERT", "UPDATE", "DELETE", "SELECT", "PRAGMA"}
        assert len(heard.runs) > 50
        assert month.one("PRAGMA integrity_check") == "ok"
        month.store.close()
