"""Two inboxes: one wakes a trio task from any thread, one blocks a thread. No message is ever lost unseen.

Closing an inbox hands every envelope left in it, and every later one, to `refuse`, so that an ask is never left
without an answer: whoever appends looks at `_refuse` afterwards, and the closer sets `_refuse` before it drains, so one
of the two finds each envelope. Called by actor/ only.
"""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable
from threading import get_ident
from typing import Any

import trio

Refuse = Callable[[Any], bool]  # takes an envelope; says whether it counts as dropped mail


class LoopInbox:
    """The inbox of an actor that is a trio task."""

    __slots__ = ("_queue", "_refuse", "_sleeper", "_thread", "_token")

    def __init__(self) -> None:
        self._queue: deque[Any] = deque()
        self._refuse: Refuse | None = None
        self._sleeper: trio.lowlevel.Task | None = None
        self._token: trio.lowlevel.TrioToken | None = None
        self._thread = 0

    def bind(self) -> None:
        """Remember the running loop. **Thread**: trio."""
        self._token = trio.lowlevel.current_trio_token()
        self._thread = get_ident()

    def put(self, envelope: Any, /) -> None:
        """Add an envelope and wake the actor. **Thread**: any."""
        self._queue.append(envelope)
        if self._refuse is not None:
            self._drain(self._refuse)
        elif self._sleeper is not None:
            if get_ident() == self._thread:
                self._wake()
            elif self._token is not None:
                try:
                    self._token.run_sync_soon(self._wake, idempotent=True)
                except trio.RunFinishedError:
                    return

    def pop(self) -> Any:
        """Take the oldest envelope, or None when there is none."""
        return self._queue.popleft() if self._queue else None

    def get(self) -> Any:
        """Take the oldest envelope (pykka's own name for it)."""
        return self._queue.popleft()

    def empty(self) -> bool:
        """Say whether nothing waits."""
        return not self._queue

    def size(self) -> int:
        """Count what waits."""
        return len(self._queue)

    async def wait(self) -> None:
        """Return when something waits. Only the actor's own task may call this."""
        # The sleeper is noted before the queue is looked at again: a thread that appends in between sees it.
        self._sleeper = trio.lowlevel.current_task()
        if self._queue:
            self._sleeper = None
            await trio.lowlevel.checkpoint()
            return
        await trio.lowlevel.wait_task_rescheduled(self._abort)

    def close(self, refuse: Refuse) -> int:
        """Refuse all that waits and all that will come. **Returns**: how many counted as dropped mail."""
        self._refuse = refuse
        return self._drain(refuse)

    def _abort(self, _raise_cancel: object) -> trio.lowlevel.Abort:
        self._sleeper = None
        return trio.lowlevel.Abort.SUCCEEDED

    def _wake(self) -> None:
        sleeper, self._sleeper = self._sleeper, None
        if sleeper is not None:
            trio.lowlevel.reschedule(sleeper)

    def _drain(self, refuse: Refuse) -> int:
        dropped = 0
        while True:
            try:
                envelope = self._queue.popleft()
            except IndexError:
                return dropped
            dropped += refuse(envelope)


class ThreadInbox:
    """The inbox of an actor that is a thread."""

    __slots__ = ("_queue", "_refuse")

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._refuse: Refuse | None = None

    def put(self, envelope: Any, /) -> None:
        """Add an envelope and wake the actor. **Thread**: any."""
        self._queue.put(envelope)
        if self._refuse is not None:
            self._drain(self._refuse)

    def get(self) -> Any:
        """Wait for an envelope and take it; None when the reader is let go."""
        return self._queue.get()

    def release(self) -> None:
        """Let a closed inbox's reader go: it gets None."""
        self._queue.put(None)

    def empty(self) -> bool:
        """Say whether nothing waits."""
        return self._queue.empty()

    def size(self) -> int:
        """Count what waits, about."""
        return self._queue.qsize()

    def close(self, refuse: Refuse) -> int:
        """Refuse all that waits and all that will come. **Returns**: how many counted as dropped mail."""
        self._refuse = refuse
        return self._drain(refuse)

    def _drain(self, refuse: Refuse) -> int:
        dropped = 0
        while True:
            try:
                envelope = self._queue.get_nowait()
            except queue.Empty:
                return dropped
            if envelope is None:  # it is the reader's, who may not have woken up yet
                self._queue.put(None)
                return dropped
            dropped += refuse(envelope)
