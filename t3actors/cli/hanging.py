"""A gateway whose process is there and does not answer: what the kernel shows of it (proc(5)), and what to do. Nothing is sent."""

from __future__ import annotations

from pathlib import Path

import msgspec

from t3actors.cli.signs import PROC, STOPPED, state_of_process

CGROUPS = Path("/sys/fs/cgroup")
WAITING = "D"


class Hanging(msgspec.Struct, frozen=True):
    """What is seen of it, and what to do, as two halves of a line."""

    seen: str
    do: str


def how_it_hangs(pid: int, proc: Path = Path(PROC), cgroups: Path = CGROUPS) -> Hanging:
    """Look at the process that should answer. `pid` 0 or less: it is not known, or not of our own namespace."""
    state = state_of_process(pid, proc)
    who = f"process {pid}" if state else "a process that cannot be seen from here"
    if state in STOPPED:
        return Hanging(f"{who} holds its socket, but is stopped (SIGSTOP, Ctrl-Z, a debugger)", f"kill -CONT {pid}")
    if state and _is_frozen(proc / str(pid), cgroups):
        return Hanging(f"{who} holds its socket, but its cgroup is frozen", "systemctl thaw, or unpause its container")
    if state == WAITING:
        return Hanging(
            f"{who} holds its socket, but waits in the kernel for a disk or a network mount",
            "dmesg and that disk; it goes on when that answers",
        )
    return Hanging(
        f"{who} holds its socket, but its loop does not turn",
        "loop.stalled in its log says where; systemctl restart t3actors ends it",
    )


def _is_frozen(process: Path, cgroups: Path) -> bool:
    """Say whether the freezer holds it, cgroup v2 (Documentation/admin-guide/cgroup-v2.rst, cgroup.events)."""
    try:
        lines = (process / "cgroup").read_text(encoding="utf-8").splitlines()
        place = next(line.removeprefix("0::/") for line in lines if line.startswith("0::/"))
        return "frozen 1" in (cgroups / place / "cgroup.events").read_text(encoding="ascii").splitlines()
    except (OSError, StopIteration, UnicodeDecodeError):
        return False
