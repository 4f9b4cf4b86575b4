"""From the simulated T3000 through the door to points: what is read is what the panels hold."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest
import trio

from t3actors.collect.t3000.http_door import HttpDoor
from t3actors.collect.t3000.lists import (
    decode_panels_list,
    decode_points_list,
    logging_data_request,
    panels_list_request,
    points_request,
)
from t3actors.collect.t3000.panel_answer import decode_panel
from t3actors.collect.t3000.trend_logs import decode_trend_logs
from t3actors.points import Kind, Reading, Rules
from t3actors.simulator.t3000.installation import Installation, some_panels
from t3actors.simulator.t3000.web_server import T3000WebServer

NEVER_S = 3600.0  # values stand still while a test looks


@asynccontextmanager
async def asking(panels: int) -> AsyncIterator[tuple[T3000WebServer, HttpDoor]]:
    server = T3000WebServer(Installation(some_panels(panels)), tick_s=NEVER_S)
    async with trio.open_nursery() as nursery:
        await nursery.start(server.serve)
        door = HttpDoor(server.url, buffer_bytes=10_000_000, timeout_s=20.0)
        yield server, door
        await door.close()
        nursery.cancel_scope.cancel()


def values(readings: Iterable[Reading]) -> dict[str, object]:
    return {reading.point_id: reading.value for reading in readings}


async def test_every_point_of_every_panel_comes_with_logging_data() -> None:
    async with asking(3) as (server, door):
        answer = await door.call(15, logging_data_request())
        assert len(answer.panels) == 3
        for (offset, length), listed in zip(answer.panels, server.installation.panels.values(), strict=True):
            panel = decode_panel(answer.body[offset : offset + length], answer.shape, Rules())
            truth = listed.panel
            assert (panel.serial_number, panel.missing, panel.refused) == (truth.serial_number, (), ())
            read = values(each for readings in panel.readings.values() for each in readings)
            assert read == {point_id: truth.value(point_id) for point_id in truth.point_ids}


@pytest.mark.parametrize("kind", list(Kind))
async def test_every_point_of_a_kind_comes_with_its_list_and_none_of_a_silent_panel(kind: Kind) -> None:
    async with asking(2) as (server, door):
        listed = decode_panels_list((await door.call(4, panels_list_request())).body)
        assert len(listed.panels) == 2
        panel = listed.panels[1]
        truth = server.installation.panels[panel.panel_id]
        request = points_request(panel, kind)
        points = decode_points_list((await door.call(17, request)).body, request, Rules())
        assert (points.unread, points.missing, points.refused) == ((), (), ())
        read = values(points.readings[kind])
        assert read == {point_id: truth.panel.value(point_id) for point_id in read}
        assert len(read) == (128 if kind is Kind.VARIABLE else 64)
        truth.is_online = False
        silent = decode_points_list((await door.call(17, request)).body, request, Rules())
        assert (silent.points, len(silent.unread)) == ((), len(read))


async def test_the_trend_logs_of_a_panel_come_with_what_they_record() -> None:
    async with asking(1) as (server, door):
        listed = server.installation.panels[1]
        serial = listed.panel.serial_number
        answer = await door.trend_logs(1, serial_number=serial, object_instance=listed.object_instance)
        assert answer is not None
        logs = decode_trend_logs(answer.body, 1, serial)
        assert (len(logs.rows), logs.refused, logs.certain) == (12, (), True)
