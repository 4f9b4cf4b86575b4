"""`t3actors run`: how it ends, told by a gateway that is none. The real one is in tests/system."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from t3actors.cli import run as run_module
from t3actors.collect.bacnet.link.interfaces import OwnAddress
from tests.cli.invoking import t3actors


class Ended:
    """A gateway that has run and been stopped."""

    unstored = 0

    def __init__(self, *_: object) -> None:
        self.ended = trio.Event()

    async def run(self, *, task_status: Any = trio.TASK_STATUS_IGNORED) -> None:
        self.ended.set()
        task_status.started()

    async def sync(self) -> list[Any]:
        return []


@pytest.mark.parametrize("options", [(), ("--once",)])
@pytest.mark.parametrize(("unstored", "code"), [(0, 0), (3, 1)])
def test_a_stop_that_could_not_store_everything_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], unstored: int, code: int
) -> None:
    config = tmp_path / "site.toml"
    config.write_text(f'[gateway]\ndata_dir = "{tmp_path}"\n', encoding="utf-8")
    monkeypatch.setattr(run_module, "Gateway", type("Stopped", (Ended,), {"unstored": unstored}))
    assert t3actors("run", config, *options).code == code


def test_several_networks_and_none_chosen_are_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = (OwnAddress("eth0", "10.1.2.3", 24), OwnAddress("eth1", "192.168.7.9", 16))
    monkeypatch.setattr(run_module, "list_addresses", lambda: own)
    monkeypatch.setattr(run_module, "Gateway", None)
    config = tmp_path / "site.toml"
    config.write_text(f'[gateway]\ndata_dir = "{tmp_path}"\n[bacnet]\ndiscover = "temco"\n', encoding="utf-8")
    ended = t3actors("run", config)
    assert ended.code == 78
    assert "allowed: one of eth0 (10.1.2.3/24), eth1 (192.168.7.9/16)" in ended.err
