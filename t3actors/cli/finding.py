"""What `t3actors doctor` says of one thing that it looked at."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

from t3actors.store.lock import holder_of

Verdict = Literal["ok", "note", "bad"]
ONLY_THE_GATEWAY = "only the gateway needs to"
PROC = Path("/proc")


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. `bad`: a gateway cannot work so; `note`: it can, but somebody should know. `do`: what then."""

    what: str
    verdict: Verdict
    seen: str
    do: str = ""


class Runner(msgspec.Struct, frozen=True):
    """The process that holds the data directory, and whose it is. `uid` None: it cannot be seen from here."""

    pid: int
    uid: int | None


def runner_of(data_dir: Path, proc: Path = PROC) -> Runner:
    """Look up the gateway that runs in `data_dir`: by what it wrote down, proc(5) says whose process that is."""
    pid = holder_of(data_dir)
    try:
        return Runner(pid, (proc / str(pid)).stat().st_uid)
    except OSError:
        return Runner(pid, None)


def named(look_up: Callable[[int], Any], number: int) -> str:
    """Give the name of a user or group; its number where it has none."""
    try:
        return str(look_up(number)[0])
    except KeyError:
        return str(number)


def user() -> str:
    """Who asks."""
    return named(pwd.getpwuid, os.getuid())
