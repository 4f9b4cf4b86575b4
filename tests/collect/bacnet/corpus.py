"""Real frames for fuzzing: what simulated devices of many abilities answer to the gateway's own requests; and ways to damage them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache

from t3actors.collect.bacnet.codec import read_multiple, read_property, services
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.apdu import confirmed
from t3actors.simulator.bacnet.build import PointCounts, build_device
from t3actors.simulator.bacnet.device import DEVICE_BITS
from t3actors.simulator.bacnet.responder import Responder
from t3actors.simulator.bacnet.subscriptions import Peer
from tests.collect.bacnet.peer import plain, unicast

PEER = Peer(("127.0.0.1", 47808))
PROPERTIES = (85, 111, 77, 28, 117, 110, 103, 81, 22)  # what polls and descriptions ask for
CONSTRUCTED = (123, 38, 32, 23, 87, 76, 152, 54, 109, 60, 19, 132)  # schedules' and calendars', lists, references
OTHER_OBJECTS = {6, 8, 9, 12, 15, 16, 17, 20}  # calendar, device, event-enrollment, loop, ... to trend-log
LONGEST = 1497
ACCEPTS_SEGMENTS, SEGMENT_ACK = (
    b"\x02\x75\x01",
    b"\x40\x01\x00\x04",
)  # the head of a request; what lets more segments come
OTHERS = (
    "1000c4020000012205c4910022008a",  # I-Am
    "1008", "100809011964",  # Who-Is
    "10020912 1c020000012c00000002 39004e09552e44000000002f4f",  # an unconfirmed COV notification
    "0005010109121c020000012c0000000239004e09552e44000000002f4f",  # a confirmed one
    "0005010c0c020000011955", "0005010e0c02000001 1e09551f",  # requests to us
    "2001 05", "40010004", "41010000", "50010e9102911f", "600109", "710104",
    "5001 05 0e 9103 9112 0f",
)  # fmt: skip
NETWORK = (
    "0108003207 07 1000c4020000012205c4910022008a",  # an I-Am from behind a router
    "01800100320033", "018013000501", "01a0ffff00ff00", "01800a0032", "0180030132 01",
)  # fmt: skip
LINK = ("81000006 0030", "8105 0006 003c", "8101 0004", "8104 0018 7f000001bac0 0100 1000c4020000012205c4910022008a")


@cache
def answers() -> tuple[bytes, ...]:
    """Give the APDUs of answers: ReadPropertyMultiple, ReadProperty, errors, segments."""
    found: list[bytes] = []
    for seed, preset in enumerate((Preset.T3000, Preset.GENERIC, Preset.ODD_TEXT, Preset.APDU_128, Preset.NO_RPM)):
        device = build_device(preset, seed, 1000 + seed, PointCounts(17, 8, 24))
        responder = Responder(device, seed)
        found += _answers(responder, [*device.objects, DEVICE_BITS | device.instance])
    return tuple(dict.fromkeys(found))


def _answers(responder: Responder, object_ids: list[int]) -> Iterator[bytes]:
    def asked(service: int, data: bytes) -> Iterator[bytes]:
        for request in (confirmed(service, 1, data), ACCEPTS_SEGMENTS + bytes((service,)) + data, SEGMENT_ACK):
            for sending in responder.receive(request, PEER, 0.0):
                yield sending.apdu

    for at in range(0, len(object_ids), 5):
        some = [(each >> 22, each & 0x3FFFFF, PROPERTIES) for each in object_ids[at : at + 5]]
        yield from asked(read_multiple.SERVICE, read_multiple.encode_request(some))
    for object_id in object_ids:
        for which in CONSTRUCTED if object_id >> 22 in OTHER_OBJECTS else (85, 77)[: 1 + object_id % 2]:
            yield from asked(
                read_property.SERVICE, read_property.encode_request(object_id >> 22, object_id & 0x3FFFFF, which)
            )


@cache
def service_data() -> tuple[bytes, ...]:
    """Give the service data of acknowledgements and errors, and of what is told of its own accord."""
    bare = [each[3:] for each in answers() if each[0] >> 4 in (3, 5) and not each[0] & 0x08]
    others = [bytes.fromhex(each.replace(" ", "")) for each in OTHERS]
    told = [each[2:] if each[0] >> 4 == 1 else each[4:] for each in others]
    return tuple(dict.fromkeys((*bare, *told, services.encode_i_am(1234, 480, 148))))


@cache
def frames() -> tuple[bytes, ...]:
    """Give whole datagrams."""
    apdus = [*answers(), *(bytes.fromhex(each.replace(" ", "")) for each in OTHERS)]
    routed = [unicast(bytes.fromhex("010800320107") + each) for each in apdus[::7]]
    network = [unicast(bytes.fromhex(each.replace(" ", ""))) for each in NETWORK]
    return (*map(plain, apdus), *routed, *network, *(bytes.fromhex(each.replace(" ", "")) for each in LINK), b"")


def mutated(seed: bytes, chance: random.Random, most: int = 4) -> bytes:
    """Damage octets: change, insert, delete, repeat, cut off; a length or a tag more often than a value."""
    octets = bytearray(seed)
    for _ in range(chance.randrange(most + 1)):
        _DAMAGES[chance.randrange(len(_DAMAGES))](octets, chance)
    return bytes(octets[:LONGEST])


def mutated_frame(seed: bytes, chance: random.Random) -> bytes:
    """Damage a datagram; most times its length is made right again, so that the damage lies deeper."""
    frame = bytearray(mutated(seed, chance))
    if len(frame) >= 4 and frame[0] == 0x81 and chance.random() < 0.9:
        frame[2:4] = len(frame).to_bytes(2, "big")
    return bytes(frame)


def _at(octets: bytearray, chance: random.Random) -> int:
    return chance.randrange(len(octets) + 1)


def _change(octets: bytearray, chance: random.Random) -> None:
    if octets:
        octets[chance.randrange(len(octets))] = chance.randrange(256)


def _flip(octets: bytearray, chance: random.Random) -> None:
    if octets:
        octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)


def _telling(octets: bytearray, chance: random.Random) -> None:
    """Put an octet there that opens, closes, or announces much."""
    if octets:
        octets[chance.randrange(len(octets))] = chance.choice(
            b"\x0e\x1e\x1f\x2e\x3e\x3f\x4e\x4f\x5e\x5f\xfe\xff\x00\x75\x05\x0c\xf5"
        )


def _insert(octets: bytearray, chance: random.Random) -> None:
    at = _at(octets, chance)
    octets[at:at] = chance.randbytes(chance.randrange(1, 9))


def _delete(octets: bytearray, chance: random.Random) -> None:
    at = _at(octets, chance)
    del octets[at : at + chance.randrange(1, 9)]


def _repeat(octets: bytearray, chance: random.Random) -> None:
    at = _at(octets, chance)
    octets[at:at] = octets[at : at + chance.randrange(1, 40)] * chance.randrange(1, 4)


def _cut(octets: bytearray, chance: random.Random) -> None:
    del octets[_at(octets, chance) :]


_DAMAGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _change, _flip, _flip, _telling, _telling, _insert, _delete, _repeat, _cut,
)  # fmt: skip
