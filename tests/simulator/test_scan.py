"""The simulated answer to T3000's scan. What it means is written here octet by octet."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from t3actors.simulator.panel import SimulatedPanel
from t3actors.simulator.scan import Asked, ScanResponder, answer

PANEL = SimulatedPanel(1, 0x12345678, 1, 1, 1, name="lobby", unit_id=7, panel_number=9)


@asynccontextmanager
async def asked(*datagrams: bytes, more: tuple[bytes, ...] = ()) -> AsyncIterator[tuple[ScanResponder, list[bytes]]]:
    """Send these to a running responder; give what comes back within a moment of the last answer."""
    responder = ScanResponder(lambda: [Asked(PANEL, 1502)], more=more)
    async with trio.open_nursery() as nursery:
        await nursery.start(responder.serve)
        with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            await client.bind(("127.0.0.1", 0))
            for datagram in datagrams:
                await client.sendto(datagram, (responder.host, responder.port))
            heard: list[bytes] = []
            while len(heard) < sum(one == b"\x64\0\0\0\0" for one in datagrams) * (1 + len(more)):
                heard.append((await client.recvfrom(2048))[0])
            yield responder, heard
        nursery.cancel_scope.cancel()


def test_an_answer_is_laid_out_as_a_panel_sends_it() -> None:
    frame = answer(PANEL, 1502)
    assert (len(frame), frame[:2]) == (68, b"\x65\0")
    assert (frame[4], frame[6], frame[8], frame[10]) == (0x78, 0x56, 0x34, 0x12)
    assert (frame[12], frame[14]) == (74, 7)
    assert (frame[16], frame[18], frame[20], frame[22]) == (127, 0, 0, 1)
    assert frame[24:26] == (1502).to_bytes(2, "little")
    assert frame[26:28] == (643).to_bytes(2, "little")
    assert frame[30:34] == b"\0\0\0\0"
    assert (frame[57], frame[58], frame[34], frame[35]) == tuple(PANEL.instance.to_bytes(4, "big"))
    assert (frame[36], frame[37:57]) == (9, b"lobby".ljust(20, b"\0"))
    assert (frame[59], frame[60:62], frame[67]) == (0, (47808).to_bytes(2, "little"), 5)


def test_an_answer_may_be_of_a_device_behind_a_panel_or_of_a_boot_loader() -> None:
    frame = answer(PANEL, 502, host="10.0.0.5", isp_mode=2, parent_serial=0x01020304)
    assert (frame[16], frame[22], frame[30:34], frame[59], frame[63]) == (10, 5, b"\x04\x03\x02\x01", 2, 1)


async def test_a_question_is_answered_once_for_each_panel_and_more_is_sent_after_it() -> None:
    async with asked(b"\x64\0\0\0\0", b"\x64\0\0\0\0", more=(b"more",)) as (responder, heard):
        assert heard == [answer(PANEL, 1502), b"more"] * 2
    assert (responder.counts.questions, responder.counts.others) == (2, 0)


async def test_anything_else_is_counted_and_not_answered() -> None:
    async with asked(b"\x66" + bytes(20), b"", b"\x64", b"\x64\0\0\0\0") as (responder, heard):
        assert heard == [answer(PANEL, 1502)]
    assert (responder.counts.questions, responder.counts.others) == (1, 3)


def test_a_port_that_is_taken_is_refused() -> None:
    first = ScanResponder(list)
    with pytest.raises(OSError, match="in use"):
        ScanResponder(list, port=first.port)
    first.close()
