from __future__ import annotations

from pathlib import Path

from t3actors.points import Rules
from tests.store.building import announced, point
from tests.store.history.telling import DAY_MS, MIDNIGHT_MS, Told


def living(folder: Path, rules: Rules | None = None, **config: object) -> Told:
    told = Told(folder, **config)
    told.opened()
    told.put(announced([point(1, rules=rules or Rules()), point(2)]))
    return told


def days_of(told: Told, point_id: str = "IN1") -> list[object]:
    first = MIDNIGHT_MS // DAY_MS
    rows = told.rows(f"SELECT DISTINCT logging_day - {first} FROM TRENDLOG_ALL WHERE point_id = ? ORDER BY 1", point_id)
    return [day for (day,) in rows]


def test_samples_go_when_they_were_kept_for_as_long_as_was_asked_and_their_hours_stay(tmp_path: Path) -> None:
    told = living(tmp_path, recent_s=3600.0, raw_s=2 * 86400.0)
    for _ in range(5):
        told.live(24)
        told.tidy()
    assert days_of(told) == [3, 4]
    told.live(3)
    told.tidy()
    assert days_of(told) == [3, 4, 5]
    assert told.one("SELECT COUNT(DISTINCT logging_time) FROM TRENDLOG_HOURLY") == 5 * 24 + 2
    assert {line["reason"] for line in told.logged("history.expired")} == {"retention"}
    assert told.one("SELECT count(*) FROM parts WHERE state = 9") == 0
    assert told.one("SELECT count(*) FROM blocks") == told.one(
        "SELECT SUM(r.blocks) FROM runs r JOIN parts p ON p.part = r.part WHERE p.kind = 0"
    )


def test_a_point_may_be_kept_for_longer_or_shorter_than_the_others(tmp_path: Path) -> None:
    told = living(tmp_path, Rules(raw_s=86400.0), recent_s=3600.0)
    for _ in range(4):
        told.live(24)
        told.tidy()
    told.live(3)
    told.tidy()
    assert days_of(told, "IN1") == [3, 4]
    assert days_of(told, "IN2") == [0, 1, 2, 3, 4]


def test_how_long_a_point_is_kept_may_be_changed(tmp_path: Path) -> None:
    told = living(tmp_path, recent_s=3600.0)
    told.live(1)
    assert told.rows("SELECT DISTINCT raw_s, minutes_s, hours_s FROM series") == [(None, None, None)]
    told.put(announced([point(1, rules=Rules(raw_s=3.0, minutes_s=4.0, hours_s=5.0)), point(2)]))
    assert told.rows("SELECT raw_s, minutes_s, hours_s FROM series ORDER BY point_id") == [
        (3, 4, 5),
        (None, None, None),
    ]
    told.reopened().put(announced([point(1), point(2)]))
    assert told.rows("SELECT DISTINCT raw_s, minutes_s, hours_s FROM series") == [(None, None, None)]


def test_hours_and_minutes_go_by_their_own_time(tmp_path: Path) -> None:
    told = living(tmp_path, recent_s=3600.0, minutes_s=86400.0, hours_s=3 * 86400.0)
    for _ in range(5):
        told.live(24)
        told.tidy()
    told.live(3)
    told.tidy()
    first = MIDNIGHT_MS // DAY_MS
    assert told.rows(f"SELECT DISTINCT logging_day - {first} FROM TRENDLOG_HOURLY ORDER BY 1") == [
        (2,),
        (3,),
        (4,),
        (5,),
    ]
    assert told.rows(f"SELECT DISTINCT logging_day - {first} FROM TRENDLOG_MINUTELY ORDER BY 1") == [(4,), (5,)]


def test_pages_that_were_freed_are_used_again(tmp_path: Path) -> None:
    told = living(tmp_path, recent_s=3600.0, raw_s=86400.0)
    sizes = []
    for _ in range(8):
        told.live(24, every_ms=60_000)
        told.tidy()
        sizes.append(told.one("PRAGMA page_count"))
    assert sizes[-1] <= sizes[3] * 1.05  # type: ignore[operator]


def test_nothing_of_history_is_ever_read_whole(tmp_path: Path) -> None:
    """What tidying asks seeks: no scan of samples, blocks, runs or events, however large they are."""
    told = living(tmp_path, recent_s=3600.0, raw_s=86400.0, minutes_s=86400.0)
    asked: list[str] = []
    connection = told.tidying.desk.connection

    def note(_cursor: object, sql: str, _bindings: object) -> bool:
        asked.append(sql)
        return True

    connection.exec_trace = note
    for _ in range(3):
        told.live(24)
        told.tidy()
    connection.exec_trace = None
    statements = {sql for sql in asked if sql.lstrip().startswith(("SELECT", "DELETE", "UPDATE", "INSERT OR"))}
    assert len(statements) > 20
    plans = {
        sql: [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", [None] * sql.count("?"))]
        for sql in statements
        if "?1" not in sql
    }
    large = (
        "SCAN samples",
        "SCAN x",
        "SCAN blocks",
        "SCAN b",
        "SCAN runs",
        "SCAN r",
        "SCAN EVENTS",
        "SCAN aggregate_blocks",
        "SCAN late",
    )
    scans = [(sql, step) for sql, plan in plans.items() for step in plan if step.startswith(large)]
    assert scans == []
