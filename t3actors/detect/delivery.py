"""Delivers batches to the writer: closes them when due, sends them again when nobody answers, and counts.

No actor and no clock of its own: `send` and `wall_ms` are given, `now_s` (monotonic) is an argument. Called by detector.py.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from t3actors.detect.batch import Batches
from t3actors.detect.device import DeviceLatest
from t3actors.detect.latest import Latest
from t3actors.detect.pending import is_change
from t3actors.events import Log
from t3actors.events.detect import CHANGES_CAUGHT_UP, CHANGES_COALESCED
from t3actors.messages import BatchItem, BatchStored, DeviceProgress, PointChange, PointsChanged
from t3actors.questions import ChangesStored, DetectorCounts

PROGRESS_EVERY_S = 10.0  # contract: last_ok_at and the gateway's heartbeat are written at most this often
ACKNOWLEDGED_WITHIN_S = 30.0
NOBODY_THERE_RETRY_S = 1.0


class Delivery:
    """The way to the writer. `send` says whether anybody was there to take the batch; `told` hears of each that is stored."""

    def __init__(
        self,
        batches: Batches,
        latest: Latest,
        send: Callable[[PointsChanged], bool],
        wall_ms: Callable[[], int],
        log: Log,
        told: Callable[[ChangesStored], object] = lambda _stored: None,
    ) -> None:
        self._told = told
        self.batches = batches
        self._latest = latest
        self._send = send
        self._wall_ms = wall_ms
        self._log = log
        self._counts: Counter[str] = Counter()
        self._taken = False
        self._sent_s = 0.0
        self._closed_s = 0.0
        self._progress_s = -math.inf
        self._reported: dict[str, DeviceProgress] = {}
        self._heard: set[str] = set()
        self._behind = False

    @property
    def unsettled(self) -> bool:
        """True while anything waits or is not acknowledged."""
        return self.batches.in_flight is not None or bool(self.batches.pending)

    @property
    def unstored(self) -> int:
        """How many changes nobody has acknowledged."""
        return self.batches.pending.changes() + sum(map(is_change, self.batches.in_flight_contents))

    def begin(self, now_s: float) -> None:
        """Count the time to the first heartbeat from here."""
        self._closed_s = now_s

    def add(self, item: BatchItem, now_s: float, group: str | None = None) -> None:
        """Let what concerns a device wait for its batch."""
        self.batches.push(item, now_s, group)

    def push(self, changes: list[PointChange], now_s: float, group: str | None = None) -> None:
        """Let changes wait for their batch; say once when samples begin to be lost. Of a group, a part without a change counts too."""
        if group is not None:
            self.batches.arrives(group, now_s)
        push = self.batches.push
        changed = samples = 0
        for change in changes:
            push(change, now_s, group)
            changed += change.changed
            samples += change.sample
        self._counts["changes"] += changed
        self._counts["repeats"] += len(changes) - changed
        self._counts["samples"] += samples
        pending = self.batches.pending
        if pending.lost_samples and not self._behind:
            self._behind = True
            self._log(CHANGES_COALESCED, pending=len(pending), lost_samples=pending.lost_samples)

    def pump(self, now_s: float) -> None:
        """Close and send a batch where one is due; and one every PROGRESS_EVERY_S, so that the heartbeat stays fresh.

        But none in the midst of a group.
        """
        if self.batches.in_flight is not None or self.batches.is_within_a_group(now_s):
            return
        heartbeat_due = now_s - self._closed_s >= PROGRESS_EVERY_S and self._latest.anything_announced()
        if heartbeat_due or self.batches.due(now_s):
            self._close(now_s)

    def begin_with_loss(self, samples: int) -> None:
        """Count what was let go of before this began, and say so."""
        if samples:
            self._counts["lost_before"] += samples
            self._log(CHANGES_CAUGHT_UP, lost_samples=samples)

    def flush(self, now_s: float) -> None:
        """Close and send a batch of what waits, due or not, unless one is in flight."""
        if self.batches.in_flight is None and self.batches.pending:
            self._close(now_s)

    def note_progress(self, now_s: float) -> None:
        """Let every device's counters wait for the next batch, however lately they were written."""
        self._progress_s = -math.inf
        self._push_progress(now_s)

    def heard(self, device: DeviceLatest, now_s: float, group: str | None) -> None:
        """A device has answered. That it has for the first time does not wait for the progress of all."""
        if device.name not in self._heard:
            self._heard.add(device.name)
            self._push_progress_of(device, now_s, group)

    def send_again(self, now_s: float) -> None:
        """Send the batch in flight, if there is one."""
        if self.batches.in_flight is not None:
            self._sent_s = now_s
            self._taken = self._send(self.batches.in_flight)

    def send_again_if_due(self, now_s: float) -> None:
        """Send the batch in flight again when it was not acknowledged in time, or nobody was there."""
        if now_s - self._sent_s >= (ACKNOWLEDGED_WITHIN_S if self._taken else NOBODY_THERE_RETRY_S):
            self.send_again(now_s)

    def stored(self, message: BatchStored) -> bool:
        """Take an acknowledgement; False when it is not for the batch in flight."""
        batch = self.batches.in_flight
        if batch is None or not self.batches.stored(message):
            return False
        self._told(ChangesStored(batch=batch, dropped=message.dropped, conflicts=message.conflicts))
        self._latest.conflicts = message.conflicts
        self._counts["batches_stored"] += 1
        self._counts["rows_stored"] += message.rows
        self._counts["samples_stored"] += message.samples
        self._counts["changes_dropped"] += len(message.dropped)
        return True

    def begin_anew(self, rows: Iterable[BatchItem], now_s: float) -> None:
        """The store lost everything: these rows go first."""
        self.batches.begin_anew(rows, now_s)
        self._reported.clear()
        self._heard.clear()

    def counts(self, **others: Any) -> DetectorCounts:
        """Return what was counted here, and the others."""
        pending, counts = self.batches.pending, self._counts
        return DetectorCounts(
            changes=counts["changes"],
            repeats=counts["repeats"],
            samples=counts["samples"],
            batches_stored=counts["batches_stored"],
            rows_stored=counts["rows_stored"],
            samples_stored=counts["samples_stored"],
            changes_dropped=counts["changes_dropped"],
            coalesced=pending.coalesced,
            lost_samples=counts["lost_before"] + pending.lost_samples,
            pending=len(pending),
            in_flight=self.batches.in_flight_items,
            **others,
        )

    def _close(self, now_s: float) -> None:
        self._push_progress(now_s)
        self.batches.close(self._wall_ms())
        self._closed_s = now_s
        self.send_again(now_s)
        pending = self.batches.pending
        if self.batches.caught_up() and self._behind:
            self._behind = False
            self._log(CHANGES_CAUGHT_UP, lost_samples=pending.lost_samples)
            self._counts["lost_before"] += pending.lost_samples
            pending.lost_samples = 0

    def _push_progress(self, now_s: float) -> None:
        if now_s - self._progress_s < PROGRESS_EVERY_S:
            return
        self._progress_s = now_s
        for device in self._latest.devices.values():
            if device.announced is not None:
                self._push_progress_of(device, now_s)

    def _push_progress_of(self, device: DeviceLatest, now_s: float, group: str | None = None) -> None:
        progress = DeviceProgress(
            device=device.name, last_ok_at_ms=device.last_ok_at_ms, counts=device.counts, heard=device.is_read
        )
        if progress != self._reported.get(device.name):
            self._reported[device.name] = progress
            self.batches.push(progress, now_s, group)
