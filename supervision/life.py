"""One incarnation of one child, from launch to its end, or to the point where it is given up on.

Nothing here waits without a bound, and no wait for an end can be cancelled: a half-ended child is never left behind by
somebody's cancellation. Called by the supervisor and by testing.running.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

import trio

from supervision.actor import Birth
from supervision.errors import StartTimedOut, StopTimedOut, SupervisionError
from supervision.exits import Exit, ExitKind, traceback_text
from supervision.watchdog import Progress

KILL_GRACE_S = 5.0  # for a cancelled task to unwind; then it is left behind


class Body(Protocol):
    """What lives: a TrioActor, a ThreadActor, or a nested supervisor."""

    @property
    def kind(self) -> str: ...
    def launch(self, birth: Birth) -> None: ...
    def ask_stop(self) -> None: ...
    def kill(self) -> bool: ...
    def abandon(self) -> None: ...
    def progress(self) -> Progress: ...
    def stack_text(self) -> str: ...


class StartFailed(SupervisionError):
    """An incarnation ended before it was up. Internal: the supervisor says it in its own words."""

    def __init__(self, exit_: Exit) -> None:
        super().__init__(exit_.reason)
        self.exit = exit_


class Patience:
    """The right to wait; once exhausted, nobody of the supervisor waits for a child's courtesy any more."""

    def __init__(self) -> None:
        self._exhausted = False
        self._scopes: set[trio.CancelScope] = set()

    def exhaust(self) -> None:
        """Cut short every present and future wait."""
        self._exhausted = True
        for scope in self._scopes:
            scope.cancel()

    @contextmanager
    def at_most(self, seconds: float) -> Iterator[None]:
        """Bound what is inside, and only what is inside: the caller's cancellation waits."""
        with trio.CancelScope(deadline=trio.current_time() + (0 if self._exhausted else seconds)) as scope:
            self._scopes.add(scope)
            try:
                yield
            finally:
                self._scopes.discard(scope)


class Life:
    """One incarnation.

    The callbacks are called on the trio thread: `on_up(life)` when it is up; `on_gone(life)`, once, when it is over;
    `on_abandoned(life, what, stack_text)` when it or a background task of it is left behind; `on_ghost(life)` when one
    that was left behind has ended after all.
    """

    def __init__(
        self,
        body: Body,
        patience: Patience,
        *,
        on_up: Callable[[Life], None],
        on_gone: Callable[[Life], None],
        on_abandoned: Callable[[Life, str, str], None],
        on_ghost: Callable[[Life], None],
    ) -> None:
        self.body = body
        self.incarnation = 0
        self.up = False
        self.up_at_s = math.nan
        self.exit: Exit | None = None
        self.gone = trio.Event()
        self._settled = trio.Event()  # up or gone
        self._verdict: tuple[ExitKind, BaseException | None] | None = None
        self._fenced = False
        self._patience = patience
        self._on_up = on_up
        self._on_gone = on_gone
        self._on_abandoned = on_abandoned
        self._on_ghost = on_ghost

    async def begin(self, launch: Callable[[], None], timeout_s: float, stop_timeout_s: float) -> None:
        """Launch and wait until it is up. Cancelled, it ends a task at once and gives a thread, which cannot be killed,
        its stop_timeout_s. **Raises**: StartFailed; it is gone then.
        """
        try:
            launch()
        except Exception as error:  # noqa: BLE001 - an exit
            self._over(Exit(ExitKind.START_FAILED, error, traceback_text(error)))
        try:
            with trio.move_on_after(timeout_s):
                await self._settled.wait()
        except trio.Cancelled:
            if self.up:
                return  # it is too late for a cancellation, which will be met at the next checkpoint
            self._judge(ExitKind.SHUTDOWN, None)
            if self.body.kill():
                await self.put_down()
            else:
                await self.end(stop_timeout_s)
            raise
        if not self._settled.is_set():
            self._judge(ExitKind.START_FAILED, StartTimedOut(f"on_start took longer than {timeout_s} s"))
            await self.put_down()
        if not self.up and self.exit is not None:
            raise StartFailed(self.exit)

    def started(self) -> None:
        """Note that it is up. Called by the body; ignored when it is to end already."""
        if self.exit is None and self._verdict is None:
            self.up = True
            self.up_at_s = trio.current_time()
            self._on_up(self)
            self._settled.set()

    def ended(self, exit_: Exit) -> None:
        """Note that it has ended. Called by the body; ignored, but for the count, once it is given up on."""
        if self._fenced:
            self._on_ghost(self)
            return
        if not self.up and exit_.kind is ExitKind.CRASHED:
            exit_ = replace(exit_, kind=ExitKind.START_FAILED)
        if self._verdict is not None and exit_.kind is not ExitKind.IGNORED:
            kind, cause = self._verdict
            exit_ = replace(exit_, kind=kind, cause=cause or exit_.cause)
        if exit_.tasks_left:
            self._on_abandoned(self, "task", exit_.traceback_text)
        self._over(exit_)

    async def end(self, timeout_s: float) -> None:
        """Ask it to stop; after timeout_s put it down."""
        with trio.CancelScope(shield=True):
            if not self.gone.is_set():
                self.body.ask_stop()
                with self._patience.at_most(timeout_s):
                    await self.gone.wait()
            if not self.gone.is_set():
                self._judge(ExitKind.KILLED, StopTimedOut(f"it did not stop within {timeout_s} s"))
                await self.put_down()

    async def put_down(self, kind: ExitKind | None = None, cause: BaseException | None = None) -> None:
        """Cancel it; leave it behind when even that does not help. `kind` and `cause` go into its exit."""
        if kind is not None:
            self._judge(kind, cause)
        with trio.CancelScope(shield=True):
            if not self.gone.is_set() and self.body.kill():
                with trio.move_on_after(KILL_GRACE_S):
                    await self.gone.wait()
            if not self.gone.is_set():
                self._leave_behind()

    def _judge(self, kind: ExitKind, cause: BaseException | None) -> None:
        if self._verdict is None and self.exit is None:
            self._verdict = (kind, cause)

    def _leave_behind(self) -> None:
        self._fenced = True
        stack_text = self.body.stack_text()
        kind, cause = self._verdict or (ExitKind.KILLED, None)
        try:
            self.body.abandon()
        except Exception as error:  # noqa: BLE001 - an exit: on_abandon is the child's own code
            cause = cause or error
        self._on_abandoned(self, self.body.kind, stack_text)
        self._over(Exit(kind, cause, stack_text))

    def _over(self, exit_: Exit) -> None:
        if self.exit is None:
            self.exit = exit_
            self._on_gone(self)
            self.gone.set()
            self._settled.set()
