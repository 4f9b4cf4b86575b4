"""What this process uses, as the kernel tells it. Linux; a figure that cannot be read is 0."""

from __future__ import annotations

import os
import time
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def rss_mb() -> float:
    """Resident memory in megabytes (proc(5), statm, second field)."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return round(pages * PAGE_BYTES / 1e6, 1)


def cpu_s() -> float:
    """Processor time of this process so far, all threads, in seconds."""
    return time.process_time()


def file_mb(*paths: Path) -> float:
    """Size of these files together in megabytes; one that is not there counts nothing."""
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size
        except OSError:
            continue
    return round(total / 1e6, 3)
