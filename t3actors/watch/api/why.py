"""`GET /why`: all that bears on one point, from the wire to its row, and what to look at next."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from starlette.responses import Response

from t3actors.control import Override
from t3actors.questions import DeviceInsight, InsightRequested, PointTrace, TraceRequested
from t3actors.rows import DeviceRow, EventRow, PointRow, SampleRow, as_one_that_runs
from t3actors.watch.api.answers import json_answer
from t3actors.watch.api.inside import Inside
from t3actors.watch.api.looking import split_point
from t3actors.watch.api.operations import Asked
from t3actors.watch.api.reading import Reader
from t3actors.watch.tree import ChildRow, rows_of
from t3actors.watch.verdict import verdict_on

SAMPLES = 5
EVENTS = 10
EVENTS_LOOKED_AT = 200
_FOREVER_MS = 1 << 52


class WhyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`sentence` says it in one; `look_at` is where to look next, empty when nothing is wrong. The rest is what that rests on.

    `device` and `row`: as stored. `actor`: the child that polls it (null: nobody does). `now`: what that actor says, `trace`: what the
    detector holds, each null where it does not answer. `samples` and `events`: the last ones, oldest first.
    """

    point: str
    at: int
    sentence: str
    look_at: str
    device: DeviceRow
    row: PointRow
    actor: ChildRow | None
    override: Override | None
    now: DeviceInsight | None
    trace: PointTrace | None
    samples: list[SampleRow]
    events: list[EventRow]


@dataclass(frozen=True)
class _Stored:
    device: DeviceRow
    row: PointRow
    samples: list[SampleRow]
    events: list[EventRow]


class Why:
    """Answers it."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    async def why(self, asked: Asked) -> Response:
        """Say why a point is as it is."""
        point: str = asked.values["point"]
        stored = await self._inside.reading.quick.read(lambda reader: _stored(point, reader))
        name, point_id = stored.row.name, stored.row.point_id
        trace = await self._inside.ask("detector", TraceRequested(device=name, point_id=point_id), PointTrace)
        insight = await self._inside.ask(f"device/{name}", InsightRequested(device=name), DeviceInsight)
        actor = self._actor_of(name)
        override = self._inside.reach.control.overrides.get(name)
        stopped = override is not None and override.stopped
        sentence, look_at = verdict_on(stored.device, stored.row, actor, insight, trace, stopped=stopped)
        return json_answer(
            WhyAnswer(
                point=point,
                at=self._inside.wall_ms(),
                sentence=sentence,
                look_at=look_at,
                device=stored.device,
                row=stored.row,
                actor=actor,
                override=override,
                now=insight,
                trace=trace,
                samples=stored.samples,
                events=stored.events,
            )
        )

    def _actor_of(self, device: str) -> ChildRow | None:
        """Return the child that polls a device: its own, or that of the installation whose panel it is."""
        children = {row.child: row for row in rows_of(self._inside.reach.supervisor())}
        return children.get(f"device/{device}") or children.get(f"device/{device.rpartition(':')[0]}")


def _stored(point: str, reader: Reader) -> _Stored:
    """Gather what is stored of it. **Raises**: Refused. Thread: a lane's."""
    name, point_id = split_point(point, reader)
    device, row = reader.device(name), reader.points(name, point_id=point_id, limit=1)[0]
    assert device is not None  # noqa: S101 - it has a point
    events = [each for each in reader.events(name, 0, EVENTS_LOOKED_AT) if each.point in {None, "", point_id}]
    return _Stored(
        as_one_that_runs(device),
        as_one_that_runs(row),
        reader.history(name, point_id, 0, _FOREVER_MS, SAMPLES),
        events[-EVENTS:],
    )
