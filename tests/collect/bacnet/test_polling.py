"""A device's polls: what an earlier answer has left behind makes no difference to a reading."""

from __future__ import annotations

import math
import re
from typing import cast

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from t3actors.collect.bacnet.asking import Asking
from t3actors.collect.bacnet.codec.properties import RELIABILITY
from t3actors.collect.bacnet.codec.read_multiple import Answers
from t3actors.collect.bacnet.codec.tags import Bits, Enumerated, ObjectId
from t3actors.collect.bacnet.mapping import items
from t3actors.collect.bacnet.polling import Polling
from t3actors.collect.bacnet.rounds import Asked, Gathered
from t3actors.errors import BadResponse, RequestTimedOut
from t3actors.points import Reading, Status
from tests.collect.bacnet.encoding import answer, element, encoded, error

OBJECTS = [ObjectId(0, 1), ObjectId(0, 2), ObjectId(0, 3), ObjectId(3, 1), ObjectId(13, 1)]
ITEMS, _ = items([(each, {}) for each in OBJECTS], vendor_id=None)
IDS = tuple(item.point.point_id for item in ITEMS)
OPEN_LOOP, SHORTED = Enumerated(4), Enumerated(5)


class Device:
    """Stands for an Asking: answers every poll with the octets it holds, remembering for each plan what it answered before."""

    def __init__(self) -> None:
        self.octets = b""
        self.reliability: Enumerated | None = OPEN_LOOP
        self.reliability_asked: list[tuple[int, ...]] = []
        self.silences = 0
        self._answers: dict[Asked, Answers] = {}

    async def gather(self, asked: Asked, retries: int | None = None) -> Gathered:
        keys = [want[:4] for want in asked.wants]
        if keys[0][2] == RELIABILITY:
            self.reliability_asked.append(tuple(key[1] for key in keys))
            if self.reliability is None:
                raise RequestTimedOut("no answer")
            return Gathered([(*key, self.reliability) for key in keys], {})
        results = list(self._answers.setdefault(asked, Answers(frozenset(keys))).fitting(self.octets))
        came = {result[:4] for result in results}
        return Gathered(results, {key: "not in the answer" for key in keys if key not in came})


def polling(device: Device) -> Polling:
    made = Polling(cast("Asking", device))
    made.take_over(ITEMS)
    return made


def read(polls: Polling, ids: tuple[str, ...] = IDS) -> tuple[Reading, ...]:
    async def once() -> tuple[Reading, ...]:
        return await polls.read(polls.planned(ids))

    return trio.run(once)


def present(value: object) -> bytes:
    return element(85, None, encoded(value))


def flags(mask: int) -> bytes:
    return element(111, None, encoded(Bits(mask, 4)))


def answered(*values: float, faulty: int = 0) -> bytes:
    """Analog inputs 1 and so on; `faulty` is the one with the fault flag."""
    return answer([(0, n, [present(each), flags(2 if n == faulty else 0)]) for n, each in enumerate(values, 1)])


VALUES = st.sampled_from([1.5, 2.5, 0.0, -0.0, math.nan, Enumerated(0), Enumerated(1), 1, 0, True, None, "x"]).map(
    present
)
ERRORS = st.sampled_from([error(2, 32), error(2, 31), b"\x91"])
PARTS = st.one_of(
    st.tuples(VALUES, st.sampled_from([0, 0, 0, 2, 8]).map(flags)),
    st.tuples(VALUES),
    st.tuples(VALUES, ERRORS.map(lambda octets: element(111, None, octets, failed=True))),
    st.tuples(ERRORS.map(lambda octets: element(85, None, octets, failed=True)), st.just(flags(0))),
    st.lists(VALUES | st.sampled_from([flags(0), flags(2)]), max_size=4),
)
WHOLE = st.tuples(*(st.tuples(st.just(kind), st.just(instance), PARTS) for kind, instance in OBJECTS)).map(answer)
SOME = st.lists(st.tuples(st.sampled_from(OBJECTS), PARTS), max_size=6).map(
    lambda drawn: answer([(*owner, parts) for owner, parts in drawn])
)
DAMAGED = st.tuples(WHOLE, st.integers(0, 110), st.binary(min_size=1, max_size=1)).map(
    lambda drawn: drawn[0][: drawn[1]] + drawn[2] + drawn[0][drawn[1] + 1 :]
)
PLANS = st.sampled_from([IDS, IDS[:2], IDS[2:], (*IDS, "gone")])
SCENES = st.tuples(WHOLE | WHOLE | SOME | DAMAGED | st.binary(max_size=20), st.sampled_from([OPEN_LOOP, SHORTED, None]))
STORIES = st.lists(SCENES, min_size=1, max_size=4).flatmap(
    lambda scenes: st.lists(st.tuples(st.sampled_from(scenes), PLANS), min_size=2, max_size=10)
)


@settings(max_examples=60, deadline=None)
@given(STORIES)
def test_what_was_read_before_makes_no_difference_to_a_reading(
    story: list[tuple[tuple[bytes, Enumerated | None], tuple[str, ...]]],
) -> None:
    device = Device()
    polls = polling(device)
    for (octets, reliability), ids in story:
        stranger = Device()
        for each in (device, stranger):
            each.octets, each.reliability = octets, reliability
            each.reliability_asked.clear()
        afresh = polling(stranger)
        afresh._flagless = set(polls._flagless)  # what a device does not have is learned: that is another memory
        try:
            expected = read(afresh, ids)
        except BadResponse as bad:
            with pytest.raises(BadResponse, match=re.escape(str(bad))):
                read(polls, ids)
            continue
        found = read(polls, ids)
        assert repr([(each, type(each.value)) for each in found]) == repr(
            [(each, type(each.value)) for each in expected]
        )
        asked, asked_afresh = ({*sum(each.reliability_asked, ())} for each in (device, stranger))
        assert asked == asked_afresh


def test_the_very_same_answer_gives_the_very_same_readings() -> None:
    device = Device()
    polls = polling(device)
    device.octets = answered(1.5, 2.5, 3.5)
    first = read(polls, IDS[:3])
    assert read(polls, IDS[:3]) is first


def test_an_object_that_answers_as_before_keeps_its_reading() -> None:
    device = Device()
    polls = polling(device)
    device.octets = answered(1.5, 2.5, 3.5)
    first = read(polls, IDS[:3])
    device.octets = answered(1.5, 7.5, 3.5)
    second = read(polls, IDS[:3])
    assert [a is b for a, b in zip(first, second, strict=True)] == [True, False, True]
    assert second[1] == Reading("AI2", 7.5)


def test_an_object_that_is_not_in_this_answer_has_no_older_value() -> None:
    device = Device()
    polls = polling(device)
    device.octets = answered(1.5, 2.5, 3.5)
    read(polls, IDS[:3])
    device.octets = answered(1.5, 2.5)
    assert read(polls, IDS[:3])[2] == Reading("AI3", None, Status.FAULT, "not in the answer")


def test_which_fault_it_is_is_asked_at_every_poll() -> None:
    device = Device()
    polls = polling(device)
    device.octets = answered(1.5, 2.5, 3.5, faulty=2)
    reasons = []
    for reliability in (OPEN_LOOP, SHORTED, None, OPEN_LOOP):
        device.reliability = reliability
        reasons.append([reading.reason for reading in read(polls, IDS[:3])])
    assert reasons == [["", reason, ""] for reason in ("open loop", "shorted loop", "fault flag", "open loop")]
    assert device.reliability_asked == [(2,)] * 4


def test_a_point_that_is_described_anew_is_read_anew() -> None:
    device = Device()
    polls = polling(device)
    device.octets = answered(1500.0)
    assert read(polls, IDS[:1])[0].value == 1500.0
    panel, _ = items([(ObjectId(0, 1), {})], vendor_id=148, scale=1000)
    polls.take_over(panel)
    (found,) = read(polls, ("IN1",))
    assert (found.point_id, found.value) == ("IN1", 1.5)
