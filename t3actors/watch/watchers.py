"""The children of the pool `watch`: who they are and what each is given. Built by pipeline, which alone knows the stages behind it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from supervision.actor import TrioActor
from t3actors import __version__, clock
from t3actors.config import Config
from t3actors.events import Log
from t3actors.watch.api.app import application
from t3actors.watch.api.bundle import Bundle, is_open
from t3actors.watch.api.inside import Inside, Reach
from t3actors.watch.api.reading import Reader, Reading
from t3actors.watch.api.server import ApiServer
from t3actors.watch.fanout import Fanout
from t3actors.watch.health import Health, HealthBoard, Identity
from t3actors.watch.live import Live
from t3actors.watch.neighbours import Neighbours
from t3actors.watch.summary import Summary
from t3actors.watch.tree import rows_of

LISTENERS_SHARE = 0.75
"""Of the connections, those that may listen on /live: the rest is for requests."""


def watchers(
    config: Config,
    boot_id: str,
    log: Log,
    *,
    reach: Reach,
    open_reader: Callable[[Path], Reader],
    summary: Callable[[], Summary],
    board: HealthBoard,
) -> dict[str, Callable[[], TrioActor]]:
    """Name them, with what starts each."""
    who = Identity(name=config.gateway.name, version=__version__, boot_id=boot_id, started_at=clock.wall_ms())
    database = config.store.database
    inside = Inside(
        who=who,
        reach=reach,
        health=board,
        reading=Reading(database, open_reader),
        fanout=Fanout(max(1, int(LISTENERS_SHARE * config.api.connections))),
        database=database,
        wall_ms=clock.wall_ms,
        store=config.store,
    )
    return {
        "summary": summary,
        "health": partial(
            Health,
            who,
            inside.health,
            clock.wall_ms,
            children=lambda: rows_of(reach.supervisor()),
            overrides=reach.control.overrides,
            links=reach.links,
            neighbours=Neighbours(has_webview=config.store.webview is not None, installations=reach.installations),
            let_go=inside.reading.let_go,
        ),
        "live": partial(Live, inside.fanout),
        "api": lambda: ApiServer(
            config.api,
            config.gateway.data_dir,
            Bundle(application(inside)),
            log,
            refusals=inside.refusals,
            close=inside.reading.close,
            is_open=is_open,
        ),
    }
