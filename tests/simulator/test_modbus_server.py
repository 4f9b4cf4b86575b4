from __future__ import annotations

import struct

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from t3actors.simulator.answers import WRITE_FUNCTIONS
from t3actors.simulator.faults import NO_FAULT, Fault, FaultKind
from t3actors.simulator.frames import frame
from t3actors.simulator.modbus_server import ModbusServer
from t3actors.simulator.panel import SimulatedPanel
from tests.simulator.client import Client, connected, request, serving
from tests.waiting import until

SERIAL = bytes((3, 8, 0, 0x39, 0, 0x30, 0, 0, 0, 0))  # 12345, low byte first


async def still_right(server: ModbusServer) -> None:
    """After any fault a new connection is served as if nothing had been."""
    server.set_fault(NO_FAULT)
    async with connected(server.port) as client:
        assert await client.ask(4242, 0, 4) == (4242, 1, SERIAL)


async def test_a_panel_answers_with_the_requests_own_ids() -> None:
    async with serving() as server, connected(server.port) as client:
        assert await client.ask(0xBEEF, 0, 4) == (0xBEEF, 1, SERIAL)
        assert await client.ask(0, 0, 4, function=4) == (0, 1, b"\x04" + SERIAL[1:])


async def test_what_the_test_sets_is_what_the_wire_says() -> None:
    panel = SimulatedPanel(1, 12345)
    async with serving(panel) as server, connected(server.port) as client:
        panel.set("IN3", -21.5)
        _id, _unit, pdu = await client.ask(1, 7488, 2)
        assert pdu == b"\x03\x04" + struct.pack(">i", -21_500)


async def test_requests_sent_at_once_are_answered_in_order() -> None:
    async with serving() as server, connected(server.port) as client:
        await client.send(b"".join(request(number, 0, 4) for number in range(20)))
        assert [(await client.answer())[0] for _ in range(20)] == list(range(20))


async def test_a_request_that_comes_byte_by_byte_is_answered() -> None:
    async with serving() as server, connected(server.port) as client:
        for byte in request(9, 0, 4):
            await client.send(bytes((byte,)))
        assert await client.answer() == (9, 1, SERIAL)


@pytest.mark.parametrize("unit_id", [0, 1, 255])
async def test_a_single_panel_answers_to_its_own_unit_id_and_to_0_and_255(unit_id: int) -> None:
    async with serving() as server, connected(server.port) as client:
        assert await client.ask(1, 0, 4, unit_id=unit_id) == (1, unit_id, SERIAL)


async def test_a_single_panel_is_silent_to_other_unit_ids() -> None:
    async with serving() as server, connected(server.port) as client:
        await client.send(request(1, 0, 4, unit_id=2))
        assert await client.ask(2, 0, 4) == (2, 1, SERIAL)


async def test_a_gateway_has_its_panels_behind_unit_ids_and_answers_0x0b_for_the_others() -> None:
    panels = [SimulatedPanel(unit_id, 1000 + unit_id, unit_id=unit_id) for unit_id in (1, 2, 7)]
    async with serving(*panels, gateway=True) as server, connected(server.port) as client:
        for unit_id in (1, 2, 7):
            _id, _unit, pdu = await client.ask(1, 6, 1, unit_id=unit_id)
            assert pdu == bytes((3, 2, 0, unit_id))
        assert await client.ask(2, 6, 1, unit_id=3) == (2, 3, b"\x83\x0b")


@pytest.mark.parametrize("function", sorted(WRITE_FUNCTIONS))
async def test_a_write_is_refused_and_counted_and_changes_nothing(function: int) -> None:
    panel = SimulatedPanel(1, 12345)
    before = bytes(panel.image)
    async with serving(panel) as server, connected(server.port) as client:
        assert await client.ask(1, 7100, 1, function=function) == (1, 1, bytes((function | 0x80, 1)))
        assert (server.counts.writes, server.counts.exceptions) == (1, 1)
    assert panel.image == before


async def test_reads_are_no_writes() -> None:
    async with serving() as server, connected(server.port) as client:
        for function in (1, 2, 3, 4):
            await client.ask(1, 0, 1, function=function)
        assert (server.counts.writes, server.counts.requests, server.counts.answered) == (0, 4, 4)


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (FaultKind.WRONG_ID, (8, 1, SERIAL)),
        (FaultKind.ZERO_ID, (0, 1, SERIAL)),
        (FaultKind.CONSTANT_ID, (1, 1, SERIAL)),
        (FaultKind.WRONG_UNIT, (7, 2, SERIAL)),
        (FaultKind.WRONG_FUNCTION, (7, 1, b"\x04" + SERIAL[1:])),
        (FaultKind.SHORT, (7, 1, b"\x03\x06" + SERIAL[2:-2])),
        (FaultKind.LONG, (7, 1, b"\x03\x0a" + SERIAL[2:] + bytes(2))),
        (FaultKind.WRONG_COUNT, (7, 1, b"\x03\x0a" + SERIAL[2:])),
        (FaultKind.EXCEPTION, (7, 1, b"\x83\x04")),
    ],
)
async def test_a_distorted_answer_arrives_so_and_the_next_is_right(
    kind: FaultKind, answer: tuple[int, int, bytes]
) -> None:
    async with serving() as server, connected(server.port) as client:
        server.set_fault(Fault(kind))
        assert await client.ask(7, 0, 4) == answer
        server.set_fault(NO_FAULT)
        assert await client.ask(7, 0, 4) == (7, 1, SERIAL)


async def test_a_stalled_request_is_never_answered_not_even_afterwards() -> None:
    async with serving() as server, connected(server.port) as client:
        server.set_fault(Fault(FaultKind.STALL))
        await client.send(request(1, 0, 4))
        await until(lambda: server.counts.requests == 1)
        server.set_fault(NO_FAULT)
        assert await client.ask(2, 0, 4) == (2, 1, SERIAL)


@pytest.mark.parametrize(("kind", "length"), [(FaultKind.DROP, 0), (FaultKind.DROP_MID_FRAME, 8)])
async def test_a_drop_closes_the_connection_on_a_request(kind: FaultKind, length: int) -> None:
    async with serving() as server:
        async with connected(server.port) as client:
            server.set_fault(Fault(kind))
            await client.send(request(1, 0, 4))
            assert len(await client.until_closed()) == length
        await still_right(server)


@pytest.mark.parametrize("kind", [FaultKind.GARBAGE, FaultKind.OVERLONG, FaultKind.WRONG_PROTOCOL])
async def test_bytes_that_are_no_frame_come_instead_of_an_answer(kind: FaultKind) -> None:
    async with serving() as server:
        async with connected(server.port) as client:
            server.set_fault(Fault(kind))
            await client.send(request(1, 0, 4))
            assert await client.stream.receive_some() != frame(1, 1, SERIAL)
        await still_right(server)


async def test_a_late_answer_comes_with_the_next_request_under_its_own_id() -> None:
    async with serving() as server, connected(server.port) as client:
        server.set_fault(Fault(FaultKind.LATE))
        await client.send(request(1, 0, 4))
        await until(lambda: server.counts.requests == 1)
        assert server.counts.answered == 0
        assert await client.ask(2, 7, 1) == (1, 1, SERIAL)
        server.set_fault(NO_FAULT)
        await client.send(request(3, 0, 4))
        assert [(await client.answer())[0] for _ in range(2)] == [2, 3]


async def test_a_late_answer_with_a_delay_comes_by_itself() -> None:
    async with serving() as server, connected(server.port) as client:
        server.set_fault(Fault(FaultKind.LATE, delay_s=0.05))
        await client.send(request(1, 0, 4) + request(2, 0, 4))
        assert [(await client.answer())[0] for _ in range(2)] == [1, 2]


async def test_answers_held_for_a_client_that_never_waits_are_bounded() -> None:
    async with serving() as server, connected(server.port) as client:
        server.set_fault(Fault(FaultKind.LATE, delay_s=0.2))
        await client.send(b"".join(request(number, 0, 4) for number in range(200)))
        assert (await client.answer())[0] == 200 - 64


async def test_a_slow_answer_is_the_right_one() -> None:
    async with serving() as server, connected(server.port) as client:
        server.set_fault(Fault(FaultKind.SLOW, delay_s=0.02))
        assert await client.ask(1, 0, 4) == (1, 1, SERIAL)


async def test_illegal_ranges_are_exception_2_and_the_rest_is_answered() -> None:
    async with serving() as server, connected(server.port) as client:
        server.set_fault(Fault(FaultKind.ILLEGAL_RANGES, registers=((7484, 7490),)))
        assert (await client.ask(1, 7400, 125))[2] == b"\x83\x02"
        assert (await client.ask(2, 0, 4))[2] == SERIAL
        assert (await client.ask(3, 7491, 2))[2][:2] == b"\x03\x04"


async def test_a_fault_of_one_unit_leaves_its_neighbours_alone() -> None:
    panels = [SimulatedPanel(1, 12345, unit_id=1), SimulatedPanel(1, 12345, unit_id=2)]
    async with serving(*panels, gateway=True) as server, connected(server.port) as client:
        server.set_fault(Fault(FaultKind.STALL), unit_id=1)
        await client.send(request(1, 0, 4, unit_id=1))
        assert await client.ask(2, 0, 4, unit_id=2) == (2, 2, SERIAL)
        server.set_fault(NO_FAULT, unit_id=1)
        assert await client.ask(3, 0, 4, unit_id=1) == (3, 1, SERIAL)


async def test_refuse_closes_the_listener_and_every_connection_and_the_port_comes_back() -> None:
    async with serving() as server:
        for _ in range(3):
            async with connected(server.port) as client:
                await client.ask(1, 0, 4)
                server.set_fault(Fault(FaultKind.REFUSE))
                assert await client.until_closed() == b""
            with pytest.raises(OSError, match="connect"):
                await trio.open_tcp_stream("127.0.0.1", server.port)
            await still_right(server)


async def test_a_listener_that_refuses_from_the_start_does() -> None:
    server = ModbusServer([SimulatedPanel(1, 12345)])
    server.set_fault(Fault(FaultKind.REFUSE))
    async with trio.open_nursery() as nursery:
        await nursery.start(server.serve)
        with pytest.raises(OSError, match="connect"):
            await trio.open_tcp_stream("127.0.0.1", server.port)
        await still_right(server)
        nursery.cancel_scope.cancel()


async def test_into_a_black_hole_connecting_hangs_and_open_connections_are_silent() -> None:
    async with serving() as server:
        async with connected(server.port) as client:
            await client.ask(1, 0, 4)
            server.set_fault(Fault(FaultKind.BLACKHOLE))
            await client.send(request(2, 0, 4))
            await until(lambda: server.counts.requests == 2)
            with trio.move_on_after(0.1) as patience:
                await trio.open_tcp_stream("127.0.0.1", server.port)
            assert patience.cancelled_caught
            server.set_fault(NO_FAULT)
            assert await client.ask(3, 0, 4) == (3, 1, SERIAL)
        await still_right(server)


async def test_the_door_goes_from_any_state_to_any_other() -> None:
    states = [FaultKind.BLACKHOLE, FaultKind.REFUSE, FaultKind.ONE_CLIENT]
    async with serving() as server:
        for before in states:
            for after in states:
                server.set_fault(Fault(before))
                server.set_fault(Fault(after))
                await still_right(server)


async def test_with_one_client_a_second_is_turned_away_and_may_come_when_the_first_has_left() -> None:
    async with serving() as server:
        server.set_fault(Fault(FaultKind.ONE_CLIENT))
        async with connected(server.port) as first:
            await first.ask(1, 0, 4)
            async with connected(server.port) as second:
                assert await second.until_closed() == b""
            assert server.counts.turned_away == 1
            assert await first.ask(2, 0, 4) == (2, 1, SERIAL)
        await until(lambda: not server.clients)
        async with connected(server.port) as third:
            assert await third.ask(3, 0, 4) == (3, 1, SERIAL)


async def test_a_peer_that_resets_the_connection_hurts_nobody() -> None:
    async with serving() as server:
        async with connected(server.port) as client:
            client.stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, struct.pack("ii", 1, 0))
            await client.send(request(1, 0, 4) * 5)
        await until(lambda: not server.clients)
        await still_right(server)


async def test_a_client_that_never_reads_does_not_hold_up_another() -> None:
    async with serving() as server, connected(server.port) as greedy:
        with trio.move_on_after(0.3):
            while True:
                await greedy.send(b"".join(request(number, 7100, 125) for number in range(500)))
        await still_right(server)


@pytest.mark.parametrize("hostile", [b"\0\1\0\1\0\6", b"\0\1\0\0\0\xff", b"\0\1\0\0\0\0", b"GET / HTTP/1.1\r\n\r\n"])
async def test_a_header_that_is_none_closes_the_connection(hostile: bytes) -> None:
    async with serving() as server:
        async with connected(server.port) as client:
            await client.send(request(1, 0, 4) + hostile)
            assert await client.until_closed() == frame(1, 1, SERIAL)
        assert server.counts.flawed == 1
        await still_right(server)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.binary(max_size=300) | st.binary(min_size=1, max_size=253).map(lambda pdu: frame(1, 1, pdu)), max_size=4
    ),
    st.sampled_from([kind for kind in FaultKind if kind is not FaultKind.ILLEGAL_RANGES]),
)
def test_no_bytes_bring_the_server_down_whatever_the_fault(chunks: list[bytes], kind: FaultKind) -> None:
    async def assail() -> None:
        async with serving() as server:
            stream = await trio.open_tcp_stream("127.0.0.1", server.port)
            server.set_fault(Fault(kind))
            async with stream:
                try:
                    for chunk in chunks:
                        await stream.send_all(chunk)
                    await stream.send_eof()
                except trio.BrokenResourceError:
                    pass
                await Client(stream).until_closed()
            await still_right(server)

    trio.run(assail)


async def test_a_unit_that_is_not_here_is_refused() -> None:
    async with serving() as server:
        with pytest.raises(ValueError, match=r"unit id: saw 9, behind this listener are \[0, 1, 255\]"):
            server.set_fault(Fault(FaultKind.STALL), unit_id=9)


@pytest.mark.parametrize(
    ("unit_ids", "gateway", "said"),
    [([], False, "unit ids: saw"), ([1, 1], True, "unit ids: saw"), ([1, 2], False, "only a gateway can have")],
)
def test_a_listener_that_cannot_be_is_refused(unit_ids: list[int], gateway: bool, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ModbusServer([SimulatedPanel(1, 1, unit_id=unit_id) for unit_id in unit_ids], gateway=gateway)
