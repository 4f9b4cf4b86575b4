"""When what is left is used up: by the pace of the newest day that is packed, else by the measured growth."""

from __future__ import annotations

import pytest

from t3actors.config import StoreConfig
from t3actors.rows import PointUsage, StorageUsage
from t3actors.watch.forecast import DAY_MS, TEN_YEARS_DAYS, Forecast, forecast

PLENTY_MB = 1e9
MB = 1_000_000


def usage(
    used_mb: float = 10.0, rows_mb: float = 0.0, mb_a_day: float = 1.0, samples: int = 0, file_mb: float | None = None
) -> StorageUsage:
    one = PointUsage(name="d", point_id="p", samples_a_day=samples, mb_a_day=mb_a_day)
    return StorageUsage(
        file_mb=used_mb if file_mb is None else file_mb,
        used_mb=used_mb,
        rows_mb=rows_mb,
        samples=1,
        oldest_sample_at=0,
        oldest_hour_at=0,
        day_at=0,
        points=(one,) if mb_a_day else (),
    )


def told(
    seen: StorageUsage | None, store: StoreConfig, free_mb: float = PLENTY_MB, growth: float | None = None
) -> Forecast:
    return forecast(seen, store, 0, free_mb=free_mb, growth_mb_a_day=growth)


def test_the_budget_is_full_when_what_comes_has_filled_what_is_left() -> None:
    made = told(usage(), StoreConfig(budget_bytes=100 * MB))
    assert (made.full_at, made.full_of) == (round((95 - 10) * DAY_MS), "budget")
    assert made.raw_days == 95 - 1.0


def test_rows_that_are_yet_to_gather_are_left_room_for() -> None:
    store = StoreConfig(budget_bytes=100 * MB, recent_s=86_400.0)
    made = told(usage(rows_mb=5.0, samples=1_000_000), store)
    assert made.rows_mb_settled == 30.0
    assert made.full_at == round((95 - 10 - 25) * DAY_MS)


def test_what_is_kept_for_less_than_the_budget_lasts_never_fills_it() -> None:
    assert told(usage(), StoreConfig(budget_bytes=100 * MB, raw_s=85 * 86_400.0)).full_at is None
    assert told(usage(), StoreConfig(budget_bytes=100 * MB, raw_s=86 * 86_400.0)).full_at is not None


@pytest.mark.parametrize(
    ("budget", "min_free", "free_mb", "file_mb", "days", "full_of"),
    [
        (100, 0, 500, 10, 85, "budget"),
        (100, 450, 500, 10, 50, "disk"),
        (0, 0, 500, 10, 500, "disk"),
        (0, 0, 500, 30, 520, "disk"),  # freed pages of the file are used before the disk is
        (5, 0, 500, 10, 0, "budget"),
        (0, 500, 400, 10, 0, "disk"),
    ],
)
def test_what_is_used_up_first_is_named(
    budget: int, min_free: int, free_mb: float, file_mb: float, days: int, full_of: str
) -> None:
    made = told(usage(file_mb=file_mb), StoreConfig(budget_bytes=budget * MB, min_free_bytes=min_free * MB), free_mb)
    assert (made.full_at, made.full_of) == (days * DAY_MS, full_of)


@pytest.mark.parametrize(("days", "is_told"), [(TEN_YEARS_DAYS, True), (TEN_YEARS_DAYS + 1, False)])
def test_beyond_ten_years_nothing_is_said(days: int, is_told: bool) -> None:
    made = told(usage(), StoreConfig(budget_bytes=0, min_free_bytes=0), float(days))
    assert (made.full_at is not None) is is_told
    assert (made.full_of is not None) is is_told


def test_until_a_day_is_packed_the_measured_growth_is_the_pace() -> None:
    store = StoreConfig(budget_bytes=100 * MB)
    assert told(usage(mb_a_day=0.0), store, growth=8.5).full_at == 10 * DAY_MS
    assert told(usage(), store, growth=8.5).full_at == 85 * DAY_MS


@pytest.mark.parametrize("growth", [None, 0.0, -1.0])
def test_without_a_pace_nothing_is_foretold(growth: float | None) -> None:
    made = told(usage(mb_a_day=0.0), StoreConfig(), growth=growth)
    assert (made.mb_a_day, made.full_at, made.full_of, made.raw_days) == (growth, None, None, None)
    assert told(None, StoreConfig(), growth=5.0).full_at is None
