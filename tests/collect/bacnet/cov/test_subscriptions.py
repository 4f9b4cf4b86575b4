"""The keeper of subscriptions on a clock that the test holds: each way COV fails ends in polling, and no value grows old."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from random import Random

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from t3actors.collect.bacnet.codec.read_multiple import Answer
from t3actors.collect.bacnet.codec.tags import Bits
from t3actors.collect.bacnet.cov import standing as cov
from t3actors.collect.bacnet.cov.asking import PROCESS_IDS
from t3actors.collect.bacnet.cov.pieces import CANCEL_TRIES, NOTIFIED_WITHIN_S
from t3actors.collect.bacnet.cov.slots import LIST_AGAIN_S, LIST_TRIES, LOOK_AGAIN_S
from t3actors.collect.bacnet.cov.subscriptions import Subscriptions
from t3actors.collect.bacnet.link.requests import CancelCov, CovNotified, Pending, SubscribeCov
from t3actors.errors import BadResponse, DriverError, LinkDown, RequestTimedOut
from t3actors.points import Reading
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts
from t3actors.simulator.bacnet.faults import BacnetFaultKind as Kind
from t3actors.simulator.bacnet.subscriptions import Peer
from tests.collect.bacnet.cov_stage import PEER, STEP_S, Stage
from tests.simulator.bacnet.client import confirmed, subscribe

TWO = ("IN1", "IN2")


async def began(cov: bool | tuple[str, ...] = TWO, **how: object) -> Stage:
    """A device that keeps its word, told of and verified for some polls."""
    stage = Stage(cov, **how)  # type: ignore[arg-type]
    await stage.play(10)
    return stage


def told(process_id: int, instance: int = 1, **about: object) -> CovNotified:
    fields: dict[str, object] = {
        "address": "192.0.2.1", "device_instance": 1001, "process_id": process_id, "object_type": 0,
        "object_instance": instance, "remaining_s": 300, "values": ((85, None, 77.0), (111, None, Bits(0, 4))),
    }  # fmt: skip
    return CovNotified(**(fields | about))  # type: ignore[arg-type]


async def test_a_point_that_is_told_of_is_read_only_to_verify_it() -> None:
    stage = await began()
    assert stage.keeper.modes() == set(TWO)
    stage.polls.clear()
    await stage.play(60)
    assert len(stage.polls) == 60
    assert sum("IN1" in each for each in stage.polls) == pytest.approx(60 / 10, abs=2)
    assert all("IN3" in each for each in stage.polls)
    assert stage.said("cov.began", "point_id") == [("IN1",), ("IN2",)]
    assert stage.oldest_s <= stage.bound_s


async def test_the_points_that_are_due_to_be_verified_are_read_together() -> None:
    stage = await began(verify_s=10.0)
    await stage.play(100)
    assert {each & set(TWO) for each in stage.polls[20:]} == {frozenset(), frozenset(TWO)}


async def test_a_change_is_shown_before_the_point_is_read_again() -> None:
    stage = await began(verify_s=60.0)
    stage.set("IN1", 33.0)
    await stage.play(1)
    assert stage.shown["IN1"].value == 33.0
    assert "IN1" not in stage.polls[-1]


async def test_a_point_is_announced_with_the_age_it_may_have() -> None:
    stage = await began(verify_s=10.0)
    assert (stage.announced["IN1"].mode, stage.announced["IN1"].verified_every_s) == ("cov", 10.0)
    assert (stage.announced["IN3"].mode, stage.announced["IN3"].verified_every_s) == ("poll", 0.0)


async def test_without_cov_nothing_is_asked_and_everything_is_polled() -> None:
    stage = await began(cov=False)
    assert stage.asked == []
    assert await stage.keeper.work() is None
    assert all(each == set(stage.items) for each in stage.polls)


async def test_a_verify_interval_shorter_than_a_poll_leaves_every_poll_as_it_is() -> None:
    stage = await began(interval_s=5.0, verify_s=3.0)
    await stage.play(50)
    assert stage.keeper.modes() == set(TWO)
    assert all(each == set(stage.items) for each in stage.polls)
    assert stage.oldest_s <= stage.bound_s


async def test_a_device_that_is_slower_than_its_interval_is_verified_in_time_all_the_same() -> None:
    stage = await began(interval_s=1.0, verify_s=10.0)
    stage.slowness_s = 4.0
    await stage.play(60)
    stage.oldest_s = 0.0
    await stage.play(60)
    assert stage.oldest_s <= 10.0


# -- lifetimes


async def test_a_subscription_is_renewed_in_time_and_never_for_ever() -> None:
    stage = await began(lifetime_s=100.0)
    await stage.play(600)
    asked = [each for each in stage.subscribed() if each.object_instance == 1]
    assert len(asked) == pytest.approx(610 / 60, abs=1)
    assert {each.process_id for each in asked} == {asked[0].process_id}, "renewed, not doubled"
    assert {each.lifetime_s for each in asked} == {100}
    assert stage.held_there == 2
    assert stage.said("cov.lost", "reason") == []


async def test_a_device_that_lets_it_last_less_is_asked_again_sooner() -> None:
    stage = Stage(("IN1",))
    stage.fault(Kind.COV_EXPIRE, delay_s=50.0)
    await stage.play(305)
    assert stage.keeper.modes() == {"IN1"}
    assert stage.said("cov.lost", "reason") == []
    assert len(stage.subscribed()) == pytest.approx(300 / 30, abs=2)


async def test_a_device_that_lets_it_last_too_little_is_polled_and_not_asked_again_for_a_day() -> None:
    stage = Stage(("IN1",))
    stage.fault(Kind.COV_EXPIRE, delay_s=20.0)
    await stage.play(600)
    assert stage.keeper.modes() == frozenset()
    assert stage.said("cov.lost", "reason", "next_try_s") == [("it lets a subscription last only 20 s", 86400)]
    assert len(stage.subscribed()) == 1
    assert stage.held_there == 0
    assert stage.oldest_s <= stage.bound_s


async def test_an_early_end_that_it_does_not_tell_is_found_by_a_read() -> None:
    stage = await began(verify_s=10.0)
    stage.fault(Kind.REBOOT)
    await stage.play(3)
    stage.fault(Kind.COV_REFUSE)
    stage.move("IN1")
    await stage.play(35)
    assert "IN1" not in stage.keeper.modes()
    assert stage.wrong_s <= stage.bound_s


async def test_a_notification_that_says_nothing_of_the_time_left_brings_the_renewal_forward() -> None:
    stage = await began(cov=("IN1",), verify_s=300.0)
    process_id = stage.subscribed()[0].process_id
    assert process_id is not None
    stage.tell(told(process_id, remaining_s=0))
    await stage.play(100)
    assert len(stage.subscribed()) == 2


async def test_a_notification_from_before_a_renewal_does_not_shorten_it() -> None:
    stage = await began(cov=("IN1",), lifetime_s=300.0, verify_s=600.0)
    process_id = stage.subscribed()[0].process_id
    assert process_id is not None
    while len(stage.subscribed()) < 2:
        await stage.play(STEP_S)
    ended_s = 1000.0 + STEP_S + 300.0  # as first asked for
    stage.tell(told(process_id, remaining_s=round(ended_s - stage.now_s)))
    await stage.play(170)
    assert len(stage.subscribed()) == 2


# -- F5, T07


async def test_a_device_that_rebooted_and_forgot_is_polled_again_and_asked_again_later() -> None:
    stage = await began(verify_s=10.0)
    stage.fault(Kind.REBOOT)
    assert stage.held_there == 0
    stage.move("IN1")
    await stage.play(10 + NOTIFIED_WITHIN_S + 5)
    assert "IN1" not in stage.keeper.modes()
    assert [point for (point,) in stage.said("cov.lost", "point_id")] == ["IN1"]
    assert stage.wrong_s <= stage.bound_s
    await stage.play(90)
    assert "IN1" in stage.keeper.modes(), "after a minute"
    assert stage.oldest_s <= stage.bound_s


async def test_a_point_in_doubt_is_read_at_every_poll() -> None:
    stage = await began(verify_s=10.0)
    stage.fault(Kind.REBOOT)
    stage.move("IN1")
    stage.polls.append(frozenset())
    while "IN1" not in stage.polls[-1]:
        await stage.play(STEP_S)
    stage.polls.clear()
    await stage.play(5)
    assert all("IN1" in each for each in stage.polls)
    assert stage.keeper.modes() == set(TWO), "nothing is settled yet"


async def test_a_notification_that_comes_late_ends_the_doubt() -> None:
    stage = await began(cov=("IN1",), verify_s=10.0)
    stage.fault(Kind.COV_SILENT)
    stage.move("IN1")
    while "IN1" not in stage.polls[-1]:
        await stage.play(STEP_S)
    await stage.play(5)
    stage.fault(Kind.NONE)
    await stage.play(60)
    assert stage.keeper.modes() == {"IN1"}
    assert stage.said("cov.lost", "reason") == []


async def test_a_value_that_came_back_before_it_was_told_ends_the_doubt() -> None:
    stage = await began(cov=("BI1",) if "BI1" in (await began()).items else ("IN1",), verify_s=10.0)
    name = next(iter(stage.keeper.modes()))
    stage.fault(Kind.COV_SILENT)
    before = stage.device.value(name)
    stage.move(name)
    while name not in stage.polls[-1]:
        await stage.play(STEP_S)
    stage.set(name, before)
    await stage.play(60)
    assert stage.keeper.modes() == {name}


async def test_a_device_without_space_is_left_alone_for_an_hour() -> None:
    stage = Stage(TWO, interval_s=10.0)
    stage.fault(Kind.COV_REFUSE)
    await stage.play(3500)
    assert len(stage.subscribed()) == 1, "what has no space for one has none for the other"
    assert stage.said("cov.refused", "point_id", "reason", "next_try_s") == [
        ("IN1", "unknown code (resources error 3/19)", 3600)
    ]
    stage.fault(Kind.NONE)
    await stage.play(200)
    assert stage.keeper.modes() == set(TWO)
    assert all(each == set(stage.items) for each in stage.polls[:350])


async def test_a_device_that_never_notifies_never_was_in_mode_cov() -> None:
    stage = Stage(("IN1",))
    stage.fault(Kind.COV_SILENT)
    seen: set[str] = set()
    await stage.play(NOTIFIED_WITHIN_S + 5, lambda: seen.update(stage.keeper.modes()))
    assert seen == set()
    assert stage.said("cov.refused", "reason") == [("it took the subscription and told nothing within 10 s",)]
    assert stage.held_there == 0, "taken back"
    assert all(each == set(stage.items) for each in stage.polls)


async def test_a_device_that_never_notifies_is_asked_ever_more_rarely_and_in_the_other_way() -> None:
    stage = Stage(("IN1",))
    stage.fault(Kind.COV_SILENT)
    await stage.play(3600)
    asked = stage.subscribed()
    assert [each.confirmed for each in asked] == [False, True, False, True][: len(asked)]
    assert 3 <= len(asked) <= 4
    assert len(stage.log.named("cov.refused")) == 1


async def test_a_device_that_repeats_itself_is_heard_and_believed() -> None:
    stage = Stage(TWO)
    stage.fault(Kind.COV_DUPLICATE)
    await stage.play(10)
    stage.set("IN1", 33.0)
    await stage.play(100)
    assert stage.shown["IN1"].value == 33.0
    assert stage.keeper.modes() == set(TWO)
    assert stage.said("cov.lost", "reason") == []


async def test_a_device_that_does_not_answer_subscriptions_is_polled_and_asked_rarely() -> None:
    stage = Stage(("IN1",))
    stage.is_mute = True
    await stage.play(600)
    assert len(stage.subscribed()) <= 4
    cancelled = [each for each in stage.asked if isinstance(each, CancelCov)]
    assert len(cancelled) <= CANCEL_TRIES * len(stage.subscribed()), "it may have taken it without a word"
    assert all(each == set(stage.items) for each in stage.polls)


async def test_a_device_without_the_service_is_asked_once_a_day() -> None:
    stage = Stage(("AI1", "AI2"), preset=Preset.NO_COV, interval_s=100.0)
    await stage.play(5_000)
    assert len(stage.subscribed()) == 1
    assert stage.said("cov.refused", "reason") == [("unrecognized service (reject 9)",)]


async def test_points_that_fail_one_after_another_have_the_device_left_alone() -> None:
    names = ("IN1", "IN2", "IN3", "OUT1", "OUT2", "VAR1", "VAR2")
    stage = Stage(names, cov_max=1)
    stage.fault(Kind.ERROR, code=45, service=5)
    await stage.play(1000)
    assert len(stage.subscribed()) == 5


# -- slots


def others(stage: Stage, count: int, lifetime_s: int = 30_000) -> None:
    for process_id in range(count):
        data = subscribe(process_id, next(iter(stage.device.points.values())).object_id, lifetime_s=lifetime_s)
        peer = Peer(("192.0.2.9", 47808))
        stage.responder.receive(confirmed(1, 5, data), peer, stage.now_s)


@pytest.mark.parametrize(("held", "allowed"), [(0, 4), (11, 4), (12, 3), (14, 1), (15, 0), (20, 0)])
async def test_some_slots_are_left_free_for_others(held: int, allowed: int) -> None:
    stage = Stage(tuple(Stage(False, preset=Preset.FEW_COV).items)[:4], preset=Preset.FEW_COV)
    others(stage, held)
    await stage.play(60)
    assert len(stage.keeper.modes()) == allowed
    assert len(stage.log.named("cov.refused")) == (allowed < 4)


async def test_a_list_too_long_for_the_device_to_send_says_that_its_slots_are_held() -> None:
    stage = Stage(("IN1",))
    others(stage, 14)  # more than its 480 octets hold
    await stage.play(60)
    assert stage.subscribed() == []
    assert len(stage.log.named("cov.refused")) == 1


async def test_slots_that_become_free_are_found_when_it_is_looked_again() -> None:
    stage = Stage(("IN1",))
    others(stage, 20, lifetime_s=60)
    await stage.play(LOOK_AGAIN_S - 10)
    assert stage.keeper.modes() == frozenset()
    await stage.play(30)
    assert stage.keeper.modes() == {"IN1"}


async def test_no_more_points_than_cov_max_are_subscribed_to_and_it_is_said_which_are_not() -> None:
    stage = await began(cov=("IN1", "IN2", "IN3", "nothing"), cov_max=2)
    assert stage.keeper.modes() == {"IN1", "IN2"}
    stage.keeper.take_over(stage.items.values(), complete=True)
    assert stage.said("cov.unlisted", "points", "reason") == [
        (["nothing"], "the device has no such point"),
        (["IN3"], "cov_max is 2"),
    ]


async def test_what_an_earlier_life_left_behind_is_taken_back_and_what_others_hold_is_not() -> None:
    stage = Stage(("IN1",))
    others(stage, 3)
    earlier = 1 << 30
    for process_id in (earlier, earlier + 1):
        data = subscribe(process_id, stage.device.points["IN2"].object_id, lifetime_s=3000)
        stage.responder.receive(confirmed(1, 5, data), PEER, stage.now_s)
    assert stage.held_there == 5
    await stage.play(20)
    assert stage.held_there == 3 + 1
    cancelled = {each.process_id for each in stage.asked if isinstance(each, CancelCov)}
    assert cancelled == {earlier, earlier + 1}


def left_behind(stage: Stage) -> None:
    data = subscribe(1 << 30, stage.device.points["IN2"].object_id, lifetime_s=30_000)
    stage.responder.receive(confirmed(1, 5, data), PEER, stage.now_s)


@pytest.mark.parametrize("error", [RequestTimedOut("nothing came"), LinkDown("down"), BadResponse("nonsense")])
async def test_a_list_that_failed_is_asked_for_again_and_what_was_left_behind_is_taken_back(error: DriverError) -> None:
    stage = Stage(("IN1",))
    left_behind(stage)
    answered, failed = stage.read_one, list[object]()

    async def fails_once(*about: int, retries: int | None = None) -> Answer:
        if stage.keeper.modes() and not failed:
            failed.append(about)
            raise error
        return await answered(*about, retries=retries)

    stage.read_one = fails_once  # type: ignore[method-assign, assignment]
    while not failed:
        with contextlib.suppress(LinkDown):
            await stage.play(STEP_S)
    assert stage.held_there == 2
    await stage.play(LIST_AGAIN_S + 10)
    assert stage.held_there == 1
    assert stage.keeper.modes() == {"IN1"}


async def test_a_list_that_never_comes_is_not_asked_for_for_ever() -> None:
    stage = Stage(("IN1",))

    async def silent(*about: int, retries: int | None = None) -> Answer:
        stage.asked.append(about)
        raise RequestTimedOut("nothing came")

    stage.read_one = silent  # type: ignore[method-assign, assignment]
    await stage.play(3000)
    assert len([each for each in stage.asked if isinstance(each, tuple)]) == 2 * LIST_TRIES
    assert stage.keeper.modes() == {"IN1"}


async def test_nothing_is_subscribed_to_before_the_list_of_slots_was_given_some_tries() -> None:
    stage = Stage(("IN1",))
    others(stage, 20)
    answered, failed = stage.read_one, list[object]()

    async def fails_at_first(*about: int, retries: int | None = None) -> Answer:
        if len(failed) < LIST_TRIES - 1:
            failed.append(about)
            raise RequestTimedOut("nothing came")
        return await answered(*about, retries=retries)

    stage.read_one = fails_at_first  # type: ignore[method-assign, assignment]
    await stage.play(60)
    assert len(failed) == LIST_TRIES - 1
    assert stage.subscribed() == []


async def test_another_subscriber_of_this_very_process_is_left_in_peace() -> None:
    stage = Stage(("IN1",))
    process_id = PROCESS_IDS.take()
    data = subscribe(process_id, stage.device.points["IN2"].object_id, lifetime_s=3000)
    stage.responder.receive(confirmed(1, 5, data), PEER, stage.now_s)
    await stage.play(20)
    assert stage.held_there == 2


async def test_a_list_that_makes_no_sense_is_no_reason_not_to_subscribe() -> None:
    stage = Stage(("IN1",))
    stage.device.active_subscriptions = lambda: b"\x0e\x0e\x0f\x0f"
    await stage.play(10)
    assert stage.keeper.modes() == {"IN1"}


# -- leaving, and losing the link


async def test_leaving_takes_everything_back() -> None:
    stage = Stage(TWO)
    others(stage, 2)
    await stage.play(10)
    assert stage.held_there == 4
    await stage.keeper.leave()
    assert stage.held_there == 2
    assert stage.keeper.modes() == frozenset()


async def test_leaving_in_the_middle_of_a_subscription_takes_that_back_too() -> None:
    stage = Stage(("IN1",))
    answered = stage.serve

    def lost(request: SubscribeCov | CancelCov) -> object:
        pending = answered(request)
        pending._over = trio.Event()  # the device took it; its answer never comes
        return pending

    stage.serve = lost  # type: ignore[method-assign, assignment]
    with trio.CancelScope(deadline=trio.current_time() + 0.05):
        await stage.play(10)
    stage.serve = answered  # type: ignore[method-assign]
    assert stage.held_there == 1
    await stage.keeper.leave()
    assert stage.held_there == 0


async def test_leaving_a_dead_device_takes_no_longer_than_it_may(autojump_clock: trio.testing.MockClock) -> None:
    stage = await began()

    class Silent:
        async def wait(self) -> None:
            await trio.sleep_forever()

    stage.serve = lambda _request: Silent()  # type: ignore[method-assign, assignment, return-value]
    with trio.CancelScope() as scope:
        scope.cancel()  # as when the whole actor is stopped
        with trio.fail_after(4.5):
            await stage.keeper.leave()
    assert stage.keeper.modes() == frozenset()
    assert stage.said("cov.left", "count") == [(len(TWO),)]


def on_a_trunk(stages: list[Stage], request_takes_s: float) -> None:
    """One request of them all at a time; one that nobody waits for any more is not sent."""
    line = trio.StrictFIFOLock()

    def served_in_turn(answered: Callable[[SubscribeCov | CancelCov], Pending]) -> Callable[..., object]:
        class Waiting:
            def __init__(self, request: CancelCov) -> None:
                self.request = request

            async def wait(self) -> None:
                async with line:
                    with trio.CancelScope(shield=True):
                        await trio.sleep(min(request_takes_s, self.request.timeout_s))
                    if self.request.timeout_s < request_takes_s:
                        raise RequestTimedOut("nothing came")
                    await answered(self.request).wait()

        return Waiting

    for stage in stages:
        stage.serve = served_in_turn(stage.serve)  # type: ignore[method-assign, assignment]


FIVE = ("IN1", "IN2", "IN3", "OUT1", "OUT2")


async def test_an_orderly_end_has_the_time_that_a_trunk_takes(autojump_clock: MockClock) -> None:
    stages = [await began(FIVE), await began(FIVE)]
    on_a_trunk(stages, 0.3)
    async with trio.open_nursery() as nursery:
        for stage in stages:
            nursery.start_soon(stage.keeper.leave)
    for stage in stages:
        assert stage.held_there == 0
        assert stage.said("cov.left", "count") == []


async def test_what_cannot_be_taken_back_in_time_is_said_once_and_when_it_runs_out(autojump_clock: MockClock) -> None:
    stages = [await began(FIVE) for _ in range(10)]
    on_a_trunk(stages, 0.3)
    with trio.fail_after(5.0):
        async with trio.open_nursery() as nursery:
            for stage in stages:
                nursery.start_soon(stage.keeper.leave)
    assert sum(stage.held_there for stage in stages) == 50 - 14, "14 turns of 0.3 s begin within 4 s"
    counts = [count for stage in stages for (count,) in stage.said("cov.left", "count")]
    assert sum(counts) in (36, 37), "one was under way when the time was over"
    for stage in stages:
        if not stage.held_there:
            continue
        ((ends_in_s,),) = stage.said("cov.left", "ends_in_s")
        assert 0 < ends_in_s <= 300
        await stage.keeper.leave()
        assert len(stage.log.named("cov.left")) == 1, "said once"
        stage.now_s += ends_in_s + 1
        assert stage.held_there == 0


async def test_a_failure_may_give_it_less_time(autojump_clock: MockClock) -> None:
    stage = await began(FIVE)
    on_a_trunk([stage], 0.3)
    with trio.fail_after(1.1):
        await stage.keeper.leave(1.0)
    assert stage.said("cov.left", "count") == [(2,)]


async def test_a_cancellation_that_was_lost_is_sent_again_after_the_others() -> None:
    stage = await began(FIVE)
    answered, lost = stage.serve, list[CancelCov]()

    def loses_the_first(request: SubscribeCov | CancelCov) -> Pending:
        assert isinstance(request, CancelCov)
        assert request.retries == 0
        if lost:
            return answered(request)
        lost.append(request)
        pending = Pending()
        pending.fail(RequestTimedOut("nothing came"))
        return pending

    stage.serve = loses_the_first  # type: ignore[method-assign]
    stage.asked.clear()
    await stage.keeper.leave()
    assert stage.held_there == 0
    assert stage.asked[-1] == lost[0]
    assert stage.said("cov.left", "count") == []


async def test_a_device_that_answers_no_cancellation_is_asked_once_for_each() -> None:
    stage = await began(FIVE)
    stage.is_mute = True
    stage.asked.clear()
    await stage.keeper.leave()
    assert len(stage.asked) == len(FIVE)
    assert stage.said("cov.left", "count") == [(len(FIVE),)]


async def test_a_subscription_whose_renewal_may_have_been_taken_is_taken_back_after_its_time_was_over() -> None:
    stage = await began(cov=("IN1",))
    answered = stage.serve

    def unheard(request: SubscribeCov | CancelCov) -> Pending:
        answered(request)
        pending = Pending()
        pending.fail(RequestTimedOut("nothing came"))
        return pending

    stage.serve = unheard  # type: ignore[method-assign]
    stage.loses = lambda: True
    await stage.play(285)
    stage.serve = answered  # type: ignore[method-assign]
    stage.now_s += 10
    assert stage.held_there == 1
    await stage.keeper.leave()
    assert stage.held_there == 0


async def test_a_lost_link_has_everything_polled_at_once_and_the_same_subscriptions_renewed_after_it() -> None:
    stage = await began()
    first = {each.process_id for each in stage.subscribed()}
    stage.is_down = True
    await stage.play(5)
    assert stage.keeper.modes() == frozenset()
    assert stage.polls[-1] == set(stage.items)
    stage.is_down = False
    await stage.play(10)
    assert stage.keeper.modes() == set(TWO)
    assert {each.process_id for each in stage.subscribed()} == first
    assert stage.held_there == 2
    assert len(stage.log.named("cov.began")) == 2, "said once"


async def test_a_new_incarnation_of_the_link_is_asked_anew() -> None:
    stage = await began()
    asked = len(stage.subscribed())
    stage.life = 2
    assert stage.keeper.also_due(()) == TWO, "the plan does not know it yet"
    assert stage.keeper.modes() == frozenset(), "polled as all others"
    await stage.play(10)
    assert len(stage.subscribed()) == asked + 2
    assert stage.keeper.modes() == set(TWO)


async def test_a_point_that_is_no_more_is_taken_back() -> None:
    stage = await began()
    stage.keeper.take_over([item for name, item in stage.items.items() if name != "IN1"], complete=True)
    await stage.play(10)
    assert stage.keeper.modes() == {"IN2"}
    assert stage.held_there == 1
    assert stage.said("cov.lost", "reason") == []


async def test_a_point_that_is_another_object_now_is_taken_back_as_what_it_was() -> None:
    stage = await began(cov=("IN1",))
    other = stage.items["IN1"]._replace(object=stage.items["IN3"].object)
    stage.keeper.take_over([other], complete=True)
    await stage.play(10)
    (cancelled,) = [each for each in stage.asked if isinstance(each, CancelCov)]
    assert cancelled.object_instance == 1
    assert stage.subscribed()[-1].object_instance == 3
    assert stage.held_there == 1


async def test_a_partial_list_takes_nothing_from_the_points_that_it_lacks() -> None:
    stage = await began()
    stage.asked.clear()
    for partial in ([], [stage.items["IN2"]]):
        stage.keeper.take_over(partial, complete=False)
        await stage.play(10)
    stage.keeper.take_over(stage.items.values(), complete=True)
    await stage.play(10)
    assert stage.keeper.modes() == set(TWO)
    assert [each for each in stage.asked if isinstance(each, CancelCov)] == []
    assert stage.said("cov.lost", "reason") == []
    assert stage.held_there == 2


async def test_a_partial_list_shortens_no_pause() -> None:
    stage = Stage(("IN1",))
    stage.fault(Kind.COV_SILENT)
    await stage.play(NOTIFIED_WITHIN_S + 5)
    assert len(stage.subscribed()) == 1
    stage.keeper.take_over([], complete=False)
    stage.keeper.take_over(stage.items.values(), complete=True)
    await stage.play(30)
    assert len(stage.subscribed()) == 1


async def test_a_point_that_is_not_known_now_is_not_shown_and_read_as_soon_as_it_is_known_again() -> None:
    stage = await began(cov=("IN1",), verify_s=60.0)
    process_id = stage.subscribed()[0].process_id
    assert process_id is not None
    stage.keeper.take_over([], complete=False)
    assert stage.keeper.notified(told(process_id)) == ()
    stage.now_s += 100.0
    assert stage.keeper.also_due(()) == ()
    stage.keeper.take_over(stage.items.values(), complete=True)
    assert stage.keeper.also_due(()) == ("IN1",)


async def test_a_point_that_is_not_known_now_has_no_other_read_more_often() -> None:
    stage = await began(verify_s=60.0)
    stage.keeper.take_over([stage.items["IN2"]], complete=False)
    await stage.play(100)
    stage.polls.clear()
    await stage.play(50)
    assert sum("IN2" in each for each in stage.polls) <= 2


async def test_a_point_that_was_gone_and_is_there_again_is_told_of_as_before() -> None:
    stage = await began(cov=("IN1",))
    stage.keeper.take_over([], complete=True)
    stage.keeper.take_over(stage.items.values(), complete=True)
    await stage.play(10)
    assert stage.keeper.modes() == {"IN1"}
    assert len({each.process_id for each in stage.subscribed()}) == 1


# -- what is not believed


async def test_a_notification_of_nobody_or_from_another_device_or_about_another_object_says_nothing() -> None:
    stage = await began(cov=("IN1",))
    ours = stage.subscribed()[0].process_id
    assert ours is not None
    for stranger in (
        told(ours + 12345),
        told(ours, device_instance=7),
        told(ours, instance=2),
        told(ours, object_type=1),
        told(ours, values=()),
        told(ours, values=((85, 3, 1.0),)),
    ):
        assert stage.keeper.notified(stranger) == ()
    assert stage.keeper.notified(told(ours))[0].value == 77.0
    await stage.keeper.leave()
    assert stage.keeper.notified(told(ours)) == (), "after it was taken back"


async def test_a_notification_without_a_value_has_the_point_read() -> None:
    stage = await began(cov=("IN1",), verify_s=60.0)
    process_id = stage.subscribed()[0].process_id
    assert process_id is not None
    stage.tell(told(process_id, values=((111, None, Bits(0, 4)),)))
    await stage.play(1)
    assert "IN1" in stage.polls[-1]
    await stage.play(1)
    assert "IN1" not in stage.polls[-1]


async def test_a_fault_that_is_told_is_shown_and_then_read_for_what_it_is() -> None:
    stage = await began(cov=("IN1",), verify_s=60.0)
    process_id = stage.subscribed()[0].process_id
    assert process_id is not None
    (shown,) = stage.keeper.notified(told(process_id, values=((85, None, 1.0), (111, None, Bits(2, 4)))))
    assert (shown.status, shown.flags) == ("fault", 2)
    assert stage.keeper.also_due(()) == ("IN1",)


async def test_a_read_that_a_notification_has_overtaken_gives_way_to_what_was_told() -> None:
    stage = await began(cov=("IN1",), verify_s=60.0)
    began_s, older = stage.now_s, stage.read(stage.items["IN1"])
    other = stage.read(stage.items["IN3"])
    stage.now_s += 0.1
    process_id = stage.subscribed()[0].process_id
    assert process_id is not None
    assert stage.keeper.notified(told(process_id))[0].value == 77.0
    stage.now_s += 0.1
    given = stage.keeper.polled([older, other], began_s)
    assert [(each.point_id, each.value) for each in given] == [("IN1", 77.0), ("IN3", other.value)]
    stage.now_s += NOTIFIED_WITHIN_S + 1
    await stage.keeper.work()
    assert stage.keeper.modes() == {"IN1"}, "nor held against the device"


async def test_every_reading_that_is_handed_in_comes_back_as_one_in_its_place() -> None:
    stage = await began(verify_s=60.0)
    read = [stage.read(item) for item in stage.items.values()]
    for asked, value in zip(stage.subscribed(), (77.0, 1), strict=True):
        assert asked.process_id is not None
        stage.now_s += 0.1
        values = ((85, None, value), (111, None, Bits(0, 4)))
        about = told(asked.process_id, asked.object_instance, object_type=asked.object_type, values=values)
        (heard,) = stage.keeper.notified(about)
        given = stage.keeper.polled(read, stage.now_s - 0.05)
        assert list(given) == [heard if each.point_id == heard.point_id else each for each in read]


async def test_what_was_told_of_an_object_that_is_not_the_points_any_more_replaces_nothing() -> None:
    stage = await began(cov=("IN1",), verify_s=60.0)
    process_id = stage.subscribed()[0].process_id
    assert process_id is not None
    assert stage.keeper.notified(told(process_id))
    read = stage.read(stage.items["IN1"])
    other = stage.items["IN1"]._replace(object=stage.items["IN3"].object)
    stage.keeper.take_over([other], complete=True)
    assert list(stage.keeper.polled([read], stage.now_s - 1)) == [read]


# -- what pays


async def test_what_never_moves_is_chosen_and_what_moves_is_not() -> None:
    stage = Stage(True, points=PointCounts(3, 0, 0), cov_max=2, verify_s=60.0)
    await stage.play(cov.ENOUGH_POLLS - 5, lambda: stage.move("IN1", 0.1))
    assert stage.subscribed() == []
    await stage.play(300, lambda: stage.move("IN1", 0.1))
    assert stage.keeper.modes() == {"IN2", "IN3"}
    assert stage.oldest_s <= stage.bound_s


async def test_a_point_that_was_chosen_and_begins_to_move_is_polled_again() -> None:
    stage = Stage(True, points=PointCounts(1, 0, 0), verify_s=60.0)
    await stage.play(400)
    assert stage.keeper.modes() == {"IN1"}
    await stage.play(120, lambda: stage.move("IN1", 2))
    assert stage.keeper.modes() == frozenset()
    assert stage.held_there == 0
    assert len(stage.log.named("cov.ended")) == 1
    assert len(stage.log.named("cov.lost")) == 0


async def test_a_point_that_was_listed_stays_however_much_it_moves() -> None:
    stage = Stage(("IN1",))
    await stage.play(300, lambda: stage.move("IN1", 2))
    assert stage.keeper.modes() == {"IN1"}


async def test_where_points_are_polled_slowly_nothing_pays() -> None:
    stage = Stage(True, interval_s=30.0)
    await stage.play(30 * 300)
    assert stage.asked == []


# -- whatever happens


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    interval_s=st.sampled_from([1.0, 2.0, 5.0]),
    verify_s=st.sampled_from([2.0, 7.0, 20.0]),
    lifetime_s=st.sampled_from([40.0, 120.0, 300.0]),
)
def test_no_value_is_older_or_wrong_for_longer_than_the_longer_of_poll_and_verify(
    seed: int, interval_s: float, verify_s: float, lifetime_s: float
) -> None:
    chance = Random(seed)
    stage = Stage(("IN1", "IN2"), interval_s=interval_s, verify_s=verify_s, lifetime_s=lifetime_s)
    kinds = (Kind.REBOOT, Kind.COV_SILENT, Kind.COV_REFUSE, Kind.COV_DUPLICATE, Kind.COV_EXPIRE, Kind.NONE, Kind.NONE)

    def anything() -> None:
        if chance.random() < 0.2:
            stage.move(chance.choice(("IN1", "IN2", "IN3")), chance.uniform(-4, 4))
        if chance.random() < 0.02:
            stage.fault(chance.choice(kinds), delay_s=chance.choice((0.0, 5.0, 50.0)))
        if chance.random() < 0.01:
            stage.life += 1
        stage.is_mute = chance.random() < 0.05

    stage.loses = lambda: chance.random() < 0.1

    async def played() -> None:
        await stage.play(400, anything)
        stage.fault(Kind.NONE)
        stage.is_mute = False
        await stage.play(5)
        await stage.keeper.leave()

    trio.run(played)
    assert stage.oldest_s <= stage.bound_s
    assert stage.wrong_s <= stage.bound_s + STEP_S
    assert stage.keeper.modes() == frozenset()


def test_a_reading_of_no_known_point_teaches_nothing() -> None:
    stage = Stage(True)
    made = [Reading("elsewhere", 1.0)]
    assert stage.keeper.polled(made, 0.0) is made
    assert isinstance(stage.keeper, Subscriptions)
