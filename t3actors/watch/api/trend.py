"""`GET /trend`: one point's curve over a time in a few hundred pieces, however long; with what made holes in it.

Of samples the newest MOST_SAMPLES are read; what lies before them, or where samples are kept no longer, is told by the aggregates by the
hour (by the minute, where there are any and the time is short).
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

import msgspec
from starlette.responses import Response

from t3actors.points import Status
from t3actors.rows import AbsenceRow, AggregateRun, EventRow, PointRow, SampleRun
from t3actors.watch.api.answers import json_answer
from t3actors.watch.api.inside import Inside
from t3actors.watch.api.looking import A_DAY_MS, split_point
from t3actors.watch.api.operations import Asked
from t3actors.watch.api.reading import Reader, encoded
from t3actors.watch.api.refusals import Refused
from t3actors.watch.api.thinning import Pieces, one_after_another, sample_pieces, thinned

MOST_SAMPLES = 20_000
LOOKS_BACK_MS = A_DAY_MS
"""How far before the time the value is looked for that held when it began."""
HOUR_MS = 3_600_000
MINUTES_AT_MOST_MS = 2 * A_DAY_MS
EVENTS_AT_MOST = 1000
RESTARTED = "child.restarted"


class TrendAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The curve: lists of one length, a piece each, oldest first; the first may lie before `since`: it held when the time began.

    A piece holds from its `at` (Unix ms) until that of the next, unless the gateway was absent. `low`, `high`: its least and most value,
    null: none; `last`: the value at its end, null: none then; `status`: the worst in it. `step_ms` 0: a piece is a sample; else what
    lies within so many ms is put together. `samples`: how many samples were read. `aggregated_until`: before this, samples are told
    by aggregates; null: all are here. `left_out`: samples of the point in another unit than it has now. `absences`: when no gateway
    ran; `restarts`: of the device's actor.
    """

    point: str
    since: int
    until: int
    step_ms: int
    samples: int
    aggregated_until: int | None
    left_out: int
    at: list[int]
    low: list[float | None]
    high: list[float | None]
    last: list[float | None]
    status: list[str]
    absences: list[AbsenceRow]
    restarts: list[EventRow]


class Trend:
    """Answers it."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    async def trend(self, asked: Asked) -> Response:
        """Tell what one point did."""
        wanted = asked.values
        now_ms = self._inside.wall_ms()
        until = now_ms if wanted["until"] is None else wanted["until"]
        since = max(0, until - A_DAY_MS) if wanted["since"] is None else wanted["since"]
        if since >= until:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"since: saw {since}; allowed: less than until, {until}")
        point, most = wanted["point"], wanted["pieces"]

        def question(reader: Reader) -> TrendAnswer:
            device, point_id = split_point(point, reader)
            row = reader.points(device, point_id=point_id, limit=1)[0]
            return _Curve(reader, row, since, until).told(point, most)

        return json_answer(await self._inside.reading.slow.read(encoded(question)))


class _Curve:
    """One curve in the making. Thread: a lane's."""

    def __init__(self, reader: Reader, row: PointRow, since: int, until: int) -> None:
        self._reader = reader
        self._row = row
        self._since = since
        self._until = until
        self._left_out = 0

    def told(self, point: str, most: int) -> TrendAnswer:
        samples = self._samples(self._since, self._until, MOST_SAMPLES)
        begins = samples[0].sampled_at[0] if samples else self._until + 1
        older = self._aggregates(begins)
        pieces = one_after_another([*map(_aggregate_pieces, older), *map(_sample_pieces, samples), _NONE])
        step_ms = 0
        if len(pieces.at_ms) > most:
            step_ms = -(-(self._until - self._since) // most)
            pieces = thinned(pieces, self._since, step_ms)
        before = self._samples(self._since - LOOKS_BACK_MS, self._since - 1, 1)
        at, low, high, last, status = one_after_another([*map(_sample_pieces, before), pieces])
        return TrendAnswer(
            point=point,
            since=self._since,
            until=self._until,
            step_ms=step_ms,
            samples=sum(len(run.sampled_at) for run in samples),
            aggregated_until=min(begins, self._until) if any(any(run.count) for run in older) else None,
            left_out=self._left_out,
            at=list(at),
            low=list(low),
            high=list(high),
            last=list(last),
            status=list(status),
            absences=self._reader.absences(self._since, self._until),
            restarts=self._restarts(),
        )

    def _samples(self, since: int, until: int, limit: int) -> list[SampleRun]:
        """Return samples in the point's present unit."""
        found = self._reader.history_runs(self._row.name, self._row.point_id, max(0, since), max(0, until), limit)
        kept = [run for run in found if run.units == self._row.units]
        self._left_out += sum(len(run.sampled_at) for run in found if run.units != self._row.units)
        return kept

    def _aggregates(self, until: int) -> Sequence[AggregateRun]:
        """Return what aggregates tell of the time before the first sample that was read."""
        name, point_id = self._row.name, self._row.point_id
        found: list[AggregateRun] = []
        if until - self._since <= MINUTES_AT_MOST_MS:
            found = self._reader.minute_runs(name, point_id, self._since, until - HOUR_MS // 60)
        found = found or self._reader.hour_runs(name, point_id, self._since, until - HOUR_MS)
        return [each for each in found if each.units == self._row.units]

    def _restarts(self) -> list[EventRow]:
        events = self._reader.events(self._row.name, self._since, EVENTS_AT_MOST)
        return [each for each in events if each.event == RESTARTED and each.at <= self._until]


_NONE = Pieces((), (), (), (), ())


def _sample_pieces(run: SampleRun) -> Pieces:
    return sample_pieces(run.sampled_at, run.value, run.status)


def _aggregate_pieces(run: AggregateRun) -> Pieces:
    """Of what did not hold on, aggregates do not keep which status it had then."""
    if all(run.held):
        return Pieces(run.at, run.minimum, run.maximum, run.last, [str(Status.OK)] * len(run.at))
    last = [value if held else None for value, held in zip(run.last, run.held, strict=True)]
    status = [str(Status.OK if held else Status.UNKNOWN) for held in run.held]
    return Pieces(run.at, run.minimum, run.maximum, last, status)
