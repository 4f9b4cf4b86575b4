"""Where the log goes, as configured."""

from __future__ import annotations

import errno
import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from t3actors.config import Config, GatewayConfig, LogConfig
from t3actors.errors import ConfigError, StoreUnreachable
from t3actors.events import Level
from t3actors.events.device import DEVICE_ONLINE
from t3actors.watch.logs import logs_of


def logged(config: Config, level: Level | None = None, only_file: Path | None = None) -> None:
    log = logs_of(config, datetime.now, level, only_file=only_file)
    log(DEVICE_ONLINE, device="ahu-1")
    log.close()


def config_of(data_dir: Path, log: LogConfig) -> Config:
    return Config(gateway=GatewayConfig(name="riverside", data_dir=data_dir), log=log)


def events_in(path: Path) -> list[str]:
    return [json.loads(line)["event"] for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("stdout", [True, False])
def test_a_file_is_written_beside_standard_output_or_instead_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], stdout: bool
) -> None:
    path = tmp_path / "logs" / "t3actors.log"
    logged(config_of(tmp_path, LogConfig(file=path, stdout=stdout)))
    assert events_in(path) == ["device.online"]
    assert ("device.online" in capsys.readouterr().out) is stdout


def test_the_level_holds_for_both_and_the_command_line_goes_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t3actors.log"
    logged(config_of(tmp_path, LogConfig(file=path, level="warning")))
    assert (path.read_text(), capsys.readouterr().out) == ("", "")
    logged(config_of(tmp_path, LogConfig(file=path, level="warning")), level="info")
    assert events_in(path) == ["device.online"]


def test_the_file_is_as_large_as_configured(tmp_path: Path) -> None:
    path = tmp_path / "t3actors.log"
    for _ in range(4):
        logged(config_of(tmp_path, LogConfig(file=path, stdout=False, file_size_bytes=10, file_count=2)))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["t3actors.log", "t3actors.log.1", "t3actors.log.2"]


def test_a_host_has_a_file_alone_the_configured_one_where_there_is_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    usual, configured = tmp_path / "t3actors.log", tmp_path / "own.log"
    logged(config_of(tmp_path, LogConfig()), only_file=usual)
    assert events_in(usual) == ["device.online"]
    logged(config_of(tmp_path, LogConfig(file=configured)), only_file=usual)
    assert events_in(configured) == ["device.online"]
    assert len(events_in(usual)) == 1
    assert capsys.readouterr().out == ""


def test_a_file_that_cannot_be_written_is_refused_with_its_key(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    unwritable = tmp_path / "file" / "t3actors.log"
    with pytest.raises(ConfigError, match=r"log\.file: .*file/t3actors\.log: cannot be written"):
        logged(config_of(tmp_path, LogConfig(file=unwritable)))
    with pytest.raises(StoreUnreachable):
        logged(config_of(tmp_path, LogConfig()), only_file=unwritable)
    with pytest.raises(ConfigError, match=r"log\.t3_web_log"):
        logged(config_of(tmp_path, LogConfig(file=tmp_path / "a.log", t3_web_log=tmp_path / "file" / "x")))


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOSPC, StoreUnreachable),
        (errno.EROFS, StoreUnreachable),
        (errno.EMFILE, StoreUnreachable),
        (errno.EACCES, ConfigError),
    ],
)
def test_what_a_disk_does_is_no_fault_of_the_configuration_after_which_nobody_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    def refused(*_: object, **__: object) -> object:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(error, match=os.strerror(number)):
        logged(config_of(tmp_path, LogConfig(file=tmp_path / "t3actors.log")))
    with pytest.raises(error, match=r"log\.t3_web_log"):
        logged(config_of(tmp_path, LogConfig(t3_web_log=tmp_path / "x")))
