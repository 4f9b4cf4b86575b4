"""`t3actors logs`: the log's file and EVENTS as one timeline."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from t3actors.cli.logs import Follower
from t3actors.cli.whereabouts import find
from t3actors.watch import journal
from t3actors.watch.timeline import Wanted
from tests.cli.invoking import t3actors
from tests.cli.test_show import write_database
from tests.waiting import blocking_until
from tests.watch.test_journal import FakeJournal

NOW_MS = time.time_ns() // 1_000_000
ROW = "INSERT INTO EVENTS (at, device_id, point, event, from_status, to_status, reason) VALUES (?, ?, ?, ?, ?, ?, ?)"


def stamp(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")


def log_line(at: int, event: str, level: str = "info", **keys: object) -> str:
    return (
        json.dumps(
            {"timestamp": stamp(at), "level": level, "event": event, "gateway": "riverside", **keys},
            separators=(",", ":"),
        )
        + "\n"
    )


def happen(folder: Path, *rows: tuple[object, ...]) -> None:
    with contextlib.closing(sqlite3.connect(folder / "t3actors.db", isolation_level=None)) as db:
        db.executemany(ROW, rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An outage that the log and the database both know, a point that only the database knows."""
    write_database(tmp_path / "t3actors.db", NOW_MS)
    happen(
        tmp_path,
        (NOW_MS - 7_200_000, 1, None, "device.offline", "online", "offline", "long ago"),
        (NOW_MS - 60_000, 1, None, "device.offline", "online", "offline", "connection refused"),
        (NOW_MS - 59_000, 1, "IN1", "point.down", "ok", "down", "connection refused"),
    )
    return tmp_path


def with_log(folder: Path) -> Path:
    (folder / "t3actors.log.1").write_text(log_line(NOW_MS - 120_000, "gateway.started", version="1"))
    (folder / "t3actors.log").write_text(
        "torn by a power c\n"
        + log_line(
            NOW_MS - 60_500, "device.offline", "error", device="ahu-1", reason="connection refused", next_try_s=0.5
        )
        + log_line(NOW_MS - 30_000, "gateway.summary", polls=3)
    )
    return folder


def test_the_database_alone_has_a_timeline_and_it_is_said_where_it_was_read(folder: Path) -> None:
    seen = t3actors("logs", "--data", folder, "--since", "1h", "--json")
    assert seen.code == 0
    assert [(row["event"], row["device"], row["point"]) for row in seen.rows()] == [
        ("device.offline", "ahu-1", None),
        ("point.down", "ahu-1", "IN1"),
    ]
    assert f"read from EVENTS of {folder / 't3actors.db'} alone: no log file is configured" in seen.err


def test_without_a_log_file_the_journal_has_the_log_and_where_it_has_nothing_that_is_said(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "journal").mkdir()
    kept = FakeJournal(tmp_path / "journal")
    monkeypatch.setenv("PATH", kept.path)
    monkeypatch.setattr(journal, "BOOTED", tmp_path)
    assert "and the journal has nothing of it" in t3actors("logs", "--data", folder).err
    at = NOW_MS - 60_500
    kept.say(log_line(at, "device.offline", "error", device="ahu-1", reason="connection refused", next_try_s=0.5)[:-1])
    kept.say(log_line(at, "device.offline", "error", device="of another gateway").replace("riverside", "hillside")[:-1])
    seen = t3actors("logs", "--data", folder, "--since", "1h", "--json")
    assert [(row["event"], row["source"]) for row in seen.rows()] == [
        ("device.offline", "log"),
        ("point.down", "database"),
    ]
    assert f"read from the journal, and EVENTS of {folder / 't3actors.db'}" in seen.err
    follower = Follower(find(None, folder), Wanted(since_ms=NOW_MS))
    try:
        kept.say(log_line(NOW_MS + 1000, "reload.done")[:-1])
        news: list[str] = []
        blocking_until(lambda: bool(news.extend(entry.event for entry in follower.news()) or news))
        assert news == ["reload.done"]
    finally:
        follower.close()
    (folder / "t3actors.log").write_text(log_line(NOW_MS - 90_000_000, "gateway.stopped"))
    os.utime(folder / "t3actors.log", (NOW_MS / 1000 - 90_000, NOW_MS / 1000 - 90_000))
    beside_an_old_file = Follower(find(None, folder), Wanted(since_ms=NOW_MS))
    try:
        blocking_until(lambda: "reload.done" in [entry.event for entry in beside_an_old_file.news()])
    finally:
        beside_an_old_file.close()
    assert "read from the journal" in t3actors("logs", "--data", folder).err
    (folder / "t3actors.db").unlink()
    config = folder / "site.toml"
    config.write_text(f'[gateway]\nname = "riverside"\ndata_dir = "{folder}"\n')
    assert "device.offline" in t3actors("logs", config).out, "a gateway that could not open its database has a log, too"


def test_with_a_log_file_both_are_one_and_what_stands_in_both_is_there_once(folder: Path) -> None:
    seen = t3actors("logs", "--data", with_log(folder), "--since", "1h", "--json")
    assert [(row["event"], row["source"]) for row in seen.rows()] == [
        ("gateway.started", "log"),
        ("device.offline", "log"),
        ("point.down", "database"),
    ]
    assert f"read from {folder / 't3actors.log'} and 1 older, and EVENTS of {folder / 't3actors.db'}" in seen.err


@pytest.mark.parametrize(
    ("options", "events"),
    [
        (("--device", "ahu-1"), ["device.offline", "point.down"]),
        (("--device", "ahu-2"), []),
        (("--event", "point.*"), ["point.down"]),
        (("--event", "*.summary"), ["gateway.summary"]),
        (("--level", "error"), ["device.offline", "point.down"]),
        (("--limit", "1"), ["point.down"]),
        (("--since", stamp(NOW_MS - 59_500)), ["point.down"]),
    ],
)
def test_it_is_narrowed_down(folder: Path, options: tuple[str, str], events: list[str]) -> None:
    since = () if "--since" in options else ("--since", "1h")
    seen = t3actors("logs", "--data", with_log(folder), *since, *options, "--json")
    assert [row["event"] for row in seen.rows()] == events


def test_for_a_person_it_is_a_line_each_in_the_gateways_time(folder: Path) -> None:
    config = folder / "site.toml"
    config.write_text(f'[gateway]\ndata_dir = "{with_log(folder)}"\ntime_zone = "Asia/Kolkata"\n')
    first, *_ = t3actors("logs", config, "--since", "1h", "--device", "ahu-1").out.splitlines()
    assert "IST  error    device.offline  ahu-1  connection refused  next_try_s=0.5" in first


def test_a_large_number_is_told_whole(folder: Path) -> None:
    (folder / "t3actors.log").write_text(log_line(NOW_MS - 500, "clock.stepped", step_s=1795763123.25, by_s=0.5))
    assert t3actors("logs", "--data", folder).out.splitlines()[-1].endswith("step_s=1795763123  by_s=0.5")


def test_the_configured_file_is_read(folder: Path) -> None:
    (folder / "own.log").write_text(log_line(NOW_MS - 1000, "gateway.started"))
    config = folder / "site.toml"
    config.write_text(f'[gateway]\ndata_dir = "{folder}"\n[log]\nfile = "own.log"\n')
    assert "gateway.started" in t3actors("logs", config).out


def test_what_nobody_knows_is_refused_with_the_nearest(folder: Path) -> None:
    seen = t3actors("logs", "--data", folder, "--device", "ahu-11")
    assert (seen.code, "did you mean" in seen.err) == (1, True)
    assert t3actors("logs", "--data", folder, "--since", "yesterday").code == 2
    assert t3actors("logs", "--data", folder / "nowhere").code == 73


def test_a_log_file_without_a_database_is_read_alone(tmp_path: Path) -> None:
    (tmp_path / "t3actors.log").write_text(log_line(NOW_MS - 1000, "gateway.failed", "error", reason="no disk"))
    seen = t3actors("logs", "--data", tmp_path)
    assert (seen.code, "no disk" in seen.out, "no EVENTS" in seen.err) == (0, True, True)


def test_who_follows_sees_each_thing_once_also_when_its_row_comes_after_its_line(folder: Path) -> None:
    follower = Follower(find(None, with_log(folder)), Wanted())
    assert follower.news() == []
    with (folder / "t3actors.log").open("a") as log:
        log.write(log_line(NOW_MS, "device.online", device="ahu-1"))
    assert [entry.event for entry in follower.news()] == ["device.online"]
    happen(
        folder,
        (NOW_MS + 400, 1, None, "device.online", "offline", "online", ""),
        (NOW_MS + 500, 1, "IN1", "point.ok", "down", "ok", ""),
    )
    assert [entry.event for entry in follower.news()] == ["point.ok"]
    assert follower.news() == []


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_whoever_reads_may_have_enough(folder: Path, form: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        command = [sys.executable, "-m", "t3actors", "logs", "--data", str(folder), *form]
        ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writing)
    assert ended.returncode == 0
    assert ended.stderr.count("\n") == 1
    assert "read from EVENTS" in ended.stderr
