"""Asks devices for one poll now, and collects what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import trio
from msgspec.structs import replace

from supervision.actor import TrioActor
from supervision.errors import NotFound, NotRunning
from supervision.spec import ChildSpec, Restart
from supervision.supervisor import Supervisor
from t3actors.messages import EventHappened, SyncFinished, SyncRequested

ANSWERED_WITHIN_S = 120.0


def usual_patience(_device: str) -> float:
    """How long a device's poll may take: seconds."""
    return ANSWERED_WITHIN_S


class SyncCollector(TrioActor):
    """Asks each device once on start; `results` is complete when `finished` is set.

    A device that has no actor fails at once; one that does not answer `within_s` (its actor crashed meanwhile) fails then.
    """

    def __init__(self, role: str, devices: Sequence[str], within_s: Callable[[str], float] = usual_patience) -> None:
        super().__init__()
        self._role = role
        self._devices = tuple(devices)
        self._within_s = within_s
        self.results: dict[str, SyncFinished] = {}
        self.finished = trio.Event()

    async def on_start(self) -> None:
        """Ask every device."""
        for number, device in enumerate(self._devices):
            if not self.send(f"device/{device}", SyncRequested(request_id=number, reply_to=self._role)):
                self._note(_failed(number, device, "no actor polls this device now"))
        self._look()
        for within_s in {self._within_s(device) for device in self._devices}:
            self.spawn(self._lose_patience, within_s)

    async def on_receive(self, message: object) -> None:
        """Note one device's answer."""
        if isinstance(message, SyncFinished):
            self._note(message)
            self._look()

    async def _lose_patience(self, within_s: float) -> None:
        await trio.sleep(within_s)
        for number, device in enumerate(self._devices):
            if device not in self.results and self._within_s(device) <= within_s:
                self._note(_failed(number, device, f"its poll had not ended after {within_s:g} s"))
        self._look()

    def _note(self, finished: SyncFinished) -> None:
        """One actor may speak for several devices (a T3000's for its panels): the answer goes to the name that was asked."""
        if 0 <= finished.request_id < len(self._devices):
            name = self._devices[finished.request_id]
            self.results[name] = replace(finished, device=name)

    def _look(self) -> None:
        if len(self.results) >= len(self._devices):
            self.finished.set()


class Syncs:
    """Runs such collectors, each as a child of `pool`; `tell` takes a row for EVENTS per device. Thread: the trio loop."""

    def __init__(
        self,
        pool: Callable[[], Supervisor],
        tell: Callable[[EventHappened], object],
        wall_ms: Callable[[], int],
        within_s: Callable[[str], float] = usual_patience,
    ) -> None:
        self._within_s = within_s
        self._pool = pool
        self._tell = tell
        self._wall_ms = wall_ms
        self._asked = 0

    async def run(self, devices: Sequence[str]) -> list[SyncFinished]:
        """Poll each device once, now; return what came of it, in their order, within the longest patience."""
        self._asked += 1
        role = f"sync/{self._asked}"
        collector = SyncCollector(role, devices, self._within_s)
        pool = self._pool()
        await pool.start_child(ChildSpec(role, lambda: collector, restart=Restart.TEMPORARY))
        try:
            await collector.finished.wait()
        finally:
            with trio.CancelScope(shield=True), suppress(NotFound, NotRunning):
                await pool.stop_child(role)
        results = [collector.results[name] for name in devices]
        for result in results:
            self._tell(row_of(result, self._wall_ms()))
        return results


def row_of(finished: SyncFinished, at_ms: int) -> EventHappened:
    """Word a device's sync for the EVENTS table."""
    counts = f"{finished.points_ok} points ok, {finished.points_failed} failed"
    reason = f"{counts}: {finished.error}" if finished.error else counts
    return EventHappened(at_ms=at_ms, event="sync.finished", device=finished.device, reason=reason)


def _failed(number: int, device: str, error: str) -> SyncFinished:
    return SyncFinished(request_id=number, device=device, points_ok=0, points_failed=0, error=error)
