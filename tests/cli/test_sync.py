"""`t3actors sync` where it has nobody to ask. With a gateway it is in tests/system/test_api.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from t3actors.store.lock import data_dir_locked
from t3actors.watch.api.sockets import open_unix
from tests.cli.invoking import t3actors


def test_where_no_gateway_runs_the_code_is_69(tmp_path: Path) -> None:
    ended = t3actors("sync", "--data", tmp_path)
    assert (ended.code, ended.err) == (69, f"t3actors: no gateway is running in {tmp_path}\n")


def test_a_dead_gateway_s_socket_is_nobody(tmp_path: Path) -> None:
    open_unix(tmp_path).close()
    assert t3actors("sync", "ahu-1", "--data", tmp_path).code == 69


def test_a_gateway_that_runs_without_its_socket_is_not_said_to_be_gone(tmp_path: Path) -> None:
    with data_dir_locked(tmp_path):
        ended = t3actors("sync", "--data", tmp_path)
    assert ended.code == 1
    said = f"t3actors: process {os.getpid()} holds {tmp_path}, but nobody listens on t3actors.sock now: it is starting or stopping"
    assert ended.err.startswith(said)


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_without_naming_a_gateway_it_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    assert t3actors("sync", *arguments).code == 2
