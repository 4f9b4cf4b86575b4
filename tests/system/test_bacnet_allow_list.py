"""It only reads: every frame that leaves the BACnet side of a whole gateway is on the contract's list, and as a device it obeys nobody."""

from __future__ import annotations

import socket
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from t3actors.collect.bacnet.link.datagrams import Datagrams
from t3actors.collect.bacnet.link.requests import WhoIs, ask_link
from t3actors.config import DeviceConfig
from t3actors.points import Rules
from t3actors.simulator.bacnet import bvll
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.apdu import Kind
from t3actors.simulator.bacnet.build import PointCounts
from t3actors.simulator.bacnet.bvll import decode_link
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.npdu import WHO_IS_ROUTER, decode_npdu
from t3actors.simulator.bacnet.plant import ALONE, ON_TRUNK, BacnetPlant, BacnetPlantSize, running_bacnet_plant
from t3actors.simulator.bacnet.requests import decode_private_transfer
from tests.collect.bacnet.peer import link_up, plain, unicast
from tests.system.house import House, config_of, gateway_running
from tests.system.stations import with_bacnet
from tests.waiting import WITHIN_S, until

CONFIRMED = {5: "SubscribeCOV", 12: "ReadProperty", 14: "ReadPropertyMultiple", 26: "ReadRange"}
UNCONFIRMED = {0: "I-Am", 8: "Who-Is"}
PRIVATE_TRANSFER, FIRST_WRITING_COMMAND = 18, 100
READS = {"ReadProperty", "ReadPropertyMultiple", "ReadRange"}
FINDS = {"Who-Is", "Who-Is-Router-To-Network", "Register-Foreign-Device"}
OWED = {"SegmentACK", "Reject", "Abort", "Error", "SimpleACK of a notification"}
ASKED_FOR = {"SubscribeCOV", "ConfirmedPrivateTransfer"}
RULES = Rules(poll_interval_s=0.25, stale_after=500, down_after=500, max_interval_s=0.0)
SIZE = BacnetPlantSize(
    10, 11, PointCounts(12, 4, 4),
    (Preset.T3000, Preset.GENERIC, Preset.NO_RPM, Preset.APDU_128, Preset.APDU_206),
    (ALONE, ALONE, ALONE, ALONE, ON_TRUNK), tick_s=3600.0,
)  # fmt: skip
ASKED = {"bacnet-6", "bacnet-7"}  # a Temco panel and another, for COV and for command 98


class Wire:
    """All frames that left, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[tuple[bytes, bytes]] = []
        send = Datagrams.send

        def recorded(datagrams: Datagrams, frame: bytes, to: tuple[str, int]) -> None:
            self.sent.append((bytes(frame), socket.inet_aton(to[0]) + to[1].to_bytes(2, "big")))
            send(datagrams, frame, to)

        monkeypatch.setattr(Datagrams, "send", recorded)

    def named(self) -> Counter[str]:
        """How many frames there were of each kind."""
        return Counter(name_of(frame) for frame, _ in self.sent)

    def asked_for_by(self, kind: str) -> set[bytes]:
        """To whom frames of this kind went."""
        return {to for frame, to in self.sent if name_of(frame) == kind}


def name_of(frame: bytes) -> str:
    """Say what a frame is, decoded by the simulator's own codec."""
    function, content = decode_link(frame)
    if function == bvll.REGISTER_FOREIGN_DEVICE:
        return "Register-Foreign-Device"
    if function not in {bvll.ORIGINAL_UNICAST, bvll.ORIGINAL_BROADCAST, bvll.DISTRIBUTE_BROADCAST}:
        return f"link message {function:#04x}"
    npdu = decode_npdu(content)
    if npdu.message is not None:
        return "Who-Is-Router-To-Network" if npdu.message == WHO_IS_ROUTER else f"network message {npdu.message:#04x}"
    return name_of_apdu(npdu.content)


def name_of_apdu(apdu: bytes) -> str:
    """Say what an APDU is."""
    kind = Kind(apdu[0] >> 4)
    if kind is Kind.CONFIRMED_REQUEST:
        if apdu[3] == PRIVATE_TRANSFER:
            reads = 0 <= decode_private_transfer(apdu[4:]).command < FIRST_WRITING_COMMAND
            return "ConfirmedPrivateTransfer" if reads else "ConfirmedPrivateTransfer that writes"
        return CONFIRMED.get(apdu[3], f"confirmed service {apdu[3]}")
    if kind is Kind.UNCONFIRMED_REQUEST:
        return UNCONFIRMED.get(apdu[1], f"unconfirmed service {apdu[1]}")
    if kind is Kind.SIMPLE_ACK:
        return "SimpleACK of a notification" if apdu[2] == 1 else f"SimpleACK of service {apdu[2]}"
    return {Kind.SEGMENT_ACK: "SegmentACK", Kind.ERROR: "Error", Kind.REJECT: "Reject", Kind.ABORT: "Abort"}.get(
        kind, kind.name
    )


def arrived(plant: BacnetPlant) -> Counter[bytes]:
    """What the simulated devices get, from now on."""
    came: Counter[bytes] = Counter()
    for server in plant.servers:

        def tapped(data: bytes, origin: tuple[str, int], receive: Any = server.receive) -> None:
            came[data] += 1
            receive(data, origin)

        server.receive = tapped  # type: ignore[method-assign]
    return came


def devices_of(plant: BacnetPlant) -> list[DeviceConfig]:
    """Every device, two of them asked for all that may be asked for."""
    devices = []
    for row in plant.listing():
        on_trunk = row["network"] is not None
        device = DeviceConfig(
            name=row["name"],
            protocol="bacnet",
            address=f"{row['network']}:{int(row['mac'], 16)}" if on_trunk else f"127.0.0.1:{row['port']}",
            instance=row["instance"],
            timeout_s=0.4,
            retries=1,
            rules=RULES,
        )
        if row["name"] in ASKED:
            device = msgspec.structs.replace(device, cov=True, private_transfer=True)
        devices.append(device)
    return devices


async def test_every_frame_of_a_whole_gateway_is_on_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(monkeypatch)
    async with running_bacnet_plant(SIZE) as plant:
        came = arrived(plant)
        config = with_bacnet(config_of(devices_of(plant), tmp_path), bbmd=f"127.0.0.1:{plant.bbmd.port}")
        assert config.bacnet is not None
        async with gateway_running(config) as house:
            points = sum(len(placed.device.points) for placed in plant.placed.values())
            await until(lambda: house.one("SELECT count(*) FROM POINTS WHERE status = 'ok'") == points)
            await ask_link(house.gateway.registry, WhoIs(low=0, high=4_194_303))
            plant.set_fault("bacnet-9", BacnetFault(BacnetFaultKind.TRUNCATED_SEGMENT))
            plant.set_fault("bacnet-4", BacnetFault(BacnetFaultKind.STALL))
            told_us(config.bacnet.port)
            await until(lambda: wire.named()["Reject"] >= 2 and wire.named()["Error"])
            await some_polls(house, plant)
        wrong = {name: count for name, count in wire.named().items() if name not in READS | FINDS | OWED | ASKED_FOR}
        assert wrong == {}
        assert (READS - {"ReadRange"} | FINDS | {"SegmentACK", "Reject", "Error"}) - set(wire.named()) == set()
        ports = {plant.placed[name].server.port for name in ASKED}
        for kind in ASKED_FOR:
            assert {int.from_bytes(to[4:6], "big") for to in wire.asked_for_by(kind)} <= ports, kind
        assert came <= Counter(frame for frame, _ in wire.sent), "the tap has seen all that came"
    assert plant.counts().writes == 0


async def some_polls(house: House, plant: BacnetPlant) -> None:
    """Wait until a device has been polled for a while, faults of others or not."""
    enough = plant.placed["bacnet-1"].responder.counts.requests + 10
    await until(lambda: plant.placed["bacnet-1"].responder.counts.requests >= enough)


def told_us(port: int) -> None:
    """A stranger asks the gateway for what it owes an answer, and for what it owes none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.6", 0))
        for apdu in (
            bytes.fromhex("0005070f0c0000000119553e44000000003f"),  # WriteProperty
            bytes.fromhex("000508111901"),  # DeviceCommunicationControl
            bytes.fromhex(
                "000509010b0000011c0200000a2c00000002391e4e09552e44420a00002f096f2e8204082f4f"
            ),  # notification
            bytes.fromhex("1006a47c0716ffb40a000000"),  # TimeSynchronization
            bytes.fromhex("1008"),  # Who-Is
        ):
            stranger.sendto(plain(apdu), ("127.0.0.1", port))


class Stranger:
    """A socket that asks, and waits for what comes back."""

    def __init__(self, at: tuple[str, int]) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.5", 0))
        self.socket.setblocking(False)
        self._at = at

    async def answers(self, *frames: bytes) -> list[bytes]:
        """Send these, then one that is surely rejected: what came before that."""
        for frame in (*frames, plain(b"\x00\x05\xfe\xfd")):
            self.socket.sendto(frame, self._at)
        heard: list[bytes] = []
        with trio.fail_after(WITHIN_S):
            while True:
                await trio.lowlevel.wait_readable(self.socket)
                frame = self.socket.recv(2048)
                if frame == plain(b"\x60\xfe\x09"):
                    return heard
                heard.append(frame)


ANSWERED_WITH_AN_INSTANCE = {12, 14}
NOTIFICATION = 1  # of no subscription of ours: an Error


@pytest.mark.parametrize("instance", [None, 77])
async def test_of_all_confirmed_services_none_but_reading_our_own_device_is_served(instance: int | None) -> None:
    async with link_up(instance=instance) as house:
        stranger = Stranger(house.at)
        with stranger.socket:
            for service in range(256):
                answers = await stranger.answers(plain(bytes((0, 5, 7, service)) + bytes.fromhex("0c02000001194d")))
                if service in ANSWERED_WITH_AN_INSTANCE and instance is not None:
                    continue
                refusals = [plain(b"\x60\x07\x09")]
                if service == NOTIFICATION:
                    assert all(each[6] >> 4 == Kind.ERROR for each in answers), service
                else:
                    assert answers == refusals, service
            assert await stranger.answers(plain(bytes.fromhex("0c0507000f0f0c00000001"))) == [plain(b"\x71\x07\x04")]


SILENT = {
    **{f"unconfirmed service {service}": plain(bytes((0x10, service)) + bytes.fromhex("a47c0716ffb40a000000"))
       for service in range(13) if service != 8},
    "Who-Has": plain(bytes.fromhex("10073d0900") + b"ab"),
    **{f"network message {message:#04x}": unicast(bytes((1, 0x80, message)) + bytes.fromhex("0033010100"))
       for message in (1, 2, 4, 5, 6, 7, 8, 9, 0x80)},
}  # fmt: skip


@pytest.mark.parametrize("instance", [None, 77])
async def test_what_nobody_owes_an_answer_to_gets_none(instance: int | None) -> None:
    async with link_up(instance=instance) as house:
        stranger = Stranger(house.at)
        with stranger.socket:
            for name, frame in SILENT.items():
                assert await stranger.answers(frame) == [], name
            who_is = await stranger.answers(plain(b"\x10\x08"))
            assert [name_of(each) for each in who_is] == ([] if instance is None else ["I-Am"])
