"""Whether somebody holds a data directory (lock.py), as anybody may see it. Imports next to nothing: cli/quickly.py needs it."""

from __future__ import annotations

import fcntl
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

LOCK_NAME = "t3actors.lock"


def is_locked(data_dir: Path | str) -> bool | None:
    """Try the lock, shared and for an instant. **Returns**: None where that is not allowed."""
    try:
        descriptor = os.open(os.path.join(data_dir, LOCK_NAME), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
