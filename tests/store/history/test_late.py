"""What comes late: shown once at each commit, and each hour and minute that it changes is made anew, once, in small steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from t3actors.points import Rules
from t3actors.store.history import correcting, late, patching
from tests.store.building import announced, change, point
from tests.store.history.telling import DAY_MS, HOUR_MS, MIDNIGHT_MS, MINUTE_MS, Told
from tests.store.history.test_aggregates_are_true import Life, Step


def of_hours(told: Told) -> dict[tuple[object, object], tuple[object, ...]]:
    rows = told.rows(
        "SELECT point_id, logging_time, count, minimum, maximum, last, known_s, time_mean FROM TRENDLOG_HOURLY"
    )
    made = {(point_id, at): tuple(rest) for point_id, at, *rest in rows}
    assert len(made) == len(rows)
    return made


def house_of_a_month(folder: Path) -> Told:
    told = Told(folder, recent_s=3600.0)
    told.opened()
    told.put(announced([point(1), point(2)]))
    told.live(24 * 33, every_ms=2 * HOUR_MS)
    told.tidy()
    assert told.one("SELECT count(*) FROM parts WHERE kind = 2 AND level = 2") == 1
    return told


def test_an_hour_of_a_month_that_is_packed_whole_is_corrected_and_no_other_is_written_again(tmp_path: Path) -> None:
    told = house_of_a_month(tmp_path)
    before = of_hours(told)
    whole = told.one("SELECT part FROM parts WHERE kind = 2 AND level = 2")
    blocks = told.one("SELECT MAX(id) FROM aggregate_blocks")
    at_ms = MIDNIGHT_MS + DAY_MS + HOUR_MS // 2  # a quarter of the way between two samples
    told.tell("IN1", at_ms, 99.5)
    told.tidy_looking(told.is_whole)
    after = of_hours(told)
    changed = {key: row for key, row in after.items() if row != before[key]}
    assert set(after) == set(before)
    first = at_ms // HOUR_MS * 3600
    assert set(changed) == {("IN1", first), ("IN1", first + 3600)}
    assert changed["IN1", first][:1] + changed["IN1", first][3:5] == (2, 99.5, 3600)
    assert changed["IN1", first + 3600][:4] == (0, 99.5, 99.5, 99.5)
    written = told.one("SELECT count(*) FROM aggregate_blocks WHERE id > ?", blocks)
    assert written < 20  # type: ignore[operator]
    assert told.one("SELECT count(*) FROM runs WHERE part = ?", whole) == 1  # that of the other point


def test_of_many_that_came_late_each_hour_is_made_anew_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = house_of_a_month(tmp_path)
    made: Counter[tuple[int, int]] = Counter()
    anew = correcting._Point._make_anew

    def counted(
        self: correcting._Point, at: int, stop: int, held: Sequence[float | None]
    ) -> tuple[list[float | None], bool]:
        made.update((self._alike[0].series.series_id, hour) for hour in range(at, stop))
        return anew(self, at, stop, held)

    monkeypatch.setattr(correcting._Point, "_make_anew", counted)
    for minutes in range(0, 5 * 24 * 60, 2):
        told.tell("IN1", MIDNIGHT_MS + minutes * MINUTE_MS + 1, minutes)
        told.tell("IN2", MIDNIGHT_MS + minutes * MINUTE_MS + 1, minutes)
    told.tidy()
    told.is_whole()
    assert max(made.values()) == 1
    assert len(made) < 2 * 24 * 6.1
    counts = [row[0] for (_, at), row in of_hours(told).items() if at < (MIDNIGHT_MS + 5 * DAY_MS) // 1000]  # type: ignore[operator]
    assert set(counts) == {30, 31}
    (line,) = told.logged("history.late")
    assert line == {"samples": 7200, "points": 2, "hours": 240}


def test_more_than_fits_into_memory_is_packed_some_series_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late, "ROWS_AT_ONCE", 60)
    monkeypatch.setattr(patching, "MOST_ROWS", 10)
    told = house_of_a_month(tmp_path)
    for minutes in range(0, 5 * 24 * 60, 60):
        told.tell("IN1", MIDNIGHT_MS + minutes * MINUTE_MS + 1, minutes)
        told.tell("IN2", MIDNIGHT_MS + minutes * MINUTE_MS + 1, minutes)
    told.tidy_looking(told.is_whole)
    assert told.one("SELECT count(*) FROM late_samples") == 0
    assert len(told.logged("history.late")) >= 4
    end = (MIDNIGHT_MS + 5 * DAY_MS) // 1000
    counts = Counter(row[0] for (point_id, at), row in of_hours(told).items() if point_id == "IN1" and at < end)  # type: ignore[operator]
    assert counts == {1: 60, 2: 60}


def test_what_comes_late_is_corrected_in_small_transactions(tmp_path: Path) -> None:
    told = house_of_a_month(tmp_path)
    for minutes in range(2 * 24 * 60):
        told.tell("IN1", MIDNIGHT_MS + minutes * MINUTE_MS + 1, minutes)
    connection = told.tidying.desk.connection
    changed: list[int] = []
    last = connection.total_changes()

    def look() -> None:
        nonlocal last
        changed.append(connection.total_changes() - last)
        last = connection.total_changes()

    told.tidy_looking(look)
    assert max(changed) < 6000  # of 2880 samples of one day in one step: a tenth of what it takes to be late
    assert len(changed) > 20


MANY_HOURS: list[Step] = [(3600, 1.0), (40_000, 20.5)]
ONE_HOUR: list[Step] = [(43_600, 1.0)]
"""So little is in the first day that it is not merged: as if some of it might have had to make room."""


@pytest.mark.parametrize("first_day", [MANY_HOURS, ONE_HOUR])
@pytest.mark.parametrize("recent_s", [3600.0, 7 * 86_400.0])
def test_a_correction_that_is_cut_short_is_begun_anew(tmp_path: Path, recent_s: float, first_day: list[Step]) -> None:
    life = Life(tmp_path, recent_s=recent_s)
    life.live([*first_day, (50_000, "down"), (7200, "other"), (90_000, 20.5), (3600, -3.0), (0, "tidy")])
    told = life.told
    late_s = [3700, 50_000, 100_000, 160_000]
    for value, second in enumerate(late_s):
        at_ms = MIDNIGHT_MS + second * 1000
        life.said = sorted([*life.said, (at_ms, float(value), "°C")], key=lambda one: one[0])
        told.put(change(float(value), at_ms=at_ms))
    for steps in range(1, 40):
        job = late.pack_late(told.tidying.desk)
        over = False
        for _ in range(steps):
            over = over or next(job, "over") == "over"
        told.store.abandon_connection()
        told.store = told.new_store()
        told.opened()
        if over:
            break
    assert over
    told.tidy()
    life.is_true()


def test_a_point_without_minutes_gets_none_and_one_with_minutes_has_them_corrected(tmp_path: Path) -> None:
    told = Told(tmp_path, recent_s=3600.0)
    told.opened()
    told.put(announced([point(1, rules=Rules(minutes_s=30 * 86_400.0)), point(2)]))
    told.live(50)
    told.tidy()
    told.tell("IN1", MIDNIGHT_MS + 7 * MINUTE_MS + 30_000, 99.0)
    told.tell("IN2", MIDNIGHT_MS + 7 * MINUTE_MS + 30_000, 99.0)
    told.tidy()
    minutes = told.rows(
        "SELECT point_id, (logging_time - ?) / 60, count, maximum, round(time_mean, 2) FROM TRENDLOG_MINUTELY WHERE maximum = 99",
        MIDNIGHT_MS // 1000,
    )
    wanted = [("IN1", 7, 1, 99.0, 60.25), *(("IN1", minute, 0, 99.0, 99.0) for minute in range(8, 15))]
    assert sorted(minutes) == wanted
