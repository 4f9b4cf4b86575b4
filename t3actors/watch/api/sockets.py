"""Opens the sockets that the API listens on, and says where the unix one lies. Standard library only: the command line uses it too.

The unix socket stands in data_dir, mode 0660 as far as the umask allows: who may enter the directory and is of its group may ask.
Whoever holds the data_dir's lock may replace it; a socket of a gateway that died is in nobody's use.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

SOCKET_NAME = "t3actors.sock"
SOCKET_MODE = 0o660
BACKLOG = 256
LONGEST_SUN_PATH = 100  # sockaddr_un holds 108 octets with the closing one, unix(7)
KEEPALIVE_S = 60


@contextlib.contextmanager
def socket_address(data_dir: Path) -> Iterator[str]:
    """Give the address of a gateway's unix socket for bind or connect, also where its path is longer than one may be.

    **Raises**: OSError when the directory cannot be opened.
    """
    path = os.fspath(data_dir / SOCKET_NAME)
    if len(os.fsencode(path)) <= LONGEST_SUN_PATH:
        yield path
        return
    descriptor = os.open(data_dir, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET_NAME}"
    finally:
        os.close(descriptor)


def open_unix(data_dir: Path) -> socket.socket:
    """Listen on the unix socket, in place of one that a dead gateway left. The caller holds the data_dir's lock.

    **Raises**: OSError, also when something else than a socket has that name.
    """
    with socket_address(data_dir) as address:
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISSOCK(os.lstat(address).st_mode):
                raise FileExistsError(f"{data_dir / SOCKET_NAME} is there and is no socket")
            os.unlink(address)
        with contextlib.ExitStack() as otherwise_closed:
            opened = otherwise_closed.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            # Linux takes the mode of the new file from the socket itself, less the umask: no moment of other rights.
            os.fchmod(opened.fileno(), SOCKET_MODE)
            opened.bind(address)
            _listen(opened)
            otherwise_closed.pop_all()
    return opened


def open_tcp(host: str, port: int) -> socket.socket:
    """Listen on a TCP address; `host` is an IP address. **Raises**: OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as otherwise_closed:
        opened = otherwise_closed.enter_context(socket.socket(family, socket.SOCK_STREAM))
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # accepted sockets inherit these, tcp(7)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_S)
        opened.bind((host, port))
        _listen(opened)
        otherwise_closed.pop_all()
    return opened


def remove_unix(data_dir: Path, identity: tuple[int, int] | None) -> None:
    """Remove the unix socket, if it is still the one of that identity (see `identity_of`)."""
    with contextlib.suppress(OSError), socket_address(data_dir) as address:
        if identity is not None and _identity(address) == identity:
            os.unlink(address)


def identity_of(data_dir: Path) -> tuple[int, int] | None:
    """Say which file the unix socket is now; None when there is none."""
    with contextlib.suppress(OSError), socket_address(data_dir) as address:
        return _identity(address)
    return None


def lost_unix(data_dir: Path, identity: tuple[int, int] | None) -> str:
    """Say what became of the unix socket of that identity: "removed", "replaced"; "" while it is there, or where nobody can tell."""
    try:
        with socket_address(data_dir) as address:
            return "" if _identity(address) == identity else "replaced"
    except (FileNotFoundError, NotADirectoryError):
        return "removed"
    except OSError:
        return ""


def _identity(address: str) -> tuple[int, int]:
    found = os.lstat(address)
    return found.st_dev, found.st_ino


def _listen(opened: socket.socket) -> None:
    opened.listen(BACKLOG)
    opened.setblocking(False)
