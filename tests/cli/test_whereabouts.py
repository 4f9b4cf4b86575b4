"""Which gateway a verb looks at, and whether it runs."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest

from t3actors.cli.life import Life, life_of
from t3actors.cli.signs import HEARTBEAT_OLD_MS
from t3actors.cli.whereabouts import find
from t3actors.errors import StoreUnreachable
from t3actors.store.lock import data_dir_locked

NOW_MS = 1_700_000_000_000


def test_a_gateway_is_named_in_one_way(tmp_path: Path) -> None:
    for config, data in ((None, None), (tmp_path / "a.toml", tmp_path)):
        with pytest.raises(click.UsageError, match="one of the two"):
            find(config, data)


def test_a_configuration_names_its_database(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[gateway]\ndata_dir = "d"\n[store]\ndatabase = "x.db"\n', encoding="utf-8")
    where = find(tmp_path / "a.toml", None)
    assert (where.data_dir, where.database) == (tmp_path / "d", tmp_path / "d" / "x.db")


def test_a_directory_holds_the_usual_database_or_its_only_one(tmp_path: Path) -> None:
    assert find(None, tmp_path).database == tmp_path / "t3actors.db"
    (tmp_path / "other.db").touch()
    assert find(None, tmp_path).database == tmp_path / "other.db"
    (tmp_path / "t3actors.db").touch()
    assert find(None, tmp_path).database == tmp_path / "t3actors.db"


def test_a_gateway_runs_where_its_heartbeat_is_fresh_and_the_lock_is_held(tmp_path: Path) -> None:
    fresh, old = {"heartbeat_at": NOW_MS - HEARTBEAT_OLD_MS}, {"heartbeat_at": NOW_MS - HEARTBEAT_OLD_MS - 1}
    assert life_of(tmp_path, fresh, NOW_MS) is Life.NOT_RUNNING
    with data_dir_locked(tmp_path):
        assert life_of(tmp_path, fresh, NOW_MS) is Life.RUNNING
        for silent in (old, {}, None):
            assert life_of(tmp_path, silent, NOW_MS) is Life.SILENT
    assert life_of(tmp_path, fresh, NOW_MS) is Life.NOT_RUNNING


def test_where_the_lock_may_not_be_tried_the_heartbeat_alone_must_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    assert life_of(tmp_path, {"heartbeat_at": NOW_MS}, NOW_MS) is Life.RUNNING
    assert life_of(tmp_path, {"heartbeat_at": NOW_MS - HEARTBEAT_OLD_MS - 1}, NOW_MS) is Life.NOT_RUNNING


def test_a_directory_that_this_user_may_not_look_into_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refused)
    with pytest.raises(StoreUnreachable, match=f"{tmp_path}: cannot be looked into: Permission denied"):
        find(None, tmp_path)
