"""`t3actors run --once`: polls everybody once. Who is known is polled at once, who is found as soon as he is."""

from __future__ import annotations

from collections.abc import Sequence

import click
import trio

from supervision.errors import NotRunning
from t3actors.messages import SyncFinished
from t3actors.pipeline import Gateway

LOOKS_EVERY_S = 0.5
"""How soon after it was found a device is polled: long before it could be taken for silent."""


class Once:
    """Thread: trio. What came of it is told on standard error as it comes."""

    def __init__(self, gateway: Gateway) -> None:
        self.results: list[SyncFinished] = []
        self.trouble = ""
        """Why not everybody was found."""
        self._gateway = gateway
        self._asked: set[str] = set()
        self._under_way = 0
        self._searches = True
        self._is_whole = True
        self._happened = trio.Event()

    @property
    def failed(self) -> bool:
        """Whether anything did, or there was nobody."""
        some = any(result.error or result.points_failed for result in self.results)
        return some or bool(self.trouble) or not self.results or not self._is_whole

    async def all(self, nursery: trio.Nursery) -> None:
        """Poll everybody; return when the search is over and all that was begun is. `nursery`: what is begun runs there."""
        nursery.start_soon(self._search)
        while True:
            was_over = not self._searches
            new = [name for name in self._gateway.control.polled() if name not in self._asked]
            if new:
                self._asked.update(new)
                self._under_way += 1
                nursery.start_soon(self._sync, new)
            elif was_over and not self._under_way:
                return
            self._happened = trio.Event()
            with trio.move_on_after(LOOKS_EVERY_S):
                await self._happened.wait()

    async def _search(self) -> None:
        self.trouble = await self._gateway.search()
        self._searches = False
        self._happened.set()

    async def _sync(self, names: Sequence[str]) -> None:
        try:
            results = await self._gateway.sync(names)
        except NotRunning:  # it stops: nobody will answer any more
            results, self._is_whole = [], False
        self.results += results
        for result in results:
            _tell(result.device, result.points_ok, result.points_failed, result.error)
        self._under_way -= 1
        self._happened.set()


def _tell(device: str, points_ok: int, points_failed: int, error: str) -> None:
    outcome = error or f"{points_ok} points ok, {points_failed} failed"
    click.echo(f"{device}: {outcome}", err=True)
