"""Who-Is on its way out: at most QUESTIONS_AT_ONCE of them; the answers come of their own accord. Thread: the trio loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from t3actors.collect.bacnet.codec import services
from t3actors.collect.bacnet.link.requests import Pending, WhoIs
from t3actors.errors import DriverError, NotSent
from t3actors.stations import Station

if TYPE_CHECKING:
    from t3actors.collect.bacnet.link.stack import Stack

QUESTIONS_AT_ONCE = 16
Put = Callable[["Stack", Station, bytes, Pending], Awaitable[None]]


class Questions:
    """Those under way."""

    def __init__(self, spawn: Callable[[Put, Stack, Station, bytes, Pending], None]) -> None:
        """`spawn` runs a task that ends with the link."""
        self._spawn = spawn
        self._under_way: set[Pending] = set()

    def ask(self, stack: Stack, to: Station, request: WhoIs) -> Pending:
        """Send it; answered once it is out."""
        pending = Pending()
        if len(self._under_way) >= QUESTIONS_AT_ONCE:
            pending.fail(NotSent(f"{QUESTIONS_AT_ONCE} Who-Is are under way already"))
        else:
            self._under_way.add(pending)
            self._spawn(self._put, stack, to, services.who_is(request.low, request.high), pending)
        return pending

    def fail_all(self, error: DriverError) -> None:
        """Leave nobody waiting."""
        for pending in self._under_way:
            pending.fail(error)
        self._under_way.clear()

    async def _put(self, stack: Stack, to: Station, data: bytes, pending: Pending) -> None:
        try:
            await stack.tell(to, services.WHO_IS, data)
        except DriverError as error:
            pending.fail(error)
        else:
            pending.succeed(None)
        self._under_way.discard(pending)
