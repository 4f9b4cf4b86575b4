"""Reads one point's history where it lies: the packed parts by their series, what is not packed yet as rows.

The views say the same in SQL; this is many times quicker for one point. Everything is read in one transaction, so that an
hour that is being packed is seen once.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

import apsw
import msgspec

from t3actors.points import Status
from t3actors.rows import AggregateRow, SampleRow
from t3actors.store.history import aggregate_block, block, frontiers, parts
from t3actors.store.history.aggregate_block import AggregateBlock
from t3actors.store.history.aggregates import Aggregate, aggregated
from t3actors.store.history.block import DAY_MS, Block, BlockDamaged, Samples, Value
from t3actors.store.history.packing import HOUR_MS, gaps_in
from t3actors.store.history.parts import Kind, Part
from t3actors.store.history.spans import joined
from t3actors.store.values import STATUS_CODES

_STATUSES = {code: str(status) for status, code in STATUS_CODES.items()}
_OK = str(Status.OK)

_SERIES = (
    "SELECT s.series_id, s.units, g.data_source, s.created_by, s.states FROM DEVICES d"
    " CROSS JOIN series s ON s.series_id BETWEEN d.device_id << 20 AND (d.device_id << 20) + 1048575"
    " CROSS JOIN series_groups g ON g.group_id = s.series_id >> 16 WHERE d.name = ? AND +s.point_id = ?"
)
_ROWS = (
    "SELECT x.logging_time * 1000 + x.ms, x.value, x.status FROM sample_seconds t"
    " CROSS JOIN samples x ON x.logging_time = t.logging_time AND x.series_id = ?3"
    " WHERE t.logging_time BETWEEN ?1 AND ?2 ORDER BY t.logging_time DESC, x.ms DESC LIMIT ?4"
)
_LATE = (
    "SELECT logging_time * 1000 + ms, value, status FROM late_samples"
    " WHERE logging_time BETWEEN ?1 AND ?2 AND series_id = ?3 ORDER BY logging_time DESC, ms DESC LIMIT ?4"
)
_PARTS = "kind = ? AND state IN (1, 2) AND from_s <= ? AND until_s > ? ORDER BY day DESC, part DESC"
_HOURS = (
    "SELECT hour * 3600000, n, least, most, mean, last, time_mean, known_s * 1000, held, NULL FROM numbered n"
    " CROSS JOIN hours ON hour = ?1 + n.i AND series_id = ?2"
)

_ALL_THERE_IS = 1 << 40

Sample = tuple[int, int, Value, int]
"""Unix milliseconds, which of the point's series, value, code."""


class Series(msgspec.Struct, frozen=True):
    """A series of the point: its samples mean the same."""

    series_id: int
    units: str
    data_source: int
    created_by: str
    states: str | None


def series_of(connection: apsw.Connection, device: str, point_id: str) -> list[Series]:
    """Return the series of a point; none for one that has no history."""
    return [Series(*row) for row in connection.execute(_SERIES, (device, point_id))]


def samples(
    connection: apsw.Connection, device: str, point_id: str, since_ms: int, until_ms: int, limit: int
) -> list[SampleRow]:
    """Return the newest `limit` samples between two times (both included), oldest first. **Thread**: the connection's."""
    connection.execute("BEGIN")
    try:
        series = series_of(connection, device, point_id)
        found = _newest(connection, series, since_ms, until_ms, limit)
    finally:
        connection.execute("COMMIT")
    return [_sample_row(device, point_id, series[which], at_ms, value, code) for at_ms, which, value, code in found]


def _newest(
    connection: apsw.Connection, series: list[Series], since_ms: int, until_ms: int, limit: int
) -> list[Sample]:
    packed_until = frontiers.load(connection).packed_until
    found = _rows(connection, series, max(since_ms, packed_until * 1000), until_ms, limit, _ROWS)
    found += _rows(connection, series, since_ms, min(until_ms, packed_until * 1000 - 1), limit, _LATE)
    for part in parts.find(connection, _PARTS, (Kind.SAMPLES, until_ms // 1000, since_ms // 1000)):
        if len(found) >= limit and _least_of(found, limit) >= (part.day + 1) * DAY_MS:
            break
        for which, one in enumerate(series):
            found += _of_part(connection, part, one.series_id, which, since_ms, until_ms)
    found.sort(key=lambda sample: sample[0])
    return found[-limit:]


def _least_of(found: list[Sample], limit: int) -> int:
    """Return the time of the `limit`-th newest: what is older than that need not be read."""
    return sorted(at_ms for at_ms, *_ in found)[-limit]


def _rows(
    connection: apsw.Connection, series: list[Series], since_ms: int, until_ms: int, limit: int, sql: str
) -> list[Sample]:
    found: list[Sample] = []
    for which, one in enumerate(series):
        # the seconds are whole: some more than asked for, so the newest `limit` of those in time are among them
        for at_ms, value, code in connection.execute(
            sql, (since_ms // 1000, until_ms // 1000, one.series_id, limit + 1000)
        ):
            if since_ms <= at_ms <= until_ms:
                found.append((at_ms, which, value, code))
    return found


def _of_part(
    connection: apsw.Connection, part: Part, series_id: int, which: int, since_ms: int, until_ms: int
) -> Iterator[Sample]:
    day_ms = part.day * DAY_MS
    for _, packed in parts.blocks_of(connection, part, series_id, series_id):
        if not isinstance(packed, Block) or packed.t0 + day_ms > until_ms:
            continue
        try:
            times, values, codes = block.decode(packed)
        except BlockDamaged:
            continue  # the rest of history is worth more than the gap
        first, end = bisect_left(times, since_ms - day_ms), bisect_right(times, until_ms - day_ms)
        for at_ms, value, code in zip(times[first:end], values[first:end], codes[first:end], strict=True):
            yield at_ms + day_ms, which, value, code


def _sample_row(device: str, point_id: str, series: Series, at_ms: int, value: Value, code: int) -> SampleRow:
    text: str | None = None
    if isinstance(value, bytes):
        text = value.decode()
        value = float(text)
    elif isinstance(value, str):
        text, value = value, None
    return SampleRow(
        name=device,
        point_id=point_id,
        sampled_at=at_ms,
        value=value,
        text=text,
        units=series.units,
        status=_OK if code == 0 else _STATUSES.get(code & 7, "disabled"),
        data_source=series.data_source,
        created_by=series.created_by,
        clock_trusted=not code & 8,
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
    run = _newest(connection, lone, since_ms, until_ms, _ALL_THERE_IS)
    if not run:
        return []
    base_ms = run[0][0] // every_ms * every_ms
    times, values = [at_ms - base_ms for at_ms, *_ in run], [value for _, _, value, _ in run]
    gaps = gaps_in(connection, run[0][0], until_ms, base_ms)
    rows = aggregated(Samples(times, values, []), every_ms, until_ms - base_ms, held, gaps)
    return [row._replace(at_ms=row.at_ms + base_ms) for row in rows]


def _aggregates(
    connection: apsw.Connection, kind: Kind, series_id: int, since_ms: int, until_ms: int
) -> Iterator[Aggregate]:
    for part in parts.find(connection, _PARTS, (kind, until_ms // 1000, since_ms // 1000)):
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
