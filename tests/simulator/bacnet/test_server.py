"""Real datagrams on loopback."""

from __future__ import annotations

import functools

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from t3actors.simulator.bacnet import bvll, tags
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts
from t3actors.simulator.bacnet.faults import BacnetFault
from t3actors.simulator.bacnet.faults import BacnetFaultKind as Kind
from t3actors.simulator.bacnet.npdu import Station, decode_npdu
from t3actors.simulator.bacnet.router import Router
from t3actors.simulator.bacnet.server import BacnetServer, Lan
from tests.simulator.bacnet.client import (
    READ,
    READ_MULTIPLE,
    SUBSCRIBE,
    ai,
    present_values,
    read_property,
    responder_of,
    serving,
    subscribe,
    talking_to,
)
from tests.waiting import WITHIN_S, until

WHO_IS = b"\x10\x08"
I_AM = b"\x10\x00"
VALUE = read_property(ai(1), 85)


async def test_a_device_answers_where_it_was_asked() -> None:
    async with serving(responder_of()) as server, talking_to(server) as client:
        assert (await client.ask(READ, VALUE))[:3] == b"\x30\x01\x0c"


async def test_a_station_behind_a_router_answers_with_its_address() -> None:
    router = Router(None, {50: {b"\x07": responder_of()}})
    async with serving(router) as server, talking_to(server) as client:
        await client.send(bytes((0x02, 0x75, 1, READ)) + VALUE, to=Station(50, b"\x07"))
        assert (await client.npdu()).source == Station(50, b"\x07")


async def test_many_points_come_in_segments() -> None:
    responder = responder_of(Preset.LARGE, PointCounts(400, 300, 300))
    async with serving(responder) as server, talking_to(server) as client:
        whole = await client.whole(READ_MULTIPLE, present_values(responder, 130), size=1)
    assert whole.count(b"\x29\x55\x4e") == 130


async def test_a_search_sent_to_one_device_is_answered_to_its_sender() -> None:
    async with serving(responder_of()) as server, talking_to(server) as client:
        await client.send(WHO_IS)
        i_am = await client.apdu()
        assert i_am[:2] == I_AM
        assert i_am[2:7] == tags.object_id(8 << 22 | 1001)
        await client.send(WHO_IS, function=bvll.ORIGINAL_BROADCAST)
        message, _origin = await client.datagram()
        assert message.function == bvll.ORIGINAL_BROADCAST


async def test_an_i_am_comes_from_another_port_while_that_fault_lasts() -> None:
    responder = responder_of()
    async with serving(responder) as server, talking_to(server) as client:
        server.set_fault(responder, None, BacnetFault(Kind.OTHER_PORT))
        await client.send(WHO_IS)
        _message, origin = await client.datagram()
        assert origin != server.address
        assert (await client.ask(READ, VALUE))[0] == 0x30


async def test_only_a_registered_foreign_device_hears_and_spreads_broadcasts() -> None:
    lan = Lan()
    device, bbmd = BacnetServer(Router(responder_of())), BacnetServer(Router(None), is_bbmd=True)
    lan.add(device)
    lan.add(bbmd)
    with trio.fail_after(WITHIN_S):
        async with trio.open_nursery() as nursery:
            await nursery.start(device.serve)
            await nursery.start(bbmd.serve)
            async with talking_to(bbmd) as client:
                await client.send(WHO_IS, function=bvll.DISTRIBUTE_BROADCAST)
                assert (await client.datagram())[0] == bvll.LinkMessage(bvll.RESULT, b"\x00\x60")
                await client.send_raw(bvll.encode_link(bvll.REGISTER_FOREIGN_DEVICE, b"\x00\x3c"))
                assert (await client.datagram())[0] == bvll.LinkMessage(bvll.RESULT, b"\x00\x00")
                await client.send(WHO_IS, function=bvll.DISTRIBUTE_BROADCAST)
                message, _origin = await client.datagram()
                assert message.function == bvll.FORWARDED_NPDU
                assert bvll.decode_address(message.content) == device.address
                assert decode_npdu(message.content[6:]).content[:2] == I_AM
            nursery.cancel_scope.cancel()


async def test_a_device_that_is_no_bbmd_refuses_a_registration() -> None:
    async with serving(responder_of()) as server, talking_to(server) as client:
        await client.send_raw(bvll.encode_link(bvll.REGISTER_FOREIGN_DEVICE, b"\x00\x3c"))
        assert (await client.datagram())[0] == bvll.LinkMessage(bvll.RESULT, b"\x00\x30")


async def test_a_change_is_notified_to_who_subscribed() -> None:
    responder = responder_of()
    async with serving(responder) as server, talking_to(server) as client:
        await client.ask(SUBSCRIBE, subscribe(7, ai(1)))
        assert (await client.apdu())[:2] == b"\x10\x02"
        responder.device.set("IN1", 77.0)
        server.values_changed(responder, None)
        assert tags.real(77.0) in await client.apdu()


async def test_a_stalled_device_is_silent_until_the_fault_ends() -> None:
    responder = responder_of()
    async with serving(responder) as server, talking_to(server) as client:
        server.set_fault(responder, None, BacnetFault(Kind.STALL))
        await client.send(bytes((0x02, 0x75, 1, READ)) + VALUE)
        await until(lambda: server.counts.datagrams == 1)
        server.set_fault(responder, None, BacnetFault(Kind.NONE))
        await client.hears_nothing_before(READ, VALUE, 2)


async def test_a_slow_answer_does_not_hold_up_another_device() -> None:
    slow, quick = responder_of(instance=1), responder_of(instance=2)
    router = Router(slow, {50: {b"\x07": quick}})
    async with serving(router) as server, talking_to(server) as client:
        server.set_fault(slow, None, BacnetFault(Kind.SLOW, delay_s=0.2))
        await client.send(bytes((0x02, 0x75, 1, READ)) + VALUE)
        await client.send(bytes((0x02, 0x75, 2, READ)) + VALUE, to=Station(50, b"\x07"))
        assert [(await client.apdu())[1] for _ in range(2)] == [2, 1]


async def test_a_device_says_i_am_after_a_reboot() -> None:
    responder = responder_of()
    server = BacnetServer(Router(responder), is_bbmd=True)
    async with trio.open_nursery() as nursery:
        await nursery.start(server.serve)
        async with talking_to(server) as client:
            await client.send_raw(bvll.encode_link(bvll.REGISTER_FOREIGN_DEVICE, b"\x00\x3c"))
            await client.datagram()
            server.set_fault(responder, None, BacnetFault(Kind.REBOOT, delay_s=0.02))
            assert (await client.apdu())[:2] == I_AM
        nursery.cancel_scope.cancel()


async def test_a_segment_that_is_not_acknowledged_is_sent_again(mock_clock: trio.testing.MockClock) -> None:
    responder = responder_of(Preset.GENERIC, PointCounts(60, 20, 20))
    async with serving(responder) as server, talking_to(server) as client:
        await client.send(bytes((0x02, 0x71, 1, READ_MULTIPLE)) + present_values(responder))
        first = await client.apdu()
        for _ in range(3):
            mock_clock.jump(2.0)
            assert await client.apdu() == first


async def test_its_port_is_given_back() -> None:
    async with serving(responder_of()) as server:
        port = server.port
    again = BacnetServer(Router(None), port=port)
    again.close()


async def test_what_is_closed_opens_no_port_again_whatever_it_still_hears() -> None:
    responder = responder_of()
    async with serving(responder) as server:
        server.set_fault(responder, None, BacnetFault(Kind.OTHER_PORT))
    for function in (bvll.ORIGINAL_UNICAST, bvll.ORIGINAL_BROADCAST):
        server.receive(bvll.encode_link(function, b"\x01\x00" + WHO_IS), ("127.0.0.1", 9))
    assert server.counts.unsent == 2
    for kind in (Kind.REFUSE, Kind.NONE):
        server.set_fault(responder, None, BacnetFault(kind))
    assert server._socket.fileno() == -1
    assert server._side_door is None


@pytest.mark.parametrize("data", [b"", b"\x81", b"\x81\x0a\x00\x05\x01", b"x" * 1500])
async def test_what_is_no_bacnet_is_counted_and_the_next_request_answered(data: bytes) -> None:
    async with serving(responder_of()) as server, talking_to(server) as client:
        await client.send_raw(data)
        await client.ask(READ, VALUE)
        assert server.counts.flawed == 1


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=80) | st.tuples(st.sampled_from(range(12)), st.binary(max_size=60)), max_size=20))
def test_no_datagrams_make_a_server_raise(datagrams: list[bytes | tuple[int, bytes]]) -> None:
    async def main() -> None:
        router = Router(responder_of(), {50: {b"\x07": responder_of(instance=7)}}, {50: 38_400})
        async with serving(router, is_bbmd=True) as server:
            for each in datagrams:
                data = each if isinstance(each, bytes) else bvll.encode_link(each[0], each[1])
                server.receive(data, ("127.0.0.1", 9))
                server.receive(bvll.encode_link(bvll.ORIGINAL_UNICAST, b"\x01\x04" + data), ("127.0.0.1", 9))
                server.receive(
                    bvll.encode_link(bvll.ORIGINAL_UNICAST, b"\x01\x24\x00\x32\x01\x07\xff" + data), ("1.1.1.1", 9)
                )

    trio.run(functools.partial(main))
