"""`t3actors run`: how it ends, told by a gateway that is none. The real one is in tests/system."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trio

from t3actors.cli import run as run_module
from t3actors.collect.bacnet.link.interfaces import OwnAddress
from t3actors.config import Config
from t3actors.messages import SyncFinished
from tests.cli.invoking import t3actors
from tests.waiting import WITHIN_S

SEARCHES = "t3actors: searching for BACnet devices: about 37 s, longer where many answer; others are polled meanwhile\n"


class Ended:
    """A gateway that has run and been stopped."""

    unstored = 0
    reload = SimpleNamespace(is_possible=False)
    found: tuple[str, ...] = ("ahu-1",)

    def __init__(self, config: Config, *_: object) -> None:
        self.ended = trio.Event()
        self.pollers = SimpleNamespace(finds_and_polls=config.bacnet is not None)
        self.control = SimpleNamespace(polled=lambda: list(self.found))

    async def run(self, *, task_status: Any = trio.TASK_STATUS_IGNORED) -> None:
        self.ended.set()
        task_status.started()

    async def search(self) -> str:
        return ""

    async def sync(self, names: Sequence[str]) -> list[SyncFinished]:
        return [SyncFinished(request_id=0, device=name, points_ok=1, points_failed=0) for name in names]


class Living(Ended):
    """A gateway that runs until it is stopped."""

    trouble = ""
    found = ()

    async def run(self, *, task_status: Any = trio.TASK_STATUS_IGNORED) -> None:
        task_status.started()
        await self.ended.wait()

    async def search(self) -> str:
        return self.trouble

    def stop(self, _reason: str) -> None:
        self.ended.set()


@pytest.mark.parametrize("options", [(), ("--once",)])
@pytest.mark.parametrize(("unstored", "code"), [(0, 0), (3, 1)])
def test_a_stop_that_could_not_store_everything_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], unstored: int, code: int
) -> None:
    config = tmp_path / "site.toml"
    config.write_text(f'[gateway]\ndata_dir = "{tmp_path}"\n', encoding="utf-8")
    monkeypatch.setattr(run_module, "Gateway", type("Stopped", (Ended,), {"unstored": unstored}))
    assert t3actors("run", config, *options).code == code


@pytest.mark.parametrize("bacnet", ["", '[bacnet]\ndiscover = "all"\ninterface = "127.0.0.1"\n'])
def test_once_without_any_device_is_a_failure_and_says_so_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bacnet: str
) -> None:
    config = tmp_path / "site.toml"
    config.write_text(f'[gateway]\ndata_dir = "{tmp_path}"\n{bacnet}', encoding="utf-8")
    monkeypatch.setattr(run_module, "Gateway", Living)
    ended = t3actors("run", config, "--once")
    found = ", and none was found" if bacnet else ""
    searches = SEARCHES if bacnet else ""
    assert (ended.code, ended.err) == (
        1,
        f"{searches}t3actors: no device to poll: none is configured and enabled{found}\n",
    )


def test_once_polls_who_is_known_while_it_searches_and_who_is_found_as_he_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    polled: list[str] = []

    class Searching(Living):
        """One whose search ends only once everybody was polled whom it found so far."""

        found = ("ahu-1",)

        def __init__(self, *about: Any) -> None:
            super().__init__(*about)
            self.both = trio.Event()

        async def search(self) -> str:
            with trio.fail_after(WITHIN_S):
                while polled != ["ahu-1"]:
                    await trio.lowlevel.checkpoint()
                self.found = ("ahu-1", "bacnet-7")
                await self.both.wait()
            return ""

        async def sync(self, names: Sequence[str]) -> list[SyncFinished]:
            polled.extend(names)
            if len(polled) == 2:
                self.both.set()
            return await super().sync(names)

    config = tmp_path / "site.toml"
    config.write_text(
        f'[gateway]\ndata_dir = "{tmp_path}"\n[bacnet]\ndiscover = "all"\ninterface = "127.0.0.1"\n', encoding="utf-8"
    )
    monkeypatch.setattr(run_module, "Gateway", Searching)
    ended = t3actors("run", config, "--once")
    assert (ended.code, polled) == (0, ["ahu-1", "bacnet-7"])
    assert ended.err == SEARCHES + "ahu-1: 1 points ok, 0 failed\nbacnet-7: 1 points ok, 0 failed\n"


def test_once_a_search_that_did_not_go_well_is_a_failure_though_all_known_devices_were_polled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "site.toml"
    config.write_text(f'[gateway]\ndata_dir = "{tmp_path}"\n', encoding="utf-8")
    monkeypatch.setattr(run_module, "Gateway", type("Searching", (Living,), {"found": ("ahu-1",)}))
    assert t3actors("run", config, "--once").code == 0
    trouble = "nobody could be asked who is there: the port is taken"
    monkeypatch.setattr(Living, "trouble", trouble)
    ended = t3actors("run", config, "--once")
    assert (ended.code, ended.err) == (1, f"ahu-1: 1 points ok, 0 failed\nt3actors: {trouble}\n")


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
