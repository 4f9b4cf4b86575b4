"""Reads what one point was by the minute, by the hour, or over spans of any length: out of aggregates, or samples where these tell it.

What is not packed yet is told by samples; a value holds in them as in the hours that are packed (aggregates.py), the last one until
the gateway was last heard. Everything is read in one transaction, and of samples never more at once than a window has (windows.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import add, lt

import apsw

from t3actors.store.history import frontiers, holding
from t3actors.store.history.aggregates import Aggregate, number_of
from t3actors.store.history.frontiers import DAY_S, HOUR_S
from t3actors.store.history.holding import HOUR_MS
from t3actors.store.history.samples import DAY_MS, Run, Series, newest, series_of
from t3actors.store.history.span_columns import (
    Spans,
    apart,
    between,
    in_columns,
    in_rows,
    in_time,
    one_after_another,
    part_of,
    told_by,
)
from t3actors.store.history.spans import joined
from t3actors.store.history.unpacking import (
    AGGREGATE_FIELDS,
    AggregateColumns,
    BlockDamaged,
    aggregates_of,
)
from t3actors.store.history.windows import Windows

MINUTE_MS = 60_000
LONGEST_PART_DAYS = 31

MINUTES, HOURS = 1, 2
"""Kinds of parts, as Kind has them, which takes longer to import than all of this."""

_OF_STATE = (
    "SELECT day, part, first_block FROM parts WHERE kind = ?1 AND state = {} AND day BETWEEN ?2 AND ?3"
    " AND from_s <= ?4 AND until_s > ?5"
)
_PARTS = f"{_OF_STATE.format(1)} UNION ALL {_OF_STATE.format(2)} ORDER BY day DESC, part DESC"
_BLOCKS = (
    f"SELECT {', '.join('b.' + field for field in AGGREGATE_FIELDS)} FROM runs r"  # noqa: S608
    " CROSS JOIN aggregate_blocks b ON b.id BETWEEN ?1 + r.first AND ?1 + r.first + r.blocks - 1"
    " WHERE r.part = ?2 AND r.series_id = ?3 ORDER BY b.id"
)


def aggregates(
    connection: apsw.Connection, kind: int, device: str, point_id: str, since_ms: int, until_ms: int
) -> list[tuple[Series, Spans]]:
    """Return the aggregates by the hour or minute that begin between two times (both included), oldest first."""
    connection.execute("BEGIN")
    try:
        series = series_of(connection, device, point_id)
        found = [
            (place, _aggregates(connection, kind, one.series_id, since_ms, until_ms))
            for place, one in enumerate(series)
        ]
    finally:
        connection.execute("COMMIT")
    return [(series[place], told) for place, told in in_time(found)]


def spans(
    connection: apsw.Connection, device: str, point_id: str, since_ms: int, until_ms: int, every_ms: int
) -> list[tuple[Series, Spans]]:
    """Return aggregates over spans of that length, from the one that `since_ms` lies in, oldest first; spans nothing is known of have none.

    They come from the coarsest that tells them exactly: hours where spans are whole hours, else the samples; where these are
    gone, minutes and hours as they are.
    """
    connection.execute("BEGIN")
    try:
        return spans_in(connection, device, point_id, since_ms, until_ms, every_ms)
    finally:
        connection.execute("COMMIT")


def spans_in(
    connection: apsw.Connection, device: str, point_id: str, since_ms: int, until_ms: int, every_ms: int
) -> list[tuple[Series, Spans]]:
    """Return them, inside a transaction of the caller's."""
    points: dict[tuple[int, int], list[Series]] = {}
    for one in series_of(connection, device, point_id):
        points.setdefault((one.series_id >> 16, one.point_index), []).append(one)
    found = [
        (one.series_id, one, told)
        for alike in points.values()
        for one, told in _Spans(connection, alike, since_ms // every_ms * every_ms, until_ms, every_ms).told()
    ]
    series = {series_id: one for series_id, one, _ in found}
    return [(series[series_id], told) for series_id, told in in_time([(each[0], each[2]) for each in found])]


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

    def told(self) -> Iterator[tuple[Series, Spans]]:
        packed_ms = self._frontiers.packed_until * 1000
        if self._every_ms % HOUR_MS == 0 and packed_ms > self._since_ms:
            yield from self._by_hours(packed_ms)
            return
        before = newest(self._connection, self._alike, 0, self._since_ms - 1, 1)
        if before:
            yield from self._by_samples(before[0])
        else:
            yield from self._where_samples_are_gone()

    def _by_hours(self, packed_ms: int) -> Iterator[tuple[Series, Spans]]:
        since_ms, until_ms = self._since_ms, self._until_ms
        came_in = [self._came_in(one, packed_ms) for one in self._alike]
        rests = self._rests([packed_ms] * len(self._alike), came_in, HOUR_MS, packed_ms)
        for one, rest in zip(self._alike, rests, strict=True):
            # what is packed of later hours is of a clock that was ahead (taking_back.py): samples tell them
            hours = _aggregates(self._connection, HOURS, one.series_id, since_ms, min(until_ms, packed_ms - 1))
            yield one, self._joined(hours, rest)

    def _by_samples(self, last: Run) -> Iterator[tuple[Series, Spans]]:
        """`last`: the sample before, and of which series it is: what held when the time began, unless a gateway ended since."""
        held = number_of(last.values[-1])
        if held is not None and holding.gaps_in(self._connection, last.times[-1], self._since_ms):
            held = None
        helds = [held if place == last.which else None for place in range(len(self._alike))]
        rests = self._rests([self._since_ms] * len(helds), helds, self._every_ms, self._since_ms)
        yield from zip(self._alike, rests, strict=True)

    def _where_samples_are_gone(self) -> Iterator[tuple[Series, Spans]]:
        """What is older than the first sample is told by hours, and by minutes as far as there are any."""
        first_ms = Windows(self._connection, self._alike, self._since_ms, self._until_ms).first_ms()
        begins_ms = self._until_ms + 1 if first_ms is None else first_ms // HOUR_MS * HOUR_MS
        coarse, ends, helds = [], [], []
        for one in self._alike:
            hours = _aggregates(self._connection, HOURS, one.series_id, self._since_ms, begins_ms - HOUR_MS)
            end_ms = hours.at_ms[-1] + HOUR_MS if hours.at_ms else self._since_ms
            minutes = _aggregates(self._connection, MINUTES, one.series_id, self._since_ms, end_ms - MINUTE_MS)
            from_ms = minutes.at_ms[0] if minutes.at_ms else end_ms
            before = [place for place, at_ms in enumerate(hours.at_ms) if at_ms + HOUR_MS <= from_ms]
            coarse.append([*in_rows(part_of(hours, before)), *in_rows(minutes)])
            ends.append(end_ms)
            helds.append(hours.last[-1] if hours.at_ms and hours.held[-1] else None)
        rests = self._rests(ends, helds, self._every_ms, self._since_ms)
        for one, rows, rest in zip(self._alike, coarse, rests, strict=True):
            yield one, _in_spans([*rows, *in_rows(rest)], self._every_ms) if rows else rest

    def _rests(self, begins_ms: list[int], helds: list[float | None], every_ms: int, since_ms: int) -> list[Spans]:
        """Sum up what samples tell, of each series from a time on that it came into with a value."""
        windows = Windows(self._connection, self._alike, since_ms, self._until_ms)
        return [apart(in_columns(rows), every_ms) for rows in windows.summed_up(begins_ms, helds, every_ms)]

    def _came_in(self, one: Series, at_ms: int) -> float | None:
        return holding.before(self._connection, self._frontiers.hours_from, at_ms // HOUR_MS, one.series_id)

    def _joined(self, hours: Spans, rest: Spans) -> Spans:
        """Put both together, into spans as long as is wanted."""
        both = Spans(*map(add, hours, rest))
        if self._every_ms == HOUR_MS and all(map(lt, both.at_ms, both.at_ms[1:])):
            return both
        return _in_spans(in_rows(both), self._every_ms)


def _in_spans(rows: list[Aggregate], every_ms: int) -> Spans:
    """Join rows into spans of that length; where a row is longer than a span it stays as it is."""
    return told_by(joined(rows, every_ms))


def _aggregates(connection: apsw.Connection, kind: int, series_id: int, since_ms: int, until_ms: int) -> Spans:
    pieces: list[AggregateColumns] = []
    since_s, until_s = since_ms // 1000, until_ms // 1000
    days = since_s // DAY_S - LONGEST_PART_DAYS, until_s // DAY_S
    for day, part, first_block in connection.execute(_PARTS, (kind, *days, until_s, since_s)):
        for fields in connection.execute(_BLOCKS, (first_block, part, series_id)):
            try:
                pieces.append(aggregates_of(fields, day * DAY_MS))
            except BlockDamaged:
                continue  # the rest of history is worth more than the gap
    if kind == HOURS:
        until = frontiers.load(connection)
        pieces.append(
            in_columns(holding.hours_of(connection, series_id, until.hours_from, until.packed_until // HOUR_S))
        )
    found = apart(one_after_another(pieces), HOUR_MS if kind == HOURS else MINUTE_MS)
    return between(found, since_ms, until_ms)
