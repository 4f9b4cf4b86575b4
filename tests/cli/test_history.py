"""`t3actors history`, `storage` and `backup`: on the file of a gateway that has packed some of its history."""

from __future__ import annotations

import csv
import io
import sqlite3
import time
from itertools import zip_longest
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import t3actors.cli.storage as storage_module
from t3actors.cli.plot import Column, plot
from t3actors.cli.storage import budget_line
from t3actors.config import StoreConfig
from t3actors.moments import zone_of
from t3actors.store.history import windows
from t3actors.store.history.samples import Run
from t3actors.watch.forecast import Forecast
from tests.cli.invoking import t3actors
from tests.store.building import announced, point
from tests.store.history.telling import DAY_MS, MIDNIGHT_MS, Told

UTC = zone_of("UTC")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data_dir whose gateway does not run: two days of two points, packed."""
    told = Told(tmp_path)
    told.opened()
    told.put(announced([point(1), point(2)]))
    told.live(50)
    told.tidy()
    told.store.close()
    return tmp_path


WHEN = ("--since", "2026-11-18", "--until", "2026-11-20T02:00")


def test_history_needs_no_gateway(data: Path) -> None:
    ended = t3actors("history", "ahu-1/IN1", "--data", data, *WHEN, "--json", "--limit", 1_000_000)
    assert ended.code == 69
    assert len(ended.rows()) == 200


def test_history_by_spans(data: Path) -> None:
    rows = t3actors("history", "ahu-1/IN1", "--data", data, *WHEN, "--every", "1d", "--json").rows()
    assert [(row["at"], row["count"]) for row in rows] == [
        (MIDNIGHT_MS, 96),
        (MIDNIGHT_MS + DAY_MS, 96),
        (MIDNIGHT_MS + 2 * DAY_MS, 8),
    ]
    table = t3actors("history", "ahu-1/IN1", "--data", data, *WHEN, "--every", "12h").out
    assert table.splitlines()[0].split() == [
        "time",
        "min",
        "mean",
        "over",
        "time",
        "max",
        "last",
        "samples",
        "known",
        "s",
        "units",
    ]
    rows = list(
        csv.DictReader(
            io.StringIO(t3actors("history", "ahu-1/IN1", "--data", data, *WHEN, "--every", "1h", "--csv").out)
        )
    )
    assert len(rows) == 50
    assert float(rows[0]["minimum"]) <= float(rows[0]["time_mean"]) <= float(rows[0]["maximum"])


@pytest.mark.parametrize("every", ["0s", "500ms", "often"])
def test_a_span_that_is_none_is_refused(data: Path, every: str) -> None:
    refused = t3actors("history", "ahu-1/IN1", "--data", data, "--every", every)
    assert refused.code == 2
    assert f'saw "{every}"; allowed: a duration from "1s"' in refused.err


def test_too_many_spans_are_refused(data: Path) -> None:
    refused = t3actors("history", "ahu-1/IN1", "--data", data, "--since", "1971-01-01", "--every", "1s")
    assert "allowed: at most 1000000 spans: a later --since, or a longer --every" in refused.err


@pytest.mark.parametrize("forms", [("--plot", "--csv"), ("--plot", "--json"), ("--csv", "--json")])
def test_two_forms_at_once_are_refused(data: Path, forms: tuple[str, str]) -> None:
    refused = t3actors("history", "ahu-1/IN1", "--data", data, *WHEN, *forms)
    assert (refused.code, refused.out) == (2, "")
    assert f"{forms[0]} and {forms[1]}: allowed is one of them" in refused.err


def test_what_is_quoted_back_is_cut(data: Path) -> None:
    refused = t3actors("history", "ahu-1/IN1", "--data", data, "--since", "x" * 100_000)
    assert refused.code == 2
    assert f'saw "{"x" * 80}..."; allowed: an age' in refused.err


@pytest.mark.parametrize(
    "arguments", [("history", "\udcff/IN1"), ("points", "--device", "a\0b"), ("logs", "--device", "\udcff")]
)
def test_an_argument_that_is_no_text_is_refused(data: Path, arguments: tuple[str, ...]) -> None:
    refused = t3actors(*arguments, "--data", data)
    assert refused.code == 2
    assert "allowed: arguments in UTF-8, without the character NUL" in refused.err


def test_history_can_be_drawn(data: Path) -> None:
    lines = t3actors("history", "ahu-1/IN1", "--data", data, *WHEN, "--plot").out.splitlines()
    assert lines[0].strip() == "°C"
    assert lines[1].strip().startswith("23")
    assert "2026-11-18 00:00:00 UTC" in lines[-1]
    assert "•" in "".join(lines)


@pytest.mark.parametrize(("since", "whole"), [("2026-06-01", True), ("2026-11-18", False)])
def test_a_plot_of_months_is_told_by_the_hour_not_by_all_samples(
    data: Path, monkeypatch: pytest.MonkeyPatch, since: str, whole: bool
) -> None:
    read: list[int] = []
    newest = windows.newest

    def counted(*args: Any) -> list[Run]:
        found = newest(*args)
        read.append(sum(len(run.times) for run in found))
        return found

    monkeypatch.setattr(windows, "newest", counted)
    t3actors("history", "ahu-1/IN1", "--data", data, "--since", since, "--until", "2026-11-20T02:00", "--plot")
    assert (sum(read) < 10) is whole


def test_a_plot_shows_range_mean_gap_and_what_held_on() -> None:
    columns = [Column(0, 5, 10), None, Column(10, 10, 10, held=True)]
    assert plot(columns, 3, 0, 60_000, UTC, "") == [
        "10 ┤│ ·",
        " 5 ┤•".replace(" 5", "  "),
        " 0 ┤│",
        "   └───",
        "    1970-01-01 00:00:00 UTC 1970-01-01 00:01:00 UTC",
    ]


@pytest.mark.parametrize("value", [0.0, -3.5, 1e300])
def test_a_plot_of_one_value_is_a_line(value: float) -> None:
    lines = plot([Column(value, value, value)] * 2, 5, 0, 1, UTC, "kW")
    assert sum("••" in line for line in lines) == 1


def test_the_axis_is_labelled_as_exactly_as_its_rows_differ() -> None:
    lines = plot([Column(21.3517, 22.1, 22.91333)], 14, 0, 1, UTC, "°C")
    assert [line.split("┤")[0].strip() for line in lines if "┤" in line and line.split("┤")[0].strip()] == [
        "22.9", "22.1", "21.4",
    ]  # fmt: skip
    alone = plot([Column(0.1 + 0.2, 0.3, 0.1 + 0.2)], 14, 0, 1, UTC, "")
    assert [line.split("┤")[0].strip() for line in alone if "0.3" in line] == ["0.3"]


@pytest.mark.parametrize("value", [0, 1])
def test_a_digital_point_is_labelled_once_each_by_its_words(value: int) -> None:
    lines = plot([Column(value, value, value)], 14, 0, 1, UTC, "", ("Off", "On"))
    labels = {line.split("┤")[0].strip(): "•" in line for line in lines if "┤" in line}
    assert labels == {"1 On": value == 1, "": False, "0 Off": value == 0}


def dots(drawn: str) -> int:
    """How many columns of a picture have a value."""
    return sum("•" in column for column in zip_longest(*drawn.splitlines()[1:15], fillvalue=" "))


def test_a_picture_of_minutes_begins_with_the_first_sample(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.opened()
    told.put(announced([point(1)]))
    now_ms = told.now_ms = time.time_ns() // 1_000_000
    for back_s in range(600, 0, -60):
        told.tell("IN1", now_ms - back_s * 1000, 20.0 + back_s / 60)
    told.put()
    told.store.close()
    drawn = t3actors("history", "ahu-1/IN1", "--data", tmp_path, "--plot").out
    assert dots(drawn) >= 9
    of_a_day = t3actors("history", "ahu-1/IN1", "--data", tmp_path, "--plot", "--since", "24h").out
    assert dots(of_a_day) <= 2


def test_a_plot_of_nothing_says_so() -> None:
    assert plot([None], 5, 0, 1, UTC, "") == ["nothing to plot: no number in that time"]


# --------------------------------------------------------------------------------------------------------- storage


def test_storage_tells_of_devices_and_points(data: Path) -> None:
    total, device, first, second = t3actors("storage", "--data", data, "--json").rows()
    assert (total["kind"], total["samples"], total["oldest_sample_at"]) == ("total", 392, MIDNIGHT_MS)
    assert total["used_mb"] <= total["file_mb"]
    assert (device["kind"], device["name"], device["samples_a_day"]) == ("device", "ahu-1", 192)
    assert {first["point_id"], second["point_id"]} == {"IN1", "IN2"}
    assert first["mb_a_day"] >= second["mb_a_day"] > 0
    assert device["mb_a_day"] == pytest.approx(first["mb_a_day"] + second["mb_a_day"])


def test_storage_tells_of_a_full_disk_first(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "site.toml"
    config.write_text(f'[gateway]\ndata_dir = "{data}"\n[store]\nmin_free = "500MB"\n', encoding="utf-8")

    def said(free: int, *where: object) -> str:
        monkeypatch.setattr(storage_module.shutil, "disk_usage", lambda _path: SimpleNamespace(free=free))
        return t3actors("storage", *where).out.splitlines()[1]

    assert said(999_999, "--data", data) == "disk: FULL: nothing can be stored now; make room (store.full in the log)"
    assert said(400_000_000, config).startswith("disk: history does not grow now: make room, or lower min_free")
    assert said(600_000_000, config).startswith("samples: ")


def test_storage_tells_when_the_budget_is_full(data: Path, tmp_path: Path) -> None:
    config = tmp_path / "site.toml"
    text = (
        '[gateway]\ndata_dir = "."\n[store]\nbudget = "20MB"\n{}[bacnet]\ninterface = "127.0.0.1"\ndiscover = "list"\n'
    )
    config.write_text(text.format(""), encoding="utf-8")
    out = t3actors("storage", config).out
    assert "budget: 20 MB; at this rate it lasts for more than ten years" in out
    assert "500 MB are kept free (min_free)" in out
    config.write_text(text.format('raw = "30d"\n'), encoding="utf-8")
    out = t3actors("storage", config).out
    assert "budget: 20 MB, not reached: from 30d on as much goes as comes" in out
    assert "kept: samples for 30d; then" in out
    config.write_text(text.format("").replace("20MB", "0B"), encoding="utf-8")
    assert 'budget: none ("0B")' in t3actors("storage", config).out


def test_a_budget_says_what_is_full_first_and_what_comes_of_it() -> None:
    known = {"mb_a_day": 1.0, "rows_mb_settled": 0.0, "budget_mb": 20.0, "raw_days": 12.3}
    store = StoreConfig(budget_bytes=20_000_000)
    full = Forecast(**known, full_at=DAY_MS, full_of="budget")  # type: ignore[arg-type]
    assert budget_line(full, store, UTC) == (
        "budget: 20 MB, full on 1970-01-02 00:00:00 UTC at this rate; samples then go back about 12 days"
    )
    disk = Forecast(**known, full_at=DAY_MS, full_of="disk")  # type: ignore[arg-type]
    assert budget_line(disk, store, UTC) == (
        "budget: 20 MB; the disk is full on 1970-01-02 00:00:00 UTC at this rate, and history stops growing"
    )


def test_a_database_of_an_older_version_says_what_to_do(tmp_path: Path) -> None:
    schema = Path(__file__).parents[2] / "t3actors" / "store" / "schema"
    database = sqlite3.connect(tmp_path / "t3actors.db")
    for file in sorted(schema.glob("00[12]*.sql")):
        database.executescript(file.read_text(encoding="utf-8"))
    database.execute(f"PRAGMA application_id = {0x54334163}")
    database.execute("PRAGMA user_version = 2")
    database.close()
    ended = t3actors("storage", "--data", tmp_path)
    assert (ended.code, "start the gateway once to bring it up to date" in ended.err) == (73, True)


# ---------------------------------------------------------------------------------------------------------- backup


def test_a_backup_is_one_file_that_shows_the_same(data: Path) -> None:
    ended = t3actors("backup", data / "copy.db", "--data", data)
    assert (ended.code, ended.out.endswith("MB, checked\n")) == (0, True)
    assert sorted(path.name for path in data.iterdir() if "copy" in path.name) == ["copy.db"]
    count = "SELECT count(*), SUM(sampled_at) FROM TRENDLOG_ALL"
    with sqlite3.connect(data / "copy.db") as copy, sqlite3.connect(data / "t3actors.db") as origin:
        assert (
            copy.execute(count).fetchall()
            == origin.execute(count).fetchall()
            == [(400, *origin.execute(count).fetchone()[1:])]
        )
    copy.close()
    origin.close()


def test_a_backup_replaces_nothing(data: Path) -> None:
    (data / "copy.db").write_text("precious")
    ended = t3actors("backup", data / "copy.db", "--data", data)
    assert (ended.code, "exists already" in ended.err) == (73, True)
    assert (data / "copy.db").read_text() == "precious"
    assert t3actors("backup", data / "no" / "copy.db", "--data", data).code == 73
