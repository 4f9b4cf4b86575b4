"""A nested supervisor as its parent's child: the same surface as an actor's, so that the parent treats both alike."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Protocol

import trio

from supervision.actor import Birth
from supervision.exits import Exit, ExitKind, crashed, only_cancelled
from supervision.watchdog import Progress


class Runs(Protocol):
    """What is needed of a supervisor."""

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None: ...
    def request_stop(self) -> None: ...
    def hurry(self) -> None: ...


class Subtree:
    """Runs a supervisor in a task of its own and reports how it ended."""

    kind = "supervisor"

    def __init__(self, supervisor: Runs) -> None:
        self.supervisor = supervisor
        self._scope = trio.CancelScope()
        self._asked_to_stop = False
        self._started: Callable[[], None] = lambda: None

    def launch(self, birth: Birth) -> None:
        """Start the task. A system task: the parent stops it in its turn, not by its own cancellation."""
        self._started = birth.started
        trio.lowlevel.spawn_system_task(
            self._live, birth.ended, name=f"supervisor {birth.name}", context=contextvars.copy_context()
        )

    def started(self, _value: None = None) -> None:
        """Note that the static children are up (this object is the supervisor's task_status)."""
        self._started()

    def ask_stop(self) -> None:
        """Ask it to stop its children and end."""
        self._asked_to_stop = True
        self.supervisor.request_stop()

    def kill(self) -> bool:
        """Ask it to be quick about it: no child is waited for. **Returns**: True, it will end."""
        self.ask_stop()
        self.supervisor.hurry()
        return True

    def abandon(self) -> None:
        """Cancel what is left of it."""
        self._scope.cancel()

    def progress(self) -> Progress:
        """Nothing is expected of it: its children are watched by itself."""
        return Progress()

    def stack_text(self) -> str:
        """Say nothing: its children are reported by itself."""
        return ""

    async def _live(self, ended: Callable[[Exit], None]) -> None:
        error: BaseException | None = None
        with self._scope:
            try:
                await self.supervisor.run(task_status=self)
            except BaseException as caught:  # noqa: BLE001 - every way out becomes an exit
                error = caught
        if error is None:
            ended(Exit(ExitKind.SHUTDOWN if self._asked_to_stop else ExitKind.NORMAL))
        elif only_cancelled(error):
            ended(Exit(ExitKind.KILLED))
        else:
            ended(crashed(error))
