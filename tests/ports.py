"""A port for a server that has yet to be started: nobody else is given it meanwhile."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from itertools import cycle, islice
from random import SystemRandom

PORTS = range(20_000, 32_000)
"""Below those that Linux hands out by itself (32768 to 60999), so that no socket that asks for any port gets one of them."""
TRIES = 100
WORKERS = 16


def ports_of(worker: str) -> Sequence[int]:
    """Those of one worker of pytest-xdist ("gw0" and on): another one of the same run is given none of them."""
    return PORTS[int(worker.removeprefix("gw")) % WORKERS :: WORKERS] if worker else PORTS


def _in_any_order(ports: Sequence[int]) -> list[int]:
    """Another run beside this one has other luck, whatever both were seeded with."""
    return SystemRandom().sample(ports, len(ports))


_TURN = cycle(_in_any_order(ports_of(os.environ.get("PYTEST_XDIST_WORKER", ""))))
"""Each is given again only after all others: whoever asks for two before he uses one has two."""


def free_port(address: str = "127.0.0.1") -> int:
    """Find a UDP port of this address that nobody holds."""
    return _unheld(address, socket.SOCK_DGRAM)


def free_tcp_port(address: str = "127.0.0.1") -> int:
    """Find a TCP port of this address that nobody holds."""
    return _unheld(address, socket.SOCK_STREAM)


def _unheld(address: str, kind: socket.SocketKind) -> int:
    for port in islice(_TURN, TRIES):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((address, port))
            except OSError:
                continue
            return port
    raise AssertionError(f"of {TRIES} ports of {address} none is free")
