"""TrioActor: an actor that is a trio task, with the tasks that it has running behind it."""

from __future__ import annotations

import contextvars
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import replace
from types import CoroutineType
from typing import Any

import pykka
import trio
from pykka.messages import _ActorStop

from supervision.actor.addressed import Addressed, Birth
from supervision.actor.answers import answer, answer_error
from supervision.errors import NobodyThere, WouldBlockTheLoop
from supervision.exits import Exit, ExitKind, only_cancelled, traceback_text, true_cause
from supervision.inbox import LoopInbox

CLEANUP_S = 2.0  # for cancelled background tasks and on_failure; less than the supervisor's patience after a kill
BURST = 64  # messages handled in one go before other tasks get their turn


class TrioActor(Addressed):
    """An actor that is a trio task. All its code runs on the trio thread."""

    _scope: trio.CancelScope
    _failure: BaseException | None = None
    _tasks: set[trio.CancelScope] | None = None
    _tasks_done: trio.Event | None = None
    _task: trio.lowlevel.Task | None = None

    kind = "task"

    @staticmethod
    def _create_actor_inbox() -> LoopInbox:
        return LoopInbox()

    def on_start(self) -> Any:
        """Prepare; nothing is handled before this is over. May be overridden by an async function."""

    def on_stop(self) -> Any:
        """Tidy up after an orderly end. May be overridden by an async function."""

    def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> Any:
        """Tidy up after any other end, within CLEANUP_S. May be overridden by an async function."""

    def on_receive(self, message: Any) -> Any:
        """Handle one message; what is returned answers an `ask`. May be overridden by an async function."""
        raise NotImplementedError(f"{type(self).__name__} got {type(message).__name__} and handles no messages")

    def spawn(self, async_fn: Callable[..., Awaitable[object]], *args: Any) -> None:
        """Run a background task that ends with the actor; if it raises, the actor has failed with that cause."""
        if not self._open:
            raise NobodyThere(f"{self.name!r} (incarnation {self.incarnation}) is over and starts nothing more")
        self._spawn(async_fn, args)

    def expect_progress_within(self, seconds: float | None) -> None:
        """Declare when the watchdog may lose patience, counted from now; call again to move it, None for never."""
        self._expect(seconds)
        self._birth.expectation_moved()

    def launch(self, birth: Birth) -> None:
        """Start the task. Called once, by the supervisor."""
        self._adopt(birth)
        self._scope = trio.CancelScope()
        self.actor_inbox.bind()
        # A system task: the supervisor must be able to outlive an actor that swallows its cancellation, which a
        # nursery of its own would not let it; and Ctrl-C is never delivered into an actor.
        self._task = trio.lowlevel.spawn_system_task(
            self._live, name=f"actor {birth.name}", context=contextvars.copy_context()
        )

    def kill(self) -> bool:
        """Cancel the task. **Returns**: True, it can be."""
        self._scope.cancel()
        return True

    def abandon(self) -> None:
        """Fence it: whatever it still does is not heard any more."""
        self._close()

    def stack_text(self) -> str:
        """Say where the task is at this moment."""
        if self._task is None:
            return ""
        frames = traceback.StackSummary.extract(self._task.iter_await_frames())
        return "".join(frames.format())

    def _start_actor_loop(self) -> None:
        pykka.ActorRegistry.unregister(self.ref)
        raise WouldBlockTheLoop(f"{type(self).__name__}.start() is not supported: a supervisor starts its actors")

    async def _live(self) -> None:
        error: BaseException | None = None
        with self._scope:
            try:
                await _finish(self.on_start())
                self._birth.started()
                await self._serve()
                self._cancel_tasks()
                await self._tasks_over()
                await _finish(self.on_stop())
            except BaseException as caught:  # noqa: BLE001 - every way out becomes an exit
                error = caught
        exit_ = self._judge(error)
        dropped = self._close()
        with trio.CancelScope(shield=True):
            exit_ = await self._wind_up(exit_, error)
        self._task = None
        self._birth.ended(replace(exit_, mail_dropped=dropped))

    async def _serve(self) -> None:
        inbox: LoopInbox = self.actor_inbox
        now_s = self._birth.now_s
        left = BURST
        while True:
            envelope = inbox.pop()
            if envelope is None:
                await inbox.wait()
                left = BURST
                continue
            if type(envelope.message) is _ActorStop:
                if envelope.reply_to is not None:
                    answer(envelope.reply_to, None)
                return
            self._current = envelope
            self._busy_since_s = now_s()
            try:
                result = self._handle_receive(envelope.message)
                if type(result) is CoroutineType:
                    result = await result
            except Exception as error:
                if envelope.reply_to is None:
                    raise
                answer_error(envelope.reply_to, true_cause(error))
            else:
                if envelope.reply_to is not None:
                    answer(envelope.reply_to, result)
            self._current = self._busy_since_s = None
            left -= 1
            if not left:
                await trio.lowlevel.checkpoint()
                left = BURST

    def _judge(self, error: BaseException | None) -> Exit:
        if self._failure is not None:
            return self._exit(self._failure)
        if error is not None and only_cancelled(error) and _cancelled_from_outside(self._scope):
            return Exit(ExitKind.KILLED, None, traceback_text(error))
        return self._exit(error)

    async def _wind_up(self, exit_: Exit, error: BaseException | None) -> Exit:
        self._busy_since_s = self._due_s = None
        self._cancel_tasks()
        with trio.move_on_after(CLEANUP_S):
            await self._tasks_over()
            if error is not None and type(self).on_failure is not TrioActor.on_failure:
                self._failure = None
                self._spawn(self._call_on_failure, (error,))
                await self._tasks_over()
        if self._failure is not None and self._failure is not exit_.cause:
            exit_ = replace(exit_, traceback_text=exit_.traceback_text + traceback_text(self._failure))
        self._cancel_tasks()
        return replace(exit_, tasks_left=len(self._tasks or ()))

    async def _call_on_failure(self, error: BaseException) -> None:
        cause = true_cause(error)
        await _finish(self.on_failure(type(cause), cause, cause.__traceback__))

    def _spawn(self, async_fn: Callable[..., Awaitable[object]], args: tuple[Any, ...]) -> None:
        if self._tasks is None:
            self._tasks = set()
        scope = trio.CancelScope()
        self._tasks.add(scope)
        name = f"{self.name}: {getattr(async_fn, '__qualname__', async_fn)}"
        trio.lowlevel.spawn_system_task(
            self._background, scope, async_fn, args, name=name, context=contextvars.copy_context()
        )

    async def _background(
        self, scope: trio.CancelScope, async_fn: Callable[..., Awaitable[object]], args: tuple[Any, ...]
    ) -> None:
        error: BaseException | None = None
        with scope:
            try:
                await async_fn(*args)
            except BaseException as caught:  # noqa: BLE001 - every way out becomes an exit
                error = caught
        if error is not None and only_cancelled(error) and _cancelled_from_outside(scope):
            error = None
        if error is not None and self._failure is None:
            self._failure = error
            self._scope.cancel()
        if self._tasks is not None:
            self._tasks.discard(scope)
            if not self._tasks and self._tasks_done is not None:
                self._tasks_done.set()

    def _cancel_tasks(self) -> None:
        for scope in self._tasks or ():
            scope.cancel()

    async def _tasks_over(self) -> None:
        if self._tasks:
            self._tasks_done = trio.Event()
            await self._tasks_done.wait()


def _cancelled_from_outside(scope: trio.CancelScope) -> bool:
    """Tell the supervisor's (or the ending loop's) cancellation from a Cancelled that a child raised by itself."""
    return scope.cancel_called or trio.current_effective_deadline() == float("-inf")


async def _finish(result: Any) -> Any:
    return await result if type(result) is CoroutineType else result
