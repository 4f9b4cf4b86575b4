"""A port for a server that has yet to be started: nobody else is given it meanwhile."""

from __future__ import annotations

import socket
from random import SystemRandom

PORTS = range(20_000, 32_000)
"""Below those that Linux hands out by itself (32768 to 60999), so that no socket that asks for any port gets one of them."""
TRIES = 100
_CHANCE = SystemRandom()  # tests beside this one, in another process, have other luck whatever they were seeded with


def free_port(address: str = "127.0.0.1") -> int:
    """Find a UDP port of this address that nobody holds."""
    return _unheld(address, socket.SOCK_DGRAM)


def free_tcp_port(address: str = "127.0.0.1") -> int:
    """Find a TCP port of this address that nobody holds."""
    return _unheld(address, socket.SOCK_STREAM)


def _unheld(address: str, kind: socket.SocketKind) -> int:
    for port in _CHANCE.sample(PORTS, TRIES):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((address, port))
            except OSError:
                continue
            return port
    raise AssertionError(f"of {TRIES} ports of {address} none is free")
