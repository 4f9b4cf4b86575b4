from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.simulator.bacnet import tags
from t3actors.simulator.bacnet.tags import BadEncoding, Cursor


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (tags.null(), "00"),  # the examples of clause 20.2
        (tags.boolean(True), "11"),
        (tags.boolean(False), "10"),
        (tags.unsigned(72), "2148"),
        (tags.signed(72), "3148"),
        (tags.signed(-128), "3180"),
        (tags.real(72.0), "4442900000"),
        (tags.double(72.0), "55084052000000000000"),
        (tags.octets(b"\x12\x34\xff"), "631234ff"),
        (tags.text("This is a BACnet string!"), "7519005468697320697320612042414" + "36e657420737472696e6721"),
        (
            tags.text("This is a BACnet string!", tags.DBCS),
            "751b0103525468697320697320612042" + "41436e657420737472696e6721",
        ),
        (tags.bits([True, False, True, False, True]), "8203a8"),
        (tags.enumerated(0), "9100"),
        (tags.date(1991, 1, 24, 4), "a45b011804"),
        (tags.time(17, 35, 45)[:-1] + b"\x11", "b411232d11"),
        (tags.object_id(3 << 22 | 15), "c400c0000f"),
        (tags.boolean(False, 6), "6900"),
        (tags.unsigned(256, 0), "0a0100"),
        (tags.signed(-72, 5), "59b8"),
        (tags.real(-33.3, 0), "0cc2053333"),
        (tags.opening(2) + tags.closing(2), "2e2f"),
        (tags.unsigned(1, 31), "f91f01"),
        (tags.opening(31) + tags.closing(31), "fe1fff1f"),
    ],
)
def test_values_are_encoded_as_the_standard_shows(encoded: bytes, expected: str) -> None:
    assert encoded.hex() == expected


@given(st.integers(0, 2**32 - 1), st.integers(0, 14))
def test_an_unsigned_number_comes_back(value: int, number: int) -> None:
    assert Cursor(tags.unsigned(value, number)).unsigned(number) == value


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_signed_number_comes_back_from_the_fewest_bytes(value: int) -> None:
    kind, content = Cursor(tags.signed(value)).application()
    assert (kind, int.from_bytes(content, "big", signed=True)) == (tags.SIGNED, value)
    assert len(content) == 1 or not -(1 << (8 * len(content) - 9)) <= value < 1 << (8 * len(content) - 9)


@given(st.binary(max_size=70_000))
def test_octets_of_any_length_come_back(value: bytes) -> None:
    assert Cursor(tags.octets(value)).application() == (tags.OCTETS, value)


@pytest.mark.parametrize("length", [4, 5, 253, 254, 65_535, 65_536])
def test_the_length_of_a_tag_is_right_on_both_sides_of_each_limit(length: int) -> None:
    cursor = Cursor(tags.octets(bytes(length), 3))
    assert len(cursor.context(3)) == length
    assert cursor.at_end


@given(st.binary(max_size=20), st.integers(0, 14))
def test_no_bytes_make_the_cursor_raise_anything_but_its_own_error(data: bytes, number: int) -> None:
    for read in ("context", "unsigned", "object_id", "boolean"):
        with contextlib.suppress(BadEncoding):
            getattr(Cursor(data), read)(number)
    with contextlib.suppress(BadEncoding):
        cursor = Cursor(data)
        while not cursor.at_end:
            cursor.application()
