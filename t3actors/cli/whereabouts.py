"""Which gateway a verb looks at.

t3actors VERB CONFIG          the database and data_dir of that configuration
t3actors VERB --data DIR      the database in that directory
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import click
import msgspec

from t3actors.config import GatewayConfig, StoreConfig
from t3actors.configure.file import load
from t3actors.errors import StoreUnreachable
from t3actors.moments import zone_of


class Whereabouts(msgspec.Struct, frozen=True):
    """A gateway's directory and database, the time zone for a person's eyes, the file it logs to (None: none is known), and its name
    (empty: only its database says it)."""

    data_dir: Path
    database: Path
    time_zone: str = "UTC"
    log_file: Path | None = None
    name: str = ""

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
        settings = checked.gateway
        return Whereabouts(settings.data_dir, checked.store.database, settings.time_zone, log_file, settings.name)
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
