from __future__ import annotations

import errno
import socket

import pytest
import trio

from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.apdu import confirmed
from t3actors.simulator.bacnet.build import PointCounts, build_device
from t3actors.simulator.bacnet.faults import BacnetFault
from t3actors.simulator.bacnet.faults import BacnetFaultKind as Kind
from t3actors.simulator.bacnet.responder import Responder, Sending
from t3actors.simulator.bacnet.router import Router
from t3actors.simulator.bacnet.server import BacnetServer
from t3actors.simulator.bacnet.subscriptions import Peer

PEER = Peer(("127.0.0.1", 47808))
READ, READ_MULTIPLE = 12, 14
PRESENT = bytes.fromhex("0c000000011955")
ALL_PRESENT = bytes.fromhex("0c000000011e09551f0c000000021e09551f")
ACCEPTS_SEGMENTS = b"\x02\x75\x01"


def responder_of(preset: Preset = Preset.T3000, fault: BacnetFault | None = None) -> Responder:
    responder = Responder(build_device(preset, 1, 1001, PointCounts(8, 2, 2)), 1)
    if fault is not None:
        responder.set_fault(fault, 0.0)
    return responder


def read(responder: Responder, data: bytes = PRESENT, service: int = READ) -> list[Sending]:
    return responder.receive(confirmed(service, 1, data), PEER, 0.0)


def test_an_error_is_of_class_device_with_the_code_that_was_wished() -> None:
    assert [each.apdu for each in read(responder_of(fault=BacnetFault(Kind.ERROR, code=25)))] == [
        bytes.fromhex("50010c91009119")
    ]


def test_garbage_has_the_length_of_the_answer_and_nothing_else_of_it() -> None:
    (right,), (wrong,) = read(responder_of()), read(responder_of(fault=BacnetFault(Kind.GARBAGE)))
    assert len(wrong.apdu) == len(right.apdu)
    assert wrong.apdu != right.apdu


def test_a_duplicate_is_the_same_answer_twice() -> None:
    right = read(responder_of())
    assert read(responder_of(fault=BacnetFault(Kind.DUPLICATE))) == right + right


def test_an_answer_from_elsewhere_is_the_right_one_from_another_port() -> None:
    (right,), (wrong,) = read(responder_of()), read(responder_of(fault=BacnetFault(Kind.WRONG_SOURCE)))
    assert wrong == right._replace(other_port=True)


def test_of_half_an_answer_only_the_first_segment_comes() -> None:
    responder = Responder(build_device(Preset.APDU_128, 1, 1001, PointCounts(30, 2, 2)), 1)
    responder.set_fault(BacnetFault(Kind.HALF_ANSWER), 0.0)
    wanted = b"".join(bytes((0x0C, 0, 0, 0, n)) + bytes.fromhex("1e094d1f") for n in range(1, 25))
    (first,) = responder.receive(ACCEPTS_SEGMENTS + bytes((READ_MULTIPLE,)) + wanted, PEER, 0.0)
    assert first.apdu[0] & 0x0C == 0x0C
    assert responder.receive(b"\x40\x01\x00\x04", PEER, 0.0) == []


@pytest.mark.parametrize(
    ("fault", "element"),
    [
        (BacnetFault(Kind.UNFRAMED, object="IN1"), bytes.fromhex("29554e45feffff4f")),
        (BacnetFault(Kind.PROPERTY_ERROR, object="IN1", code=32), bytes.fromhex("29555e910291205f")),
    ],
)
def test_a_property_that_cannot_be_read_stands_so_in_the_answer_until_it_is_healed(
    fault: BacnetFault, element: bytes
) -> None:
    responder = responder_of()
    (right,) = read(responder, ALL_PRESENT, READ_MULTIPLE)
    responder.set_fault(fault, 0.0)
    (wrong,) = read(responder, ALL_PRESENT, READ_MULTIPLE)
    assert element in wrong.apdu
    responder.set_fault(BacnetFault(Kind.NONE), 0.0)
    assert read(responder, ALL_PRESENT, READ_MULTIPLE) == [right]


def test_a_spoilt_name_leaves_the_value_as_it_was() -> None:
    responder = responder_of(fault=BacnetFault(Kind.UNDECODABLE, object="IN1", property=77))
    assert read(responder) == read(responder_of())


@pytest.mark.parametrize(("octets", "kind"), [(1000, 0x30), (1, 0x71)])
def test_an_abort_may_strike_only_from_so_many_octets_of_answer_on(octets: int, kind: int) -> None:
    responder = responder_of(fault=BacnetFault(Kind.ABORT, code=1, octets=octets))
    assert read(responder)[0].apdu[0] == kind


async def test_a_port_that_refuses_is_closed_and_the_same_one_is_open_again_when_it_is_healed() -> None:
    responder = responder_of()
    server = BacnetServer(Router(responder))
    async with trio.open_nursery() as nursery:
        await nursery.start(server.serve)
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with client:
            client.connect(server.address)
            client.setblocking(False)
            request = b"\x81\x0a\x00\x11\x01\x04" + confirmed(READ, 1, PRESENT)
            server.set_fault(responder, None, BacnetFault(Kind.REFUSE))
            client.send(request)
            await trio.lowlevel.wait_readable(client)
            with pytest.raises(OSError) as refused:  # noqa: PT011 - its number is looked at
                client.recv(100)
            assert refused.value.errno == errno.ECONNREFUSED
            server.set_fault(responder, None, BacnetFault(Kind.NONE))
            client.send(request)
            await trio.lowlevel.wait_readable(client)
            assert client.recv(100)[6:9] == b"\x30\x01\x0c"
        nursery.cancel_scope.cancel()
