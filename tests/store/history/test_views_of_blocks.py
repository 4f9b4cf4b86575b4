"""What is packed, asked for in SQL: by apsw here, and by the stock shell where there is one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from hypothesis import given

from t3actors.store.history import aggregate_block, block
from t3actors.store.history.aggregates import aggregated
from t3actors.store.history.block import DAY_MS
from t3actors.store.history.parts import LEVEL_WHOLE, Kind, PartWriter, State
from t3actors.store.history.unpacking import Samples
from t3actors.store.migrate import schema_files
from tests.store.building import T0_MS, House, announced, change, point
from tests.store.history.test_block import exactly
from tests.store.history.values import each_span, samples

DAY = T0_MS // DAY_MS
SERIES = (1 << 20) + 1


@pytest.fixture(scope="module")
def connection() -> Iterator[apsw.Connection]:
    """A database with one point in memory."""
    made = apsw.Connection(":memory:")
    for file in schema_files():
        made.execute(file.sql)
    made.execute("INSERT INTO DEVICES (device_id, serial_number, name) VALUES (1, 7, 'ahu-1')")
    made.execute("INSERT INTO series_groups VALUES (16, 1, 1, 'INPUT')")
    made.execute(
        f"INSERT INTO series (series_id, point_index, point_id, created_by, started_at) VALUES ({SERIES}, 1, 'IN1', 'x', 0)"
    )
    yield made
    made.close()


def put(connection: apsw.Connection, kind: Kind, rows: object, count: int) -> None:
    connection.execute("DELETE FROM parts; DELETE FROM runs; DELETE FROM blocks; DELETE FROM aggregate_blocks")
    part = PartWriter(kind, LEVEL_WHOLE, DAY, (0, 1), None)
    part.add(SERIES, rows, count)  # type: ignore[arg-type]
    part.flush(connection, 0)
    part.finish(connection, State.ALONE)


STATUSES = {0: "ok", 1: "unknown", 2: "stale", 3: "fault", 4: "down"}


@given(samples())
def test_sql_takes_a_block_apart_to_the_last_bit(connection: apsw.Connection, run: Samples) -> None:
    put(connection, Kind.SAMPLES, block.encode(run), len(run.times))
    found = connection.execute(
        "SELECT sampled_at, logging_time, logging_day, value, CAST(text AS BLOB), status, clock_trusted FROM TRENDLOG_ARCHIVE"
        " WHERE name = 'ahu-1' AND point_id = 'IN1'"
    ).fetchall()
    assert [row[0] for row in found] == [DAY * DAY_MS + time for time in run.times]
    assert {(row[0] // 1000, DAY) for row in found} == {(row[1], row[2]) for row in found}
    shown = [
        None if isinstance(value, str) else float(value) if isinstance(value, bytes) else value for value in run.values
    ]
    assert exactly([row[3] for row in found]) == exactly(shown)
    texts = [
        value.encode() if isinstance(value, str) else value if isinstance(value, bytes) else None
        for value in run.values
    ]
    assert [row[4] for row in found] == texts
    assert [row[5] for row in found] == [STATUSES.get(code & 7, "disabled") for code in run.codes]
    assert [row[6] for row in found] == [not code & 8 for code in run.codes]


@given(samples())
def test_sql_takes_a_block_of_aggregates_apart(connection: apsw.Connection, run: Samples) -> None:
    rows = aggregated(run, 3_600_000, DAY_MS)
    packed = aggregate_block.encode(rows, 3600)
    put(connection, Kind.HOURS, packed, len(rows))
    found = connection.execute(
        "SELECT logging_time, count, minimum, maximum, last, known_s, mean, time_mean FROM TRENDLOG_HOURLY WHERE name = 'ahu-1'"
    ).fetchall()
    back = each_span([one for each in packed for one in aggregate_block.decode(each)], 3_600_000)
    assert [row[:2] for row in found] == [(DAY * 86400 + one.at_ms // 1000, one.n) for one in back]
    assert exactly([row[2] for row in found]) == exactly([one.least for one in back])
    assert exactly([row[3] for row in found]) == exactly([one.most for one in back])
    assert exactly([row[4] for row in found]) == exactly([one.last for one in back])
    assert [row[5] for row in found] == [one.known_ms // 1000 for one in back]
    for row, one in zip(found, back, strict=True):
        rounding = 1e-12 * max(abs(one.least), abs(one.most))  # both add up in an order of their own
        assert abs(row[6] - one.mean) <= rounding
        assert abs(row[7] - one.time_mean) <= rounding


def test_a_query_with_a_day_seeks_it_and_a_point_seeks_its_run(connection: apsw.Connection) -> None:
    sql = "SELECT * FROM TRENDLOG_ALL WHERE name = 'ahu-1' AND point_id = 'IN1' AND logging_day BETWEEN 3 AND 4"
    plan = [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert "SEARCH p USING INDEX parts_by_day (kind=? AND state=? AND day>? AND day<?)" in plan
    assert "SEARCH r USING PRIMARY KEY (part=? AND series_id=?)" in plan
    assert "SEARCH b USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)" in plan
    assert not [step for step in plan if step.startswith(("SCAN p", "SCAN r", "SCAN b", "SCAN x", "SCAN samples"))]


ASK = "SELECT sampled_at, value, text, status FROM TRENDLOG_ALL WHERE name = 'ahu-1' ORDER BY point_id, sampled_at"


def packed_house(folder: Path) -> House:
    """Two days of all kinds of values, an hour of it as rows, the rest packed; closed."""
    house = House(folder, recent_s=3600.0).opened()
    house.put(announced([point(number) for number in range(1, 5)]))
    for minute in range(2880):
        at_ms = T0_MS + minute * 60_000
        house.now_ms = at_ms
        values = (20 + minute % 37 / 10, minute, 1 / (minute + 1), f"state {minute % 3}")
        house.put(*(change(value, f"IN{number}", at_ms=at_ms) for number, value in enumerate(values, 1)))
    house.tidy()
    house.store.close()
    return house


def expected() -> list[tuple[int, float | int | None, str | None, str]]:
    made: list[tuple[int, float | int | None, str | None, str]] = []
    made += [(T0_MS + minute * 60_000, 20 + minute % 37 / 10, None, "ok") for minute in range(2880)]
    made += [(T0_MS + minute * 60_000, minute, None, "ok") for minute in range(2880)]
    made += [(T0_MS + minute * 60_000, 1 / (minute + 1), None, "ok") for minute in range(2880)]
    made += [(T0_MS + minute * 60_000, None, f"state {minute % 3}", "ok") for minute in range(2880)]
    return made


def test_pythons_own_sqlite_reads_it_all(tmp_path: Path) -> None:
    house = packed_house(tmp_path)
    program = (
        "import json, sqlite3, sys; print(json.dumps(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(house.path), ASK], capture_output=True, check=True, text=True
    )
    assert [tuple(row) for row in json.loads(done.stdout)] == expected()


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="there is no sqlite3 shell on this machine")
def test_the_stock_shell_reads_it_all(tmp_path: Path) -> None:
    house = packed_house(tmp_path)
    done = subprocess.run(["sqlite3", "-readonly", str(house.path), ASK], capture_output=True, check=True, text=True)
    rows = [line.split("|") for line in done.stdout.splitlines()]
    assert [(int(at_ms), status) for at_ms, _, _, status in rows] == [(row[0], row[3]) for row in expected()]
    # the shell prints 15 digits
    assert [value for _, value, _, _ in rows] == ["" if row[1] is None else shell(row[1]) for row in expected()]
    assert [text for _, _, text, _ in rows] == [row[2] or "" for row in expected()]


def shell(value: float) -> str:
    printed = str(value) if isinstance(value, int) else f"{value:.15g}"
    return printed if isinstance(value, int) or "." in printed or "e" in printed else f"{printed}.0"
