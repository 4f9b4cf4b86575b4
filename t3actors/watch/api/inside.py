"""What the API may reach of the gateway: handed in by pipeline, so that nothing here knows a stage."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from t3actors.messages import SyncFinished
from t3actors.watch.health import HealthBoard


class Inside(msgspec.Struct, frozen=True, kw_only=True):
    """`devices` names those that may be asked for something; `sync` polls these (all, when None) once, now."""

    health: HealthBoard
    devices: Callable[[], Sequence[str]]
    sync: Callable[[Sequence[str] | None], Awaitable[list[SyncFinished]]]
