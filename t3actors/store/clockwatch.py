"""Watches the clock for the store: whether it stepped, whether it is trusted; and says so, in the file and in the log."""

from __future__ import annotations

from collections.abc import Callable

import apsw

from t3actors.events import Log
from t3actors.events import history as events
from t3actors.store.fence import Fence
from t3actors.store.stretches import STEP_MS, KernelClock, Stretches

_TRUST = "UPDATE GATEWAY SET clock_trusted = ?"


class ClockWatch:
    """One per store. Without a kernel's clock it marks nothing and never says a word."""

    def __init__(self, kernel: KernelClock | None, boot_id: str, wall_ms: Callable[[], int], log: Log) -> None:
        self._kernel = kernel
        self._boot_id = boot_id
        self._wall_ms = wall_ms
        self._log = log
        self.stretches: Stretches | None = None

    @property
    def mark_of(self) -> Callable[[int], int] | None:
        """What says how a sample of some time is to be marked; None when none is."""
        return None if self.stretches is None or self.stretches.all_trusted else self.stretches.mark_of

    def begin(self, connection: apsw.Connection) -> None:
        """Begin a stretch, in the transaction that takes the database over."""
        if self._kernel is not None:
            self.stretches = Stretches(connection, self._boot_id, self._kernel, self._wall_ms)

    def look(self, connection: apsw.Connection, fence: Fence) -> None:
        """Look at the clock; where something has changed, a transaction of its own says it. **Raises**: apsw.Error."""
        stretches = self.stretches
        if stretches is None or not stretches.has_changed():
            return
        was_trusted = stretches.trusted
        with fence.transaction(connection):
            step_ms = stretches.begin_anew()
            connection.execute(_TRUST, (stretches.trusted,))
        step_s = round(step_ms / 1000, 1)
        if abs(step_ms) > STEP_MS:
            self._log(events.CLOCK_STEPPED, step_s=step_s, trusted=stretches.trusted)
        if stretches.trusted and not was_trusted:
            self._log(events.CLOCK_TRUSTED, step_s=step_s)
        elif was_trusted and not stretches.trusted:
            self._log(events.CLOCK_DOUBTED, step_s=step_s)
