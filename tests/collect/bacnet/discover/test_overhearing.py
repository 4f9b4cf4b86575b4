"""What is overheard, octet for octet; and that listening sends nothing, whoever asks what."""

from __future__ import annotations

import socket

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.bacnet.codec.services import encode_i_am
from t3actors.collect.bacnet.discover.overhearing import listen, overheard
from t3actors.collect.bacnet.link.interfaces import Endpoint
from t3actors.collect.bacnet.link.requests import DeviceSeen
from t3actors.errors import LinkDown
from tests.waiting import until

SOURCE = ("10.0.0.1", 47808)
I_AM = b"\x10\x00" + encode_i_am(5, 480, 148)


def frame(npdu: bytes, function: int = 11) -> bytes:
    return bytes([0x81, function]) + (len(npdu) + 4).to_bytes(2, "big") + npdu


def device(address: str, network: int | None, mac: str) -> DeviceSeen:
    return DeviceSeen(address, network, bytes.fromhex(mac), 5, 148, 480, 0)


@pytest.mark.parametrize(
    ("datagram", "seen"),
    [
        (frame(b"\x01\x00" + I_AM), device("10.0.0.1:47808", None, "0a000001bac0")),
        (frame(b"\x01\x00" + I_AM, 10), device("10.0.0.1:47808", None, "0a000001bac0")),
        (frame(b"\x01\x20\xff\xff\x00\xff" + I_AM), device("10.0.0.1:47808", None, "0a000001bac0")),
        (frame(b"\x01\x08\x00\x32\x01\x07" + I_AM), device("50:7", 50, "07")),
        (frame(b"\x01\x28\xff\xff\x00\x00\x32\x01\x07\xff" + I_AM), device("50:7", 50, "07")),
        (frame(b"\x0a\x00\x00\x02\xba\xc1\x01\x00" + I_AM, 4), device("10.0.0.2:47809", None, "0a000002bac1")),
        (
            frame(b"\x01\x08\x00\x32\x06\x0a\x00\x00\x03\xba\xc0" + I_AM),
            device("50:10.0.0.3:47808", 50, "0a000003bac0"),
        ),
    ],
)
def test_an_i_am_says_who_is_where(datagram: bytes, seen: DeviceSeen) -> None:
    assert overheard(datagram, SOURCE) == seen


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        frame(b"\x01\x00" + I_AM)[:-1],
        frame(b"\x01\x00" + I_AM[:-1]),
        frame(b"\x02\x00" + I_AM),
        frame(b"\x01\x80\x01\x00\x32"),
        frame(b"\x01\x00\x10\x08"),
        frame(b"\x01\x04\x02\x65\x07\x0c\x0c\x02\x00\x00\x05\x19\x4d"),
        frame(b"\x01\x00" + I_AM, 9),
        frame(b"\x0a\x00\x00", 4),
        frame(b"\x01\x08\x00\x32\xff\x07" + I_AM),
        b"M-SEARCH * HTTP/1.1\r\n\r\n",
    ],
)
def test_anything_else_is_nobody(datagram: bytes) -> None:
    assert overheard(datagram, SOURCE) is None


@given(st.binary(max_size=60))
def test_no_octets_make_it_raise(octets: bytes) -> None:
    overheard(octets, SOURCE)
    overheard(frame(octets), SOURCE)
    overheard(frame(octets, 4), SOURCE)
    overheard(frame(b"\x01\x28" + octets), SOURCE)


async def test_it_hears_and_sends_nothing_whatever_it_is_asked() -> None:
    heard: list[DeviceSeen] = []
    questions = [
        b"\x01\x00\x10\x08",  # Who-Is
        b"\x01\x80\x00",  # Who-Is-Router-To-Network
        b"\x01\x80\x12",  # What-Is-Network-Number
        b"\x01\x04\x02\x65\x07\x0c\x0c\x02\x3f\xff\xff\x19\x4d",  # ReadProperty
    ]
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free,
    ):
        peer.bind(("127.0.0.1", 0))
        peer.setblocking(False)
        free.bind(("127.0.0.1", 0))
        at = free.getsockname()
        free.close()
        async with trio.open_nursery() as nursery:
            await nursery.start(listen, Endpoint(*at), heard.append)
            for question in questions:
                peer.sendto(frame(question, 10), at)
            peer.sendto(bytes.fromhex("8105000600" + "3c"), at)  # Register-Foreign-Device
            peer.sendto(frame(b"\x01\x00" + I_AM, 10), at)
            await until(lambda: heard)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        with pytest.raises(BlockingIOError):
            peer.recv(2048)
    assert [one.instance for one in heard] == [5]


async def test_a_port_that_is_taken_is_said() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        with pytest.raises(LinkDown, match="another program holds"):
            await listen(Endpoint(*other.getsockname()), lambda _seen: None)
