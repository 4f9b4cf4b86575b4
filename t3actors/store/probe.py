"""Does the disk take another database beside ours? Where it does, what ours suffers from is its own."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path

import apsw

PROBES = 3  # one that succeeds may be chance, on a disk that fails now and then
_ROWS = "CREATE TABLE probe (octets); INSERT INTO probe VALUES (zeroblob(8192)); SELECT octets FROM probe"


def takes_another_file(path: Path) -> bool:
    """Try it, several times, each with a log as ours has one, on to its platters."""
    return all(_takes_one(path) for _ in range(PROBES))


def _takes_one(path: Path) -> bool:
    probe = path.with_name(f"{path.name}.probe-{secrets.token_hex(4)}")
    try:
        connection = apsw.Connection(str(probe))
        try:
            connection.pragma("journal_mode", "wal")
            connection.execute(_ROWS).fetchall()
        finally:
            connection.close(True)
    except (apsw.Error, OSError):
        return False
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                probe.with_name(probe.name + suffix).unlink()
    return True
