"""Ports that are wished for: as many in a row as a plant has listeners. Pure."""

from __future__ import annotations

SMALLEST, LARGEST = 1024, 65535


def must_be_port(key: str, port: int, count: int) -> None:
    """Insist on a first port that leaves room for so many. **Raises**: ValueError."""
    if port and not SMALLEST <= port <= LARGEST + 1 - count:
        most = LARGEST + 1 - count
        raise ValueError(f"{key}: saw {port}, allowed is 0, or {SMALLEST} to {most} for {count} in a row")
