"""Ports in a row, where they happen to be free."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
TRIES = 50


def at_free_ports(build: Callable[[int], T]) -> T:
    """Build what wants ports from one on; another one when somebody has one of them."""
    for _ in range(TRIES):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        try:
            return build(port)
        except (OSError, ValueError):  # ValueError: too near to the last port
            continue
    raise AssertionError("no free ports in a row")
