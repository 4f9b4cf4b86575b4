"""Children that are added while a tree runs, kept in it: a supervisor that is started anew begins with its specification alone.

Who adds children to a pool that could be restarted by its parent adds them here and runs `keep`; what was added to a pool that came
up again without it is started there again. A child that somebody stopped, or whose restart is pending, is left as it is.
"""

from __future__ import annotations

from contextlib import suppress

import trio

from supervision.errors import AlreadyPresent, AlreadyStarted, ChildStartFailed, NotFound, NotRunning
from supervision.spec import ChildSpec
from supervision.supervisor import Supervisor

LOOK_EVERY_S = 2.0


class Additions:
    """What was added to the supervisors below one root. Bounded by what is added. **Thread**: trio."""

    def __init__(self, root: Supervisor) -> None:
        self._root = root
        self._added: dict[str, tuple[str, ChildSpec]] = {}

    async def add(self, pool: str, spec: ChildSpec) -> None:
        """Start a child below the supervisor at this path, and keep it there; one that is there already is none the less kept.

        **Raises**: ChildStartFailed, NotFound, NotRunning; it is not added then.
        """
        with suppress(AlreadyStarted, AlreadyPresent):
            await self._root.find(pool).start_child(spec)
        self._added[spec.name] = (pool, spec)

    async def keep(self) -> None:
        """Start again what a restarted supervisor has lost, for ever. Never raises."""
        while True:
            await trio.sleep(LOOK_EVERY_S)
            for pool, spec in list(self._added.values()):
                with suppress(AlreadyStarted, AlreadyPresent, ChildStartFailed, NotFound, NotRunning):
                    await self._root.find(pool).start_child(spec)
