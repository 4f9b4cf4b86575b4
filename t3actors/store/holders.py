"""Which other processes hold the database, by the locks that the kernel shows in /proc/locks (proc(5)): nothing is opened, nobody is asked.

SQLite's locks in WAL mode are octets of the `-shm` (https://www.sqlite.org/walformat.html, 2.3): 120 who writes, 123 to 127 who reads.
"""

from __future__ import annotations

import os
from pathlib import Path

from t3actors.store.reading_connection import beside

PROC = Path("/proc")
WRITER, READERS = range(120, 121), range(123, 128)
NAMED_AT_MOST = 5


def holders_of(database: Path, octets: range, proc: Path = PROC, *, ours: str = "") -> str:
    """Name the other processes that hold one of these; `ours` where it is this one; "" where there is none, or that cannot be seen."""
    try:
        inode = beside(database, "-shm").stat().st_ino
        locks = (proc / "locks").read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""
    holding = pids_of(locks, inode, octets)
    found = sorted(holding - {os.getpid()})
    if holding and not found:
        return ours
    named = ", ".join(_named(pid, proc) for pid in found[:NAMED_AT_MOST])
    return f"{named} and {len(found) - NAMED_AT_MOST} more" if len(found) > NAMED_AT_MOST else named


def pids_of(locks: str, inode: int, octets: range) -> set[int]:
    """Return who holds a lock on one of these octets, from a text in the form of /proc/locks. Pure."""
    found = set()
    for line in locks.splitlines():
        words = line.split()
        if len(words) != 8 or words[1] != "POSIX" or words[5].rpartition(":")[2] != str(inode):
            continue
        first, last = int(words[6]), octets.stop if words[7] == "EOF" else int(words[7])
        if first < octets.stop and last >= octets.start:
            found.add(int(words[4]))
    return found


def _named(pid: int, proc: Path) -> str:
    try:
        return f"{(proc / str(pid) / 'comm').read_text(errors='replace').strip()} (process {pid})"
    except OSError:
        return f"process {pid}"
