"""Series of which nothing is kept any more are removed, and what comes back is not mixed with what was."""

from __future__ import annotations

from pathlib import Path

from t3actors.messages import DeviceRemoved
from t3actors.points import Rules
from tests.store.building import announced, change, point
from tests.store.history.telling import DAY_MS, HOUR_MS, Told

KEPT = {"recent_s": 3600.0, "raw_s": 86_400.0, "hours_s": 2 * 86_400.0}
SERIES = "SELECT point_id, units FROM series ORDER BY series_id"


def test_a_series_is_removed_once_its_device_is_gone_and_all_it_had_is_expired(tmp_path: Path) -> None:
    told = Told(tmp_path, **KEPT)
    told.opened()
    told.put(announced([point(1), point(2)]), announced([point(1)], device="other", serial=7))
    told.live(24)
    told.put(change(5, "IN1", device="other", at_ms=told.now_ms))
    told.put(DeviceRemoved(device="ahu-1", at_ms=told.now_ms, reason="gone"))
    told.tidy()
    assert len(told.rows(SERIES)) == 3
    for _ in range(5):
        told.now_ms += DAY_MS
        told.put(change(told.now_ms % 7, "IN1", device="other", at_ms=told.now_ms))
        told.tidy()
    assert told.rows("SELECT name, point_id FROM series s JOIN DEVICES d ON d.device_id = s.series_id >> 20") == [
        ("other", "IN1")
    ]
    assert told.logged("history.emptied") == [{"series": 2}]
    told.put(announced([point(1), point(2)]))
    told.tell("IN1", told.now_ms, 33.5)
    assert told.rows("SELECT value FROM TRENDLOG_ALL WHERE name = 'ahu-1'") == [(33.5,)]
    reopened = told.reopened()
    reopened.put(announced([point(1), point(2)]), change(34.5, at_ms=told.now_ms + 1))
    assert told.rows("SELECT value FROM TRENDLOG_ALL WHERE name = 'ahu-1' ORDER BY sampled_at") == [(33.5,), (34.5,)]
    assert len(told.rows(SERIES)) == 2


def test_a_series_of_another_description_goes_and_the_one_at_work_stays_however_silent(tmp_path: Path) -> None:
    told = Told(tmp_path, **KEPT)
    told.opened()
    told.put(announced([point(1), point(2)]))
    told.live(2)
    told.put(announced([point(1, units="K"), point(2)]))
    told.put(change(290.0, at_ms=told.now_ms))
    for _ in range(6):
        told.now_ms += DAY_MS
        told.store.heartbeat()
        told.tidy()
    assert told.rows(SERIES) == [("IN2", "°C"), ("IN1", "K")]
    told.put(announced([point(1, units="°C"), point(2)]))
    told.put(change(17.0, at_ms=told.now_ms))
    assert told.rows("SELECT value, units FROM TRENDLOG_ALL") == [(17.0, "°C")]


def test_a_series_with_anything_left_stays(tmp_path: Path) -> None:
    told = Told(tmp_path, **(KEPT | {"hours_s": 0.0}))
    told.opened()
    told.put(announced([point(1, rules=Rules(raw_s=86_400.0)), point(2)]))
    told.live(2)
    told.put(announced([point(1, units="K"), point(2, units="K")]))
    told.rows(
        "INSERT INTO TRENDLOG_DATA (serial_number, point_id, point_type, logging_time, value) VALUES (12345, 'IN9', 'INPUT', ?, 7)",
        told.now_ms // 1000,
    )
    told.tidy()
    assert len(told.rows(SERIES)) == 3  # the hour is not packed yet
    told.now_ms += 5 * DAY_MS + HOUR_MS
    told.tidy()
    assert told.one("SELECT count(*) FROM TRENDLOG_ALL") == 0
    assert len(told.rows(SERIES)) == 3  # their hours are kept
