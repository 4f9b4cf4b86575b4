"""Live: hears from the detector what was stored, and hands it to those who listen (fanout.py). Role "live"."""

from __future__ import annotations

import trio

from supervision.actor import TrioActor
from t3actors.questions import ChangesStored
from t3actors.watch.fanout import Fanout


class Live(TrioActor):
    """The detector never waits for it: its mail is a batch a second."""

    def __init__(self, fanout: Fanout) -> None:
        super().__init__()
        self._fanout = fanout

    def on_start(self) -> None:
        """Whoever listened to an earlier life may have missed something."""
        if self.incarnation > 1:
            self._fanout.lost_track()

    async def on_receive(self, message: object) -> None:
        """Hand on what was stored."""
        if isinstance(message, ChangesStored) and len(self._fanout):
            for _ in self._fanout.hand_on(message.batch, message.dropped, message.conflicts):
                await trio.lowlevel.checkpoint()
