from __future__ import annotations

from pathlib import Path

import pytest

from t3actors.store.history.aggregates import Aggregate
from t3actors.store.history.spans import joined
from t3actors.store.reader import open_reader
from tests.store.building import announced, point
from tests.store.history.telling import DAY_MS, HOUR_MS, MIDNIGHT_MS, MINUTE_MS, Told


def row(hour: int, least: float, most: float, mean: float, n: int = 1, known_ms: int = HOUR_MS) -> Aggregate:
    return Aggregate(hour * HOUR_MS, n, least, most, mean, most, mean, known_ms, True, {0: 0.25, 1: 0.75})


def test_hours_join_into_a_day_by_their_weights() -> None:
    rows = [row(1, 1.0, 3.0, 2.0, n=1), row(2, 0.0, 5.0, 4.0, n=3, known_ms=HOUR_MS // 2), row(25, 7.0, 7.0, 7.0)]
    first, second = joined(rows, DAY_MS)
    assert (first.at_ms, first.n, first.least, first.most, first.mean, first.last) == (0, 4, 0.0, 5.0, 3.5, 5.0)
    assert first.time_mean == pytest.approx((2 * 2 + 4 * 1) / 3)
    assert (first.known_ms, first.shares) == (HOUR_MS * 3 // 2, {0: 0.25, 1: 0.75})
    assert second == rows[2]._replace(at_ms=DAY_MS)


def test_the_mean_stays_between_least_and_most() -> None:
    (made,) = joined([row(hour, 0.1, 0.1, 0.1) for hour in range(24)], DAY_MS)
    assert made.least == made.mean == made.time_mean == made.most == 0.1


@pytest.fixture
def told(tmp_path: Path) -> Told:
    made = Told(tmp_path, recent_s=3600.0, raw_s=86400.0)
    made.opened()
    made.put(announced([point(1), point(2)]))
    for _ in range(3):
        made.live(24)
        made.tidy()
    made.live(1.5)
    made.tidy()
    return made


def spans(told: Told, every_ms: int) -> list[tuple[int, int]]:
    with open_reader(told.path) as reader:
        return [
            ((row.at - MIDNIGHT_MS) // MINUTE_MS, row.count)
            for row in reader.spans("ahu-1", "IN1", MIDNIGHT_MS, told.now_ms, every_ms)
        ]


def test_whole_hours_are_told_by_hours_and_what_is_not_packed_yet_by_its_samples(told: Told) -> None:
    assert spans(told, HOUR_MS) == [*((hour * 60, 4) for hour in range(73)), (73 * 60, 2)]
    assert spans(told, DAY_MS) == [(0, 96), (1440, 96), (2880, 96), (4320, 6)]


def test_shorter_spans_are_told_by_samples_and_where_these_are_gone_by_hours(told: Told) -> None:
    first = told.one("SELECT MIN(sampled_at) FROM TRENDLOG_ALL WHERE point_id = 'IN1'")
    assert isinstance(first, int)
    gone_hours = (first - MIDNIGHT_MS) // HOUR_MS
    assert 0 < gone_hours < 72
    made = spans(told, 30 * MINUTE_MS)
    assert made[:gone_hours] == [(hour * 60, 4) for hour in range(gone_hours)]
    assert made[gone_hours:] == [(half * 30, 2) for half in range(gone_hours * 2, 147)]


def test_the_reader_reads_no_more_days_than_its_limit_needs(told: Told) -> None:
    with open_reader(told.path) as reader:
        assert [row.sampled_at for row in reader.history("ahu-1", "IN1", limit=3)] == [
            told.now_ms - minutes * MINUTE_MS for minutes in (45, 30, 15)
        ]
        assert len(reader.history("ahu-1", "IN1", limit=10**9)) == told.one(
            "SELECT count(*) FROM TRENDLOG_ALL WHERE point_id = 'IN1'"
        )
