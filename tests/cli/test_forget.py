"""`t3actors forget NAME`: only what was discovered, and only while no gateway runs."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from t3actors.installations import KEY, kept
from t3actors.store.lock import data_dir_locked
from tests.cli.invoking import t3actors
from tests.cli.test_show import write_database

NAME = "bacnet:50:07:5"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A gateway that was stopped, with one device that it has found."""
    write_database(tmp_path / "t3actors.db", 1_700_000_000_000)
    with contextlib.closing(sqlite3.connect(tmp_path / "t3actors.db", isolation_level=None)) as db:
        db.execute(
            "INSERT INTO DEVICES (device_id, serial_number, name, status, protocol, address, object_instance, discovered)"
            " VALUES (9, ?, ?, 'offline', 'bacnet', '50:7', 5, 1)",
            (2**32 + 9, NAME),
        )
    return tmp_path


def discovered(data_dir: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(data_dir / "t3actors.db")) as db:
        return [name for (name,) in db.execute("SELECT name FROM DEVICES WHERE discovered")]


def test_a_discovered_device_is_forgotten_and_its_row_stays(data_dir: Path) -> None:
    ended = t3actors("forget", NAME, "--data", data_dir)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"{NAME}: forgotten; its rows and history stay\n"
    assert discovered(data_dir) == []
    with contextlib.closing(sqlite3.connect(data_dir / "t3actors.db")) as db:
        assert db.execute("SELECT status FROM DEVICES WHERE name = ?", (NAME,)).fetchone() == ("disabled",)


def test_the_gateway_may_be_named_by_its_configuration(data_dir: Path) -> None:
    (data_dir / "site.toml").write_text('[gateway]\ndata_dir = "."\n', encoding="utf-8")
    assert t3actors("forget", NAME, data_dir / "site.toml").code == 0
    assert discovered(data_dir) == []


def test_while_a_gateway_runs_it_is_refused(data_dir: Path) -> None:
    with data_dir_locked(data_dir):
        ended = t3actors("forget", NAME, "--data", data_dir)
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (75, "", 1)
    assert "stop it first" in ended.err
    assert discovered(data_dir) == [NAME]


@pytest.mark.parametrize("name", ["ahu-1", "nobody"])
def test_a_device_that_was_not_discovered_is_no_device_to_forget(data_dir: Path, name: str) -> None:
    ended = t3actors("forget", name, "--data", data_dir)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == f"t3actors: no device {name!r} was discovered; there are: {NAME}\n"


def test_a_panel_of_a_t3000_is_forgotten_and_named_among_those_that_can_be(data_dir: Path) -> None:
    with contextlib.closing(sqlite3.connect(data_dir / "t3actors.db", isolation_level=None)) as db:
        for device_id, name in ((10, "plant"), (11, "plant:501"), (12, "plant:502")):
            db.execute(
                "INSERT INTO DEVICES (device_id, serial_number, name, status, protocol, address)"
                " VALUES (?1, 2 * 4294967296 + ?1, ?2, 'offline', 't3000', 'http://10.0.0.1:9103')",
                (device_id, name),
            )
        db.execute(
            "INSERT INTO device_memory (device_id, key, value, updated_at) VALUES (10, ?, ?, 0)",
            (KEY, kept([501, 502])),
        )
    assert t3actors("forget", "plant:501", "--data", data_dir).code == 0
    ended = t3actors("forget", "plant:501", "--data", data_dir)
    assert ended.err == f"t3actors: no device 'plant:501' was discovered; there are: {NAME}, plant:502\n"


def test_without_a_database_nothing_is_made(tmp_path: Path) -> None:
    ended = t3actors("forget", NAME, "--data", tmp_path / "none")
    assert ended.code == 73
    assert "no such database" in ended.err
    assert not (tmp_path / "none").exists()


def test_without_a_gateway_it_is_a_usage_error() -> None:
    assert t3actors("forget", NAME).code == 2


def test_those_that_never_answered_are_gone_and_named(data_dir: Path) -> None:
    ended = t3actors("forget", "--never-online", "--data", data_dir)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"{NAME}: gone\n1 devices that were found and never answered are gone\n"
    assert discovered(data_dir) == []
    (data_dir / "site.toml").write_text('[gateway]\ndata_dir = "."\n', encoding="utf-8")
    ended = t3actors("forget", "--never-online", data_dir / "site.toml")
    assert (ended.code, ended.out) == (0, "0 devices that were found and never answered are gone\n")


def test_who_is_to_be_forgotten_must_be_said_once(data_dir: Path) -> None:
    assert t3actors("forget", "--data", data_dir).code == 2
    ended = t3actors("forget", NAME, data_dir / "site.toml", "--never-online")
    assert ended.code == 2
    assert "instead of NAME" in ended.err
    with data_dir_locked(data_dir):
        assert t3actors("forget", "--never-online", "--data", data_dir).code == 75
