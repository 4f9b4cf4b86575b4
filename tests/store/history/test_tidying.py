"""What the writer does between batches, step by step: at each commit, each sample is shown exactly once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from t3actors.store.history import packing, telling, tidying
from t3actors.store.history.frontiers import DAY_S, HOUR_S
from t3actors.store.reader import open_reader
from tests.store.building import announced, change, point
from tests.store.history.telling import DAY_MS, HOUR_MS, MIDNIGHT_MS, MINUTE_MS, Told


@pytest.fixture
def told(tmp_path: Path) -> Told:
    made = Told(tmp_path, recent_s=2 * 86400.0)
    made.opened()
    made.put(announced([point(1), point(2)]))
    return made


def test_each_sample_is_shown_exactly_once_at_every_commit(tmp_path: Path) -> None:
    told = Told(tmp_path, recent_s=2 * 3600.0)
    told.now_ms = MIDNIGHT_MS + 20 * HOUR_MS
    told.opened()
    told.put(announced([point(1), point(2)]))
    told.live(2)
    assert told.tidy_looking(told.is_whole) > 5
    told.live(4.5)
    assert told.tidy_looking(told.is_whole) > 20
    assert told.parts() == [(0, 1, 1, 2), (0, 2, 2, 1), (2, 2, 1, 1)]


def test_an_hour_is_packed_when_it_is_over_and_what_was_on_its_way_is_stored(told: Told) -> None:
    told.live(1)
    told.now_ms = MIDNIGHT_MS + HOUR_MS + 89_000
    told.tidy()
    assert told.parts() == []
    told.now_ms += 1000
    told.tidy()
    assert told.parts() == [(0, 1, 1, 1)]
    assert told.tidying.desk.frontiers.packed_until == MIDNIGHT_MS // 1000 + HOUR_S


def test_hours_without_a_gateway_cost_nothing(told: Told) -> None:
    told.live(1)
    told.away(500 * DAY_MS)
    told.live(1)
    told.now_ms += HOUR_MS
    assert told.tidy_looking(told.is_whole) < 100
    assert told.one("SELECT SUM(samples) FROM parts WHERE kind = 0") == 16


def test_a_day_that_is_over_is_one_part(told: Told) -> None:
    told.live(25.1)
    told.tidy()
    assert told.parts() == [(0, 1, 1, 1), (0, 1, 2, 1), (2, 2, 1, 1)]
    assert told.rows("SELECT from_s, until_s, samples FROM parts WHERE level = 2") == [
        (MIDNIGHT_MS // 1000, MIDNIGHT_MS // 1000 + DAY_S, 192)
    ]
    told.is_whole()


def test_rows_go_once_they_are_older_than_recent(told: Told) -> None:
    told.live(50)
    told.tidy()
    told.live(23)
    told.tidy()
    first = told.one("SELECT MIN(logging_time) FROM samples")
    assert first == told.one("SELECT MIN(logging_time) FROM TRENDLOG_DATA") == MIDNIGHT_MS // 1000 + DAY_S
    assert told.one("SELECT MAX(logging_time) FROM TRENDLOG_ARCHIVE") == first - 900  # type: ignore[operator]
    told.is_whole()


def test_a_short_recent_archives_by_the_hour(tmp_path: Path) -> None:
    told = Told(tmp_path, recent_s=3600.0)
    told.opened()
    told.put(announced([point(1), point(2)]))
    told.live(26)
    told.tidy()
    told.is_whole()
    assert told.one("SELECT MIN(logging_time) FROM samples") == MIDNIGHT_MS // 1000 + 25 * HOUR_S
    assert told.parts()[-1] == (2, 2, 1, 1)


# ------------------------------------------------------------------------------------------------------------ late


def test_what_comes_late_for_a_packed_hour_is_shown_once_as_row_and_as_archive(told: Told) -> None:
    told.live(74)
    told.tidy()
    for minutes in (3, 61, 74 * 60 - 100):  # long archived, and still a row
        told.tell("IN1", MIDNIGHT_MS + minutes * MINUTE_MS, 99.5)
        told.is_whole()
    told.tidy_looking(told.is_whole)
    assert told.one("SELECT count(*) FROM late_samples") == 0
    told.live(24)
    told.tidy()
    told.is_whole()


def test_late_samples_of_one_time_are_all_kept(told: Told) -> None:
    told.live(2)
    told.tidy()
    for value in (1.5, 2.5, 3.5):
        told.put(change(value, "IN1", at_ms=MIDNIGHT_MS))
    rows = told.rows(
        "SELECT value FROM TRENDLOG_ALL WHERE point_id = 'IN1' AND sampled_at <= ? ORDER BY sampled_at", MIDNIGHT_MS + 3
    )
    assert rows == [(20 + MIDNIGHT_MS // (15 * MINUTE_MS) % 31 / 10,), (1.5,), (2.5,), (3.5,)]


def test_a_row_by_hand_for_a_packed_hour_is_shown_once(told: Told) -> None:
    told.live(74)
    told.tidy()
    insert = "INSERT INTO TRENDLOG_DATA (serial_number, point_id, point_type, logging_time, value) VALUES (12345, 'IN1', 'INPUT', ?, 7)"
    for second in (
        MIDNIGHT_MS // 1000 + 5,
        MIDNIGHT_MS // 1000 + 5,
        told.now_ms // 1000 - 5000,
        told.now_ms // 1000 - 5000,
    ):
        told.rows(insert, second)
    hand = "SELECT logging_time, sampled_at % 1000 FROM TRENDLOG_ALL WHERE data_source = 2 ORDER BY sampled_at"
    wanted = [
        (MIDNIGHT_MS // 1000 + 5, 0),
        (MIDNIGHT_MS // 1000 + 5, 1),
        (told.now_ms // 1000 - 5000, 0),
        (told.now_ms // 1000 - 5000, 1),
    ]
    assert told.rows(hand) == wanted
    told.tidy_looking(lambda: assert_equal(told.rows(hand), wanted))
    told.now_ms += 4 * DAY_MS
    told.tidy_looking(lambda: assert_equal(told.rows(hand), wanted))


def assert_equal(one: object, other: object) -> None:
    assert one == other


def test_what_comes_while_its_hour_is_being_packed_is_not_lost(told: Told) -> None:
    told.live(2)
    job = packing.pack_hour(told.tidying.desk, MIDNIGHT_MS // 1000)
    for step, _ in enumerate(job):
        told.tell("IN2", MIDNIGHT_MS + 30 * MINUTE_MS + 11 + step, 3)
        told.is_whole()
    told.tidy_looking(told.is_whole)


def test_packing_that_was_cut_short_is_begun_anew(told: Told) -> None:
    told.live(3)
    for steps in range(1, 8):
        job = packing.pack_hour(told.tidying.desk, MIDNIGHT_MS // 1000)
        for _ in range(steps):
            if next(job, "over") == "over":
                return
        told.tell("IN1", MIDNIGHT_MS + 1 + steps, 5.5)  # late for a sealed hour
        told.looking = told.reader = None
        told.looking = told.reader = None
        told.store.abandon_connection()
        told.store = told.new_store()
        told.opened()
        told.is_whole()
    told.tidy_looking(told.is_whole)
    assert told.one("SELECT count(*) FROM parts WHERE state IN (0, 9)") == 0


def test_a_clock_that_was_ahead_is_taken_back(told: Told) -> None:
    told.live(3)
    told.tidy()
    told.now_ms += 30 * DAY_MS
    told.live(30)
    told.tidy()
    ahead = told.tidying.desk.frontiers
    told.now_ms -= 32 * DAY_MS
    told.tidy_looking(told.is_whole)
    assert told.tidying.desk.frontiers.packed_until < ahead.packed_until
    assert len(told.logged("history.taken_back")) == 1
    told.live(40)
    told.tidy()
    told.is_whole()
    told.now_ms += 35 * DAY_MS
    told.live(1)
    told.tidy()
    told.is_whole()


def test_what_is_archived_stays_however_often_the_clock_is_set_back(told: Told) -> None:
    told.live(5 * 24, every_ms=6 * HOUR_MS)
    told.tidy()
    assert told.one("SELECT count(*) FROM TRENDLOG_ARCHIVE") > 0  # type: ignore[operator]
    for days in (30, 1):
        told.now_ms -= days * DAY_MS
        told.tidy()
        told.is_whole()
    assert len(told.logged("history.taken_back")) == 2
    told.now_ms += 31 * DAY_MS
    told.live(24, every_ms=6 * HOUR_MS)
    told.tidy()
    told.is_whole()


def test_a_clock_that_is_years_behind_takes_nothing_back(told: Told) -> None:
    told.live(5 * 24, every_ms=6 * HOUR_MS)
    told.tidy()
    hours = told.rows("SELECT * FROM TRENDLOG_HOURLY ORDER BY name, point_id, logging_time")
    now_ms, told.now_ms = told.now_ms, 60_000  # a machine that lost its battery, and nobody tells it the time
    told.live(30, every_ms=6 * HOUR_MS)
    told.tidy()
    assert told.logged("history.taken_back") == []
    now = "SELECT * FROM TRENDLOG_HOURLY WHERE logging_time >= ? ORDER BY name, point_id, logging_time"
    assert told.rows(now, MIDNIGHT_MS // 1000) == hours
    of_1970 = "SELECT SUM(count), SUM(known_s) FROM TRENDLOG_HOURLY WHERE logging_time < ?"
    assert told.rows(of_1970, MIDNIGHT_MS // 1000) == [(9, 0)]  # no gateway ran before the first start
    told.is_whole()
    told.now_ms = now_ms
    told.live(24, every_ms=6 * HOUR_MS)
    told.tidy()
    told.is_whole()


def test_the_hourly_view_has_each_hour_once_before_and_after_it_is_packed(told: Told) -> None:
    told.live(26)
    told.is_whole()

    def once() -> None:
        assert told.looking is not None
        seen = Counter(told.looking.execute("SELECT point_id, logging_time FROM TRENDLOG_HOURLY").fetchall())
        assert set(seen.values()) <= {1}

    told.tidy_looking(once)
    counted = dict(told.rows("SELECT logging_time, count FROM TRENDLOG_HOURLY WHERE point_id = 'IN1'"))
    assert counted == {MIDNIGHT_MS // 1000 + hour * HOUR_S: 4 for hour in range(25)}
    told.away(40 * DAY_MS)
    told.live(3)
    told.tidy_looking(once)
    assert (2, 2, 2, 1) in told.parts()
    with open_reader(told.path) as reader:
        assert [(row.at // 1000, row.count) for row in reader.hours("ahu-1", "IN1")][:25] == sorted(counted.items())


def test_hours_are_shown_from_the_first_on_and_after_a_long_pause(told: Told) -> None:
    told.live(3)
    told.now_ms += 2 * MINUTE_MS
    told.tidy()
    wanted = [MIDNIGHT_MS + hour * HOUR_MS for hour in range(3)]
    for pause_ms in (0, 60 * DAY_MS):
        stopped_ms = told.now_ms // HOUR_MS * HOUR_MS  # until then a value held
        told.away(pause_ms)
        first_ms = told.now_ms // HOUR_MS * HOUR_MS
        told.live(2)
        told.tidy()
        shown = [stopped_ms, *range(first_ms, told.now_ms - HOUR_MS, HOUR_MS)]
        wanted = sorted({*wanted, *shown})
        assert told.rows(
            "SELECT logging_time * 1000 FROM TRENDLOG_HOURLY WHERE point_id = 'IN1' ORDER BY logging_time"
        ) == [(at_ms,) for at_ms in wanted]
        with open_reader(told.path) as reader:
            assert [row.at for row in reader.hours("ahu-1", "IN1")] == wanted


def test_after_a_clock_was_ahead_by_a_day_each_hour_and_what_came_late_is_there_once(told: Told) -> None:
    told.live(27)
    told.tidy()
    told.tell("IN1", MIDNIGHT_MS + 9 * HOUR_MS + 1, 7.5)  # late, for a day that is packed whole
    told.tidy()
    told.now_ms = MIDNIGHT_MS + 15 * HOUR_MS + 3 * MINUTE_MS
    told.tidy_looking(told.is_whole)
    for _ in range(40):
        told.live(1)
        told.tidy()
        told.is_whole()
    seen = Counter(told.rows("SELECT point_id, logging_time FROM TRENDLOG_HOURLY"))
    assert set(seen.values()) == {1}
    assert len(seen) == 2 * 55


def test_minutes_are_made_of_points_that_are_to_have_them(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.opened()
    rules = point(1).rules
    told.put(announced([point(1, rules=type(rules)(minutes_s=86400.0 * 30)), point(2)]))
    told.live(26, every_ms=20_000)
    told.tidy()
    assert told.rows("SELECT DISTINCT point_id FROM TRENDLOG_MINUTELY") == [("IN1",)]
    assert told.rows("SELECT count(*), SUM(count) FROM TRENDLOG_MINUTELY") == [(26 * 60 - 120 + 60, (26 * 60 - 60) * 3)]
    with open_reader(told.path) as reader:
        assert [row.count for row in reader.minutes("ahu-1", "IN1", until_ms=MIDNIGHT_MS + HOUR_MS - 1)] == [3] * 60


def test_a_step_that_takes_too_long_is_said_once_an_hour_and_by_its_name(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidying, "SLOW_STEP_S", 0.0)
    told.live(30)
    told.tidy()
    said = [line["step"] for line in told.logged("tidying.slow")]
    assert {"choosing/pack_hour", "pack_hour/read", "merge"} <= set(said)
    assert len(said) == len(set(said))
    monkeypatch.setattr(tidying, "SLOW_SAID_EVERY_S", 0.0)
    told.live(2)
    told.tidy()
    assert [line["step"] for line in told.logged("tidying.slow")].count("choosing/pack_hour") == 3


def test_a_step_that_is_quick_enough_is_not_said(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidying, "SLOW_STEP_S", 1e9)
    told.live(30)
    told.tidy()
    assert told.logged("tidying.slow") == []


def test_points_that_are_described_anew_are_packed_without_a_look_for_each_of_their_times(told: Told) -> None:
    told.live(1.5)
    told.put(announced([point(1, units="K"), point(2, units="K")]))
    told.live(1.5)
    asked: list[str] = []

    def asks(_cursor: object, sql: str, _bindings: object) -> bool:
        asked.append(sql)
        return True

    told.tidying.desk.connection.exec_trace = asks
    told.tidy()
    assert telling._SERIES in asked
    assert telling._TIMES not in asked
    known = told.rows(
        "SELECT units, SUM(known_s) FROM TRENDLOG_HOURLY WHERE point_id = 'IN1' AND logging_time < ? GROUP BY units",
        MIDNIGHT_MS // 1000 + 2 * HOUR_S,
    )
    assert known == [("K", 1800), ("°C", 5400)]


def test_a_month_of_hours_is_there_once_when_the_clock_stood_weeks_ahead(tmp_path: Path) -> None:
    """What is merged and archived by then, too: at each commit, and when those weeks really come."""
    told = Told(tmp_path, recent_s=3600.0, raw_s=90 * 86400.0)
    told.opened()
    rules = point(1).rules
    told.put(announced([point(1, rules=type(rules)(minutes_s=86400.0 * 90)), point(2)]))
    told.live(30, every_ms=HOUR_MS // 2)
    told.tidy()
    first = told.now_ms
    told.now_ms += 40 * DAY_MS  # over the end of a month, so that the month is one part
    told.live(30, every_ms=HOUR_MS // 2)
    told.tidy()
    told.now_ms = first + HOUR_MS + MINUTE_MS
    assert (2, 2, 2, 1) in told.parts()

    def once() -> None:
        assert told.looking is not None
        for view in ("TRENDLOG_HOURLY", "TRENDLOG_MINUTELY"):
            rows = told.looking.execute(f"SELECT point_id, logging_time FROM {view}").fetchall()
            assert len(rows) == len(set(rows))

    told.shown()
    shown = set(told.rows("SELECT point_id, logging_time FROM TRENDLOG_HOURLY"))
    assert told.tidy_looking(once, every=40) > 5
    assert len(told.logged("history.taken_back")) == 1
    before = told.one("SELECT count(*) FROM TRENDLOG_HOURLY WHERE logging_time < ? AND point_id = 'IN1'", first // 1000)
    assert before == first // HOUR_MS - MIDNIGHT_MS // HOUR_MS
    assert (
        set(told.rows("SELECT point_id, logging_time FROM TRENDLOG_HOURLY")) >= shown
    )  # nobody knows which clock was right
    for _ in range(3):
        told.live(24, every_ms=HOUR_MS // 2)
        told.tidy_looking(once, every=40)
    assert told.told == told.shown() == told.read()


def test_hours_whose_samples_are_gone_stay_as_they_are_when_something_comes_late(tmp_path: Path) -> None:
    told = Told(tmp_path, recent_s=3600.0, raw_s=4 * 3600.0)
    told.opened()
    told.put(announced([point(1), point(2)]))
    told.live(12)
    told.now_ms += 2 * MINUTE_MS
    told.tidy()
    counts = "SELECT SUM(count) FROM TRENDLOG_HOURLY WHERE point_id = 'IN1'"
    before = told.one(counts)
    assert before == 48
    for index in range(60):  # more than are gone
        told.put(change(7.5, "IN1", at_ms=MIDNIGHT_MS + HOUR_MS + 1 + index))
    told.tidy()
    assert told.one(counts) == before
