"""A BACnet client of a few lines, that checks nothing: what came is what the test sees."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from t3actors.simulator.bacnet import apdu, bvll, tags
from t3actors.simulator.bacnet.abilities import ABILITIES, Preset
from t3actors.simulator.bacnet.build import PointCounts, build_device
from t3actors.simulator.bacnet.npdu import Npdu, Station, decode_npdu, encode_npdu
from t3actors.simulator.bacnet.responder import Responder
from t3actors.simulator.bacnet.router import Router
from t3actors.simulator.bacnet.server import BacnetServer
from t3actors.simulator.bacnet.words import Confirmed, ObjectType, Property, object_identifier
from tests.waiting import WITHIN_S

FEW = PointCounts(8, 4, 4)


def confirmed(
    invoke_id: int, service: int, data: bytes, *, size: int = 5, segments: int = 7, accepts: bool = True
) -> bytes:
    """Build a confirmed request; `size` and `segments` are the codes of the header."""
    return bytes((0x02 if accepts else 0x00, segments << 4 | size, invoke_id, service)) + data


def read_property(object_id: int, property_id: int, index: int | None = None) -> bytes:
    return (
        tags.object_id(object_id, 0)
        + tags.unsigned(property_id, 1)
        + (b"" if index is None else tags.unsigned(index, 2))
    )


def read_multiple(wanted: list[tuple[int, list[int]]]) -> bytes:
    return b"".join(
        tags.object_id(object_id, 0) + tags.wrapped(1, b"".join(tags.unsigned(each, 0) for each in properties))
        for object_id, properties in wanted
    )


def present_values(responder: Responder, most: int = 10_000) -> bytes:
    """Ask for the present values of all points in one request."""
    points = list(responder.device.points.values())[:most]
    return read_multiple([(each.object_id, [Property.PRESENT_VALUE]) for each in points])


def subscribe(process_id: int, object_id: int, *, confirmed: bool = False, lifetime_s: int = 60) -> bytes:
    return (
        tags.unsigned(process_id, 0)
        + tags.object_id(object_id, 1)
        + tags.boolean(confirmed, 2)
        + tags.unsigned(lifetime_s, 3)
    )


def ai(instance: int) -> int:
    return object_identifier(ObjectType.ANALOG_INPUT, instance)


def responder_of(preset: Preset = Preset.T3000, counts: PointCounts = FEW, instance: int = 1001) -> Responder:
    assert preset in ABILITIES
    return Responder(build_device(preset, 1, instance, counts))


class Client:
    """One UDP socket beside a server."""

    def __init__(self, udp: trio.socket.SocketType, server: tuple[str, int]) -> None:
        self._udp = udp
        self._server = server
        self.address: tuple[str, int] = udp.getsockname()

    async def send_raw(self, data: bytes) -> None:
        await self._udp.sendto(data, self._server)

    async def send(self, content: bytes, *, to: Station | None = None, function: int = bvll.ORIGINAL_UNICAST) -> None:
        await self.send_raw(bvll.encode_link(function, encode_npdu(Npdu(content, to, expects_reply=True))))

    async def datagram(self) -> tuple[bvll.LinkMessage, tuple[str, int]]:
        with trio.fail_after(WITHIN_S):
            data, origin = await self._udp.recvfrom(4096)
        return bvll.decode_link(data), origin

    async def npdu(self) -> Npdu:
        message, _origin = await self.datagram()
        content = message.content[6:] if message.function == bvll.FORWARDED_NPDU else message.content
        return decode_npdu(content)

    async def apdu(self) -> bytes:
        return (await self.npdu()).content

    async def ask(self, service: int, data: bytes, *, invoke_id: int = 1, to: Station | None = None) -> bytes:
        await self.send(confirmed(invoke_id, service, data), to=to)
        return await self.apdu()

    async def hears_nothing_before(self, service: int, data: bytes, invoke_id: int) -> None:
        """Ask something else, and see its answer come first: whatever was due before it never came."""
        answer = await self.ask(service, data, invoke_id=invoke_id)
        assert answer[1] == invoke_id, answer.hex()

    async def whole(self, service: int, data: bytes, *, invoke_id: int = 1, window: int = 4, size: int = 5) -> bytes:
        """Ask, and put a segmented answer together."""
        await self.send(confirmed(invoke_id, service, data, size=size))
        answer = await self.apdu()
        if not answer[0] & apdu.SEGMENTED:
            return answer[3:]
        pieces = {answer[2]: answer[5:]}
        while True:
            last = max(pieces)
            complete = not answer[0] & apdu.MORE_FOLLOWS
            if complete or last == 0 or last % window == 0:
                await self.send(bytes((0x40, invoke_id, last, window)))
            if complete:
                return b"".join(pieces[each] for each in sorted(pieces))
            answer = await self.apdu()
            pieces[answer[2]] = answer[5:]


@asynccontextmanager
async def talking_to(server: BacnetServer) -> AsyncIterator[Client]:
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as udp:
        await udp.bind(("127.0.0.1", 0))
        yield Client(udp, server.address)


@asynccontextmanager
async def serving(router: Router | Responder, *, is_bbmd: bool = False) -> AsyncIterator[BacnetServer]:
    server = BacnetServer(router if isinstance(router, Router) else Router(router), is_bbmd=is_bbmd)
    with trio.fail_after(WITHIN_S):
        async with trio.open_nursery() as nursery:
            await nursery.start(server.serve)
            yield server
            nursery.cancel_scope.cancel()


READ, READ_MULTIPLE, SUBSCRIBE = Confirmed.READ_PROPERTY, Confirmed.READ_PROPERTY_MULTIPLE, Confirmed.SUBSCRIBE_COV
