"""What stops a JSON reader is replaced in place and counted; what does not is left as it is."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.t3000.mending import mend, readable, undecodable
from tests.collect.t3000.answers import REAL

BAD = [
    (b"a\x01b\x1f", b"a b ", 2),
    (rb"a\xb", rb"a?xb", 1),
    (rb"\ud83d", rb"\ufffd", 1),
    (rb"\udc00\ud83d\ude00", rb"\ufffd\ud83d\ude00", 1),
    (rb"\ud83d\ud83d\ude00", rb"\ufffd\ud83d\ude00", 1),
    (rb"\\ud83d", rb"\\ud83d", 0),
    (rb"\"\\\/\b\f\n\r\t\u00e9", rb"\"\\\/\b\f\n\r\t\u00e9", 0),
    (b"a\tb", b"a b", 0),
]


@pytest.mark.parametrize(("label", "mended", "count"), BAD)
def test_only_what_json_does_not_have_is_replaced_and_counted(label: bytes, mended: bytes, count: int) -> None:
    assert mend(label) == (mended, count)
    assert isinstance(msgspec.json.decode(b'"' + mended + b'"'), str)


def test_a_good_answer_stays_what_it_was() -> None:
    mended, count = mend(REAL)
    assert count == 0
    assert json.loads(mended) == json.loads(REAL)


@given(st.binary(max_size=60))
def test_mending_keeps_the_length(octets: bytes) -> None:
    assert len(mend(octets)[0]) == len(octets)


@given(st.lists(st.text(max_size=4).map(lambda text: text.encode("utf-8", "ignore")) | st.binary(max_size=3)))
def test_each_octet_that_is_not_utf8_becomes_one_replacement_character(pieces: list[bytes]) -> None:
    octets = b"".join(pieces)
    text = readable(octets).decode()
    assert text.count("\ufffd") - octets.count("\ufffd".encode()) == undecodable(octets)
    assert (undecodable(octets) == 0) == (text.encode() == octets)
