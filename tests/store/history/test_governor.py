from __future__ import annotations

from pathlib import Path

from t3actors.store.history.governor import used_bytes
from tests.store.building import announced, point
from tests.store.history.telling import DAY_MS, MIDNIGHT_MS, Told

BUDGET = 434_096


def living(folder: Path, **config: object) -> Told:
    told = Told(folder, **({"budget_bytes": BUDGET} | config))
    told.opened()
    told.put(announced([point(1), point(2)]))
    return told


def test_the_file_never_outgrows_its_budget_and_the_newest_history_stays(tmp_path: Path) -> None:
    told = living(tmp_path, recent_s=3600.0)
    for _ in range(14 * 8):
        told.live(3, every_ms=60_000)
        told.tidy()
        assert told.one("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size") <= BUDGET  # type: ignore[operator]
    first, last = told.rows("SELECT MIN(logging_day), MAX(logging_day) FROM TRENDLOG_ALL")[0]
    assert last == (told.now_ms - 60_000) // DAY_MS
    assert MIDNIGHT_MS // DAY_MS < first < last - 2  # type: ignore[operator]
    assert told.one("SELECT MIN(logging_day) FROM TRENDLOG_HOURLY") == MIDNIGHT_MS // DAY_MS  # hours outlive samples
    assert len(told.logged("store.over_budget")) == 1
    assert {line["reason"] for line in told.logged("history.expired")} == {"budget"}


def test_rows_of_recent_give_way_before_any_sample_is_lost(tmp_path: Path) -> None:
    budget = 1_200_000
    told = living(tmp_path, recent_s=30 * 86400.0, budget_bytes=budget)
    told.live(24 * 8, every_ms=60_000)
    told.tidy()
    told.is_whole()
    assert told.logged("history.expired") == []
    rows = told.one("SELECT count(*) FROM samples")
    assert isinstance(rows, int)
    assert 7 * 2880 > rows > 5 * 2880
    assert used_bytes(told.tidying.desk.connection) < budget


def test_when_nothing_is_left_to_go_history_stops_growing_until_there_is_room(tmp_path: Path) -> None:
    told = living(tmp_path, recent_s=3600.0)
    told.rows("CREATE TABLE ballast (b)")
    told.rows("INSERT INTO ballast VALUES (zeroblob(?))", BUDGET)
    told.live(2)
    told.tidy()
    assert told.tidying.governor.is_stuck
    before = told.one("SELECT count(*) FROM TRENDLOG_ALL")
    told.live(1)
    assert told.one("SELECT count(*) FROM TRENDLOG_ALL") == before
    assert told.one("SELECT sampled_at FROM INPUT_POINTS WHERE point_id = 'IN1'") == told.now_ms - 15 * 60_000
    assert [line["reason"] for line in told.logged("store.full")] == [
        "the budget is used up, and nothing is left to go"
    ]
    told.rows("DROP TABLE ballast")
    told.tidy()
    told.live(1)
    assert told.one("SELECT count(*) FROM TRENDLOG_ALL") > before  # type: ignore[operator]
    assert len(told.logged("store.recovered")) == 1


def test_room_is_kept_for_a_whole_day_beside_its_pieces(tmp_path: Path) -> None:
    told = living(tmp_path, recent_s=3600.0, budget_bytes=2_000_000)
    told.live(6)
    told.now_ms += 2 * 3_600_000
    told.tidy()
    assert told.logged("history.expired") == []
    told.rows(
        "UPDATE parts SET samples = 300000 WHERE kind = 0 AND part = (SELECT MIN(part) FROM parts WHERE kind = 0)"
    )
    told.tidy()
    assert [line["rows"] for line in told.logged("history.expired")] == [300_000]
    assert len(told.logged("store.over_budget")) == 1


def test_without_a_budget_nothing_goes(tmp_path: Path) -> None:
    told = Told(tmp_path, budget_bytes=0)
    told.opened()
    told.put(announced([point(1), point(2)]))
    told.live(2)
    told.tidy()
    assert not told.tidying.governor.is_stuck
