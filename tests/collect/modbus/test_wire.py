"""Frames: only reads go out, only what was asked for comes in, and no bytes raise anything but our own errors."""

from __future__ import annotations

import logging
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.modbus.wire import (
    FUNCTIONS,
    READ_FUNCTIONS,
    Asked,
    Frame,
    FrameCutter,
    as_bytes,
    build_request,
    mismatch,
    take,
)
from t3actors.errors import BadResponse, GatewayError, RequestRefused

ASKED = Asked(transaction_id=7, unit_id=1, function=3, address=100, size=2)
GOOD = Frame(7, 1, b"\x03\x04\x00\x01\xff\xff")


def test_the_allow_list_is_the_four_reads() -> None:
    assert frozenset({1, 2, 3, 4}) == READ_FUNCTIONS
    assert set(FUNCTIONS.values()) == READ_FUNCTIONS


@given(st.integers(0, 255), st.integers(-1, 65536), st.integers(-1, 2001), st.integers(-1, 256), st.integers(-1, 65536))
def test_no_frame_leaves_that_is_not_a_read(function: int, address: int, size: int, unit: int, tid: int) -> None:
    try:
        sent = build_request(Asked(tid, unit, function, address, size))
    except ValueError:
        return
    assert sent[7] in READ_FUNCTIONS
    assert sent == struct.pack(">HHHBBHH", tid, 0, 6, unit, function, address, size)


@pytest.mark.parametrize("function", [5, 6, 15, 16, 22, 23, 0x83, 0])
def test_a_write_cannot_be_built(function: int) -> None:
    with pytest.raises(ValueError, match="only reads"):
        build_request(ASKED._replace(function=function))


@pytest.mark.parametrize(
    "asked",
    [
        ASKED._replace(size=126),
        ASKED._replace(size=0),
        ASKED._replace(function=1, size=2001),
        ASKED._replace(address=65535),
        ASKED._replace(unit_id=256),
        ASKED._replace(transaction_id=0),
    ],
)
def test_what_does_not_fit_the_protocol_cannot_be_built(asked: Asked) -> None:
    with pytest.raises(ValueError, match="allowed is"):
        build_request(asked)


@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=125), st.sampled_from([3, 4]))
def test_registers_come_through(words: list[int], function: int) -> None:
    pdu = bytes([function, 2 * len(words)]) + struct.pack(f">{len(words)}H", *words)
    assert take(Frame(7, 1, pdu), ASKED._replace(function=function, size=len(words))) == words


@given(st.lists(st.integers(0, 1), min_size=1, max_size=2000), st.sampled_from([1, 2]))
def test_bits_come_through_without_the_padding(bits: list[int], function: int) -> None:
    data = sum(bit << place for place, bit in enumerate(bits)).to_bytes((len(bits) + 7) // 8, "little")
    frame = Frame(7, 1, bytes([function, len(data)]) + data)
    assert take(frame, ASKED._replace(function=function, size=len(bits))) == bits


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (GOOD._replace(unit_id=2), "unit 2 answered"),
        (GOOD._replace(unit_id=0), "unit 0 answered"),
        (GOOD._replace(pdu=b"\x04" + GOOD.pdu[1:]), "function 4 answered"),
        (GOOD._replace(pdu=b"\x03\x02\x00\x01"), "2 data bytes came"),
        (GOOD._replace(pdu=b"\x03\x06\x00\x01\x00\x01\x00\x01"), "6 data bytes came"),
        (GOOD._replace(pdu=b"\x03\x04\x00\x01\xff"), "announces 4 data bytes and has 3"),
        (GOOD._replace(pdu=b"\x03\x04\x00\x01\xff\xff\x00"), "announces 4 data bytes and has 5"),
        (GOOD._replace(pdu=b"\x03"), "announces no data bytes"),
        (GOOD._replace(pdu=b"\x84\x02"), "function 132 answered"),
        (GOOD._replace(pdu=b"\x83"), "an exception of 1 bytes"),
        (GOOD._replace(pdu=b"\x83\x02\x00"), "an exception of 3 bytes"),
    ],
)
def test_an_answer_that_is_not_to_this_question_is_not_used(frame: Frame, said: str) -> None:
    assert said in mismatch(frame, ASKED)
    with pytest.raises(BadResponse, match=said) as caught:
        take(frame, ASKED)
    assert caught.value.raw == as_bytes(frame)


@pytest.mark.parametrize("unit", [0, 255])
def test_units_0_and_255_are_compared_as_strictly_as_any(unit: int) -> None:
    asked = ASKED._replace(unit_id=unit)
    assert not mismatch(GOOD._replace(unit_id=unit), asked)
    assert mismatch(GOOD._replace(unit_id=255 - unit), asked)


@pytest.mark.parametrize(("code", "said"), [(2, "illegal address"), (11, "gateway target"), (99, "unknown exception")])
def test_an_exception_is_a_refusal_with_its_code(code: int, said: str) -> None:
    with pytest.raises(RequestRefused, match=rf"{said}.*\(Modbus exception {code}\)") as caught:
        take(Frame(7, 1, bytes([0x83, code])), ASKED)
    assert caught.value.code == code


@given(
    st.lists(st.builds(Frame, st.integers(0, 65535), st.integers(0, 255), st.binary(min_size=1, max_size=253))),
    st.data(),
)
def test_frames_are_found_however_the_bytes_are_cut(frames: list[Frame], data: st.DataObject) -> None:
    stream = b"".join(as_bytes(frame) for frame in frames)
    cutter, found = FrameCutter(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += list(cutter.feed(stream[:size]))
        stream = stream[size:]
    assert found == frames


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"\0\x07\0\x01\0\x06", "protocol id is not 0"),
        (b"\0\x07\0\0\0\x01", "length is not 2 to 254"),
        (b"\0\x07\0\0\0\xff", "length is not 2 to 254"),
        (b"HTTP/1.1 400", "protocol id is not 0"),
    ],
)
def test_a_bad_header_ends_the_stream_after_the_frames_before_it(header: bytes, said: str) -> None:
    cutter = FrameCutter()
    found: list[Frame] = []
    with pytest.raises(BadResponse, match=said):
        found.extend(cutter.feed(b""))
        for frame in cutter.feed(as_bytes(GOOD) + header):
            found.append(frame)  # noqa: PERF402 - what came before the error counts
    assert found == [GOOD]


@pytest.mark.parametrize("length", [2, 254])
def test_the_shortest_and_the_longest_frame_pass(length: int) -> None:
    data = struct.pack(">HHHB", 1, 0, length, 1) + bytes(length - 1)
    assert len(list(FrameCutter().feed(data))) == 1


@given(st.binary(max_size=600), st.sampled_from([1, 2, 3, 4]), st.integers(1, 125), st.booleans())
def test_no_bytes_raise_anything_but_our_own_errors(junk: bytes, function: int, size: int, framed: bool) -> None:
    asked = ASKED._replace(function=function, size=size)
    received = as_bytes(Frame(7, 1, junk[:253] or b"\0")) if framed else junk
    try:
        for frame in FrameCutter().feed(received):
            assert len(take(frame, asked)) == size
    except GatewayError:
        pass


def test_pymodbus_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(BadResponse):
        take(GOOD._replace(unit_id=9), ASKED)
    assert not caplog.records
