"""The three headers: link, network and application."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.simulator.bacnet import apdu, bvll
from t3actors.simulator.bacnet.apdu import BadApdu, Ended, Request, SegmentAck, Unconfirmed, decode_apdu
from t3actors.simulator.bacnet.bvll import BadLink, decode_link, encode_link
from t3actors.simulator.bacnet.npdu import BadNetworkHeader, Npdu, Station, decode_npdu, encode_npdu

STATIONS = st.builds(Station, st.integers(1, 0xFFFE), st.binary(min_size=1, max_size=7))
NPDUS = st.builds(
    Npdu,
    st.binary(max_size=30),
    st.none() | STATIONS | st.just(Station(0xFFFF, b"")),
    st.none() | STATIONS,
    st.none() | st.integers(0, 0x7F),
    st.booleans(),
)


@given(st.integers(0, 255), st.binary(max_size=100))
def test_a_link_message_comes_back(function: int, content: bytes) -> None:
    assert decode_link(encode_link(function, content)) == (function, content)


@given(st.tuples(st.ip_addresses(v=4).map(str), st.integers(0, 0xFFFF)))
def test_an_address_comes_back(address: tuple[str, int]) -> None:
    assert bvll.decode_address(bvll.encode_address(address)) == address


@given(NPDUS)
def test_a_network_message_comes_back(npdu: Npdu) -> None:
    assert decode_npdu(encode_npdu(npdu)) == npdu


def test_a_request_is_decoded_with_all_its_header_says() -> None:
    assert decode_apdu(bytes.fromhex("0204010cffff")) == Request(12, 1, b"\xff\xff", 1024, None, True)
    assert decode_apdu(bytes.fromhex("0c4507030210aa")) == Request(
        16, 7, b"\xaa", 1476, 16, segmented=True, more_follows=True, sequence=3, window=2
    )


def test_what_is_sent_is_as_the_standard_shows() -> None:
    assert apdu.complex_ack(1, 12, b"\x01").hex() == "30010c01"
    assert apdu.segment(1, 14, 2, 4, b"\x01", more_follows=True).hex() == "3c0102040e01"
    assert apdu.reject(1, 9).hex() == "600109"
    assert apdu.abort(1, 4).hex() == "710104"
    assert apdu.error(1, 12, b"\x91\x02").hex() == "50010c9102"
    assert decode_apdu(b"\x42\x01\x02\x03") == SegmentAck(1, 2, 3, True, False)
    assert decode_apdu(b"\x10\x08") == Unconfirmed(8, b"")
    assert decode_apdu(b"\x20\x05\x01") == Ended(apdu.Kind.SIMPLE_ACK, 5)


@pytest.mark.parametrize("data", [b"", b"\x81", b"\x82\x0a\x00\x04", b"\x81\x0a\x00\x05", b"\x81\x0a\x00\x04\x00"])
def test_a_datagram_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(BadLink):
        decode_link(data)


@pytest.mark.parametrize("data", ["", "01", "0200", "0120", "01200005", "0120000506", "0180", "010800ff00"])
def test_a_network_header_that_is_none_is_refused(data: str) -> None:
    with pytest.raises(BadNetworkHeader):
        decode_npdu(bytes.fromhex(data))


@given(st.binary(max_size=30))
def test_no_bytes_make_a_header_raise_anything_but_its_own_error(data: bytes) -> None:
    for decode in (decode_link, decode_npdu, decode_apdu, bvll.decode_address):
        with contextlib.suppress(BadLink, BadNetworkHeader, BadApdu):
            decode(data)
