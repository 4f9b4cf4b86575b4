"""A Temco panel's serial number over the wire: one reading command, and nothing else leaves the machine."""

from __future__ import annotations

import struct

import pytest

from t3actors.collect.bacnet.codec.temco import Setting
from t3actors.collect.bacnet.link.requests import PrivateTransfer, ask_link
from t3actors.collect.bacnet.setting import read_setting
from t3actors.errors import BadResponse, RequestRefused
from t3actors.simulator.bacnet.subscriptions import Peer as Asker
from tests.collect.bacnet.codec.test_temco import HEADER, block
from tests.collect.bacnet.peer import Peer, acknowledging, confirmed, link_up, plain
from tests.simulator.bacnet.client import responder_of

ASKER = Asker(("127.0.0.1", 1))

IDENTITY = bytes.fromhex("0a01041901")


def result(content: bytes) -> bytes:
    return IDENTITY + b"\x2e\x65\xfe" + len(content).to_bytes(2, "big") + content + b"\x2f"


async def test_a_panel_is_asked_with_command_98_and_its_answer_read() -> None:
    with Peer(acknowledging(result(HEADER + block()), 18)) as peer:
        async with link_up() as house:
            assert await read_setting(house.registry, peer.address) == Setting(3, 240_488, 1001)
    ((_, _, data),) = peer.requests(18)
    assert data == IDENTITY + bytes.fromhex("2e" + "6507" + "07006200009001" + "2f")


async def test_a_simulated_panel_says_who_it_is() -> None:
    panel = responder_of()

    def answer(frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        return [plain(each.apdu) for each in panel.receive(frame[6:], ASKER, 0.0)]

    with Peer(answer) as peer:
        async with link_up() as house:
            assert await read_setting(house.registry, peer.address) == Setting(1, 101_001, 1001)
    assert panel.counts.writes == 0


async def test_a_panel_that_knows_no_private_transfer_says_so() -> None:
    def refuse(frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        asked = confirmed(frame)
        wrapped = bytes.fromhex("0e9105911d0f1a01042901")  # ConfirmedPrivateTransfer-Error, 21
        return [plain(bytes([0x50, asked[0], 18]) + wrapped)] if asked else []

    with Peer(refuse) as peer:
        async with link_up() as house:
            with pytest.raises(RequestRefused, match="services: ") as refused:
                await read_setting(house.registry, peer.address)
    assert (refused.value.kind, refused.value.error_class, refused.value.code) == ("error", 5, 29)


async def test_an_answer_of_another_shape_is_a_bad_response() -> None:
    with Peer(acknowledging(result(HEADER + bytes(20)), 18)) as peer:
        async with link_up() as house:
            with pytest.raises(BadResponse, match="settings of 20 octets"):
                await read_setting(house.registry, peer.address)


@pytest.mark.parametrize("command", [28, 99, 100, 198])
async def test_a_command_that_may_change_the_panel_is_refused_before_anything_is_sent(command: int) -> None:
    with Peer() as peer:
        async with link_up() as house:
            parameters = struct.pack("<HBBBH", 7, command, 0, 0, 400)
            with pytest.raises(ValueError, match=f"saw command {command}"):
                await ask_link(house.registry, PrivateTransfer(address=peer.address, parameters=parameters))
            assert not house.link._serving.jobs
    assert peer.frames == []
