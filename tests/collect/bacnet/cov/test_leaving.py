"""What is owed at the end: how often it is tried to take it back, and what is left when the time is over."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio
from trio.testing import MockClock

from t3actors.collect.bacnet.codec.tags import ObjectId
from t3actors.collect.bacnet.cov.leaving import Owed, take_all_back

ABOUT = ObjectId(0, 1)
OWED = {1: Owed(ABOUT, 10.0), 2: Owed(ABOUT, None), 3: Owed(ABOUT, 30.0)}


class Device:
    """Answers as `answers` says, one request after the other, each after a while."""

    def __init__(self, answers: Callable[[int, int], bool], takes_s: float = 0.0) -> None:
        self.asked: list[int] = []
        self._answers, self._takes_s = answers, takes_s
        self._line = trio.StrictFIFOLock()

    async def take_back(self, process_id: int, about: ObjectId) -> bool:
        assert about == ABOUT
        self.asked.append(process_id)
        nth = len(self.asked)
        async with self._line:
            await trio.sleep(self._takes_s)
        return self._answers(process_id, nth)


async def test_what_is_answered_is_asked_once() -> None:
    device = Device(lambda _id, _nth: True)
    assert await take_all_back(device.take_back, OWED, 4.0) == {}
    assert sorted(device.asked) == [1, 2, 3]


async def test_what_was_not_answered_is_tried_once_more_after_the_others() -> None:
    device = Device(lambda process_id, _nth: process_id != 2)
    assert await take_all_back(device.take_back, OWED, 4.0) == {2: OWED[2]}
    assert sorted(device.asked[:3]) == [1, 2, 3]
    assert device.asked[3:] == [2]


async def test_nobody_is_asked_again_who_has_answered_nothing() -> None:
    device = Device(lambda _id, _nth: False)
    assert await take_all_back(device.take_back, OWED, 4.0) == OWED
    assert sorted(device.asked) == [1, 2, 3]


async def test_a_single_one_is_tried_twice_for_its_datagram_may_be_lost() -> None:
    device = Device(lambda _id, nth: nth == 2)
    assert await take_all_back(device.take_back, {1: OWED[1]}, 4.0) == {}


@pytest.mark.parametrize(("within_s", "left"), [(0.5, 3), (1.5, 2), (2.5, 1), (3.5, 0)])
async def test_it_ends_in_time_however_it_is_cancelled(within_s: float, left: int, autojump_clock: MockClock) -> None:
    device = Device(lambda _id, _nth: True, takes_s=1.0)
    with trio.CancelScope() as scope:
        scope.cancel()
        assert len(await take_all_back(device.take_back, OWED, within_s)) == left
    assert sorted(device.asked) == [1, 2, 3], "the link has heard of all, and delivers nothing of them any more"
    assert autojump_clock.current_time() <= within_s
