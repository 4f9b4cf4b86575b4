"""A Modbus TCP server in the test's own loop that can be told to misbehave, one request at a time."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

import trio


class Request(NamedTuple):
    """What a client asked."""

    transaction_id: int
    unit_id: int
    function: int
    address: int
    size: int


Behaviour = Callable[["FakeDevice", trio.SocketStream, Request], Awaitable[None]]


def word_at(unit_id: int, function: int, address: int) -> int:
    """What the register holds unless set: unlike any neighbour's, unit's or table's."""
    return (address * 31 + unit_id * 7919 + function * 104729) & 0xFFFF


def frame(transaction_id: int, unit_id: int, pdu: bytes, *, protocol_id: int = 0, length: int | None = None) -> bytes:
    """Build a frame, right or wrong."""
    return struct.pack(">HHHB", transaction_id, protocol_id, len(pdu) + 1 if length is None else length, unit_id) + pdu


class FakeDevice:
    """Units behind one port."""

    def __init__(self) -> None:
        self.port = 0
        self.requests: list[Request] = []
        self.connections = 0
        self.open_connections = 0
        self.words: dict[tuple[int, int], int] = {}  # (unit, holding register)
        self.illegal: set[int] = set()
        self.dead_units: set[int] = set()
        self.max_registers = 125
        self.behaviours: deque[Behaviour] = deque()
        self.always: Behaviour | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def word(self, unit_id: int, function: int, address: int) -> int:
        return self.words.get((unit_id, address), word_at(unit_id, function, address))

    def pdu(self, request: Request) -> bytes:
        """The right answer."""
        addresses = range(request.address, request.address + request.size)
        if request.size > self.max_registers or self.illegal.intersection(addresses):
            return bytes([request.function | 0x80, 2])
        words = [self.word(request.unit_id, request.function, address) for address in addresses]
        if request.function in {1, 2}:
            bits = sum((word & 1) << place for place, word in enumerate(words))
            data = bits.to_bytes((request.size + 7) // 8, "little")
        else:
            data = struct.pack(f">{len(words)}H", *words)
        return bytes([request.function, len(data)]) + data

    async def serve(self, stream: trio.SocketStream) -> None:
        self.connections += 1
        self.open_connections += 1
        try:
            held = b""
            async with stream:
                while received := await stream.receive_some(4096):
                    held += received
                    while len(held) >= 12:
                        tid, _, _, unit, function, address, count = struct.unpack(">HHHBBHH", held[:12])
                        held = held[12:]
                        await self.handle(stream, Request(tid, unit, function, address, count))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            self.open_connections -= 1

    async def handle(self, stream: trio.SocketStream, request: Request) -> None:
        self.requests.append(request)
        behaviour = self.behaviours.popleft() if self.behaviours else self.always
        if behaviour is not None:
            await behaviour(self, stream, request)
        elif request.unit_id not in self.dead_units:
            await stream.send_all(frame(request.transaction_id, request.unit_id, self.pdu(request)))


@asynccontextmanager
async def serving(device: FakeDevice) -> AsyncIterator[FakeDevice]:
    """Serve on a free loopback port."""
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(device.port, host="127.0.0.1")
        device.port = listener.socket.getsockname()[1]
        nursery.start_soon(trio.serve_listeners, device.serve, [listener])
        yield device
        nursery.cancel_scope.cancel()


# ------------------------------------------------------------------------------------------------- misbehaviours


async def good(device: FakeDevice, stream: trio.SocketStream, request: Request) -> None:
    await stream.send_all(frame(request.transaction_id, request.unit_id, device.pdu(request)))


async def stall(device: FakeDevice, stream: trio.SocketStream, request: Request) -> None:
    return


async def close_now(device: FakeDevice, stream: trio.SocketStream, request: Request) -> None:
    await stream.aclose()


async def close_mid_frame(device: FakeDevice, stream: trio.SocketStream, request: Request) -> None:
    await stream.send_all(frame(request.transaction_id, request.unit_id, device.pdu(request))[:9])
    await stream.aclose()


async def in_pieces(device: FakeDevice, stream: trio.SocketStream, request: Request) -> None:
    for byte in frame(request.transaction_id, request.unit_id, device.pdu(request)):
        await stream.send_all(bytes([byte]))
        await trio.lowlevel.checkpoint()


def with_id(shift: Callable[[int], int]) -> Behaviour:
    async def behave(device: FakeDevice, stream: trio.SocketStream, request: Request) -> None:
        await stream.send_all(frame(shift(request.transaction_id), request.unit_id, device.pdu(request)))

    return behave


def with_pdu(pdu: Callable[[bytes], bytes], unit_shift: int = 0) -> Behaviour:
    async def behave(device: FakeDevice, stream: trio.SocketStream, request: Request) -> None:
        unit = request.unit_id + unit_shift
        await stream.send_all(frame(request.transaction_id, unit, pdu(device.pdu(request))))

    return behave


def raw(data: bytes) -> Behaviour:
    async def behave(device: FakeDevice, stream: trio.SocketStream, request: Request) -> None:
        await stream.send_all(data)

    return behave


def exception(code: int) -> Behaviour:
    return with_pdu(lambda pdu: bytes([pdu[0] & 0x7F | 0x80, code]))


class Late:
    """Keeps the answer back and sends it just before the answer to the next request."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []

    async def keep(self, device: FakeDevice, stream: trio.SocketStream, request: Request) -> None:
        self.kept.append(frame(request.transaction_id, request.unit_id, device.pdu(request)))

    async def send_before(self, device: FakeDevice, stream: trio.SocketStream, request: Request) -> None:
        kept, self.kept = self.kept, []
        await stream.send_all(b"".join(kept))
        await good(device, stream, request)
