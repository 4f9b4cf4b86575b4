"""Watches the clock for the store: whether it stepped, whether it is trusted; and says so, in the file and in the log."""

from __future__ import annotations

from collections.abc import Callable

import apsw

from t3actors.events import Log
from t3actors.events import history as events
from t3actors.messages import ClockStep
from t3actors.store.fence import Fence
from t3actors.store.stretches import STEP_MS, KernelClock, Stretches

PAUSE_MS = 30_000
"""So long the writer never goes without a look: it takes mail, or tidies, every few seconds."""
TOLD_WITHIN_MS = 120_000
_TRUST = "UPDATE GATEWAY SET clock_trusted = ?"


class ClockWatch:
    """One per store. Without a kernel's clock it marks nothing and never says a word."""

    def __init__(self, kernel: KernelClock | None, boot_id: str, wall_ms: Callable[[], int], log: Log) -> None:
        self._kernel = kernel
        self._boot_id = boot_id
        self._wall_ms = wall_ms
        self._log = log
        self.stretches: Stretches | None = None
        self._step: ClockStep | None = None
        self._looked_ms: int | None = None
        self._resumed: tuple[int, int] | None = None

    @property
    def is_behind_a_pause(self) -> bool:
        """Whether this process stood still just now, or its machine: what ends the values over that time is on its way, and not stored."""
        self._look_for_pauses()
        if self._kernel is None or self._resumed is None:
            return False
        resumed_ms, _ = self._resumed
        if self._kernel.machine_ms() - resumed_ms > TOLD_WITHIN_MS:
            self._resumed = None
        return self._resumed is not None

    def stored(self, batch_at_ms: int) -> None:
        """A batch that was closed then is stored; closed after a pause it brings the end of what held before."""
        self._look_for_pauses()
        if self._resumed is not None and batch_at_ms >= self._resumed[1]:
            self._resumed = None

    def _look_for_pauses(self) -> None:
        if self._kernel is not None:
            machine_ms = self._kernel.machine_ms()
            if self._looked_ms is not None and machine_ms - self._looked_ms > PAUSE_MS:
                self._resumed = machine_ms, self._wall_ms()
            self._looked_ms = machine_ms

    def take_step(self) -> ClockStep | None:
        """Take the last step that is stored, and was not taken yet; of several the one that goes furthest forward, as of now."""
        step, self._step = self._step, None
        return step

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
            not_told_ms = step_ms if self._step is None else self._step.by_ms
            self._step = ClockStep(self._wall_ms(), max(step_ms, not_told_ms))  # a little back is no way back
            self._log(events.CLOCK_STEPPED, step_s=step_s, trusted=stretches.trusted)
        if stretches.trusted and not was_trusted:
            self._log(events.CLOCK_TRUSTED, step_s=step_s)
        elif was_trusted and not stretches.trusted:
            self._log(events.CLOCK_DOUBTED, step_s=step_s)
