"""Reads the configuration of every panel's trend logs once after the start, slowly. Thread: the trio loop.

The seed: 5 s after the start, and 500 ms between panels. A panel that joins later, or did not answer, has its turn later.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from msgspec.structs import replace

from t3actors.collect.t3000.door import Door
from t3actors.collect.t3000.known_panels import KnownPanels
from t3actors.collect.t3000.panel import Panel
from t3actors.collect.t3000.trend_logs import decode_trend_logs
from t3actors.errors import DriverError
from t3actors.messages import ObjectsRead

FIRST_AFTER_S = 5.0
APART_S = 0.5
AGAIN_AFTER_S = 300.0


class TrendLogRound:
    """Whose trend logs are read already, and when the next panel has its turn."""

    def __init__(self, door: Door, wall_ms: Callable[[], int]) -> None:
        self.due_s = math.inf
        self._door = door
        self._wall_ms = wall_ms
        self._read: set[int] = set()
        self._failed_at_s: dict[int, float] = {}

    def cycle_ended(self, panels: KnownPanels, now_s: float) -> None:
        """See whether a panel has its turn, and when."""
        if self.due_s == math.inf and self._next(panels, now_s) is not None:
            self.due_s = now_s + FIRST_AFTER_S

    async def step(self, panels: KnownPanels, now_s: Callable[[], float]) -> None:
        """Ask one panel."""
        turn = self._next(panels, now_s())
        if turn is not None:
            serial, panel = turn
            try:
                await self._ask(serial, panel)
            except DriverError as error:
                self._failed_at_s[serial] = now_s()
                panel.work_failed(str(error), AGAIN_AFTER_S)
        self.due_s = math.inf if self._next(panels, now_s()) is None else now_s() + APART_S

    async def _ask(self, serial: int, panel: Panel) -> None:
        facts = panel.facts
        answer = await self._door.trend_logs(
            facts.panel_id or 0, serial_number=facts.serial_number, object_instance=facts.object_instance
        )
        self._read.add(serial)
        if answer is not None:
            logs = decode_trend_logs(answer.body, facts.panel_id or 0, facts.serial_number)
            if logs.certain:  # else they are those of the panel on T3000's screen
                complete = not logs.unread
                at_ms = self._wall_ms()
                rows = tuple(replace(row, ffi_synced=1, last_ffi_sync=at_ms) for row in logs.rows)
                panel.tell(ObjectsRead(device=panel.name, at_ms=at_ms, table="TRENDLOGS", rows=rows, complete=complete))

    def _next(self, panels: KnownPanels, now_s: float) -> tuple[int, Panel] | None:
        for serial, panel in panels:
            failed_at_s = self._failed_at_s.get(serial, -math.inf)
            if (
                panel.answer is not None
                and not panel.misses
                and serial not in self._read
                and now_s >= failed_at_s + AGAIN_AFTER_S
            ):
                return serial, panel
        return None
