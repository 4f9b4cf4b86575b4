from __future__ import annotations

import socket
from random import Random

import trio
import trio.testing

from t3actors.simulator.conversation import Conversation
from t3actors.simulator.counts import Counts
from t3actors.simulator.faults import Fault, FaultKind
from t3actors.simulator.frames import Request, frame
from tests.waiting import WITHIN_S

PDU = bytes((3, 250)) + bytes(250)


class Deaf:
    """A server that answers every unit but 9, and disturbs unit 5 only."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.random = Random(1)

    def answer(self, request: Request) -> bytes | None:
        return None if request.unit_id == 9 else PDU

    def fault_of(self, unit_id: int) -> Fault | None:
        return Fault(FaultKind.DROP) if unit_id == 5 else None


async def conversed(sent: bytes) -> tuple[bytes, Counts]:
    """Send everything, then read everything: answers pile up in between."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    theirs.setblocking(False)
    server, received = Deaf(), b""
    with ours, theirs, trio.fail_after(WITHIN_S):
        async with trio.open_nursery() as nursery:

            async def serve() -> None:
                await Conversation(theirs, server).run()
                theirs.shutdown(socket.SHUT_WR)

            nursery.start_soon(serve)
            stream = trio.SocketStream(trio.socket.from_stdlib_socket(ours.dup()))
            async with stream:
                await stream.send_all(sent)
                await trio.testing.wait_all_tasks_blocked()
                await stream.send_eof()
                while more := await stream.receive_some():
                    received += more
    return received, server.counts


async def test_answers_that_fill_the_sockets_buffer_arrive_whole() -> None:
    received, counts = await conversed(b"".join(frame(number, 1, b"\x03") for number in range(300)))
    assert received == b"".join(frame(number, 1, PDU) for number in range(300))
    assert (counts.requests, counts.answered) == (300, 300)


async def test_where_the_server_is_silent_nothing_is_sent() -> None:
    received, counts = await conversed(frame(1, 9, b"\x03") + frame(2, 1, b"\x03"))
    assert received == frame(2, 1, PDU)
    assert (counts.requests, counts.answered) == (2, 1)


async def test_what_follows_a_dropped_request_is_not_served() -> None:
    received, counts = await conversed(frame(1, 1, b"\x03") + frame(2, 5, b"\x03") + frame(3, 1, b"\x03"))
    assert received == frame(1, 1, PDU)
    assert counts.requests == 2


async def test_a_frame_that_the_peer_does_not_finish_is_no_request() -> None:
    received, counts = await conversed(frame(1, 1, b"\x03")[:-1])
    assert (received, counts.requests, counts.flawed) == (b"", 0, 0)
