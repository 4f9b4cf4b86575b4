"""EVENTS and ALARMS are bounded, and no value holds over an end of the gateway because of it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from t3actors.messages import EventHappened
from t3actors.store.history import trimming
from t3actors.store.reader import open_reader
from tests.store.building import T0_MS
from tests.store.history.telling import DAY_MS, HOUR_MS, MINUTE_MS, Told
from tests.store.history.test_expiry import living


def test_events_and_alarms_that_are_over_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = living(tmp_path)
    told.put(*(EventHappened(at_ms=T0_MS + index, event="a") for index in range(100)))
    told.rows(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)"
        " INSERT INTO ALARMS (serial_number, source, raised_at, cleared_at) SELECT 12345, i, i, CASE WHEN i > 1 THEN i END FROM n"
    )
    told.tidy()
    assert told.one("SELECT count(*) FROM EVENTS") == 101
    monkeypatch.setattr(trimming, "MOST_EVENTS", 30)
    monkeypatch.setattr(trimming, "MOST_ALARMS", 20)
    told.tidy()
    assert told.rows("SELECT count(*), MAX(at) FROM EVENTS") == [(31, T0_MS + 99)]  # and that of the start
    assert told.rows("SELECT count(*), MIN(id), MAX(id) FROM ALARMS") == [(21, 1, 60)]  # the one that stands stays


def test_events_leave_a_small_budget_to_history(tmp_path: Path) -> None:
    told = living(tmp_path, budget_bytes=2_000_000)
    told.live(8)
    told.rows(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)"
        " INSERT INTO EVENTS (at, event, reason) SELECT i, 'point.down', 'no answer: timed out after 1.0 s' FROM n"
    )
    told.tidy()
    assert told.one("SELECT count(*) FROM EVENTS") == 2001  # and that of the start
    assert told.logged("history.expired") == []
    told.is_whole()


def flood(told: Told, rows: int) -> None:
    told.rows(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
        " INSERT INTO EVENTS (at, event, reason) SELECT ?, 'point.down', 'no answer' FROM n",
        rows,
        told.now_ms,
    )


SPANS = "SELECT from_at, until_at FROM TRENDLOG_SPANS WHERE point_id = 'IN1' ORDER BY from_at"


def test_no_value_holds_over_an_old_restart_however_many_events_come_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trimming, "MOST_EVENTS", 30)
    told = living(tmp_path)
    for _ in range(5):
        told.live(0.5)
        told.away(3 * HOUR_MS)
    told.live(1)
    before, absences = told.rows(SPANS), told.rows("SELECT * FROM GATEWAY_ENDS")
    flood(told, 500)
    told.tidy()
    assert told.one("SELECT count(*) FROM EVENTS WHERE event = 'point.down'") == 30
    assert told.rows(SPANS) == before
    assert told.rows("SELECT * FROM GATEWAY_ENDS") == absences
    assert all(until - since <= 15 * MINUTE_MS for since, until in before)  # type: ignore[operator]
    with open_reader(told.path) as reader:
        (day,) = reader.spans("ahu-1", "IN1", told.now_ms // DAY_MS * DAY_MS, told.now_ms, DAY_MS)
    assert day.known_s == 3.25 * 3600  # to the last heartbeat


def test_ends_of_the_gateway_go_with_the_history_that_they_are_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trimming, "MOST_GAP_ROWS", 12)
    told = living(tmp_path, recent_s=3600.0, raw_s=86400.0, hours_s=86400.0)
    for _ in range(20):
        told.live(1)
        told.away(11 * HOUR_MS)
        told.live(1)
    told.live(3)
    told.tidy()
    before = dict(told.rows("SELECT started_at, ended_at FROM GATEWAY_ENDS"))
    told.tidy()
    after = dict(told.rows("SELECT started_at, ended_at FROM GATEWAY_ENDS"))
    oldest = told.one("SELECT MIN(sampled_at) FROM TRENDLOG_ALL")
    assert len(after) <= 7
    assert after == {started: before[started] for started in after}
    assert after[min(before)] == 0  # nothing is known of before the first start
    assert {started for started in before if started >= oldest} <= set(after)  # type: ignore[operator]


def test_of_too_many_ends_the_shortest_lives_between_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trimming, "MOST_GAP_ROWS", 20)
    told = living(tmp_path)
    told.live(1)
    for _ in range(30):  # it crashes again and again
        told.away(10 * MINUTE_MS)
        told.now_ms += 1000
        told.store.heartbeat()
    told.away(HOUR_MS)
    told.live(1)
    told.away(HOUR_MS)
    told.live(1)
    spans = told.rows(SPANS)
    told.tidy()
    gaps = told.rows("SELECT ended_at, started_at FROM GATEWAY_ENDS ORDER BY started_at")
    assert told.one("SELECT count(*) FROM EVENTS WHERE event LIKE 'gateway.%'") <= 20  # type: ignore[operator]
    assert all(ended <= started for ended, started in gaps)  # type: ignore[operator]
    assert all(before[1] <= after[0] for before, after in pairwise(gaps[1:]))  # type: ignore[operator]
    assert told.rows(SPANS) == spans


def test_no_gap_is_lost_with_a_short_life_behind_which_another_gap_begins_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock had been set back: what was lived through before is no gap, and says so in a row of its own."""
    monkeypatch.setattr(trimming, "MOST_GAP_ROWS", 8)
    told = living(tmp_path)
    told.live(1)
    told.rows("DELETE FROM EVENTS")
    ends = {
        200: "gateway.stopped",
        301: "gateway.stopped",
        310: "clock.left",
        330: "gateway.stopped",
        342: "gateway.lost",
    }
    begins = dict.fromkeys((1, 300, 320, 331, 343), "gateway.started")
    for minute, event in sorted((ends | begins).items()):
        told.rows("INSERT INTO EVENTS (at, event) VALUES (?, ?)", told.now_ms + minute * MINUTE_MS, event)
    told.tidy()
    gaps = told.rows(
        "SELECT (ended_at - ?1) / 60000, (started_at - ?1) / 60000 FROM GATEWAY_ENDS WHERE ended_at > 0", told.now_ms
    )
    assert (200, 300) in gaps
    assert (310, 343) in gaps
    assert told.one("SELECT count(*) FROM EVENTS WHERE event LIKE 'gateway.%' OR event = 'clock.left'") <= 8  # type: ignore[operator]
