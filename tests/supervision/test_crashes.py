"""Laws P1, P2, P5, P6, P8, P10: ways of failing that OTP does not know."""

from __future__ import annotations

import gc
import pathlib
import threading

import pykka
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from supervision import (
    ChildExited,
    ChildLate,
    ChildState,
    ExitKind,
    Gone,
    Intensity,
    MailDropped,
    NobodyThere,
    TooLate,
    TrioActor,
)
from tests.supervision.stage import STEADY, Probe, Stage, calm, hang, sleep


def open_files() -> int:
    """Count them where the system lets us; elsewhere there is nothing to compare."""
    folder = pathlib.Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


class Abort(BaseException):
    """A vendor's exception that is not an Exception."""


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit(), Abort(), MemoryError(), RecursionError()]
)
async def test_no_exception_of_one_child_is_more_than_that_childs_crash(
    error: BaseException, autojump_clock: MockClock
) -> None:
    """P1, P8: it is restarted, within its limit, and nobody else notices."""
    stage = Stage(intensity=Intensity(2, 10))
    async with await stage.open(stage.probe("a"), stage.probe("b")):
        stage.tell("a", error)
        await calm(1)
        assert stage.incarnations("a", "b") == [2, 1]
        assert stage.told(ChildExited)[0].cause is error
        for _ in range(2):
            stage.tell("a", error)
            await calm(1)
        assert stage.error is not None


async def test_a_base_exception_under_ask_ends_the_child_and_answers_the_asker(autojump_clock: MockClock) -> None:
    """P1: the asker must not die of it too."""
    stage = Stage()
    async with await stage.open(stage.probe("a")):
        with pytest.raises(NobodyThere, match="'a' \\(incarnation 1\\) ended before it answered"):
            await stage.ask("a", SystemExit(3))
        await calm(1)
        assert stage.incarnations("a") == [2]


async def test_an_exception_under_ask_goes_to_the_asker_and_the_actor_lives(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open(stage.probe("a")):
        with pytest.raises(ValueError, match="odd"):
            await stage.ask("a", ValueError("odd"))
        assert stage.incarnations("a") == [1]
        assert await stage.ask("a", "fine") == "fine"


async def test_a_cancelled_that_the_child_raises_itself_is_a_failure(autojump_clock: MockClock) -> None:
    """P2"""

    async def raises_a_foreign_cancelled(_actor: TrioActor) -> None:
        kept: list[BaseException] = []
        with trio.CancelScope() as scope:
            scope.cancel()
            try:
                await trio.sleep_forever()
            except trio.Cancelled as error:
                kept.append(error)
                raise
        raise kept[0]

    stage = Stage()
    async with await stage.open(stage.probe("a")):
        stage.tell("a", raises_a_foreign_cancelled)
        await calm(1)
        assert stage.incarnations("a") == [2]
        (exit_,) = stage.told(ChildExited)
        assert exit_.kind is ExitKind.CRASHED
        assert isinstance(exit_.cause, trio.Cancelled)


async def test_mail_in_the_inbox_at_a_crash_is_dropped_and_counted(autojump_clock: MockClock) -> None:
    """P6: the message that crashed the actor is not repeated, those behind it are gone, and both are said."""
    stage = Stage()
    seen: list[object] = []
    async with await stage.open(stage.probe("a")):
        stage.tell("a", ValueError("boom"))
        for number in range(3):
            assert stage.tell("a", lambda _, number=number: seen.append(number))
        await calm(1)
        assert seen == []
        (dropped,) = stage.told(MailDropped)
        assert (dropped.child, dropped.incarnation, dropped.count) == ("a", 1, 3)
        assert stage.registry.dead_letters["a"] == 3
        assert stage.incarnations("a") == [2]


async def test_a_question_in_the_inbox_at_a_crash_is_answered_with_an_error(autojump_clock: MockClock) -> None:
    """P6"""
    stage = Stage()
    async with await stage.open(stage.probe("a")):
        stage.tell("a", sleep(1))
        stage.tell("a", ValueError("boom"))
        with pytest.raises(Gone):
            await stage.ask("a", "anyone?")


async def test_mail_to_a_restarting_child_is_refused_at_once_and_counted(autojump_clock: MockClock) -> None:
    """P6"""
    stage = Stage()
    async with await stage.open(stage.probe("a", backoff=STEADY)):
        stage.tell("a", ValueError("boom"))
        await calm(0.5)
        assert stage.state("a") is ChildState.RESTARTING
        assert not stage.tell("a", "lost")
        with pytest.raises(NobodyThere):
            await stage.ask("a", "anyone?")
        assert stage.registry.dead_letters["a"] == 2


async def test_mail_sent_during_on_start_waits_for_its_end(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage.on_start["a"].append(lambda actor: actor.stage.tell("a", "to myself"))
    stage.on_start["a"].append(sleep(1))
    async with await stage.open(stage.probe("a")):
        assert stage.registry.dead_letters == {}


async def test_an_actor_that_is_over_sends_no_more(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open(stage.probe("a"), stage.probe("b")):
        old = await stage.ask("a", lambda actor: actor)
        stage.tell("a", ValueError("boom"))
        await calm(1)
        assert not old.send("b", "from the past")
        assert stage.registry.dead_letters["b"] == 1
        with pytest.raises(pykka.ActorDeadError):
            old.ref.tell("a")
        with pytest.raises(NobodyThere):
            old.spawn(trio.sleep, 1)


async def test_a_background_task_that_raises_is_the_actors_failure(autojump_clock: MockClock) -> None:
    async def polls() -> None:
        await trio.sleep(3)
        raise ValueError("in the background")

    stage = Stage()
    async with await stage.open(stage.probe("a")):
        stage.tell("a", lambda actor: actor.spawn(polls))
        stage.tell("a", hang)
        await calm(5)
        assert stage.incarnations("a") == [2]
        (exit_,) = stage.told(ChildExited)
        assert str(exit_.cause) == "in the background"
        assert "polls" in exit_.traceback_text


async def test_background_tasks_end_with_their_actor_before_on_stop(autojump_clock: MockClock) -> None:
    stage = Stage()

    async def polls() -> None:
        try:
            await trio.sleep_forever()
        finally:
            stage.journal.append("poll over")

    async with await stage.open(stage.probe("a")):
        stage.tell("a", lambda actor: actor.spawn(polls))
        await calm()
        await stage.sup.stop()
        assert stage.journal[-3:] == ["poll over", "stopping a", "stopped a"]


async def test_a_background_task_that_returns_changes_nothing(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open(stage.probe("a")):
        stage.tell("a", lambda actor: actor.spawn(trio.sleep, 1))
        await calm(10)
        assert stage.incarnations("a") == [1]


async def test_too_long_on_one_message_is_late_and_restarted(autojump_clock: MockClock) -> None:
    """Watchdog: at the limit, not before; idle time does not count."""
    stage = Stage()
    async with await stage.open(stage.probe("a", heartbeat_timeout_s=5)):
        await calm(100)
        stage.tell("a", sleep(4.9))
        await calm(10)
        assert stage.incarnations("a") == [1]
        stage.tell("a", hang)
        await calm(5.1)
        assert stage.incarnations("a") == [2]
        (late,) = stage.told(ChildLate)
        assert late.what == "message"
        assert "hang" in late.stack_text
        (exit_,) = stage.told(ChildExited)
        assert exit_.kind is ExitKind.LATE
        assert isinstance(exit_.cause, TooLate)


async def test_a_declared_deadline_that_passes_is_late(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open(stage.probe("a"), stage.probe("b")):
        await calm(50)
        for _ in range(5):
            stage.tell("a", lambda actor: actor.expect_progress_within(10))
            await calm(9)
        assert stage.incarnations("a") == [1]
        stage.tell("b", lambda actor: actor.expect_progress_within(10))
        stage.tell("b", lambda actor: actor.expect_progress_within(None))
        await calm(2)
        assert stage.incarnations("a", "b") == [2, 1]
        assert stage.told(ChildLate)[0].what == "deadline"
        await calm(100)
        assert stage.incarnations("a", "b") == [2, 1]


async def test_a_sooner_deadline_wakes_the_watchdog_sooner(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open(stage.probe("a"), stage.probe("b")):
        stage.tell("a", lambda actor: actor.expect_progress_within(1000))
        stage.tell("b", lambda actor: actor.expect_progress_within(10))
        await calm(11)
        assert stage.incarnations("a", "b") == [1, 2]


async def test_a_loop_that_stood_still_makes_nobody_late_who_is_heard_of_soon_after(mock_clock: MockClock) -> None:
    """A process that was stopped, or a machine that had no time for it, is no fault of the children's."""

    async def keep_promising(actor: Probe) -> None:
        while True:
            actor.expect_progress_within(10)
            await trio.sleep(5)

    async def settle() -> None:
        await wait_all_tasks_blocked()

    stage = Stage()
    async with await stage.open(stage.probe("a"), stage.probe("b"), stage.probe("c", heartbeat_timeout_s=10)):
        stage.tell("a", lambda actor: actor.spawn(keep_promising, actor))
        stage.tell("b", lambda actor: actor.expect_progress_within(10))
        stage.tell("c", sleep(9))
        await settle()
        mock_clock.jump(1000)
        await settle()
        assert stage.incarnations("a", "b", "c") == [1, 1, 1]
        assert stage.told(ChildLate) == []
        for _ in range(12):  # who is not heard of then either is late as ever
            mock_clock.jump(5)
            await settle()
        assert stage.incarnations("a", "b", "c") == [1, 2, 1]


async def test_lateness_counts_against_the_limit(autojump_clock: MockClock) -> None:
    stage = Stage(intensity=Intensity(1, 1000))
    async with await stage.open(stage.probe("a", heartbeat_timeout_s=1)):
        for _ in range(2):
            stage.tell("a", hang)
            await calm(2)
        assert stage.error is not None


async def test_stop_child_wins_over_lateness(autojump_clock: MockClock) -> None:
    class Slow(Probe):
        async def on_failure(self, kind: object, error: object, trace: object) -> None:
            await trio.sleep(1)

    stage = Stage()
    spec = stage.probe("a", heartbeat_timeout_s=1)
    object.__setattr__(spec, "start", lambda: Slow(stage))
    async with await stage.open(spec):
        stage.tell("a", hang)
        await calm(1.5)
        assert stage.state("a") is ChildState.STOPPING
        await stage.sup.stop_child("a")
        await calm(10)
        assert stage.state("a") is ChildState.STOPPED


async def test_a_thousand_crashes_leave_nothing_behind(autojump_clock: MockClock) -> None:
    """P10"""
    stage = Stage(intensity=Intensity(10**6, 1))
    async with await stage.open(stage.probe("a"), stage.probe("b")):

        async def crash(times: int) -> tuple[int, int, int, int]:
            for _ in range(times):
                stage.tell("a", lambda actor: actor.spawn(trio.sleep_forever))
                stage.tell("a", ValueError("boom"))
                await calm(2)
            stage.events.clear()
            stage.journal.clear()
            gc.collect()
            probes = sum(isinstance(thing, Probe) for thing in gc.get_objects())
            tasks = trio.lowlevel.current_statistics().tasks_living
            return probes, tasks, threading.active_count(), open_files()

        before = await crash(10)
        after = await crash(1000)  # less: a thread that an earlier test of this process left has ended meanwhile
        assert [now for now, then in zip(after, before, strict=True) if now > then] == []
        assert stage.incarnations("a") == [1011]


async def test_pykkas_own_registry_is_left_alone(autojump_clock: MockClock) -> None:
    """P1: a stranger's stop_all does not reach us."""
    stage = Stage()
    async with await stage.open(stage.probe("a")):
        assert pykka.ActorRegistry.get_all() == []


async def test_gone_exceptions_are_pykkas_too(autojump_clock: MockClock) -> None:
    assert issubclass(Gone, pykka.ActorDeadError)
    assert issubclass(Gone, NobodyThere)
