"""The requests of COV: subscribe, take back, look who holds a device's slots. subscriptions.py says when.

Process ids are ours, one for each subscription of this process, and known before the request goes out: whatever becomes of it, it
can be taken back.
"""

from __future__ import annotations

import random
from typing import Protocol

from supervision.registry import Registry
from t3actors.collect.bacnet.codec import subscription_list as cov_listing
from t3actors.collect.bacnet.codec.read_multiple import Answer
from t3actors.collect.bacnet.codec.subscription_list import Active
from t3actors.collect.bacnet.codec.tags import DEVICE, Constructed, ObjectId, Several
from t3actors.collect.bacnet.cov.standing import Standing
from t3actors.collect.bacnet.link.requests import CancelCov, SubscribeCov, ask_link
from t3actors.config import DeviceConfig
from t3actors.errors import DriverError, LinkDown, NotSent, RequestRefused, RequestTimedOut

CANCEL_TIMEOUT_S = 0.5
PATIENCE_S = 30.0  # in line; far less than a device actor may go without progress


class ProcessIds:
    """Numbers that no other subscription of this process has; an earlier life of the gateway had others."""

    def __init__(self, first: int) -> None:
        self._first = self._next = first

    def take(self) -> int:
        """Give the next."""
        self._next += 1
        return self._next - 1

    def __contains__(self, process_id: int) -> bool:
        """Say whether it was given."""
        return self._first <= process_id < self._next


PROCESS_IDS = ProcessIds(random.randrange(1, 1 << 20))  # noqa: S311


class Asks(Protocol):
    """The part of Asking that is used here."""

    async def read_one(
        self, object_type: int, instance: int, which: int, index: int | None = None, *, retries: int | None = None
    ) -> Answer:
        """As Asking.read_one."""


class CovAsking:
    """One device's. `role`: whom the link tells of notifications. Thread: the trio loop."""

    def __init__(self, config: DeviceConfig, registry: Registry, role: str, asking: Asks, lifetime_s: int) -> None:
        self._config = config
        self._registry = registry
        self._role = role
        self._asking = asking
        self._lifetime_s = lifetime_s

    async def subscribe(self, standing: Standing) -> None:
        """Ask for it, or for it again. **Raises**: DriverError."""
        asked = SubscribeCov(
            address=self._config.address,
            object_type=standing.item.object.type,
            object_instance=standing.item.object.instance,
            role=self._role,
            lifetime_s=self._lifetime_s,
            confirmed=standing.confirmed,
            process_id=standing.process_id,
            timeout_s=self._config.timeout_s,
            retries=0,
            patience_s=PATIENCE_S,
        )
        await ask_link(self._registry, asked)

    async def take_back(self, process_id: int, about: ObjectId, *, retries: int = 0) -> bool:
        """Cancel; whatever the device says, the link delivers nothing more. **Returns**: whether the device has answered."""
        cancelled = CancelCov(
            address=self._config.address,
            object_type=about.type,
            object_instance=about.instance,
            process_id=process_id,
            timeout_s=min(CANCEL_TIMEOUT_S, self._config.timeout_s),
            retries=retries,
            patience_s=PATIENCE_S,
        )
        try:
            await ask_link(self._registry, cancelled)
        except (RequestTimedOut, LinkDown, NotSent):
            return False
        except DriverError:
            return True  # it knows of none: that is what was wanted
        return True

    async def listed(self) -> tuple[Active, ...] | None:
        """Give who holds the device's slots; None where it refuses to say. **Raises**: LinkDown, RequestTimedOut, BadResponse."""
        which = cov_listing.ACTIVE_COV_SUBSCRIPTIONS
        try:
            answer = await self._asking.read_one(DEVICE, self._config.instance or 0, which, retries=0)
            if isinstance(answer, Constructed):
                return cov_listing.decode(answer)
        except RequestRefused as error:
            return cov_listing.MANY if error.kind == "abort" else None  # too long an answer
        return () if isinstance(answer, Several) and not answer else None
