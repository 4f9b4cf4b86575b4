"""How a gateway is that somebody looks at: running, running but silent or hanging, or not running."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING

from t3actors.cli.signs import is_fresh, nobody_runs
from t3actors.store.locked import is_locked

if TYPE_CHECKING:
    from pathlib import Path


class Life(Enum):
    """How a gateway is."""

    RUNNING = "running"
    SILENT = "running, but it has not written its database"
    """Its process lives: the disk is full, or another program holds the database."""
    HANGING = "running, but it does not answer"
    """Its process is there, and does nothing: it was stopped, or its loop stands still."""
    NOT_RUNNING = "NOT RUNNING"


def life_of(data_dir: Path | str, gateway: Mapping[str, object] | None, now_ms: int) -> Life:
    """Judge by the heartbeat and the lock: both fresh and held means running; a lock alone, silent."""
    locked = is_locked(data_dir)
    if is_fresh(None if gateway is None else gateway.get("heartbeat_at"), now_ms) and locked is not False:
        return Life.RUNNING
    return Life.SILENT if locked else Life.NOT_RUNNING


def last_word(life: Life, data_dir: Path | str, state: str, heard: str, hangs: str = "") -> str | None:
    """Return what is to be said of a gateway that does not write, after all that it wrote was shown. `hangs`: what is seen of one that
    does not answer."""
    match life:
        case Life.RUNNING:
            return None
        case Life.SILENT:
            return f"t3actors: the gateway in {data_dir} is {state}; this is the last it wrote"
        case Life.HANGING:
            return f"t3actors: {hangs}. This is the last it wrote"
        case Life.NOT_RUNNING:
            return nobody_runs(data_dir, heard)


def state_of(life: Life, heartbeat_at: int | None, now_ms: int) -> str:
    """Return how the gateway is, in words."""
    words: str = life.value
    return f"{words} for {(now_ms - heartbeat_at) // 1000} s" if life is Life.SILENT and heartbeat_at else words
