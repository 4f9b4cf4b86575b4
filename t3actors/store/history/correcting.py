"""Makes hours and minutes anew that samples came late for, wherever they lie: of the day at work in `hours`, else packed (patching.py).

A point's hours are made anew out of its samples: those in which something came late, and on from there until a sample that did not, or
an end of the gateway; that may be long, as a value holds for as long as nothing ends it. A few hours are a step. Each hour is told anew
once for all that is to be corrected now. Hours whose samples are gone stay as they were made: they tell more than what is left.
Where it goes on depends on samples alone: cut short, it does the same anew.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import apsw

from t3actors.store.history import holding
from t3actors.store.history.aggregates import Aggregate, Gap, aggregated, number_of
from t3actors.store.history.desk import Desk, Job, Pace
from t3actors.store.history.frontiers import DAY_S, HOUR_S
from t3actors.store.history.holding import HOUR_MS
from t3actors.store.history.parts import Kind
from t3actors.store.history.patching import Made, Patch, between, packed_rows
from t3actors.store.history.samples import Run, Series, newest
from t3actors.store.history.unpacking import FRACTIONS, Samples

MINUTE_MS = 60_000

_ALIKE = (
    "SELECT a.series_id, '', 0, '', a.states, a.point_index FROM series s JOIN series a"
    " ON a.series_id BETWEEN s.series_id >> 16 << 16 AND (s.series_id >> 16 << 16) + 65535"
    " AND a.point_index = s.point_index AND (s.series_id >> 16 & 3 <> 1 OR a.point_id = s.point_id) WHERE s.series_id = ?"
)
_KEPT = (
    "SELECT CASE WHEN json_valid(states) THEN json_array_length(states) > 2 END, raw_s, minutes_s, hours_s FROM series"
    " WHERE series_id = ?"
)
_CLEAR = "DELETE FROM hours WHERE hour = ? AND series_id = ?"
_FIRST_WHOLE = "SELECT MIN(day) FROM parts WHERE kind = 0 AND state = ? AND level = ?"
_ALL_THERE_IS = 1 << 40

Late = dict[int, Samples]
"""What came late, by series, in time order; Unix milliseconds."""


def correct(desk: Desk, late: Late) -> Job:
    """Correct what these samples change of what is packed. They lie in `late_samples` still."""
    patch = Patch(desk)
    kept_s = _kept_s(desk.connection)
    points: dict[tuple[Series, ...], set[int]] = {}
    for series_id, run in late.items():
        alike = tuple(Series(*row) for row in desk.connection.execute(_ALIKE, (series_id,)))
        points.setdefault(alike, set()).update(at_ms // HOUR_MS for at_ms in run.times)
    yield
    for alike, hours in points.items():
        yield from _Point(desk, patch, alike, late, kept_s).correct(sorted(hours))
    yield from patch.apply()


def _kept_s(connection: apsw.Connection) -> int:
    """Return from when on no sample has had to make room, as far as the parts tell; seconds."""
    for level in (2, 1):
        days = [connection.execute(_FIRST_WHOLE, (state, level)).get for state in (1, 2)]
        found = [day for day in days if day is not None]
        if found:
            return int(min(found)) * DAY_S
    return 0


class _One(NamedTuple):
    """A series of the point, and how it is kept."""

    series: Series
    states: bool
    raw_s: float
    minutes_s: float
    hours_s: float
    own_minutes_s: int | None
    own_hours_s: int | None


class _Point:
    """All series of one point: what held in one ends with the first sample of another."""

    def __init__(self, desk: Desk, patch: Patch, alike: Sequence[Series], late: Late, kept_s: int) -> None:
        self._desk = desk
        self._connection = desk.connection
        self._patch = patch
        self._late = late
        self._kept_s = kept_s
        self._alike = [self._one(series) for series in alike]
        self._end = desk.frontiers.packed_until // HOUR_S

    def _one(self, series: Series) -> _One:
        config = self._desk.config
        ((states, raw_s, minutes_s, hours_s),) = self._connection.execute(_KEPT, (series.series_id,))
        return _One(
            series,
            bool(states),
            config.raw_s if raw_s is None else raw_s,
            config.minutes_s if minutes_s is None else minutes_s,
            config.hours_s if hours_s is None else hours_s,
            minutes_s,
            hours_s,
        )

    def correct(self, hours: list[int]) -> Job:
        """Correct from each of these hours on."""
        pace = Pace(6, 1, 24)
        hours = [hour for hour in hours if hour < self._end]
        if not hours:
            return
        at = hours[0]
        held = self._held_into(at)
        while True:
            with pace.step() as most:
                stop = min(self._boundary(at), at + most)
                held, is_over = self._make_anew(at, stop, held)
            yield
            if self._patch.is_full:
                yield from self._patch.apply()
            if is_over:
                hours = [hour for hour in hours if hour >= stop]
                if not hours:
                    return
                if hours[0] > stop:
                    stop = hours[0]
                    held = self._held_into(stop)
            if stop >= self._end:
                return
            at = stop

    def _boundary(self, at: int) -> int:
        """Return up to where one step may go: a day is packed by itself, and `hours` is another table."""
        first = self._desk.frontiers.hours_from
        return min(self._end, (at // 24 + 1) * 24, first if at < first else self._end)

    def _held_into(self, hour: int) -> list[float | None]:
        """Return what each series came into an hour with, as it is told now."""
        first = self._desk.frontiers.hours_from
        if hour >= first:
            return [holding.before(self._connection, first, hour, one.series.series_id) for one in self._alike]
        held: list[float | None] = []
        for one in self._alike:
            rows = packed_rows(
                self._connection, Kind.HOURS, one.series.series_id, (hour - 1) * HOUR_S, (hour + 1) * HOUR_S
            )
            cut = [between(row, (hour - 1) * HOUR_S, hour * HOUR_S, HOUR_S) for row in rows]
            held.append(next((row.last for row in cut if row is not None and row.held), None))
        return held

    def _make_anew(self, at: int, stop: int, held: Sequence[float | None]) -> tuple[list[float | None], bool]:
        """Make the hours from `at` to `stop` anew.

        **Returns**: what each series goes on with, and whether that is none of what came late.
        """
        connection = self._connection
        series = [one.series for one in self._alike]
        since_ms, until_ms = at * HOUR_MS, stop * HOUR_MS - 1
        came = list(self._came(since_ms, until_ms))
        found = newest(connection, series, since_ms, until_ms, _ALL_THERE_IS, came)
        gaps = holding.gaps_in(connection, since_ms, stop * HOUR_MS)
        after: list[float | None] = []
        last_of_gone = -1
        for which, one in enumerate(self._alike):
            run = Samples([], [], [])
            for part in found:
                run.times.extend(part.times)
                run.values.extend(part.values if part.which == which else [None] * len(part.times))
            goes_on, gone = self._series_anew(one, run, at, stop, held[which], gaps)
            after.append(goes_on)
            last_of_gone = max([last_of_gone, *((hour + 1) * HOUR_MS - 1 for hour in gone)])
        late = Counter((at_ms, run.which) for run in came for at_ms in run.times)
        newest_late = max((run.times[-1] for run in came), default=since_ms - 1)
        others = Counter((at_ms, run.which) for run in found for at_ms in run.times) - late
        ended = [*(at_ms for at_ms, _ in others), *(gone for gone, back in gaps if back > newest_late), last_of_gone]
        return after, max(ended) > newest_late

    def _came(self, since_ms: int, until_ms: int) -> Iterator[Run]:
        for which, one in enumerate(self._alike):
            late = self._late.get(one.series.series_id)
            if late is not None:
                part = slice(bisect_left(late.times, since_ms), bisect_right(late.times, until_ms))
                if late.times[part]:
                    yield Run(which, late.times[part], late.values[part], late.codes[part])

    def _series_anew(
        self, one: _One, run: Samples, at: int, stop: int, held: float | None, gaps: Sequence[Gap]
    ) -> tuple[float | None, set[int]]:
        before = self._told(one.series.series_id, at, stop)
        gone = self._gone(one, run, {row.at_ms // HOUR_MS: row for row in before if row.n})
        for first, end, stays in _stretches(at, stop, gone):
            if stays:
                here = [row for row in before if row.at_ms < end * HOUR_MS]
                held = here[-1].last if here and here[-1].held else None
                continue
            rows = self._aggregated(one, run, HOUR_MS, first, end, held, gaps)
            minutes = self._aggregated(one, run, MINUTE_MS, first, end, held, gaps) if self._keeps(one, end) else None
            self._write(one, first, end, held, rows, minutes)
            held = rows[-1].last if rows and rows[-1].held and _end_of(rows[-1]) == end else None
        return held, gone

    @staticmethod
    def _aggregated(
        one: _One, run: Samples, span_ms: int, first: int, end: int, held: float | None, gaps: Sequence[Gap]
    ) -> list[Aggregate]:
        inside = [place for place, at_ms in enumerate(run.times) if first * HOUR_MS <= at_ms < end * HOUR_MS]
        part = slice(inside[0], inside[-1] + 1) if inside else slice(0, 0)
        piece = Samples(run.times[part], run.values[part], [])
        return aggregated(piece, span_ms, end * HOUR_MS, held, gaps, since_ms=first * HOUR_MS, states=one.states)

    def _told(self, series_id: int, at: int, stop: int) -> list[Aggregate]:
        """Return the rows of these hours as they are now."""
        first = self._desk.frontiers.hours_from
        if at >= first:
            return holding.hours_of(self._connection, series_id, at, stop)
        rows = packed_rows(self._connection, Kind.HOURS, series_id, at * HOUR_S, stop * HOUR_S)
        cut = [between(row, at * HOUR_S, stop * HOUR_S, HOUR_S) for row in rows]
        return [row for row in cut if row is not None]

    def _gone(self, one: _One, run: Samples, told: dict[int, Aggregate]) -> set[int]:
        """Return the hours whose samples are gone: they were made of more than what is left of them, but for what came late.

        An hour that an attempt before this one has made anew, with what came late, tells just of what is there.
        """
        there = _numbers(run)
        late = self._late.get(one.series.series_id)
        came = {} if late is None else _numbers(late)
        served_s = self._desk.now_s() - one.raw_s if one.raw_s else 0
        gone = set()
        for hour, row in told.items():
            count = len(came.get(hour, ()))
            left = len(there.get(hour, ())) - count
            may_be = hour * HOUR_S < max(self._kept_s, served_s)
            if left < row.n - count or (may_be and left < row.n and not _is_of(row, there.get(hour, []))):
                gone.add(hour)
        return gone

    def _keeps(self, one: _One, end: int) -> bool:
        return one.minutes_s > 0 and end * HOUR_S > self._desk.now_s() - one.minutes_s

    def _write(
        self,
        one: _One,
        at: int,
        stop: int,
        held: float | None,
        rows: Sequence[Aggregate],
        minutes: Sequence[Aggregate] | None,
    ) -> None:
        series_id, first = one.series.series_id, self._desk.frontiers.hours_from
        if minutes is not None:
            known = [row for row in minutes if row.n or row.known_ms >= 1000]
            made = Made(at * HOUR_S, stop * HOUR_S, known)
            self._patch.add(Kind.MINUTES, series_id, one.own_minutes_s, made)
        if at >= first:
            with self._desk.transaction():
                _write_hours(self._connection, series_id, at, stop, held, rows)
            return
        if not one.hours_s or stop * HOUR_S > self._desk.now_s() - one.hours_s:
            known = [row for row in rows if row.n or row.known_ms >= 1000]
            self._patch.add(Kind.HOURS, series_id, one.own_hours_s, Made(at * HOUR_S, stop * HOUR_S, known))
        if stop == first:  # what the hours of the day at work come in with
            last = rows[-1] if rows and rows[-1].held and _end_of(rows[-1]) == stop else None
            with self._desk.transaction():
                self._connection.execute(_CLEAR, (first - 1, series_id))
                if last is not None:
                    holding.put(self._connection, [holding.row_of(series_id, first - 1, last)])


def _end_of(row: Aggregate) -> int:
    return row.at_ms // HOUR_MS + row.spans


def _numbers(run: Samples) -> dict[int, list[float]]:
    """Return the numbers of each hour, in order."""
    made: dict[int, list[float]] = {}
    for at_ms, value in zip(run.times, run.values, strict=True):
        number = number_of(value)
        if number is not None:
            made.setdefault(at_ms // HOUR_MS, []).append(number)
    return made


def _is_of(row: Aggregate, numbers: Sequence[float]) -> bool:
    """Say whether an hour tells of these samples and no others, as far as it tells."""
    if len(numbers) != row.n or numbers[-1] != row.last:
        return False
    exact = (row.most - row.least) / FRACTIONS
    return math.isclose(sum(numbers) / row.n, row.mean, rel_tol=1e-9, abs_tol=exact)


def _stretches(at: int, stop: int, stays: set[int]) -> Iterator[tuple[int, int, bool]]:
    """Give (first, end, whether they stay): hours one after the other of which the same is true."""
    first = at
    for hour in range(at, stop):
        if hour + 1 == stop or (hour + 1 in stays) is not (hour in stays):
            yield first, hour + 1, hour in stays
            first = hour + 1


def _write_hours(
    connection: apsw.Connection, series_id: int, hour: int, end: int, held: float | None, rows: Sequence[Aggregate]
) -> None:
    connection.executemany(_CLEAR, [(each, series_id) for each in range(hour, end)])
    written: list[holding.Row] = []
    for row in rows:
        at = row.at_ms // HOUR_MS
        if held is not None and at > hour:
            written.append(holding.row_of(series_id, hour, holding.nothing_known(hour * HOUR_MS, held)))
        if row.n or row.known_ms < HOUR_MS or not row.held:  # a quiet hour has no row
            written.append(holding.row_of(series_id, at, row))
        hour, held = at + row.spans, row.last if row.held else None
    if held is not None and hour < end:
        written.append(holding.row_of(series_id, hour, holding.nothing_known(hour * HOUR_MS, held)))
    holding.put(connection, written)
