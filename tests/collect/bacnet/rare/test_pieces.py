"""A round of reading goes on piece by piece, whatever single pieces come to."""

from __future__ import annotations

import pytest

from t3actors.collect.bacnet.codec.read_multiple import Answer, PropertyError
from t3actors.collect.bacnet.codec.tags import Constructed, ObjectId, Undecodable
from t3actors.collect.bacnet.rare.pieces import (
    ELEMENTS_A_PIECE,
    MOST_ELEMENTS,
    MUTE_S,
    PROPERTIES_A_PIECE,
    Mute,
    Pieces,
)
from t3actors.collect.bacnet.rare.tables import Reads
from t3actors.errors import BadResponse, DriverError, LinkDown, NotSent, RequestRefused, RequestTimedOut
from tests.collect.bacnet.asked import UNKNOWN_PROPERTY, Held

ONE, TWO, THREE = (ObjectId(17, number) for number in (1, 2, 3))
WEEK, LIST = 123, 54
READS = Reads(tuple((which, 5) for which in range(1, 8)), (WEEK, LIST), frozenset({WEEK}))
SHORT = Reads(READS.short)
DAY = Constructed(b"\x0e\x0f")


def held(*objects: ObjectId) -> Held:
    said: dict[int, Answer] = {which: which for which in range(1, 8)}
    return Held({each: said | {WEEK: Constructed(DAY * 7), LIST: Constructed(b"\x09\x01")} for each in objects})


async def stepped(pieces: Pieces, most: int = 100) -> list[Exception]:
    """Step until done; give what was raised."""
    raised: list[Exception] = []
    for _ in range(most):
        if pieces.done:
            return raised
        try:
            await pieces.step()
        except (RequestTimedOut, BadResponse, LinkDown) as error:
            raised.append(error)
    raise AssertionError("it never ends")


async def test_short_properties_are_asked_for_together_and_long_ones_alone() -> None:
    device = held(ONE, TWO, THREE)
    pieces = Pieces(device.asking, [(each, READS) for each in (ONE, TWO, THREE)])
    assert await stepped(pieces) == []
    assert [len(each) for each in device.requests] == [14, 1, 1, 1, 1, 7, 1, 1]
    assert max(len(each) for each in device.requests) <= PROPERTIES_A_PIECE
    assert all(len(said) == 9 for said in pieces.said.values())
    assert len(pieces.said) == 3
    await pieces.step()
    assert len(device.requests) == 8, "there is nothing more to ask"


async def test_a_step_that_is_not_answered_is_taken_again() -> None:
    device = held(ONE)
    pieces = Pieces(device.asking, [(ONE, SHORT)])
    device.down = RequestTimedOut("silence")
    with pytest.raises(RequestTimedOut):
        await pieces.step()
    device.down = None
    assert await stepped(pieces) == []
    assert len(pieces.said[ONE]) == 7
    assert pieces.silent == set()


@pytest.mark.parametrize("error", [RequestTimedOut("silence"), BadResponse("nonsense")])
async def test_properties_that_are_twice_not_answered_do_not_keep_the_others_from_being_read(
    error: RequestTimedOut | BadResponse,
) -> None:
    device = held(ONE, TWO, THREE)
    device.silent[(17, 1, 3, None)] = error
    pieces = Pieces(device.asking, [(each, SHORT) for each in (ONE, TWO, THREE)])
    assert await stepped(pieces) == [error, error]
    assert pieces.silent == {(each, which) for each in (ONE, TWO) for which in range(1, 8)}
    assert set(pieces.said) == {THREE}


async def test_each_piece_is_asked_for_twice_before_it_is_passed_over() -> None:
    device = held(ONE)
    device.silent = {(17, 1, which, None): RequestTimedOut("silence") for which in (3, LIST)}
    pieces = Pieces(device.asking, [(ONE, READS)])
    assert len(await stepped(pieces)) == 4
    assert pieces.said == {ONE: {WEEK: Constructed(DAY * 7)}}


@pytest.mark.parametrize("error", [LinkDown("nobody"), NotSent("it stood in line for 1 s and was never sent")])
async def test_a_link_that_is_down_or_a_request_never_sent_says_nothing_of_the_device(error: DriverError) -> None:
    device = held(ONE)
    pieces = Pieces(device.asking, [(ONE, SHORT)])
    device.down = error
    for _ in range(5):
        with pytest.raises(type(error)):
            await pieces.step()
    device.down = None
    assert await stepped(pieces) == []
    assert set(pieces.said) == {ONE}
    assert pieces.silent == set()


async def test_silences_count_though_a_request_was_not_sent_between() -> None:
    device = held(ONE)
    pieces = Pieces(device.asking, [(ONE, SHORT)])
    for error in (RequestTimedOut("silence"), NotSent("not sent"), RequestTimedOut("silence")):
        device.down = error
        with pytest.raises(type(error)):
            await pieces.step()
    assert pieces.done
    assert pieces.silent == {(ONE, which) for which in range(1, 8)}


async def test_what_was_read_of_an_array_stays_read_when_the_next_element_is_not_sent() -> None:
    device = held(ONE)
    device.objects[ONE][WEEK] = PropertyError(5, 25)
    device.arrays[(ONE, WEEK)] = [DAY] * 7
    pieces = Pieces(device.asking, [(ONE, Reads((), (WEEK,), frozenset({WEEK})))])
    for _ in range(2):
        await pieces.step()
    device.requests.clear()
    for element in range(1, 8):
        device.silent = {(17, 1, WEEK, element): NotSent("it stood in line")}
        with pytest.raises(NotSent):
            await pieces.step()
    device.silent = {}
    assert await stepped(pieces) == []
    assert pieces.said[ONE] == {WEEK: Constructed(DAY * 7)}
    assert [request[0][3] for request in device.requests] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7]


REFUSED = RequestRefused("too long", code=4, kind="abort")


@pytest.mark.parametrize("refusal", [REFUSED, BadResponse("x"), RequestTimedOut("x"), PropertyError(5, 25)])
async def test_an_array_too_long_to_be_sent_whole_is_read_by_its_elements(refusal: Exception | PropertyError) -> None:
    device = held(ONE)
    if isinstance(refusal, PropertyError):
        device.objects[ONE][WEEK] = refusal
    else:
        device.silent[(17, 1, WEEK, None)] = refusal  # type: ignore[assignment]
    device.arrays[(ONE, WEEK)] = [DAY] * 11
    pieces = Pieces(device.asking, [(ONE, Reads((), (WEEK,), frozenset({WEEK})))])
    await stepped(pieces)
    assert pieces.said[ONE] == {WEEK: Constructed(DAY * 11)}
    assert pieces.silent == set()
    assert [request[0][3] for request in device.requests][-12:] == list(range(12))


async def test_the_elements_of_an_array_are_read_a_few_at_a_time() -> None:
    device = held(ONE)
    device.objects[ONE][WEEK] = PropertyError(5, 25)
    device.arrays[(ONE, WEEK)] = [DAY] * (2 * ELEMENTS_A_PIECE + 1)
    pieces = Pieces(device.asking, [(ONE, Reads((), (WEEK,), frozenset({WEEK})))])
    steps = []
    while not pieces.done:
        before = len(device.requests)
        await pieces.step()
        steps.append(len(device.requests) - before)
    assert steps == [1, 1, ELEMENTS_A_PIECE, ELEMENTS_A_PIECE, 1]


@pytest.mark.parametrize("number", [0, MOST_ELEMENTS, MOST_ELEMENTS + 1])
async def test_an_array_has_a_bounded_number_of_elements(number: int) -> None:
    device = held(ONE)
    device.objects[ONE][WEEK] = PropertyError(5, 25)
    device.arrays[(ONE, WEEK)] = [DAY] * number
    pieces = Pieces(device.asking, [(ONE, Reads((), (WEEK,), frozenset({WEEK})))])
    await stepped(pieces)
    is_read = number <= MOST_ELEMENTS
    assert isinstance(pieces.said[ONE][WEEK], Constructed if is_read else Undecodable)
    assert len(device.requests) == 2 + number * is_read


async def test_one_bad_element_spoils_its_array_only() -> None:
    device = held(ONE)
    device.objects[ONE][WEEK] = PropertyError(5, 25)
    device.arrays[(ONE, WEEK)] = [DAY, UNKNOWN_PROPERTY, DAY]
    pieces = Pieces(device.asking, [(ONE, READS)])
    await stepped(pieces)
    assert isinstance(pieces.said[ONE][WEEK], Undecodable)
    assert pieces.said[ONE][LIST] == Constructed(b"\x09\x01")


async def test_a_list_that_cannot_be_sent_and_an_array_that_is_not_there_stay_unread() -> None:
    device = held(ONE)
    device.silent[(17, 1, LIST, None)] = REFUSED
    device.objects[ONE][WEEK] = UNKNOWN_PROPERTY
    pieces = Pieces(device.asking, [(ONE, READS)])
    assert await stepped(pieces) == []
    assert isinstance(pieces.said[ONE][LIST], Undecodable)
    assert pieces.said[ONE][WEEK] == UNKNOWN_PROPERTY
    assert len(device.requests) == 3


async def test_what_a_device_is_silent_about_is_left_alone_for_some_hours() -> None:
    mute, device = Mute(), held(ONE)
    mute.add({(ONE, WEEK), (ONE, 1)}, now_s=100.0)
    assert mute.at(100.0 + MUTE_S) == frozenset()
    mute.add({(ONE, WEEK), (ONE, 1)}, now_s=100.0)
    await stepped(Pieces(device.asking, [(ONE, READS)], mute.at(99.0 + MUTE_S)))
    assert [len(each) for each in device.requests] == [6, 1]
    mute.forget()
    assert mute.at(101.0) == frozenset()
