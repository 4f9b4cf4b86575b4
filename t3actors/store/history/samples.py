"""Reads one point's samples where they lie: the packed parts by their series, what is not packed yet as rows. As columns.

Imports nothing heavy: the command line reads a day by this within the time that others need to be imported (cli/quickly.py).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise

import apsw

from t3actors.named import NamedTuple
from t3actors.store.history.unpacking import BlockDamaged, Value, samples_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

DAY_MS = 86_400_000
_SERIES = (
    "SELECT s.series_id, s.units, g.data_source, s.created_by, s.states, s.point_index FROM DEVICES d"
    " CROSS JOIN series s ON s.series_id BETWEEN d.device_id << 20 AND (d.device_id << 20) + 1048575"
    " CROSS JOIN series_groups g ON g.group_id = s.series_id >> 16 WHERE d.name = ? AND +s.point_id = ?"
)
_ROWS = (
    "SELECT x.logging_time * 1000 + x.ms, {0}, x.status FROM sample_seconds t"
    " CROSS JOIN samples x ON x.logging_time = t.logging_time AND x.series_id = ?3"
    " WHERE t.logging_time BETWEEN ?1 AND ?2 ORDER BY t.logging_time DESC, x.ms DESC LIMIT ?4"
)
_LATE = (
    "SELECT logging_time * 1000 + ms, {0}, status FROM late_samples"
    " WHERE logging_time BETWEEN ?1 AND ?2 AND series_id = ?3 ORDER BY logging_time DESC, ms DESC LIMIT ?4"
)
_OF_STATE = (
    "SELECT part, day, first_block FROM parts WHERE kind = 0 AND state = {} AND day BETWEEN ?1 / 86400 - 1 AND ?2 / 86400"
    " AND from_s <= ?2 AND until_s > ?1"
)
_PARTS = f"{_OF_STATE.format(1)} UNION ALL {_OF_STATE.format(2)} ORDER BY day DESC, part DESC"  # two that SQLite merges: no sort
_BLOCKS = (
    "SELECT b.n, b.t0, b.tq, b.tw, b.v0, b.vd, b.vw, b.d, b.q, b.x FROM runs r"
    " CROSS JOIN blocks b ON b.id BETWEEN ?1 + r.first AND ?1 + r.first + r.blocks - 1"
    " WHERE r.part = ?2 AND r.series_id = ?3 AND b.t0 <= ?4 ORDER BY b.id DESC"
)
_AS_OCTETS = "CASE typeof(value) WHEN 'text' THEN CAST(value AS BLOB) ELSE value END"
_PACKED_UNTIL = "SELECT packed_until FROM history"

STATUSES = ("ok", "unknown", "stale", "fault", "down", "disabled", "disabled", "disabled")
"""What the last three bits of a code stand for (values.py; only this version's own codes are ever written)."""


class Series(NamedTuple):
    """A series of the point: its samples mean the same."""

    series_id: int
    units: str
    data_source: int
    created_by: str
    states: str | None
    point_index: int


class Run(NamedTuple):
    """Samples of one series (its place in the list of series) in time order: Unix milliseconds, values, codes."""

    which: int
    times: list[int]
    values: list[Value]
    codes: list[int]


def series_of(connection: apsw.Connection, device: str, point_id: str) -> list[Series]:
    """Return the series of a point; none for one that has no history."""
    return [Series(*row) for row in connection.execute(_SERIES, (device, point_id))]


def newest(
    connection: apsw.Connection,
    series: list[Series],
    since_ms: int,
    until_ms: int,
    limit: int,
    late: Iterable[Run] | None = None,
) -> list[Run]:
    """Return the newest `limit` samples between two times (both included) as runs, oldest first; inside a transaction of the
    caller's, so that an hour that is being packed is seen once. `late`: what came late, where that is known, of these times."""
    packed_until = connection.execute(_PACKED_UNTIL).get
    found = list(_rows(connection, series, max(since_ms, packed_until * 1000), until_ms, limit, _ROWS))
    if late is None:
        late = _rows(connection, series, since_ms, min(until_ms, packed_until * 1000 - 1), limit, _LATE)
    found += late
    for part, day, first_block in connection.execute(_PARTS, (since_ms // 1000, until_ms // 1000)):
        if _count(found) >= limit and _least_of(found, limit) >= (day + 1) * DAY_MS:
            break
        for which, one in enumerate(series):
            bindings = (first_block, part, one.series_id, until_ms - day * DAY_MS)
            run = _of_part(connection.execute(_BLOCKS, bindings), day * DAY_MS, since_ms, until_ms, limit)
            if run is not None:
                found.append(Run(which, *run))
    return _joined(_last(_ordered(found), limit))


def in_columns(values: list[Value]) -> tuple[list[float | int | None], list[str | None] | None]:
    """Return numbers and texts of samples; None where there is no text at all. Digits beyond 64 bits are both."""
    if not set(map(type, values)) & {str, bytes}:
        return values, None  # type: ignore[return-value]
    text = [
        value.decode(errors="replace") if isinstance(value, bytes) else value if isinstance(value, str) else None
        for value in values
    ]
    numbers = [
        _number_in(value) if isinstance(value, bytes) else None if isinstance(value, str) else value for value in values
    ]
    return numbers, text


def _number_in(octets: bytes) -> float | None:
    """Return the number that digits say; None for what another program wrote that is none."""
    return float(octets) if octets.removeprefix(b"-").isdigit() else None


def _rows(
    connection: apsw.Connection, series: list[Series], since_ms: int, until_ms: int, limit: int, sql: str
) -> Iterator[Run]:
    for which, one in enumerate(series):
        # the seconds are whole: some more than asked for, so the newest `limit` of those in time are among them
        bindings = (since_ms // 1000, until_ms // 1000, one.series_id, limit + 1000)
        try:
            found = list(connection.execute(sql.format("value"), bindings))
        except (
            UnicodeDecodeError
        ):  # another program wrote a text that is none: spoilt.py mends it once its hour is packed
            found = list(connection.execute(sql.format(_AS_OCTETS), bindings))
        rows = [row for row in found if since_ms <= row[0] <= until_ms]
        if rows:
            times, values, codes = zip(*reversed(rows), strict=True)
            yield Run(which, list(times), list(values), list(codes))


def _of_part(
    blocks: Iterator[Sequence[Any]], day_ms: int, since_ms: int, until_ms: int, limit: int
) -> tuple[list[int], list[Value], list[int]] | None:
    """Return what a part has of a series, its blocks being given the newest first: each ends where the one before it begins. Of many
    the newest `limit` at least."""
    taken: list[tuple[list[int], list[Value], list[int]]] = []
    count = 0
    for fields in blocks:
        try:
            times, values, codes = samples_of(fields, day_ms)
            if sorted(times) != times:
                continue
        except BlockDamaged:
            continue  # the rest of history is worth more than the gap
        is_last = times[0] < since_ms
        if is_last or times[-1] > until_ms:
            wanted = slice(bisect_left(times, since_ms), bisect_right(times, until_ms))
            times, values, codes = times[wanted], values[wanted], codes[wanted]
        if times:
            taken.append((times, values, codes))
            count += len(times)
        if is_last or count >= limit:
            break
    if not taken:
        return None
    oldest, *newer = reversed(taken)
    for column, *more in zip(oldest, *newer, strict=True):
        for piece in more:
            column.extend(piece)
    return oldest


def _count(runs: list[Run]) -> int:
    return sum(len(run.times) for run in runs)


def _least_of(runs: list[Run], limit: int) -> int:
    """Return the time of the `limit`-th newest: what is older than that need not be read."""
    return sorted(at_ms for run in runs for at_ms in run.times)[-limit]


def _ordered(runs: list[Run]) -> list[Run]:
    """Put runs in order; where they reach into each other, sample by sample."""
    runs = sorted(runs, key=_begin)
    if all(before.times[-1] <= after.times[0] for before, after in pairwise(runs)):
        return runs
    samples = [
        (at_ms, run.which, value, code)
        for run in runs
        for at_ms, value, code in zip(run.times, run.values, run.codes, strict=True)
    ]
    samples.sort(key=_time)
    made: list[Run] = []
    for at_ms, which, value, code in samples:
        if not made or made[-1].which != which:
            made.append(Run(which, [], [], []))
        made[-1].times.append(at_ms)
        made[-1].values.append(value)
        made[-1].codes.append(code)
    return made


def _begin(run: Run) -> int:
    return run.times[0]


def _time(sample: tuple[int, int, Value, int]) -> int:
    return sample[0]


def _last(runs: list[Run], limit: int) -> list[Run]:
    """Keep the newest `limit` samples."""
    kept: list[Run] = []
    for run in reversed(runs):
        if limit <= 0:
            break
        kept.append(Run(run.which, run.times[-limit:], run.values[-limit:], run.codes[-limit:]))
        limit -= len(run.times)
    return kept[::-1]


def _joined(runs: list[Run]) -> list[Run]:
    """Make one run of those of a series that follow one another: an hour, or what came late, is a part of its own."""
    made: list[Run] = []
    for run in runs:
        if made and made[-1].which == run.which:
            made[-1].times.extend(run.times)
            made[-1].values.extend(run.values)
            made[-1].codes.extend(run.codes)
        else:
            made.append(run)
    return made
