"""Holds what waits for the next batch, in order, and bounds it while the writer is behind. Pure; called by batch.py.

As long as nothing is wrong, everything waits in the order it came. Once told to coalesce:

- of each point at most two changes wait: a change of status, and one more; the newest is always among them. A change
  that gives way hands on to its successor what it stood for: which status came before, that a value changed, and its
  sample where the successor has none of its own. Where both have one, one sample is lost, and counted.
- of each device at most one announcement, one status, one removal and one progress wait between two of its points'
  changes; a newer announcement takes the place of the older one, so a device's row stays ahead of its points.
- of what devices tell beside readings at most one message per table or key waits (beside.py), the newest: different ones
  never replace each other.

So at most what was there at the beginning, two changes per point, and a bounded number of device items wait.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from msgspec.structs import replace

from t3actors.cycles import CycleEnded
from t3actors.detect.beside import Beside, one_status, together, topic_of
from t3actors.messages import (
    BatchItem,
    DeviceAnnounced,
    DeviceProgress,
    DeviceRemoved,
    DeviceStatusChanged,
    EventHappened,
    PointChange,
)

DeviceItem = DeviceAnnounced | DeviceStatusChanged | DeviceRemoved | DeviceProgress | CycleEnded | Beside
PointKey = tuple[str, str]


class Pending:
    """An ordered store of batch items."""

    def __init__(self) -> None:
        self.lost_samples = 0
        self.coalesced = 0
        self.coalescing = False
        self._items: dict[int, BatchItem] = {}
        self._next = 0
        self.groups_taken: list[str] = []
        """The groups of which the items that were taken last have a part."""
        self._groups: dict[str, tuple[int, int]] = {}
        self._of_point: dict[PointKey, list[int]] = {}
        self._of_device: dict[str, list[int]] = {}
        self._newest_change: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._items)

    def push(self, item: BatchItem, group: str | None = None) -> None:
        """Add an item behind all others."""
        number = self._next
        if self.coalescing:
            if isinstance(item, PointChange):
                item = self._made_room(item)
                self._note(number, item)
            elif not isinstance(item, EventHappened):
                kept = self._run_together(item)
                if kept is None:
                    return
                item = kept
                self._note(number, item)
        self._items[number] = item
        self._next = number + 1
        if group is not None:
            first, _ = self._groups.get(group, (number, number))
            self._groups[group] = (first, number)

    def start_coalescing(self) -> None:
        """From now on newer changes replace older ones that wait."""
        if not self.coalescing:
            self.coalescing = True
            for number, item in self._items.items():
                self._note(number, item)

    def stop_coalescing(self) -> None:
        """Everything waits in order again."""
        self.coalescing = False
        self._of_point.clear()
        self._of_device.clear()
        self._newest_change.clear()

    def take(self, rows: int, rows_with_groups: int) -> list[BatchItem]:
        """Take the oldest `rows` items, and more where that would tear a group apart, up to `rows_with_groups`."""
        if len(self._items) <= rows:
            numbers = list(self._items)
        else:
            last = self._whole_groups(next(islice(self._items, rows - 1, None)))
            numbers = [number for number in islice(self._items, rows_with_groups) if number <= last]
        taken = [self._items.pop(number) for number in numbers]
        self.groups_taken = [name for name, (first, _) in self._groups.items() if numbers and first <= numbers[-1]]
        if self.groups_taken:
            self._groups = {name: span for name, span in self._groups.items() if span[1] > numbers[-1]}
        if self.coalescing:
            for number, item in zip(numbers, taken, strict=True):
                self._strike(number, item)
        return taken

    def put_first(self, items: Iterable[BatchItem]) -> None:
        """Put items in front of all others (after the store lost everything)."""
        coalescing = self.coalescing
        self.stop_coalescing()
        waiting = list(self._items.values())
        self._items.clear()
        self._groups.clear()
        for item in (*items, *waiting):
            self.push(item)
        if coalescing:
            self.start_coalescing()

    def changes(self) -> int:
        """Return how many changes of points or devices wait."""
        return sum(map(is_change, self._items.values()))

    def point_keys(self) -> set[PointKey]:
        """Return which points have a change waiting."""
        return {(item.device, item.point_id) for item in self._items.values() if isinstance(item, PointChange)}

    def _whole_groups(self, last: int) -> int:
        for first, end in sorted(self._groups.values()):
            if first <= last:
                last = max(last, end)
        return last

    # ----------------------------------------------------------------------------------------------- coalescing

    def _note(self, number: int, item: BatchItem) -> None:
        if isinstance(item, PointChange):
            self._of_point.setdefault((item.device, item.point_id), []).append(number)
            self._newest_change[item.device] = number
        elif not isinstance(item, EventHappened):
            self._of_device.setdefault(item.device, []).append(number)

    def _strike(self, number: int, item: BatchItem) -> None:
        if isinstance(item, PointChange):
            key = (item.device, item.point_id)
            self._of_point[key].remove(number)
            if not self._of_point[key]:
                del self._of_point[key]
        elif not isinstance(item, EventHappened):
            self._of_device[item.device].remove(number)

    def _made_room(self, newest: PointChange) -> PointChange:
        """Let older changes of this point give way. **Returns**: the newest, with what it took over from them."""
        numbers = self._of_point.get((newest.device, newest.point_id), [])
        while numbers:
            plain = [at for at, number in enumerate(numbers) if not _moves_status(self._change(number))]
            last = len(numbers) - 1
            if last in plain and not _moves_status(newest):
                gives_way = last
            elif len(numbers) < 2:
                break
            elif plain:
                gives_way = plain[0]
            else:
                gives_way = 0 if _moves_status(newest) else last
            number = numbers.pop(gives_way)
            earlier = self._change(number)
            del self._items[number]
            self.coalesced += 1
            if gives_way == len(numbers):
                newest = self._succeeding(earlier, newest)
            else:
                successor = numbers[gives_way]
                self._items[successor] = self._succeeding(earlier, self._change(successor))
        return newest

    def _succeeding(self, earlier: PointChange, later: PointChange) -> PointChange:
        self.lost_samples += earlier.sample and later.sample
        return replace(
            later,
            was=earlier.was,
            changed=earlier.changed or later.changed,
            sample=earlier.sample or later.sample,
            known_again=earlier.known_again or later.known_again,
        )

    def _run_together(self, item: DeviceItem) -> DeviceItem | None:
        """Let an older item of the same topic give way. **Returns**: what to add, or None when it took the older one's place."""
        numbers = self._of_device.get(item.device, [])
        newest_change = self._newest_change.get(item.device, -1)
        topic = topic_of(item)
        for number in reversed(numbers):
            if number < newest_change and not isinstance(
                item, Beside
            ):  # what is told beside readings may go behind them
                break
            older = self._items[number]
            if topic_of(older) != topic:
                continue
            self.coalesced += 1
            if isinstance(item, DeviceAnnounced):
                self._items[number] = item
                return None
            numbers.remove(number)
            del self._items[number]
            if isinstance(item, DeviceStatusChanged) and isinstance(older, DeviceStatusChanged):
                return one_status(older, item)
            if isinstance(item, Beside) and isinstance(older, Beside):
                return together(older, item)
            return item
        return item

    def _change(self, number: int) -> PointChange:
        item = self._items[number]
        if not isinstance(item, PointChange):
            raise TypeError(f"item {number} is a {type(item).__name__}, not a PointChange")
        return item


def is_change(item: BatchItem) -> bool:
    """Say whether something is lost with the item: an announcement is made again, the others only go along."""
    return isinstance(item, PointChange | DeviceStatusChanged | DeviceRemoved)


def _moves_status(change: PointChange) -> bool:
    return change.was is not change.reading.status
