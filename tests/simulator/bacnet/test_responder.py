"""One device, without a network: what it answers, and how its faults change that."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.simulator.bacnet import tags
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.answers import WRITE_ERRORS
from t3actors.simulator.bacnet.apdu import Request
from t3actors.simulator.bacnet.build import PointCounts
from t3actors.simulator.bacnet.faults import BacnetFault
from t3actors.simulator.bacnet.faults import BacnetFaultKind as Kind
from t3actors.simulator.bacnet.responder import Responder
from t3actors.simulator.bacnet.segments import MOST_RETRIES, SEGMENT_TIMEOUT_S
from t3actors.simulator.bacnet.subscriptions import Peer
from t3actors.simulator.bacnet.words import Confirmed, ObjectType, Property, object_identifier
from tests.simulator.bacnet.client import (
    READ,
    READ_MULTIPLE,
    SUBSCRIBE,
    ai,
    confirmed,
    present_values,
    read_multiple,
    read_property,
    responder_of,
    subscribe,
)

PEER, OTHER = Peer(("127.0.0.1", 1)), Peer(("127.0.0.1", 2))
DEVICE = object_identifier(ObjectType.DEVICE, 1001)
MANY = PointCounts(100, 50, 50)


def asked(responder: Responder, service: int, data: bytes, *, now_s: float = 0.0, **header: int) -> list[bytes]:
    return [each.apdu for each in responder.receive(confirmed(1, service, data, **header), PEER, now_s)]


def one(responder: Responder, service: int, data: bytes, **header: int) -> bytes:
    (answer,) = asked(responder, service, data, **header)
    return answer


def private(command: int, vendor: int = 260, service: int = 1) -> bytes:
    header = struct.pack("<HBBBH", 7, command, 0, 0, 400)
    return tags.unsigned(vendor, 0) + tags.unsigned(service, 1) + tags.wrapped(2, tags.octets(header))


# -- reading


def test_a_property_is_read() -> None:
    responder = responder_of()
    responder.device.set("IN1", 21.5)
    answer = one(responder, READ, read_property(ai(1), Property.PRESENT_VALUE))
    assert answer.hex() == "30010c" + "0c00000001" + "1955" + "3e" + "4441ac0000" + "3f"


@pytest.mark.parametrize(
    ("object_id", "property_id", "index", "error"),
    [
        (ai(999), 85, None, "91019 11f"),
        (ai(1), 123, None, "9102 9120"),
        (ai(1), 85, 1, "9102 9132"),
        (DEVICE, 76, 999, "9102 912a"),
    ],
)
def test_what_is_not_there_is_an_error_with_class_and_code(
    object_id: int, property_id: int, index: int | None, error: str
) -> None:
    answer = one(responder_of(), READ, read_property(object_id, property_id, index))
    assert answer.hex() == "50010c" + error.replace(" ", "")


def test_an_array_is_read_by_its_length_and_its_elements() -> None:
    responder = responder_of()
    count = one(responder, READ, read_property(DEVICE, Property.OBJECT_LIST, 0))
    assert count[-3:-1] == bytes((0x21, len(responder.device.objects) + 1))
    first = one(responder, READ, read_property(DEVICE, Property.OBJECT_LIST, 1))
    assert first[-6:-1] == tags.object_id(DEVICE)


def test_the_wildcard_instance_is_the_device_that_is_asked() -> None:
    wildcard = object_identifier(ObjectType.DEVICE, 0x3FFFFF)
    answer = one(responder_of(), READ, read_property(wildcard, Property.OBJECT_IDENTIFIER))
    assert answer[3:8] == tags.object_id(DEVICE, 0)


def test_a_property_that_errs_in_a_multiple_read_leaves_the_others_alone() -> None:
    wanted = [(ai(1), [85, 9999]), (ai(999), [85])]
    answer = one(responder_of(), READ_MULTIPLE, read_multiple(wanted)).hex()
    assert "2a270f5e910291205f1f" in answer
    assert answer.endswith("1e29555e9101911f5f1f")


def test_the_same_request_reads_new_values_each_time() -> None:
    responder = responder_of()
    request = present_values(responder)
    first = one(responder, READ_MULTIPLE, request)
    responder.device.set("IN1", 99.0)
    assert one(responder, READ_MULTIPLE, request) != first


def test_without_the_service_a_multiple_read_is_rejected_as_unrecognized() -> None:
    responder = responder_of(Preset.NO_RPM)
    assert one(responder, READ_MULTIPLE, present_values(responder)) == bytes((0x60, 1, 9))


# -- sizes


def test_an_answer_too_long_for_one_piece_is_aborted_where_segments_cannot_be_sent() -> None:
    responder = responder_of(Preset.T3000, MANY)
    assert one(responder, READ_MULTIPLE, present_values(responder)) == bytes((0x71, 1, 4))


def test_an_answer_is_aborted_when_the_client_takes_no_segments() -> None:
    responder = responder_of(Preset.GENERIC, MANY)
    request = confirmed(1, READ_MULTIPLE, present_values(responder), accepts=False)
    assert responder.receive(request, PEER, 0.0)[0].apdu == bytes((0x71, 1, 4))


def test_more_segments_than_the_client_takes_are_a_buffer_overflow() -> None:
    responder = responder_of(Preset.GENERIC, MANY)
    assert one(responder, READ_MULTIPLE, present_values(responder), size=0, segments=1) == bytes((0x71, 1, 1))


@pytest.mark.parametrize("preset", [Preset.APDU_50, Preset.APDU_206, Preset.APDU_480, Preset.NO_SEGMENTATION])
def test_no_answer_is_longer_than_the_device_says(preset: Preset) -> None:
    responder = responder_of(preset, MANY)
    most = responder.device.abilities.max_apdu
    for count in range(1, 200, 7):
        assert len(one(responder, READ_MULTIPLE, present_values(responder, count))) <= most


def segments_of(responder: Responder, window: int) -> list[bytes]:
    sent = asked(responder, READ_MULTIPLE, present_values(responder), size=1)
    pieces = []
    while sent:
        pieces += sent
        ack = bytes((0x40, 1, pieces[-1][2], window))
        sent = [each.apdu for each in responder.receive(ack, PEER, 0.0)]
    return pieces


@pytest.mark.parametrize("window", [1, 2, 7, 127])
def test_segments_are_sent_by_the_clients_window_and_make_up_the_whole(window: int) -> None:
    responder = responder_of(Preset.GENERIC, MANY)
    whole = b"".join(piece[5:] for piece in segments_of(responder, window))
    unsegmented = Responder(responder.device)._answers.answer(Request(READ_MULTIPLE, 1, present_values(responder)), 0)
    assert whole == unsegmented.data
    assert responder.due_s is None


def test_a_lost_segment_is_sent_again_from_where_the_client_says() -> None:
    responder = responder_of(Preset.GENERIC, MANY)
    asked(responder, READ_MULTIPLE, present_values(responder), size=1)
    following = responder.receive(bytes((0x40, 1, 0, 4)), PEER, 0.0)
    assert [each.apdu[2] for each in following] == [1, 2, 3, 4]
    again = responder.receive(bytes((0x42, 1, 2, 4)), PEER, 0.0)
    assert [each.apdu[2] for each in again] == [3, 4, 5, 6]


def test_segments_without_acknowledgement_are_repeated_and_then_given_up() -> None:
    responder = responder_of(Preset.GENERIC, MANY)
    asked(responder, READ_MULTIPLE, present_values(responder), size=1)
    now_s = 0.0
    for _ in range(MOST_RETRIES):
        assert responder.wake(now_s + SEGMENT_TIMEOUT_S - 0.1) == []
        now_s += SEGMENT_TIMEOUT_S
        assert [each.apdu[2] for each in responder.wake(now_s)] == [0]
    assert responder.wake(now_s + SEGMENT_TIMEOUT_S) == []
    assert responder.due_s is None


def test_a_segmented_request_is_put_together() -> None:
    responder = responder_of(Preset.GENERIC)
    data = present_values(responder)
    pieces = [data[at : at + 20] for at in range(0, len(data), 20)]
    answers: list[bytes] = []
    for place, piece in enumerate(pieces):
        more = 0x04 if place < len(pieces) - 1 else 0
        header = bytes((0x0A | more, 0x75, 1, place, 2, READ_MULTIPLE))
        answers += [each.apdu for each in responder.receive(header + piece, PEER, 0.0)]
    assert answers[0] == bytes((0x41, 1, 0, 2))
    assert answers[-1] == one(responder_of(Preset.GENERIC), READ_MULTIPLE, data)


def test_a_segmented_request_is_aborted_where_segments_cannot_be_received() -> None:
    header = bytes((0x0E, 0x75, 1, 0, 2, READ_MULTIPLE))
    assert responder_of().receive(header + b"\x0c", PEER, 0.0)[0].apdu == bytes((0x71, 1, 4))


# -- it only reads


@pytest.mark.parametrize("service", sorted(WRITE_ERRORS))
def test_every_writing_service_is_refused_by_an_error_and_counted(service: int) -> None:
    responder = responder_of()
    answer = one(responder, service, b"")
    assert answer[:3] == bytes((0x50, 1, service))
    assert responder.counts.writes == 1


@pytest.mark.parametrize("service", [6, 9, 10])
def test_an_unconfirmed_write_is_counted_and_not_obeyed(service: int) -> None:
    responder = responder_of()
    assert responder.receive(bytes((0x10, service)) + tags.moment(0.0), PEER, 0.0) == []
    assert responder.counts.writes == 1


def test_reading_counts_as_no_write() -> None:
    responder = responder_of()
    asked(responder, READ, read_property(ai(1), 85))
    asked(responder, READ_MULTIPLE, present_values(responder))
    asked(responder, SUBSCRIBE, subscribe(1, ai(1)))
    asked(responder, Confirmed.PRIVATE_TRANSFER, private(98))
    assert (responder.counts.requests, responder.counts.writes) == (4, 0)


# -- Temco's private transfer


def test_a_temco_panel_says_its_serial_number_by_command_98() -> None:
    responder = responder_of()
    answer = one(responder, Confirmed.PRIVATE_TRANSFER, private(98))
    assert answer[:8].hex() == "3001120a0104" + "1901"
    _type, content = tags.Cursor(answer[9:-1]).application()
    assert struct.unpack("<HBBBH", content[:7]) == (407, 98, 0, 0, 400)
    settings = content[7:]
    assert settings[73] == 1, "panel number"
    assert int.from_bytes(settings[177:181], "little") == 101_001
    assert int.from_bytes(settings[198:202], "little") == 1001


def test_serial_number_0_is_reported_while_the_fault_lasts() -> None:
    responder = responder_of()
    responder.set_fault(BacnetFault(Kind.SERIAL_ZERO), 0.0)
    answer = one(responder, Confirmed.PRIVATE_TRANSFER, private(98))
    assert tags.Cursor(answer[9:-1]).application()[1][7 + 177 : 7 + 181] == bytes(4)


@pytest.mark.parametrize(("command", "writes"), [(99, 0), (101, 1), (198, 1)])
def test_other_private_commands_are_refused_and_writing_ones_counted(command: int, writes: int) -> None:
    responder = responder_of()
    assert one(responder, Confirmed.PRIVATE_TRANSFER, private(command))[0] == 0x50
    assert responder.counts.writes == writes


def test_another_vendors_device_knows_no_private_transfer() -> None:
    assert one(responder_of(Preset.GENERIC), Confirmed.PRIVATE_TRANSFER, private(98))[0] == 0x50


# -- faults


def test_a_fault_lasts_until_none_ends_it() -> None:
    responder = responder_of()
    request = read_property(ai(1), 85)
    right = one(responder, READ, request)
    for fault, expected in (
        (BacnetFault(Kind.STALL), []),
        (BacnetFault(Kind.DROP, share=1.0), []),
        (BacnetFault(Kind.ABORT, code=1), [bytes((0x71, 1, 1))]),
        (BacnetFault(Kind.REJECT, code=9), [bytes((0x60, 1, 9))]),
        (BacnetFault(Kind.WRONG_INVOKE_ID), [right[:1] + b"\x02" + right[2:]]),
    ):
        responder.set_fault(fault, 0.0)
        assert asked(responder, READ, request) == expected
        responder.set_fault(BacnetFault(Kind.NONE), 0.0)
        assert asked(responder, READ, request) == [right]


def test_a_slow_answer_is_the_right_one_with_a_delay() -> None:
    responder = responder_of()
    responder.set_fault(BacnetFault(Kind.SLOW, delay_s=2.5), 0.0)
    (sending,) = responder.receive(confirmed(1, READ, read_property(ai(1), 85)), PEER, 0.0)
    assert sending.delay_s == 2.5


def test_a_late_answer_comes_with_the_next_request() -> None:
    responder = responder_of()
    responder.set_fault(BacnetFault(Kind.LATE), 0.0)
    assert asked(responder, READ, read_property(ai(1), 85)) == []
    late = responder.receive(confirmed(2, READ, read_property(ai(3), 85)), PEER, 0.0)
    assert [each.apdu[1] for each in late] == [1]


def test_an_abort_strikes_only_above_so_many_properties() -> None:
    responder = responder_of()
    responder.set_fault(BacnetFault(Kind.ABORT, code=9, service=READ_MULTIPLE, above=5), 0.0)
    assert one(responder, READ_MULTIPLE, present_values(responder, 5))[0] == 0x30
    assert one(responder, READ_MULTIPLE, present_values(responder, 6)) == bytes((0x71, 1, 9))
    assert one(responder, READ, read_property(ai(1), 85))[0] == 0x30


def test_one_undecodable_property_leaves_the_others_right() -> None:
    responder = responder_of()
    request = present_values(responder)
    right = one(responder, READ_MULTIPLE, request)
    responder.set_fault(BacnetFault(Kind.UNDECODABLE, object="IN3"), 0.0)
    spoilt = one(responder, READ_MULTIPLE, request)
    good = responder.device.points["IN3"]
    assert spoilt.count(b"\x4e\x43\x41\xac\x00\x4f") == 1
    responder.set_fault(BacnetFault(Kind.NONE), 0.0)
    healed = good.read(Property.PRESENT_VALUE)
    assert spoilt.replace(b"\x4e\x43\x41\xac\x00\x4f", b"\x4e" + healed + b"\x4f") == right


def test_a_malformed_acknowledgement_is_cut_off() -> None:
    responder = responder_of()
    right = one(responder, READ, read_property(ai(1), 85))
    responder.set_fault(BacnetFault(Kind.MALFORMED), 0.0)
    cut = one(responder, READ, read_property(ai(1), 85))
    assert len(cut) < len(right)
    assert right.startswith(cut)


def test_a_truncated_segment_ends_inside_its_header() -> None:
    responder = responder_of(Preset.GENERIC, MANY)
    responder.set_fault(BacnetFault(Kind.TRUNCATED_SEGMENT), 0.0)
    (first,) = asked(responder, READ_MULTIPLE, present_values(responder), size=1)
    assert len(first) > 5
    following = responder.receive(bytes((0x40, 1, 0, 2)), PEER, 0.0)
    assert [len(each.apdu) for each in following] == [4, 4]


def test_a_duplicate_instance_is_what_the_device_says_everywhere() -> None:
    responder = responder_of()
    responder.set_fault(BacnetFault(Kind.DUPLICATE_INSTANCE, instance=7), 0.0)
    (i_am,) = responder.receive(b"\x10\x08", PEER, 0.0)
    claimed = tags.object_id(object_identifier(ObjectType.DEVICE, 7))
    assert i_am.apdu[2:7] == claimed
    answer = one(responder, READ, read_property(object_identifier(ObjectType.DEVICE, 7), Property.OBJECT_IDENTIFIER))
    assert claimed in answer


def test_a_reboot_forgets_subscriptions_and_is_silent_for_a_while() -> None:
    responder = responder_of()
    asked(responder, SUBSCRIBE, subscribe(1, ai(1)))
    responder.set_fault(BacnetFault(Kind.REBOOT, delay_s=5.0), 10.0)
    assert len(responder.notifier) == 0
    assert asked(responder, READ, read_property(ai(1), 85), now_s=14.9) == []
    assert asked(responder, READ, read_property(ai(1), 85), now_s=15.0) != []


# -- searches


@pytest.mark.parametrize(
    ("low", "high", "heard"), [(0, 1000, 0), (1001, 1001, 1), (0, 4194303, 1), (1002, 4194303, 0), (5, 1, 0)]
)
def test_a_search_is_answered_by_those_within_its_range(low: int, high: int, heard: int) -> None:
    search = b"\x10\x08" + tags.unsigned(low, 0) + tags.unsigned(high, 1)
    assert len(responder_of().receive(search, PEER, 0.0)) == heard


@given(st.binary(max_size=60), st.booleans())
def test_no_bytes_make_a_device_raise(data: bytes, broadcast: bool) -> None:
    SHARED.receive(data, OTHER, 0.0, broadcast=broadcast)


@given(st.sampled_from([5, 12, 14, 15, 18, 26]), st.binary(max_size=60))
def test_no_request_makes_a_device_raise_or_leaves_it_unanswered(service: int, data: bytes) -> None:
    assert SHARED.receive(confirmed(1, service, data), OTHER, 0.0)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=4), st.integers(0, 2))
def test_no_damaged_request_makes_a_device_raise(damage: list[tuple[int, int]], which: int) -> None:
    whole = bytearray(
        (
            confirmed(1, READ_MULTIPLE, present_values(SHARED)),
            confirmed(1, SUBSCRIBE, subscribe(1, ai(1))),
            confirmed(1, Confirmed.PRIVATE_TRANSFER, private(98)),
        )[which]
    )
    for place, byte in damage:
        whole[place % len(whole)] = byte
    SHARED.receive(bytes(whole), OTHER, 0.0)


SHARED = responder_of(Preset.GENERIC)
