"""`GET /storage`: what the database takes, how fast it grows, and when it will have all that it may take: forecast.py's word, as in
`t3actors storage`, which tells of each point besides.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import msgspec
import trio
from starlette.responses import Response

from t3actors.watch.api.answers import json_answer
from t3actors.watch.api.inside import Inside
from t3actors.watch.api.operations import Asked
from t3actors.watch.api.refusals import Refused
from t3actors.watch.forecast import Filled, forecast


class StorageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Octets, of the database with its log. `budget_bytes`, `min_free_bytes`: of the configuration, 0: none.

    `grows_by_a_day`: as measured over up to a day; null: in the first hour. `history_by_a_day`: what history takes for good, by the newest
    day that is packed, else as it grows; null: not known yet. `full_at` (Unix ms): when what is left is used up at that pace; null: not in
    ten years, never (as much goes as comes), or not known. `full_of`: what is used up first: the budget (then the oldest samples go) or the
    disk (then history stops growing). `raw_days`: samples of so many days find room in the budget; null: no budget, or not known.
    """

    at: int
    database_bytes: int
    free_bytes: int
    budget_bytes: int
    min_free_bytes: int
    grows_by_a_day: float | None
    history_by_a_day: float | None
    full_at: int | None
    full_of: Filled | None
    raw_days: float | None


class Sizes(NamedTuple):
    """Octets of the database with its log, and those that are free beside it."""

    database: int
    free: int


def measured(database: Path) -> Sizes:
    """Measure. **Thread**: any."""
    used = 0
    for path in (database, Path(f"{database}-wal")):
        try:
            used += path.stat().st_size
        except OSError:
            continue
    try:
        return Sizes(used, shutil.disk_usage(database.parent).free)
    except OSError:
        return Sizes(used, 0)


class Storage:
    """Answers it."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    async def storage(self, _asked: Asked) -> Response:
        """Say what the database takes."""
        inside, store = self._inside, self._inside.store
        sizes = await trio.to_thread.run_sync(measured, inside.database)
        try:
            usage = await inside.reading.slow.read(lambda reader: reader.storage())
        except Refused:  # what is measured is told all the same
            usage = None
        report, at_ms = inside.health.report, inside.wall_ms()
        growth = None if report is None else report.growth_mb_a_day
        made = forecast(usage, store, at_ms, free_mb=sizes.free / 1e6, growth_mb_a_day=growth)
        return json_answer(
            StorageAnswer(
                at=at_ms,
                database_bytes=sizes.database,
                free_bytes=sizes.free,
                budget_bytes=store.budget_bytes,
                min_free_bytes=store.min_free_bytes,
                grows_by_a_day=_octets(growth),
                history_by_a_day=_octets(made.mb_a_day),
                full_at=made.full_at,
                full_of=made.full_of,
                raw_days=made.raw_days,
            )
        )


def _octets(mb: float | None) -> float | None:
    return None if mb is None else mb * 1e6
