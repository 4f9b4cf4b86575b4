"""Runs a piece of work that Ctrl-C ends early and in order: what it has until then is kept."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import trio

from supervision.exits import true_cause

T = TypeVar("T")
Work = Callable[[trio.Event], Awaitable[T]]
"""Ends soon after its event is set, with what it has."""


def run_until_signal(work: Work[T]) -> T:
    """Run `work` under trio. **Raises**: the one error that ended it, without the groups that nurseries put around it."""
    try:
        return trio.run(partial(_until_signal, work))
    except BaseException as error:  # noqa: BLE001 - only unwrapped
        raise true_cause(error) from None


async def _until_signal(work: Work[T]) -> T:
    stop = trio.Event()

    async def wait_for_signal(task_status: trio.TaskStatus[None]) -> None:
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            task_status.started()
            async for _ in signals:
                stop.set()

    async with trio.open_nursery() as nursery:
        await nursery.start(wait_for_signal)
        outcome = await work(stop)
        nursery.cancel_scope.cancel()
    return outcome
