"""Decides when a batch is closed and what is in it; keeps the one batch that the writer has not acknowledged. Pure.

A batch is closed when no other is in flight and
- `batch_rows` items wait; or
- the oldest has waited `batch_age_s` and at least WORTH_A_COMMIT items wait; or
- the oldest has waited twice that, at the default 2 s: on flash the commit costs more than the rows, so a few rows wait
  a little longer; but no longer than 2 s (or `batch_age_s`, where that is set to more).
A group (all panels of one T3000 answer) is kept whole: until its CycleEnded, or a silence, no batch is closed, whatever is due, and
the cut falls behind its last item. One that is too large for that, or came too slowly, brings a row for EVENTS which says so.

Once BACKLOG_BATCHES batches wait behind the one in flight, newer changes replace older ones (pending.py).

The status column's history comes from here: each change of status in a batch brings its EVENTS row along.
Called by detector.py.
"""

from __future__ import annotations

from collections.abc import Iterable

from t3actors.config import StoreConfig
from t3actors.cycles import CycleEnded
from t3actors.detect.pending import Pending
from t3actors.messages import (
    BatchItem,
    BatchStored,
    DeviceAnnounced,
    DeviceRemoved,
    DeviceStatusChanged,
    EventHappened,
    PointChange,
    PointsChanged,
)
from t3actors.points import DeviceStatus

WORTH_A_COMMIT = 64
LOW_RATE_AGE_S = 2.0
BACKLOG_BATCHES = 10  # so many may wait before samples give way: a start, or a slow commit, is no emergency
BACKLOG_AT_MOST = 200_000  # items: 75 MB (measured; the 50,000 of the default batch_rows are 19 MB)
GROUP_ROWS_AT_MOST = 200_000
GROUP_SETTLES_WITHIN_S = 0.1  # its messages are sent in one go; this much silence means that no more comes
GROUP_WAITS_AT_MOST_S = 5.0
GROUPS_REMEMBERED = 100
DIVIDED = "cycle.divided"


class Batches:
    """What waits, and the batch in flight."""

    def __init__(self, stream: int, store: StoreConfig) -> None:
        self.pending = Pending()
        self.in_flight: PointsChanged | None = None
        self._stream = stream
        self._rows = max(1, store.batch_rows)
        self._backlog = max(self._rows, min(BACKLOG_BATCHES * self._rows, BACKLOG_AT_MOST))
        self._age_s = store.batch_age_s
        self._low_rate_age_s = low_rate_age_s(store.batch_age_s)
        self._batch_no = 0
        self._oldest_s = 0.0
        self._arriving: dict[str, tuple[float, float]] = {}
        """Groups of which more may come, each with the monotonic times of its first and its latest message."""
        self._parts: dict[str, int] = {}
        """Groups that are not over, and in how many batches a part of each has gone."""

    @property
    def in_flight_items(self) -> int:
        """How many items are unacknowledged."""
        return len(self.in_flight_contents)

    @property
    def in_flight_contents(self) -> tuple[BatchItem, ...]:
        """What is unacknowledged."""
        return () if self.in_flight is None else self.in_flight.items

    def push(self, item: BatchItem, now_s: float, group: str | None = None) -> None:
        """Let an item wait for its batch."""
        waiting = len(self.pending)
        if not waiting:
            self._oldest_s = now_s
        elif waiting >= self._backlog and self.in_flight is not None and not self.pending.coalescing:
            self.pending.start_coalescing()
        self.pending.push(item, group)
        if isinstance(item, CycleEnded):
            self._arriving.pop(item.group, None)
        elif group is not None:
            self.arrives(group, now_s)

    def arrives(self, group: str, now_s: float) -> None:
        """Note that a part of a group came, be it one without a change."""
        began_s, _ = self._arriving.get(group, (now_s, now_s))
        self._arriving[group] = began_s, now_s

    def due(self, now_s: float) -> bool:
        """Say whether a batch is to be closed now."""
        waiting = len(self.pending)
        if self.in_flight is not None or not waiting:
            return False
        if self.is_within_a_group(now_s):
            return False
        age_s = now_s - self._oldest_s
        if waiting >= self._rows or age_s >= self._low_rate_age_s:
            return True
        return waiting >= WORTH_A_COMMIT and age_s >= self._age_s

    def is_within_a_group(self, now_s: float) -> bool:
        """Say whether a batch closed now might have only a part of a group."""
        if self._arriving:
            self._arriving = {
                group: (began_s, latest_s)
                for group, (began_s, latest_s) in self._arriving.items()
                if now_s < min(latest_s + GROUP_SETTLES_WITHIN_S, began_s + GROUP_WAITS_AT_MOST_S)
            }
        return bool(self._arriving) and len(self.pending) < GROUP_ROWS_AT_MOST

    def close(self, at_ms: int) -> PointsChanged:
        """Close a batch, due or not, empty or not, and put it in flight. **Raises**: RuntimeError when one is in flight."""
        if self.in_flight is not None:
            raise RuntimeError(f"batch {self.in_flight.batch_no} is still in flight")
        items = self.pending.take(self._rows, GROUP_ROWS_AT_MOST)
        if self.pending.groups_taken:
            items += self._divided(items)
        self._batch_no += 1
        self.in_flight = PointsChanged(
            incarnation=self._stream, batch_no=self._batch_no, at_ms=at_ms, items=tuple(with_events(items))
        )
        return self.in_flight

    def _divided(self, items: list[BatchItem]) -> list[EventHappened]:
        """Say of each group that is over with these items whether it took several batches, and so several transactions."""
        for group in self.pending.groups_taken:
            self._parts[group] = self._parts.get(group, 0) + 1
        rows = []
        for item in items:
            if isinstance(item, CycleEnded) and (parts := self._parts.pop(item.group, 1)) > 1:
                reason = f"stored in {parts} transactions: more than {GROUP_ROWS_AT_MOST:,} rows, or not handed over in one go"
                rows.append(EventHappened(at_ms=item.at_ms, event=DIVIDED, device=item.device, reason=reason))
        while len(self._parts) > GROUPS_REMEMBERED:  # whose end gave way to a later one's
            del self._parts[next(iter(self._parts))]
        return rows

    def stored(self, message: BatchStored) -> bool:
        """Take an acknowledgement; False when it is not for the batch in flight."""
        batch = self.in_flight
        if batch is None or (message.incarnation, message.batch_no) != (batch.incarnation, batch.batch_no):
            return False
        self.in_flight = None
        return True

    def caught_up(self) -> bool:
        """True once when coalescing has ended."""
        if self.pending.coalescing and len(self.pending) < self._rows:
            self.pending.stop_coalescing()
            return True
        return False

    def begin_anew(self, first: Iterable[BatchItem], now_s: float) -> None:
        """The store lost everything: `first` goes ahead of what was in flight and of what waits."""
        flown = self.in_flight_contents
        self.in_flight = None
        self._parts.clear()
        events_are_made_anew = (item for item in flown if not isinstance(item, EventHappened | DeviceAnnounced))
        if not self.pending:
            self._oldest_s = now_s
        self.pending.put_first((*first, *events_are_made_anew))


def low_rate_age_s(batch_age_s: float) -> float:
    """Return how long a few rows may wait."""
    return min(2 * batch_age_s, max(LOW_RATE_AGE_S, batch_age_s))


def with_events(items: Iterable[BatchItem]) -> list[BatchItem]:
    """Return the items, and behind them (the writer writes runs of one kind) a row for EVENTS for each change of status."""
    kept = list(items)
    events: list[BatchItem] = []
    for item in kept:
        if isinstance(item, PointChange):
            if item.was is not item.reading.status:
                events.append(_of_point(item))
        elif isinstance(item, DeviceStatusChanged):
            if item.was is not item.status:
                events.append(_of_device(item))
        elif isinstance(item, DeviceRemoved):
            events.append(_of_removal(item))
    return kept + events


def _of_point(change: PointChange) -> EventHappened:
    return EventHappened(
        at_ms=change.at_ms,
        event=f"point.{change.reading.status}",
        device=change.device,
        point_id=change.point_id,
        from_status=change.was,
        to_status=change.reading.status,
        reason=change.reading.reason,
    )


def _of_device(change: DeviceStatusChanged) -> EventHappened:
    return EventHappened(
        at_ms=change.at_ms,
        event=f"device.{change.status}",
        device=change.device,
        from_status=change.was,
        to_status=change.status,
        reason=change.reason,
    )


def _of_removal(removed: DeviceRemoved) -> EventHappened:
    return EventHappened(
        at_ms=removed.at_ms,
        event="device.removed",
        device=removed.device,
        from_status=removed.was,
        to_status=DeviceStatus.DISABLED,
        reason=removed.reason,
    )
