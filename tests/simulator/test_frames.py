from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.simulator.frames import Request, frame, split_requests

PDUS = st.binary(min_size=1, max_size=253)


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 255), PDUS), max_size=4), st.integers(0, 600))
def test_frames_cut_anywhere_come_out_whole_and_in_order(each: list[tuple[int, int, bytes]], cut: int) -> None:
    stream = b"".join(frame(*one) for one in each)
    first = split_requests(stream[:cut])
    second = split_requests(first.rest + stream[cut:])
    assert first.requests + second.requests == [Request(*one) for one in each]
    assert second.rest == b""


@given(st.binary(max_size=600))
def test_no_bytes_make_the_splitter_raise_or_keep_more_than_a_frame(received: bytes) -> None:
    split = split_requests(received)
    assert len(split.rest) < 260
    assert all(request.pdu for request in split.requests)


@pytest.mark.parametrize("length", [2, 254])
def test_the_shortest_and_the_longest_frame_are_accepted(length: int) -> None:
    assert len(split_requests(frame(1, 1, bytes(length - 1))).requests) == 1


@pytest.mark.parametrize("length", [0, 1, 255, 65535])
def test_a_length_that_no_frame_may_have_is_a_flaw(length: int) -> None:
    split = split_requests(bytes((0, 1, 0, 0)) + length.to_bytes(2, "big"))
    assert split.flaw == f"length {length}, allowed is 2 to 254"


def test_another_protocol_id_is_a_flaw_and_what_came_before_it_counts() -> None:
    split = split_requests(frame(1, 1, b"\x03") + bytes((0, 2, 1, 0, 0, 6)))
    assert split == ([Request(1, 1, b"\x03")], b"", "protocol id 256, allowed is 0")
