"""Asks devices for one poll now, and collects what came of it."""

from __future__ import annotations

from collections.abc import Sequence

import trio

from supervision.actor import TrioActor
from t3actors.messages import SyncFinished, SyncRequested


class SyncCollector(TrioActor):
    """Asks each device once on start; `results` is complete when `finished` is set. A device that has no actor fails at once."""

    def __init__(self, role: str, devices: Sequence[str]) -> None:
        super().__init__()
        self._role = role
        self._devices = tuple(devices)
        self.results: dict[str, SyncFinished] = {}
        self.finished = trio.Event()

    async def on_start(self) -> None:
        """Ask every device."""
        for number, device in enumerate(self._devices):
            if not self.send(f"device/{device}", SyncRequested(request_id=number, reply_to=self._role)):
                nobody = "no actor polls this device now"
                failed = SyncFinished(request_id=number, device=device, points_ok=0, points_failed=0, error=nobody)
                self._note(failed)
        self._look()

    async def on_receive(self, message: object) -> None:
        """Note one device's answer."""
        if isinstance(message, SyncFinished):
            self._note(message)
            self._look()

    def _note(self, finished: SyncFinished) -> None:
        self.results[finished.device] = finished

    def _look(self) -> None:
        if len(self.results) >= len(self._devices):
            self.finished.set()
