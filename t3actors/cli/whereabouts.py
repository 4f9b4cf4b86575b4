"""Which gateway a verb looks at, and how it is: running, running but silent, or not running.

t3actors VERB CONFIG          the database and data_dir of that configuration
t3actors VERB --data DIR      the database in that directory
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

import click
import msgspec

from t3actors.config import GatewayConfig, StoreConfig
from t3actors.configure.file import load
from t3actors.errors import StoreUnreachable
from t3actors.moments import zone_of
from t3actors.store.lock import is_locked

HEARTBEAT_OLD_MS = 35_000  # it is written every 10 to 20 s


class Whereabouts(msgspec.Struct, frozen=True):
    """A gateway's directory and database, the time zone for a person's eyes, and the file it logs to (None: none is known)."""

    data_dir: Path
    database: Path
    time_zone: str = "UTC"
    log_file: Path | None = None

    @property
    def zone(self) -> dt.tzinfo:
        """The time zone itself."""
        return zone_of(self.time_zone)


def find(config: Path | None, data: Path | None) -> Whereabouts:
    """Settle on one of the two ways to name a gateway.

    Raises: click.UsageError for neither or both; ConfigError; StoreUnreachable where this user may not look.
    """
    if (config is None) == (data is None):
        raise click.UsageError("name the gateway by CONFIG or by --data DIR, one of the two")
    if config is not None:
        checked = load(config)
        log_file = checked.log.file or _usual_log(checked.gateway.data_dir)
        return Whereabouts(checked.gateway.data_dir, checked.store.database, checked.gateway.time_zone, log_file)
    assert data is not None  # noqa: S101 - for mypy
    usual = data / StoreConfig().database
    try:
        others = [] if usual.exists() else sorted(data.glob("*.db"))
    except OSError as error:
        raise StoreUnreachable(f"{data}: cannot be looked into: {error.strerror}") from error
    database = others[0] if len(others) == 1 else usual
    return Whereabouts(data, database, GatewayConfig().time_zone, _usual_log(data))


def _usual_log(data_dir: Path) -> Path | None:
    """Give the file that a hosted gateway logs to, and many a configured one."""
    path = data_dir / "t3actors.log"
    return path if os.access(path, os.R_OK) else None


class Life(Enum):
    """How a gateway is."""

    RUNNING = "running"
    SILENT = "running, but it has not written its database"
    """Its process lives: the disk is full, or another program holds the database."""
    NOT_RUNNING = "NOT RUNNING"


def life_of(data_dir: Path, gateway: Mapping[str, object] | None, now_ms: int) -> Life:
    """Judge by the heartbeat and the lock: both fresh and held means running; a lock alone, silent."""
    beat = None if gateway is None else gateway.get("heartbeat_at")
    fresh = isinstance(beat, int) and now_ms - beat <= HEARTBEAT_OLD_MS
    locked = is_locked(data_dir)
    if fresh and locked is not False:
        return Life.RUNNING
    return Life.SILENT if locked else Life.NOT_RUNNING
