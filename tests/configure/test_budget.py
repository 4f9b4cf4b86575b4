"""What a configuration promises to keep against what there is room for."""

from __future__ import annotations

from pathlib import Path

import pytest

from t3actors.config import Config, DeviceConfig, ModbusPoint, StoreConfig, WebviewConfig
from t3actors.configure.budget import BudgetPlan, plan
from t3actors.points import Kind, Rules

DAY_S = 86400.0


def planned(store: StoreConfig, *rules: Rules) -> BudgetPlan:
    points = tuple(ModbusPoint(id=f"p{n}", kind=Kind.INPUT, register=n, rules=one) for n, one in enumerate(rules))
    device = DeviceConfig(name="d", protocol="modbus", address="a:502", points=points)
    return plan(Config(store=store, devices=(device,)), {}, 1.0)


SECOND = Rules(poll_interval_s=1.0)  # 86,400 samples a day


def test_what_is_kept_as_long_as_the_budget_lasts_is_no_promise() -> None:
    made = planned(StoreConfig(budget_bytes=20_000_000), *[SECOND] * 10)
    assert made.refusal == ""
    assert [share.what for share in made.shares] == ["points", "rows"]
    assert made.raw_days == pytest.approx((19.0 - made.needed_mb) / (10 * 86_400 * 5.8e-6))


def test_a_promise_that_finds_no_room_is_refused_with_the_arithmetic() -> None:
    made = planned(StoreConfig(budget_bytes=100_000_000, raw_s=366 * DAY_S), SECOND)
    assert made.refusal == (
        "store.budget: 95 MB of 100 MB can be filled, and 202 MB were asked for: points 0.401 MB = 1 x 1000 bytes; "
        "rows 18.14 MB = 8.64e+04 samples a day x 7d of recent x 30 bytes, at most half of the budget; "
        "samples 183.4 MB = 8.64e+04 a day x 366d x 5.8 bytes. "
        "Allowed: a larger budget, less raw, minutes or hours, or points that store less (deadband, max_interval)"
    )


def test_a_points_own_promise_counts_for_it_alone() -> None:
    own = Rules(poll_interval_s=1.0, raw_s=10 * DAY_S, minutes_s=10 * DAY_S, hours_s=100 * DAY_S)
    made = planned(StoreConfig(), own, SECOND)
    sizes = {share.what: share.mb for share in made.shares}
    assert sizes["samples"] == pytest.approx(86_400 * 10 * 5.8e-6)
    assert sizes["minutes"] == pytest.approx(1440 * 10 * 14e-6)
    assert sizes["hours"] == pytest.approx(24 * 100 * 14e-6)


def test_rows_take_at_most_half_of_the_budget() -> None:
    made = planned(StoreConfig(budget_bytes=20_000_000, recent_s=366 * DAY_S), SECOND)
    assert {share.what: share.mb for share in made.shares}["rows"] == 10.0


def test_what_waits_for_t3000s_file_needs_its_room() -> None:
    webview = WebviewConfig(database=Path("webview.db"))
    made = planned(StoreConfig(budget_bytes=100_000_000, webview=webview), SECOND)
    assert {share.what: share.mb for share in made.shares}["outbox"] == webview.outbox_bytes / 1e6
    assert "outbox 100 MB = store.webview.outbox. Allowed: " in made.refusal
    assert "a smaller outbox" in made.refusal
    assert planned(StoreConfig(webview=webview), SECOND).refusal == ""


def test_without_a_budget_nothing_is_refused() -> None:
    made = planned(StoreConfig(budget_bytes=0, raw_s=36600 * DAY_S), *[SECOND] * 100)
    assert (made.refusal, made.raw_days) == ("", None)
