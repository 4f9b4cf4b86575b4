"""The examples of ANSI/ASHRAE 135, Annex F, that concern a client that reads: whole APDUs, octet for octet.

What we send must be these octets, what we are sent is read from them, and a simulated device gives the answers of the examples to
their requests. Each was decoded by Wireshark 4.0 without a complaint and says the same in BACnet4J's own tests.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from t3actors.collect.bacnet.codec import read_multiple, read_property, services
from t3actors.collect.bacnet.codec.read_multiple import PropertyError
from t3actors.collect.bacnet.codec.tags import Bits, Enumerated
from t3actors.errors import BadResponse
from t3actors.simulator.bacnet import apdu, tags
from t3actors.simulator.bacnet.abilities import Abilities
from t3actors.simulator.bacnet.apdu import Ended, Kind, Request, Unconfirmed, decode_apdu
from t3actors.simulator.bacnet.device import SimulatedDevice
from t3actors.simulator.bacnet.point_objects import PointObject
from t3actors.simulator.bacnet.requests import (
    Asked,
    CovWish,
    PrivateRequest,
    Range,
    decode_private_transfer,
    decode_read_range,
    decode_subscribe_cov,
)
from t3actors.simulator.bacnet.responder import Responder
from t3actors.simulator.bacnet.subscriptions import Peer
from t3actors.simulator.bacnet.trend_log import Record, TrendLog
from t3actors.simulator.bacnet.words import ObjectType, Property, Segmentation
from t3actors.simulator.signals import Motion, Profile, Signal

octets = bytes.fromhex

NOTIFICATION = octets("0912 1C02000004 2C0000000A 3900 4E 0955 2E 4442820000 2F 096F 2E 820400 2F 4F")
COV_CONFIRMED = octets("00020F01") + NOTIFICATION  # F.1.2
COV_UNCONFIRMED = octets("1002") + NOTIFICATION  # F.1.3
SUBSCRIBE = octets("00020F05 0912 1C0000000A 2901 3900")  # F.1.10
READ = octets("0000010C 0C00000005 1955")  # F.3.5
READ_ANSWER = octets("30010C 0C00000005 1955 3E 444290999A 3F")
READ_TWO = octets("0004F10E 0C00000010 1E 0955 0967 1F")  # F.3.7, first example
TWO_ANSWER = octets("30F10E 0C00000010 1E 2955 4E 444290999A 4F 2967 4E 9100 4F 1F")
READ_THREE = octets("0004020E 0C00000021 1E 0955 1F 0C00000032 1E 0955 1F 0C00000023 1E 0955 1F")  # F.3.7, second
THREE_ANSWER = octets(
    "30020E 0C00000021 1E 2955 4E 4442293333 4F 1F 0C00000032 1E 2955 5E 9101 911F 5F 1F"
    "0C00000023 1E 2955 4E 4443D9D99A 4F 1F"
)
READ_RANGE = octets("0202011A 0C05000001 1983 7E A462031701 B413342200 3104 7F")  # F.3.8
RANGE_ITEMS = (
    octets("0E A462031701 B413361B00 0F 1E 2C41900000 1F 2A0400"),
    octets("0E A462031701 B413381B00 0F 1E 2C4190CCCD 1F 2A0400"),
)
RANGE_ANSWER = octets("30011A 0C05000001 1983 3A05C0 4902 5E") + b"".join(RANGE_ITEMS) + octets("5F 6B013561")
PRIVATE = octets("00045512 0919 1908 2E 444290CCCD 621649 2F")  # F.4.2
PRIVATE_ANSWER = octets("305512 0919 1908")
WHO_IS_3, WHO_IS = octets("1008 0903 1903"), octets("1008")  # F.4.9
I_AMS = [
    ("1000 C402000003 220400 9103 2163", services.IAm(3, 1024, 3, 99)),
    ("1000 C402000001 2201E0 9101 2163", services.IAm(1, 480, 1, 99)),
    ("1000 C402000002 21CE 9102 2121", services.IAm(2, 206, 2, 33)),
    ("1000 C402000004 2180 9100 2142", services.IAm(4, 128, 0, 66)),
]
CLIENT = Peer(("127.0.0.1", 47808))
LOG = 20 << 22 | 1


def moment(hour: int, minute: int, second: int) -> float:
    """Of 23 March 1998, the Monday of the ReadRange example."""
    return datetime(1998, 3, 23, hour, minute, second, tzinfo=UTC).timestamp()


def device_of_the_examples(values: dict[int, float], instance: int = 4, **able: Any) -> SimulatedDevice:
    """A device with these analog inputs."""
    device = SimulatedDevice(instance, "the example's", able.pop("vendor", 99), 1, Abilities(**able))
    still = Signal(Profile(analog=True, range_code=0, motion=Motion.STAY, low=0.0, high=1.0), Random(1))
    for number, value in values.items():
        point = PointObject(ObjectType.ANALOG_INPUT, number, f"AI{number}", f"AI{number}", still)
        point.set(value)
        point.properties[Property.RELIABILITY] = tags.enumerated(0)
        device.add(point)
    return device


def answer_of(device: SimulatedDevice, request: bytes) -> bytes:
    (sending,) = Responder(device).receive(request, CLIENT, 0.0)
    return sending.apdu


def request_of(frame: bytes) -> Request:
    decoded = decode_apdu(frame)
    assert isinstance(decoded, Request)
    return decoded


# -- change of value


def test_a_notification_is_the_same_confirmed_or_not() -> None:
    expected = services.CovHeard(18, 4, 0, 10, 0, ((85, None, 65.0), (111, None, Bits(0, 4))))
    assert request_of(COV_CONFIRMED) == Request(1, 15, NOTIFICATION, max_apdu=206)
    assert decode_apdu(COV_UNCONFIRMED) == Unconfirmed(2, NOTIFICATION)
    assert services.cov(NOTIFICATION) == expected
    assert decode_apdu(octets("200F01")) == Ended(Kind.SIMPLE_ACK, 15)


@pytest.mark.parametrize("cut", range(len(NOTIFICATION)))
def test_a_notification_cut_short_is_none(cut: int) -> None:
    with pytest.raises(BadResponse):
        services.cov(NOTIFICATION[:cut])


def test_a_subscription_is_written_and_read() -> None:
    request = request_of(SUBSCRIBE)
    assert (request.service, request.invoke_id) == (services.SUBSCRIBE_COV, 15)
    assert request.data == services.subscribe_cov(18, 0, 10, confirmed=True, lifetime_s=0)
    assert decode_subscribe_cov(request.data) == CovWish(18, 10, confirmed=True, lifetime_s=0)


def test_a_simulated_device_notifies_whoever_subscribed() -> None:
    responder = Responder(device_of_the_examples({10: 65.0}))
    acknowledgement, notification = (each.apdu for each in responder.receive(SUBSCRIBE, CLIENT, 0.0))
    assert acknowledgement == octets("200F05")
    told = request_of(notification)
    assert (told.service, told.data) == (1, NOTIFICATION)


# -- reading


def test_a_property_is_asked_for_and_answered() -> None:
    assert request_of(READ) == Request(12, 1, read_property.encode_request(0, 5, 85), max_apdu=50)
    object_type, instance, which, index, value = read_property.decode_result(READ_ANSWER[3:])
    assert (object_type, instance, which, index) == (0, 5, 85, None)
    assert value == pytest.approx(72.3)
    assert answer_of(device_of_the_examples({5: 72.3}), READ) == READ_ANSWER


def test_several_properties_are_asked_for_and_answered() -> None:
    assert request_of(READ_TWO) == Request(14, 241, read_multiple.encode_request([(0, 16, [85, 103])]), max_apdu=1024)
    first, second = read_multiple.decode_results(TWO_ANSWER[3:])
    assert first[4] == pytest.approx(72.3)
    assert second == (0, 16, 103, None, Enumerated(0))
    assert answer_of(device_of_the_examples({16: 72.3}), READ_TWO) == TWO_ANSWER


def test_an_object_that_is_not_there_costs_only_its_own_properties() -> None:
    wanted = [(0, number, [85]) for number in (33, 50, 35)]
    assert request_of(READ_THREE).data == read_multiple.encode_request(wanted)
    values = [result[4] for result in read_multiple.decode_results(THREE_ANSWER[3:])]
    assert values == [pytest.approx(42.3), PropertyError(1, 31), pytest.approx(435.7)]
    assert answer_of(device_of_the_examples({33: 42.3, 35: 435.7}), READ_THREE) == THREE_ANSWER


def test_an_error_says_its_class_and_code() -> None:
    frame = octets("50580B 9101 9117")  # F.3.4: object deletion not permitted
    assert decode_apdu(frame) == Ended(Kind.ERROR, 88)
    assert read_property.decode_error(frame[3:]) == PropertyError(1, 23)


def test_a_stretch_of_a_trend_log_is_read_by_time() -> None:
    request = request_of(READ_RANGE)
    assert (request.service, request.invoke_id, request.accepts_segments) == (services.READ_RANGE, 1, True)
    wanted = Range(Asked(LOG, 131), "time", octets("62031701 13342200"), 4)
    assert decode_read_range(request.data) == wanted
    device = device_of_the_examples({1: 18.0})
    log = TrendLog(1, "TL1", device.point("AI1"), device.device_id, moment(20, 0, 0), 120)
    log._sample(moment(19, 54, 27), 18_000)
    log._sample(moment(19, 56, 27), 18_100)
    samples = [each.encoded for each in list(log.records)[-2:]]
    assert tuple(samples) == RANGE_ITEMS
    times = moment(19, 54, 27), moment(19, 56, 27)
    log.records = deque(Record(79201 + at, times[at], samples[at]) for at in range(2))
    device.add(log)
    assert answer_of(device, READ_RANGE) == RANGE_ANSWER


# -- who is there


def test_a_who_is_is_for_everybody_or_for_a_range() -> None:
    assert WHO_IS_3[2:] == services.who_is(3, 3)
    assert WHO_IS[2:] == services.who_is(None, None)
    assert [services.asks_for(WHO_IS_3[2:], instance) for instance in (2, 3, 4)] == [False, True, False]
    assert services.asks_for(WHO_IS[2:], 2)


@pytest.mark.parametrize(("hexed", "said"), I_AMS)
def test_an_i_am_says_size_and_segmentation(hexed: str, said: services.IAm) -> None:
    assert services.i_am(octets(hexed)[2:]) == said
    able = {"max_apdu": said.max_apdu, "segmentation": Segmentation(said.segmentation), "vendor": said.vendor_id}
    assert answer_of(device_of_the_examples({}, said.instance, **able), WHO_IS) == octets(hexed)


def test_a_who_is_for_another_is_not_answered() -> None:
    assert not Responder(device_of_the_examples({}, 4)).receive(WHO_IS_3, CLIENT, 0.0)


def test_a_private_transfer_says_whose_and_which() -> None:
    request = request_of(PRIVATE)
    assert (request.service, request.invoke_id) == (18, 85)
    assert decode_private_transfer(request.data) == PrivateRequest(25, 8)
    assert decode_private_transfer(PRIVATE_ANSWER[3:]) == PrivateRequest(25, 8)
    with pytest.raises(BadResponse, match="private transfer"):
        services.private_result(PRIVATE_ANSWER[3:], 25, 8)  # it has no result block


def test_answers_are_framed_as_the_examples_are() -> None:
    assert apdu.simple_ack(15, 1) == octets("200F01")
    assert apdu.complex_ack(1, 12, READ_ANSWER[3:]) == READ_ANSWER
    assert apdu.confirmed(1, 15, NOTIFICATION, 206) == COV_CONFIRMED
    assert apdu.unconfirmed(2, NOTIFICATION) == COV_UNCONFIRMED
