"""Follows a cycle's groups until the writer has stored them: what it counted is logged, and whoever waits is told. Thread: trio."""

from __future__ import annotations

import trio
from msgspec.structs import asdict

from t3actors.cycles import CycleStored
from t3actors.events import Log
from t3actors.events.t3000 import CYCLE_STORED


class StoredCycles:
    """The groups of the present cycle that are not stored yet, in their order: with one, all before it are stored.

    For a writer that is behind is told of several as one, and then names the last alone.
    """

    def __init__(self, device: str, log: Log) -> None:
        self.begun = 0
        self.last = ""
        """The group of the present cycle that was begun last."""
        self._device = device
        self._log = log
        self._waiting: dict[str, None] = {}
        self._changed = trio.Event()

    def begin_cycle(self) -> None:
        """Nobody waits for an earlier cycle any more."""
        self.begun, self.last = 0, ""
        self._waiting.clear()

    def begin(self, group: str) -> None:
        """A group is on its way."""
        self.begun += 1
        self.last = group
        self._waiting[group] = None

    def note(self, stored: CycleStored) -> None:
        """The writer has it."""
        if stored.group in self._waiting:
            at = list(self._waiting).index(stored.group)
            self._waiting = dict.fromkeys(list(self._waiting)[at + 1 :])
        self._log(
            CYCLE_STORED,
            device=self._device,
            group=stored.group,
            panels=[asdict(count) for count in stored.panels],
            inputs=sum(count.inputs for count in stored.panels),
            outputs=sum(count.outputs for count in stored.panels),
            variables=sum(count.variables for count in stored.panels),
            samples=sum(count.samples for count in stored.panels),
            took_ms=round(stored.took_s * 1000, 1),
        )
        changed, self._changed = self._changed, trio.Event()
        changed.set()

    async def all_within(self, seconds: float) -> bool:
        """Wait until all of the present cycle is stored; False when it is not in time."""
        with trio.move_on_after(seconds):
            while self._waiting:
                await self._changed.wait()
        return not self._waiting
