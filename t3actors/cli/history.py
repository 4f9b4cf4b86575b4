"""`t3actors history`: what one point stored, straight from the file: samples, spans of any length, or a picture."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path

import click
import msgspec
from click.core import ParameterSource

from t3actors.cli.looking import Look, looking, looks_at_a_gateway, moment_of, split_point
from t3actors.cli.plot import Column, plot
from t3actors.cli.tables import print_json, print_table, shown
from t3actors.configure.durations import DURATION_FORM, duration_s
from t3actors.moments import MOMENT_FORM, clock_times
from t3actors.quoting import quoted
from t3actors.rows import AggregateRow

CSV_KEYS = ("time", "sampled_at", "value", "text", "units", "status", "data_source")
SPAN_CSV_KEYS = ("time", "at", "minimum", "maximum", "mean", "time_mean", "last", "count", "known_s", "units")
PLOT_ROWS = 14
FINELY = 1000
LEAST_EVERY_S, MOST_SPANS = 1.0, 1_000_000
HOUR_MS = 3_600_000
LONG_COLUMN_MS = 4 * HOUR_MS
"""A column of a picture that is longer is whole hours: these are told by the hour, without all samples of months in memory."""


class Span(msgspec.Struct, frozen=True):
    """What is looked at."""

    point: str
    device: str
    point_id: str
    since_ms: int
    until_ms: int


@click.command()
@click.argument("point")
@looks_at_a_gateway
@click.option("--since", default="24h", show_default=True, help=MOMENT_FORM)
@click.option("--until", default="0s", help=f"{MOMENT_FORM}  [default: now]")
@click.option("--every", help=f"One row for each span of that length, {DURATION_FORM}.")
@click.option("--plot", "as_plot", is_flag=True, help="Draw it.")
@click.option(
    "--limit", default=1000, show_default=True, type=click.IntRange(1, 10_000_000), help="At most the newest N samples."
)
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header.")
def history(
    point: str, config: Path | None, data: Path | None, as_json: bool, since: str, until: str, every: str | None,
    as_plot: bool, limit: int, as_csv: bool,
) -> None:  # fmt: skip
    """Print what POINT (device/point_id) stored, oldest first. Where its status was not ok there is no value.

    It is read from the database file, also where no gateway runs. With --every the mean is that of the samples and time_mean
    weighs each by how long it held; samples that are gone are told by aggregates of the hour.
    """
    forms = [name for name, is_wanted in (("--plot", as_plot), ("--csv", as_csv), ("--json", as_json)) if is_wanted]
    if len(forms) > 1:
        raise click.UsageError(f"{' and '.join(forms)}: allowed is one of them")
    every_ms = _every_ms(every)
    with looking(config, data, asks=False) as look:
        device, point_id = split_point(point, look)
        since_ms, until_ms = (moment_of(text, name, look) for text, name in ((since, "--since"), (until, "--until")))
        span = Span(point, device, point_id, since_ms, until_ms)
        if every_ms is not None and (until_ms - since_ms) / every_ms > MOST_SPANS:
            why = (
                f'saw "{quoted(str(every))}"; allowed: at most {MOST_SPANS} spans: a later --since, or a longer --every'
            )
            raise click.BadParameter(why, param_hint="--every")
        if as_plot:
            source = click.get_current_context().get_parameter_source("since")
            _plot(look, _since_first(look, span) if source is ParameterSource.DEFAULT else span, every_ms)
        elif every_ms is not None:
            _print_spans(look, span, every_ms, as_json=as_json, as_csv=as_csv)
        else:
            _print_samples(look, span, limit, as_json=as_json, as_csv=as_csv)


def _every_ms(every: str | None) -> int | None:
    if every is None:
        return None
    try:
        seconds = duration_s(every)
    except ValueError:
        seconds = 0.0
    if seconds < LEAST_EVERY_S:
        raise click.BadParameter(
            f'saw "{quoted(every)}"; allowed: a duration from "1s", {DURATION_FORM}', param_hint="--every"
        )
    return round(seconds * 1000)


def _print_samples(look: Look, span: Span, limit: int, *, as_json: bool, as_csv: bool) -> None:
    found = look.reader.history(span.device, span.point_id, since_ms=span.since_ms, until_ms=span.until_ms, limit=limit)
    if len(found) == limit:
        click.echo(f"only the newest {limit}: see --limit", err=True)
    if as_json:
        print_json({"point": span.point, **msgspec.structs.asdict(row)} for row in found)
        return
    times = clock_times([row.sampled_at for row in found], look.where.zone)
    if as_csv:
        _print_csv(times, found, CSV_KEYS)
        return
    lines = [
        {"time": time, "shown": row.value if row.text is None else row.text, "units": row.units, "status": row.status}
        for time, row in zip(times, found, strict=True)
    ]
    print_table(lines, {"time": "time", "shown": "value", "units": "units", "status": "status"})


def _print_spans(look: Look, span: Span, every_ms: int, *, as_json: bool, as_csv: bool) -> None:
    found = look.reader.spans(span.device, span.point_id, span.since_ms, span.until_ms, every_ms)
    if as_json:
        print_json({"point": span.point, **msgspec.structs.asdict(row)} for row in found)
        return
    times = clock_times([row.at for row in found], look.where.zone)
    if as_csv:
        _print_csv(times, found, SPAN_CSV_KEYS)
        return
    print_table(
        [{**msgspec.structs.asdict(row), "time": time} for time, row in zip(times, found, strict=True)],
        {"time": "time", "minimum": "min", "mean": "mean", "time_mean": "over time", "maximum": "max", "last": "last",
         "count": "samples", "known_s": "known s", "units": "units"},
    )  # fmt: skip


def _since_first(look: Look, span: Span) -> Span:
    """Return the span from the first sample on, where history is younger than it: a picture of minutes is none in a day."""
    for _ in range(2):  # each look is as exact as a column of a picture is
        length_ms = max(1000, -(-(span.until_ms - span.since_ms) // FINELY))
        rows = look.reader.spans(span.device, span.point_id, span.since_ms, span.until_ms, length_ms)
        if rows:
            span = msgspec.structs.replace(span, since_ms=max(span.since_ms, rows[0].at))
    return span


def _plot(look: Look, span: Span, every_ms: int | None) -> None:
    width = max(20, shutil.get_terminal_size((100, 24)).columns - 14)
    column_ms = max(1000, every_ms or 0, -(-(span.until_ms - span.since_ms) // width))
    if column_ms > LONG_COLUMN_MS and column_ms != every_ms:
        column_ms = -(-column_ms // HOUR_MS) * HOUR_MS
    rows = look.reader.spans(span.device, span.point_id, span.since_ms, span.until_ms, column_ms)
    units = next((row.units for row in reversed(rows)), "")
    (point,) = look.reader.points(span.device, point_id=span.point_id, limit=1)
    states = tuple(map(shown, point.states or ()))
    columns = _columns(rows, span, column_ms)
    for line in plot(columns, PLOT_ROWS, span.since_ms, span.until_ms, look.where.zone, units, states):
        click.echo(line)


def _columns(rows: Sequence[AggregateRow], span: Span, column_ms: int) -> list[Column | None]:
    """One column a span; a value that was known to the end of its span holds on until the next."""
    first = span.since_ms // column_ms
    columns: list[Column | None] = [None] * max(1, -(-span.until_ms // column_ms) - first)
    for row in rows:
        place = row.at // column_ms - first
        if 0 <= place < len(columns):
            columns[place] = Column(row.minimum, row.time_mean, row.maximum)
    held: float | None = None
    last = {row.at // column_ms - first: row.last if row.held else None for row in rows}
    for place, column in enumerate(columns):
        if column is None and held is not None:
            columns[place] = Column(held, held, held, held=True)
        held = last.get(place, held)
    return columns


def _print_csv(times: Sequence[str], rows: Sequence[object], names: Sequence[str]) -> None:
    """Print these fields of the rows, the first being their times, in one go."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    fields = attrgetter(*names[1:])
    writer.writerows((time, *fields(row)) for time, row in zip(times, rows, strict=True))
    click.echo(text.getvalue(), nl=False)
