"""Reads what one point was by the minute, by the hour, or over spans of any length: out of aggregates, or samples where these tell it.

What is not packed yet is told by samples; a value holds in them as in the hours that are packed (aggregates.py), the last one until
the gateway was last heard. Everything is read in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator

import apsw

from t3actors.rows import AggregateRow
from t3actors.store.history import aggregate_block, frontiers, holding, parts
from t3actors.store.history.aggregate_block import AggregateBlock
from t3actors.store.history.aggregates import Aggregate, aggregated, number_of
from t3actors.store.history.block import DAY_MS, BlockDamaged, Samples
from t3actors.store.history.frontiers import HOUR_S
from t3actors.store.history.holding import HOUR_MS
from t3actors.store.history.parts import Kind
from t3actors.store.history.samples import PARTS, Run, Series, newest, series_of
from t3actors.store.history.spans import apart, joined

MINUTE_MS = 60_000
_ALL_THERE_IS = 1 << 40

_HEARD = "SELECT heartbeat_at FROM GATEWAY"


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
    """Return aggregates over spans of that length, from the one that `since_ms` lies in, oldest first; spans nothing is known of have none.

    They come from the coarsest that tells them exactly: hours where spans are whole hours, else the samples; where these are
    gone, minutes and hours as they are.
    """
    connection.execute("BEGIN")
    try:
        points: dict[tuple[int, int], list[Series]] = {}
        for one in series_of(connection, device, point_id):
            points.setdefault((one.series_id >> 16, one.point_index), []).append(one)
        found = [
            (row.at_ms, one.series_id, one, row)
            for alike in points.values()
            for one, row in _Spans(connection, alike, since_ms // every_ms * every_ms, until_ms, every_ms).told()
        ]
    finally:
        connection.execute("COMMIT")
    found.sort(key=lambda each: each[:2])
    return [_aggregate_row(device, point_id, one, row) for _, _, one, row in found]


class _Spans:
    """The spans of one point; its value may have gone over from series to series."""

    def __init__(
        self, connection: apsw.Connection, alike: list[Series], since_ms: int, until_ms: int, every_ms: int
    ) -> None:
        self._connection = connection
        self._alike = alike
        self._since_ms = since_ms
        self._until_ms = until_ms
        self._every_ms = every_ms
        self._frontiers = frontiers.load(connection)

    def told(self) -> Iterator[tuple[Series, Aggregate]]:
        packed_ms = self._frontiers.packed_until * 1000
        if self._every_ms % HOUR_MS == 0 and packed_ms > self._since_ms:
            runs = self._runs(packed_ms)
            for which, one in enumerate(self._alike):
                hours = _aggregates(self._connection, Kind.HOURS, one.series_id, self._since_ms, self._until_ms)
                rest = self._of_samples(runs[which], packed_ms, HOUR_MS, self._came_in(one, packed_ms))
                yield from ((one, row) for row in joined([*hours, *rest], self._every_ms))
            return
        before = newest(self._connection, self._alike, 0, self._since_ms - 1, 1)
        runs = self._runs(self._since_ms)
        for which, one in enumerate(self._alike):
            yield from ((one, row) for row in self._by_samples(which, runs[which], before))

    def _by_samples(self, which: int, run: Samples, before: list[Run]) -> list[Aggregate]:
        if before:
            (last,) = before
            held = number_of(last.values[-1]) if last.which == which else None
            if held is not None and holding.gaps_in(self._connection, last.times[-1], self._since_ms):
                held = None
            return self._of_samples(run, self._since_ms, self._every_ms, held)
        begins_ms = run.times[0] // HOUR_MS * HOUR_MS if run.times else self._until_ms + 1
        series_id = self._alike[which].series_id
        hours = _aggregates(self._connection, Kind.HOURS, series_id, self._since_ms, begins_ms - HOUR_MS)
        if not hours:
            return self._of_samples(run, self._since_ms, self._every_ms, None)
        end_ms = hours[-1].at_ms + HOUR_MS
        minutes = _aggregates(self._connection, Kind.MINUTES, series_id, self._since_ms, end_ms - MINUTE_MS)
        from_ms = minutes[0].at_ms if minutes else end_ms
        coarse = [*(row for row in hours if row.at_ms + HOUR_MS <= from_ms), *minutes]
        held = hours[-1].last if hours[-1].held else None
        rows = [*coarse, *self._of_samples(run, end_ms, self._every_ms, held)]
        return joined(rows, self._every_ms)  # where a row is longer than a span it stays as it is

    def _came_in(self, one: Series, at_ms: int) -> float | None:
        return holding.before(self._connection, self._frontiers.hours_from, at_ms // HOUR_MS, one.series_id)

    def _runs(self, since_ms: int) -> list[Samples]:
        """Return the samples of each series, with no value where one of another series is."""
        runs = [Samples([], [], []) for _ in self._alike]
        if self._until_ms >= since_ms:
            for found in newest(self._connection, self._alike, since_ms, self._until_ms, _ALL_THERE_IS):
                nothing = [None] * len(found.times)
                for place, run in enumerate(runs):
                    run.times.extend(found.times)
                    run.values.extend(found.values if place == found.which else nothing)
        return runs

    def _of_samples(self, run: Samples, since_ms: int, every_ms: int, held: float | None) -> list[Aggregate]:
        heard_ms = self._connection.execute(_HEARD).get or 0
        end_ms = min(self._until_ms, max([heard_ms, *run.times[-1:]]))
        gaps = holding.gaps_in(self._connection, since_ms, max(end_ms, since_ms))
        return apart(aggregated(run, every_ms, end_ms, held, gaps, since_ms=since_ms), every_ms)


def _aggregates(
    connection: apsw.Connection, kind: Kind, series_id: int, since_ms: int, until_ms: int
) -> list[Aggregate]:
    found: list[Aggregate] = []
    for part in parts.find(connection, PARTS, (kind, until_ms // 1000, since_ms // 1000)):
        for _, packed in parts.blocks_of(connection, part, series_id, series_id):
            if isinstance(packed, AggregateBlock):
                try:
                    found += aggregate_block.decode(packed, part.day * DAY_MS)
                except BlockDamaged:
                    continue  # the rest of history is worth more than the gap
    span_ms = HOUR_MS if kind is Kind.HOURS else MINUTE_MS
    if kind is Kind.HOURS:
        until = frontiers.load(connection)
        found += holding.hours_of(connection, series_id, until.hours_from, until.packed_until // HOUR_S)
    found.sort(key=lambda row: row.at_ms)
    return [row for row in apart(found, span_ms) if since_ms <= row.at_ms <= until_ms]


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
