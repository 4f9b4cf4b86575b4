from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.t3000.document import Document
from t3actors.collect.t3000.ffi_frames import (
    LARGEST_FRAME,
    LENGTH,
    Answered,
    CallLibrary,
    Copied,
    CopyMemory,
    ListTrendLogs,
    Loaded,
    NotLoaded,
    NotYet,
    Refused,
    Unreadable,
    decode_asked,
    decode_said,
    encode,
    length_of,
)
from t3actors.errors import BadResponse

SIZE = 1000
ASKED = [CallLibrary(15, b'{"action":15}'), ListTrendLogs(3), CopyMemory()]
SAID = [
    Loaded(calls=True, memory=False, trend_logs=True),
    NotLoaded("no such file"),
    Answered(
        SIZE, Document(shape="real", panels=((10, 20), (31, SIZE - 31)), repaired=2, notice="one panel is offline")
    ),
    Refused(-1, "no"),
    NotYet(),
    Unreadable("cut off", b"\xff{"),
    Copied(bytes(46), b"", None),
]


@pytest.mark.parametrize("message", ASKED, ids=lambda message: type(message).__name__)
def test_what_the_door_asks_arrives_as_it_was(message: CallLibrary | ListTrendLogs | CopyMemory) -> None:
    frame = encode(message)
    assert length_of(frame[:4]) == len(frame) - 4
    assert decode_asked(frame[4:]) == message


@pytest.mark.parametrize("message", SAID, ids=lambda message: type(message).__name__)
def test_what_the_worker_says_arrives_as_it_was(message: Answered) -> None:
    assert decode_said(encode(message)[4:], SIZE) == message


@pytest.mark.parametrize(("length", "good"), [(0, False), (1, True), (LARGEST_FRAME, True), (LARGEST_FRAME + 1, False)])
def test_a_frame_has_at_least_one_octet_and_at_most_as_many_as_allowed(length: int, good: bool) -> None:
    with contextlib.nullcontext() if good else pytest.raises(BadResponse, match=f"a frame of {length} octets"):
        assert length_of(LENGTH.pack(length)) == length


@pytest.mark.parametrize(
    ("length", "panels"),
    [(0, ()), (-1, ()), (SIZE + 1, ()), (10, ((0, 11),)), (10, ((-1, 2),)), (10, ((3, -1),)), (10, ((0, 1), (10, 1)))],
)
def test_an_answer_that_lies_outside_of_the_buffer_is_nonsense(
    length: int, panels: tuple[tuple[int, int], ...]
) -> None:
    with pytest.raises(BadResponse):
        decode_said(encode(Answered(length, Document(panels=panels)))[4:], SIZE)


TAGGED = st.builds(
    lambda tag, rest: msgspec.msgpack.encode({"type": tag} | rest),
    st.sampled_from(["call", "answered", "refused", "copied", "loaded", "nonsense"]),
    st.dictionaries(
        st.sampled_from(["action", "length", "document", "code", "text", "inputs", "calls"]),
        st.integers(-(2**63), 2**64 - 1)
        | st.text(max_size=5)
        | st.binary(max_size=5)
        | st.just({"panels": [[1, 2, 3]]}),
    ),
)


@given(TAGGED | TAGGED.map(lambda octets: octets[:-1]) | st.binary(max_size=200) | st.just(b"\x91" * 100_000))
def test_no_octets_make_a_decoder_raise_anything_but_bad_response(octets: bytes) -> None:
    with contextlib.suppress(BadResponse):
        decode_asked(octets)
    with contextlib.suppress(BadResponse):
        decode_said(octets, SIZE)
    with contextlib.suppress(BadResponse):
        length_of(octets[:4].ljust(4, b"\0"))
