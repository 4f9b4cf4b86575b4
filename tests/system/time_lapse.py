"""Months in seconds: a whole gateway on a clock that jumps, though its writer is a thread, and with a day's routine less often.

The loop's clock jumps to the next deadline when every task waits, no thread has work, and nothing is on its way between
them. What the gateway does by the second or the minute (looks at ages, heartbeats, health, summaries) it does by the hour here: the
months would be a million ticks else. What it does by the day, or when something happens, it does as ever.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from supervision.inbox import ThreadInbox
from t3actors import clock as wall
from t3actors import pauses, pipeline, specs
from t3actors.collect import device
from t3actors.collect.bacnet.cov import pieces, wanted
from t3actors.collect.bacnet.rare import alarm_rounds, rarely
from t3actors.collect.life import Life
from t3actors.detect import delivery, detector
from t3actors.store import clockwatch, writer
from t3actors.store.writer import DatabaseWriter, Pulse, Tidy
from t3actors.watch import health, parts
from t3actors.watch.api import server
from t3actors.watch.summary import Summary

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
BEGINS_MS = 1_767_225_600_000  # 2026-01-01T00:00Z
TIDIES_EVERY_S = HOUR_S
MAILS = 3  # to tidy, each time
LOOKS_AGAIN_S = 0.005


class _CountedInbox(ThreadInbox):
    """Knows whether its reader has nothing to do: it asks for the one after all that were ever put."""

    __slots__ = ("_asked", "_idle", "_lock", "_put", "_reader")

    def __init__(self) -> None:
        super().__init__()
        self._asked = self._put = 0
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._reader: threading.Thread | None = None

    @property
    def is_busy(self) -> bool:
        return not self._idle.is_set() and not self.is_over

    @property
    def is_over(self) -> bool:
        return self._reader is not None and not self._reader.is_alive()

    def wait(self) -> None:
        self._idle.wait(LOOKS_AGAIN_S)

    def put(self, envelope: Any, /) -> None:
        self._count_put()
        super().put(envelope)

    def release(self) -> None:
        self._count_put()
        super().release()

    def get(self) -> Any:
        with self._lock:
            self._reader = threading.current_thread()
            self._asked += 1
            if self._asked == self._put + 1:
                self._idle.set()
        return super().get()

    def _count_put(self) -> None:
        with self._lock:
            self._put += 1
            self._idle.clear()


class TimeLapse:
    """The clock of a test, and all that has to follow it. `clock` is what trio is to run on."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.clock = MockClock(autojump_threshold=0)
        self._inboxes: list[_CountedInbox] = []
        self._calls = 0
        self._crept_s = 0.0
        jump = self.clock._autojump  # type: ignore[attr-defined]

        def jump_if_idle() -> None:
            self._inboxes = [box for box in self._inboxes if not box.is_over]
            busy = next((box for box in self._inboxes if box.is_busy), None)
            if busy is not None:
                busy.wait()
            elif not self._calls and not trio.lowlevel.current_statistics().run_sync_soon_queue_size:
                jump()

        patch.setattr(self.clock, "_autojump", jump_if_idle)
        patch.setattr("supervision.actor.threads.ThreadInbox", self._inbox)
        patch.setattr(trio.to_thread, "run_sync", self._counted(trio.to_thread.run_sync))
        patch.setattr(time, "monotonic", self._monotonic)
        patch.setattr(wall, "wall_ms", self.wall_ms)
        patch.setattr(wall, "machine_ms", lambda: int(self.clock.current_time() * 1000))
        patch.setattr(wall, "is_trusted", lambda: True)
        patch.setattr(DatabaseWriter, "_beat", lambda _writer: None)
        _by_the_hour(patch)

    def _monotonic(self) -> float:
        """It creeps by a microsecond each time it is read: who waits for the last digit would wait for ever else."""
        self._crept_s += 0.000_001
        return self.clock.current_time() + self._crept_s

    def wall_ms(self) -> int:
        """The wall clock."""
        return BEGINS_MS + int(self.clock.current_time() * 1000)

    async def keep_the_writer_tidy(self, send: Callable[[str, object], object]) -> None:
        """Stand in for the writer's own pulse, which runs on the real clock."""
        while True:
            await trio.sleep(TIDIES_EVERY_S)
            send("writer", Pulse())
            for _ in range(MAILS):
                send("writer", Tidy())

    def _inbox(self) -> _CountedInbox:
        box = _CountedInbox()
        self._inboxes.append(box)
        return box

    def _counted(self, run_sync: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @wraps(run_sync)
        async def counted(*args: Any, **kwargs: Any) -> Any:
            self._calls += 1
            try:
                return await run_sync(*args, **kwargs)
            finally:
                self._calls -= 1

        return counted


def _by_the_hour(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(pipeline, "LOOP_STALL_LIMIT_S", 4 * HOUR_S)
    patch.setattr(detector, "TICKS_S", (HOUR_S / 2, HOUR_S / 2))
    patch.setattr(pauses, "EVERY_S", HOUR_S / 2)
    patch.setattr(pauses, "LIMIT_S", 4 * HOUR_S)
    patch.setattr(clockwatch, "PAUSE_MS", 4 * HOUR_S * 1000)
    patch.setattr(delivery, "PROGRESS_EVERY_S", HOUR_S)
    patch.setattr(delivery, "ACKNOWLEDGED_WITHIN_S", HOUR_S)
    patch.setattr(health, "LOOK_EVERY_S", HOUR_S)
    patch.setattr(server, "LOOK_EVERY_S", HOUR_S)
    patch.setattr(parts, "STORES_WITHIN_S", 4 * HOUR_S)
    patch.setattr(parts, "LOOKS_WITHIN_S", 4 * HOUR_S)
    patch.setitem(Life.__init__.__kwdefaults__, "longest_pause_s", HOUR_S / 2)
    patch.setattr(device, "PROGRESS_WITHIN_S", 4 * HOUR_S)
    patch.setattr(writer, "RETRY_S", 0.0)
    patch.setattr(rarely, "TABLES_EVERY_S", 3 * DAY_S)
    patch.setattr(alarm_rounds, "EVERY_S", DAY_S / 2)
    patch.setattr(pieces, "LOOK_IN_S", HOUR_S)
    patch.setattr(wanted, "CHOOSE_EVERY_S", HOUR_S)
    patch.setitem(Summary.__init__.__kwdefaults__, "every_s", HOUR_S)
    defaults = specs.actor_spec.__kwdefaults__
    patch.setitem(defaults, "one_message_within_s", 4 * HOUR_S)
