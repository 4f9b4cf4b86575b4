"""Frames of direct requests: as the standard has them, as bacpypes3 makes and reads them, and nothing else taken for an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.bacnet.link.frames import LONGEST_DATA, Answer, Kind, answer, endpoint, request
from tests.collect.bacnet.peer import confirmed, plain, unicast

PRESENT_VALUE = bytes.fromhex("0c000000011e09551f")


def test_a_request_is_written_as_the_standard_has_it() -> None:
    """BVLL 81 0A and length; NPDU version 1, expecting reply; segments accepted, up to 64, of 1476 octets; id; service; data."""
    golden = "810a001301040265c80e0c000000011e09551f"
    assert request(14, 200, PRESENT_VALUE).hex() == golden


@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=LONGEST_DATA))
def test_what_is_written_is_read_back(service: int, invoke_id: int, data: bytes) -> None:
    frame = request(service, invoke_id, data)
    assert confirmed(frame) == (invoke_id, service, data)
    assert int.from_bytes(frame[2:4], "big") == len(frame)
    assert answer(frame) is None, "a request is no answer"


def test_what_does_not_fit_one_piece_is_refused() -> None:
    assert len(request(14, 128, bytes(LONGEST_DATA))) == 1476 + 2 + 4
    with pytest.raises(ValueError, match="up to 1472"):
        request(14, 128, bytes(LONGEST_DATA + 1))


@pytest.mark.parametrize(
    ("apdu", "read"),
    [
        ("20800f", Answer(Kind.SIMPLE_ACK, 128, 15, b"")),
        ("30800e0c", Answer(Kind.COMPLEX_ACK, 128, 14, b"\x0c")),
        ("34800e0c", Answer(Kind.COMPLEX_ACK, 128, 14, b"\x0c")),  # "more follows" means nothing without "segmented"
        ("3c8000100e0c", Answer(Kind.SEGMENT, 128, 0, b"")),
        ("50800e9102911f", Answer(Kind.ERROR, 128, 14, b"\x91\x02\x91\x1f")),
        ("608009", Answer(Kind.REJECT, 128, 9, b"")),
        ("718004", Answer(Kind.ABORT, 128, 4, b"")),
    ],
)
def test_each_kind_of_answer_is_read(apdu: str, read: Answer) -> None:
    octets = bytes.fromhex(apdu)
    assert answer(plain(octets)) == read
    assert answer(unicast(b"\x01\x03" + octets)) == read, "whatever its priority"
    assert answer(unicast(b"\x01\x20\xff\xff\x00\xff" + octets)) == read, "to all networks is to us as well"
    assert answer(b"\x81\x0b" + plain(octets)[2:]) == read, "by broadcast"


ACK = plain(b"\x30\x80\x0e\x0c")


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        ACK[:-1],  # the length says more
        ACK + b"\x00",
        b"\x82" + ACK[1:],
        b"\x81\x04" + ACK[2:],  # forwarded: its source stands elsewhere
        unicast(b"\x02\x00\x30\x80\x0e\x0c"),  # another version of the protocol
        unicast(b"\x01\x80\x30\x80\x0e\x0c"),  # a network message
        unicast(b"\x01\x08\x00\x32\x01\x07\x30\x80\x0e\x0c"),  # from behind a router
        unicast(b"\x01\x20\x00\x32\x01\x07\xff\x30\x80\x0e\x0c"),  # to another network
        unicast(b"\x01\x20\xff\xff\x00\xff\x30\x80"),
        plain(b"\x30\x80"),
        plain(b"\x3c\x80\x00\x10"),  # a segment without a service
        plain(b"\x00\x05\x80\x0e"),  # a request
        plain(b"\x10\x08\x80"),
        plain(b"\x40\x80\x00\x10"),  # a segment's acknowledgement
        plain(b"\x70\x80\x04"),  # a client's abort
        plain(b"\x80\x80\x0e"),
    ],
)
def test_what_is_no_answer_to_a_client_of_the_same_network_is_let_pass(frame: bytes) -> None:
    assert answer(frame) is None


@given(st.binary(max_size=40), st.sampled_from([b"\x01\x00", b"\x01\x08", b"\x01\x20\xff\xff\x00\xff", b""]))
def test_no_octets_make_it_raise(octets: bytes, before: bytes) -> None:
    answer(octets)
    read = answer(unicast(before + octets))
    assert read is None or isinstance(read, Answer)


def test_a_mac_of_six_octets_is_an_address_and_a_port() -> None:
    assert endpoint(b"\xc0\xa8\x01\x05\xba\xc0") == ("192.168.1.5", 47808)
