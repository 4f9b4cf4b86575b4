"""Laws D1-D11, E4, P2, P3: how children are stopped, and what happens when they do not want to."""

from __future__ import annotations

import math
import threading

import pytest
import trio
from trio.testing import MockClock

from supervision import (
    AbandonedEnded,
    AlreadyPresent,
    Backoff,
    ChildAbandoned,
    ChildExited,
    ChildState,
    ExitKind,
    Intensity,
    NobodyThere,
    Restart,
    Restarting,
    StopTimedOut,
    Strategy,
    SupervisorSpec,
    TrioActor,
)
from tests.supervision.stage import STEADY, Probe, Stage, calm, fail, hang, sleep, stop_itself


async def swallow(actor: TrioActor) -> None:
    """Do not let oneself be cancelled until the test says so."""
    release: trio.Event = actor.stage.release  # type: ignore[attr-defined]
    with trio.CancelScope(shield=True):
        await release.wait()


async def test_children_stop_in_reverse_each_gone_before_the_next_is_asked(autojump_clock: MockClock) -> None:
    """D1"""
    stage = Stage()
    async with await stage.open(*(stage.probe(name) for name in "abc")):
        stage.journal.clear()
        await stage.sup.stop()
        assert stage.journal == [f"{what} {name}" for name in "cba" for what in ("stopping", "stopped")]


async def test_who_does_not_stop_in_time_is_cancelled_and_the_others_end_in_order(
    autojump_clock: MockClock,
) -> None:
    """D2"""
    stage = Stage()
    async with await stage.open(stage.probe("a"), stage.probe("stuck", stop_timeout_s=3), stage.probe("c")):
        stage.tell("stuck", hang)
        await calm()
        begun_s = trio.current_time()
        await stage.sup.stop()
        assert trio.current_time() - begun_s == pytest.approx(3)
        kinds = {event.child: event.kind for event in stage.told(ChildExited)}
        assert kinds == {"a": ExitKind.SHUTDOWN, "stuck": ExitKind.KILLED, "c": ExitKind.SHUTDOWN}
        (stuck,) = [event for event in stage.told(ChildExited) if event.child == "stuck"]
        assert isinstance(stuck.cause, StopTimedOut)


async def test_mail_sent_before_the_stop_is_still_handled(autojump_clock: MockClock) -> None:
    stage = Stage()
    seen: list[int] = []
    async with await stage.open(stage.probe("a")):
        for number in range(5):
            stage.tell("a", lambda _, number=number: seen.append(number))
        await stage.sup.stop()
    assert seen == [0, 1, 2, 3, 4]


async def test_infinite_patience_waits(autojump_clock: MockClock) -> None:
    """D3"""
    stage = Stage()
    async with await stage.open(stage.probe("a", stop_timeout_s=math.inf)):
        stage.tell("a", sleep(10_000))
        await calm()
        await stage.sup.stop()
        assert trio.current_time() >= 10_000
        assert stage.told(ChildExited)[0].kind is ExitKind.SHUTDOWN


async def test_no_patience_cancels_at_once(autojump_clock: MockClock) -> None:
    """D4"""
    stage = Stage()
    async with await stage.open(stage.probe("a", stop_timeout_s=0)):
        stage.tell("a", hang)
        await calm()
        begun_s = trio.current_time()
        await stage.sup.stop()
        assert trio.current_time() == begun_s
        assert "stopping a" not in stage.journal


async def test_a_pool_can_stop_side_by_side(autojump_clock: MockClock) -> None:
    """D5"""
    stage = Stage(stop_together=True)
    async with await stage.open(*(stage.probe(f"w{number}", stop_timeout_s=2) for number in range(50))):
        for number in range(50):
            stage.tell(f"w{number}", hang)
        await calm()
        begun_s = trio.current_time()
        await stage.sup.stop()
        assert trio.current_time() - begun_s == pytest.approx(2)


@pytest.mark.parametrize("restart", list(Restart))
@pytest.mark.parametrize("end", [stop_itself, ValueError("boom")], ids=["normal", "error"])
async def test_children_that_end_while_the_supervisor_stops_are_not_restarted(
    restart: Restart, end: object, autojump_clock: MockClock
) -> None:
    """D6"""
    stage = Stage()
    async with await stage.open(stage.probe("a", restart=restart), stage.probe("slow")):

        async def ends_the_other(_actor: TrioActor) -> None:
            await trio.sleep(0.5)
            stage.tell("a", end)
            await trio.sleep(0.5)

        stage.tell("slow", ends_the_other)
        await calm()
        await stage.sup.stop()
        assert stage.error is None
        assert stage.journal.count("started a") == 1


async def test_a_task_that_swallows_its_cancellation_is_left_behind_and_counted(
    autojump_clock: MockClock,
) -> None:
    """D7: the supervisor ends in bounded time; the ghost's end is told, its mail refused."""
    stage = Stage()
    stage.release = trio.Event()  # type: ignore[attr-defined]
    async with await stage.open(stage.probe("a"), stage.probe("ghost", stop_timeout_s=1)):
        ghost = await stage.ask("ghost", lambda actor: actor)
        stage.tell("ghost", swallow)
        await calm()
        begun_s = trio.current_time()
        await stage.sup.stop()
        assert trio.current_time() - begun_s < 10
        assert stage.sup.tally.tasks_abandoned == 1
        (told,) = stage.told(ChildAbandoned)
        assert told.what == "task"
        assert "swallow" in told.stack_text
        assert "stopped a" in stage.journal
        assert not ghost.send("a", "from beyond")
        with pytest.raises(NobodyThere):
            await stage.ask("ghost", "hello")
        stage.release.set()  # type: ignore[attr-defined]
        await calm()
        assert len(stage.told(AbandonedEnded)) == 1
        assert stage.sup.tally.ghosts_ended == 1
        assert stage.told(ChildExited)[-1].child == "a"


async def test_a_background_task_that_swallows_its_cancellation_does_not_hold_the_restart_up(
    autojump_clock: MockClock,
) -> None:
    """D7 for background tasks."""
    stage = Stage()
    stage.release = trio.Event()  # type: ignore[attr-defined]
    async with await stage.open(stage.probe("a")):
        await stage.ask("a", lambda actor: actor.spawn(swallow, actor))
        stage.tell("a", ValueError("boom"))
        await calm(60)
        assert stage.incarnations("a") == [2]
        assert len(stage.told(ChildAbandoned)) == 1
        stage.release.set()  # type: ignore[attr-defined]


@pytest.mark.parametrize("strategy", list(Strategy))
async def test_a_stop_during_a_restart_loop_is_prompt(strategy: Strategy, autojump_clock: MockClock) -> None:
    """D8, P7"""
    stage = Stage(strategy=strategy, intensity=Intensity(10**6, 10))
    async with await stage.open(stage.probe("a", backoff=Backoff(1000, 1, 1000, 0)), stage.probe("b")):
        stage.on_start["a"].append(fail(ValueError("never")))
        stage.tell("a", ValueError("boom"))
        await calm(1500)
        begun_s = trio.current_time()
        await stage.sup.stop()
        assert trio.current_time() - begun_s < 1


@pytest.mark.parametrize("strategy", list(Strategy))
async def test_a_stop_during_a_restart_that_hangs_in_on_start_is_prompt(
    strategy: Strategy, autojump_clock: MockClock
) -> None:
    """D8"""
    stage = Stage(strategy=strategy)
    async with await stage.open(stage.probe("a", start_timeout_s=1000)):
        stage.on_start["a"].append(hang)
        stage.tell("a", ValueError("boom"))
        await calm(10)
        begun_s = trio.current_time()
        await stage.sup.stop()
        assert trio.current_time() - begun_s < 1


@pytest.mark.parametrize("strategy", list(Strategy))
async def test_stop_child_during_a_restart_loop_is_prompt_and_keeps_it_down(
    strategy: Strategy, autojump_clock: MockClock
) -> None:
    """D8, D9: `restarting` while it lasts, `stopped` afterwards; the others are up."""
    stage = Stage(strategy=strategy, intensity=Intensity(10**6, 10))
    slow = Backoff(1000, 1, 1000, 0)
    async with await stage.open(stage.probe("a"), stage.probe("b", backoff=slow), stage.probe("c")):
        stage.on_start["b"].append(fail(ValueError("never")))
        stage.tell("b", ValueError("boom"))
        await calm(1500)
        assert stage.state("b") is ChildState.RESTARTING
        assert (
            stage.sup.counts().active
            == {
                Strategy.ONE_FOR_ONE: 2,
                Strategy.REST_FOR_ONE: 1,
                Strategy.ONE_FOR_ALL: 0,
            }[strategy]
        )
        with pytest.raises(AlreadyPresent):
            await stage.sup.start_child(stage.probe("b"))
        with pytest.raises(Restarting):
            await stage.sup.restart_child("b")
        with pytest.raises(Restarting):
            await stage.sup.delete_child("b")
        begun_s = trio.current_time()
        await stage.sup.stop_child("b")
        assert trio.current_time() - begun_s < 1
        assert stage.state("b") is ChildState.STOPPED
        await calm(10)
        assert (stage.state("a"), stage.state("c")) == (ChildState.RUNNING, ChildState.RUNNING)
        stage.on_start["b"].clear()
        await stage.sup.restart_child("b")
        assert await stage.ask("b", 1) == 1


@pytest.mark.parametrize("strategy", list(Strategy))
async def test_stop_child_in_the_moment_of_a_crash_does_not_hang(strategy: Strategy, autojump_clock: MockClock) -> None:
    """D8: the restart has been decided, but its task has not run yet."""
    stage = Stage(strategy=strategy)
    async with await stage.open(stage.probe("a"), stage.probe("b")):
        life = stage.sup._table["a"].life
        assert life is not None
        stage.tell("a", ValueError("boom"))
        await life.gone.wait()
        with trio.fail_after(5):
            await stage.sup.stop_child("a")
        await calm(1)
        assert [info.state for info in stage.sup.children()] == [ChildState.STOPPED, ChildState.RUNNING]


async def test_in_a_rest_for_one_loop_those_before_stay_up_and_usable(autojump_clock: MockClock) -> None:
    """D10"""
    stage = Stage(strategy=Strategy.REST_FOR_ONE)
    async with await stage.open(stage.probe("a"), stage.probe("b", backoff=STEADY), stage.probe("c")):
        stage.tell("b", ValueError("boom"))
        await calm(0.5)
        states = [info.state for info in stage.sup.children()]
        assert states == [ChildState.RUNNING, ChildState.RESTARTING, ChildState.RESTARTING]
        assert await stage.ask("a", "here") == "here"
        assert not stage.tell("c", "anyone?")


async def test_queries_are_answered_while_a_start_is_slow(autojump_clock: MockClock) -> None:
    """D11"""
    stage = Stage()
    async with await stage.open(stage.probe("a")), trio.open_nursery() as nursery:
        stage.on_start["slow"].append(sleep(8))
        nursery.start_soon(stage.sup.start_child, stage.probe("slow"))
        await calm(1)
        assert stage.state("slow") is ChildState.STARTING
        assert stage.sup.counts().active == 1
        await stage.sup.start_child(stage.probe("quick"))
        await stage.sup.stop_child("a")
        assert trio.current_time() < 2
        await calm(10)
        assert stage.state("slow") is ChildState.RUNNING


async def test_stop_child_during_a_slow_start_ends_it(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open(stage.probe("a")):
        stage.on_start["slow"].append(hang)
        spec = stage.probe("slow", start_timeout_s=1000, stop_timeout_s=1)
        outcome: list[BaseException] = []

        async def start() -> None:
            try:
                await stage.sup.start_child(spec)
            except Exception as error:
                outcome.append(error)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(start)
            await calm(1)
            await stage.sup.stop_child("slow")
        assert "slow" in str(outcome[0])
        assert stage.names() == ["a"]


async def test_a_cancelled_start_child_leaves_nothing(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open(stage.probe("a")):
        stage.on_start["slow"].append(hang)
        with trio.move_on_after(2):
            await stage.sup.start_child(stage.probe("slow", start_timeout_s=1000))
        assert stage.names() == ["a"]
        assert stage.incarnations("slow") == [None]


async def test_a_supervisor_whose_task_is_cancelled_stops_its_children_in_order(
    autojump_clock: MockClock,
) -> None:
    """E4"""
    stage = Stage()
    inner = SupervisorSpec("inner", (stage.probe("b"), stage.probe("c")))
    async with await stage.open(stage.probe("a"), inner):
        stage.scope.cancel()
        await stage.over.wait()
        assert [entry for entry in stage.journal if "stopped" in entry] == ["stopped c", "stopped b", "stopped a"]
        assert stage.incarnations(*"abc") == [None, None, None]


async def test_an_impatient_stop_waits_for_no_child(autojump_clock: MockClock) -> None:
    """A nested supervisor that runs out of its own stop_timeout_s is quick about the rest."""
    stage = Stage()
    children = tuple(stage.probe(name, stop_timeout_s=100) for name in "bcd")
    async with await stage.open(SupervisorSpec("inner", children, stop_timeout_s=2)):
        for name in "bcd":
            stage.tell(name, hang)
        await calm()
        begun_s = trio.current_time()
        await stage.sup.stop()
        assert trio.current_time() - begun_s == pytest.approx(2)


async def test_request_stop_works_from_another_thread() -> None:
    stage = Stage()
    async with await stage.open(stage.probe("a")):
        threading.Thread(target=stage.sup.request_stop).start()
        await stage.over.wait()
        assert stage.error is None


async def test_a_listener_that_raises_harms_nobody(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage.events = Grumpy()
    async with await stage.open(stage.probe("a")):
        stage.tell("a", ValueError("boom"))
        await calm(1)
        assert stage.incarnations("a") == [2]
        assert stage.sup.tally.event_errors >= 4
    assert stage.error is None


class Grumpy(list):  # type: ignore[type-arg]
    def append(self, _event: object) -> None:
        raise RuntimeError("the log is full")


async def test_on_failure_runs_after_a_crash_and_on_stop_does_not(autojump_clock: MockClock) -> None:
    class Careful(Probe):
        async def on_failure(self, kind: object, error: object, trace: object) -> None:
            await trio.sleep(0.5)
            self.stage.journal.append(f"failed with {error}")

    stage = Stage()
    spec = stage.probe("a")
    object.__setattr__(spec, "start", lambda: Careful(stage))
    async with await stage.open(spec):
        stage.tell("a", ValueError("boom"))
        await calm(5)
        assert "failed with boom" in stage.journal
        assert "stopping a" not in stage.journal
        assert stage.incarnations("a") == [2]
