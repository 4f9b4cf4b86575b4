"""The way to systemd: datagrams to the socket that NOTIFY_SOCKET names, as sd_notify(3) describes them. Called by unit.py.

Written here because it is so little: the libraries for it either have had no release for years or bring a C library along.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import NamedTuple


class ServiceManager(NamedTuple):
    """Where systemd listens, and how often it wants to hear that we live; None: it does not watch us."""

    address: str
    watchdog_s: float | None = None


def service_manager(environment: Mapping[str, str], pid: int) -> ServiceManager | None:
    """Read from the environment who started us; None where that was not systemd.

    WATCHDOG_PID names the process that is watched: not us, when somebody stands between.
    """
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return None
    usec, watched = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    is_ours = watched in {"", str(pid)} and usec.isascii() and usec.isdigit() and int(usec) > 0
    return ServiceManager(address, int(usec) / 1e6 if is_ours else None)


class NotifySocket:
    """Sends, and never waits: a listener whose queue is full does not get it."""

    def __init__(self, address: str) -> None:
        """`address`: a path, or "@name" in the abstract name space."""
        self._address = address.encode("utf-8", "surrogateescape")
        if self._address.startswith(b"@"):
            self._address = b"\0" + self._address[1:]
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def send(self, *assignments: str) -> None:
        """Send these assignments ("READY=1") in one datagram. **Raises**: OSError."""
        text = "\n".join(" ".join(assignment.splitlines()) for assignment in assignments)
        self._socket.sendto(text.encode("utf-8", "backslashreplace"), self._address)

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()


def notify_socket(manager: ServiceManager | None) -> NotifySocket | None:
    """Open the way to it, if there is one."""
    return None if manager is None else NotifySocket(manager.address)


def is_journal(descriptor: int, environment: Mapping[str, str]) -> bool:
    """Say whether what is written there goes to the journal itself: JOURNAL_STREAM names its device and inode (systemd.exec(5))."""
    try:
        seen = os.fstat(descriptor)
    except OSError:
        return False
    return environment.get("JOURNAL_STREAM") == f"{seen.st_dev}:{seen.st_ino}"


def from_environment() -> ServiceManager | None:
    """Say who started this process."""
    return service_manager(os.environ, os.getpid())
