"""The gateway as a service: what systemd hears of a real process, and who may read what it writes."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import trio

from t3actors import clock
from t3actors.cli.exits import Exit
from t3actors.simulator.plant import PlantSize, running_plant
from tests.cli.test_show import write_database
from tests.system.foreground import GatewayProcess, ask, configuration
from tests.waiting import blocking_until, until
from tests.watch.systemd import FakeManager

ROOT = Path(__file__).parent.parent.parent
UNIT = ROOT / "config" / "t3actors.service"
WATCHDOG_S = 1.0
MOST_EXPOSED = 25
"""Of 100, as `systemd-analyze security` judges: the network, the serial lines and the group's rights are what is left open."""


def written(directory: Path) -> Path:
    config = directory / "site.toml"
    config.write_text(
        configuration(directory / "data", [{"name": "ahu-1", "host": "127.0.0.1", "port": 1, "unit_id": 1}])
    )
    return config


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeManager]:
    """What starts the gateway, and watches it."""
    with FakeManager(tmp_path / "notify") as listening:
        monkeypatch.setenv("NOTIFY_SOCKET", listening.address)
        monkeypatch.setenv("WATCHDOG_USEC", str(int(WATCHDOG_S * 1e6)))
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        yield listening


def test_a_service_is_ready_when_its_tree_is_up_feeds_the_watchdog_and_says_that_it_stops(
    tmp_path: Path, manager: FakeManager
) -> None:
    with GatewayProcess(written(tmp_path)) as gateway:
        blocking_until(lambda: manager.count("READY=1"))
        assert "STOPPING=1" not in manager.heard
        assert "WATCHDOG=1" not in manager.heard[: manager.heard.index("READY=1")]
        blocking_until(lambda: manager.count("WATCHDOG=1") >= 2)
        blocking_until(lambda: manager.count("STATUS=0/1 devices online"))
        assert gateway.end(signal.SIGTERM) == Exit.DONE
        assert manager.count("STOPPING=1") == 1
        assert gateway.complaint == ""


def test_a_process_that_stands_still_feeds_nobody_until_it_goes_on(tmp_path: Path, manager: FakeManager) -> None:
    with GatewayProcess(written(tmp_path)) as gateway:
        blocking_until(lambda: manager.count("WATCHDOG=1") >= 1)
        gateway.process.send_signal(signal.SIGSTOP)
        os.waitpid(gateway.process.pid, os.WUNTRACED)
        manager.listen()
        assert manager.wait(1.5 * WATCHDOG_S) == []
        gateway.process.send_signal(signal.SIGCONT)
        fed = manager.count("WATCHDOG=1")
        blocking_until(lambda: manager.count("WATCHDOG=1") > fed)
        assert gateway.end(signal.SIGTERM) == Exit.DONE


def test_a_reload_is_told_from_its_beginning_to_its_end_be_it_refused_or_not(
    tmp_path: Path, manager: FakeManager
) -> None:
    config = written(tmp_path)
    with GatewayProcess(config) as gateway:
        blocking_until(lambda: manager.count("READY=1") == 1)
        for number, faulty in enumerate((False, True), 2):
            if faulty:
                config.write_text(config.read_text() + "colour = 1\n")
            gateway.process.send_signal(signal.SIGHUP)
            blocking_until(lambda number=number: manager.count("READY=1") == number)
            assert manager.count("RELOADING=1") == number - 1
        said = [line for line in manager.heard if line.startswith("STATUS=")]
        assert "STATUS=0 devices added, 0 removed, 0 changed" in said
        assert "STATUS=the new configuration was refused: 1 fault; nothing was changed" in said
        assert gateway.end(signal.SIGTERM) == Exit.DONE


def test_a_gateway_that_cannot_start_never_says_that_it_is_ready(tmp_path: Path, manager: FakeManager) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "t3actors.db").mkdir()
    with GatewayProcess(written(tmp_path)) as gateway:
        assert gateway.end() == Exit.DATABASE
    assert manager.count("READY=1") == 0


SOMEBODY, THE_GROUP = 65534, 54321
READER = """
import os, socket, sqlite3, sys
data, gid = sys.argv[1], int(sys.argv[2])
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(65534)
rows = sqlite3.connect(f"file:{data}/t3actors.db?mode=ro", uri=True).execute("SELECT count(*) FROM POINTS").fetchone()
if sys.argv[3] == "running":
    socket.socket(socket.AF_UNIX).connect(f"{data}/t3actors.sock")
print(rows[0])
"""


def read_by_somebody(data: Path, group: int, state: str) -> subprocess.CompletedProcess[str]:
    """As another user of that group, where this user may become somebody else; as himself otherwise."""
    return subprocess.run(
        [sys.executable, "-c", READER, str(data), str(group), state],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def setting(name: str) -> str:
    """What the unit says."""
    return re.findall(rf"(?m)^{name}=(.*)$", UNIT.read_text("utf-8"))[-1]


def state_directory(folder: Path) -> Path:
    """As systemd makes it."""
    folder.chmod(0o755)
    data = folder / "data"
    data.mkdir()
    if os.geteuid() == 0:
        os.chown(data, -1, THE_GROUP)
    data.chmod(int(setting("StateDirectoryMode"), 8))
    return data


async def test_the_group_reads_the_database_and_uses_the_socket_whether_the_gateway_runs_or_not() -> None:
    """With the umask and the mode of the unit's StateDirectory; nobody else can."""
    with tempfile.TemporaryDirectory() as folder:
        data = state_directory(Path(folder))
        async with running_plant(PlantSize(1, seed=5, tick_s=0.05)) as plant:
            config = Path(folder) / "site.toml"
            config.write_text(configuration(data, plant.listing()))
            before = os.umask(0o007)
            try:
                gateway = GatewayProcess(config)
            finally:
                os.umask(before)
            with gateway:
                await until((data / "t3actors.sock").exists)
                database = data / "t3actors.db"
                await until(lambda: ask(database, "SELECT count(*) > 0 FROM samples") == [(1,)])
                refuse_others(data)
                seen = await trio.to_thread.run_sync(read_by_somebody, data, THE_GROUP, "running")
                assert (seen.returncode, int(seen.stdout or 0) > 0) == (0, True), seen.stderr
                gateway.process.send_signal(signal.SIGTERM)
                await until(lambda: gateway.ended)
        refuse_others(data)
        seen = await trio.to_thread.run_sync(read_by_somebody, data, THE_GROUP, "stopped")
        assert (seen.returncode, int(seen.stdout or 0) > 0) == (0, True), seen.stderr
        if os.geteuid() == 0:
            assert read_by_somebody(data, SOMEBODY, "stopped").returncode != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_a_reader_of_the_group_who_comes_before_the_gateway_is_not_in_its_way(tmp_path: Path) -> None:
    """After a restore nothing lies beside the database: what SQLite makes there must not become the reader's own."""
    with tempfile.TemporaryDirectory() as folder:
        data = state_directory(Path(folder))
        database = data / "t3actors.db"
        write_database(database, clock.wall_ms())
        with closing(sqlite3.connect(database)) as restored:
            restored.execute("PRAGMA journal_mode = WAL")
        database.chmod(0o640)
        os.chown(database, -1, THE_GROUP)
        assert [path.name for path in data.iterdir()] == [database.name]
        read_by_somebody(data, THE_GROUP, "stopped")
        assert [path.name for path in data.iterdir() if path.stat().st_uid == SOMEBODY] == []


def refuse_others(data: Path) -> None:
    """Everything that belongs to the database is there for the group, and for nobody else."""
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in data.iterdir()}
    assert {"t3actors.db", "t3actors.db-wal", "t3actors.db-shm"} <= set(modes)
    for name, mode in modes.items():
        assert mode & stat.S_IRGRP, name
        assert not mode & stat.S_IRWXO, name


# ------------------------------------------------------------------------------------------------------- the unit


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that is on this machine."""
    text = UNIT.read_text("utf-8")
    program = "/opt/t3actors/bin/t3actors"
    assert f"ExecStart={program} run /etc/t3actors/site.toml" in text
    copy = tmp_path / UNIT.name
    copy.write_text(text.replace(program, sys.executable), "utf-8")
    return copy


def analyzed(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.needs_systemd_analyze
def test_systemd_finds_no_fault_with_the_unit(unit: Path) -> None:
    seen = analyzed("verify", unit)
    faults = [line for line in seen.stderr.splitlines() if unit.name in line]
    assert (faults, seen.returncode) == ([], 0), seen.stderr


@pytest.mark.needs_systemd_analyze
def test_the_unit_is_hardened(unit: Path) -> None:
    seen = analyzed("security", "--offline=yes", f"--threshold={MOST_EXPOSED}", unit)
    assert seen.returncode == 0, seen.stdout + seen.stderr


def test_the_unit_says_what_the_documents_promise() -> None:
    settings = [line for line in UNIT.read_text("utf-8").splitlines() if re.match(r"[A-Z]\w+=", line)]
    assert [each for each in settings if each.startswith("Type=")] == ["Type=notify"], "what systemd 252 knows, too"
    codes = f"{Exit.USAGE.value} {Exit.CONFIG.value}"
    for wanted in (
        "ExecReload=/opt/t3actors/bin/t3actors reload /etc/t3actors/site.toml",
        f"RestartPreventExitStatus={codes}",
        "Restart=always",
        "StartLimitIntervalSec=0",
        "User=t3actors",
        "StateDirectoryMode=2750",
        "UMask=0007",
        "SupplementaryGroups=dialout",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
    ):
        assert wanted in settings
