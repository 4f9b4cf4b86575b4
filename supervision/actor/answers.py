"""What answers a question: a pykka future that the loop may wait for, set once, also when nobody is left to answer."""

from __future__ import annotations

import contextlib
import queue
import sys
from typing import Any

import pykka
import trio

from supervision.errors import NobodyThere, WouldBlockTheLoop


class Gone(NobodyThere, pykka.ActorDeadError):
    """The actor ended before it answered."""


class LoopFuture(pykka.ThreadingFuture[Any]):
    """A pykka future that a trio task can await, and that refuses to block the trio thread."""

    def __init__(self) -> None:
        super().__init__()
        self._waiters: list[tuple[trio.lowlevel.TrioToken, trio.Event]] = []

    def get(self, *, timeout: float | None = None) -> Any:
        """Return the value, blocking this thread. **Raises**: WouldBlockTheLoop on the trio thread when it is not there yet."""
        if self._result is None and self._get_hook is None and trio.lowlevel.in_trio_run():
            raise WouldBlockTheLoop("future.get() would block the trio loop: use `await future.wait()` or registry.ask")
        return super().get(timeout=timeout)

    def set(self, value: Any | None = None) -> None:
        """Set the value and wake who waits. **Thread**: any."""
        super().set(value)
        self._wake()

    def set_exception(self, exc_info: Any = None) -> None:
        """Set the exception and wake who waits. **Thread**: any."""
        super().set_exception(sys.exc_info() if exc_info is None else exc_info)
        self._wake()

    async def wait(self) -> Any:
        """Return the value or raise the exception. **Thread**: trio."""
        with self._condition:
            done = trio.Event() if self._result is None else None
            if done is not None:
                self._waiters.append((trio.lowlevel.current_trio_token(), done))
        if done is None:
            await trio.lowlevel.checkpoint()
        else:
            await done.wait()
        return self.get()

    def __await__(self) -> Any:
        return self.wait().__await__()

    def _wake(self) -> None:
        with self._condition:
            waiters, self._waiters = self._waiters, []
        for token, done in waiters:
            if trio.lowlevel.in_trio_run() and trio.lowlevel.current_trio_token() is token:
                done.set()
            else:
                with contextlib.suppress(trio.RunFinishedError):
                    token.run_sync_soon(done.set)


async def ask(ref: pykka.ActorRef[Any], message: object, timeout_s: float | None = None) -> Any:
    """Ask an actor by its ref and wait for the answer without blocking the loop. **Raises**: as Registry.ask."""
    future = ref.ask(message, block=False)
    with trio.fail_after(float("inf") if timeout_s is None else timeout_s):
        try:
            return await future
        except NobodyThere:
            raise
        except pykka.ActorDeadError as error:
            raise Gone(str(error)) from None


def answer(future: pykka.Future[Any], value: Any) -> None:
    with contextlib.suppress(queue.Full):  # it was answered when the actor was given up on
        future.set(value)


def answer_error(future: pykka.Future[Any], error: BaseException) -> None:
    with contextlib.suppress(queue.Full):
        future.set_exception((type(error), error, error.__traceback__))
