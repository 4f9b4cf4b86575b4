"""Two kinds of pykka actors whose every exit is reported: TrioActor is a trio task, ThreadActor a daemon thread.

pykka gives refs, tell, ask, proxies and futures; the loop that runs the actor is ours, because pykka's own does not say
when on_start failed, and answers a BaseException in one actor by stopping all of them. Here such an exception ends that
one actor. An exception under `ask` goes to the caller and leaves the actor alive, as in pykka.

An actor's life: on_start; then one message after another; then, when asked to stop (mail that was sent before is still
handled), its background tasks are cancelled and on_stop runs. After anything else (an exception in on_start, on_receive
or a background task, a cancellation) on_failure runs instead, within CLEANUP_S. Mail left in the inbox is dropped and
counted; a question left in it is answered with `Gone`.

What an abandoned thread may still do: finish the call that it hangs in, with all the effects which that call has outside
this process. What it can no longer do: send to a role, answer a question, take another message, count as running.
"""

from __future__ import annotations

import contextlib
import contextvars
import queue
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from types import CoroutineType
from typing import TYPE_CHECKING, Any

import pykka
import trio
from pykka._envelope import Envelope
from pykka.messages import _ActorStop

from supervision.clock import NowS
from supervision.errors import Ignore, NobodyThere, WouldBlockTheLoop
from supervision.exits import Exit, ExitKind, crashed, only_cancelled, traceback_text, true_cause
from supervision.inbox import LoopInbox, ThreadInbox
from supervision.registry import Registry
from supervision.watchdog import Progress

CLEANUP_S = 2.0  # for cancelled background tasks and on_failure; less than the supervisor's patience after a kill
_MACHINERY = {__name__, "pykka._actor", "pykka._threading"}
BURST = 64  # messages handled in one go before other tasks get their turn


class Gone(NobodyThere, pykka.ActorDeadError):
    """The actor ended before it answered."""


@dataclass(frozen=True, slots=True)
class Birth:
    """What an actor is given at launch. The callbacks are called on the trio thread."""

    name: str
    incarnation: int
    registry: Registry
    now_s: NowS
    started: Callable[[], None]
    ended: Callable[[Exit], None]
    expectation_moved: Callable[[], None]


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


if TYPE_CHECKING:

    class _PykkaActor:
        """What is used of pykka.Actor, without the types of its hooks: here they may be async."""

        actor_urn: str
        actor_inbox: Any
        actor_stopped: threading.Event
        _actor_ref: pykka.ActorRef[Any]

        def __init__(self, *_args: Any, **_kwargs: Any) -> None: ...
        def stop(self) -> None: ...
        def _handle_receive(self, message: Any) -> Any: ...

else:
    _PykkaActor = pykka.Actor


class _Addressed(_PykkaActor):
    """What both kinds share: who they are, how they send, and what the watchdog looks at."""

    name: str = ""
    incarnation: int = 0
    registry: Registry
    actor_inbox: Any
    _birth: Birth
    _busy_since_s: float | None = None
    _due_s: float | None = None
    _open = True  # takes mail, may send
    _asked_to_stop = False
    _current: Envelope[Any] | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a private name that the machinery uses: overriding it by accident would break the actor in silence."""
        super().__init_subclass__(**kwargs)
        if cls.__module__ == __name__:
            return
        inherited = {name for base in cls.__mro__[1:] if base.__module__ in _MACHINERY for name in vars(base)}
        taken = sorted(name for name in vars(cls) if name in inherited and name[0] == "_" and name[:2] != "__")
        if taken:
            raise TypeError(
                f"{cls.__name__} defines {', '.join(taken)}, which the actor's own machinery uses: rename it"
            )

    @staticmethod
    def _create_future() -> LoopFuture:
        return LoopFuture()

    @property
    def ref(self) -> pykka.ActorRef[Any]:
        """The pykka ref, for tell and ask from any thread."""
        return self._actor_ref

    def now_s(self) -> float:
        """Return the loop's monotonic time. **Thread**: any."""
        return self._birth.now_s()

    def send(self, role: str, message: object) -> bool:
        """Send to whoever plays the role. **Returns**: False, and counts a dead letter, when nobody does or this
        incarnation is over. **Thread**: any.
        """
        if self._open:
            return self.registry.send(role, message)
        self.registry.count_dead_letters(role)
        return False

    def deliver(self, message: object) -> bool:
        """Take a message; False when this incarnation is over. **Thread**: any."""
        if not self._open:
            return False
        self.actor_inbox.put(Envelope(message))
        return True

    def ask_later(self, message: object) -> LoopFuture:
        """Take a question. **Thread**: any."""
        future = LoopFuture()
        self.actor_inbox.put(Envelope(message, future))
        return future

    def mail_waiting(self) -> int:
        """Count the messages that wait. **Thread**: any."""
        waiting: int = self.actor_inbox.size()
        return waiting

    def ask_stop(self) -> None:
        """Ask the actor to stop after the mail it already has. **Thread**: any."""
        self._asked_to_stop = True
        self.actor_inbox.put(Envelope(_ActorStop()))

    def progress(self) -> Progress:
        """Say what the watchdog needs to know."""
        return Progress(self._busy_since_s, self._due_s)

    def _expect(self, seconds: float | None) -> None:
        self._due_s = None if seconds is None else self.now_s() + seconds

    def _adopt(self, birth: Birth) -> None:
        self._birth = birth
        self.name = birth.name
        self.incarnation = birth.incarnation
        self.registry = birth.registry

    def _close(self) -> int:
        """Take no more mail, refuse what is there. **Returns**: how much was dropped."""
        self._open = False
        self.actor_stopped.set()
        current, self._current = self._current, None
        if current is not None and current.reply_to is not None:
            self._refuse(current)
        dropped: int = self.actor_inbox.close(self._refuse)
        return dropped

    def _refuse(self, envelope: Envelope[Any]) -> bool:
        if isinstance(envelope.message, _ActorStop):
            if envelope.reply_to is not None:
                _answer(envelope.reply_to, None)
            return False
        self.registry.count_dead_letters(self.name)
        if envelope.reply_to is not None:
            gone = Gone(f"{self.name!r} (incarnation {self.incarnation}) ended before it answered")
            _answer_error(envelope.reply_to, gone)
        return True

    def _exit(self, error: BaseException | None) -> Exit:
        if error is None:
            return Exit(ExitKind.SHUTDOWN if self._asked_to_stop else ExitKind.NORMAL)
        if isinstance(error, Ignore):
            return Exit(ExitKind.IGNORED, error)
        return crashed(error)


class TrioActor(_Addressed):
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
                    _answer(envelope.reply_to, None)
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
                _answer_error(envelope.reply_to, true_cause(error))
            else:
                if envelope.reply_to is not None:
                    _answer(envelope.reply_to, result)
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


class ThreadActor(_Addressed, pykka.ThreadingActor):
    """An actor that is a daemon thread, for code that blocks. All its code runs on that thread, but on_abandon."""

    use_daemon_thread = True
    kind = "thread"
    _abandoned = False
    _token: trio.lowlevel.TrioToken
    _thread: threading.Thread

    @staticmethod
    def _create_actor_inbox() -> ThreadInbox:
        return ThreadInbox()

    @property
    def abandoned(self) -> bool:
        """True once the supervisor has given up on this incarnation: a long loop should look and leave."""
        return self._abandoned

    def on_receive(self, message: Any) -> Any:
        """Handle one message; what is returned answers an `ask`."""
        raise NotImplementedError(f"{type(self).__name__} got {type(message).__name__} and handles no messages")

    def on_abandon(self) -> None:
        """Break what the thread hangs in, e.g. interrupt a database connection. **Thread**: trio; it must not block.

        Called before a successor is started, and never twice.
        """

    def expect_progress_within(self, seconds: float | None) -> None:
        """Declare when the watchdog may lose patience, counted from now; call again to move it, None for never."""
        self._expect(seconds)
        self._post(self._birth.expectation_moved)

    def launch(self, birth: Birth) -> None:
        """Start the thread. Called once, by the supervisor. **Thread**: trio."""
        self._adopt(birth)
        self._token = trio.lowlevel.current_trio_token()
        self._thread = threading.Thread(target=self._live, name=f"actor {birth.name}", daemon=True)
        self._thread.start()

    def kill(self) -> bool:
        """**Returns**: False: a thread cannot be killed."""
        return False

    def abandon(self) -> None:
        """Fence it: whatever it still does is not heard any more. **Thread**: trio."""
        self._abandoned = True
        self._close()
        self.actor_inbox.release()  # it may be waiting for mail, not hanging
        self.on_abandon()

    def stack_text(self) -> str:
        """Say where the thread is at this moment."""
        frame = sys._current_frames().get(self._thread.ident or 0)  # noqa: SLF001 - there is no other way
        return "" if frame is None else "".join(traceback.format_stack(frame))

    def _start_actor_loop(self) -> None:
        pykka.ActorRegistry.unregister(self.ref)
        raise WouldBlockTheLoop(f"{type(self).__name__}.start() is not supported: a supervisor starts its actors")

    def _live(self) -> None:
        error: BaseException | None = None
        try:
            self.on_start()
            self._post(self._birth.started)
            self._serve()
            if not self._abandoned:
                self.on_stop()
        except BaseException as caught:  # noqa: BLE001 - every way out becomes an exit
            error = caught
        exit_ = self._exit(error)
        dropped = self._close()
        if error is not None:
            try:
                self.on_failure(type(error), error, error.__traceback__)
            except BaseException as second:  # noqa: BLE001 - told together with the first
                exit_ = replace(exit_, traceback_text=exit_.traceback_text + traceback_text(second))
        self._post(self._birth.ended, replace(exit_, mail_dropped=dropped))

    def _serve(self) -> None:
        inbox: ThreadInbox = self.actor_inbox
        while not self._abandoned:
            envelope = inbox.get()
            if envelope is None:
                return
            if type(envelope.message) is _ActorStop:
                if envelope.reply_to is not None:
                    _answer(envelope.reply_to, None)
                return
            self._current = envelope
            self._busy_since_s = self.now_s()
            try:
                result = self._handle_receive(envelope.message)
            except Exception as error:
                if envelope.reply_to is None:
                    raise
                _answer_error(envelope.reply_to, error)
            else:
                if envelope.reply_to is not None:
                    _answer(envelope.reply_to, result)
            self._current = self._busy_since_s = None

    def _post(self, fn: Callable[..., object], *args: object) -> None:
        with contextlib.suppress(trio.RunFinishedError):
            self._token.run_sync_soon(fn, *args)


def _cancelled_from_outside(scope: trio.CancelScope) -> bool:
    """Tell the supervisor's (or the ending loop's) cancellation from a Cancelled that a child raised by itself."""
    return scope.cancel_called or trio.current_effective_deadline() == float("-inf")


async def _finish(result: Any) -> Any:
    return await result if type(result) is CoroutineType else result


def _answer(future: pykka.Future[Any], value: Any) -> None:
    with contextlib.suppress(queue.Full):  # it was answered when the actor was given up on
        future.set(value)


def _answer_error(future: pykka.Future[Any], error: BaseException) -> None:
    with contextlib.suppress(queue.Full):
        future.set_exception((type(error), error, error.__traceback__))
