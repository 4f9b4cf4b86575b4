"""By which configuration a hosted gateway runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from t3actors.embed.settings import settings
from t3actors.errors import ConfigError


def test_without_a_word_everything_is_the_default_and_lies_below_the_working_directory(tmp_path: Path) -> None:
    config = settings("", "", tmp_path)
    assert config.gateway.data_dir == tmp_path / "t3actors-data"
    assert config.store.database == tmp_path / "t3actors-data" / "t3actors.db"
    assert config.devices == ()
    assert not (tmp_path / "t3actors-data").exists(), "nothing is made before it is needed"


@pytest.mark.parametrize("given", ["below", "/srv/elsewhere"])
def test_a_data_dir_is_seen_from_the_working_directory(tmp_path: Path, given: str) -> None:
    assert settings("", given, tmp_path).gateway.data_dir == tmp_path / given


def test_a_file_is_read_as_run_reads_it_and_its_defaults_hold_for_what_is_added(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(
        '[gateway]\nname = "riverside"\ndata_dir = "data"\n[defaults]\npoll_interval = "5s"\ntimeout = "700ms"\n',
        "utf-8",
    )
    config = settings("a.toml", "", tmp_path)
    assert (config.gateway.name, config.gateway.data_dir) == ("riverside", tmp_path / "data")
    assert (config.added_panels.rules.poll_interval_s, config.added_panels.timeout_s) == (5.0, 0.7)
    assert config.added_panels.retries == 1


def test_a_file_with_faults_is_refused_with_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("[gateway]\nnam = 1\n[store]\nbatch_rows = 0\n", "utf-8")
    with pytest.raises(ConfigError) as refused:
        settings("a.toml", "", tmp_path)
    assert len(refused.value.faults) == 2


def test_a_file_and_a_data_dir_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="T3ACTORS_DATA_DIR: set beside T3ACTORS_CONFIG; allowed: one of the two"):
        settings("a.toml", "data", tmp_path)
