"""Which alarms stand is told once all that may be in alarm was looked at, and again when it has changed."""

from __future__ import annotations

import pytest

from t3actors.collect.bacnet.codec.read_multiple import Answer
from t3actors.collect.bacnet.codec.tags import Bits, Constructed, Date, Enumerated, ObjectId, Several, Time
from t3actors.collect.bacnet.rare.alarm_rounds import (
    EVERY_S,
    FACTS_EVERY_S,
    ROUNDS_UNKNOWN,
    SOON_S,
    TELL_AGAIN_S,
    AlarmRounds,
)
from t3actors.collect.bacnet.rare.naming import Names
from t3actors.collect.bacnet.rare.pieces import PROPERTIES_A_PIECE, Mute
from t3actors.collect.bacnet.rare.stamps import Moment
from t3actors.errors import RequestTimedOut
from t3actors.objects import Alarm
from tests.collect.bacnet import written
from tests.collect.bacnet.asked import UNKNOWN_PROPERTY, Held

DEVICE, INPUT, OTHER, FIRST, SECOND = (ObjectId(*each) for each in ((8, 9), (0, 3), (0, 4), (9, 1), (9, 2)))
CLASS = ObjectId(15, 7)
NOON = written.stamp(Moment(Date(2026, 7, 1, 3), Time(12, 0, 0, 0)))
ONE_O_CLOCK_MS = 1_782_910_800_000
NONE: frozenset[ObjectId] = frozenset()


def event(state: int) -> dict[int, Answer]:
    return {36: Enumerated(state), 0: Bits(0b110, 3), 17: 7, 130: Constructed(NOON * 3), 77: "name"}


class House:
    def __init__(self, *objects: ObjectId) -> None:
        self.device = Held({each: event(0) for each in objects if each != CLASS})
        self.device.objects[CLASS] = {17: 7, 86: Several((64, 96, 192))}
        self.device.objects[DEVICE] = {119: 0, 24: False, 56: Date(2026, 7, 1, 3), 57: Time(13, 0, 0, 0)}
        self.now_s = 1000.0
        self.now_ms = ONE_O_CLOCK_MS
        self.rounds = AlarmRounds(self.device.asking, Mute(), lambda: self.now_ms)
        self.rounds.listed([*objects, CLASS], Names((), instance=9))

    def set(self, which: ObjectId, state: int) -> None:
        self.device.objects[which] = event(state)

    async def round(self) -> None:
        """Step while something is due at once."""
        for _ in range(50):
            if self.rounds.until_next(self.now_s) != 0.0:
                return
            await self.rounds.step(self.now_s)
        raise AssertionError("it never ends")

    async def told(self) -> tuple[list[tuple[str, str]], bool] | None:
        await self.round()
        taken = self.rounds.take()
        assert self.rounds.take() is None
        return None if taken is None else ([(each.source, each.alarm_state) for each in taken[0]], taken[1])


async def test_a_device_without_enrolments_is_never_asked_and_has_no_alarms() -> None:
    house = House(INPUT, OTHER)
    assert house.rounds.until_next(0.0) is None
    house.rounds.in_alarm(NONE)
    assert await house.told() == ([], True)
    house.rounds.in_alarm(NONE)
    assert await house.told() is None
    assert house.rounds.until_next(0.0) is None
    assert house.device.requests == []


async def test_an_alarm_is_read_whole_and_told_with_all_that_the_device_says() -> None:
    house = House(FIRST, SECOND)
    house.set(SECOND, 3)
    house.rounds.in_alarm(NONE)
    await house.round()
    assert house.rounds.take() == (
        (
            Alarm(
                source="EE2",
                alarm_state="high limit",
                message="name: high limit",
                description="name",
                priority=64,
                notification_id=7,
                raised_at_ms=1_782_907_200_000,
            ),
        ),
        True,
    )


async def test_the_first_round_tells_that_there_is_no_alarm_and_the_next_says_nothing() -> None:
    house = House(FIRST, SECOND)
    house.rounds.in_alarm(NONE)
    assert await house.told() == ([], True)
    assert len(house.device.requests) == 1
    assert house.rounds.until_next(house.now_s) == EVERY_S
    house.now_s += EVERY_S
    assert await house.told() is None
    assert house.device.asked == {FIRST, SECOND}


async def test_nothing_is_complete_before_the_points_in_alarm_are_known() -> None:
    house = House(FIRST)
    assert await house.told() == ([], False)
    house.rounds.in_alarm(NONE)
    house.now_s += EVERY_S
    assert await house.told() == ([], True)


async def test_a_point_newly_in_alarm_is_read_at_once_and_alone() -> None:
    house = House(FIRST, INPUT)
    house.rounds.in_alarm(NONE)
    await house.told()
    assert house.device.asked == {FIRST}
    house.now_s += SOON_S
    house.set(INPUT, 4)
    house.rounds.in_alarm(frozenset({INPUT}))
    assert await house.told() == ([("AI3", "low limit")], True)
    assert house.device.asked == {INPUT, CLASS, DEVICE}


async def test_a_flapping_point_costs_a_bounded_number_of_rounds() -> None:
    house = House(INPUT)
    house.set(INPUT, 2)
    house.rounds.in_alarm(frozenset({INPUT}))
    await house.round()
    house.rounds.in_alarm(NONE)
    house.rounds.in_alarm(frozenset({INPUT}))
    assert house.rounds.until_next(house.now_s) == SOON_S


async def test_an_alarm_that_is_over_is_told_without_asking() -> None:
    house = House(INPUT, OTHER)
    for each in (INPUT, OTHER):
        house.set(each, 2)
    house.rounds.in_alarm(frozenset({INPUT, OTHER}))
    assert await house.told() == ([("AI3", "off normal"), ("AI4", "off normal")], True)
    house.device.requests.clear()
    house.rounds.in_alarm(frozenset({OTHER}))
    assert await house.told() == ([("AI4", "off normal")], True)
    assert house.device.requests == []
    house.rounds.in_alarm(NONE)
    assert await house.told() == ([], True)


async def test_an_enrolment_back_to_normal_is_an_alarm_no_more() -> None:
    house = House(FIRST)
    house.set(FIRST, 3)
    house.rounds.in_alarm(NONE)
    assert await house.told() == ([("EE1", "high limit")], True)
    house.set(FIRST, 4)
    house.now_s += EVERY_S
    assert await house.told() == ([("EE1", "low limit")], True)
    house.set(FIRST, 0)
    house.now_s += EVERY_S
    assert await house.told() == ([], True)


async def test_an_acknowledged_alarm_is_told_again_and_costs_one_request_a_minute() -> None:
    house = House(FIRST)
    house.set(FIRST, 3)
    house.rounds.in_alarm(NONE)
    await house.told()
    house.device.requests.clear()
    house.device.objects[FIRST][0] = Bits(0b111, 3)
    house.now_s += EVERY_S
    await house.round()
    taken = house.rounds.take()
    assert taken is not None
    assert taken[0][0].acknowledged
    assert len(house.device.requests) == 1


async def test_what_stands_is_told_again_now_and_then() -> None:
    house = House(FIRST)
    house.rounds.in_alarm(NONE)
    assert await house.told() is not None
    house.now_s += TELL_AGAIN_S - 1
    assert await house.told() is None
    house.now_s += EVERY_S
    assert await house.told() == ([], True)


async def test_an_object_without_an_event_state_is_in_alarm_by_its_flag() -> None:
    house = House(INPUT)
    house.device.objects[INPUT][36] = UNKNOWN_PROPERTY
    house.rounds.in_alarm(frozenset({INPUT}))
    assert await house.told() == ([("AI3", "in alarm")], True)


async def test_an_enrolment_that_does_not_answer_keeps_its_alarm() -> None:
    house = House(FIRST, SECOND)
    house.set(FIRST, 3)
    house.set(SECOND, 3)
    house.rounds.in_alarm(NONE)
    await house.told()
    house.device.unanswered = {(*FIRST, which, None) for which in (36, 0, 130)}
    house.set(SECOND, 0)
    house.now_s += EVERY_S
    assert await house.told() == ([("EE1", "high limit")], True)


async def test_an_enrolment_of_which_nothing_is_known_makes_the_list_incomplete_for_some_rounds() -> None:
    house = House(FIRST, SECOND)
    house.device.unanswered = {(*FIRST, 36, None)}
    house.rounds.in_alarm(NONE)
    assert await house.told() == ([], False)
    for _ in range(ROUNDS_UNKNOWN - 2):
        house.now_s += EVERY_S
        assert await house.told() is None
    house.now_s += EVERY_S
    assert await house.told() == ([], True)


async def test_a_device_that_goes_away_within_a_round_is_asked_again_and_nothing_is_told_meanwhile() -> None:
    house = House(FIRST, INPUT)
    house.set(FIRST, 3)
    house.set(INPUT, 3)
    house.rounds.in_alarm(frozenset({INPUT}))
    await house.rounds.step(house.now_s)
    house.device.down = RequestTimedOut("silence")
    with pytest.raises(RequestTimedOut):
        await house.rounds.step(house.now_s)
    assert house.rounds.take() is None
    house.device.down = None
    assert await house.told() == ([("AI3", "high limit"), ("EE1", "high limit")], True)


async def test_a_point_that_leaves_its_alarm_within_a_round_is_not_told() -> None:
    house = House(FIRST, INPUT)
    house.set(FIRST, 3)
    house.set(INPUT, 3)
    house.rounds.in_alarm(frozenset({INPUT}))
    await house.rounds.step(house.now_s)
    house.rounds.in_alarm(NONE)
    assert await house.told() == ([("EE1", "high limit")], True)


async def test_enrolments_that_the_device_has_no_more_are_no_alarms() -> None:
    house = House(FIRST)
    house.set(FIRST, 3)
    house.rounds.in_alarm(NONE)
    await house.told()
    house.rounds.listed([CLASS], Names())
    assert await house.told() == ([], True)
    assert house.rounds.until_next(house.now_s) is None


async def test_one_alarm_for_another_is_complete_once_the_new_one_was_read() -> None:
    house = House(INPUT, OTHER)
    for each in (INPUT, OTHER):
        house.set(each, 2)
    house.rounds.in_alarm(frozenset({INPUT}))
    await house.told()
    house.rounds.in_alarm(frozenset({OTHER}))
    assert house.rounds.take() == ((), False)
    house.now_s += SOON_S
    assert await house.told() == ([("AI4", "off normal")], True)


async def test_priorities_are_read_again_now_and_then() -> None:
    house = House(FIRST)
    house.set(FIRST, 3)
    house.rounds.in_alarm(NONE)
    await house.told()
    house.device.objects[CLASS][86] = Several((1, 2, 3))
    house.now_s += FACTS_EVERY_S
    await house.round()
    taken = house.rounds.take()
    assert taken is not None
    assert taken[0][0].priority == 1


async def test_a_point_that_leaves_its_alarm_while_it_is_looked_at_is_none() -> None:
    house = House(INPUT, *(ObjectId(9, number) for number in range(PROPERTIES_A_PIECE)))
    house.set(INPUT, 3)
    house.rounds.in_alarm(frozenset({INPUT}))
    await house.rounds.step(house.now_s)
    assert INPUT in house.device.asked
    house.rounds.in_alarm(NONE)
    assert await house.told() == ([], True)


@pytest.mark.parametrize("off_s", [-7200, -120, -30, 0, 30, 120, 31 * 86_400])
async def test_since_when_an_alarm_stands_is_corrected_by_what_the_devices_clock_is_off_and_that_is_said(
    off_s: int,
) -> None:
    house = House(INPUT)
    house.set(INPUT, 3)
    house.now_ms -= 1000 * off_s
    house.rounds.in_alarm(frozenset({INPUT}))
    await house.round()
    taken = house.rounds.take()
    assert taken is not None
    ((found,), _) = taken
    is_right = abs(off_s) <= 60
    assert house.rounds.clock_off_s == found.clock_off_s == (None if is_right else off_s)
    assert found.raised_at_ms == ONE_O_CLOCK_MS - 3_600_000 - (0 if is_right else 1000 * off_s)


async def test_a_clock_that_was_set_right_is_noticed_when_it_is_looked_at_again() -> None:
    house = House(INPUT)
    house.set(INPUT, 3)
    house.now_ms += 7_200_000
    house.rounds.in_alarm(frozenset({INPUT}))
    await house.round()
    assert house.rounds.clock_off_s == -7200
    house.now_s += FACTS_EVERY_S
    house.device.objects[DEVICE][57] = Time(15, 0, 0, 0)
    await house.round()
    assert house.rounds.clock_off_s is None
