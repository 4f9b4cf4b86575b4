"""Who is late, and whether the loop itself still turns.

The first half is pure: what a child says about its progress, and the time, give its lateness. The second half is a daemon
thread, because a loop that is stuck cannot notice that itself.
"""

from __future__ import annotations

import math
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

import trio

from supervision.errors import BadSpec
from supervision.events import Event, LoopResumed, LoopStalled

STOOD_STILL_S = 1.0
HEARD_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Progress:
    """Since when a child works on its message (None: it is idle), and by when it promised to be heard of."""

    busy_since_s: float | None = None
    due_s: float | None = None


@dataclass(frozen=True, slots=True)
class Late:
    """A deadline that has passed: `what` is "message" or "deadline"."""

    what: str
    by_s: float


def deadline_s(progress: Progress, heartbeat_timeout_s: float | None) -> float:
    """Return the time after which the child is late; infinity when nothing is expected of it now."""
    busy_until_s = math.inf
    if heartbeat_timeout_s is not None and progress.busy_since_s is not None:
        busy_until_s = progress.busy_since_s + heartbeat_timeout_s
    return min(busy_until_s, math.inf if progress.due_s is None else progress.due_s)


def lateness(progress: Progress, heartbeat_timeout_s: float | None, now_s: float) -> Late | None:
    """Say how late a child is: None before its deadline, 0 or more from that very moment on."""
    limit_s = deadline_s(progress, heartbeat_timeout_s)
    if now_s < limit_s:
        return None
    return Late("deadline" if progress.due_s == limit_s else "message", now_s - limit_s)


def next_look_s(progress: Progress, heartbeat_timeout_s: float | None, now_s: float) -> float:
    """Return the earliest time at which the child can have become late, if nothing is heard of it until then."""
    limit_s = deadline_s(progress, heartbeat_timeout_s)
    if heartbeat_timeout_s is not None and progress.busy_since_s is None:
        limit_s = min(limit_s, now_s + heartbeat_timeout_s)
    return limit_s


def patience_s(due_s: float, now_s: float) -> float:
    """Return how long nobody is to be judged when a look that was due at `due_s` comes only now.

    Then the loop itself stood still (a stopped process, a busy machine), and nobody could be heard of meanwhile. As long as it did, within
    bounds: a child that hangs is found all the same.
    """
    behind_s = now_s - due_s
    return min(behind_s, HEARD_WITHIN_S) if behind_s > STOOD_STILL_S else 0.0


class StallJudge:
    """Pure: turns ticks and looks into one LoopStalled per stall and one LoopResumed after it."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._stalled_since_s: float | None = None

    def look(self, last_tick_s: float, now_s: float, stack_text: Callable[[], str]) -> Event | None:
        """Judge one moment. `stack_text` is only called when a stall begins."""
        since_s = self._stalled_since_s
        if since_s is not None:
            if last_tick_s == since_s:
                return None
            self._stalled_since_s = None
            return LoopResumed(last_tick_s - since_s)
        if now_s - last_tick_s <= self._limit_s:
            return None
        self._stalled_since_s = last_tick_s
        return LoopStalled(now_s - last_tick_s, stack_text())


class LoopWatchdog:
    """Notices from a thread of its own that the trio loop has not turned for `limit_s`.

    `on_event` is called on that thread. Real time is used, never the loop's (mockable) clock.
    """

    def __init__(self, limit_s: float, on_event: Callable[[Event], None]) -> None:
        if not 0 < limit_s < math.inf:
            raise BadSpec(f"loop watchdog limit_s is {limit_s!r}; it must be more than 0, and finite")
        self.event_errors = 0
        self._every_s = limit_s / 4
        self._on_event = on_event
        self._judge = StallJudge(limit_s)
        self._over = threading.Event()
        self._last_tick_s = 0.0
        self._loop_thread = 0

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> NoReturn:
        """Tick until cancelled."""
        self._over.clear()
        self._loop_thread = threading.get_ident()
        self._last_tick_s = time.monotonic()
        threading.Thread(target=self._watch, name="loop watchdog", daemon=True).start()
        task_status.started()
        try:
            while True:
                self._last_tick_s = time.monotonic()
                await trio.sleep(self._every_s)
        finally:
            self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(self._every_s):
            event = self._judge.look(self._last_tick_s, time.monotonic(), self._stack_text)
            if event is not None:
                try:
                    self._on_event(event)
                except Exception:  # noqa: BLE001 - a listener's fault must not end the watch
                    self.event_errors += 1

    def _stack_text(self) -> str:
        frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001 - there is no other way
        return "" if frame is None else "".join(traceback.format_stack(frame))
