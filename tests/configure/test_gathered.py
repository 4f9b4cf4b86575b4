"""Which files the configuration is gathered from, and what is said of one that cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from t3actors.configure.file import load
from t3actors.errors import ConfigError
from tests.configure.cases import T3
from tests.configure.loading import faults, loaded


def test_an_include_that_loops_over_another_file_is_refused(tmp_path: Path) -> None:
    found = faults(tmp_path, 'include = ["a.toml"]\n' + T3, a__toml='include = ["t3.toml"]\n')
    assert len(found) == 1
    assert found[0].startswith('a.toml: include: saw "t3.toml"; allowed: files that do not lead back here')


def test_a_file_included_twice_is_read_once(tmp_path: Path) -> None:
    config = loaded(tmp_path, 'include = ["a.toml", "*a.toml"]\n', a__toml=T3)
    assert [device.name for device in config.devices] == ["ahu-1"]


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.toml: cannot be read: No such file or directory"):
        load(tmp_path / "no.toml")
    with pytest.raises(ConfigError, match="cannot be read; allowed: a regular file"):
        load(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"# fine\n# K\xfcche\n")
    with pytest.raises(ConfigError, match="is not UTF-8: saw byte 0xfc in line 2; allowed: UTF-8 text"):
        load(tmp_path / "latin.toml")


def test_the_hash_names_this_very_configuration(tmp_path: Path) -> None:
    first = loaded(tmp_path, 'include = ["a.toml"]\n', a__toml=T3).source_hash
    assert loaded(tmp_path, 'include = ["a.toml"]\n', a__toml=T3).source_hash == first
    assert loaded(tmp_path, 'include = ["a.toml"]\n', a__toml=T3 + "retries = 2\n").source_hash != first
