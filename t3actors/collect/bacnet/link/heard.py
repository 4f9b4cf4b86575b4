"""What came of its own accord, on its way from the asyncio thread to the trio loop: bounded, each thing once, the latest wins."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

KEPT = 4096


class Heard:
    """A box that one thread fills and another empties."""

    def __init__(self, kept: int = KEPT) -> None:
        self.dropped = 0
        self._kept = kept
        self._items: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, key: Hashable, item: object) -> None:
        """Keep an item in the place of an earlier one under the same key. **Thread**: any."""
        with self._lock:
            if key not in self._items and len(self._items) >= self._kept:
                self.dropped += 1
                return
            self._items[key] = item

    def take(self) -> list[object]:
        """Empty the box. **Thread**: any."""
        with self._lock:
            items, self._items = self._items, OrderedDict()
        return list(items.values())
