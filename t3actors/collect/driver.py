"""What a DeviceActor asks of a protocol. A driver talks and decodes; it keeps no schedule, no status and no back-off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from t3actors.collect import arrivals
from t3actors.messages import AlarmsRead, DeviceLearned, ObjectsRead
from t3actors.points import DeviceFacts, Point, Reading

Beside = ObjectsRead | AlarmsRead | DeviceLearned


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
        """Read these points now: one reading for each, in any order, and others at will; one that cannot be read is a reading with status
        `fault` and the reason, never an exception and never an older value. `probing`: the device is thought dead,
        so ask one cheap question, without retries, before anything else.

        Raises: LinkDown or RequestTimedOut when the device as a whole does not answer.
        """

    def ages(self) -> arrivals.Ages:
        """How long before the end of the last `read` the answer came that brought a point's value. Empty where all came together."""

    def take_changed_points(self) -> tuple[Point, ...] | None:
        """The whole list of points anew when the device's own description of them (range, units, digital or analog) has changed
        since `open` or since this was last asked, or more of them are known; None when it has not."""

    @property
    def is_complete(self) -> bool:
        """False while there may be points that were not listed yet."""

    async def close(self) -> None:
        """Let go of the device. Never raises; may be called in any state."""

    async def work(self, *, hurry: bool = False) -> float | None:
        """Do one small piece of what goes on between polls (a request or two): descriptions, rare objects, renewals.

        Called only while the device answers. `hurry`: somebody waits for all points; do not pace.
        **Returns**: seconds until the next piece wants to be done; None when there is none for now. With `hurry`: None as soon as
        every point is known.
        **Raises**: DriverError when the device does not answer; the next poll finds out what that means.
        """

    def take_told(self) -> tuple[Beside, ...]:
        """What came beside readings since this was last asked: for the detector."""

    def notified(self, message: object) -> tuple[Reading, ...]:
        """Take a message that the link sent to this device's role. **Returns**: the readings in it."""

    def keep_again(self) -> None:
        """The store has lost what it kept of this device (DeviceLearned): let `take_told` give all of it once more."""

    async def leave(self, within_s: float) -> None:
        """Take back what the device would go on doing for us (subscriptions), within that time, before `close`. Never raises."""


class PollsOnly:
    """The part of a Driver that knows all points when it has met the device, and has nothing to do but poll."""

    @property
    def is_complete(self) -> bool:
        """Always."""
        return True

    def ages(self) -> arrivals.Ages:
        """All of now."""
        return arrivals.NONE

    async def work(self, *, hurry: bool = False) -> float | None:  # noqa: ARG002
        """Nothing."""
        return None

    def take_told(self) -> tuple[Beside, ...]:
        """Nothing."""
        return ()

    def notified(self, message: object) -> tuple[Reading, ...]:
        """Nothing is expected. **Raises**: TypeError."""
        raise TypeError(f"this driver does not know {type(message).__name__}")

    def keep_again(self) -> None:
        """Nothing is kept."""

    async def leave(self, within_s: float) -> None:
        """Nothing."""
