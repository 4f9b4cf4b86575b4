"""ThreadActor under a supervisor: P3 and the rest, on the real clock, with events and never a sleep."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import trio
import trio.testing

from supervision import (
    AbandonedEnded,
    ChildAbandoned,
    ChildExited,
    ChildLate,
    ChildSpec,
    ExitKind,
    Gone,
    MailDropped,
    StartTimedOut,
    ThreadActor,
    WouldBlockTheLoop,
    ask,
)
from supervision.testing import running
from tests.supervision.stage import AT_ONCE, Stage
from tests.waiting import WITHIN_S, until


class Worker(ThreadActor):
    """Raises what it is sent, calls what can be called, echoes the rest."""

    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self.log = log
        self.interrupted = threading.Event()

    def on_start(self) -> None:
        self.log.append(f"start {self.incarnation}")

    def on_stop(self) -> None:
        self.log.append(f"stop {self.incarnation}")

    def on_abandon(self) -> None:
        self.log.append(f"abandon {self.incarnation}")
        self.interrupted.set()

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, BaseException):
            raise message
        return message(self) if callable(message) else message


class Hang:
    """Blocks the thread until the test lets it go, as a call into C does."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.release = threading.Event()

    def __call__(self, actor: Worker) -> str:
        self.entered.set()
        self.release.wait(WITHIN_S)
        return "too late"


def worker(log: list[str], **spec: Any) -> ChildSpec:
    return ChildSpec("w", lambda: Worker(log), backoff=AT_ONCE, **spec)


def got(stage: Stage, kind: type[Any], count: int = 1) -> Callable[[], bool]:
    return lambda: len(stage.told(kind)) >= count


async def test_a_thread_actor_answers_and_stops_in_order() -> None:
    log: list[str] = []
    async with await Stage().open(worker(log)) as stage:
        assert await stage.ask("w", "hello") == "hello"
        assert await stage.ask("w", lambda actor: threading.current_thread().daemon) is True
        assert stage.info("w").kind == "thread"
    assert log == ["start 1", "stop 1"]
    assert stage.told(ChildExited)[0].kind is ExitKind.SHUTDOWN


@pytest.mark.parametrize("error", [ValueError("boom"), KeyboardInterrupt(), SystemExit(1)])
async def test_a_crash_of_a_thread_is_a_restart_of_that_child_only(error: BaseException) -> None:
    """P1"""
    log: list[str] = []
    stage = Stage()
    async with await stage.open(stage.probe("a"), worker(log)):
        stage.tell("w", error)
        await until(lambda: stage.incarnations("w") == [2] and log[-1] == "start 2")
        assert stage.incarnations("a") == [1]
        (exit_,) = stage.told(ChildExited)
        assert exit_.cause is error
        assert "on_receive" in exit_.traceback_text


async def test_an_exception_under_ask_goes_to_the_asker_and_the_thread_lives() -> None:
    async with await Stage().open(worker([])) as stage:
        with pytest.raises(ValueError, match="odd"):
            await stage.ask("w", ValueError("odd"))
        assert await stage.ask("w", 1) == 1
        assert stage.incarnations("w") == [1]


async def test_a_hung_thread_is_abandoned_fenced_and_counted_at_the_stop() -> None:
    """P3, D7"""
    log: list[str] = []
    hang = Hang()
    stage = Stage()
    async with await stage.open(worker(log, stop_timeout_s=0.02)):
        stage.tell("w", hang)
        await until(hang.entered.is_set)
        await stage.sup.stop()
        assert stage.sup.threads_abandoned == 1
        (told,) = stage.told(ChildAbandoned)
        assert told.what == "thread"
        assert "release.wait" in told.stack_text
        assert log == ["start 1", "abandon 1"]
        hang.release.set()
        await until(got(stage, AbandonedEnded))
        assert log == ["start 1", "abandon 1"]
        assert len(stage.told(ChildExited)) == 1


async def test_a_late_thread_is_replaced_after_on_abandon_and_heard_no_more() -> None:
    """P3: the successor starts after on_abandon; what the old one sends, answers or reports is ignored."""
    log: list[str] = []
    hang = Hang()
    sent: list[bool] = []
    stage = Stage()

    def hang_then_send(actor: Worker) -> None:
        hang(actor)
        assert actor.abandoned
        sent.append(actor.send("w", "from the past"))

    async with await stage.open(worker(log, heartbeat_timeout_s=0.03)):
        old = await stage.ask("w", lambda actor: actor)
        stage.tell("w", hang_then_send)
        asked: list[BaseException] = []

        async def ask_in_vain() -> None:
            try:
                await stage.ask("w", "unanswered")
            except Gone as error:
                asked.append(error)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask_in_vain)
            await until(hang.entered.is_set)
        await until(lambda: stage.incarnations("w") == [2])
        await until(lambda: "start 2" in log)
        assert log == ["start 1", "abandon 1", "start 2"]
        assert len(asked) == 1
        assert stage.told(ChildLate)[0].what == "message"
        assert stage.told(MailDropped)[0].count == 1 if stage.told(MailDropped) else True
        assert old.abandoned
        hang.release.set()
        await until(lambda: sent == [False])
        await until(got(stage, AbandonedEnded))
        assert await stage.ask("w", lambda actor: actor.incarnation) == 2
        assert stage.sup.threads_abandoned == 1


async def test_the_answer_of_an_abandoned_thread_reaches_nobody_and_harms_nobody() -> None:
    """P3"""
    hang = Hang()
    stage = Stage()
    async with await stage.open(worker([], heartbeat_timeout_s=0.03)):
        with pytest.raises(Gone):
            await stage.ask("w", hang)
        hang.release.set()
        await until(got(stage, AbandonedEnded))
        await until(lambda: stage.incarnations("w") == [2])


async def test_on_abandon_can_break_what_the_thread_hangs_in() -> None:
    log: list[str] = []
    stage = Stage()
    async with await stage.open(worker(log, heartbeat_timeout_s=0.03)):
        stage.tell("w", lambda actor: actor.interrupted.wait(WITHIN_S))
        await until(got(stage, AbandonedEnded))


async def test_an_on_abandon_that_raises_does_not_hold_the_restart_up() -> None:
    class Sore(Worker):
        def on_abandon(self) -> None:
            raise ValueError("sore")

    hang = Hang()
    stage = Stage()
    spec = ChildSpec("w", lambda: Sore([]), backoff=AT_ONCE, heartbeat_timeout_s=0.03)
    async with await stage.open(spec):
        stage.tell("w", hang)
        await until(lambda: stage.incarnations("w") == [2])
        hang.release.set()
        await until(got(stage, AbandonedEnded))


async def test_an_idle_thread_past_its_own_deadline_is_replaced_and_really_ends() -> None:
    stage = Stage()
    async with await stage.open(worker([])):
        thread = await stage.ask("w", lambda actor: threading.current_thread())
        stage.tell("w", lambda actor: actor.expect_progress_within(0.02))
        await until(lambda: stage.incarnations("w") == [2])
        await until(lambda: not thread.is_alive())


async def test_a_thread_that_hangs_in_on_start_is_a_failed_start() -> None:
    hang = Hang()

    class Stuck(Worker):
        def on_start(self) -> None:
            hang(self)

    stage = Stage()
    spec = ChildSpec("w", lambda: Stuck([]), start_timeout_s=0.02, backoff=AT_ONCE)
    async with await stage.open(spec):
        assert isinstance(stage.error.cause, StartTimedOut)  # type: ignore[union-attr]
        assert stage.sup.threads_abandoned == 1
        hang.release.set()
        await until(got(stage, AbandonedEnded))


async def test_mail_of_a_crashed_thread_is_dropped_and_counted() -> None:
    """P6"""
    hang = Hang()
    stage = Stage()
    async with await stage.open(worker([])):
        stage.tell("w", hang)
        stage.tell("w", ValueError("boom"))
        for _ in range(3):
            stage.tell("w", "lost")
        hang.release.set()
        await until(lambda: stage.incarnations("w") == [2])
        assert stage.told(MailDropped)[0].count == 3
        assert stage.registry.dead_letters["w"] == 3


async def test_a_thread_can_ask_a_trio_actor_and_send_to_it() -> None:
    stage = Stage()
    async with await stage.open(stage.probe("a"), worker([])):
        ref = await stage.ask("a", lambda actor: actor.ref)
        assert await stage.ask("w", lambda actor: ref.ask("from a thread", timeout=WITHIN_S)) == "from a thread"
        assert await stage.ask("w", lambda actor: actor.send("a", "fine")) is True
        assert await stage.ask("w", lambda actor: actor.send("nobody", "lost")) is False


async def test_blocking_on_a_thread_actor_from_the_trio_thread_raises() -> None:
    async with running(Worker([])) as ref:
        with pytest.raises(WouldBlockTheLoop):
            ref.ask("hello")
        assert await ask(ref, "hello") == "hello"


async def test_a_thread_actor_reads_the_loops_clock() -> None:
    async with running(Worker([])) as ref:
        before_s = trio.current_time()
        now_s = await ask(ref, lambda actor: actor.now_s())
        assert before_s <= now_s <= trio.current_time()


async def test_on_failure_runs_on_the_thread_and_its_own_error_is_told_too() -> None:
    class Careless(Worker):
        def on_failure(self, kind: object, error: object, trace: object) -> None:
            raise OSError("and the file is gone")

    stage = Stage()
    async with await stage.open(ChildSpec("w", lambda: Careless([]), backoff=AT_ONCE)):
        stage.tell("w", ValueError("boom"))
        await until(got(stage, ChildExited))
        (exit_,) = stage.told(ChildExited)
        assert isinstance(exit_.cause, ValueError)
        assert "and the file is gone" in exit_.traceback_text


async def test_a_thousand_messages_from_the_loop_arrive_in_order() -> None:
    seen: list[int] = []
    stage = Stage()
    async with await stage.open(worker([])):
        for number in range(1000):
            stage.tell("w", lambda _, number=number: seen.append(number))
        await stage.ask("w", "done")
        assert seen == list(range(1000))


class SlowStart(Worker):
    """Takes as long to start as the test wants."""

    def __init__(self, log: list[str], hang: Hang) -> None:
        super().__init__(log)
        self.hang = hang

    def on_start(self) -> None:
        self.hang(self)
        super().on_start()


async def test_a_thread_that_is_asked_to_stop_while_it_starts_is_given_its_time_to_end_in_order() -> None:
    """P9, D2: a database that is being opened is closed, not left behind."""
    log: list[str] = []
    hang = Hang()
    stage = Stage()
    spec = ChildSpec("w", lambda: SlowStart(log, hang), stop_timeout_s=20)
    async with await stage.open(spec, wait=False):
        await until(hang.entered.is_set)
        stage.sup.request_stop()
        await trio.testing.wait_all_tasks_blocked()
        hang.release.set()
        await stage.over.wait()
        assert log == ["start 1", "stop 1"]
        assert stage.sup.threads_abandoned == 0
        assert [event.kind for event in stage.told(ChildExited)] == [ExitKind.SHUTDOWN]
        assert stage.error is None


async def test_a_thread_that_hangs_in_its_start_is_left_behind_when_its_time_to_stop_is_over() -> None:
    """P9, D2"""
    log: list[str] = []
    hang = Hang()
    stage = Stage()
    spec = ChildSpec("w", lambda: SlowStart(log, hang), stop_timeout_s=0.02)
    async with await stage.open(spec, wait=False):
        await until(hang.entered.is_set)
        stage.sup.request_stop()
        await stage.over.wait()
        assert stage.sup.threads_abandoned == 1
        assert log == ["abandon 1"]
        hang.release.set()
        await until(got(stage, AbandonedEnded))
