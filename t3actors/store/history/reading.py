"""Reads one point's history where it lies: the packed parts by their series, what is not packed yet as rows.

The views say the same in SQL; this is many times quicker for one point. Everything is read in one transaction, so that an
hour that is being packed is seen once.
"""

from __future__ import annotations

from collections.abc import Iterator

import apsw

from t3actors.rows import AggregateRow, SampleRun
from t3actors.store.history import aggregate_block, frontiers, parts
from t3actors.store.history.aggregate_block import AggregateBlock
from t3actors.store.history.aggregates import Aggregate, aggregated
from t3actors.store.history.block import DAY_MS, BlockDamaged, Samples
from t3actors.store.history.packing import HOUR_MS, gaps_in
from t3actors.store.history.parts import Kind
from t3actors.store.history.samples import PARTS, STATUSES, Run, Series, in_columns, newest, series_of
from t3actors.store.history.spans import joined

_HOURS = (
    "SELECT hour * 3600000, n, least, most, mean, last, time_mean, known_s * 1000, held, NULL FROM numbered n"
    " CROSS JOIN hours ON hour = ?1 + n.i AND series_id = ?2"
)

_ALL_THERE_IS = 1 << 40


def runs(
    connection: apsw.Connection, device: str, point_id: str, since_ms: int, until_ms: int, limit: int
) -> list[SampleRun]:
    """Return the newest `limit` samples between two times (both included), oldest first. **Thread**: the connection's."""
    connection.execute("BEGIN")
    try:
        series = series_of(connection, device, point_id)
        found = newest(connection, series, since_ms, until_ms, limit)
    finally:
        connection.execute("COMMIT")
    return [_sample_run(device, point_id, series[run.which], run) for run in found]


def _sample_run(device: str, point_id: str, series: Series, run: Run) -> SampleRun:
    values, text = in_columns(run.values)
    coded = any(run.codes)
    return SampleRun(
        name=device,
        point_id=point_id,
        units=series.units,
        data_source=series.data_source,
        created_by=series.created_by,
        sampled_at=run.times,
        value=values,
        text=text,
        status=[STATUSES[code & 7] for code in run.codes] if coded else None,
        clock_trusted=[not code & 8 for code in run.codes] if coded else None,
    )


# ------------------------------------------------------------------------------------------------------- aggregates


def aggregates(
    connection: apsw.Connection, kind: Kind, device: str, point_id: str, since_ms: int, until_ms: int
) -> list[AggregateRow]:
    """Return the aggregates by the hour or minute that begin between two times (both included), oldest first."""
    connection.execute("BEGIN")
    try:
        series = series_of(connection, device, point_id)
        found = [
            (row.at_ms, which, row)
            for which, one in enumerate(series)
            for row in _aggregates(connection, kind, one.series_id, since_ms, until_ms)
        ]
    finally:
        connection.execute("COMMIT")
    found.sort(key=lambda one: one[:2])
    return [_aggregate_row(device, point_id, series[which], row) for _, which, row in found]


def spans(
    connection: apsw.Connection, device: str, point_id: str, since_ms: int, until_ms: int, every_ms: int
) -> list[AggregateRow]:
    """Return aggregates over spans of that length, oldest first, from the coarsest that tells them exactly: hours where spans
    are whole hours, else the samples; where these are gone, minutes and hours as they are."""
    connection.execute("BEGIN")
    try:
        series = series_of(connection, device, point_id)
        found = [
            (row.at_ms, which, row)
            for which, one in enumerate(series)
            for row in _spans(connection, one.series_id, since_ms, until_ms, every_ms)
        ]
    finally:
        connection.execute("COMMIT")
    found.sort(key=lambda one: one[:2])
    return [_aggregate_row(device, point_id, series[which], row) for _, which, row in found]


def _spans(
    connection: apsw.Connection, series_id: int, since_ms: int, until_ms: int, every_ms: int
) -> Iterator[Aggregate]:
    hours = sorted(_aggregates(connection, Kind.HOURS, series_id, since_ms, until_ms))
    if every_ms % HOUR_MS == 0 and hours:
        open_ms = hours[-1].at_ms + HOUR_MS
        held = hours[-1].last if hours[-1].held else None
        rest = _of_samples(connection, series_id, open_ms, until_ms, HOUR_MS, held)
        yield from joined([*hours, *rest], every_ms)
        return
    rows = _of_samples(connection, series_id, since_ms, until_ms, every_ms, None)
    first_ms = rows[0].at_ms if rows else until_ms + 1
    gone = [row for row in hours if row.at_ms + HOUR_MS <= first_ms]
    if gone:
        minutes = sorted(_aggregates(connection, Kind.MINUTES, series_id, since_ms, first_ms - 1))
        from_ms = minutes[0].at_ms if minutes else first_ms
        yield from joined([row for row in gone if row.at_ms + HOUR_MS <= from_ms], max(every_ms, HOUR_MS))
        yield from joined(minutes, max(every_ms, 60_000))
    yield from rows


def _of_samples(
    connection: apsw.Connection, series_id: int, since_ms: int, until_ms: int, every_ms: int, held: float | None
) -> list[Aggregate]:
    lone = [Series(series_id, "", 0, "", None)]
    found = newest(connection, lone, since_ms, until_ms, _ALL_THERE_IS)
    if not found:
        return []
    first_ms = found[0].times[0]
    base_ms = first_ms // every_ms * every_ms
    times = [at_ms - base_ms for run in found for at_ms in run.times]
    values = [value for run in found for value in run.values]
    gaps = gaps_in(connection, first_ms, until_ms, base_ms)
    rows = aggregated(Samples(times, values, []), every_ms, until_ms - base_ms, held, gaps)
    return [row._replace(at_ms=row.at_ms + base_ms) for row in rows]


def _aggregates(
    connection: apsw.Connection, kind: Kind, series_id: int, since_ms: int, until_ms: int
) -> Iterator[Aggregate]:
    for part in parts.find(connection, PARTS, (kind, until_ms // 1000, since_ms // 1000)):
        day_ms = part.day * DAY_MS
        for _, packed in parts.blocks_of(connection, part, series_id, series_id):
            if not isinstance(packed, AggregateBlock):
                continue
            try:
                rows = aggregate_block.decode(packed, day_ms)
            except BlockDamaged:
                continue
            yield from (row for row in rows if since_ms <= row.at_ms <= until_ms)
    if kind is Kind.HOURS:
        for fields in connection.execute(_HOURS, (frontiers.load(connection).hours_from, series_id)):
            row = Aggregate(*fields)
            if since_ms <= row.at_ms <= until_ms:
                yield row


def _aggregate_row(device: str, point_id: str, series: Series, row: Aggregate) -> AggregateRow:
    return AggregateRow(
        name=device,
        point_id=point_id,
        at=row.at_ms,
        minimum=row.least,
        maximum=row.most,
        mean=row.mean,
        last=row.last,
        count=row.n,
        time_mean=row.time_mean,
        known_s=row.known_ms // 1000,
        units=series.units,
        data_source=series.data_source,
        held=bool(row.held),
    )
