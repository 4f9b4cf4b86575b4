"""`t3actors status`, `devices`, `points`, `alarms`, `history`: on a database as a gateway leaves it, or keeps it."""

from __future__ import annotations

import contextlib
import csv
import io
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from t3actors.cli import looking
from t3actors.store.lock import data_dir_locked
from t3actors.store.migrate import schema_files
from t3actors.store.ours import APPLICATION_ID
from tests.cli.invoking import t3actors

VERBS = ("status", "devices", "points", "alarms", "history")
SCHEMA = Path(__file__).parent.parent.parent / "t3actors" / "store" / "schema"
SAMPLES = (20.0, 20.5, None, 21.0)


def write_database(path: Path, heartbeat_ms: int) -> None:
    """Two devices, three points and one history, as the writer leaves them."""
    now_s = int(time.time())
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        for file in sorted(SCHEMA.glob("*.sql")):
            db.executescript(file.read_text(encoding="utf-8"))
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {schema_files()[-1].number}")
        db.execute(
            "INSERT INTO GATEWAY VALUES (1, 'riverside', '0.1.0', 'b', ?, ?, 1, 1, 0, 1)", (heartbeat_ms, heartbeat_ms)
        )
        devices = [(1, 12345, "ahu-1", "online", ""), (2, 2**32 + 2, "ahu-2", "offline", "connection refused")]
        db.executemany(
            "INSERT INTO DEVICES (device_id, serial_number, name, status, status_reason) VALUES (?, ?, ?, ?, ?)",
            devices,
        )
        point = "(serial_number, point_index, device_id, point_id, label, units, status, status_reason)"
        for table, kind, row, value, sampled_at in (
            ("input_rows", 0, (12345, 1, 1, "IN1", "Supply\x1b[31m", "°C", "ok", ""), 21.0, heartbeat_ms),
            ("output_rows", 1, (12345, 1, 1, "OUT1", "Fan", "", "fault", "illegal register"), 1.0, heartbeat_ms),
            ("input_rows", 0, (2**32 + 2, 1, 2, "IN1", "Return", "°C", "down", "connection refused"), 19.0, None),
        ):
            db.execute(f"INSERT INTO {table} {point} VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            number = (row[2] << 34) + (kind << 32) + row[1]
            db.execute("INSERT INTO newest_values VALUES (?, ?, NULL, ?, NULL, 0)", (number, value, sampled_at))
        for state, cleared_at in (("high limit", None), ("fault", heartbeat_ms)):
            db.execute(
                "INSERT INTO ALARMS (serial_number, source, alarm_state, message, raised_at, cleared_at)"
                " VALUES (12345, 'AI1', ?, 'too warm', ?, ?)",
                (state, heartbeat_ms - 5000, cleared_at),
            )
        for back_s, value in zip((4000, 3000, 2000, 1000), SAMPLES, strict=True):
            db.execute(
                "INSERT INTO TRENDLOG_DATA (serial_number, point_id, point_type, point_index, logging_time, value, units, status)"
                " VALUES (12345, 'IN1', 'INPUT', 1, ?, ?, '°C', ?)",
                (now_s - back_s, value, "ok" if value is not None else "fault"),
            )


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Path]:
    """The data_dir of a gateway that runs."""
    write_database(tmp_path / "t3actors.db", time.time_ns() // 1_000_000)
    with data_dir_locked(tmp_path):
        yield tmp_path


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """The data_dir of a gateway that ran a moment ago: its heartbeat is fresh, nobody holds its lock."""
    write_database(tmp_path / "t3actors.db", time.time_ns() // 1_000_000)
    return tmp_path


def arguments(verb: str, data: Path) -> list[object]:
    return [verb, *(["ahu-1/IN1"] if verb == "history" else []), "--data", data]


@pytest.mark.parametrize("verb", VERBS)
def test_a_running_gateway_is_looked_at_and_nothing_is_said_beside_it(running: Path, verb: str) -> None:
    ended = t3actors(*arguments(verb, running))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out


@pytest.mark.parametrize("verb", VERBS)
def test_without_a_gateway_the_last_known_is_printed_marked_and_the_code_is_69(killed: Path, verb: str) -> None:
    ended = t3actors(*arguments(verb, killed))
    assert ended.code == 69
    assert ended.err.startswith(f"t3actors: no gateway is running in {killed} (last heard: ")
    assert ended.out


def test_nothing_reads_as_live_where_no_gateway_runs(killed: Path) -> None:
    for verb in ("devices", "points"):
        rows = t3actors(*arguments(verb, killed), "--json").rows()
        assert rows
        assert {row["status"] for row in rows} == {"unknown"}
        assert {row.get("device_status", "unknown") for row in rows} == {"unknown"}
        assert all("it was " in row["status_reason"] and row["live"] is False for row in rows)


@pytest.mark.parametrize("verb", VERBS)
def test_a_gateway_that_lives_but_cannot_write_is_not_said_to_be_gone(tmp_path: Path, verb: str) -> None:
    write_database(tmp_path / "t3actors.db", time.time_ns() // 1_000_000 - 100_000)
    with data_dir_locked(tmp_path):
        ended = t3actors(*arguments(verb, tmp_path))
        rows = t3actors("devices", "--data", tmp_path, "--json").rows()
    assert ended.code == 0
    assert f"the gateway in {tmp_path} is running, but it has not written its database for 10" in ended.err
    assert "NOT RUNNING" not in ended.out
    assert {row["status"] for row in rows} == {"unknown"}
    assert all("has not written its database" in row["status_reason"] and row["live"] is False for row in rows)


def test_no_point_of_a_gateway_that_cannot_write_says_that_it_does_not_run(tmp_path: Path) -> None:
    write_database(tmp_path / "t3actors.db", time.time_ns() // 1_000_000 - 100_000)
    with data_dir_locked(tmp_path):
        rows = t3actors("points", "--data", tmp_path, "--json").rows()
    begins = "the gateway is running, but it has not written its database for 10"
    assert all(row["status_reason"].startswith(begins) for row in rows)
    assert "; it was ok, last heard " in rows[0]["status_reason"]
    assert "does not run" not in str(rows)
    rows = t3actors("points", "--data", tmp_path, "--json").rows()
    assert rows[0]["status_reason"].startswith("no gateway is running; it was ok, last heard ")


def test_a_database_that_this_user_may_not_read_is_one_line_and_73(
    killed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refused)
    ended = t3actors("status", "--data", killed)
    assert (ended.code, ended.out, ended.err.count("\n")) == (73, "", 1)
    assert "t3actors.db" in ended.err
    assert "Permission denied" in ended.err


@pytest.mark.parametrize("verb", VERBS)
def test_where_no_database_is_the_code_is_73_and_it_is_one_line(tmp_path: Path, verb: str) -> None:
    ended = t3actors(*arguments(verb, tmp_path / "nowhere"))
    assert (ended.code, ended.out) == (73, "")
    assert ended.err.count("\n") == 1
    assert "nowhere" in ended.err
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("verb", ["status", "devices", "points"])
def test_neither_config_nor_data_is_a_usage_error(verb: str) -> None:
    assert t3actors(verb).code == 2


def test_a_configuration_names_the_gateway(running: Path, tmp_path: Path) -> None:
    config = tmp_path / "site.toml"
    config.write_text(f'[gateway]\ndata_dir = "{running}"\n', encoding="utf-8")
    assert len(t3actors("devices", config, "--json").rows()) == 2
    assert len(t3actors("history", "ahu-1/IN1", config, "--json").rows()) == len(SAMPLES)


def test_status_counts_what_is_well_and_lists_what_is_not(running: Path) -> None:
    (row,) = t3actors("status", "--data", running, "--json").rows()
    assert (row["live"], row["name"]) == (True, "riverside")
    assert row["devices"] == {"online": 1, "offline": 1}
    assert row["points"] == {"ok": 1, "fault": 1, "down": 1}
    out = t3actors("status", "--data", running).out
    assert "gateway riverside 0.1.0: running" in out
    assert "devices: 2, 1 offline, 1 online" in out
    assert "connection refused" in out


def test_status_counts_by_the_gateways_own_word_where_it_has_one(
    running: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = t3actors("status", "--data", running).out
    assert "devices: 2, 1 offline, 1 online (as of " in stored
    health: dict[str, Any] = {
        "detector": {"state": "ok"},
        "devices": {"online": 0, "offline": 1, "disabled": 1},
        "points_by_status": {"disabled": 2, "down": 1},
        "overrides": {"ahu-1": {"stopped": True, "poll_interval_s": None}},
    }
    monkeypatch.setattr(looking, "_asked", lambda _where: (health, ""))
    now = t3actors("status", "--data", running).out
    assert "devices: 2, 1 disabled, 1 offline\n" in now
    assert "points: 3, 2 disabled, 1 down\n" in now
    assert "stopped by hand" in next(line for line in now.splitlines() if line.startswith("ahu-1"))
    health["detector"] = {"state": "stuck", "since_at": 0, "reason": "it has not answered"}
    assert "points: 3, 1 down, 1 fault, 1 ok (as of " in t3actors("status", "--data", running).out


def test_devices_show_no_serial_that_is_not_one(running: Path) -> None:
    rows = t3actors("devices", "--data", running, "--json").rows()
    assert [(row["name"], row["serial_number"]) for row in rows] == [("ahu-1", 12345), ("ahu-2", None)]


def test_points_can_be_chosen_by_device_and_status(running: Path) -> None:
    def listed(*options: str) -> list[str]:
        return [row["point"] for row in t3actors("points", "--data", running, "--json", *options).rows()]

    assert listed() == ["ahu-1/IN1", "ahu-1/OUT1", "ahu-2/IN1"]
    assert listed("--device", "ahu-1") == ["ahu-1/IN1", "ahu-1/OUT1"]
    assert listed("--status", "down") == ["ahu-2/IN1"]


def test_what_a_device_says_of_itself_does_not_reach_the_terminal_raw(running: Path) -> None:
    assert "\x1b" not in t3actors("points", "--data", running).out


def test_history_is_oldest_first_and_has_gaps_where_the_status_was_not_ok(running: Path) -> None:
    rows = t3actors("history", "ahu-1/IN1", "--data", running, "--json").rows()
    assert [row["value"] for row in rows] == list(SAMPLES)
    assert rows[2]["status"] == "fault"


@pytest.mark.parametrize(
    ("options", "values"),
    [
        (("--since", "2500s"), [None, 21.0]),
        (("--until", "2500s"), [20.0, 20.5]),
        (("--since", "3500s", "--until", "1500s"), [20.5, None]),
        (("--since", "2020-01-01", "--until", "2020-01-02T10:00"), []),
    ],
)
def test_history_keeps_to_the_times_asked_for(
    running: Path, options: tuple[str, ...], values: list[float | None]
) -> None:
    rows = t3actors("history", "ahu-1/IN1", "--data", running, "--json", *options).rows()
    assert [row["value"] for row in rows] == values


def test_history_cut_short_says_so(running: Path) -> None:
    ended = t3actors("history", "ahu-1/IN1", "--data", running, "--json", "--limit", 2)
    assert [row["value"] for row in ended.rows()] == [None, 21.0]
    assert ended.err == "only the newest 2: see --limit\n"


def test_history_as_csv_has_a_header(running: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(t3actors("history", "ahu-1/IN1", "--data", running, "--csv").out)))
    assert [row["value"] for row in rows] == ["20.0", "20.5", "", "21.0"]
    assert rows[0]["units"] == "°C"


def test_an_unknown_point_names_the_nearest(running: Path) -> None:
    ended = t3actors("history", "ahu-1/INN1", "--data", running)
    assert ended.code == 1
    assert 'no point "ahu-1/INN1"; a point is device/point_id; did you mean "ahu-1/IN1"?' in ended.err


def test_a_time_that_is_none_is_a_usage_error(running: Path) -> None:
    ended = t3actors("history", "ahu-1/IN1", "--data", running, "--since", "yesterday")
    assert ended.code == 2
    assert 'saw "yesterday"; allowed: an age' in ended.err


def test_a_device_or_status_that_is_none_is_told_and_not_taken_for_an_empty_list(running: Path) -> None:
    ended = t3actors("points", "--data", running, "--device", "ahu-3")
    assert (ended.code, ended.out) == (1, "")
    assert 'no device "ahu-3"; did you mean "ahu-' in ended.err
    assert t3actors("points", "--data", running, "--status", "dwon").code == 2


def test_alarms_shows_those_that_stand_and_on_request_those_that_are_over(running: Path) -> None:
    standing = t3actors("alarms", "--data", running).out
    assert "high limit" in standing
    assert "too warm" in standing
    assert "fault" not in standing
    assert "fault" in t3actors("alarms", "--data", running, "--all").out
    (row,) = t3actors("alarms", "--data", running, "--json").rows()
    assert (row["name"], row["source"], row["live"], row["cleared_at"]) == ("ahu-1", "AI1", True, None)
    assert "did you mean" in t3actors("alarms", "--data", running, "--device", "ahu-11").err


def test_an_alarm_of_a_device_whose_clock_was_wrong_says_so(running: Path) -> None:
    assert "its clock" not in t3actors("alarms", "--data", running).out
    with contextlib.closing(sqlite3.connect(running / "t3actors.db", isolation_level=None)) as db:
        db.execute("UPDATE ALARMS SET clock_off_s = -10800")
    assert "(its clock: 3 h slow)" in t3actors("alarms", "--data", running).out
    (row,) = t3actors("alarms", "--data", running, "--json").rows()
    assert row["clock_off_s"] == -10800
