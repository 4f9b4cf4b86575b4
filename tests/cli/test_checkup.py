"""What `t3actors doctor` finds: on machines as they are made here."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from t3actors import clock
from t3actors.cli import checkup
from t3actors.cli.checkup import Finding, findings
from t3actors.cli.whereabouts import Whereabouts
from t3actors.collect.bacnet.link.interfaces import OwnAddress
from t3actors.config import ApiConfig, BacnetConfig, Config, DeviceConfig, GatewayConfig, StoreConfig
from t3actors.store.lock import data_dir_locked
from tests.cli.invoking import t3actors
from tests.cli.test_show import write_database

Found = Callable[..., dict[str, Finding]]


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Found:
    """Look at a machine whose clock is right and which has one network."""
    monkeypatch.setattr(clock, "is_trusted", lambda: True)
    monkeypatch.setattr(checkup, "list_addresses", lambda: (OwnAddress("lo", "127.0.0.1", 8),))

    def look(**changes: Any) -> dict[str, Finding]:
        config = Config(
            gateway=GatewayConfig(data_dir=tmp_path),
            store=StoreConfig(database=tmp_path / "t3actors.db", min_free_bytes=0),
        )
        config = msgspec.structs.replace(config, **changes)
        where = Whereabouts(tmp_path, config.store.database)
        return {each.what: each for each in findings(where, config)}

    return look


def test_a_machine_that_is_well_has_nothing_bad(found: Found) -> None:
    seen = found()
    assert {each.verdict for each in seen.values()} <= {"ok", "note"}
    assert {"clock", "data_dir", "rights", "disk", "database", "gateway", "descriptors"} <= set(seen)


def test_a_clock_that_nobody_sets_is_bad(found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "is_trusted", lambda: False)
    assert found()["clock"].verdict == "bad"


def test_a_full_disk_is_bad_and_a_nearly_full_one_a_note(
    found: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk(free_mb: int, min_free_mb: int = 10) -> str:
        monkeypatch.setattr(checkup.shutil, "disk_usage", lambda _path: type("U", (), {"free": free_mb * 1_000_000}))
        store = StoreConfig(database=tmp_path / "t3actors.db", min_free_bytes=min_free_mb * 1_000_000)
        return found(store=store)["disk"].verdict

    assert [disk(9), disk(10), disk(19), disk(20)] == ["bad", "note", "note", "ok"]
    assert [disk(0, 0), disk(1, 0)] == ["bad", "ok"], "without a guard, too"


def test_a_database_that_is_none_is_bad(found: Found, tmp_path: Path) -> None:
    (tmp_path / "t3actors.db").write_bytes(b"no database at all" * 100)
    assert found()["database"].verdict == "bad"


def test_a_gateway_that_runs_and_does_not_answer_is_bad(found: Found, tmp_path: Path) -> None:
    write_database(tmp_path / "t3actors.db", clock.wall_ms())
    with data_dir_locked(tmp_path):
        seen = found()["gateway"]
    assert seen.verdict == "bad"
    assert "nobody listens on t3actors.sock now" in seen.seen


@pytest.mark.parametrize(("live", "verdict"), [(True, "note"), (False, "bad")])
def test_a_database_that_cannot_be_written_is_looked_for_where_the_log_says_so(
    found: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, live: bool, verdict: str
) -> None:
    part = {"state": "blocked", "reason": "database or disk is full"}
    monkeypatch.setattr(checkup, "health_of", lambda _where: {"live": live, "store": part, "actors": {"state": "ok"}})
    write_database(tmp_path / "t3actors.db", clock.wall_ms())
    with data_dir_locked(tmp_path):
        seen = found()["gateway"]
    assert (seen.verdict, seen.seen) == (verdict, "store blocked: database or disk is full")
    assert seen.do.startswith("store.full, store.failing, store.busy in its log")


def test_a_directory_to_come_is_a_note(found: Found, tmp_path: Path) -> None:
    where = Whereabouts(tmp_path / "a" / "b", tmp_path / "a" / "b" / "t3actors.db")
    seen = {each.what: each for each in findings(where, None)}
    assert (seen["data_dir"].verdict, seen["database"].verdict) == ("note", "note")


def test_a_directory_of_others_is_a_note(found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    assert found()["rights"].verdict == "note"


@pytest.mark.parametrize(
    ("options", "shares", "verdict"),
    [((), "it shares with nobody", "bad"), ((socket.SO_REUSEADDR,), "it shares by SO_REUSEADDR", "bad")],
)
def test_who_holds_the_bacnet_port_is_named_and_how_he_shares_it(
    found: Found, options: tuple[int, ...], shares: str, verdict: str
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        for option in options:
            other.setsockopt(socket.SOL_SOCKET, option, 1)
        other.bind(("127.0.0.1", 0))
        line = BacnetConfig(interface="127.0.0.1/8", port=other.getsockname()[1], discover="all")
        seen = found(bacnet=line)["bacnet port"]
    assert seen.verdict == verdict
    assert f"(process {os.getpid()})" in seen.seen
    assert shares in seen.seen


def test_a_free_bacnet_port_is_well_and_without_bacnet_nobody_looks(found: Found) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
    seen = found(bacnet=BacnetConfig(interface="127.0.0.1/8", port=port, discover="all"))
    assert (seen["bacnet port"].verdict, seen["interface"].verdict) == ("ok", "ok")
    assert "bacnet port" not in found()


def test_an_interface_that_is_not_there_is_bad(found: Found) -> None:
    device = DeviceConfig(name="b", protocol="bacnet", address="10.0.0.1", instance=1)
    seen = found(devices=(device,), bacnet=BacnetConfig(interface="eth9"))["interface"]
    assert (seen.verdict, "eth9" in seen.seen) == ("bad", True)


def test_an_api_port_that_another_holds_is_bad_and_he_is_named(found: Found) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        seen = found(api=ApiConfig(listen=listen))["api port"]
    assert seen.verdict == "bad"
    assert f"(process {os.getpid()})" in seen.seen
    assert found(api=ApiConfig(listen=listen))["api port"].verdict == "ok"


def test_a_gateway_that_runs_must_hold_its_api_port(found: Found, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
    write_database(tmp_path / "t3actors.db", clock.wall_ms())
    with data_dir_locked(tmp_path):
        assert found(api=ApiConfig(listen=listen))["api port"].verdict == "bad"


def test_a_token_that_is_none_is_bad_and_not_shown(found: Found, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("short")
    api = ApiConfig(listen="127.0.0.1:1", token_file=str(tmp_path / "token"))
    seen = found(api=api)["api secrets"]
    assert (seen.verdict, "short" in seen.seen) == ("bad", False)
    (tmp_path / "token").write_text("0123456789abcdef")
    assert found(api=api)["api secrets"].verdict == "ok"


def test_too_few_descriptors_are_bad(found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (300, 300))
    assert found()["descriptors"].verdict == "bad"


def test_the_verb_ends_with_1_when_anything_is_bad_and_needs_no_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "is_trusted", lambda: True)
    monkeypatch.setattr(checkup.shutil, "disk_usage", lambda _path: type("U", (), {"free": 10**12}))
    well = t3actors("doctor", "--data", tmp_path)
    assert (well.code, well.err) == (0, "")
    monkeypatch.setattr(clock, "is_trusted", lambda: False)
    rows = t3actors("doctor", "--data", tmp_path, "--json")
    assert rows.code == 1
    assert [row["what"] for row in rows.rows() if row["verdict"] == "bad"] == ["clock"]
