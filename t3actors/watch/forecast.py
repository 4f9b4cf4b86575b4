"""When the database will have all that it may take, and of how many days samples find room in it: for the command line and the API alike.
Pure.

The pace is that of the newest day that is packed. Until there is one, it is the growth that was measured (growth.py), which is too much in
the first days: rows of `recent` gather until they are as old as that, then as many go as come.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from t3actors.config import StoreConfig
from t3actors.configure.budget import MARGIN, ROW_BYTES
from t3actors.rows import StorageUsage

DAY_MS = 86_400_000
TEN_YEARS_DAYS = 3653
Filled = Literal["budget", "disk"]


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """`mb_a_day`: what history takes for good; None: not known yet. `rows_mb_settled`: what rows of `recent` will take.

    `full_at` (Unix ms): when what is left is used up, and `full_of` of what: the budget (then the oldest samples go), or the disk but
    for min_free (then history stops growing); None: not in ten years, not known, or never, since as much goes as comes before that.
    `raw_days`: samples of so many days find room in the budget.
    """

    mb_a_day: float | None
    rows_mb_settled: float
    budget_mb: float | None
    full_at: int | None
    full_of: Filled | None
    raw_days: float | None


def forecast(
    usage: StorageUsage | None, store: StoreConfig, now_ms: int, *, free_mb: float, growth_mb_a_day: float | None = None
) -> Forecast:
    """Reckon on from the present pace. `usage` None: the database does not say. `free_mb`: on its disk; MB are 10^6 octets."""
    points = () if usage is None else usage.points
    rows_mb = sum(point.samples_a_day for point in points) * store.recent_s / 86_400 * ROW_BYTES / 1e6
    budget_mb = store.budget_bytes / 1e6 if store.budget_bytes else None
    if budget_mb is not None:
        rows_mb = min(rows_mb, budget_mb / 2)
    pace = sum(point.mb_a_day for point in points) if points else growth_mb_a_day
    if usage is None or pace is None or pace <= 0:
        return Forecast(
            mb_a_day=pace, rows_mb_settled=rows_mb, budget_mb=budget_mb, full_at=None, full_of=None, raw_days=None
        )
    rows_to_come_mb = max(0.0, rows_mb - usage.rows_mb) if points else 0.0
    reusable_mb = usage.file_mb - usage.used_mb
    left: list[tuple[float, Filled]] = [(free_mb - store.min_free_bytes / 1e6 + reusable_mb - rows_to_come_mb, "disk")]
    raw_days = None
    if budget_mb is not None:
        room_mb = budget_mb * (1 - MARGIN)
        left.append((room_mb - usage.used_mb - rows_to_come_mb, "budget"))
        raw_days = (room_mb - rows_mb - min(usage.used_mb - usage.rows_mb, 1.0)) / pace
    mb, full_of = min(left)
    days = max(0.0, mb) / pace
    lasts = days > TEN_YEARS_DAYS or _goes_before(usage, store, now_ms, days)
    return Forecast(
        mb_a_day=pace,
        rows_mb_settled=rows_mb,
        budget_mb=budget_mb,
        full_at=None if lasts else now_ms + round(days * DAY_MS),
        full_of=None if lasts else full_of,
        raw_days=raw_days,
    )


def _goes_before(usage: StorageUsage, store: StoreConfig, now_ms: int, days: float) -> bool:
    """Say whether the oldest samples are as old as `raw` by then: from there on as much goes as comes."""
    if not store.raw_s or usage.oldest_sample_at is None:
        return False
    return (usage.oldest_sample_at - now_ms) / DAY_MS + store.raw_s / 86_400 <= days
