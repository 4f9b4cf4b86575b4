"""What others may do to us: be heard, be answered where we have an instance, and nothing else."""

from __future__ import annotations

import socket
from typing import Any, Self

import pytest
import trio

from supervision.actor import TrioActor
from supervision.testing import running
from t3actors.collect.bacnet.codec.services import encode_i_am
from t3actors.collect.bacnet.link.requests import (
    CancelCov,
    CovNotified,
    DevicesSeen,
    ReadMultiple,
    SubscribeCov,
    WhoIs,
    ask_link,
)
from t3actors.errors import LinkDown, RequestRefused
from tests.collect.bacnet.peer import House, Peer, acknowledging, confirmed, link_up, plain, unicast
from tests.waiting import WITHIN_S, until

WRITE = bytes.fromhex("0005070f0c0000000119553e44000000003f")
REFUSED = {
    "WriteProperty": WRITE,
    "WritePropertyMultiple": bytes.fromhex("000507100c00000001"),
    "DeviceCommunicationControl": bytes.fromhex("000507111901"),
    "ReinitializeDevice": bytes.fromhex("000507140900"),
    "SubscribeCOV": bytes.fromhex("000507050912"),
    "AtomicWriteFile": bytes.fromhex("00050707"),
}


class Receiver(TrioActor):
    def __init__(self) -> None:
        super().__init__()
        self.got: list[Any] = []

    def on_receive(self, message: object) -> None:
        self.got.append(message)


class Stranger:
    """A socket that speaks first, and what came back."""

    def __init__(self, address: str = "127.0.0.4") -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        self.socket.setblocking(False)

    def say(self, frame: bytes, house: House) -> None:
        self.socket.sendto(frame, house.at)

    async def hear(self, within_s: float = WITHIN_S) -> bytes | None:
        with trio.move_on_after(within_s):
            await trio.lowlevel.wait_readable(self.socket)
            return self.socket.recv(2048)
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("instance", [None, 77])
async def test_a_service_that_would_change_us_is_rejected_as_unrecognized(name: str, instance: int | None) -> None:
    with Stranger() as stranger:
        async with link_up(instance=instance) as house:
            stranger.say(plain(REFUSED[name]), house)
            assert await stranger.hear() == plain(b"\x60\x07\x09")


async def test_who_is_is_answered_only_with_an_instance_and_in_range() -> None:
    who_is, next_one = plain(b"\x10\x08"), plain(WRITE)
    with Stranger() as stranger:
        async with link_up() as house:
            stranger.say(who_is, house)
            stranger.say(next_one, house)
            answer = await stranger.hear()
            assert answer is not None
            assert answer[6] == 0x60, "the Who-Is before it had no answer"
        async with link_up(instance=77) as house:
            stranger.say(plain(b"\x10\x08\x09\x01\x19\x4c"), house)  # 1 to 76
            stranger.say(plain(b"\x10\x08\x09\x01\x19\x4d"), house)  # 1 to 77
            assert await stranger.hear() == plain(b"\x10\x00" + encode_i_am(77, 1476, 999))
            assert await stranger.hear(0.1) is None


async def test_our_device_object_can_be_read_where_there_is_one() -> None:
    asks_name = plain(bytes.fromhex("0005090c0c0200004d194d"))
    with Stranger() as stranger:
        async with link_up(instance=77) as house:
            stranger.say(asks_name, house)
            assert b"t3actors-77" in (await stranger.hear() or b"")
        async with link_up() as house:
            stranger.say(asks_name, house)
            assert await stranger.hear() == plain(b"\x60\x09\x09")


async def test_time_synchronization_changes_nothing_and_is_not_answered() -> None:
    with Stranger() as stranger:
        async with link_up(instance=77) as house:
            stranger.say(plain(bytes.fromhex("1006a47c0716ffb40a000000")), house)
            stranger.say(plain(WRITE), house)
            answer = await stranger.hear()
            assert answer is not None
            assert answer[6] == 0x60


async def test_a_burst_of_i_ams_comes_as_few_messages_each_device_once() -> None:
    discovery = Receiver()
    with Stranger() as stranger:
        async with link_up() as house, running(discovery, name="discovery", registry=house.registry):
            for instance in range(200):
                for _ in range(2):
                    stranger.say(plain(b"\x10\x00" + encode_i_am(instance, 480, 148)), house)
                if instance % 20 == 0:
                    await trio.lowlevel.checkpoint()
            routed = bytes.fromhex("01080032 01 07".replace(" ", "")) + b"\x10\x00" + encode_i_am(9, 50, 148)
            stranger.say(unicast(routed), house)
            await until(lambda: any(d.network == 50 for message in discovery.got for d in message.devices))
            assert all(isinstance(message, DevicesSeen) for message in discovery.got)
            assert len(discovery.got) < 20
            seen = [device for message in discovery.got for device in message.devices]
            assert {device.instance for device in seen} == {*range(200)}
            behind = next(device for device in seen if device.network == 50)
            assert (behind.address, behind.mac, behind.max_apdu, behind.vendor_id) == ("50:7", b"\x07", 50, 148)


async def test_an_i_am_that_is_none_is_not_told() -> None:
    discovery = Receiver()
    with Stranger() as stranger:
        async with link_up() as house, running(discovery, name="discovery", registry=house.registry):
            stranger.say(
                plain(b"\x10\x00\xc4\x00\x00\x00\x01\x22\x05\xc4\x91\x00\x22\x00\x94"), house
            )  # analog-input 1
            stranger.say(plain(b"\x10\x00\xc4\x02\x00\x00"), house)
            stranger.say(plain(b"\x10\x00" + encode_i_am(5, 480, 148)), house)
            await until(lambda: discovery.got)
            assert [device.instance for device in discovery.got[0].devices] == [5]


async def test_who_is_goes_to_one_station_or_by_broadcast_where_there_is_one() -> None:
    with Peer() as peer:
        async with link_up() as house:
            await ask_link(house.registry, WhoIs(low=1, high=2, destination=peer.address))
            await until(lambda: peer.frames)
            assert peer.frames == [plain(b"\x10\x08\x09\x01\x19\x02")]
            with pytest.raises(LinkDown, match="no broadcast address"):
                await ask_link(house.registry, WhoIs())


async def test_who_is_by_broadcast_on_loopback() -> None:
    with Peer(address="127.255.255.255") as everybody:
        async with link_up(interface="127.0.0.1/8") as house:
            stack = house.link._serving.stack
            assert stack is not None
            stack.datagrams.local = (stack.datagrams.local[0], everybody.port)  # a Peer cannot share our port
            await ask_link(house.registry, WhoIs())
            await until(lambda: everybody.frames)
            assert everybody.frames[0] == b"\x81\x0b\x00\x0c\x01\x20\xff\xff\x00\xff\x10\x08"


def notification(process_id: int, confirmed_id: int | None = None) -> bytes:
    head = b"\x10\x02" if confirmed_id is None else bytes([0, 5, confirmed_id, 1])
    about = bytes.fromhex("1c0200000a2c00000002391e4e09552e44420a00002f096f2e8204082f4f")
    return plain(head + b"\x0b" + process_id.to_bytes(3, "big") + about)


async def test_a_cov_notification_comes_to_the_role_that_subscribed_until_it_is_cancelled() -> None:
    def accept(frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        asked = confirmed(frame)
        return [plain(bytes([0x20, asked[0], 5]))] if asked else []

    device = Receiver()
    with Peer(accept) as peer:
        async with link_up() as house, running(device, name="device/ahu-1", registry=house.registry):
            process_id = await ask_link(house.registry, subscription(peer, role="device/ahu-1"))
            peer.socket.sendto(notification(process_id), house.at)
            await until(lambda: device.got)
            told = device.got[0]
            assert isinstance(told, CovNotified)
            assert (told.device_instance, told.object_instance, told.remaining_s) == (10, 2, 30)
            assert [(one[0], one[1]) for one in told.values] == [(85, None), (111, None)]
            with Peer(accept) as other:
                other.socket.sendto(notification(process_id, 3), house.at)
                await until(lambda: other.frames)
                assert other.frames[0] == plain(b"\x50\x03\x01\x91\x05\x91\x4f"), "it is not its subscription"
                leftover = CancelCov(address=other.address, object_type=0, object_instance=2, process_id=process_id)
                await ask_link(house.registry, leftover)
            peer.frames.clear()
            peer.socket.sendto(notification(process_id, 4), house.at)
            await until(lambda: plain(b"\x20\x04\x01") in peer.frames)
            cancel = CancelCov(address=peer.address, object_type=0, object_instance=2, process_id=process_id)
            await ask_link(house.registry, cancel)
            peer.socket.sendto(notification(process_id, 6), house.at)
            await until(lambda: plain(b"\x50\x06\x01\x91\x05\x91\x4f") in peer.frames)
            assert peer.requests(5)[-1][2][-5:] == bytes.fromhex("1c00000002"), "a cancellation has no lifetime"


def subscription(peer: Peer, role: str = "x", process_id: int = 7, lifetime_s: int = 300) -> SubscribeCov:
    return SubscribeCov(
        address=peer.address,
        object_type=0,
        object_instance=2,
        role=role,
        lifetime_s=lifetime_s,
        process_id=process_id,
    )


async def test_a_refused_subscription_is_told_and_forgotten_when_it_is_taken_back() -> None:
    def refuse(frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        asked = confirmed(frame)
        return [plain(bytes([0x50, asked[0], 5]) + b"\x91\x03\x91\x12")] if asked else []

    with Peer(refuse) as peer:
        async with link_up() as house:
            with pytest.raises(RequestRefused) as caught:
                await ask_link(house.registry, subscription(peer))
            assert (caught.value.error_class, caught.value.code) == (3, 18)
            with pytest.raises(RequestRefused):
                cancel = CancelCov(address=peer.address, object_type=0, object_instance=2, process_id=7)
                await ask_link(house.registry, cancel)
            assert house.link._serving.subscriptions.expected == {}
            with pytest.raises(ValueError, match="lifetime_s"):
                await ask_link(house.registry, subscription(peer, lifetime_s=0))


async def test_a_station_behind_a_given_router_is_reached_through_it() -> None:
    def router(frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        asked = confirmed(frame)
        assert asked is not None
        return [unicast(bytes.fromhex("010800320107") + bytes([0x30, asked[0], 14]) + b"\x09")]

    with Peer(router) as peer:
        async with link_up(routers={50: peer.address}) as house:
            ask = ReadMultiple(address="50:7", service_data=b"\x0c", timeout_s=30, retries=0)
            assert await ask_link(house.registry, ask) == b"\x09"
            assert peer.frames[0][4:12] == bytes.fromhex("0124003201 07ff".replace(" ", "")) + peer.frames[0][11:12]


async def test_a_router_is_asked_for_once_and_its_absence_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("t3actors.collect.bacnet.link.routes.ANSWER_WITHIN_S", 0.3)
    with Peer(address="127.255.255.255") as everybody, Peer(acknowledging(b"")) as near:
        async with link_up(interface="127.0.0.1/8") as house:
            stack = house.link._serving.stack
            assert stack is not None
            stack.datagrams.local = (stack.datagrams.local[0], everybody.port)

            async def in_vain(mac: int) -> None:
                with pytest.raises(LinkDown, match="network 51: no router"):
                    await ask_link(
                        house.registry, ReadMultiple(address=f"51:{mac}", service_data=b"", timeout_s=0.1, retries=0)
                    )

            async with trio.open_nursery() as nursery:
                for mac in range(3):
                    nursery.start_soon(in_vain, mac)
                assert await ask_link(house.registry, ReadMultiple(address=near.address, service_data=b"")) == b""
            assert len(everybody.frames) == 1
            assert everybody.frames[0][4:] == bytes.fromhex("0180000033")
