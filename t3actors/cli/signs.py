"""What shows whether a gateway lives, and what is said of one that does not. Imports next to nothing: quickly.py needs it."""

from __future__ import annotations

from t3actors.store.locked import LOCK_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

PROC = "/proc"
STOPPED = ("T", "t")
HEARTBEAT_OLD_MS = 35_000  # it is written every 10 to 20 s


def is_fresh(heartbeat_at: object, now_ms: int) -> bool:
    """Say whether its last word is of now."""
    return isinstance(heartbeat_at, int) and now_ms - heartbeat_at <= HEARTBEAT_OLD_MS


def stopped_holder(data_dir: Path | str) -> int:
    """Return the process that holds the directory, where nothing of it runs until somebody lets it (SIGSTOP); 0 otherwise.

    Nobody is asked: it is what the kernel shows, proc(5).
    """
    try:
        with open(f"{data_dir}/{LOCK_NAME}", "rb") as lock:
            pid = int(lock.read(32))
    except (OSError, ValueError):
        return 0
    return pid if is_stopped(pid) else 0


def is_stopped(pid: int, proc: Path | str = PROC) -> bool:
    """Say whether a process is certain not to answer: nothing of it runs until somebody lets it."""
    return state_of_process(pid, proc) in STOPPED


def state_of_process(pid: int, proc: Path | str = PROC) -> str:
    """Return the letter of its state, proc(5); empty where there is no such process to be seen, or `pid` is 0 or less."""
    if pid <= 0:
        return ""
    try:
        with open(f"{proc}/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b") ")[2][:1].decode("ascii", "replace")
    except OSError:
        return ""


def nobody_runs(data_dir: Path | str, heard: str) -> str:
    """Return what is said at the end where no gateway runs. `heard`: when one was heard last."""
    return f"t3actors: no gateway is running in {data_dir} (last heard: {heard}); this is the last it knew"
