"""Whether what a configuration promises to keep finds room in `[store] budget`: the arithmetic, written out. Pure.

A promise is a `raw`, `minutes` or `hours` that is not "0s": what is kept as long as the budget lasts is none. The rates
are those of cost.py, and the bytes were measured with benchmarks/history_size.py.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from t3actors.config import Config, StoreConfig
from t3actors.configure.cost import DAY_S, SAMPLE_BYTES, MostPoints, rules_of_points, samples_a_day
from t3actors.configure.durations import duration_text
from t3actors.points import Rules

ROW_BYTES = 30.0  # a sample of `recent`, as a row; benchmarks/store.py
AGGREGATE_BYTES = 14.0  # a minute or an hour of a point, with its share of blocks and pages
POINT_BYTES = 1000.0  # a point's row, its series, its events
EMPTY_BYTES = 400_000.0  # a new database
MARGIN = 0.05  # of the budget stays free (store/history/governor.py)


class Share(msgspec.Struct, frozen=True):
    """What one kind of thing takes, and how that is reckoned."""

    what: str
    mb: float
    reckoned: str


class BudgetPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What was promised, in MB (10^6 bytes), and how far samples go back with what is left (None: no budget, or no samples)."""

    budget_mb: float
    needed_mb: float
    shares: tuple[Share, ...]
    raw_days: float | None
    refusal: str
    """Why it cannot be; empty when it can."""


def plan(config: Config, most_points: MostPoints, changing_share: float) -> BudgetPlan:
    """Reckon what the configuration promises to keep."""
    store = config.store
    points = [(rules, samples_a_day(rules, changing_share)) for rules in rules_of_points(config, most_points)]
    a_day = sum(samples for _, samples in points)
    budget = store.budget_bytes
    rows = a_day * store.recent_s / DAY_S * ROW_BYTES
    shares = [
        Share("points", (EMPTY_BYTES + len(points) * POINT_BYTES) / 1e6, f"{len(points)} x {POINT_BYTES:.0f} bytes"),
        _rows(store, a_day, min(rows, budget / 2) if budget else rows),
        *_outbox(store),
        *_promises(store, points),
    ]
    shares = [share for share in shares if share.mb > 0]
    needed = sum(share.mb for share in shares)
    room = budget * (1 - MARGIN) / 1e6
    refusal = ""
    if budget and needed > room:
        outbox = "a smaller outbox, " if store.webview else ""
        sums = "; ".join(f"{share.what} {share.mb:.4g} MB = {share.reckoned}" for share in shares)
        refusal = (
            f"store.budget: {room:.4g} MB of {budget / 1e6:.4g} MB can be filled, and {needed:.4g} MB were asked for: {sums}. "
            f"Allowed: a larger budget, less raw, minutes or hours, {outbox}or points that store less (deadband, max_interval)"
        )
    promised_raw = any(_kept_s(rules.raw_s, store.raw_s) for rules, _ in points)
    left = room - needed
    raw_days = None if not budget or not a_day or promised_raw else max(0.0, left * 1e6 / (a_day * SAMPLE_BYTES))
    return BudgetPlan(
        budget_mb=budget / 1e6, needed_mb=needed, shares=tuple(shares), raw_days=raw_days, refusal=refusal
    )


def _rows(store: StoreConfig, a_day: float, size: float) -> Share:
    reckoned = f"{a_day:.4g} samples a day x {duration_text(store.recent_s)} of recent x {ROW_BYTES:.0f} bytes, at most half of the budget"
    return Share("rows", size / 1e6, reckoned)


def _outbox(store: StoreConfig) -> list[Share]:
    """What waits for T3000's file lies in ours, and goes before no sample does: it needs its room."""
    size = 0 if store.webview is None else store.webview.outbox_bytes
    return [Share("outbox", size / 1e6, "store.webview.outbox")]


def _promises(store: StoreConfig, points: Iterable[tuple[Rules, float]]) -> list[Share]:
    """Sum up what is alike: points that are kept equally long."""
    sums: dict[tuple[str, float, float], float] = {}
    for rules, samples in points:
        for what, own, default, per_day, size in (
            ("samples", rules.raw_s, store.raw_s, samples, SAMPLE_BYTES),
            ("minutes", rules.minutes_s, store.minutes_s, min(samples, 1440.0), AGGREGATE_BYTES),
            ("hours", rules.hours_s, store.hours_s, min(samples, 24.0), AGGREGATE_BYTES),
        ):
            kept_s = _kept_s(own, default)
            if kept_s:
                sums[what, kept_s, size] = sums.get((what, kept_s, size), 0.0) + per_day
    return [
        Share(
            what,
            per_day * kept_s / DAY_S * size / 1e6,
            f"{per_day:.4g} a day x {duration_text(kept_s)} x {size:g} bytes",
        )
        for (what, kept_s, size), per_day in sums.items()
    ]


def _kept_s(own: float | None, default: float) -> float:
    return default if own is None else own
