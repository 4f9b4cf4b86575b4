"""One call at a time through a door, in the order they came, and a close that does not wait for them.

**Thread**: the trio loop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from t3actors.errors import LinkDown


class Turns:
    """Whose turn it is."""

    def __init__(self) -> None:
        self._lock = trio.Lock()
        self._scope: trio.CancelScope | None = None
        self._closings = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for those who asked before, then have the door alone.

        **Raises**: LinkDown when the door is closed before the end of the turn.
        """
        async with self._lock:
            with trio.CancelScope() as scope:
                self._scope = scope
                if self._closings:
                    scope.cancel()
                yield
            if scope.cancelled_caught:
                raise LinkDown("the door was closed")

    @asynccontextmanager
    async def closing(self) -> AsyncIterator[None]:
        """End the turn under way and those that wait, then have the door alone; not cancelled meanwhile."""
        self._closings += 1
        if self._scope is not None:
            self._scope.cancel()
        try:
            with trio.CancelScope(shield=True):
                async with self._lock:
                    yield
        finally:
            self._closings -= 1
