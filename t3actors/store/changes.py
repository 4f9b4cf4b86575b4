"""Writes a run of changes of points: their rows brought up to date, their samples inserted, each with one executemany.

Within a series a clashing time moves by 1 ms. A series' newest time is remembered, and after a restart the newest of all
stands for it; only a sample that is not newer (the clock stepped back, two changes in one millisecond) costs a look-up.
Called by transaction.py, inside its transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from t3actors.messages import PointChange
from t3actors.points import Kind, Reading, Status
from t3actors.store import newest
from t3actors.store.known import ROWS, KnownPoint, KnownSeries
from t3actors.store.tally import SampleRow, Tally
from t3actors.store.values import STATUS_CODES, Newest, NewestRow, believable, columns, sample

SERIES_PER_GROUP = 0xFFFF

_STANDING = {
    kind: f"UPDATE {table} SET status_at = CASE status WHEN ?1 THEN status_at ELSE ?2 END, status = ?1, updated_at = ?2,"  # noqa: S608
    " status_reason = ?5, auto_manual = ?6, flags = ?7"
    + (", hw_switch_status = ?8" if kind is Kind.OUTPUT else "")
    + " WHERE serial_number = ?3 AND point_index = ?4"
    for kind, table in ROWS.items()
}
_SECOND = "INSERT OR IGNORE INTO sample_seconds (logging_time) VALUES (?)"
_SAMPLE = "INSERT INTO samples (logging_time, series_id, ms, value, status) VALUES (?, ?, ?, ?, ?)"
_LATE = "INSERT INTO late_samples (logging_time, series_id, ms, value, status) VALUES (?, ?, ?, ?, ?)"
_TAKEN = (
    "SELECT 1 FROM samples WHERE logging_time = ?1 AND series_id = ?2 AND ms = ?3"
    " UNION ALL SELECT 1 FROM late_samples WHERE logging_time = ?1 AND series_id = ?2 AND ms = ?3"
)
_GROUP = "INSERT OR IGNORE INTO series_groups (group_id, device_id, data_source, point_type) VALUES (?, ?, ?, ?)"
_NEXT_SERIES = "SELECT COALESCE(MAX(series_id), ?1) + 1 FROM series WHERE series_id BETWEEN ?1 AND ?2"
_SERIES = (
    "INSERT INTO series (series_id, point_index, point_id, units, range, states, source, sync_interval, created_by, started_at,"
    " raw_s, minutes_s, hours_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class TooManySeries(OverflowError):
    """A group's range of series numbers is used up: a point's description keeps changing."""


class Changes:
    """A run of PointChanges, gathered for executemany."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._standings: dict[Kind, list[tuple[object, ...]]] = {kind: [] for kind in Kind}
        self._newest: dict[int, NewestRow] = {}
        self._count = 0
        self._samples: list[SampleRow] = []
        self._taken: set[tuple[int, int]] = set()

    def add(self, change: PointChange) -> None:
        """Take one change of the run."""
        tally = self._tally
        device = tally.known.devices.get(change.device)
        point = None if device is None else device.points.get(change.point_id)
        if point is None:
            tally.drop(change.device, change.point_id)  # never announced to this file: the announcement is on its way
            return
        reading = believable(change.reading)
        self._count += 1
        self._add_newest(point, reading, change)
        self._add_standing(point, reading, change.at_ms)
        if change.sample:
            good = reading.status is Status.OK
            self._add_sample(point, change.at_ms, sample(reading.value) if good else None, STATUS_CODES[reading.status])

    def _add_newest(self, point: KnownPoint, reading: Reading, change: PointChange) -> None:
        """Where it has no value, the last one stays; where that stays the same, so does when it changed."""
        was, good = point.newest, reading.status is Status.OK
        value, text = columns(reading.value)
        kept = reading.value is None
        changed_at = was.changed_at
        if change.changed and good and not (changed_at and was.value == value and was.text == text):
            changed_at = change.at_ms
        sampled_at = change.sampled_at_ms if good or (not kept and change.sampled_at_ms > 0) else was.sampled_at
        now = Newest(*((was.value, was.text) if kept else (value, text)), sampled_at, changed_at)
        self._tally.journal.set(point, "newest", now)
        self._newest[point.number] = now.row(point.number, change.at_ms)

    def _add_standing(self, point: KnownPoint, reading: Reading, at_ms: int) -> None:
        """How well it is, and whether it is in someone's hand, hardly ever changes: only then is it written."""
        _, auto_manual, _, hw_switch = point.standing
        standing = (
            reading.reason,
            auto_manual if reading.auto_manual is None else reading.auto_manual,
            reading.flags,
            hw_switch if reading.hw_switch is None or point.kind is not Kind.OUTPUT else reading.hw_switch,
        )
        if reading.status is point.status and standing == point.standing:
            return
        row = (reading.status, at_ms, point.device.serial, point.point_index, *standing)
        self._standings[point.kind].append(row if point.kind is Kind.OUTPUT else row[:-1])
        self._tally.journal.set(point, "status", reading.status)
        self._tally.journal.set(point, "standing", standing)

    def end(self, gone: Sequence[KnownPoint], at_ms: int) -> None:
        """Say in a sample that these points are gone: what they were holds no longer."""
        for point in gone:
            if point.series is not None:
                self._add_sample(point, at_ms, None, STATUS_CODES[Status.DISABLED])

    def _add_sample(self, point: KnownPoint, at_ms: int, value: float | str | bytes | None, code: int) -> None:
        tally = self._tally
        if not tally.history or point.key is None:
            tally.count("lost_samples", 1)
            tally.drop(point.device.name, point.point_id)
            return
        change_ms = at_ms
        at_ms -= at_ms % tally.stamp_ms
        series = point.series or self._new_series(point, at_ms)
        if at_ms > series.last_ms:
            tally.journal.set(series, "last_ms", at_ms)
        else:
            at_ms = self._free(series, at_ms)
            if at_ms > series.last_ms:
                tally.journal.set(series, "last_ms", at_ms)
        if tally.mark_of is not None:
            code |= tally.mark_of(change_ms)
        self._taken.add((series.series_id, at_ms))
        seconds, ms = divmod(at_ms, 1000)
        self._samples.append((seconds, series.series_id, ms, value, code))

    def _free(self, series: KnownSeries, at_ms: int) -> int:
        """Return the first free millisecond of the series from that one on."""
        execute = self._tally.connection.execute
        while (series.series_id, at_ms) in self._taken or execute(
            _TAKEN, (at_ms // 1000, series.series_id, at_ms % 1000)
        ).get:
            at_ms += 1
        return at_ms

    def _new_series(self, point: KnownPoint, at_ms: int) -> KnownSeries:
        tally = self._tally
        assert point.key is not None  # noqa: S101 - the caller looked
        group_id, index, (units, range_, states, source), interval, created_by = point.key
        execute = tally.connection.execute
        execute(_GROUP, (group_id, group_id >> 4, (group_id & 3) + 1, point.kind.name))
        first = group_id << 16
        series_id = execute(_NEXT_SERIES, (first, first + SERIES_PER_GROUP)).get
        if series_id > first + SERIES_PER_GROUP:
            raise TooManySeries(f"device {point.device.name} has used up its {SERIES_PER_GROUP} series of this kind")
        named = (series_id, index, point.point_id, units, range_, states, source, interval, created_by, at_ms)
        execute(_SERIES, (*named, *point.keeping))
        series = KnownSeries(series_id, -1, point.keeping)
        tally.journal.put(tally.known.series, point.key, series)
        tally.journal.set(point, "series", series)
        return series

    def flush(self) -> None:
        """Write what was gathered."""
        tally = self._tally
        connection = tally.connection
        for kind, rows in self._standings.items():
            if rows:
                connection.executemany(_STANDING[kind], rows)
                rows.clear()
        if self._newest:
            newest.write(tally, self._newest)
            tally.count("rows", self._count)
            self._newest, self._count = {}, 0
        if self._samples:
            self._samples.sort(key=_by_time_and_series)
            self._write_samples()
            tally.count("samples", len(self._samples))
            tally.journal.set(tally, "inserted", (*tally.inserted, self._samples))
            self._samples = []
            self._taken.clear()

    def _write_samples(self) -> None:
        """What is older than the hours that are packed waits to be packed too, and is a row only where others are."""
        connection, samples, frontiers = self._tally.connection, self._samples, self._tally.frontiers
        if samples[0][0] < frontiers.sealed_until:
            connection.executemany(_LATE, [row for row in samples if row[0] < frontiers.sealed_until])
            samples = [row for row in samples if row[0] >= frontiers.recent_from]
        connection.executemany(_SECOND, [(second,) for second in sorted({row[0] for row in samples})])
        connection.executemany(_SAMPLE, samples)


def _by_time_and_series(row: tuple[int, int, int, object, int]) -> tuple[int, int, int]:
    return row[:3]
