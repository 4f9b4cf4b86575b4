"""`t3actors storage`: what history takes, of whom, when its budget is full, and what the settings let go."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from t3actors.cli.looking import Look, looking, looks_at_a_gateway
from t3actors.cli.tables import print_json, print_table, shown
from t3actors.config import StoreConfig
from t3actors.configure.durations import duration_text
from t3actors.configure.file import load
from t3actors.moments import clock_time
from t3actors.rows import StorageUsage
from t3actors.watch.forecast import Forecast, forecast


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
        free_mb = shutil.disk_usage(look.where.database.parent).free / 1e6
        growth = None if look.health is None else look.health.get("growth_mb_a_day")
        known = StoreConfig(budget_bytes=0) if store is None else store
        made = forecast(usage, known, look.now_ms, free_mb=free_mb, growth_mb_a_day=growth)
        devices: dict[str, list[float]] = {}
        for point in usage.points:
            sums = devices.setdefault(point.name, [0.0, 0.0])
            sums[0] += point.samples_a_day
            sums[1] += point.mb_a_day
        if as_json:
            whole = {key: value for key, value in msgspec.structs.asdict(usage).items() if key != "points"}
            print_json([{"kind": "total", **whole, "free_mb": free_mb, **msgspec.structs.asdict(made)}])
            print_json(
                {"kind": "device", "name": name, "samples_a_day": samples, "mb_a_day": mb}
                for name, (samples, mb) in devices.items()
            )
            print_json({"kind": "point", **msgspec.structs.asdict(point)} for point in usage.points[:how_many])
            return
        _print(look, usage, made, store, free_mb)
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


def _print(look: Look, usage: StorageUsage, made: Forecast, store: StoreConfig | None, free_mb: float) -> None:
    zone = look.where.zone
    click.echo(
        f"database {look.where.database}: {usage.file_mb:.1f} MB, of which {usage.used_mb:.1f} MB are in use, "
        f"about {usage.rows_mb:.1f} MB as rows of recent"
    )
    for line in _trouble(look, store, free_mb):
        click.echo(line)
    oldest, hours = (
        clock_time(usage.oldest_sample_at, zone) or "none yet",
        clock_time(usage.oldest_hour_at, zone) or "none yet",
    )
    click.echo(f"samples: {usage.samples} packed, the oldest of {oldest}; hours: the oldest of {hours}")
    if made.mb_a_day is None:
        click.echo("rates: known once an hour is packed")
        return
    if usage.points:
        click.echo(
            f"rate: {made.mb_a_day:.4g} MB a day, and {made.rows_mb_settled:.4g} MB of rows that go after recent"
        )
    else:
        click.echo(f"rate: the file grows by {made.mb_a_day:.4g} MB a day; better known once an hour is packed")
    if store is None:
        click.echo(f"disk: {free_mb:,.0f} MB free; budget: name CONFIG instead of --data")
        return
    click.echo(f"disk: {free_mb:,.0f} MB free, of which {store.min_free_bytes / 1e6:,.0f} MB are kept free (min_free)")
    click.echo(budget_line(made, store, zone))
    for what, kept_s in (("samples", store.raw_s), ("minutes", store.minutes_s), ("hours", store.hours_s)):
        if kept_s:
            freed = made.mb_a_day if what == "samples" else 0.0
            click.echo(
                f"kept: {what} for {duration_text(kept_s)}" + (f"; then {freed:.4g} MB go each day" if freed else "")
            )


def _trouble(look: Look, store: StoreConfig | None, free_mb: float) -> Iterator[str]:
    """Say what keeps history from growing now."""
    if not int(free_mb):
        yield "disk: FULL: nothing can be stored now; make room (store.full in the log)"
    elif store is not None and free_mb * 1e6 < store.min_free_bytes:
        yield "disk: history does not grow now: make room, or lower min_free (store.full in the log)"
    writes = None if look.health is None else look.health.get("store")
    if writes is not None and writes["state"] != "ok":
        yield f"store: {writes['state']} since {clock_time(writes['since_at'], look.where.zone)}: {shown(writes['reason'])}"


def budget_line(made: Forecast, store: StoreConfig, zone: dt.tzinfo) -> str:
    """Say when what is left is used up, of what, and what comes of it."""
    when = clock_time(made.full_at, zone)
    told = 'budget: none ("0B")' if made.budget_mb is None else f"budget: {made.budget_mb:.4g} MB"
    if made.full_of == "disk":
        return f"{told}; the disk is full on {when} at this rate, and history stops growing"
    if made.full_of == "budget":
        return f"{told}, full on {when} at this rate; samples then go back about {made.raw_days:.0f} days"
    if store.raw_s:
        return f"{told}, not reached: from {duration_text(store.raw_s)} on as much goes as comes"
    return f"{told}; at this rate it lasts for more than ten years"
