"""The unix socket stands in data_dir with rights for owner and group, and takes the place of a dead gateway's."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from t3actors.watch.api.sockets import SOCKET_NAME, identity_of, open_tcp, open_unix, remove_unix, socket_address


@pytest.fixture
def umask() -> Iterator[None]:
    """The umask of a service whose group may read."""
    before = os.umask(0o007)
    yield
    os.umask(before)


def connects(data_dir: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client, socket_address(data_dir) as address:
        return client.connect_ex(address) == 0


def test_owner_and_group_may_ask_and_nobody_else(tmp_path: Path, umask: None) -> None:
    with open_unix(tmp_path):
        assert stat.S_IMODE((tmp_path / SOCKET_NAME).stat().st_mode) == 0o660


def test_a_narrower_umask_is_obeyed(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with open_unix(tmp_path):
            assert stat.S_IMODE((tmp_path / SOCKET_NAME).stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_a_dead_gateway_s_socket_is_replaced(tmp_path: Path) -> None:
    open_unix(tmp_path).close()
    assert (tmp_path / SOCKET_NAME).exists()
    assert not connects(tmp_path)
    with open_unix(tmp_path):
        assert connects(tmp_path)


def test_what_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / SOCKET_NAME).write_text("mine")
    with pytest.raises(FileExistsError, match="is there and is no socket"):
        open_unix(tmp_path)
    assert (tmp_path / SOCKET_NAME).read_text() == "mine"


def test_a_link_of_that_name_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    with open_unix(tmp_path / "elsewhere"):
        (tmp_path / SOCKET_NAME).symlink_to(tmp_path / "elsewhere" / SOCKET_NAME)
        with pytest.raises(FileExistsError, match="is there and is no socket"):
            open_unix(tmp_path)
        remove_unix(tmp_path, identity_of(tmp_path / "elsewhere"))
        assert connects(tmp_path / "elsewhere")


def test_it_belongs_to_the_group_of_a_directory_that_hands_its_group_on(tmp_path: Path) -> None:
    tmp_path.chmod(0o2770)
    with open_unix(tmp_path):
        assert (tmp_path / SOCKET_NAME).stat().st_gid == tmp_path.stat().st_gid


def test_a_socket_that_cannot_be_opened_leaves_no_descriptor_behind(tmp_path: Path) -> None:
    held = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="No such file"):
        open_unix(tmp_path / "nowhere")
    with pytest.raises(OSError, match="assign requested address"):
        open_tcp("192.0.2.1", 0)
    assert len(os.listdir("/proc/self/fd")) <= held  # an earlier test's may be closed meanwhile


def test_a_directory_with_a_long_name_has_a_socket_as_well(tmp_path: Path) -> None:
    data_dir = tmp_path / ("d" * 120)
    data_dir.mkdir()
    with open_unix(data_dir):
        assert connects(data_dir)
        remove_unix(data_dir, identity_of(data_dir))
    assert list(data_dir.iterdir()) == []


def test_only_one_s_own_socket_is_removed(tmp_path: Path) -> None:
    with open_unix(tmp_path):
        mine = identity_of(tmp_path)
        with open_unix(tmp_path):
            assert identity_of(tmp_path) != mine
            remove_unix(tmp_path, mine)
            assert connects(tmp_path)
    assert identity_of(tmp_path / "nowhere") is None


def test_a_taken_port_is_an_error_of_the_system() -> None:
    with open_tcp("127.0.0.1", 0) as first, pytest.raises(OSError, match="in use"):
        open_tcp("127.0.0.1", first.getsockname()[1])
