"""The views as any tool sees them. Plans are checked in the SQLite of apsw and in the one that came with Python."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from t3actors.messages import DeviceStatusChanged
from t3actors.points import DeviceStatus, Kind, Status
from t3actors.store.reader import open_reader
from tests.store.building import T0_MS, House, announced, change, point

SEEDS_QUERY = (
    "SELECT * FROM TRENDLOG_DATA WHERE data_source = 1 AND serial_number = 12345 AND point_type = 'INPUT'"
    " ORDER BY logging_time DESC LIMIT 1000"
)

Plan = Callable[[Path, str], list[str]]


def plan_by_apsw(path: Path, sql: str) -> list[str]:
    connection = apsw.Connection(str(path))
    try:
        return [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    finally:
        connection.close()


def plan_by_stdlib(path: Path, sql: str) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    finally:
        connection.close()


@pytest.mark.parametrize("plan", [plan_by_apsw, plan_by_stdlib])
def test_the_seeds_query_seeks_one_device_and_sorts_nothing(tmp_path: Path, plan: Plan) -> None:
    house = House(tmp_path).opened()
    house.store.close()
    assert plan(house.path, SEEDS_QUERY) == [
        "SEARCH d USING INDEX sqlite_autoindex_DEVICES_1 (serial_number=?)",
        "SEARCH g USING COVERING INDEX sqlite_autoindex_series_groups_1 (device_id=? AND data_source=? AND point_type=?)",
        "SCAN t",
        "SEARCH x USING PRIMARY KEY (logging_time=? AND series_id>? AND series_id<?)",
        "SEARCH s USING INTEGER PRIMARY KEY (rowid=?)",
    ]


@pytest.mark.parametrize("plan", [plan_by_apsw, plan_by_stdlib])
@pytest.mark.parametrize(
    "where",
    [
        "1",
        "serial_number = 1",
        "name = 'ahu-1'",
        "name = 'ahu-1' AND point_id = 'IN3'",
        "device_id = 1 AND point_type = 'INPUT'",
        "data_source = 1",
        "serial_number IN (1, 2)",
        "logging_time > 1795000000",
        "name = 'ahu-1' AND logging_time BETWEEN 1795000000 AND 1795003600",
    ],
)
def test_no_question_about_history_reads_samples_without_a_time_or_sorts_them(
    tmp_path: Path, plan: Plan, where: str
) -> None:
    house = House(tmp_path).opened()
    house.store.close()
    steps = plan(house.path, f"SELECT * FROM TRENDLOG_DATA WHERE {where} ORDER BY logging_time DESC LIMIT 1000")
    assert not [step for step in steps if "TEMP B-TREE" in step or step.startswith("SCAN x")]
    assert [step for step in steps if step.startswith("SEARCH x USING PRIMARY KEY (logging_time=?")]
    if "logging_time" in where:
        assert [step for step in steps if step.startswith("SEARCH t USING INTEGER PRIMARY KEY")]


def test_the_seeds_query_finds_the_newest_of_its_own(house: House) -> None:
    ffi: dict[str, Any] = {"data_source": 1, "created_by": "ffi_sync_service"}
    house.put(announced([point(1), point(1, Kind.VARIABLE)], **ffi), announced(device="other", serial=7, **ffi))
    for second in range(1200):
        at_ms = T0_MS + 1000 * second
        house.put(change(second, at_ms=at_ms), change(-1, "VAR1", at_ms=at_ms), change(-2, device="other", at_ms=at_ms))
    found = house.rows(SEEDS_QUERY.replace("*", "value"))
    assert found == [(second,) for second in range(1199, 199, -1)]


# ------------------------------------------------------------------------------------------------------- by hand


def test_a_row_by_hand_is_marked_as_such(house: House) -> None:
    house.put(announced(), change())
    house.rows(
        "INSERT INTO TRENDLOG_DATA (serial_number, point_id, point_type, logging_time, value, data_source, created_by)"
        " VALUES (12345, 'IN1', 'INPUT', 1795000007, 19.5, 1, 'me')"
    )
    assert house.rows(
        "SELECT point_index, value, status, data_source, created_by, sync_interval FROM TRENDLOG_DATA WHERE logging_time = 1795000007"
    ) == [(1, 19.5, "ok", 2, "manual_entry", 30)]
    assert house.put(change(22, at_ms=T0_MS + 7000)) == ()


def test_rows_by_hand_may_share_a_second(house: House) -> None:
    house.put(announced())
    for value in (1, 2):
        house.rows(
            "INSERT INTO TRENDLOG_DATA (serial_number, point_id, point_type, logging_time, value) VALUES (12345, 'IN1', 'INPUT', 9, ?)",
            value,
        )
    assert house.rows("SELECT sampled_at, value FROM TRENDLOG_DATA ORDER BY sampled_at") == [(9000, 1), (9001, 2)]
    assert house.one("SELECT count(*) FROM series") == 1


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ("(1, 'IN1', 'INPUT', 9, 1)", "no device in DEVICES has this serial_number"),
        ("(12345, 'IN1', 'input', 9, 1)", "point_type is one of INPUT, OUTPUT, VARIABLE"),
        ("(12345, NULL, 'INPUT', 9, 1)", "point_id is missing"),
        ("(12345, 'IN1', 'INPUT', '2026-11-22', 1)", "logging_time is whole Unix seconds"),
        ("(12345, 'IN1', 'INPUT', 1795000000000, 1)", "logging_time is whole Unix seconds"),
    ],
)
def test_a_bad_row_by_hand_is_refused_with_what_is_allowed(house: House, values: str, complaint: str) -> None:
    house.put(announced())
    with pytest.raises(apsw.ConstraintError, match=complaint):
        house.rows(
            f"INSERT INTO TRENDLOG_DATA (serial_number, point_id, point_type, logging_time, value) VALUES {values}"
        )


# --------------------------------------------------------------------------------------------------------- spans


def test_a_span_lasts_until_the_next_value_and_the_last_until_the_gateway_was_last_heard(house: House) -> None:
    house.put(announced(), change(1), change(2, at_ms=T0_MS + 60_000))
    house.now_ms = T0_MS + 100_000
    house.put()
    assert house.rows("SELECT value, from_at - ?1, until_at - ?1 FROM TRENDLOG_SPANS ORDER BY from_at", T0_MS) == [
        (1, 0, 60_000),
        (2, 60_000, 100_000),
    ]


@pytest.mark.parametrize("clean", [True, False])
def test_a_span_does_not_bridge_the_time_in_which_no_gateway_ran(house: House, clean: bool) -> None:
    house.put(announced(), change(1))
    house.now_ms = T0_MS + 30_000
    house.put(change(2, at_ms=T0_MS + 30_000))
    house.put(change(3, at_ms=T0_MS + 34_000))  # after the last heartbeat
    house.now_ms = T0_MS + 36_000
    if clean:
        house.store.close()
    else:
        house.store.abandon_connection()
    for later_ms, value in ((3_600_000, 4), (7_200_000, 5)):
        house.now_ms, house.boot_id = T0_MS + later_ms, f"boot {later_ms}"
        house.store = house.new_store()
        house.opened().put(change(value, at_ms=house.now_ms + 500))
        house.now_ms += 20_000
        house.store.heartbeat()
        house.store.close()
    assert house.rows("SELECT value, from_at - ?1, until_at - ?1 FROM TRENDLOG_SPANS ORDER BY from_at", T0_MS) == [
        (1, 0, 30_000),
        (2, 30_000, 34_000),
        (3, 34_000, 36_000 if clean else 34_000),
        (4, 3_600_500, 3_620_000),
        (5, 7_200_500, 7_220_000),
    ]


@pytest.mark.parametrize("plan", [plan_by_apsw, plan_by_stdlib])
def test_a_span_finds_the_end_of_its_gateway_by_seeking(tmp_path: Path, plan: Plan) -> None:
    house = House(tmp_path).opened()
    house.store.close()
    steps = plan(house.path, "SELECT * FROM TRENDLOG_SPANS")
    (start,) = [step for step in steps if "events_of_the_gateway" in step]
    assert start.startswith("SEARCH")
    assert "(event=? AND at" in start
    (end,) = [step for step in steps if " e " in step]  # from the start's own row backwards: it is the one before
    assert end.startswith("SEARCH")
    assert "(rowid<?)" in end


def test_who_died_at_once_was_last_heard_when_he_started(tmp_path: Path) -> None:
    """Its last word has the very time of its start, which is not the last word of the life before."""
    house = House(tmp_path).opened()
    house.store.close()
    for life in (1, 2):
        house.now_ms += 3_600_000
        house.boot_id = f"life {life}"
        house.store = house.new_store()
        house.opened()
        house.store.abandon_connection()
    house.boot_id = "life 3"
    house.now_ms += 3_600_000
    house.store = house.new_store()
    house.opened()
    assert house.rows("SELECT ended_at - ?1, started_at - ?1 FROM GATEWAY_ENDS ORDER BY started_at", T0_MS) == [
        (-T0_MS, 0),
        (0, 3_600_000),
        (3_600_000, 7_200_000),
        (7_200_000, 10_800_000),
    ]


def test_a_span_ends_where_a_new_description_begins(house: House) -> None:
    house.put(announced(), change(20), announced([point(units="°F")]), change(68, at_ms=T0_MS + 1000))
    assert house.rows(
        "SELECT units, until_at - ? FROM TRENDLOG_SPANS WHERE name = 'ahu-1' ORDER BY from_at LIMIT 1", T0_MS
    ) == [("°C", 1000)]


# -------------------------------------------------------------------------------------------------------- POINTS

NOW = "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


@pytest.mark.parametrize(
    ("age_s", "live"), [(0, True), (30, True), (36, False), (86400, False), (-30, True), (-40, False), (-86400, False)]
)
def test_nothing_reads_live_when_the_heartbeat_is_old_or_far_in_the_future(
    house: House, age_s: int, live: bool
) -> None:
    """A gateway that died before its clock was set right must not read as live until that time comes."""
    online = DeviceStatusChanged(
        device="ahu-1", at_ms=T0_MS, status=DeviceStatus.ONLINE, was=DeviceStatus.UNKNOWN, reason=""
    )
    house.put(announced(), online, change(21.5))
    house.rows(f"UPDATE GATEWAY SET heartbeat_at = ({NOW}) - {age_s * 1000}")
    ((status, reason, value),) = house.rows("SELECT status, status_reason, value FROM POINTS")
    assert (status, value) == ("ok" if live else "unknown", 21.5)
    assert house.one("SELECT device_status FROM POINTS") == ("online" if live else "unknown")
    with open_reader(house.path) as reader:
        gateway = reader.gateway()
    assert gateway is not None
    assert gateway.live is live
    assert live or str(reason).startswith("the gateway does not run: it was ok, last heard 20")


def test_nothing_reads_live_after_a_clean_stop(house: House) -> None:
    now = house.one(NOW)
    assert isinstance(now, int)
    house.now_ms = now
    house.put(announced(), change())
    assert house.one("SELECT status FROM POINTS") == "ok"
    house.store.close()
    assert house.one("SELECT status FROM POINTS") == "unknown"


def test_points_show_all_three_tables_with_the_devices_name_and_the_words_for_a_state(house: House) -> None:
    outputs = point(3, Kind.OUTPUT, digital=True, states=("Off", "On"), units="")
    house.put(
        announced([point(1), outputs, point(2, Kind.VARIABLE)]), change(21.5), change(1, "OUT3"), change("x", "VAR2")
    )
    assert house.rows("SELECT name, point_id, point_type, value, text, units FROM POINTS ORDER BY point_type") == [
        ("ahu-1", "IN1", "INPUT", 21.5, None, "°C"),
        ("ahu-1", "OUT3", "OUTPUT", 1, "On", ""),
        ("ahu-1", "VAR2", "VARIABLE", None, "x", "°C"),
    ]


@pytest.mark.parametrize(
    ("value", "text"), [(0, "low"), (2, "high"), (2.0, "high"), (3, None), (0.5, None), (-1, None), (1 << 32, None)]
)
def test_points_have_the_words_for_each_state_of_a_multi_state_point(
    house: House, value: float, text: str | None
) -> None:
    house.put(announced([point(units="", states=("low", "mid", "high"))]), change(value))
    assert house.rows("SELECT value, text FROM POINTS") == [(value, text)]


def test_points_tell_a_fault_and_its_reason(house: House) -> None:
    now = house.one(NOW)
    assert isinstance(now, int)
    house.now_ms = now
    house.put(announced())
    house.rows(f"UPDATE GATEWAY SET heartbeat_at = ({NOW})")
    house.put(change(None, status=Status.FAULT, reason="illegal register 100"))
    assert house.rows("SELECT status, status_reason FROM POINTS") == [("fault", "illegal register 100")]


def test_the_less_used_tables_stand(house: House) -> None:
    for table in ("PROGRAMS", "SCHEDULES", "HOLIDAYS", "TRENDLOGS", "PID_CONTROLLERS", "GRAPHICS", "ALARMS"):
        assert house.rows(f"SELECT * FROM {table}") == []
        assert "serial_number" in [row[1] for row in house.rows(f"PRAGMA table_info({table})")]
