"""TrioActor alone: pykka's refs, proxies and futures, from any thread."""

from __future__ import annotations

import threading
from typing import Any

import pykka
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from supervision import Gone, LoopFuture, NobodyThere, Registry, ThreadActor, TrioActor, WouldBlockTheLoop, ask
from supervision.testing import running
from tests.waiting import WITHIN_S


class Echo(TrioActor):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[object] = []
        self.threads: set[int] = set()

    def on_receive(self, message: Any) -> Any:
        self.threads.add(threading.get_ident())
        self.seen.append(message)
        if isinstance(message, Exception):
            raise message
        return message

    async def double(self, number: int) -> int:
        await trio.sleep(1)
        return 2 * number


class Sleeper(TrioActor):
    async def on_receive(self, message: float) -> str:
        await trio.sleep(message)
        return "rested"


async def test_a_sync_and_an_async_handler_both_answer(autojump_clock: MockClock) -> None:
    registry = Registry()
    async with running(Echo(), name="echo", registry=registry), running(Sleeper(), name="bed", registry=registry):
        assert await registry.ask("echo", 7) == 7
        assert await registry.ask("bed", 3600) == "rested"


async def test_ask_has_a_time_out_and_the_actor_lives_on(autojump_clock: MockClock) -> None:
    registry = Registry()
    async with running(Sleeper(), name="bed", registry=registry):
        with pytest.raises(trio.TooSlowError):
            await registry.ask("bed", 10, timeout_s=5)
        assert await registry.ask("bed", 1) == "rested"


async def test_messages_arrive_in_order_from_the_loop(autojump_clock: MockClock) -> None:
    actor = Echo()
    async with running(actor) as ref:
        for number in range(1000):
            ref.tell(number)
        await ask(ref, "last")
        assert actor.seen == [*range(1000), "last"]


async def test_tells_and_asks_from_other_threads_are_handled_on_the_loops_thread() -> None:
    actor = Echo()
    answers: list[object] = []
    async with running(actor) as ref:

        def outside(first: int) -> None:
            for number in range(first, first + 200):
                ref.tell(number)
            answers.append(ref.ask("done", timeout=WITHIN_S))

        async with trio.open_nursery() as nursery:
            for first in (0, 1000, 2000):
                nursery.start_soon(trio.to_thread.run_sync, outside, first)
        assert answers == ["done"] * 3
        assert actor.threads == {threading.get_ident()}
        for first in (0, 1000, 2000):
            mine = [number for number in actor.seen if isinstance(number, int) and first <= number < first + 200]
            assert mine == list(range(first, first + 200))


async def test_a_proxy_reads_attributes_and_calls_async_methods(autojump_clock: MockClock) -> None:
    async with running(Echo()) as ref:
        proxy = ref.proxy()
        assert await proxy.double(21) == 42
        assert await proxy.seen == []


async def test_blocking_on_the_trio_thread_raises_instead_of_dead_locking(autojump_clock: MockClock) -> None:
    async with running(Echo()) as ref:
        with pytest.raises(WouldBlockTheLoop, match=r"registry\.ask"):
            ref.ask("hello")
        with pytest.raises(WouldBlockTheLoop):
            ref.proxy().seen.get()
        with pytest.raises(WouldBlockTheLoop):
            ref.stop()


async def test_a_future_that_is_there_can_be_read_and_awaited_twice(autojump_clock: MockClock) -> None:
    async with running(Echo()) as ref:
        future = ref.ask("hello", block=False)
        assert await future == "hello"
        assert await future == "hello"
        assert future.get() == "hello"


async def test_several_tasks_can_wait_for_one_future(autojump_clock: MockClock) -> None:
    future = LoopFuture()
    answers: list[object] = []

    async def wait() -> None:
        answers.append(await future)

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        future.set("now")
    assert answers == ["now"] * 3


async def test_a_stop_by_its_ref_is_pykkas(autojump_clock: MockClock) -> None:
    async with running(Echo()) as ref:
        future = ref.stop(block=False)
        await trio.testing.wait_all_tasks_blocked()
        assert future.get() is True
        assert not ref.is_alive()
        assert ref.stop(block=False).get() is False
        with pytest.raises(pykka.ActorDeadError):
            ref.tell("late")
        with pytest.raises(Gone):
            await ask(ref, "late")


async def test_two_questions_at_the_end_are_both_answered(autojump_clock: MockClock) -> None:
    registry = Registry()
    async with running(Sleeper(), name="bed", registry=registry) as ref, trio.open_nursery() as nursery:

        async def ask_in_vain() -> None:
            with pytest.raises(NobodyThere):
                await registry.ask("bed", 1)

        ref.tell(1.0)
        ref.stop(block=False)
        nursery.start_soon(ask_in_vain)
        nursery.start_soon(ask_in_vain)


async def test_what_an_actor_crashed_with_is_raised_by_running(autojump_clock: MockClock) -> None:
    with pytest.raises(ValueError, match="boom"):
        async with running(Echo()) as ref:
            ref.tell(ValueError("boom"))


async def test_what_on_start_raised_is_raised_by_running(autojump_clock: MockClock) -> None:
    class Broken(TrioActor):
        def on_start(self) -> None:
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        async with running(Broken()):
            raise AssertionError("never up")


async def test_pykkas_own_start_is_refused_and_leaves_nothing(autojump_clock: MockClock) -> None:
    with pytest.raises(WouldBlockTheLoop, match="a supervisor starts"):
        Echo.start()  # type: ignore[attr-defined]
    assert pykka.ActorRegistry.get_all() == []


async def test_an_actor_that_is_flooded_lets_others_run_and_can_be_stopped(autojump_clock: MockClock) -> None:
    class Flooded(TrioActor):
        def on_receive(self, message: object) -> None:
            self.ref.tell(message)

    class Tree:
        turns = 0

    async with running(Flooded()) as ref:
        ref.tell("again")
        for _ in range(10):
            await trio.lowlevel.checkpoint()
            Tree.turns += 1
        assert Tree.turns == 10


async def test_an_actor_that_handles_nothing_says_so(autojump_clock: MockClock) -> None:
    async with running(TrioActor()) as ref:
        with pytest.raises(NotImplementedError, match="got int"):
            await ask(ref, 3)


async def test_time_is_the_loops(autojump_clock: MockClock) -> None:
    actor = Echo()
    async with running(actor):
        begun_s = actor.now_s()
        await trio.sleep(1000)
        assert actor.now_s() - begun_s == pytest.approx(1000)


@pytest.mark.parametrize("base", [TrioActor, ThreadActor])
def test_an_actor_that_overrides_the_machinery_by_accident_is_refused_at_its_definition(base: type) -> None:
    with pytest.raises(TypeError, match="_close"):
        type("Accident", (base,), {"_close": lambda self: None})
    type("Fine", (base,), {"_mine": 1, "on_receive": lambda self, message: None})
