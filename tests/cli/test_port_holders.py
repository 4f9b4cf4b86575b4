"""Who holds a port, by /proc: on the real machine, and on a made one."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from t3actors.cli.port_holders import HELD, can_be_bound, holders_of, may_be_shared


def udp(*options: int) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for option in options:
        opened.setsockopt(socket.SOL_SOCKET, option, 1)
    opened.bind(("127.0.0.1", 0))
    return opened


def test_a_port_of_this_process_is_found_with_its_name() -> None:
    with udp() as mine:
        found = holders_of("udp", mine.getsockname()[1])
    assert [one.address for one in found] == ["127.0.0.1"]
    assert f"(process {os.getpid()})" in found[0].process


def test_of_tcp_only_who_listens_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            assert len(holders_of("tcp", port)) == 1


def test_a_free_port_has_no_holder_and_can_be_had() -> None:
    with udp() as mine:
        port = mine.getsockname()[1]
        assert can_be_bound("udp", "127.0.0.1", port) == HELD
    assert holders_of("udp", port) == []
    assert can_be_bound("udp", "127.0.0.1", port) == ""


@pytest.mark.parametrize(
    ("options", "how"),
    [((), ""), ((socket.SO_REUSEADDR,), "SO_REUSEADDR"), ((socket.SO_REUSEPORT,), "SO_REUSEPORT")],
)
def test_how_a_port_is_shared_is_found_out(options: tuple[int, ...], how: str) -> None:
    with udp(*options) as mine:
        assert may_be_shared(mine.getsockname()[1], "127.0.0.1") == how


def test_addresses_of_both_families_are_read_and_another_user_s_process_is_not_named(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    line = "   1: {} 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 {} 2 0 0\n"
    (tmp_path / "net" / "udp").write_text(head + line.format("0A01A8C0:BAC0", 77) + line.format("00000000:0035", 78))
    (tmp_path / "net" / "udp6").write_text(head + line.format("00000000000000000000000001000000:BAC0", 79))
    process = tmp_path / "42" / "fd"
    process.mkdir(parents=True)
    (process.parent / "comm").write_text("yabe\n")
    (process / "5").symlink_to("socket:[77]")
    found = holders_of("udp", 47808, tmp_path)
    assert [(one.address, one.process) for one in found] == [("192.168.1.10", "yabe (process 42)"), ("::1", "")]
    assert [(one.pid, one.uid) for one in found] == [(42, 1000), (0, 1000)]


def test_a_machine_without_proc_has_no_holders(tmp_path: Path) -> None:
    assert holders_of("udp", 47808, tmp_path) == []
