"""`GET /storage`: what the database takes, how fast it grows, and when it will have all that it may take.

Growth is that which health.py measures. What each point takes, and what the settings let go, is `t3actors storage`.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import trio
from starlette.responses import Response

from t3actors.watch.api.answers import json_answer
from t3actors.watch.api.inside import Inside
from t3actors.watch.api.operations import Asked

DAY_MS = 86_400_000
TEN_YEARS_DAYS = 3653


class StorageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Octets, of the database with its log. `budget_bytes`, `min_free_bytes`: of the configuration, 0: none.

    `grows_by_a_day`: as measured over up to a day; null: in the first hour. `full_at` (Unix ms): when what is left is used up at that
    pace; null: not in ten years, or not known. `full_of`: what is used up first: the budget (then the oldest samples go) or the disk
    (then history stops growing).
    """

    at: int
    database_bytes: int
    free_bytes: int
    budget_bytes: int
    min_free_bytes: int
    grows_by_a_day: float | None
    full_at: int | None
    full_of: Literal["budget", "disk"] | None


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


def forecast(
    at_ms: int, sizes: Sizes, grows_by_a_day: float | None, budget_bytes: int, min_free_bytes: int
) -> tuple[int | None, Literal["budget", "disk"] | None]:
    """Say when what is left is used up at this pace, and what that is; None where it lasts ten years or nothing is known. Pure."""
    if grows_by_a_day is None or grows_by_a_day <= 0:
        return None, None
    left: list[tuple[int, Literal["budget", "disk"]]] = [(max(0, sizes.free - min_free_bytes), "disk")]
    if budget_bytes:
        left.append((max(0, budget_bytes - sizes.database), "budget"))
    octets, what = min(left)
    days = octets / grows_by_a_day
    return (None, None) if days > TEN_YEARS_DAYS else (at_ms + int(days * DAY_MS), what)


class Storage:
    """Answers it."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    async def storage(self, _asked: Asked) -> Response:
        """Say what the database takes."""
        inside = self._inside
        sizes = await trio.to_thread.run_sync(measured, inside.database)
        report, at_ms = inside.health.report, inside.wall_ms()
        grows = None if report is None or report.growth_mb_a_day is None else report.growth_mb_a_day * 1e6
        full_at, full_of = forecast(at_ms, sizes, grows, inside.budget_bytes, inside.min_free_bytes)
        return json_answer(
            StorageAnswer(
                at=at_ms,
                database_bytes=sizes.database,
                free_bytes=sizes.free,
                budget_bytes=inside.budget_bytes,
                min_free_bytes=inside.min_free_bytes,
                grows_by_a_day=grows,
                full_at=full_at,
                full_of=full_of,
            )
        )
