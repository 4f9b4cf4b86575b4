"""The way to systemd."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from t3actors.watch.notify import NotifySocket, ServiceManager, is_journal, service_manager
from tests.watch.systemd import FakeManager


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, None),
        ({"NOTIFY_SOCKET": ""}, None),
        ({"WATCHDOG_USEC": "1000000"}, None),
        ({"NOTIFY_SOCKET": "/run/s"}, ServiceManager("/run/s")),
        ({"NOTIFY_SOCKET": "@s", "WATCHDOG_USEC": "30000000"}, ServiceManager("@s", 30.0)),
        ({"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "17"}, ServiceManager("/s", 1.0)),
        ({"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "18"}, ServiceManager("/s")),
        ({"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "0"}, ServiceManager("/s")),
        ({"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "soon"}, ServiceManager("/s")),
        ({"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "²"}, ServiceManager("/s")),
    ],
)
def test_the_environment_says_who_listens_and_whether_we_are_watched(
    environment: dict[str, str], found: ServiceManager | None
) -> None:
    assert service_manager(environment, 17) == found


@pytest.mark.parametrize("abstract", [False, True])
def test_assignments_reach_a_path_and_an_abstract_name(tmp_path: Path, abstract: bool) -> None:
    address = f"@t3actors-test-{os.getpid()}" if abstract else tmp_path / "notify"
    with FakeManager(address) as manager:
        way = NotifySocket(manager.address)
        way.send("READY=1", "STATUS=2/2 devices\nonline")
        way.close()
        assert manager.listen() == ["READY=1", "STATUS=2/2 devices online"], "a value cannot smuggle an assignment in"


def test_nobody_there_and_a_full_queue_are_told_and_never_waited_for(tmp_path: Path) -> None:
    way = NotifySocket(str(tmp_path / "nobody"))
    with pytest.raises(FileNotFoundError):
        way.send("READY=1")
    way.close()
    with FakeManager(tmp_path / "notify") as manager:
        way = NotifySocket(manager.address)
        way._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        with pytest.raises(BlockingIOError):
            for _ in range(10_000):
                way.send("STATUS=" + 1000 * "x")
        way.close()


def test_the_journal_is_known_by_its_device_and_inode(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out:
        seen = os.fstat(out.fileno())
        assert is_journal(out.fileno(), {"JOURNAL_STREAM": f"{seen.st_dev}:{seen.st_ino}"})
        assert not is_journal(out.fileno(), {"JOURNAL_STREAM": f"{seen.st_dev}:{seen.st_ino + 1}"}), "it was redirected"
        assert not is_journal(out.fileno(), {})
    assert not is_journal(987, {"JOURNAL_STREAM": "1:1"})
