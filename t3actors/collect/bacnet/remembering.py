"""What the store keeps of one BACnet device: asked for once, before the device is met, and told again where it has changed.

Which octets stand for it is memory.py's business. Called by driver.py. Thread: the trio loop.
"""

from __future__ import annotations

from collections.abc import Callable

import trio

from supervision.errors import NobodyThere
from supervision.registry import Registry
from t3actors.collect.bacnet import memory
from t3actors.collect.bacnet.asking import Asking
from t3actors.collect.bacnet.inventory import Inventory
from t3actors.errors import LinkDown, StoreError
from t3actors.messages import DeviceLearned
from t3actors.questions import LearnedRequested

WRITER = "writer"
RECALLED_WITHIN_S = 10.0


class Remembering:
    """One device's. `asking` holds the limits that are kept, `inventory` the description. `now_ms` only goes forward."""

    def __init__(
        self, device: str, registry: Registry, asking: Asking, inventory: Inventory, now_ms: Callable[[], int]
    ) -> None:
        self._device = device
        self._registry = registry
        self._asking = asking
        self._inventory = inventory
        self._now_ms = now_ms
        self._is_recalled = False
        self._given_limits = self._kept_limits = asking.limits
        self._untold: list[DeviceLearned] = []

    async def recall(self) -> None:
        """Take up what the store has kept of this device. **Raises**: LinkDown while it cannot say.

        Without it a panel's scale might be decided a second time, from values that say something else.
        """
        if self._is_recalled:
            return
        kept: dict[str, bytes] = {}
        if self._registry.was_played(WRITER):
            asked = LearnedRequested(device=self._device)
            try:
                kept = await self._registry.ask(WRITER, asked, RECALLED_WITHIN_S)
            except (NobodyThere, StoreError, trio.TooSlowError) as error:
                raise LinkDown(f"the database does not say now what was learned of this device: {error}") from None
        self._is_recalled = True
        limits = memory.limits_of(kept, self._now_ms())
        if limits is not None:
            self._asking.limits = self._kept_limits = limits
        self._inventory.recall(kept)

    def keep_limits(self) -> None:
        """Have the store keep what the device bears, if that is news."""
        limits = self._asking.limits
        if limits is not self._kept_limits and limits != self._kept_limits:
            self._kept_limits = limits
            self._keep(memory.LIMITS, memory.limits_kept(limits))

    def keep_description(self) -> None:
        """Have the store keep which objects the device has, and what these say."""
        self._keep(memory.DESCRIPTION, self._inventory.kept())

    def keep_again(self) -> None:
        """The store has lost what it kept: tell it all of it once more."""
        self._kept_limits = self._given_limits
        self.keep_limits()
        if self._inventory.kept() is not None:
            self.keep_description()

    def take(self) -> tuple[DeviceLearned, ...]:
        """Give what the store is to keep; once."""
        untold, self._untold = tuple(self._untold), []
        return untold

    def _keep(self, key: str, value: bytes | None) -> None:
        self._untold.append(DeviceLearned(device=self._device, key=key, value=value))
