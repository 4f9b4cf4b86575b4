"""ReadPropertyMultiple on the wire: as the standard writes it, as bacpypes3 reads it, and whatever else may come."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from bacpypes3.apdu import ComplexAckPDU, ReadPropertyMultipleACK
from bacpypes3.primitivedata import BitString as TheirBits
from bacpypes3.primitivedata import Date as TheirDate
from bacpypes3.primitivedata import Null as TheirNull
from bacpypes3.primitivedata import ObjectIdentifier as TheirId
from bacpypes3.primitivedata import TagClass
from bacpypes3.primitivedata import Time as TheirTime
from hypothesis import given, settings
from hypothesis import strategies as st

from t3actors.collect.bacnet.codec import read_multiple
from t3actors.collect.bacnet.codec.read_multiple import (
    Answers,
    Key,
    PropertyError,
    Result,
    decode_results,
    encode_request,
)
from t3actors.collect.bacnet.codec.tags import (
    MAX_DEPTH,
    Bits,
    Constructed,
    Date,
    Enumerated,
    ObjectId,
    Several,
    Time,
    Undecodable,
)
from t3actors.errors import BadResponse
from tests.collect.bacnet.encoding import answer, element, encoded, error, tagged
from tests.collect.bacnet.values import INDEXES, PROPERTIES, VALUES

octets = bytes.fromhex

# ANSI/ASHRAE 135, Annex F.3.7: both examples, without the PDU headers
REQUESTS = [
    ([(0, 16, [85, 103])], "0C00000010 1E 0955 0967 1F"),
    ([(0, 33, [85]), (0, 50, [85]), (0, 35, [85])], "0C000000211E09551F 0C000000321E09551F 0C000000231E09551F"),
]
ANSWERS = [
    (
        "0C00000010 1E 2955 4E 444290999A 4F 2967 4E 9100 4F 1F",
        [(0, 16, 85, None, 72.3), (0, 16, 103, None, Enumerated(0))],
    ),
    (
        "0C00000021 1E29554E4442293333 4F1F 0C00000032 1E29555E 9101911F 5F1F 0C00000023 1E29554E4443D9D99A 4F1F",
        [(0, 33, 85, None, 42.3), (0, 50, 85, None, PropertyError(1, 31)), (0, 35, 85, None, 435.7)],
    ),
]
ELEMENTS = st.tuples(PROPERTIES, INDEXES, VALUES | st.builds(PropertyError, st.integers(0, 7), st.integers(0, 65535)))
OBJECTS = st.lists(
    st.tuples(st.integers(0, 1023), st.integers(0, 0x3FFFFF), st.lists(ELEMENTS, max_size=5)), max_size=5
)


def on_the_wire(objects: list[Any]) -> bytes:
    def one(which: int, index: int | None, value: Any) -> bytes:
        if isinstance(value, PropertyError):
            return element(which, index, error(*value), failed=True)
        return element(which, index, encoded(value))

    return answer([(kind, instance, [one(*each) for each in elements]) for kind, instance, elements in objects])


@pytest.mark.parametrize(("wanted", "hexed"), REQUESTS)
def test_requests_of_the_standard_s_annex(wanted: Any, hexed: str) -> None:
    assert encode_request(wanted) == octets(hexed)


@pytest.mark.parametrize(("hexed", "results"), ANSWERS)
def test_answers_of_the_standard_s_annex(hexed: str, results: list[Any]) -> None:
    found = decode_results(octets(hexed))
    for one, expected in zip(found, results, strict=True):
        assert one[:4] == expected[:4]
        assert one[4] == (pytest.approx(expected[4], rel=1e-6) if isinstance(expected[4], float) else expected[4])
        assert type(one[4]) is type(expected[4])


def test_an_array_index_follows_its_property() -> None:
    assert encode_request([(8, 1, [(76, 0), (76, 300)])]) == octets("0C02000001 1E 094C 1900 094C 1A012C 1F")


@pytest.mark.parametrize(
    "wanted",
    [
        [],
        [(0, 1, [])],
        [(1024, 1, [85])],
        [(-1, 1, [85])],
        [(0, 0x400000, [85])],
        [(0, 1, [1 << 32])],
        [(0, 1, [(85, 2**32)])],
        [(0, 1, [(85, -1)])],
    ],
)
def test_a_request_the_protocol_cannot_say_is_refused(wanted: Any) -> None:
    with pytest.raises(ValueError, match="saw"):
        encode_request(wanted)


@given(OBJECTS)
def test_what_is_encoded_comes_back(objects: list[Any]) -> None:
    expected = [(kind, instance, *each) for kind, instance, elements in objects for each in elements]
    found = decode_results(on_the_wire(objects))
    assert found == expected
    assert [type(each[4]) for each in found] == [type(each[4]) for each in expected]


@given(st.floats(allow_nan=False))
def test_a_double_comes_back(number: float) -> None:
    assert decode_results(answer([(46, 1, [element(85, None, encoded(number, double=True))])]))[0][4] == number


@pytest.mark.parametrize("which", [85, 111])
@given(content=st.binary(max_size=6))
def test_the_short_cuts_decode_as_the_long_way_does(which: int, content: bytes) -> None:
    for tag in (b"\x44", b"\x91", b"\x21", b"\x82"):
        part = element(which, None, tag + content)
        data = answer([(0, 1, [part])])
        try:
            end, *expected = read_multiple._element(data, 6)
        except (IndexError, read_multiple.FramingBroken):
            continue
        if end != len(data) - 1:
            continue  # the content closed the value by itself
        found = decode_results(data)
        assert repr(found) == repr([(0, 1, *expected)])  # NaN too
        assert type(found[0][4]) is type(expected[2])


def kept_of(data: bytes) -> bytes | None:
    """What a bad response keeps of these octets; None when they can be decoded."""
    try:
        decode_results(data)
    except BadResponse as bad:
        return bad.raw
    return None


@given(st.binary(max_size=60))
def test_no_octets_raise_anything_but_bad_response(data: bytes) -> None:
    assert kept_of(data) in (None, data)


@settings(max_examples=100)
@given(OBJECTS, st.data())
def test_no_damaged_answer_raises_anything_but_bad_response(objects: list[Any], data: st.DataObject) -> None:
    wire = bytearray(on_the_wire(objects))
    for _ in range(data.draw(st.integers(1, 4))):
        if wire:
            wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    for cut in (bytes(wire), bytes(wire[: data.draw(st.integers(0, len(wire)))])):
        assert kept_of(cut) in (None, cut[:300])


@pytest.mark.parametrize(
    "broken",
    [
        tagged(4, b"\0\0\0"),
        tagged(5, b"\0" * 7),
        tagged(2, b""),
        tagged(2, b"\0" * 9),
        tagged(3, b""),
        tagged(7, b""),
        tagged(8, b""),
        tagged(8, b"\x08\xff"),
        tagged(8, b"\x03"),
        tagged(9, b""),
        tagged(10, b"\0\0\0"),
        tagged(11, b"\0" * 5),
        tagged(12, b"\0\0\0"),
        tagged(13, b"\0"),
        tagged(14, b""),
        tagged(0, b"\1"),
        tagged(254, b"\1"),
        b"\x14",
    ],
)
def test_one_undecodable_value_costs_only_itself(broken: bytes) -> None:
    good = element(85, None, encoded(21.5))
    for bad in (broken, encoded(1) + broken):
        results = decode_results(answer([(0, 1, [good]), (0, 2, [element(85, None, bad), good]), (0, 3, [good])]))
        assert [each[4] for each in results if each[1] != 2] == [21.5, 21.5]
        assert isinstance(results[1][4], Undecodable)
        assert results[1][4].raw == bad
        assert results[2][4] == 21.5


def test_an_error_without_class_and_code_costs_only_itself() -> None:
    good = element(85, None, encoded(1))
    for bad in (b"", encoded(1), encoded(Enumerated(2)), encoded(Several((1, 2)))):
        results = decode_results(answer([(0, 1, [element(85, None, bad, failed=True), good])]))
        assert results[0][4] == Undecodable("no error class and code", bad)
        assert results[1][4] == 1


def nested(depth: int) -> bytes:
    return b"\x0e" * depth + encoded(1) + b"\x0f" * depth


def test_constructed_values_are_handed_on_as_they_came() -> None:
    inside = nested(3) + tagged(1, b"\x05", context=True)
    results = decode_results(answer([(17, 1, [element(123, None, inside), element(85, None, encoded(2.0))])]))
    assert results[0][4] == Constructed(inside)
    assert isinstance(results[0][4], Constructed)
    assert results[1][4] == 2.0


def test_constructed_values_may_not_lie_deeper_than_any_does() -> None:
    deepest = answer([(17, 1, [element(123, None, nested(MAX_DEPTH - 1))])])
    assert decode_results(deepest)[0][4] == Constructed(nested(MAX_DEPTH - 1))
    for depth in (MAX_DEPTH, 100_000):
        with pytest.raises(BadResponse):
            decode_results(answer([(17, 1, [element(123, None, nested(depth))])]))


def test_an_answer_longer_than_any_is_not_read() -> None:
    one = answer([(0, 1, [element(85, None, encoded(1.0))])])
    most = read_multiple.MAX_OCTETS
    with pytest.raises(BadResponse, match="longer"):
        decode_results(one * (most // len(one) + 1))


def test_a_bad_answer_s_text_is_the_same_for_any_garbage() -> None:
    texts = set()
    for garbage in (b"\x0c", b"\xff" * 40, answer([(0, 1, [b"\x29"])])):
        with pytest.raises(BadResponse) as raised:
            decode_results(garbage)
        texts.add(str(raised.value))
    assert len(texts) == 1


def theirs(data: bytes) -> list[Any]:
    """The same answer as bacpypes3 decodes it, in our words."""
    pdu = ComplexAckPDU(14, 1)
    pdu.put_data(data)
    ack = ReadPropertyMultipleACK.decode(pdu)
    found = []
    for result in ack.listOfReadAccessResults:
        kind, instance = result.objectIdentifier
        for each in result.listOfResults or []:
            index = each.propertyArrayIndex
            which, at = int(each.propertyIdentifier), None if index is None else int(index)
            bad = each.readResult.propertyAccessError
            value: Any = (
                PropertyError(int(bad.errorClass), int(bad.errorCode))
                if bad is not None
                else in_our_words(each.readResult.propertyValue)
            )
            found.append((int(kind), int(instance), which, at, value))
    return found


def in_our_words(anything: Any) -> Any:
    tags = [tag for tag in anything.tagList if tag.tag_class == TagClass.application]
    values = [one_of_theirs(tag) for tag in tags]
    return values[0] if len(values) == 1 else Several(tuple(values))


def one_of_theirs(tag: Any) -> Any:
    value = tag.app_to_object()
    match value:
        case TheirNull():
            return None
        case TheirId():
            return ObjectId(int(value[0]), int(value[1]))
        case TheirBits():
            return Bits(sum(bit << place for place, bit in enumerate(value)), len(value))
        case TheirDate():
            year, *rest = value
            return Date(None if year == 255 else 1900 + year, *(None if part == 255 else part for part in rest))
        case TheirTime():
            return Time(*(None if part == 255 else part for part in value))
    for ours in (bool, float, int, bytes, str):
        if tag.tag_number == 1:
            return bool(value)
        if isinstance(value, ours):
            return Enumerated(value) if tag.tag_number == 9 else ours(value)
    raise TypeError(value)


@settings(deadline=None, max_examples=60)
@given(OBJECTS.filter(bool))
def test_bacpypes3_reads_the_same_out_of_every_answer(objects: list[Any]) -> None:
    data = on_the_wire(objects)
    assert decode_results(data) == theirs(data)


def test_a_real_s_bits_are_kept() -> None:
    for pattern in (0x80000000, 0x00000001, 0x7F7FFFFF):
        (number,) = struct.unpack(">f", pattern.to_bytes(4, "big"))
        found = decode_results(answer([(0, 1, [element(85, None, encoded(number))])]))[0][4]
        assert struct.pack(">f", found) == pattern.to_bytes(4, "big")


# -------------------------------------------------------------------------------------- the same request, answered again and again

FLAGS = [element(111, None, encoded(Bits(mask, 4))) for mask in (0, 2)]
PRESENT = [
    element(85, None, encoded(value))
    for value in (1.5, 2.5, -0.0, 0.0, math.nan, Enumerated(0), Enumerated(1), 1, 2, None, "x")
]
ODD = [
    element(85, None, error(2, 32), failed=True),
    element(85, 3, encoded(1.5)),
    element(85, None, encoded(Several((1.5, 2.5)))),
    element(28, None, encoded("not asked for")),
    element(85, None, b"\x45\x01"),
]
PARTS = st.one_of(
    st.tuples(st.sampled_from(PRESENT), st.sampled_from(FLAGS)),
    st.lists(st.sampled_from([*PRESENT, *FLAGS, *ODD]), max_size=4),
)
LAID_OUT = st.lists(st.tuples(st.sampled_from([0, 3]), st.integers(1, 3), PARTS), max_size=5).map(answer)
DAMAGED = st.tuples(LAID_OUT, st.integers(0, 150), st.binary(max_size=2), st.integers(0, 2)).map(
    lambda drawn: drawn[0][: drawn[1]] + drawn[2] + drawn[0][drawn[1] + drawn[3] :]
)
SEQUENCES = st.lists(LAID_OUT | DAMAGED | st.binary(max_size=30), min_size=2, max_size=5).flatmap(
    lambda some: st.lists(st.sampled_from(some), min_size=2, max_size=12)
)
WANTED: frozenset[Key] = frozenset((kind, n, which, None) for kind in (0, 3) for n in (1, 2) for which in (85, 111))


def plain(*values: float) -> bytes:
    return answer([(0, n, [element(85, None, encoded(value)), FLAGS[0]]) for n, value in enumerate(values, 1)])


def outcome(decode: Callable[[bytes], Iterable[Result]], data: bytes) -> str:
    """All that can be told apart: NaN is NaN, 0.0 is not -0.0, and 1 is not True."""
    try:
        return repr([(*each, type(each[4])) for each in decode(data)])
    except BadResponse as bad:
        return repr((str(bad), bad.raw))


@settings(max_examples=120, deadline=None)
@given(SEQUENCES)
def test_what_was_answered_before_makes_no_difference_to_what_an_answer_says(sequence: list[bytes]) -> None:
    remembering = Answers(WANTED)
    for data in sequence:
        alone = outcome(lambda data: [each for each in decode_results(data) if each[:4] in WANTED], data)
        assert outcome(remembering.fitting, data) == alone
        assert outcome(Answers(WANTED).fitting, data) == alone


def test_the_very_same_answer_gives_the_very_same_results() -> None:
    answers = Answers(WANTED)
    first = answers.fitting(plain(1.5, math.nan))
    assert answers.fitting(bytes(bytearray(plain(1.5, math.nan)))) is first


def test_an_object_that_stands_as_it_stood_gives_the_very_same_results() -> None:
    answers = Answers(WANTED)
    first = answers.fitting(plain(1.5, 2.5))
    second = answers.fitting(plain(1.5, 3.5))
    assert [a is b for a, b in zip(first, second, strict=True)] == [True, True, False, True]
    assert second[2] == (0, 2, 85, None, 3.5)


def test_a_list_that_begins_with_a_real_stays_a_list() -> None:
    answers = Answers(WANTED)
    for values in ((1.5, 2.5), (9.5, 2.5)):
        wire = answer([(0, 1, [element(85, None, encoded(Several(values)))])])
        assert answers.fitting(wire) == ((0, 1, 85, None, Several(values)),)


def test_a_real_that_nobody_asked_for_is_never_given() -> None:
    flags_alone = Answers(frozenset({(0, 1, 111, None)}))
    for number in (1.5, 2.5):
        assert flags_alone.fitting(plain(number)) == ((0, 1, 111, None, Bits(0, 4)),)


def test_garbage_between_two_answers_is_not_remembered() -> None:
    answers = Answers(WANTED)
    first = answers.fitting(plain(1.5, 2.5))
    with pytest.raises(BadResponse):
        answers.fitting(plain(4.5, 2.5)[:-1])
    assert answers.fitting(plain(1.5, 2.5)) is first


def test_an_object_that_is_missing_gives_nothing() -> None:
    answers = Answers(WANTED)
    answers.fitting(plain(1.5, 2.5))
    assert [each[1] for each in answers.fitting(plain(1.5))] == [1, 1]
    assert answers.fitting(b"") == ()


def test_an_answer_longer_than_any_is_not_remembered_either() -> None:
    with pytest.raises(BadResponse, match="longer"):
        Answers(WANTED).fitting(bytes(read_multiple.MAX_OCTETS + 1))
