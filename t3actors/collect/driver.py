"""What a DeviceActor asks of a protocol. A driver talks and decodes; it keeps no schedule, no status and no back-off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from t3actors.points import DeviceFacts, Point, Reading


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What the device said of itself when it was met, and the points it has."""

    facts: DeviceFacts
    points: tuple[Point, ...]


class Driver(Protocol):
    """One device behind one protocol. Thread: the trio loop. Every call may be cancelled at any await.

    A driver is made with `alive`, which it calls at each answer and each time-out: a long poll is not a hanging one.
    """

    async def open(self) -> Opened:
        """Reach the device, check that it is the configured one, learn its facts and points.

        Raises: LinkDown, RequestTimedOut, BadResponse; DeviceMismatch when its serial is not the configured one.
        """

    async def read(self, points: Sequence[Point], *, probing: bool = False) -> tuple[Reading, ...]:
        """Read these points now: one reading for each, in any order; one that cannot be read is a reading with status
        `fault` and the reason, never an exception and never an older value. `probing`: the device is thought dead,
        so ask one cheap question, without retries, before anything else.

        Raises: LinkDown or RequestTimedOut when the device as a whole does not answer.
        """

    def take_changed_points(self) -> tuple[Point, ...] | None:
        """The whole list of points anew when the device's own description of them (range, units, digital or analog) has changed
        since `open` or since this was last asked; None when it has not."""

    async def close(self) -> None:
        """Let go of the device. Never raises; may be called in any state."""
