from __future__ import annotations

import pytest

from t3actors.simulator.bacnet import tags
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.device import EPOCH_S
from t3actors.simulator.bacnet.responder import Responder
from t3actors.simulator.bacnet.subscriptions import Peer
from t3actors.simulator.bacnet.trend_log import BUFFER, TrendLog
from t3actors.simulator.bacnet.words import Confirmed, ObjectType, Property, object_identifier
from tests.simulator.bacnet.client import READ, confirmed, read_property, responder_of

LOG = object_identifier(ObjectType.TREND_LOG, 0)
PEER = Peer(("127.0.0.1", 1))


def log_of(responder: Responder) -> TrendLog:
    log = responder.device.objects[LOG]
    assert isinstance(log, TrendLog)
    return log


def range_of(responder: Responder, choice: int, first: bytes, count: int) -> tuple[list[bool], int, int | None]:
    data = read_property(LOG, Property.LOG_BUFFER) + tags.wrapped(choice, first + tags.signed(count))
    answer = responder.receive(confirmed(1, Confirmed.READ_RANGE, data), PEER, 0.0)[0].apdu
    cursor = tags.Cursor(answer[3:])
    cursor.object_id(0)
    cursor.unsigned(1)
    flags = cursor.context(3)[1]
    items = cursor.unsigned(4)
    sequence = tags.Cursor(answer[-3:]) if answer[-3:-2] == b"\x6a" else tags.Cursor(answer[-2:])
    number = sequence.unsigned(6) if sequence.has(6) else None
    return [bool(flags << bit & 0x80) for bit in range(3)], items, number


@pytest.mark.parametrize(
    ("first", "count", "flags", "items"),
    [
        (1, 10, [True, False, False], 10),
        (91, 10, [False, True, False], 10),
        (100, -10, [False, True, False], 10),
        (10, -10, [True, False, False], 10),
        (60, 1000, [False, True, False], 41),
        (101, 1, [False, False, False], 0),
    ],
)
def test_records_are_read_by_position(first: int, count: int, flags: list[bool], items: int) -> None:
    assert range_of(responder_of(Preset.GENERIC), 3, tags.unsigned(first), count) == (flags, items, None)


def test_records_are_read_by_sequence_number_after_old_ones_are_gone() -> None:
    responder = responder_of(Preset.GENERIC)
    for _ in range(5):
        responder.device.advance(1000.0)
    assert log_of(responder).records[0].sequence == 6
    assert range_of(responder, 6, tags.unsigned(5), 3) == ([False, False, False], 0, None)
    assert range_of(responder, 6, tags.unsigned(6), 3) == ([True, False, False], 3, 6)


def test_records_are_read_by_time() -> None:
    responder = responder_of(Preset.GENERIC)
    interval_s = log_of(responder).interval_s
    after = tags.moment(EPOCH_S - 3 * interval_s)
    assert range_of(responder, 7, after, 10) == ([False, True, False], 2, 99)
    assert range_of(responder, 7, after, -10)[1:] == (10, 88)


def test_where_segments_cannot_be_sent_only_what_fits_is_given_and_more_follows() -> None:
    responder = responder_of(Preset.APDU_50)
    data = read_property(object_identifier(ObjectType.TREND_LOG, 1), Property.LOG_BUFFER)
    answer = responder.receive(confirmed(1, Confirmed.READ_RANGE, data), PEER, 0.0)[0].apdu
    assert len(answer) <= 50
    responder = responder_of(Preset.NO_SEGMENTATION)
    answer = responder.receive(confirmed(1, Confirmed.READ_RANGE, data), PEER, 0.0)[0].apdu
    assert 1000 < len(answer) <= 1476
    assert tags.bits([True, False, True], 3) in answer


def test_a_sample_is_taken_once_an_interval() -> None:
    responder = responder_of(Preset.GENERIC)
    log = log_of(responder)
    responder.device.advance(1.0)
    assert log.records[-1].sequence == BUFFER + 1, "the first is due at once"
    responder.device.advance(log.interval_s - 1.0)
    assert log.records[-1].sequence == BUFFER + 1
    responder.device.advance(1.0)
    assert log.records[-1].sequence == BUFFER + 2


def test_the_buffer_is_not_read_as_a_property_and_other_properties_are_no_lists() -> None:
    responder = responder_of(Preset.GENERIC)
    answer = responder.receive(confirmed(1, READ, read_property(LOG, Property.LOG_BUFFER)), PEER, 0.0)[0].apdu
    assert answer.hex() == "50010c9102911b"
    request = confirmed(1, Confirmed.READ_RANGE, read_property(LOG, Property.OBJECT_NAME))
    assert responder.receive(request, PEER, 0.0)[0].apdu.hex() == "50011a91059116"
