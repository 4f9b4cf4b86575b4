"""Who holds a port of this machine, by what the kernel shows in /proc (proc(5)): no other program is asked, nothing is sent."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

PROC = Path("/proc")
HELD = "held by another program"
TCP_LISTEN = "0A"  # include/net/tcp_states.h
Protocol = Literal["udp", "tcp"]


class Holder(msgspec.Struct, frozen=True):
    """One socket on a port. `process` is empty and `pid` 0 where this user may not see whose it is; `uid` is always seen."""

    address: str
    inode: str
    uid: int
    pid: int
    process: str


def holders_of(protocol: Protocol, port: int, proc: Path = PROC) -> list[Holder]:
    """List who holds this port (of TCP: who listens there)."""
    found = [
        (address, inode, uid)
        for table in (protocol, f"{protocol}6")
        for address, inode, uid, state in _sockets(proc / "net" / table, port)
        if protocol == "udp" or state == TCP_LISTEN
    ]
    owners = _owners({inode for _, inode, _ in found}, proc) if found else {}
    return [Holder(address, inode, uid, *owners.get(inode, (0, ""))) for address, inode, uid in found]


def _sockets(table: Path, port: int) -> Iterator[tuple[str, str, int, str]]:
    try:
        lines = table.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return
    for line in lines:
        fields = line.split()
        host, _, hexadecimal = fields[1].partition(":")
        if int(hexadecimal, 16) == port:
            yield _address(host), fields[9], int(fields[7]), fields[3]


def _address(hexadecimal: str) -> str:
    """Write an address of /proc/net: 32-bit words in the machine's own order of octets."""
    words = [bytes.fromhex(hexadecimal[start : start + 8])[::-1] for start in range(0, len(hexadecimal), 8)]
    octets = b"".join(words)
    return socket.inet_ntop(socket.AF_INET6 if len(octets) == 16 else socket.AF_INET, octets)


def _owners(inodes: set[str], proc: Path) -> dict[str, tuple[int, str]]:
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    owners: dict[str, tuple[int, str]] = {}
    for process in proc.iterdir():
        if process.name.isdigit():
            for inode in _held(process, wanted):
                with contextlib.suppress(OSError):
                    name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
                    owners[inode] = int(process.name), f"{name} (process {process.name})"
    return owners


def _held(process: Path, wanted: dict[str, str]) -> Iterator[str]:
    try:
        descriptors = os.listdir(process / "fd")
    except OSError:  # it ended meanwhile, or is another user's
        return
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            inode = wanted.get(os.readlink(process / "fd" / descriptor))
            if inode is not None:
                yield inode


def may_be_shared(port: int, address: str = "") -> str:
    """Say how the holder of a UDP port lets others share it: "SO_REUSEADDR", "SO_REUSEPORT" or "" (not at all).

    The port is taken for an instant: not to be asked while our own gateway holds it.
    """
    for name in ("SO_REUSEADDR", "SO_REUSEPORT"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, getattr(socket, name), 1)
            with contextlib.suppress(OSError):
                tried.bind((address, port))
                return name
    return ""


def can_be_bound(protocol: Protocol, address: str, port: int) -> str:
    """Say why this address and port cannot be had now; empty when they can. Taken for an instant."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    with socket.socket(family, kind) as tried:
        if protocol == "tcp":
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((address, port))
        except OSError as error:
            return HELD if error.errno == errno.EADDRINUSE else error.strerror or str(error)
    return ""
