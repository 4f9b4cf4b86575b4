"""One asyncio loop in a daemon thread, fenced: bacpypes3 lives there, and nothing it does reaches the trio loop unseen.

What a call raises is one of t3actors.errors, whatever was raised behind the door: bacpypes3's own answers derive from
BaseException, and one that escaped into an actor would end it. Every call has a hard time-out, which does not rely on the
loop being alive. The loop beats; whoever owns it looks at `silent_s` and gives it up when it no longer does.

A given-up thread keeps no port: its sockets are closed under it (on the trio thread, which may be waiting for them), and an
exception is raised in it, which ends even an endless loop unless that loop is in C. What it may still do is use a core; it can no
longer answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import trio

from t3actors.errors import GatewayError, LinkDown, RequestRefused, RequestTimedOut

Result = TypeVar("Result")
BEAT_S = 0.25
STOP_S = 2.0
ENDING_TRIES = 5


class _Crossing:
    """One call under way: asked on the trio thread, run on the other, its outcome told on the trio thread."""

    __slots__ = ("error", "is_over", "over", "result", "task")

    def __init__(self) -> None:
        self.over = trio.Event()
        self.is_over = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.task: asyncio.Task[Any] | None = None

    def end(self, result: Any, error: BaseException | None) -> None:
        """**Thread**: trio."""
        if not self.is_over:
            self.is_over, self.result, self.error = True, result, error
            self.over.set()


class AsyncioThread:
    """The loop and its thread. Made and used on the trio thread."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.over = trio.Event()
        self.failure: BaseException | None = None
        self.stray_errors = 0
        """Exceptions that no call waited for: a bad datagram's task, a timer."""
        self.last_stray = ""
        self.at_end: list[Callable[[], object]] = []
        """Called on the thread when its loop is over."""
        self._token = trio.lowlevel.current_trio_token()
        self._loop: asyncio.AbstractEventLoop
        self._crossings: set[_Crossing] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._beat_at_s = time.monotonic()
        self._open = True
        self._sockets: list[socket.socket] = []
        self._thread = threading.Thread(target=self._live, name=name, daemon=True)

    @property
    def is_alive(self) -> bool:
        """Say whether the thread still runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread. Nothing else may be called before."""
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._stray)
        self._beat_at_s = time.monotonic()
        self._thread.start()

    def guard(self, *sockets: socket.socket) -> None:
        """Remember sockets that must not outlive this thread's use."""
        self._sockets += sockets

    def silent_s(self) -> float:
        """Say how long the loop has not beaten. **Thread**: any."""
        return time.monotonic() - self._beat_at_s

    def post(self, fn: Callable[..., object], *args: object) -> bool:
        """Run a plain function on the loop, some time. **Returns**: False when the loop is gone."""
        try:
            self._loop.call_soon_threadsafe(fn, *args)
        except RuntimeError:  # closed
            return False
        return self._open

    def tell(self, fn: Callable[..., object], *args: object, once: bool = False) -> None:
        """Run a plain function on the trio thread; nothing when this thread was given up. **Thread**: the loop's."""
        if self._open:
            with contextlib.suppress(trio.RunFinishedError):
                self._token.run_sync_soon(fn, *args, idempotent=once)

    async def call(self, fn: Callable[..., Coroutine[Any, Any, Result]], *args: Any, timeout_s: float) -> Result:
        """Run an async function of the other loop and wait for what it returns: one crossing there and back.

        Cancelling the wait, or its time-out, cancels the function. **Raises**: GatewayErrors only: LinkDown when the
        thread is gone, RequestTimedOut after `timeout_s`, RequestRefused for any exception that is not ours.
        """
        crossing = _Crossing()
        if not self._open or not self.post(self._begin, crossing, fn, args):
            raise LinkDown(f"{self.name}: the thread is gone")
        self._crossings.add(crossing)
        try:
            with trio.move_on_after(timeout_s):
                await crossing.over.wait()
        finally:
            self._crossings.discard(crossing)
            if not crossing.is_over:
                self.post(_cancel, crossing)
        if not crossing.is_over:
            raise RequestTimedOut(f"{self.name}: nothing came back within the hard limit of {timeout_s:g} s")
        if crossing.error is not None:
            raise crossing.error
        result: Result = crossing.result
        return result

    async def stop(self) -> None:
        """End the thread in order; after STOP_S, or when whoever waits for it is cancelled, it is given up."""
        try:
            self.post(self._loop.stop)
            with trio.move_on_after(STOP_S):
                await self.over.wait()
        finally:
            self.give_up("stopped")

    def give_up(self, reason: str) -> None:
        """Fence the thread: nobody hears it any more, its sockets are closed, whoever waits for it gets LinkDown."""
        self._open = False
        self._close_sockets()
        self._fail_all(LinkDown(f"{self.name}: {reason}"))
        self.post(self._loop.stop)
        if self._thread.is_alive():
            trio.lowlevel.spawn_system_task(self._end)

    async def _end(self) -> None:
        """See to it that a given-up thread ends: it was asked to; if it does not, an exception is raised in it."""
        for _ in range(ENDING_TRIES):
            with trio.move_on_after(STOP_S):
                await self.over.wait()
                return
            # SystemExit is what asyncio lets out of its loop; it comes at the thread's next Python instruction.
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self._thread.ident or 0), ctypes.py_object(SystemExit)
            )

    def where(self) -> str:
        """Say what the thread does at this moment, in one line."""
        frame = sys._current_frames().get(self._thread.ident or 0)  # noqa: SLF001 - there is no other way
        if frame is None:
            return "nowhere"
        return " < ".join(f"{at.name}:{at.lineno}" for at in reversed(traceback.extract_stack(frame)[-4:]))

    # -- on the other thread

    def _live(self) -> None:
        failure: BaseException | None = None
        try:
            asyncio.set_event_loop(self._loop)
            self._loop.call_soon(self._beat)
            self._loop.run_forever()
        except BaseException as error:  # noqa: BLE001 - every way out becomes an exit
            failure = error
        with contextlib.suppress(BaseException):
            self._finish()
        with contextlib.suppress(BaseException):
            self._loop.close()
        with contextlib.suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self._ended, failure)

    def _finish(self) -> None:
        for fn in self.at_end:
            fn()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.wait(left, timeout=0.5) if left else asyncio.sleep(0))

    def _beat(self) -> None:
        self._beat_at_s = time.monotonic()
        self._loop.call_later(BEAT_S, self._beat)

    def _begin(self, crossing: _Crossing, fn: Callable[..., Coroutine[Any, Any, Any]], args: tuple[Any, ...]) -> None:
        task = crossing.task = self._loop.create_task(fn(*args))
        self._tasks.add(task)

        def over(task: asyncio.Task[Any]) -> None:
            self._tasks.discard(task)
            if task.cancelled():
                self.tell(crossing.end, None, LinkDown(f"{self.name}: given up"))
                return
            error = task.exception()
            self.tell(crossing.end, None if error else task.result(), error and self._ours(error))

        task.add_done_callback(over)

    def _ours(self, error: BaseException) -> GatewayError:
        if isinstance(error, GatewayError):
            return error
        if isinstance(error, OSError):
            return LinkDown(f"{self.name}: {error}")
        said = f"{type(error).__name__}: {error}"
        ours = RequestRefused(f"{self.name}: the request could not be made: {said}", code=-1, kind="local")
        ours.__cause__ = error
        return ours

    def _stray(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.stray_errors += 1
        self.last_stray = f"{context.get('message', '')}: {context.get('exception')!r}"

    # -- back on the trio thread

    def _ended(self, failure: BaseException | None) -> None:
        self._open = False
        self.failure = failure
        self._close_sockets()
        self._fail_all(LinkDown(f"{self.name}: the thread ended" + (f" with {failure!r}" if failure else "")))
        self.over.set()

    def _close_sockets(self) -> None:
        for one in self._sockets:
            trio.lowlevel.notify_closing(one)
            with contextlib.suppress(OSError):
                one.close()
        self._sockets.clear()

    def _fail_all(self, error: LinkDown) -> None:
        for crossing in list(self._crossings):
            crossing.end(None, error)
        self._crossings.clear()


def _cancel(crossing: _Crossing) -> None:
    if crossing.task is not None:
        crossing.task.cancel()
