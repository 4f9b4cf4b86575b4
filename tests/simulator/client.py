"""A Modbus/TCP master of a few lines, that checks nothing: what came is what the test sees."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from t3actors.simulator.modbus_server import ModbusServer
from t3actors.simulator.panel import SimulatedPanel
from tests.waiting import WITHIN_S


def request(transaction_id: int, address: int, count: int, *, unit_id: int = 1, function: int = 3) -> bytes:
    return struct.pack(">HHHBBHH", transaction_id, 0, 6, unit_id, function, address, count)


class Client:
    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def exactly(self, count: int) -> bytes:
        received = b""
        while len(received) < count:
            more = await self.stream.receive_some(count - len(received))
            if not more:
                raise EOFError(received)
            received += more
        return received

    async def answer(self) -> tuple[int, int, bytes]:
        """Give the next frame's transaction id, unit id and PDU."""
        transaction_id, _protocol, length, unit_id = struct.unpack(">HHHB", await self.exactly(7))
        return transaction_id, unit_id, await self.exactly(length - 1)

    async def ask(
        self, transaction_id: int, address: int, count: int, *, unit_id: int = 1, function: int = 3
    ) -> tuple[int, int, bytes]:
        await self.send(request(transaction_id, address, count, unit_id=unit_id, function=function))
        return await self.answer()

    async def until_closed(self) -> bytes:
        """Give everything that still comes before the server closes the connection."""
        received = b""
        try:
            while more := await self.stream.receive_some():
                received += more
        except trio.BrokenResourceError:
            pass
        return received


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    async with stream:
        yield Client(stream)


@asynccontextmanager
async def serving(*panels: SimulatedPanel, gateway: bool = False) -> AsyncIterator[ModbusServer]:
    server = ModbusServer(panels or [SimulatedPanel(1, 12345)], gateway=gateway)
    with trio.fail_after(WITHIN_S):
        async with trio.open_nursery() as nursery:
            await nursery.start(server.serve)
            yield server
            nursery.cancel_scope.cancel()
