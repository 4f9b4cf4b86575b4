"""Events that clients of the API make, for soak_events.py: each function makes so many of its kind."""

from __future__ import annotations

import random
from contextlib import suppress

import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import CloseConnection, Request
from wsproto.utilities import LocalProtocolError

from benchmarks.soak_house import House, Kind, side_by_side


async def small(house: House) -> None:
    """Four devices of each protocol, polled every 5 s."""
    await house.build(4, 4)


PATHS = (
    "/health", "/devices", "/devices/panel-1", "/devices/bacnet-1", "/points?limit=20", "/points?search=in", "/history?point=panel-1/IN1",
    "/trend?point=panel-1/IN1&pieces=20", "/events?limit=20", "/alarms", "/why?point=panel-1/IN1", "/why?point=bacnet-1/AI1", "/storage",
    "/tree", "/metrics", "/openapi.json", "/", "/points.js", "/nowhere", "/devices/nobody", "/history?point=a/b", "/history?point=%00",
)  # fmt: skip


async def requests(house: House, events: int) -> None:
    """Each on a new connection."""
    for number in range(events):
        async with house.client() as client:
            await client.get(PATHS[number % len(PATHS)])


async def kept_alive(house: House, events: int) -> None:
    """All on one connection."""
    async with house.client() as client:
        for number in range(events):
            await client.get(PATHS[number % len(PATHS)])


async def varied(house: House, events: int) -> None:
    """Each asks for something that nobody asked for before."""
    async with house.client() as client:
        for number in range(events):
            mark = random.randrange(1 << 40)
            await client.get(
                (
                    f"/points?search={mark}", f"/history?point=panel-1/IN1&limit={mark % 5000 + 1}", f"/history?point=panel-1/X{mark}",
                    f"/devices/{mark}", f"/why?point={mark}/IN1", f"/{mark}", f"/trend?point=panel-1/IN1&pieces={mark % 400 + 10}",
                )[number % 7]
            )  # fmt: skip


async def listeners(house: House, events: int) -> None:
    """Every other one with a filter of its own; half of them just hang up."""
    chance = random.Random(1)

    async def listen(number: int) -> None:
        connection = WSConnection(ConnectionType.CLIENT)
        async with await trio.open_unix_socket(house.door) as stream:
            target = (
                f"/live?repeats=true&point=panel-{number % 4}/*{random.randrange(1 << 40)}*"
                if number % 2
                else "/live?repeats=true"
            )
            await stream.send_all(connection.send(Request(host="gateway", target=target)))
            with trio.move_on_after(chance.uniform(0.02, 0.3)):
                while got := await stream.receive_some(65_536):
                    connection.receive_data(got)
                    for _ in connection.events():
                        pass
            if chance.random() < 0.5:
                with suppress(trio.BrokenResourceError, LocalProtocolError), trio.move_on_after(2.0):
                    await stream.send_all(connection.send(CloseConnection(code=1000)))
                    while await stream.receive_some(65_536):
                        pass

    await side_by_side(listen, events, 10)


HANDSHAKE = (
    b"GET /live HTTP/1.1\r\nhost: gateway\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
UNFINISHED = b"POST /sync HTTP/1.1\r\nhost: gateway\r\ncontent-length: 100\r\ncontent-type: application/json\r\n\r\n{"
RAW = (
    b"GET / HTTP/1.1\r\nhost: gateway\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET /" + b"x" * 20_000, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /health HTTP/1.1\r\nhost: gateway\r\n\r\n" * 3, b"GET /live HTTP/1.1\r\nhost: gateway\r\nupgrade: websocket\r\n\r\n",
    UNFINISHED, HANDSHAKE, b"GET /points HTTP/1.1\r\nhost: evil.example\r\n\r\n", b"",
    b"GET /points HTTP/1.1\r\nhost: gateway\r\norigin: http://evil.example\r\n\r\n", b"GET /%2e%2e/%00 HTTP/1.1\r\nhost: gateway\r\n\r\n",
)  # fmt: skip


async def nonsense(house: House, events: int) -> None:
    """What is said to an HTTP server that one should not say; most do not wait for the answer."""

    async def one(number: int) -> None:
        async with await trio.open_unix_socket(house.door) as stream:
            with suppress(OSError, trio.BrokenResourceError), trio.move_on_after(0.02 if number % 3 else 1.0):
                await stream.send_all(RAW[number % len(RAW)])
                await stream.receive_some()

    await side_by_side(one, events, 10)


async def syncs(house: House, events: int) -> None:
    """Of one device or two."""
    async with house.client() as client:
        for number in range(events):
            devices = [[f"panel-{number % 4 + 1}"], [f"bacnet-{number % 4 + 1}"], ["panel-1", "bacnet-2"]][number % 3]
            answer = await client.post("/sync", json={"devices": devices})
            assert answer.status_code == 200, answer.text


async def by_hand(house: House, events: int) -> None:
    """Stop, start, another interval, back."""
    async with house.client() as client:
        for number in range(events):
            name = ("panel-2", "bacnet-2")[number // 4 % 2]
            match number % 4:
                case 0:
                    answer = await client.post(f"/devices/{name}/stop")
                case 1:
                    answer = await client.post(f"/devices/{name}/start")
                case 2:
                    answer = await client.patch(f"/devices/{name}", json={"poll_interval": "3s"})
                case _:
                    answer = await client.patch(f"/devices/{name}", json={"poll_interval": None})
            assert answer.status_code == 200, answer.text


async def reloads(house: House, events: int) -> None:
    """With devices that change, go and come back; some of it refused, some of it nothing new."""
    async with house.client() as client:
        for number in range(events):
            if number % 5 == 4:
                house.config.write_text(house.config.read_text() + f'\n[log]\nlevel = "loud{number}"\n')
            elif number % 5 != 3:
                house.write(
                    without=("", "panel-3", "bacnet-3")[number % 3], slower=("panel-2", "bacnet-2", "")[number // 2 % 3]
                )
            await client.post("/reload", json={})


CLIENTS = (
    Kind("requests", "a request on a connection of its own", 1500, requests, small),
    Kind("kept", "a request on a connection that stays", 2000, kept_alive, small),
    Kind("varied", "a request as nobody made one before", 2000, varied, small),
    Kind("listeners", "a listener comes and goes", 1000, listeners, small),
    Kind("nonsense", "somebody who speaks no HTTP", 600, nonsense, small),
    Kind("syncs", "a sync", 600, syncs, small),
    Kind("by-hand", "a device is stopped, started, slowed", 400, by_hand, small),
    Kind("reloads", "a reload", 200, reloads, small),
)
