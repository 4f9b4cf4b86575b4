"""Sums up the samples of a point over spans, however long the time, a window of samples in memory at once.

What aggregates.py tells of a time it tells of its parts, one after the other: each begins with the value that the one before has
ended with. Where a window cuts a span in two, both halves are joined.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import apsw

from t3actors.store.history import holding
from t3actors.store.history.aggregates import Aggregate, aggregated
from t3actors.store.history.samples import DAY_MS, Series, newest
from t3actors.store.history.spans import joined
from t3actors.store.history.unpacking import Samples

ALL_THERE_IS = 1 << 40
FEW, MANY = 10_000, 40_000
"""Samples in a window: of fewer the next one is twice as long, of more it is half as long."""
MOST_DAYS = 16
WHOLE_DAYS = 4
"""A span of up to so many is not cut."""

_HEARD = "SELECT heartbeat_at FROM GATEWAY"
_OLDEST = (
    "SELECT MIN(at_s) FROM (SELECT MIN(day) * 86400 AS at_s FROM parts WHERE kind = 0 AND state = 1"
    " UNION ALL SELECT MIN(day) * 86400 FROM parts WHERE kind = 0 AND state = 2"
    " UNION ALL SELECT MIN(logging_time) FROM samples UNION ALL SELECT MIN(logging_time) FROM late_samples)"
)


class Windows:
    """The samples of one point from `since_ms` to `until_ms`; its value may have gone over from series to series."""

    def __init__(self, connection: apsw.Connection, alike: list[Series], since_ms: int, until_ms: int) -> None:
        self._connection = connection
        self._alike = alike
        self._since_ms = since_ms
        self._until_ms = until_ms

    def first_ms(self) -> int | None:
        """Return the time of the first sample."""
        oldest_ms = self._oldest_ms()
        if oldest_ms is None:
            return None
        windows = self._read(max(self._since_ms, oldest_ms), self._until_ms, 1)
        return next((runs[0].times[0] for _, _, _, runs in windows if runs[0].times), None)

    def summed_up(
        self, begins_ms: Sequence[int], helds: Sequence[float | None], every_ms: int
    ) -> list[list[Aggregate]]:
        """Sum each series up from a time on that it came into with a value, to the end, or until the gateway was last heard.

        A row may stand for several spans in which a value only held.
        """
        made: list[list[Aggregate]] = [[] for _ in self._alike]
        holds = list(helds)
        first_ms = min(begins_ms)
        if all(held is None for held in helds):  # nothing is told of the time before the first sample
            first_ms = max(first_ms, self._oldest_ms() or first_ms)
        for since_ms, end_ms, is_last, runs in self._read(first_ms // every_ms * every_ms, self._end_ms(), every_ms):
            gaps = holding.gaps_in(self._connection, since_ms, max(since_ms, end_ms))
            for place, run in enumerate(runs):
                from_ms = max(since_ms, begins_ms[place])
                if from_ms >= end_ms and not is_last:
                    continue
                rows = aggregated(run, every_ms, end_ms, holds[place], gaps, since_ms=from_ms)
                holds[place] = _held_at(end_ms, rows, every_ms)
                made[place] += rows
        return [_whole(rows, every_ms) for rows in made]

    def _read(self, since_ms: int, end_ms: int, every_ms: int) -> Iterator[tuple[int, int, bool, list[Samples]]]:
        """Give (from, until, whether it is the last, the samples of each series) of window after window; the last one has those at
        its end as well."""
        days = 1
        while since_ms <= end_ms:
            length_ms = days * DAY_MS
            if every_ms <= max(days, WHOLE_DAYS) * DAY_MS:
                length_ms = max(1, length_ms // every_ms) * every_ms
            next_ms = since_ms + length_ms
            is_last = next_ms > end_ms
            runs = self._runs(since_ms, self._until_ms if is_last else next_ms - 1)
            yield since_ms, min(next_ms, end_ms), is_last, runs
            since_ms = next_ms
            count = len(runs[0].times)
            if count < FEW:
                days = min(MOST_DAYS, 2 * days)
            elif count > MANY:
                days = max(1, days // 2)

    def _runs(self, since_ms: int, until_ms: int) -> list[Samples]:
        """Return the samples of each series, with no value where one of another series is."""
        runs = [Samples([], [], []) for _ in self._alike]
        for found in newest(self._connection, self._alike, since_ms, until_ms, ALL_THERE_IS):
            nothing = [None] * len(found.times)
            for place, run in enumerate(runs):
                run.times.extend(found.times)
                run.values.extend(found.values if place == found.which else nothing)
        return runs

    def _end_ms(self) -> int:
        heard_ms: int = self._connection.execute(_HEARD).get or 0
        last = newest(self._connection, self._alike, self._since_ms, self._until_ms, 1)
        return min(self._until_ms, max([heard_ms, *(run.times[-1] for run in last)]))

    def _oldest_ms(self) -> int | None:
        """Return a time that no sample of the file is older than."""
        oldest_s: int | None = self._connection.execute(_OLDEST).get
        return None if oldest_s is None else oldest_s * 1000


def _held_at(end_ms: int, rows: Sequence[Aggregate], every_ms: int) -> float | None:
    """Return what held at the end of a time that is told by these rows."""
    if not rows or not rows[-1].held or rows[-1].at_ms + rows[-1].spans * every_ms < end_ms:
        return None
    return rows[-1].last


def _whole(rows: list[Aggregate], every_ms: int) -> list[Aggregate]:
    """Join the rows of spans that were cut."""
    if all(before.at_ms < after.at_ms for before, after in pairwise(rows)):
        return rows
    made = joined(rows, every_ms)
    return [row if row.known_ms or not row.n else row._replace(time_mean=row.mean) for row in made]
