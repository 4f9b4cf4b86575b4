"""The children of the pool `watch`: who they are and what each is given. Built by pipeline, which alone knows the stages behind it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from supervision.actor import TrioActor
from t3actors import __version__, clock
from t3actors.config import Config
from t3actors.events import Log
from t3actors.watch.api.app import application
from t3actors.watch.api.inside import Inside
from t3actors.watch.api.server import ApiServer
from t3actors.watch.health import Health, HealthBoard, Identity
from t3actors.watch.summary import Summary


def watchers(
    config: Config,
    boot_id: str,
    log: Log,
    *,
    inside: Inside,
    health: HealthBoard,
    summary: Callable[[], Summary],
) -> dict[str, Callable[[], TrioActor]]:
    """Name them, with what starts each."""
    who = Identity(name=config.gateway.name, version=__version__, boot_id=boot_id, started_at=clock.wall_ms())
    return {
        "summary": summary,
        "health": partial(Health, who, health, clock.wall_ms),
        "api": lambda: ApiServer(config.api, config.gateway.data_dir, application(inside), log),
    }
