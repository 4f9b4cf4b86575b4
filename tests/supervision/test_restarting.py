"""Laws R1-R7, I1-I8, T1-T8, P7: who comes back after an exit, with whom, and how often."""

from __future__ import annotations

import gc
import itertools
import weakref

import pytest
import trio
from trio.testing import MockClock

from supervision import (
    Backoff,
    ChildExited,
    ChildRestarted,
    ChildRestartScheduled,
    ChildState,
    DoNotRestart,
    ExitKind,
    Intensity,
    Restart,
    RestartLimitExceeded,
    RestartLimitReached,
    StopTree,
    Strategy,
    TreeStopped,
    TrioActor,
)
from tests.supervision.stage import STEADY, Probe, Stage, calm, fail, hang, stop_itself

BOOM = "boom"
ALL = Strategy.ONE_FOR_ALL
REST = Strategy.REST_FOR_ONE


def boom() -> ValueError:
    return ValueError(BOOM)


class Final(DoNotRestart):
    """An error after which a restart makes no sense."""


class Fatal(StopTree):
    """An error after which nothing makes sense."""


@pytest.mark.parametrize("end", [stop_itself, boom()], ids=["normal", "abnormal"])
async def test_a_permanent_child_is_restarted_after_any_end(end: object, autojump_clock: MockClock) -> None:
    """R1"""
    stage = Stage()
    async with await stage.open(stage.probe("a")):
        stage.tell("a", end)
        await calm(1)
        assert stage.incarnations("a") == [2]
        assert stage.info("a").restarts == 1
        assert len(stage.told(ChildRestarted)) == 1


async def test_a_transient_child_is_restarted_after_a_crash_only(autojump_clock: MockClock) -> None:
    """R2"""
    stage = Stage()
    async with await stage.open(stage.probe("a", restart=Restart.TRANSIENT)):
        stage.tell("a", boom())
        await calm(1)
        assert stage.incarnations("a") == [2]
        stage.tell("a", stop_itself)
        await calm(1)
        assert stage.incarnations("a") == [None]
        assert stage.state("a") is ChildState.STOPPED
        assert stage.info("a").last_exit is not None


@pytest.mark.parametrize("end", [stop_itself, boom()], ids=["normal", "abnormal"])
async def test_a_temporary_child_is_forgotten_after_any_end(end: object, autojump_clock: MockClock) -> None:
    """R3"""
    stage = Stage()
    async with await stage.open(stage.probe("a", restart=Restart.TEMPORARY)):
        stage.tell("a", end)
        await calm(1)
        assert stage.sup.children() == ()


async def test_a_restarted_child_is_new_and_the_old_one_is_let_go(autojump_clock: MockClock) -> None:
    """R4"""
    stage = Stage()
    async with await stage.open(stage.probe("a")):
        old = weakref.ref(await stage.ask("a", lambda actor: actor))
        stage.tell("a", boom())
        await calm(1)
        stage.events.clear()  # the listener's copy holds the live exception
        gc.collect()
        assert old() is None
        assert stage.incarnations("a") == [2]
        last = stage.info("a").last_exit
        assert last is not None
        assert BOOM in last.reason
        assert BOOM in last.traceback_text


@pytest.mark.parametrize("strategy", [ALL, REST])
async def test_a_temporary_bystander_is_not_restarted_and_burns_no_restart(
    strategy: Strategy, autojump_clock: MockClock
) -> None:
    """R5"""
    stage = Stage(strategy=strategy, intensity=Intensity(1, 1000))
    async with await stage.open(stage.probe("a"), stage.probe("t", restart=Restart.TEMPORARY)):
        stage.tell("a", boom())
        await calm(1)
        assert stage.names() == ["a"]
        assert stage.error is None


async def test_do_not_restart_keeps_even_a_permanent_child_down(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open(stage.probe("a"), stage.probe("b")):
        stage.tell("a", Final("licence missing"))
        await calm(1)
        assert stage.state("a") is ChildState.STOPPED
        assert stage.state("b") is ChildState.RUNNING


async def test_stop_tree_ends_the_supervisor_with_its_cause(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open(stage.probe("a"), stage.probe("b")):
        stage.tell("a", Fatal("disk gone"))
        await stage.over.wait()
        assert isinstance(stage.error, TreeStopped)
        assert isinstance(stage.error.cause, Fatal)
        assert stage.incarnations("a", "b") == [None, None]


async def test_one_restart_more_than_the_limit_takes_the_supervisor_down(autojump_clock: MockClock) -> None:
    """I1: at the limit it lives, one above it dies, and everything is stopped."""
    stage = Stage(intensity=Intensity(2, 10))
    async with await stage.open(stage.probe("a"), stage.probe("b")):
        for _ in range(2):
            stage.tell("a", boom())
            await calm(0.1)
        assert not stage.over.is_set()
        assert stage.incarnations("a") == [3]
        stage.tell("a", boom())
        await stage.over.wait()
        assert isinstance(stage.error, RestartLimitReached)
        assert isinstance(stage.error.cause, ValueError)
        assert stage.error.child == "a"
        assert stage.incarnations("a", "b") == [None, None]
        assert "stopped b" in stage.journal
        (told,) = stage.told(RestartLimitExceeded)
        assert told.restarts == 2


async def test_crashes_wider_apart_than_the_period_never_add_up(autojump_clock: MockClock) -> None:
    """I2"""
    stage = Stage(intensity=Intensity(1, 1.0))
    async with await stage.open(stage.probe("a")):
        for _ in range(20):
            stage.tell("a", boom())
            await calm(2.1)
        assert stage.error is None
        assert stage.incarnations("a") == [21]


async def test_restarts_are_counted_over_all_children(autojump_clock: MockClock) -> None:
    """I3"""
    stage = Stage(intensity=Intensity(2, 10))
    async with await stage.open(*(stage.probe(name) for name in "abc")):
        for name in "abc":
            stage.tell(name, boom())
            await calm(0.1)
        assert isinstance(stage.error, RestartLimitReached)


@pytest.mark.parametrize("strategy", list(Strategy))
async def test_an_attempt_that_fails_in_on_start_counts_and_is_repeated_until_the_limit(
    strategy: Strategy, autojump_clock: MockClock
) -> None:
    """I4"""
    stage = Stage(strategy=strategy, intensity=Intensity(4, 10))
    async with await stage.open(stage.probe("a"), stage.probe("b")):
        stage.on_start["a"].append(fail(ValueError("still no")))
        stage.tell("a", boom())
        await stage.over.wait()
        assert isinstance(stage.error, RestartLimitReached)
        assert str(stage.error.cause) == "still no"
        assert stage.journal.count("starting a") == 1 + 4
        assert stage.incarnations("a", "b") == [None, None]


async def test_with_intensity_zero_the_first_crash_ends_the_supervisor(autojump_clock: MockClock) -> None:
    """I5"""
    stage = Stage(intensity=Intensity(0, 10))
    async with await stage.open(stage.probe("a")):
        stage.tell("a", boom())
        await stage.over.wait()
        assert isinstance(stage.error, RestartLimitReached)


@pytest.mark.parametrize("strategy", [ALL, REST])
async def test_a_group_restart_counts_once(strategy: Strategy, autojump_clock: MockClock) -> None:
    """I6"""
    stage = Stage(strategy=strategy, intensity=Intensity(2, 10))
    async with await stage.open(*(stage.probe(name) for name in "abcd")):
        for _ in range(2):
            stage.tell("a", boom())
            await calm(0.1)
        assert stage.error is None
        assert stage.incarnations(*"abcd") == [3, 3, 3, 3]
        stage.tell("a", boom())
        await stage.over.wait()
        assert isinstance(stage.error, RestartLimitReached)


async def test_exits_that_are_not_restarted_do_not_count(autojump_clock: MockClock) -> None:
    """I7"""
    stage = Stage(intensity=Intensity(0, 10))
    children = [stage.probe("t", restart=Restart.TRANSIENT), stage.probe("x", restart=Restart.TEMPORARY)]
    async with await stage.open(*children):
        stage.tell("t", stop_itself)
        stage.tell("x", boom())
        await calm(1)
        assert stage.error is None


async def test_the_wall_clock_plays_no_part(autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """I8"""

    def forbidden() -> float:
        raise AssertionError("somebody read the wall clock")

    monkeypatch.setattr("time.time", forbidden)
    stage = Stage(intensity=Intensity(2, 10))
    async with await stage.open(stage.probe("a")):
        stage.tell("a", boom())
        await calm(5)
        assert stage.incarnations("a") == [2]


async def test_the_limit_grows_with_the_children_when_told_to(autojump_clock: MockClock) -> None:
    stage = Stage(intensity=Intensity(0, 10, restarts_per_child=1))
    async with await stage.open(*(stage.probe(name) for name in "abc")):
        for name in "abc":
            stage.tell(name, boom())
            await calm(0.1)
        assert stage.error is None
        stage.tell("a", boom())
        await stage.over.wait()
        assert isinstance(stage.error, RestartLimitReached)


async def test_one_for_one_restarts_nobody_else(autojump_clock: MockClock) -> None:
    """T1"""
    stage = Stage()
    async with await stage.open(*(stage.probe(name) for name in "abc")):
        b_before = await stage.ask("c", lambda actor: actor)
        stage.tell("b", boom())
        await calm(1)
        assert stage.incarnations(*"abc") == [1, 2, 1]
        assert await stage.ask("c", lambda actor: actor) is b_before


async def test_one_for_all_restarts_everybody(autojump_clock: MockClock) -> None:
    """T2"""
    stage = Stage(strategy=ALL)
    async with await stage.open(*(stage.probe(name) for name in "abc")):
        stage.tell("b", boom())
        await calm(1)
        assert stage.incarnations(*"abc") == [2, 2, 2]


async def test_rest_for_one_restarts_those_after_in_the_right_order(autojump_clock: MockClock) -> None:
    """T3, T4"""
    stage = Stage(strategy=REST)
    async with await stage.open(*(stage.probe(name) for name in "abcd")):
        stage.journal.clear()
        stage.tell("b", boom())
        await calm(1)
        assert stage.incarnations(*"abcd") == [1, 2, 2, 2]
        ends = [entry for entry in stage.journal if entry.startswith(("stopped", "started"))]
        assert ends == ["stopped d", "stopped c", "started b", "started c", "started d"]


async def test_one_for_all_begins_again_when_a_later_child_does_not_come_up(autojump_clock: MockClock) -> None:
    """T5"""
    stage = Stage(strategy=ALL)
    async with await stage.open(*(stage.probe(name) for name in "ab")):
        stage.on_start["b"].append(fail(ValueError("not yet"), times=1))
        stage.tell("a", boom())
        await calm(1)
        assert stage.incarnations(*"ab") == [3, 3]
        assert stage.error is None


async def test_rest_for_one_does_not_restart_again_who_came_up(autojump_clock: MockClock) -> None:
    """T6"""
    stage = Stage(strategy=REST)
    async with await stage.open(*(stage.probe(name) for name in "abc")):
        stage.on_start["b"].append(fail(ValueError("not yet"), times=1))
        stage.tell("a", boom())
        await calm(1)
        assert stage.incarnations(*"abc") == [2, 3, 2]


async def test_exits_of_siblings_that_the_supervisor_stops_are_no_failures(autojump_clock: MockClock) -> None:
    """T7: even when they crash on being stopped, or are killed."""

    class BadLoser(Probe):
        async def on_stop(self) -> None:
            raise ValueError("I do not want to")

    stage = Stage(strategy=ALL, intensity=Intensity(1, 1000))
    loser = stage.probe("b")
    object.__setattr__(loser, "start", lambda: BadLoser(stage))
    async with await stage.open(stage.probe("a"), loser, stage.probe("c", stop_timeout_s=1)):
        stage.tell("c", hang)
        stage.tell("a", boom())
        await calm(10)
        assert stage.incarnations(*"abc") == [2, 2, 2]
        assert stage.error is None


async def test_a_second_crash_further_up_widens_a_group_restart_under_way(autojump_clock: MockClock) -> None:
    """T3 under stress: c waits for its restart when a fails."""
    stage = Stage(strategy=REST, intensity=Intensity(10, 10))
    children = [stage.probe(name) for name in "ab"]
    async with await stage.open(*children, stage.probe("c", backoff=STEADY), stage.probe("d")):
        stage.tell("c", boom())
        await calm(0.5)
        assert stage.state("c") is ChildState.RESTARTING
        stage.tell("a", boom())
        await calm(5)
        assert stage.incarnations(*"abcd") == [2, 2, 2, 2]
        assert [info.state for info in stage.sup.children()] == [ChildState.RUNNING] * 4


async def test_both_of_two_that_crash_at_once_come_back(autojump_clock: MockClock) -> None:
    for strategy in Strategy:
        stage = Stage(strategy=strategy)
        async with await stage.open(*(stage.probe(name) for name in "abc")):
            stage.tell("a", boom())
            stage.tell("c", boom())
            await calm(5)
            assert [info.state for info in stage.sup.children()] == [ChildState.RUNNING] * 3
            assert stage.error is None


@pytest.mark.parametrize("strategy", list(Strategy))
async def test_a_child_that_crashes_in_the_moment_it_came_up_again_is_not_forgotten(
    strategy: Strategy, autojump_clock: MockClock
) -> None:
    stage = Stage(strategy=strategy, intensity=Intensity(100, 10))
    async with await stage.open(stage.probe("a"), stage.probe("b")):
        left = [5]

        def leave_a_bomb(actor: Probe) -> None:
            if left[0]:
                left[0] -= 1
                actor.ref.tell(boom())

        stage.on_start["a"].append(leave_a_bomb)
        stage.tell("a", boom())
        await calm(1)
        assert stage.incarnations("a") == [7]
        assert stage.state("b") is ChildState.RUNNING
        told = [type(event) for event in stage.events if getattr(event, "child", "") == "a"]
        assert told[1:] == [ChildExited, ChildRestartScheduled, ChildRestarted] * 6


async def test_a_member_of_a_pool_is_restarted_with_its_own_arguments(autojump_clock: MockClock) -> None:
    """T8"""

    class Worker(TrioActor):
        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

        def on_receive(self, message: object) -> int:
            if message == BOOM:
                raise boom()
            return self.number

    stage = Stage()
    async with await stage.open():
        for number in range(5):
            spec = stage.probe(f"w{number}")
            object.__setattr__(spec, "start", lambda number=number: Worker(number))
            await stage.sup.start_child(spec)
        stage.tell("w3", BOOM)
        await calm(1)
        assert [await stage.ask(f"w{number}", "?") for number in range(5)] == [0, 1, 2, 3, 4]
        assert stage.incarnations("w2", "w3") == [1, 2]


async def test_waits_grow_with_failures_in_a_row_and_start_anew_after_a_good_time(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(intensity=Intensity(100, 60))
    async with await stage.open(stage.probe("a", backoff=STEADY)):
        for _ in range(4):
            stage.tell("a", boom())
            await calm(20)
        await calm(60)
        stage.tell("a", boom())
        await calm(20)
        delays = [event.delay_s for event in stage.told(ChildRestartScheduled)]
        assert delays == [1, 2, 4, 8, 1]


async def test_a_long_back_off_does_not_hide_the_limit(autojump_clock: MockClock) -> None:
    """P7: each wait is longer than the period, and still the crashes add up."""
    stage = Stage(intensity=Intensity(3, 10))
    slow = Backoff(30, 1, 30, 0)
    async with await stage.open(stage.probe("a", backoff=slow), stage.probe("b")):
        stage.on_start["a"].append(fail(ValueError("never")))
        stage.tell("a", boom())
        await stage.over.wait()
        assert isinstance(stage.error, RestartLimitReached)
        assert stage.journal.count("starting a") == 1 + 3


async def test_a_year_of_waits_costs_nothing(autojump_clock: MockClock) -> None:
    stage = Stage(intensity=Intensity(10**6, 60))
    async with await stage.open(stage.probe("a", backoff=Backoff(86400, 1, 86400, 0))):
        stage.on_start["a"].append(fail(ValueError("down"), times=365))
        stage.tell("a", boom())
        await calm(366 * 86400)
        assert stage.state("a") is ChildState.RUNNING
        assert stage.incarnations("a") == [367]


async def test_restarts_keep_their_distance(autojump_clock: MockClock) -> None:
    stage = Stage(spacing_s=2.0, intensity=Intensity(100, 60))
    async with await stage.open(*(stage.probe(name) for name in "abcde")):
        came_up: list[float] = []
        for name in "abcde":
            stage.on_start[name].append(lambda actor: came_up.append(actor.now_s()))
            stage.tell(name, boom())
        await calm(30)
        gaps = [later - earlier for earlier, later in itertools.pairwise(came_up)]
        assert len(gaps) == 4
        assert all(gap == pytest.approx(2.0) for gap in gaps)


async def test_what_was_stopped_by_hand_is_not_started_by_a_siblings_restart(autojump_clock: MockClock) -> None:
    stage = Stage(strategy=ALL)
    async with await stage.open(*(stage.probe(name) for name in "abc")):
        await stage.sup.stop_child("b")
        stage.tell("a", boom())
        await calm(1)
        assert stage.incarnations(*"abc") == [2, None, 2]


async def test_the_report_of_a_crash_is_complete(autojump_clock: MockClock) -> None:
    """P5: the single true cause, with its traceback, although nurseries wrapped it."""

    async def in_two_nurseries(_actor: TrioActor) -> None:
        async with trio.open_nursery() as outer, trio.open_nursery() as inner:
            outer.start_soon(trio.sleep_forever)
            inner.start_soon(the_guilty_function)

    async def the_guilty_function() -> None:
        raise boom()

    stage = Stage()
    async with await stage.open(stage.probe("a")):
        stage.tell("a", in_two_nurseries)
        await calm(1)
        (exit_,) = stage.told(ChildExited)
        assert exit_.kind is ExitKind.CRASHED
        assert isinstance(exit_.cause, ValueError)
        assert exit_.cause.__traceback__ is not None
        assert "the_guilty_function" in exit_.traceback_text


async def test_dispositions_count_in_on_start_of_a_restart_too(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open(stage.probe("a"), stage.probe("b"), stage.probe("c")):
        stage.on_start["a"].append(fail(Final("licence missing")))
        stage.tell("a", boom())
        await calm(1)
        assert stage.state("a") is ChildState.STOPPED
        stage.on_start["b"].append(fail(Fatal("disk gone")))
        stage.tell("b", boom())
        await stage.over.wait()
        assert isinstance(stage.error, TreeStopped)
        assert stage.incarnations("c") == [None]
