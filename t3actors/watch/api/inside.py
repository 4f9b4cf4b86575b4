"""What the API may reach of the gateway: handed in by pipeline, so that nothing here knows a stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import trio

from supervision.errors import NobodyThere
from supervision.registry import Registry
from supervision.supervisor import Supervisor
from t3actors.config import StoreConfig
from t3actors.control import Control
from t3actors.messages import SyncFinished
from t3actors.reloaded import Reloaded
from t3actors.watch.api.reading import Reading
from t3actors.watch.fanout import Fanout
from t3actors.watch.health import HealthBoard, Identity
from t3actors.watch.metrics import Histogram

ACTORS_ANSWER_WITHIN_S = 2.0
Answer = TypeVar("Answer")


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """What pipeline hands in. `devices`: who is configured or was found; `links`: the devices on each link, by its role;
    `installations`: of T3000.

    `sync` polls these (all, when None) once, now; `reload` reads the configuration anew: (who asks, which file he takes it for).
    """

    registry: Registry
    supervisor: Callable[[], Supervisor]
    control: Control
    devices: Callable[[], Sequence[str]]
    links: Callable[[], Mapping[str, Sequence[str]]]
    installations: Callable[[], Sequence[str]]
    sync: Callable[[Sequence[str] | None], Awaitable[list[SyncFinished]]]
    reload: Callable[[str, Path | None], Awaitable[Reloaded]]
    lateness: Callable[[], Histogram]
    supervision: Counter[str]


class Inside(msgspec.Struct, frozen=True, kw_only=True):
    """That, and what the watch has of its own. `refusals`: how many were refused, flooded, failed.

    `store`: what the database may take, and must leave.
    """

    who: Identity
    reach: Reach
    health: HealthBoard
    reading: Reading
    fanout: Fanout
    database: Path
    wall_ms: Callable[[], int]
    store: StoreConfig = StoreConfig()
    refusals: Counter[str] = msgspec.field(default_factory=Counter)

    async def ask(self, role: str, question: object, kind: type[Answer]) -> Answer | None:
        """Ask an actor; None where nobody plays the role, or does not answer soon, or has nothing to say."""
        if self.reach.registry.incarnation(role) is None:
            return None  # whoever asks may have made the name up: that is no message that was lost
        try:
            answer: Any = await self.reach.registry.ask(role, question, timeout_s=ACTORS_ANSWER_WITHIN_S)
        except (NobodyThere, trio.TooSlowError):
            return None
        return answer if isinstance(answer, kind) else None

    def plays(self, device: str) -> bool:
        """Say whether anybody polls a device of this name now."""
        return self.reach.registry.incarnation(f"device/{device}") is not None
