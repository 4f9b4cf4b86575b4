"""Which Who-Is goes out when: at the rate that was allowed, until everybody is found."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import pytest

from t3actors.collect.bacnet.discover import sweeps
from t3actors.collect.bacnet.discover.sweeps import BURST, HIGHEST, MOST_SLICES, Question, Sweeps
from t3actors.stations import Station, station

ANYWHERE = Station(50, b"\x01")


class Building:
    """Devices that answer within a second; every frame is lost with some likelihood, on its way there and back."""

    def __init__(self, instances: list[int], loss: float = 0.0, seed: int = 1) -> None:
        self.instances = instances
        self.found: set[int] = set()
        self.sent: list[tuple[float, Question]] = []
        self.bursts: list[int] = []
        self._loss = loss
        self._random = random.Random(seed)
        self._coming: list[tuple[float, int]] = []

    def run(self, asking: Sweeps, done: int = 3) -> None:
        now_s = 0.0
        while True:
            self._arrive(asking, now_s)
            question = asking.next(now_s)
            if asking.sweeps_done >= done:
                return
            if question is not None:
                self.sent.append((now_s, question))
                asking.sent(now_s)
                self._answer(question, now_s)
            else:
                assert asking.wake_at_s > now_s
                now_s = min([asking.wake_at_s, *(at_s for at_s, _ in self._coming)])

    def _answer(self, question: Question, now_s: float) -> None:
        answers = [
            (now_s + 0.001 + self._random.random(), instance)
            for instance in self.instances
            if question.low <= instance <= question.high and self._passes() and self._passes()
        ]
        self.bursts.append(len(answers))
        self._coming += answers

    def _arrive(self, asking: Sweeps, now_s: float) -> None:
        for _, instance in [one for one in self._coming if one[0] <= now_s]:
            asking.heard(ANYWHERE, instance, is_new=instance not in self.found)
            self.found.add(instance)
        self._coming = [one for one in self._coming if one[0] > now_s]

    def _passes(self) -> bool:
        return self._random.random() >= self._loss


def everywhere(rate_per_s: float = 10.0, limits: tuple[int, int] | None = None) -> Sweeps:
    return Sweeps(["*:*"], limits, rate_per_s=rate_per_s, first_at_s=0.0, settle_s=2.0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("among", [range(4_000_000), range(1_000, 9_000)])
def test_three_sweeps_find_all_but_one_in_a_thousand_when_every_fifth_frame_is_lost(seed: int, among: range) -> None:
    instances = random.Random(seed).sample(among, 1000)
    building = Building(instances, 0.2, seed)
    building.run(everywhere(1.0))
    assert len(building.found) >= 999
    assert all(later[0] - earlier[0] >= 1.0 for earlier, later in pairwise(building.sent))


def test_every_sweep_asks_for_every_instance() -> None:
    building = Building([])
    building.run(everywhere())
    asked = Counter((question.low, question.high) for _, question in building.sent)
    assert set(asked.values()) == {3}, "an empty slice is asked once a sweep"
    slices = sorted(asked)
    assert (slices[0][0], slices[-1][1]) == (0, HIGHEST)
    assert [low for low, _ in slices[1:]] == [high + 1 for _, high in slices[:-1]]


def test_a_range_is_not_left() -> None:
    building = Building([])
    building.run(everywhere(limits=(2000, 2000)))
    assert {(question.low, question.high) for _, question in building.sent} == {(2000, 2000)}
    building = Building([])
    building.run(everywhere(limits=(999, 1000)))
    assert {(question.low, question.high) for _, question in building.sent} == {(999, 999), (1000, 1000)}


def test_a_slice_that_brought_somebody_is_asked_again_until_it_brings_nobody_new() -> None:
    building = Building([500])
    building.run(everywhere(limits=(0, 999)), done=1)
    assert len(building.sent) == 2
    building = Building([500])
    building.run(everywhere(limits=(0, 999)))
    assert len(building.sent) == 4, "those that are known need no more"


def test_where_answers_are_lost_every_slice_is_asked_more_often() -> None:
    asking = everywhere(limits=(0, 3999))
    for now_s, instance in [(0.0, 1), (10.0, 2)]:
        assert asking.next(now_s) is not None
        asking.sent(now_s)
        asking.heard(ANYWHERE, instance, is_new=True)
        if now_s == 0.0:
            assert asking.next(5.0) == Question(1000, 3999, "*:*")
            asking.sent(5.0)
            assert asking.next(9.9) == Question(0, 999, "*:*")
    building = Building([])
    building.run(asking, done=1)
    assert Counter(question.low for _, question in building.sent) == {0: 1}, "asked twice before"
    building = Building([])
    building.run(asking, done=2)
    assert Counter(question.low for _, question in building.sent) == {0: 3, 1000: 3}


@pytest.mark.parametrize(("count", "is_cut"), [(BURST, False), (BURST + 1, True)])
def test_a_slice_that_brought_a_burst_is_cut_where_the_answers_lie(count: int, is_cut: bool) -> None:
    building = Building(list(range(2000, 2000 + count)))
    building.run(everywhere(limits=(1000, 3999)))
    assert max(building.bursts[1:]) <= (BURST if is_cut else count)
    assert (building.bursts[-1] < count) is is_cut


def test_a_slice_whose_answers_were_dropped_is_cut_in_two() -> None:
    asking = everywhere(limits=(0, 999))
    assert asking.next(0.0) == Question(0, 999, "*:*")
    asking.sent(0.0)
    asking.dropped()
    building = Building([])
    building.run(asking, done=2)
    assert [(question.low, question.high) for _, question in building.sent] == [(0, 499), (500, 999)]


def test_the_number_of_slices_is_bounded() -> None:
    asking, now_s, asked = everywhere(), 0.0, set()
    for _ in range(6000):
        question = asking.next(now_s)
        if question is None:
            now_s = asking.wake_at_s
            continue
        asked.add(question)
        asking.sent(now_s)
        asking.dropped()
    assert asking.sweeps_done > 10
    while asking.next(now_s) is None:
        now_s = asking.wake_at_s
    last = asking.sweeps_done
    asked.clear()
    while asking.sweeps_done <= last:
        question = asking.next(now_s)
        if question is None:
            now_s = asking.wake_at_s
        elif asking.sweeps_done <= last:
            asked.add(question)
            asking.sent(now_s)
    assert len(asked) <= MOST_SLICES
    assert sum(question.high - question.low + 1 for question in asked) <= HIGHEST + 1


def test_after_the_first_round_one_sweep_comes_after_ever_longer_pauses() -> None:
    building = Building([])
    building.run(everywhere(), done=9)
    times = [at_s for at_s, question in building.sent if question.low == 0]
    pauses = [round(later - earlier) for earlier, later in pairwise(times)]
    assert [pause // 60 for pause in pauses] == [0, 0, 10, 20, 40, 60, 60, 60]


def test_a_station_is_asked_until_it_answers_and_then_once_a_sweep() -> None:
    def all_asked(answers: bool) -> int:
        asking = Sweeps(["10.0.0.1:47809"], None, rate_per_s=10.0, first_at_s=0.0, settle_s=1.0)
        now_s, count = 0.0, 0
        while True:
            question = asking.next(now_s)
            if asking.sweeps_done >= 3:
                return count
            if question is not None:
                asking.sent(now_s)
                count += 1
                if answers:
                    asking.heard(station("10.0.0.1:47809"), 5, is_new=count == 1)
            now_s += 0.05

    assert all_asked(answers=True) == 3
    assert all_asked(answers=False) == 3 * sweeps.STATION_ASKED_AT_MOST


def test_while_nobody_can_be_asked_no_sweep_is_over_and_tries_grow_rare() -> None:
    asking, now_s, tries = everywhere(), 0.0, 0
    while now_s < 600.0:
        if asking.next(now_s) is None:
            now_s = asking.wake_at_s
        else:
            asking.failed(now_s)
            tries += 1
    assert asking.sweeps_done == 0
    assert tries < 40
    building = Building([7])
    building.run(asking)
    assert building.found == {7}


def test_a_destination_that_cannot_be_asked_does_not_keep_the_others_from_it() -> None:
    asking = Sweeps(["*:*", "50:*"], (0, 999), rate_per_s=10.0, first_at_s=0.0, settle_s=1.0)
    now_s, sent = 0.0, 0
    while True:
        question = asking.next(now_s)
        if asking.sweeps_done >= 3:
            break
        if question is None:
            now_s = asking.wake_at_s
        elif question.destination == "*:*":
            asking.failed(now_s)
        else:
            asking.sent(now_s)
            sent += 1
    assert sent == 3


@pytest.mark.parametrize(("limits", "rate"), [((5, 4), 1.0), ((0, HIGHEST + 1), 1.0), ((-1, 5), 1.0), (None, 0.0)])
def test_what_cannot_be_asked_is_refused(limits: tuple[int, int] | None, rate: float) -> None:
    with pytest.raises(ValueError, match="allowed: 0 to 4194303"):
        everywhere(rate, limits)
