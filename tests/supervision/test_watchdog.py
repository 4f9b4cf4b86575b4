"""Lateness as a function of progress and time, and the thread that watches the loop."""

from __future__ import annotations

import math
import threading

import pytest
import trio

from supervision import BadSpec, Event, LoopResumed, LoopStalled, LoopWatchdog
from supervision.watchdog import Late, Progress, StallJudge, lateness, next_look_s, patience_s
from tests.waiting import WITHIN_S, until

WATCHING = "loop watchdog"


def test_a_child_that_is_idle_and_promised_nothing_is_never_late() -> None:
    assert lateness(Progress(), 5.0, 1e9) is None
    assert lateness(Progress(busy_since_s=0.0), None, 1e9) is None


def test_one_message_may_take_as_long_as_allowed_and_no_longer() -> None:
    busy = Progress(busy_since_s=100.0)
    assert lateness(busy, 5.0, 104.9) is None
    assert lateness(busy, 5.0, 105.0) == Late("message", 0.0)
    assert lateness(busy, 5.0, 107.0) == Late("message", 2.0)


def test_a_promise_that_is_broken_is_late() -> None:
    promise = Progress(due_s=50.0)
    assert lateness(promise, None, 49.9) is None
    assert lateness(promise, None, 51.0) == Late("deadline", 1.0)


def test_the_next_look_is_when_somebody_can_first_be_late() -> None:
    assert next_look_s(Progress(), None, 10.0) == math.inf
    assert next_look_s(Progress(), 5.0, 10.0) == 15.0
    assert next_look_s(Progress(busy_since_s=8.0), 5.0, 10.0) == 13.0
    assert next_look_s(Progress(busy_since_s=8.0, due_s=11.0), 5.0, 10.0) == 11.0


def test_after_a_look_that_came_late_nobody_is_judged_for_as_long_but_not_for_ever() -> None:
    assert patience_s(math.inf, 10.0) == 0.0
    assert patience_s(10.0, 11.0) == 0.0
    assert patience_s(10.0, 11.5) == 1.5
    assert patience_s(10.0, 1000.0) == 30.0


def test_a_stall_is_told_once_and_so_is_its_end() -> None:
    judge = StallJudge(1.0)
    stacks: list[int] = []

    def stack_text() -> str:
        stacks.append(1)
        return "here"

    assert judge.look(10.0, 11.0, stack_text) is None
    assert judge.look(10.0, 11.5, stack_text) == LoopStalled(11.5 - 10.0, "here")
    assert judge.look(10.0, 15.0, stack_text) is None
    assert judge.look(20.0, 20.1, stack_text) == LoopResumed(10.0)
    assert judge.look(20.0, 20.2, stack_text) is None
    assert len(stacks) == 1


@pytest.mark.parametrize("limit_s", [0, -1, math.inf, math.nan])
def test_a_limit_that_cannot_be_meant_is_refused(limit_s: float) -> None:
    with pytest.raises(BadSpec, match="limit_s"):
        LoopWatchdog(limit_s, print)


async def test_a_loop_that_does_not_turn_is_told_with_the_place_where_it_hangs() -> None:
    """P4"""
    events: list[Event] = []
    stalled = threading.Event()

    def on_event(event: Event) -> None:
        events.append(event)
        stalled.set()

    def a_tight_loop_in_one_child() -> None:
        stalled.wait(WITHIN_S)

    async with trio.open_nursery() as nursery:
        await nursery.start(LoopWatchdog(0.05, on_event).run)
        a_tight_loop_in_one_child()
        await until(lambda: len(events) == 2)
        nursery.cancel_scope.cancel()
    first, second = events
    assert isinstance(first, LoopStalled)
    assert "a_tight_loop_in_one_child" in first.stack_text
    assert isinstance(second, LoopResumed)


async def test_the_watching_thread_ends_with_the_watchdog() -> None:
    before = set(threading.enumerate())  # an earlier test's may still be ending
    async with trio.open_nursery() as nursery:
        await nursery.start(LoopWatchdog(0.05, print).run)
        (watching,) = [thread for thread in threading.enumerate() if thread.name == WATCHING and thread not in before]
        nursery.cancel_scope.cancel()
    await until(lambda: not watching.is_alive())
