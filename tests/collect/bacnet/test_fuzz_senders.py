"""Who asks us something and cannot be answered, because no route leads to him, keeps nobody else from being heard."""

from __future__ import annotations

import socket

import pytest

from t3actors.collect.bacnet.link.requests import LinkCountsRequested, ReadMultiple, ask_link
from tests.collect.bacnet.peer import Peer, acknowledging, link_up, unicast
from tests.waiting import until

FRAMES = 600  # more than may be under way at once
WRITE = bytes.fromhex("0005070f0c0000000119553e44000000003f")
WHO_IS = bytes.fromhex("1008")


@pytest.mark.parametrize(
    ("network", "apdu"),
    [(0, WRITE), (0, WHO_IS), (65535, WRITE), (65535, WHO_IS)],
    ids=["0-WriteProperty", "0-Who-Is", "65535-WriteProperty", "65535-Who-Is"],
)
async def test_a_sender_on_a_network_that_cannot_be_costs_only_his_own_frames(network: int, apdu: bytes) -> None:
    frame = unicast(b"\x01\x08" + network.to_bytes(2, "big") + b"\x01\x07" + apdu)
    with Peer(acknowledging(b"\x01")) as peer, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.7", 0))
        async with link_up(instance=77) as house:
            for _ in range(FRAMES):
                stranger.sendto(frame, house.at)
            asked = ReadMultiple(address=peer.address, service_data=b"\x0c", timeout_s=30, retries=0)
            assert await ask_link(house.registry, asked) == b"\x01"
            counts = await house.registry.ask("link/bacnet", LinkCountsRequested())
            assert counts.is_open
            assert counts.dropped_datagrams == 0
            await until(lambda: len(peer.frames) == 1)
