"""Changes of value, as a device tells them: pure, on a clock that the test holds."""

from __future__ import annotations

import pytest

from t3actors.simulator.bacnet import tags
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.faults import BacnetFault
from t3actors.simulator.bacnet.faults import BacnetFaultKind as Kind
from t3actors.simulator.bacnet.notifier import APDU_TIMEOUT_S, MOST_RETRIES
from t3actors.simulator.bacnet.responder import Responder, Sending
from t3actors.simulator.bacnet.subscriptions import Peer
from t3actors.simulator.bacnet.words import ObjectType, Property, object_identifier
from tests.simulator.bacnet.client import READ, SUBSCRIBE, ai, confirmed, read_property, responder_of, subscribe

PEER, OTHER = Peer(("127.0.0.1", 1)), Peer(("127.0.0.1", 2))
ACK = bytes((0x20, 1, 5))
NO_SPACE = bytes.fromhex("500105" + "9103" + "9113")


def subscribing(responder: Responder, data: bytes, now_s: float = 0.0, peer: Peer = PEER) -> list[Sending]:
    return responder.receive(confirmed(1, SUBSCRIBE, data), peer, now_s)


def subscribed(**fault: object) -> Responder:
    responder = responder_of()
    ack, first = subscribing(responder, subscribe(7, ai(1)))
    assert ack.apdu == ACK
    assert first.apdu[:2] == b"\x10\x02"
    return responder


def test_a_subscription_is_acknowledged_and_notified_at_once() -> None:
    responder = responder_of()
    responder.device.set("IN1", 21.5)
    _ack, first = subscribing(responder, subscribe(7, ai(1), lifetime_s=60))
    assert first.apdu.hex() == (
        "1002" + "0907" + "1c020003e9" + "2c00000001" + "393c" + "4e" + "09552e4441ac00002f" + "096f2e8204002f" + "4f"
    )


def test_a_change_below_the_increment_is_not_told() -> None:
    responder = subscribed()
    point = responder.device.points["IN1"]
    responder.device.set("IN1", point.value + point.cov_increment * 0.9)
    assert responder.changed(1.0) == []
    responder.device.set("IN1", point.value + point.cov_increment)
    assert len(responder.changed(2.0)) == 1
    assert responder.changed(3.0) == []


def test_a_change_of_flags_alone_is_told() -> None:
    responder = subscribed()
    responder.device.points["IN1"].set_flags(fault=True)
    assert b"\x82\x04\x40" in responder.changed(1.0)[0].apdu


def test_a_subscription_ends_with_its_lifetime() -> None:
    responder = subscribed()
    assert len(responder.notifier) == 1
    responder.device.set("IN1", 90.0)
    assert responder.changed(60.0) == []
    assert len(responder.notifier) == 0


def test_a_renewal_takes_no_second_slot_and_lasts_anew() -> None:
    responder = subscribed()
    subscribing(responder, subscribe(7, ai(1)), 50.0)
    responder.device.set("IN1", 90.0)
    assert len(responder.changed(100.0)) == 1
    assert len(responder.notifier) == 1


def test_a_cancelled_subscription_is_gone() -> None:
    responder = subscribed()
    assert [each.apdu for each in subscribing(responder, subscribe(7, ai(1))[:7])] == [ACK]
    assert len(responder.notifier) == 0


def test_only_so_many_subscriptions_are_taken() -> None:
    responder = responder_of(Preset.FEW_COV)
    points = list(responder.device.points.values())
    for process_id in range(20):
        assert subscribing(responder, subscribe(process_id, points[0].object_id))[0].apdu == ACK
    assert subscribing(responder, subscribe(20, points[0].object_id))[0].apdu == NO_SPACE
    assert subscribing(responder, subscribe(19, points[0].object_id))[0].apdu == ACK, "a renewal"


def test_a_device_without_cov_rejects_the_service() -> None:
    (answer,) = subscribing(responder_of(Preset.NO_COV), subscribe(1, ai(1)))
    assert answer.apdu == bytes((0x60, 1, 9))


@pytest.mark.parametrize(
    ("object_id", "error"), [(ai(999), "9101911f"), (object_identifier(ObjectType.PROGRAM, 1), "9101912d")]
)
def test_what_cannot_be_subscribed_is_an_error(object_id: int, error: str) -> None:
    (answer,) = subscribing(responder_of(), subscribe(1, object_id))
    assert answer.apdu.hex() == "500105" + error


def test_active_subscriptions_are_listed_with_the_time_they_have_left() -> None:
    responder = subscribed()
    device = object_identifier(ObjectType.DEVICE, 1001)
    request = confirmed(1, READ, read_property(device, Property.ACTIVE_COV_SUBSCRIPTIONS))
    listed = responder.receive(request, PEER, 20.0)[0].apdu
    assert tags.unsigned(40, 3) in listed
    assert tags.octets(b"\x7f\x00\x00\x01\x00\x01") in listed
    empty = responder.receive(request, PEER, 60.0)[0].apdu
    assert empty.endswith(b"\x3e\x3f")


def test_a_confirmed_notification_is_repeated_until_acknowledged() -> None:
    responder = responder_of()
    _ack, first = subscribing(responder, subscribe(7, ai(1), confirmed=True, lifetime_s=600))
    assert first.apdu[3] == 1, "the confirmed service"
    assert responder.due_s == APDU_TIMEOUT_S
    assert [each.apdu for each in responder.wake(APDU_TIMEOUT_S)] == [first.apdu]
    responder.receive(bytes((0x20, first.apdu[2], 1)), PEER, 4.0)
    assert responder.due_s is None


def test_a_confirmed_notification_that_nobody_acknowledges_is_given_up() -> None:
    responder = responder_of()
    subscribing(responder, subscribe(7, ai(1), confirmed=True, lifetime_s=600))
    sent = [len(responder.wake(APDU_TIMEOUT_S * (turn + 1))) for turn in range(MOST_RETRIES + 1)]
    assert sent == [1] * MOST_RETRIES + [0]
    assert responder.due_s is None


def test_an_acknowledgement_from_someone_else_does_not_count() -> None:
    responder = responder_of()
    _ack, first = subscribing(responder, subscribe(7, ai(1), confirmed=True))
    responder.receive(bytes((0x20, first.apdu[2], 1)), OTHER, 0.0)
    assert responder.due_s is not None


def test_a_refused_subscription_leaves_no_slot_taken() -> None:
    responder = responder_of()
    responder.set_fault(BacnetFault(Kind.COV_REFUSE), 0.0)
    assert [each.apdu for each in subscribing(responder, subscribe(7, ai(1)))] == [NO_SPACE]
    assert len(responder.notifier) == 0


def test_a_silent_device_takes_the_subscription_and_says_nothing() -> None:
    responder = responder_of()
    responder.set_fault(BacnetFault(Kind.COV_SILENT), 0.0)
    assert [each.apdu for each in subscribing(responder, subscribe(7, ai(1)))] == [ACK]
    responder.device.set("IN1", 90.0)
    assert responder.changed(1.0) == []
    assert len(responder.notifier) == 1


def test_a_subscription_that_expires_early_is_gone_before_its_lifetime() -> None:
    responder = responder_of()
    responder.set_fault(BacnetFault(Kind.COV_EXPIRE, delay_s=2.0), 0.0)
    subscribing(responder, subscribe(7, ai(1)))
    responder.device.set("IN1", 90.0)
    assert len(responder.changed(1.9)) == 1
    responder.device.set("IN1", 10.0)
    assert responder.changed(2.0) == []


def test_duplicate_notifications_are_the_same_twice() -> None:
    responder = responder_of()
    responder.set_fault(BacnetFault(Kind.COV_DUPLICATE), 0.0)
    _ack, first, second = subscribing(responder, subscribe(7, ai(1), confirmed=True))
    assert first.apdu == second.apdu
