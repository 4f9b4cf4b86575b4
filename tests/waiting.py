"""The one place in the tests that may sleep on the real clock: wait for a condition, with a deadline; let something happen now and then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import trio

POLL_S = 0.01
WITHIN_S = 120.0  # a long wait costs only where it fails, and a busy machine is slow
Answer = TypeVar("Answer")


async def until(condition: Callable[[], object], within_s: float = WITHIN_S, what: str = "") -> None:
    """Return as soon as `condition()` is true; fail the test when it is not within the deadline."""
    with trio.move_on_after(within_s):
        while not condition():  # noqa: ASYNC110 - the condition lies outside this program
            await trio.sleep(POLL_S)
        return
    raise AssertionError(f"not within {within_s} s: {what or getattr(condition, '__name__', condition)}")


class every:  # noqa: N801 - it reads as a word
    """Come round so often, for what goes on beside a test until it is cancelled: `async for _ in every(0.05)`.

    Not a generator: one that a cancellation leaves half done is a warning when it is collected, in whatever test runs then.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __aiter__(self) -> AsyncIterator[None]:
        return self

    async def __anext__(self) -> None:
        await trio.sleep(self._seconds)


async def asyncio_until(condition: Callable[[], object], within_s: float = WITHIN_S, what: str = "") -> None:
    """The same in an asyncio loop."""
    give_up_at = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > give_up_at:
            raise AssertionError(f"not within {within_s} s: {what or getattr(condition, '__name__', condition)}")
        await asyncio.sleep(POLL_S)


async def until_answer(
    question: Callable[[], Awaitable[Answer]], wanted: Callable[[Answer], object], within_s: float = WITHIN_S
) -> Answer:
    """Ask until the answer is as wanted, and return it; fail the test when it is not within the deadline."""
    answer: Answer | None = None
    with trio.move_on_after(within_s):
        while not wanted(answer := await question()):  # noqa: ASYNC110 - likewise
            await trio.sleep(POLL_S)
        return answer
    raise AssertionError(f"not within {within_s} s; the last answer was {answer}")


def blocking_until(condition: Callable[[], object], within_s: float = WITHIN_S, what: str = "") -> None:
    """The same for tests that run outside trio (threads, processes)."""
    give_up_at = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > give_up_at:
            raise AssertionError(f"not within {within_s} s: {what or getattr(condition, '__name__', condition)}")
        time.sleep(POLL_S)
