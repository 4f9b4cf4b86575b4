"""What a device bears is found in a few requests, kept, and not found anew at every poll."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import product

import msgspec
import pytest

from t3actors.collect.bacnet.codec.denials import Abort, Denial, Reject
from t3actors.collect.bacnet.codec.read_multiple import PropertyError
from t3actors.collect.bacnet.limits import (
    DAY_MS,
    MAX_PROBES,
    MAX_REFUSALS,
    Border,
    Limits,
    Next,
    Told,
    exonerated,
    first,
    grown,
    proven,
    refused,
    remeasured,
    resume,
)
from t3actors.collect.bacnet.planning import Planned, halves, one_by_one, plan
from t3actors.collect.bacnet.sizes import Want, want

APDUS = (50, 128, 206, 480, 1024, 1476)
SEGMENTATIONS = ("none", "transmit", "receive", "both")
WANTS = [want(0, instance, which) for instance in range(1, 151) for which in (85, 111)]
UNKNOWN_PROPERTY = PropertyError(2, 32)


class Device:
    """Answers as a device of these abilities does, by the true sizes of what it is asked."""

    def __init__(
        self,
        told: Told,
        *,
        truly_segments: bool | None = None,
        buffer: int | None = None,
        most: int | None = None,
        read_multiple: bool = True,
        bad: frozenset[Want] = frozenset(),
    ) -> None:
        self.told, self.buffer, self.most, self.read_multiple, self.bad = told, buffer, most, read_multiple, bad
        self.segments = told.transmits_segments if truly_segments is None else truly_segments

    def refusal(self, request: Planned) -> Denial | None:
        spoilt = self.bad & set(request.wants)
        if request.alone:
            return UNKNOWN_PROPERTY if spoilt else None
        if not self.read_multiple:
            return Reject(9)
        if self.buffer is not None and request.answer_octets > self.buffer:
            return Abort(1)
        if request.answer_octets + 3 > self.told.max_apdu and not self.segments:
            return Abort(4)
        if self.most is not None and len(request.wants) > self.most:
            return Abort(9)
        return UNKNOWN_PROPERTY if spoilt else None


class Poll:
    """Polls the device once, as the driver does."""

    def __init__(self, device: Device, limits: Limits, now_ms: int = 0) -> None:
        self.device, self.limits, self.now_ms = device, limits, now_ms
        self.read: set[Want] = set()
        self.given_up: set[Want] = set()
        self.refusals = self.requests = 0

    def of(self, wants: Sequence[Want]) -> Poll:
        todo, planned_by = list(plan(wants, self.limits.room)), self.limits.room
        while todo:
            if self.limits.room != planned_by and not todo[0].alone:
                waiting = [each for request in todo for each in request.wants]
                todo, planned_by = list(plan(waiting, self.limits.room)), self.limits.room
            request = todo.pop(0)
            assert sum(each.request_octets for each in request.wants) + 4 <= max(50, self.device.told.max_apdu)
            self.requests += 1
            refusal = self.device.refusal(request)
            if refusal is None:
                self.limits = proven(self.limits, request, request.answer_octets, now_ms=self.now_ms)
                self.read |= set(request.wants)
                continue
            self.refusals += 1
            self.limits, following = refused(self.limits, request, refusal, now_ms=self.now_ms)
            match following:
                case Next.PLAN_AGAIN:
                    todo = [request, *todo]
                case Next.HALVE:
                    todo = [*halves(request), *todo]
                case Next.ONE_BY_ONE:
                    todo = [*one_by_one(request.wants), *todo]
                case _:
                    self.given_up |= set(request.wants)
        return self


def largest(device: Device) -> int:
    """How many of these wants the device truly answers at once."""
    room = first(Told(device.told.max_apdu, transmits_segments=True)).room

    def is_borne(count: int) -> bool:
        request = plan(WANTS[:count], room)[0]
        return len(request.wants) == count and device.refusal(request) is None

    return 2 * bisect_left(range(1, len(WANTS) // 2 + 1), True, key=lambda count: not is_borne(2 * count)) or 1


def cells() -> list[tuple[str, Device]]:
    found = []
    for apdu, segmentation in product(APDUS, SEGMENTATIONS):
        told = Told(apdu, transmits_segments=segmentation in ("transmit", "both"))
        name = f"{apdu} {segmentation}"
        found += [
            (f"{name} plain", Device(told)),
            (f"{name} reject 9", Device(told, read_multiple=False)),
            (f"{name} abort 4", Device(told, truly_segments=False)),
            *((f"{name} abort 1 at {share}", Device(told, buffer=max(30, apdu * share // 100))) for share in (50, 150)),
            *((f"{name} abort 9 at {most}", Device(told, most=most)) for most in (1, 5, 20, 100)),
        ]
    return found


CELLS = cells()


@pytest.mark.parametrize("device", [device for _, device in CELLS], ids=[name for name, _ in CELLS])
def test_every_cell_converges_in_six_probes_and_reads_every_point(device: Device) -> None:
    poll = Poll(device, first(device.told)).of(WANTS)
    refusals = poll.refusals
    while not poll.limits.settled:  # one poll may have too few requests to find out
        assert poll.read == set(WANTS)
        poll = Poll(device, poll.limits).of(WANTS)
        refusals += poll.refusals
    assert poll.read == set(WANTS)
    assert refusals <= MAX_PROBES
    assert poll.limits.probes <= MAX_PROBES
    assert poll.limits.read_multiple is device.read_multiple
    again = Poll(device, poll.limits).of(WANTS)
    assert again.read == set(WANTS)
    assert again.refusals == 0
    assert again.limits == poll.limits
    if device.read_multiple:
        found = max(len(request.wants) for request in plan(WANTS, again.limits.room))
        assert found >= 0.8 * min(largest(device), len(WANTS)) - 1  # a pair more or less


@pytest.mark.parametrize("apdu", APDUS)
def test_a_device_that_bears_what_it_says_is_never_refused(apdu: int) -> None:
    poll = Poll(Device(Told(apdu)), first(Told(apdu))).of(WANTS)
    assert poll.refusals == 0
    assert poll.limits.probes == 0
    assert poll.limits.grow_at_ms is None


def test_a_device_that_says_it_has_no_read_property_multiple_is_not_asked_for_it() -> None:
    told = Told(480, read_multiple=False)
    assert all(request.alone for request in plan(WANTS, first(told).room))


def test_out_of_resources_first_costs_the_requests_in_flight_then_the_size() -> None:
    limits, request = first(Told(480), in_flight=4), plan(WANTS, first(Told(480)).room)[0]
    fewer, following = refused(limits, request, Abort(9), now_ms=0)
    assert following is Next.PLAN_AGAIN
    assert fewer.in_flight == 1
    assert plan(WANTS, fewer.room)[0] == request
    smaller, _ = refused(fewer, request, Abort(9), now_ms=0)
    assert smaller.in_flight == 1
    assert len(plan(WANTS, smaller.room)[0].wants) < len(request.wants)


def test_more_in_flight_than_was_learned_is_never_resumed() -> None:
    limits = msgspec.structs.replace(first(Told(480)), in_flight=1)
    assert resume(limits, Told(480), in_flight=4).in_flight == 1


def test_one_property_that_spoils_the_answer_costs_only_itself() -> None:
    bad = WANTS[17]
    device = Device(Told(480), bad=frozenset({bad}))
    limits = Poll(device, first(device.told)).of(WANTS[40:]).limits
    poll = Poll(device, limits).of(WANTS)
    assert poll.given_up == {bad}
    assert poll.read == set(WANTS) - {bad}
    assert poll.limits.read_multiple
    assert poll.limits.answer_octets == limits.answer_octets


def test_errors_about_requests_down_to_a_single_property_and_none_ever_answered_end_read_property_multiple() -> None:
    limits, asked = first(Told(480)), []
    while limits.read_multiple:
        request = plan(WANTS, limits.room)[0]
        asked.append(len(request.wants))
        limits, following = refused(limits, request, UNKNOWN_PROPERTY, now_ms=0)
        assert following is (Next.PLAN_AGAIN if len(request.wants) > 1 else Next.ONE_BY_ONE)
    assert asked[-1] == 1
    assert len(asked) <= MAX_PROBES


def test_three_answers_that_make_no_sense_and_none_that_did_end_read_property_multiple() -> None:
    limits, request = first(Told(480)), plan(WANTS, first(Told(480)).room)[0]
    for expected in (True, True, False):
        limits, following = refused(limits, request, None, now_ms=0)
        assert following is Next.ONE_BY_ONE
        assert limits.read_multiple is expected


def test_an_error_about_as_much_as_has_worked_is_not_taken_for_a_refusal_of_its_size() -> None:
    limits = first(Told(480))
    request = plan(WANTS, limits.room)[0]
    limits = proven(limits, request, request.answer_octets, now_ms=0)
    for _ in range(3):
        assert refused(limits, request, UNKNOWN_PROPERTY, now_ms=0) == (limits, Next.HALVE)


def test_limits_are_as_before_once_one_property_has_proved_to_be_the_cause_of_all_errors() -> None:
    before = first(Told(480))
    limits = before
    while limits.octets.bad is None or len(plan(WANTS, limits.room)[0].wants) > 2:
        limits, _ = refused(limits, plan(WANTS, limits.room)[0], UNKNOWN_PROPERTY, now_ms=0)
    request = plan(WANTS, limits.room)[0]
    limits = proven(limits, request, request.answer_octets, now_ms=0)
    again = exonerated(limits, before)
    assert again.room == before.room
    assert (again.probes, again.octets.good, again.octets.bad) == (0, request.answer_octets, None)


def test_properties_are_counted_when_more_of_them_are_refused_that_take_no_more_octets() -> None:
    large = [want(0, instance, 77) for instance in range(1, 11)]
    device = Device(Told(1476), most=10)
    limits = Poll(device, first(device.told)).of(large).limits
    poll = Poll(device, limits).of(WANTS)
    assert poll.read == set(WANTS)
    assert poll.limits.count.bad is not None
    assert Poll(device, poll.limits).of(WANTS).refusals == 0
    assert poll.limits.properties in range(8, 11)


def test_one_property_more_than_ever_worked_is_not_asked_for_again_once_refused_in_no_more_octets() -> None:
    limits = msgspec.structs.replace(first(Told(480)), octets=Border(109, 120), count=Border(7), probes=5)
    eight = Planned(tuple(WANTS[:8]), 92)
    limits, following = refused(limits, eight, Abort(9), now_ms=0)
    assert following is Next.PLAN_AGAIN
    assert limits.settled
    assert limits.properties == 7
    assert max(len(request.wants) for request in plan(WANTS, limits.room)) < 8


def test_what_was_refused_is_measured_again_when_more_is_known_and_stays_larger_than_what_works() -> None:
    limits = msgspec.structs.replace(first(Told(1476)), octets=Border(300, 500))
    assert remeasured(limits, 900).octets == Border(300, 900)
    assert remeasured(limits, 200).octets == Border(300, 301)


@pytest.mark.parametrize("refusal", [Reject(9), PropertyError(5, 29), PropertyError(5, 45)])
def test_a_denied_service_ends_read_property_multiple_at_once(refusal: Denial) -> None:
    limits, request = first(Told(480)), plan(WANTS, first(Told(480)).room)[0]
    limits, following = refused(limits, request, refusal, now_ms=0)
    assert not limits.read_multiple
    assert following is Next.PLAN_AGAIN


@pytest.mark.parametrize(
    "refusal", [Abort(2), Abort(3), PropertyError(0, 3), PropertyError(0, 2), PropertyError(5, 82)]
)
def test_a_device_that_is_busy_is_asked_later_and_nothing_is_learned(refusal: Denial) -> None:
    limits, request = first(Told(480)), plan(WANTS, first(Told(480)).room)[0]
    assert refused(limits, request, refusal, now_ms=0) == (limits, Next.LATER)


def test_read_property_refused_is_the_property_s_own_fault() -> None:
    limits = first(Told(480))
    assert refused(limits, one_by_one(WANTS[:1])[0], Abort(4), now_ms=0) == (limits, Next.GIVE_UP)


def test_one_refusal_of_a_size_that_worked_halves_that_request_and_two_in_a_row_shrink_for_good() -> None:
    limits = first(Told(480))
    request = plan(WANTS, limits.room)[0]
    limits = proven(limits, request, request.answer_octets, now_ms=0)
    once, following = refused(limits, request, Abort(9), now_ms=0)
    assert following is Next.HALVE
    assert once.room == limits.room
    for half in halves(request):
        once = proven(once, half, half.answer_octets, now_ms=0)
    assert proven(once, request, request.answer_octets, now_ms=0).refusals == 0
    twice, following = refused(once, request, Abort(9), now_ms=0)
    assert following is Next.PLAN_AGAIN
    assert len(plan(WANTS, twice.room)[0].wants) < len(request.wants)


def test_limits_grow_by_one_probe_a_day_and_half_as_often_after_each_that_failed() -> None:
    device = Device(Told(1476), most=20)
    limits = Poll(device, first(device.told)).of(WANTS).limits
    assert grown(limits, now_ms=DAY_MS - 1) is limits
    waited = 1
    now_ms = 0
    for _ in range(7):
        now_ms += waited * DAY_MS
        assert limits.grow_at_ms == now_ms
        poll = Poll(device, grown(limits, now_ms=now_ms), now_ms).of(WANTS)
        assert poll.refusals == 1
        assert poll.read == set(WANTS)
        assert Poll(device, poll.limits, now_ms).of(WANTS).refusals == 0
        limits = poll.limits
        waited = min(2 * waited, 32)
        assert limits.patience_days == waited


def test_after_six_refusals_only_what_has_worked_is_asked_for_and_no_text_with_it() -> None:
    limits = msgspec.structs.replace(
        first(Told(480)), octets=Border(117, 200), count=Border(10), refused=MAX_REFUSALS - 1
    )
    request = Planned(tuple(WANTS[:14]), 168)
    limits, following = refused(limits, request, Abort(9), now_ms=0)
    assert following is Next.PLAN_AGAIN
    assert limits.spent
    assert limits.settled
    assert (limits.answer_octets, limits.properties) == (117, 10)
    asked = plan([*WANTS, want(0, 1, 77), want(0, 1, 85, value_octets=500)], limits.room)
    assert max(len(request.wants) for request in asked) == 8, "ten were of 117 octets, but of 120 by estimate"
    assert [request.wants[0][2] for request in asked if request.alone] == [85, 77]
    assert refused(limits, asked[0], Abort(9), now_ms=0)[0].refused == MAX_REFUSALS


@pytest.mark.parametrize("refusal", [Abort(4), Abort(9), UNKNOWN_PROPERTY])
def test_where_nothing_has_worked_all_is_read_by_read_property_until_it_is_tried_anew(refusal: Denial) -> None:
    poll = Poll(Device(Told(480), most=0), first(Told(480))).of(WANTS)
    assert poll.read == set(WANTS)
    assert all(request.alone for request in plan(WANTS, poll.limits.room))
    assert grown(poll.limits, now_ms=DAY_MS - 1) is poll.limits
    tried = grown(poll.limits, now_ms=DAY_MS)
    request = plan(WANTS, tried.room)[0]
    assert (request.alone, len(request.wants)) == (False, 2)
    again, following = refused(tried, request, refusal, now_ms=DAY_MS)
    assert following is Next.PLAN_AGAIN
    assert all(request.alone for request in plan(WANTS, again.room))
    assert (again.refused, again.grow_at_ms) == (poll.limits.refused, 3 * DAY_MS)


def test_a_service_that_is_denied_is_not_tried_anew() -> None:
    limits, _ = refused(first(Told(480)), plan(WANTS, first(Told(480)).room)[0], Reject(9), now_ms=0)
    assert grown(limits, now_ms=100 * DAY_MS) is limits


def test_a_refusal_that_ends_a_growth_is_not_counted_among_those_of_the_search() -> None:
    device = Device(Told(1476), most=20)
    limits = Poll(device, first(device.told)).of(WANTS).limits
    before = limits.refused
    assert 0 < before < MAX_REFUSALS - 1
    poll = Poll(device, grown(limits, now_ms=DAY_MS), DAY_MS).of(WANTS)
    assert (poll.refusals, poll.limits.refused) == (1, before)


def test_an_error_of_one_property_among_numbers_that_have_worked_is_not_counted_and_one_among_texts_is() -> None:
    limits = first(Told(480))
    texts = [want(0, instance, 77) for instance in (1, 2)]
    for wants in (WANTS[:10], texts):
        limits = proven(limits, Planned(tuple(wants), 100), 100, now_ms=0)
    assert refused(limits, Planned(tuple(WANTS[:10]), 100), UNKNOWN_PROPERTY, now_ms=0)[0].refused == 0
    assert refused(limits, Planned(tuple(texts), 100), UNKNOWN_PROPERTY, now_ms=0)[0].refused == 1


def test_a_device_that_was_mended_is_asked_for_more_the_next_day() -> None:
    ill, well = Device(Told(1476), most=10), Device(Told(1476))
    limits = Poll(ill, first(ill.told)).of(WANTS).limits
    before = limits.answer_octets
    for day in range(1, 8):
        limits = Poll(well, grown(limits, now_ms=day * DAY_MS), day * DAY_MS).of(WANTS).limits
    assert limits.answer_octets > 5 * before


def test_limits_survive_the_store_and_are_dropped_when_the_device_says_something_else() -> None:
    device = Device(Told(206), most=7)
    limits = Poll(device, first(device.told)).of(WANTS).limits
    stored = msgspec.json.decode(msgspec.json.encode(limits), type=Limits)
    assert stored == limits
    older = msgspec.json.decode(b'{"octets":{"good":7,"bad":9},"probes":6}', type=Limits)
    assert older.octets == Border(7, 9)
    assert resume(stored, Told(206)) == limits
    assert resume(stored, Told(480)) == first(Told(480))
    assert resume(None, Told(50)) == first(Told(50))


@pytest.mark.parametrize(
    ("apdu", "meant"), [(0, 46), (49, 46), (50, 46), (51, 47), (1475, 1471), (1476, 1472), (65535, 1472)]
)
def test_a_max_apdu_out_of_the_standard_s_range_is_taken_for_the_nearest_in_it(apdu: int, meant: int) -> None:
    assert first(Told(apdu)).request_octets == meant


@pytest.mark.parametrize(
    ("border", "target"),
    [(Border(), None), (Border(0, 100), 10), (Border(10, 12), 10), (Border(10, 13), 11), (Border(0, 1), 1)],
)
def test_the_next_size_to_try_lies_between_in_the_logarithm(border: Border, target: int | None) -> None:
    assert border.target(1, settled=False) == target
