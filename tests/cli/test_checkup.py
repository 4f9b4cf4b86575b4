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
from t3actors.cli import checkup, checkup_files, checkup_ports
from t3actors.cli.checkup import findings
from t3actors.cli.checkup_ports import limit_of
from t3actors.cli.finding import Finding, Runner, runner_of
from t3actors.cli.port_holders import Holder
from t3actors.cli.whereabouts import Whereabouts
from t3actors.collect.bacnet.link.interfaces import Endpoint, OwnAddress
from t3actors.config import ApiConfig, BacnetConfig, Config, DeviceConfig, GatewayConfig, StoreConfig
from t3actors.store.lock import data_dir_locked
from tests.cli.invoking import t3actors
from tests.cli.test_show import write_database

Found = Callable[..., dict[str, Finding]]


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Found:
    """Look at a machine whose clock is right and which has one network."""
    monkeypatch.setattr(clock, "is_trusted", lambda: True)
    monkeypatch.setattr(checkup_ports, "list_addresses", lambda: (OwnAddress("lo", "127.0.0.1", 8),))

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


def test_a_clock_that_nobody_sets_is_a_note_and_one_that_is_plainly_wrong_is_bad(
    found: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "is_trusted", lambda: False)
    assert found()["clock"].verdict == "note"
    write_database(tmp_path / "t3actors.db", clock.wall_ms() + 3_600_000)
    ahead = found()["clock"]
    assert (ahead.verdict, "the database was last written at" in ahead.seen) == ("bad", True)
    monkeypatch.setattr(clock, "wall_ms", lambda: 120_000)
    unset = found()["clock"]
    assert (unset.verdict, unset.seen) == ("bad", "it shows 1970-01-01 00:02 UTC: nobody has set it")


def test_a_full_disk_is_bad_and_a_nearly_full_one_a_note(
    found: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk(free_mb: int, min_free_mb: int = 10) -> str:
        monkeypatch.setattr(
            checkup_files.shutil, "disk_usage", lambda _path: type("U", (), {"free": free_mb * 1_000_000})
        )
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
    write_database(tmp_path / "t3actors.db", clock.wall_ms())
    with socket.create_server(("127.0.0.1", 0)) as mine:
        listen = f"127.0.0.1:{mine.getsockname()[1]}"
        with data_dir_locked(tmp_path):
            assert found(api=ApiConfig(listen=listen))["api port"].seen == f"{listen}: the gateway listens"
    with data_dir_locked(tmp_path):
        assert found(api=ApiConfig(listen=listen))["api port"].verdict == "bad"


NOBODY = 65534


def held_by(monkeypatch: pytest.MonkeyPatch, *holders: Holder) -> None:
    monkeypatch.setattr(checkup_ports, "holders_of", lambda _protocol, _port: list(holders))


def test_a_port_that_another_program_holds_beside_a_running_gateway_is_bad_also_where_it_may_not_be_named(
    found: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_database(tmp_path / "t3actors.db", clock.wall_ms())
    line, api = BacnetConfig(interface="127.0.0.1/8", discover="all"), ApiConfig(listen="127.0.0.1:8080")
    with data_dir_locked(tmp_path):
        for other in (Holder("0.0.0.0", "7", NOBODY, 1, "yabe (process 1)"), Holder("0.0.0.0", "7", NOBODY, 0, "")):
            held_by(monkeypatch, other)
            seen = found(bacnet=line, api=api)
            for what in ("bacnet port", "api port"):
                assert (seen[what].verdict, "not by the gateway" in seen[what].seen) == ("bad", True)
        assert "0.0.0.0 by a process of nobody (its name: ask as root)" in seen["bacnet port"].seen


def test_a_port_that_the_gateway_holds_is_well_also_where_its_process_may_not_be_seen(
    found: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_database(tmp_path / "t3actors.db", clock.wall_ms())
    line, api = BacnetConfig(interface="127.0.0.1/8", discover="all"), ApiConfig(listen="127.0.0.1:8080")
    unseen = Holder("127.0.0.1", "7", os.getuid(), 0, "")
    with data_dir_locked(tmp_path):
        held_by(monkeypatch, unseen)
        seen = found(bacnet=line, api=api)
        assert (seen["bacnet port"].verdict, seen["api port"].verdict) == ("ok", "ok")
        held_by(monkeypatch, unseen, Holder("0.0.0.0", "8", NOBODY, 0, ""))
        assert found(bacnet=line)["bacnet port"].verdict == "note"
        held_by(monkeypatch, unseen, Holder("10.9.9.9", "8", NOBODY, 0, ""))
        assert found(bacnet=line)["bacnet port"].verdict == "ok", "on another network, it is in nobody's way"
        held_by(monkeypatch)
        assert found(bacnet=line)["bacnet port"].verdict == "bad"


def test_a_port_that_only_root_may_take_is_said_before_the_gateway_cannot_have_it(
    found: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = ApiConfig(listen="127.0.0.1:443")
    for blocked in ("", "Permission denied"):
        monkeypatch.setattr(checkup_ports, "can_be_bound", lambda *_: blocked)  # noqa: B023 - asked before the next
        seen = found(api=api)["api port"]
        assert (seen.verdict, "CAP_NET_BIND_SERVICE" in seen.do) == ("note", True)
    write_database(tmp_path / "t3actors.db", clock.wall_ms())
    held_by(monkeypatch)
    with data_dir_locked(tmp_path):
        seen = found(api=api)["api port"]
    assert (seen.verdict, "CAP_NET_BIND_SERVICE" in seen.do) == ("bad", True)


def test_credentials_of_the_service_are_no_fault_of_who_looks(
    found: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    api = ApiConfig(listen="127.0.0.1:8080", token_file="credential:api-token")
    assert found(api=api)["api secrets"].verdict == "note"
    write_database(tmp_path / "t3actors.db", clock.wall_ms())
    held_by(monkeypatch, Holder("127.0.0.1", "7", os.getuid(), os.getpid(), "t3actors"))
    with data_dir_locked(tmp_path):
        assert found(api=api)["api secrets"].verdict == "ok"
        held_by(monkeypatch)
        assert found(api=api)["api secrets"].verdict == "note"


def test_a_token_that_is_none_is_bad_and_not_shown(found: Found, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("short")
    api = ApiConfig(listen="127.0.0.1:1", token_file=str(tmp_path / "token"))
    seen = found(api=api)["api secrets"]
    assert (seen.verdict, "short" in seen.seen) == ("bad", False)
    (tmp_path / "token").write_text("0123456789abcdef")
    assert found(api=api)["api secrets"].verdict == "ok"


def test_too_few_descriptors_of_the_gateway_are_bad_and_of_who_looks_a_note(
    found: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (300, 300))
    assert found()["descriptors"].verdict == "note"
    write_database(tmp_path / "t3actors.db", clock.wall_ms())
    with data_dir_locked(tmp_path):
        for soft, verdict in ((463, "bad"), (464, "ok"), (resource.RLIM_INFINITY, "ok")):
            monkeypatch.setattr(checkup_ports, "limit_of", lambda _pid: soft)  # noqa: B023 - asked before the next
            assert found()["descriptors"].verdict == verdict


def test_the_limit_of_a_process_is_read_as_the_kernel_writes_it(tmp_path: Path) -> None:
    assert limit_of(os.getpid()) == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    limits = tmp_path / "7" / "limits"
    limits.parent.mkdir()
    for text, limit in (("unlimited", resource.RLIM_INFINITY), ("1024", 1024)):
        limits.write_text(f"Limit Soft Hard Units\nMax open files            {text}   524288   files\n")
        assert limit_of(7, tmp_path) == limit
    limits.write_text("")
    assert (limit_of(7, tmp_path), limit_of(8, tmp_path)) == (None, None)


def test_whose_process_the_gateway_is_is_seen(tmp_path: Path) -> None:
    with data_dir_locked(tmp_path):
        assert runner_of(tmp_path) == Runner(os.getpid(), os.getuid())
        assert runner_of(tmp_path, tmp_path / "no proc") == Runner(os.getpid(), None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
@pytest.mark.parametrize("name", ["t3actors.db", "t3actors.db-wal", "t3actors.db-shm", "t3actors.lock", ""])
def test_what_the_gateway_may_not_write_is_bad_whoever_looks(found: Found, tmp_path: Path, name: str) -> None:
    write_database(tmp_path / "t3actors.db", clock.wall_ms())
    os.chown(tmp_path, NOBODY, NOBODY)
    tmp_path.chmod(0o2750)
    for beside in ("t3actors.db", "t3actors.db-wal", "t3actors.db-shm", "t3actors.lock"):
        (tmp_path / beside).touch()
        os.chown(tmp_path / beside, NOBODY, NOBODY)
        (tmp_path / beside).chmod(0o640)
    assert found()["rights"].verdict == "ok"
    os.chown(tmp_path / name, 0, NOBODY)
    if not name:
        assert found()["rights"].verdict == "ok", "then its owner is who runs it"
        tmp_path.chmod(0o550)
        os.chown(tmp_path, NOBODY, NOBODY)
    seen = found()["rights"]
    assert (seen.verdict, "the gateway (nobody) may not write" in seen.seen) == ("bad", True)
    assert "chown nobody" in seen.do
    if name:
        (tmp_path / name).chmod(0o660)
        assert found()["rights"].verdict == "ok", "its group is enough"


def test_a_disk_that_is_mounted_read_only_is_bad(found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _path: type("V", (), {"f_flag": os.ST_RDONLY | os.ST_NOSUID}))
    seen = found()["disk"]
    assert (seen.verdict, "mounted read-only" in seen.seen) == ("bad", True)


@pytest.mark.parametrize(("files", "left", "verdict"), [(9000, 0, "bad"), (9000, 1, "ok"), (0, 0, "ok")])
def test_a_disk_without_room_for_another_file_is_bad_however_much_of_it_is_free(
    found: Found, monkeypatch: pytest.MonkeyPatch, files: int, left: int, verdict: str
) -> None:
    room = {"f_frsize": 4096, "f_blocks": 10**9, "f_bfree": 10**9, "f_bavail": 10**9}
    volume = type("V", (), {"f_flag": 0, "f_files": files, "f_favail": left, **room})
    monkeypatch.setattr(os, "statvfs", lambda _path: volume)
    seen = found()["disk"]
    assert (seen.verdict, "9,000 inodes are used up" in seen.seen) == (verdict, verdict == "bad")


@pytest.mark.parametrize(("carrier", "verdict"), [("1", "ok"), ("0", "bad"), (None, "ok")])
def test_a_cable_that_is_out_is_bad(tmp_path: Path, carrier: str | None, verdict: str) -> None:
    (tmp_path / "eth1").mkdir()
    if carrier is not None:
        (tmp_path / "eth1" / "carrier").write_text(f"{carrier}\n")
    own = (OwnAddress("eth1", "10.0.0.5", 24),)
    seen = checkup_ports.of_interface(Endpoint("10.0.0.5", 47808, "10.0.0.255"), own, tmp_path)
    assert (seen.verdict, "nothing is connected to eth1" in seen.seen) == (verdict, verdict == "bad")


def test_an_interface_that_is_switched_off_is_bad(tmp_path: Path) -> None:
    (tmp_path / "eth1" / "carrier").mkdir(parents=True)  # what is asked of it is an error, as the kernel answers EINVAL
    own = (OwnAddress("eth1", "10.0.0.5", 24),)
    seen = checkup_ports.of_interface(Endpoint("10.0.0.5", 47808, None), own, tmp_path)
    assert (seen.verdict, seen.do) == ("bad", "ip link set eth1 up")


def test_the_verb_ends_with_1_when_anything_is_bad_and_needs_no_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "is_trusted", lambda: True)
    monkeypatch.setattr(checkup_files.shutil, "disk_usage", lambda _path: type("U", (), {"free": 10**12}))
    well = t3actors("doctor", "--data", tmp_path)
    assert (well.code, well.err) == (0, "")
    monkeypatch.setattr(clock, "is_trusted", lambda: False)
    assert t3actors("doctor", "--data", tmp_path).code == 0, "a site without a time service works"
    monkeypatch.setattr(checkup_files.shutil, "disk_usage", lambda _path: type("U", (), {"free": 0}))
    rows = t3actors("doctor", "--data", tmp_path, "--json")
    assert rows.code == 1
    assert [row["what"] for row in rows.rows() if row["verdict"] == "bad"] == ["disk"]
