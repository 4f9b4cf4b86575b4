"""The one place in the tests that may sleep: wait for a condition, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable

import trio

POLL_S = 0.01


async def until(condition: Callable[[], object], within_s: float = 5.0, what: str = "") -> None:
    """Return as soon as `condition()` is true; fail the test when it is not within the deadline."""
    with trio.move_on_after(within_s):
        while not condition():  # noqa: ASYNC110 - the condition lies outside this program
            await trio.sleep(POLL_S)
        return
    raise AssertionError(f"not within {within_s} s: {what or getattr(condition, '__name__', condition)}")


def blocking_until(condition: Callable[[], object], within_s: float = 5.0, what: str = "") -> None:
    """The same for tests that run outside trio (threads, processes)."""
    give_up_at = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > give_up_at:
            raise AssertionError(f"not within {within_s} s: {what or getattr(condition, '__name__', condition)}")
        time.sleep(POLL_S)
