"""What can be looked at: devices, points, history, events, alarms, the tree, the metrics. Nothing here changes anything."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from http import HTTPStatus

import msgspec
import trio
from starlette.responses import Response

from t3actors.control import NOTHING, Override
from t3actors.questions import (
    DetectorCounts,
    DetectorCountsRequested,
    DeviceInsight,
    DeviceStanding,
    InsightRequested,
    StandingsRequested,
)
from t3actors.rows import AlarmRow, DeviceRow, EventRow, PointRow, SampleRow, as_one_that_runs
from t3actors.watch.advice import advice_on
from t3actors.watch.api.answers import JSON, json_answer, refuse_unknown
from t3actors.watch.api.inside import Inside
from t3actors.watch.api.operations import Asked
from t3actors.watch.api.parameters import FOREVER_MS
from t3actors.watch.api.reading import Reader, encoded
from t3actors.watch.api.refusals import Refused
from t3actors.watch.api.samples import encoded_samples, without_oldest
from t3actors.watch.api.storage import measured
from t3actors.watch.metrics import CONTENT_TYPE, Figures, page
from t3actors.watch.parts import WELL
from t3actors.watch.tree import ChildRow, rows_of

A_DAY_MS = 86_400_000


class DeviceNow(DeviceRow, frozen=True, kw_only=True):
    """A device as stored: `unknown` until it was spoken for since the start.

    `override`: what holds for it instead of the configuration until the gateway is restarted.
    """

    override: Override | None


class DevicesAnswer(msgspec.Struct, frozen=True):
    """The devices by name."""

    devices: list[DeviceNow]


class DeviceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One device: as stored, its points by status, and what its actor says of it (null where it has none, or does not answer).

    `look_at`: where to look, by its `status_reason`; empty when it is well or nothing better is known.
    """

    device: DeviceNow
    look_at: str
    points_by_status: dict[str, int]
    now: DeviceInsight | None


class PointsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A page of points. `next_offset` null: it is the last one."""

    points: list[PointRow]
    next_offset: int | None


class HistoryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Samples, oldest first. `until` null: now. `complete` false: there are older ones than the newest `limit`."""

    point: str
    since: int
    until: int | None
    samples: list[SampleRow]
    complete: bool


class EventsAnswer(msgspec.Struct, frozen=True):
    """Rows of EVENTS, the newest `limit`, oldest first."""

    events: list[EventRow]


class AlarmsAnswer(msgspec.Struct, frozen=True):
    """Alarms as the devices have them, the newest `limit`, oldest first."""

    alarms: list[AlarmRow]


class TreeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The supervision tree, and what was counted since the detector's start. `at`: Unix ms."""

    at: int
    live: bool
    counts: DetectorCounts
    children: list[ChildRow]


class Looking:
    """The requests that only look."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    async def health(self, _asked: Asked) -> Response:
        """Whether the gateway makes progress."""
        seen = self._inside.health.shown()
        return Response(seen.body, HTTPStatus.OK if seen.live else HTTPStatus.SERVICE_UNAVAILABLE, media_type=JSON)

    async def devices(self, _asked: Asked) -> Response:
        """Every device."""
        overrides = dict(self._inside.reach.control.overrides)

        def question(reader: Reader) -> DevicesAnswer:
            return DevicesAnswer([_now(row, overrides.get(row.name)) for row in reader.devices()])

        return json_answer(await self._inside.reading.quick.read(encoded(question)))

    async def device(self, asked: Asked) -> Response:
        """One device."""
        name = asked.values["device"]
        insight = await self._inside.ask(f"device/{name}", InsightRequested(device=name), DeviceInsight)
        override = self._inside.reach.control.overrides.get(name)

        def question(reader: Reader) -> DeviceAnswer:
            row = reader.device(name)
            if row is None:
                refuse_unknown(name, [each.name for each in reader.devices()], "device")
                raise AssertionError(name)
            counts = {each.status: each.points for each in reader.point_counts(name)}
            device = _now(row, override)
            look_at = "" if device.status in WELL else advice_on(device.status_reason)
            return DeviceAnswer(device=device, look_at=look_at, points_by_status=counts, now=insight)

        return json_answer(await self._inside.reading.quick.read(encoded(question)))

    async def points(self, asked: Asked) -> Response:
        """A page of points."""
        wanted = asked.values
        limit, offset = wanted["limit"], wanted["offset"]

        def question(reader: Reader) -> PointsAnswer:
            if wanted["device"] is not None and reader.device(wanted["device"]) is None:
                refuse_unknown(wanted["device"], [each.name for each in reader.devices()], "device")
            rows = reader.points(
                wanted["device"],
                status=wanted["status"],
                kind=wanted["kind"],
                words=wanted["search"],
                limit=limit + 1,
                offset=offset,
            )
            told = [as_one_that_runs(row) for row in rows[:limit]]
            return PointsAnswer(points=told, next_offset=offset + limit if len(rows) > limit else None)

        return json_answer(await self._inside.reading.quick.read(encoded(question)))

    async def history(self, asked: Asked) -> Response:
        """What one point stored."""
        wanted = asked.values
        point, limit = wanted["point"], wanted["limit"]
        since = self._since(wanted["since"])
        until = wanted["until"]

        def question(reader: Reader) -> bytes:
            device, point_id = split_point(point, reader)
            runs = reader.history_runs(device, point_id, since, FOREVER_MS if until is None else until, limit + 1)
            complete = sum(len(run.sampled_at) for run in runs) <= limit
            samples = encoded_samples(runs if complete else without_oldest(runs))
            answer = HistoryAnswer(point=point, since=since, until=until, samples=[], complete=complete)
            return msgspec.json.encode(answer).replace(b'"samples":[]', b'"samples":' + samples, 1)

        return json_answer(await self._inside.reading.slow.read(question))

    async def events(self, asked: Asked) -> Response:
        """What happened."""
        wanted = asked.values
        since = self._since(wanted["since"])

        def question(reader: Reader) -> EventsAnswer:
            return EventsAnswer(reader.events(wanted["device"], since, wanted["limit"]))

        return json_answer(await self._inside.reading.slow.read(encoded(question)))

    async def alarms(self, asked: Asked) -> Response:
        """What the devices complain of."""
        wanted = asked.values

        def question(reader: Reader) -> AlarmsAnswer:
            return AlarmsAnswer(reader.alarms(wanted["device"], wanted["limit"], standing=not wanted["all"]))

        return json_answer(await self._inside.reading.quick.read(encoded(question)))

    async def tree(self, _asked: Asked) -> Response:
        """The supervision tree and the counts."""
        counts = await self._inside.ask("detector", DetectorCountsRequested(), DetectorCounts)
        return json_answer(
            TreeAnswer(
                at=self._inside.wall_ms(),
                live=self._inside.health.shown().live,
                counts=counts or DetectorCounts(),
                children=list(rows_of(self._inside.reach.supervisor())),
            )
        )

    async def metrics(self, _asked: Asked) -> Response:
        """The page for Prometheus."""
        figures = await self._figures()
        try:
            body = await self._inside.reading.quick.read(lambda reader: page(figures, reader.point_counts()))
        except Refused:  # a database that cannot be read must not hide all the rest
            body = await trio.to_thread.run_sync(page, figures, ())
        return Response(body, headers={"content-type": CONTENT_TYPE})

    async def _figures(self) -> Figures:
        inside, reach = self._inside, self._inside.reach
        counts = await inside.ask("detector", DetectorCountsRequested(), DetectorCounts)
        standings: tuple[DeviceStanding, ...] | None = await inside.ask("detector", StandingsRequested(), tuple)
        sizes = await trio.to_thread.run_sync(measured, inside.database)
        return Figures(
            version=inside.who.version,
            live=inside.health.shown().live,
            health=inside.health.report,
            started_at_ms=inside.who.started_at,
            counts=counts or DetectorCounts(),
            standings=standings or (),
            children=tuple(rows_of(reach.supervisor())),
            lateness=reach.lateness(),
            supervision=Counter(reach.supervision),
            dead_letters=sum(reach.registry.dead_letters.values()),
            api=Counter(inside.refusals),
            listeners=len(inside.fanout),
            tasks=trio.lowlevel.current_statistics().tasks_living,
            threads=threading.active_count(),
            mail_waiting=reach.registry.mail_waiting(),
            memory_blocks=sys.getallocatedblocks(),
            database_bytes=sizes.database,
            free_bytes=sizes.free,
        )

    def _since(self, given: int | None) -> int:
        return max(0, self._inside.wall_ms() - A_DAY_MS) if given is None else given


def split_point(point: str, reader: Reader) -> tuple[str, str]:
    """Take a point's name apart. **Raises**: Refused where there is none of that name. Thread: a lane's."""
    device, _, point_id = point.partition("/")
    if not reader.points(device, point_id=point_id, limit=1):
        refuse_unknown(device, [row.name for row in reader.devices()], "device")
        if not point_id:
            raise Refused(HTTPStatus.NOT_FOUND, f'"{device}" is a device; a point is device/point_id')
        refuse_unknown(point, [f"{row.name}/{row.point_id}" for row in reader.points(device)], "point")
    return device, point_id


def _now(row: DeviceRow, override: Override | None) -> DeviceNow:
    row = as_one_that_runs(row)
    return DeviceNow(**msgspec.structs.asdict(row), override=None if override in {None, NOTHING} else override)
