"""`t3actors storage`: what history takes, of whom, when its budget is full, and what the settings let go."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from t3actors.cli.looking import Look, looking, looks_at_a_gateway
from t3actors.cli.tables import print_json, print_table
from t3actors.config import StoreConfig
from t3actors.configure.budget import MARGIN, ROW_BYTES
from t3actors.configure.durations import duration_text
from t3actors.configure.file import load
from t3actors.moments import clock_time
from t3actors.rows import StorageUsage

DAY_MS = 86_400_000


class Forecast(msgspec.Struct, frozen=True):
    """What comes of it: MB a day, of how many days there is room for in all, when the budget is full (Unix milliseconds)."""

    mb_a_day: float
    budget_mb: float | None
    full_at: int | None
    raw_days: float | None
    rows_mb_settled: float


def forecast(usage: StorageUsage, store: StoreConfig | None, now_ms: int) -> Forecast:
    """Reckon on from today's rate. Rows of `recent` grow until they are as old as that, then no more."""
    mb_a_day = sum(point.mb_a_day for point in usage.points)
    samples_a_day = sum(point.samples_a_day for point in usage.points)
    settings = StoreConfig() if store is None else store
    rows_mb = samples_a_day * settings.recent_s / 86_400 * ROW_BYTES / 1e6
    if store is None or not settings.budget_bytes:
        return Forecast(mb_a_day, None, None, None, rows_mb)
    budget_mb = settings.budget_bytes / 1e6
    rows_mb = min(rows_mb, budget_mb / 2)
    left_mb = budget_mb * (1 - MARGIN) - usage.used_mb - max(0.0, rows_mb - usage.rows_mb)
    days = None if not mb_a_day else max(0.0, left_mb / mb_a_day)
    full_at = None if days is None else now_ms + round(days * DAY_MS)
    if settings.raw_s and days is not None and usage.oldest_sample_at is not None:
        lasts_days = (usage.oldest_sample_at - now_ms) / DAY_MS + settings.raw_s / 86_400
        full_at = None if lasts_days <= days else full_at  # from then on as much goes as comes
    packed_mb = usage.used_mb - usage.rows_mb
    raw_days = None if not mb_a_day else (budget_mb * (1 - MARGIN) - rows_mb - min(packed_mb, 1.0)) / mb_a_day
    return Forecast(mb_a_day, budget_mb, full_at, raw_days, rows_mb)


@click.command()
@looks_at_a_gateway
@click.option(
    "--points", "how_many", default=20, show_default=True, type=click.IntRange(0, 1_000_000), help="The N largest."
)
def storage(config: Path | None, data: Path | None, as_json: bool, how_many: int) -> None:
    """Tell what history takes: MB a day of each device and of the largest points, and when the budget will be full.

    The rates are those of the newest day that is packed. Budget and retention are known where CONFIG is named.
    """
    store = None if config is None else load(config).store
    with looking(config, data) as look:
        usage = look.reader.storage()
        made = forecast(usage, store, look.now_ms)
        devices: dict[str, list[float]] = {}
        for point in usage.points:
            sums = devices.setdefault(point.name, [0.0, 0.0])
            sums[0] += point.samples_a_day
            sums[1] += point.mb_a_day
        if as_json:
            whole = {key: value for key, value in msgspec.structs.asdict(usage).items() if key != "points"}
            print_json([{"kind": "total", **whole, **msgspec.structs.asdict(made)}])
            print_json(
                {"kind": "device", "name": name, "samples_a_day": samples, "mb_a_day": mb}
                for name, (samples, mb) in devices.items()
            )
            print_json({"kind": "point", **msgspec.structs.asdict(point)} for point in usage.points[:how_many])
            return
        _print(look, usage, made, store)
        if not usage.points:
            return
        click.echo()
        rows = [{"device": name, "samples": round(samples), "mb": mb} for name, (samples, mb) in devices.items()]
        print_table(rows, {"device": "device", "samples": "samples a day", "mb": "MB a day"})
        if how_many:
            click.echo()
            largest = [
                {"point": f"{one.name}/{one.point_id}", **msgspec.structs.asdict(one)}
                for one in usage.points[:how_many]
            ]
            print_table(largest, {"point": "largest points", "samples_a_day": "samples a day", "mb_a_day": "MB a day"})


def _print(look: Look, usage: StorageUsage, made: Forecast, store: StoreConfig | None) -> None:
    zone = look.where.zone
    click.echo(
        f"database {look.where.database}: {usage.file_mb:.1f} MB, of which {usage.used_mb:.1f} MB are in use, "
        f"about {usage.rows_mb:.1f} MB as rows of recent"
    )
    oldest, hours = (
        clock_time(usage.oldest_sample_at, zone) or "none yet",
        clock_time(usage.oldest_hour_at, zone) or "none yet",
    )
    click.echo(f"samples: {usage.samples} packed, the oldest of {oldest}; hours: the oldest of {hours}")
    if not usage.points:
        click.echo("rates: known once an hour is packed")
        return
    click.echo(f"rate: {made.mb_a_day:.4g} MB a day, and {made.rows_mb_settled:.4g} MB of rows that go after recent")
    if store is None:
        click.echo("budget: name CONFIG instead of --data")
        return
    if made.budget_mb is None:
        click.echo('budget: none ("0B"): min_free alone bounds the file')
    elif made.full_at is None:
        click.echo(
            f"budget: {made.budget_mb:.4g} MB, not reached: from {duration_text(store.raw_s)} on as much goes as comes"
        )
    else:
        click.echo(
            f"budget: {made.budget_mb:.4g} MB, full on {clock_time(made.full_at, zone)} at this rate; "
            f"samples then go back about {made.raw_days:.0f} days"
        )
    for what, kept_s in (("samples", store.raw_s), ("minutes", store.minutes_s), ("hours", store.hours_s)):
        if kept_s:
            freed = made.mb_a_day if what == "samples" else 0.0
            click.echo(
                f"kept: {what} for {duration_text(kept_s)}" + (f"; then {freed:.4g} MB go each day" if freed else "")
            )
