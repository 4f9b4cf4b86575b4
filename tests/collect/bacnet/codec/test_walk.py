"""No octets make a decoder of constructed values raise, and what is not wholly such a value is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t3actors.collect.bacnet.codec.read_multiple import Answer, PropertyError
from t3actors.collect.bacnet.codec.tags import Constructed, FramingBroken, Several, Undecodable
from t3actors.collect.bacnet.codec.walk import MOST_OCTETS, UNSIGNED, Walk, decoded
from t3actors.collect.bacnet.rare.days import date_list
from t3actors.collect.bacnet.rare.references import references, setpoint_reference
from t3actors.collect.bacnet.rare.stamps import event_time_stamps
from t3actors.collect.bacnet.rare.switches import exception_schedule, weekly_schedule

DECODERS: list[Callable[[Answer], Any]] = [
    date_list, references, setpoint_reference, event_time_stamps, exception_schedule, weekly_schedule,
]  # fmt: skip
PIECES = [b"\x0e", b"\x0f", b"\x1e", b"\x1f", b"\x2e", b"\x2f", b"\x0c\x00\x00\x00\x01", b"\x19\x55", b"\x39\x05",
          b"\xb4\x07\x00\x00\x00", b"\xa4\x7e\x0c\x18\xff", b"\x44\x41\xa8\x00\x00", b"\x91\x01", b"\x00"]  # fmt: skip
HOSTILE = st.one_of(st.binary(max_size=60), st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join))


@pytest.mark.parametrize("decode", DECODERS)
@given(octets=HOSTILE)
@settings(max_examples=120)
def test_no_octets_make_a_decoder_raise(decode: Callable[[Answer], Any], octets: bytes) -> None:
    decode(Constructed(octets))


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("answer", [None, 5, "text", True, PropertyError(2, 32), Undecodable("", b""), Several((1, 2))])
def test_what_is_no_constructed_value_is_none(decode: Callable[[Answer], Any], answer: Answer) -> None:
    assert decode(answer) is None


def test_a_value_that_goes_on_beyond_its_end_is_none() -> None:
    assert decoded(Constructed(b"\x09\x05\x19\x06"), lambda walk: walk.whole(0)) is None
    assert decoded(Constructed(b"\x09\x05"), lambda walk: walk.whole(0)) == 5


@pytest.mark.parametrize(("octets", "is_read"), [(MOST_OCTETS, True), (MOST_OCTETS + 2, False)])
def test_a_value_longer_than_any_is_none(octets: int, is_read: bool) -> None:
    def count(walk: Walk) -> int:
        found = 0
        while walk.more:
            found += walk.whole(0) == 1
        return found

    found = decoded(Constructed(b"\x09\x01" * (octets // 2)), count)
    assert found == (octets // 2 if is_read else None)


def test_a_tag_of_another_number_or_form_is_refused() -> None:
    for octets in (b"\x19\x05", b"\x21\x05", b"\x0e\x0f", b"\x09", b""):
        with pytest.raises(FramingBroken):
            Walk(octets).context(0, UNSIGNED)
    with pytest.raises(FramingBroken):
        Walk(b"\x09\x05").plain()
    with pytest.raises(FramingBroken):
        Walk(b"\x09\x05").inside(0)
    with pytest.raises(FramingBroken):
        Walk(b"\x0e\x09\x05").inside(0)
    with pytest.raises(FramingBroken):
        Walk(b"\x09\x05").object(0)
