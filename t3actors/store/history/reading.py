"""Reads one point's history where it lies: the packed parts by their series, what is not packed yet as rows.

The views say the same in SQL; this is many times quicker for one point. Everything is read in one transaction, so that an
hour that is being packed is seen once.
"""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from t3actors.rows import AggregateRun, SampleRun
from t3actors.store.history.samples import STATUSES, Run, Series, in_columns, newest, series_of
from t3actors.store.history.span_columns import Spans


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


def aggregate_runs(device: str, point_id: str, told: Sequence[tuple[Series, Spans]]) -> list[AggregateRun]:
    """Return spans as they are read."""
    return [
        AggregateRun(
            name=device,
            point_id=point_id,
            units=series.units,
            data_source=series.data_source,
            at=spans.at_ms,
            minimum=spans.least,
            maximum=spans.most,
            mean=spans.mean,
            last=spans.last,
            count=spans.n,
            time_mean=spans.time_mean,
            known_s=[known_ms // 1000 for known_ms in spans.known_ms],
            held=spans.held,
        )
        for series, spans in told
    ]
