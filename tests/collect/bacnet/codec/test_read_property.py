"""ReadProperty and Error on the wire."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.bacnet.codec.denials import Abort, Denial, Reject, denial_of, words
from t3actors.collect.bacnet.codec.read_multiple import PropertyError
from t3actors.collect.bacnet.codec.read_property import decode_error, decode_result, encode_request
from t3actors.collect.bacnet.codec.tags import ObjectId, Several, Undecodable
from t3actors.errors import BadResponse, RequestRefused
from tests.collect.bacnet.encoding import encoded, error, number_octets, tagged
from tests.collect.bacnet.values import INDEXES, PROPERTIES, VALUES

octets = bytes.fromhex


def test_the_request_of_the_standard_s_annex() -> None:
    assert encode_request(0, 5, 85) == octets("0C 00000005 1955")  # F.3.5


def test_the_answer_of_the_standard_s_annex() -> None:
    found = decode_result(octets("0C 00000005 1955 3E 444290999A 3F"))  # F.3.5
    assert found[:4] == (0, 5, 85, None)
    assert found[4] == pytest.approx(72.3)


def test_an_array_index_follows_its_property() -> None:
    assert encode_request(8, 1, (76, 0)) == octets("0C02000001 194C 2900")
    assert decode_result(octets("0C02000001 194C 2901 3E C402000001 3F")) == (8, 1, 76, 1, ObjectId(8, 1))


@given(st.integers(0, 1023), st.integers(0, 0x3FFFFF), PROPERTIES, INDEXES, VALUES)
def test_what_is_encoded_comes_back(kind: int, instance: int, which: int, index: int | None, value: Any) -> None:
    data = encode_request(kind, instance, which if index is None else (which, index))
    assert decode_result(data + b"\x3e" + encoded(value) + b"\x3f") == (kind, instance, which, index, value)


def test_a_list_of_one_cannot_be_told_from_its_element_and_an_empty_one_can() -> None:
    assert decode_result(octets("0C02000001 194C 3E 3F"))[4] == Several(())


def test_an_undecodable_value_is_a_result() -> None:
    assert isinstance(decode_result(octets("0C00000005 1955 3E 4300 0000 3F"))[4], Undecodable)


@given(st.binary(max_size=40) | st.binary(max_size=20).map(lambda rest: octets("0C000000051955") + rest))
def test_no_octets_raise_anything_but_bad_response(data: bytes) -> None:
    for decode in (decode_result, decode_error):
        raw = data
        try:
            decode(data)
        except BadResponse as bad:
            raw = bad.raw
        assert raw == data


@given(st.integers(0, 65535), st.integers(0, 65535))
def test_an_error_is_its_class_and_code(error_class: int, code: int) -> None:
    assert decode_error(error(error_class, code)) == PropertyError(error_class, code)
    wrapped = b"\x0e" + error(error_class, code) + b"\x0f" + tagged(1, number_octets(7), context=True)
    assert decode_error(wrapped) == PropertyError(error_class, code)


@pytest.mark.parametrize(
    ("denial", "text"),
    [
        (PropertyError(2, 32), "unknown property (property error 2/32)"),
        (PropertyError(99, 9999), "unknown code (unknown class error 99/9999)"),
        (Abort(4), "segmentation not supported (abort 4)"),
        (Abort(77), "unknown reason (abort 77)"),
        (Reject(9), "unrecognized service (reject 9)"),
        (Reject(77), "unknown reason (reject 77)"),
    ],
)
def test_a_denial_is_said_in_the_standard_s_words(denial: Denial, text: str) -> None:
    assert words(denial) == text


@pytest.mark.parametrize(
    ("kind", "denial"),
    [("error", PropertyError(2, 9)), ("reject", Reject(9)), ("abort", Abort(9)), ("local", Abort(9))],
)
def test_the_link_s_error_is_judged_by_its_kind(kind: str, denial: Denial) -> None:
    error_class = 2 if kind == "error" else None
    assert denial_of(RequestRefused("no", code=9, kind=kind, error_class=error_class)) == denial
