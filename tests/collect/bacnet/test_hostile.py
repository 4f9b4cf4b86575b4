"""Whatever stranger's frame comes, the link goes on: the next good request works, and nothing runs away."""

from __future__ import annotations

import contextlib
import random
import socket

import pytest
import trio

from t3actors.collect.bacnet.link.requests import LinkCounts, LinkCountsRequested, ReadMultiple, ask_link
from t3actors.errors import DriverError
from tests.collect.bacnet.peer import PRESENT, Peer, acknowledging, link_up, plain, unicast

SEEDS = [
    plain(bytes.fromhex("1000c4020000012205c4910022008a")),  # I-Am
    plain(bytes.fromhex("1008")),  # Who-Is
    plain(bytes.fromhex("10020912 1c020000012c00000002 39004e09552e44000000002f4f".replace(" ", ""))),  # COV
    plain(bytes.fromhex("0005010109121c020000012c0000000239004e09552e44000000002f4f")),  # the same, confirmed
    plain(bytes.fromhex("0005010c0c020000011955")),  # ReadProperty
    plain(bytes.fromhex("0c0501000a0c0c02000001")),  # a segmented request
    plain(bytes.fromhex("0005010f0c0000000119553e44000000003f")),  # WriteProperty
    plain(b"\x30\x01\x0c" + PRESENT),
    plain(b"\x3c\x01\x00\x02\x0e" + PRESENT),  # a segment
    plain(b"\x40\x01\x00\x04"),  # SegmentACK
    plain(b"\x41\x01\x00\x00"),
    plain(b"\x50\x01\x0e\x91\x02\x91\x1f"),
    plain(b"\x60\x01\x09"),
    plain(b"\x71\x01\x04"),
    unicast(bytes.fromhex("0108003207") + bytes.fromhex("07") + bytes.fromhex("1000c4020000012205c4910022008a")),
    unicast(bytes.fromhex("01800100320033")),  # I-Am-Router-To-Network
    unicast(bytes.fromhex("018013000501")),  # Network-Number-Is
    unicast(bytes.fromhex("01a0ffff00ff00")),  # Who-Is-Router-To-Network
    b"\x81\x00\x00\x06\x00\x30",  # Result
    b"\x81\x04\x00\x18\x7f\x00\x00\x01\xba\xc0\x01\x00\x10\x00" + bytes(10),  # Forwarded-NPDU
    b"\x81\x05\x00\x06\x00\x3c",  # Register-Foreign-Device
    b"\x81\x01\x00\x04",
    b"\x01\x00",
    b"",
]


def mutated(rng: random.Random) -> bytes:
    frame = bytearray(rng.choice(SEEDS))
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(frame) + 1)
        change = rng.randrange(4)
        if change == 0 and at < len(frame):
            frame[at] = rng.randrange(256)
        elif change == 1:
            frame[at:at] = rng.randbytes(rng.randrange(1, 9))
        elif change == 2:
            del frame[at : at + rng.randrange(1, 9)]
        else:
            del frame[at:]
    if len(frame) >= 4 and frame[0] == 0x81 and rng.random() < 0.9:
        frame[2:4] = len(frame).to_bytes(2, "big")
    return bytes(frame)


async def test_mutated_frames_cost_only_themselves() -> None:
    rng = random.Random(135)
    with Peer(acknowledging(b"\x01")) as peer, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.3", 0))
        async with link_up(instance=1234) as house:
            asked = ReadMultiple(address=peer.address, service_data=b"\x0c", retries=1)
            for _ in range(30):
                for _ in range(100):
                    stranger.sendto(mutated(rng), house.at)
                assert await ask_link(house.registry, asked) == b"\x01"
            counts = await house.registry.ask("link/bacnet", LinkCountsRequested())
            assert isinstance(counts, LinkCounts)
            assert counts.bad_datagrams > 0
            stack = house.link._serving.stack
            assert stack is not None
            assert stack.application is not None
            assert len(stack.application.asap.serverTransactions) <= 32


async def test_frames_from_the_very_station_that_is_asked_cost_at_most_its_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mutated frames come as its answers, under the right invoke id, segmented ones too."""
    monkeypatch.setattr("t3actors.collect.bacnet.link.application._Abilities.apduSegmentTimeout", 50)
    rng = random.Random(14)

    def answer(frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        invoke_id = frame[8:9]
        bad = [bytearray(mutated(rng)) for _ in range(3)]
        for one in bad:
            if len(one) > 7 and rng.random() < 0.8:
                one[7:8] = invoke_id
        return [bytes(one) for one in bad]

    with Peer(answer) as liar, Peer(acknowledging(b"\x01")) as peer:
        async with link_up() as house:

            async def suffer() -> None:
                asked = ReadMultiple(address=liar.address, service_data=b"\x0c", timeout_s=0.05, retries=0)
                for _ in range(30):
                    with contextlib.suppress(DriverError):
                        await ask_link(house.registry, asked)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(suffer)
                for _ in range(30):
                    asked = ReadMultiple(address=peer.address, service_data=b"\x0c", timeout_s=30, retries=0)
                    assert await ask_link(house.registry, asked) == b"\x01"
            stack = house.link._serving.stack
            assert stack is not None
            assert stack.application is not None
            assert stack.application.asap.clientTransactions == []
            assert stack.application._waiting == {}
            assert len(house.link._serving.direct.lane) == 0
