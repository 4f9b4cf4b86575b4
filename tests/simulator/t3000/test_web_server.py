"""The simulated T3000 over real sockets, asked by the gateway's own door."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from t3actors.collect.t3000.http_door import HttpDoor
from t3actors.errors import BadResponse, DriverError, LinkDown, NotReady, RequestRefused, RequestTimedOut
from t3actors.simulator.t3000.faults import Fault, FaultKind
from t3actors.simulator.t3000.installation import Installation, some_panels
from t3actors.simulator.t3000.web_server import T3000WebServer
from tests.waiting import until

LONG_S = 20.0


@asynccontextmanager
async def serving(panels: int = 2, **settings: Any) -> AsyncIterator[T3000WebServer]:
    server = T3000WebServer(Installation(some_panels(panels)), **settings)
    async with trio.open_nursery() as nursery:
        await nursery.start(server.serve)
        yield server
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def asking(server: T3000WebServer) -> AsyncIterator[HttpDoor]:
    door = HttpDoor(server.url, buffer_bytes=1_000_000, timeout_s=LONG_S, not_ready_pauses_s=())
    try:
        yield door
    finally:
        await door.close()


async def test_panels_points_and_logging_data_come_over_one_connection() -> None:
    async with serving() as server, asking(server) as door:
        panels = json.loads(bytes((await door.call(4, {})).body))["data"]
        logged = await door.call(15, {"panelId": -1})
        assert (len(panels), len(logged.panels), logged.shape) == (2, 2, "real")
        listed = server.installation.panels[2]
        monitors = await door.trend_logs(
            2, serial_number=listed.panel.serial_number, object_instance=listed.object_instance
        )
        assert monitors is not None
        assert len(json.loads(bytes(monitors.body))["data"]["device_data"]) == 12
        assert server.connections == 1
        assert [call["action"] for call in server.calls] == [4, 15, 17]


async def test_values_move_as_time_passes() -> None:
    async with serving(1, tick_s=0.01) as server, asking(server) as door:
        before = bytes((await door.call(15, {"panelId": 1})).body)
        panel = server.installation.panels[1].panel
        was = bytes(panel.image)
        await until(lambda: panel.image != was)
        assert bytes((await door.call(15, {"panelId": 1})).body) != before


@pytest.mark.parametrize(
    ("kind", "error", "said"),
    [
        (FaultKind.HANG, RequestTimedOut, "no whole answer"),
        (FaultKind.DROP, LinkDown, "closes it without an answer"),
        (FaultKind.DROP_MIDWAY, LinkDown, "in the middle of an answer"),
        (FaultKind.STATUS_500, RequestRefused, "HTTP 500 FFI call returned error code: -1"),
        (FaultKind.NOT_READY, NotReady, "still starting"),
        (FaultKind.WARMUP, NotReady, "still starting"),
        (FaultKind.BUSY, RequestTimedOut, "busy"),
        (FaultKind.OFFLINE, RequestRefused, "Panel is offline"),
        (FaultKind.TRUNCATED, BadResponse, "no JSON"),
        (FaultKind.GARBAGE, BadResponse, "no HTTP"),
    ],
)
async def test_every_fault_is_an_error_and_ends_when_it_is_switched_off(
    kind: FaultKind, error: type[DriverError], said: str
) -> None:
    async with serving() as server, asking(server) as door:
        server.set_fault(kind)
        door._timeout_s = 0.2 if kind is FaultKind.HANG else LONG_S
        with pytest.raises(error, match=said):
            await door.call(4, {})
        door._timeout_s = LONG_S
        server.set_fault(FaultKind.NONE)
        await door.call(4, {})


async def test_a_slow_answer_is_the_right_one() -> None:
    async with serving() as server, asking(server) as door:
        server.set_fault(FaultKind.SLOW, 0.02)
        assert json.loads(bytes((await door.call(4, {})).body))["action"] == "GET_PANELS_LIST_RES"


async def test_everybody_waits_for_one_call_even_when_its_caller_has_gone() -> None:
    async with serving() as server, asking(server) as door, asking(server) as another:
        server.set_fault(FaultKind.HANG)
        async with trio.open_nursery() as impatient:
            impatient.start_soon(door.call, 4, {})
            await until(lambda: len(server.calls) == 1)
            impatient.cancel_scope.cancel()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(another.call, 4, {})
            await until(lambda: len(server.calls) == 2)
            assert server.answers == 0
            server.set_fault(FaultKind.NONE)
        assert server.answers == 2


@pytest.mark.parametrize("delay_s", [-1.0, float("nan"), float("inf"), 3601.0])
def test_a_delay_that_is_no_time_is_refused(delay_s: float) -> None:
    with pytest.raises(ValueError, match="delay_s"):
        Fault(FaultKind.SLOW, delay_s)


JSON = "Content-Type: application/json"


@pytest.mark.parametrize(
    ("head", "body", "status"),
    [
        (f"POST /api/t3000/ffi/call HTTP/1.1\r\nHost: a\r\n{JSON}", b'{"action":4}', 200),
        (f"POST /elsewhere HTTP/1.1\r\nHost: a\r\n{JSON}", b'{"action":4}', 404),
        ("PUT /api/t3000/ffi/call HTTP/1.1\r\nHost: a", b"", 405),
        ("POST /api/t3000/ffi/call HTTP/1.1\r\nHost: a", b'{"action":4}', 415),
        (f"POST /api/t3000/ffi/call HTTP/1.1\r\nHost: a\r\n{JSON}", b"{", 400),
        (f"POST /api/t3000/ffi/call HTTP/1.1\r\nHost: a\r\n{JSON}", b"[" * 100_000, 400),
        (f"POST /api/t3000/ffi/call HTTP/1.1\r\n{JSON}", b"{}", 400),
    ],
)
async def test_a_request_that_t3000s_web_server_would_refuse_is_refused(head: str, body: bytes, status: int) -> None:
    async with serving() as server:
        async with await trio.open_tcp_stream(server.host, server.port) as stream:
            await stream.send_all(f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            assert (await stream.receive_some()).startswith(f"HTTP/1.1 {status} ".encode())
