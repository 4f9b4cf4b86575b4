"""ChangeDetector: takes what devices read, drops repeats, marks what grows old, and hands batches of changes to the writer.

    device --DeviceAnnounced, PointsRead, PollMissed, DeviceStatusChanged, DeviceRemoved--> here --PointsChanged--> writer
    device <--ReadingsTaken---------------------------------------------------------------- here <---BatchStored--- writer

At start it asks the writer what is stored and holds what devices say until it knows. Then one batch is in flight at a
time; it is sent again, under its number, when a writer says that it is ready, or when nobody acknowledged it in time. The
number of the batch stream is new at each start, and across restarts of the gateway, so that no writer can take a new
batch for one that it has stored.

All that is decided is decided in the pure files beside this one; here are only messages, the clock and the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import trio

from supervision.actor import TrioActor
from t3actors.config import StoreConfig
from t3actors.detect.batch import Batches
from t3actors.detect.held import DeviceMessage, Held
from t3actors.detect.latest import DeviceLatest, Latest
from t3actors.events import (
    CHANGES_CAUGHT_UP,
    CHANGES_COALESCED,
    DETECTOR_LOADED,
    POINTS_DOWN,
    POINTS_RECOVERED,
    POINTS_STALE,
    Log,
)
from t3actors.messages import (
    BatchItem,
    BatchStored,
    DetectorCounts,
    DetectorCountsRequested,
    DeviceAnnounced,
    DeviceProgress,
    DeviceRemoved,
    DeviceStatusChanged,
    PointChange,
    PointsRead,
    PollMissed,
    ReadingsTaken,
    StateLoaded,
    StateRequested,
    WriterReady,
)
from t3actors.points import DeviceStatus

WRITER = "writer"
PROGRESS_EVERY_S = 10.0  # contract: last_ok_at and the gateway's heartbeat are written at most this often
ACKNOWLEDGED_WITHIN_S = 30.0
ASK_AGAIN_AFTER_S = 5.0
NOBODY_THERE_RETRY_S = 1.0
TICKS_S = (0.02, 0.25)  # shortest and longest time between two looks at ages and batches


class ChangeDetector(TrioActor):
    """Stage 2. `wall_ms` gives Unix UTC milliseconds; `stream_id` a number never used before, up to 62 bits.

    `flush_within_s`: how long a stop may wait for the writer; the supervisor's patience must be longer.
    """

    def __init__(
        self,
        store: StoreConfig,
        *,
        wall_ms: Callable[[], int],
        log: Log,
        stream_id: Callable[[], int],
        flush_within_s: float = 4.0,
    ) -> None:
        super().__init__()
        self._wall_ms = wall_ms
        self._log = log
        self._flush_within_s = flush_within_s
        self._stream = stream_id()
        self._batches = Batches(self._stream, store)
        self._latest = Latest()
        self._held = Held()
        self._loaded = False
        self._counts: Counter[str] = Counter()
        self._asked_s = 0.0
        self._sent_s = 0.0
        self._sent = False
        self._closed_s = 0.0
        self._progress_s = float("-inf")
        self._behind = False
        self._reported: dict[str, DeviceProgress] = {}
        self._tick_s = min(max(store.batch_age_s / 4, TICKS_S[0]), TICKS_S[1])
        self._handlers: dict[type, Callable[[Any], object]] = {
            PointsRead: self._points_read,
            BatchStored: self._batch_stored,
            DeviceAnnounced: self._device_announced,
            DeviceStatusChanged: self._device_status_changed,
            PollMissed: self._poll_missed,
            DeviceRemoved: self._device_removed,
            WriterReady: self._writer_ready,
            StateLoaded: self._state_loaded,
            DetectorCountsRequested: self._counts_requested,
        }

    # ------------------------------------------------------------------------------------------------ the actor

    def on_start(self) -> None:
        """Ask what is stored, and begin to look at ages and batches."""
        self._ask_for_state()
        self.spawn(self._keep_looking)

    def on_receive(self, message: object) -> object:
        """Handle one message. Never waits."""
        if not self._loaded and isinstance(message, DeviceMessage):
            self._held.put(message)
            return None
        handler = self._handlers.get(type(message))
        if handler is None:
            raise TypeError(f"the detector does not understand {type(message).__name__}")
        return handler(message)

    async def on_stop(self) -> None:  # type: ignore[override]  # pykka's own is not async
        """Hand everything that waits to the writer and have it acknowledged, within `flush_within_s`."""
        with trio.move_on_after(self._flush_within_s):
            while self._unsettled():
                self._flush()
                with trio.move_on_after(NOBODY_THERE_RETRY_S):
                    await self._one_message()
                self._send_again_if_due()

    async def _keep_looking(self) -> None:
        while True:
            await trio.sleep(self._tick_s)
            if self._loaded:
                self._look()
            elif self.now_s() - self._asked_s >= ASK_AGAIN_AFTER_S:
                self._ask_for_state()

    def _look(self) -> None:
        now_s, at_ms = self.now_s(), self._wall_ms()
        for device in self._latest.devices.values():
            if now_s >= device.check_at_s:
                self._grow_old(device, now_s, at_ms)
        self._send_again_if_due()
        self._pump(now_s)

    # ------------------------------------------------------------------------------------------ what is stored

    def _ask_for_state(self) -> None:
        self._asked_s = self.now_s()
        self.send(WRITER, StateRequested(incarnation=self._stream))

    def _state_loaded(self, message: StateLoaded) -> None:
        if self._loaded or message.incarnation != self._stream:
            return
        self._closed_s = self.now_s()
        self._latest.load(message, self._closed_s)
        self._loaded = True
        self._log(DETECTOR_LOADED, points=len(message.points), incarnation=self._stream)
        for held in self._held.take():
            self._handlers[type(held)](held)

    def _writer_ready(self, message: WriterReady) -> None:
        if not self._loaded:
            self._ask_for_state()
            return
        if message.fresh:
            self._begin_anew()
        if self._batches.in_flight is not None:
            self._send()
        self._pump(self.now_s())

    def _begin_anew(self) -> None:
        """The database is empty. What devices said of themselves is known here, so even one that hangs is stored again."""
        now_s, at_ms = self.now_s(), self._wall_ms()
        rows: list[BatchItem] = []
        for device in self._latest.devices.values():
            if device.announced is not None:
                rows.append(device.announced)
                if device.status is not None:
                    rows.append(_status_changed(device, DeviceStatus.UNKNOWN, device.status, at_ms, "stored again"))
        self._batches.begin_anew(rows, now_s)
        waiting = self._batches.pending.point_keys()
        for device in self._latest.devices.values():
            keys = ((device.name, point_id) for point_id in device.tracks)
            self._latest.forget(keys, waiting, now_s)
        self._reported.clear()

    # ------------------------------------------------------------------------------------------ what devices say

    def _device_announced(self, message: DeviceAnnounced) -> None:
        device = self._latest.device(message.device)
        news = message != device.announced
        now_s = self.now_s()
        changes = device.announce(message, now_s, self._wall_ms())
        if news:
            self._batches.push(message, now_s)
        self._push(changes, now_s)
        self._pump(now_s)

    def _points_read(self, message: PointsRead) -> None:
        device = self._latest.devices.get(message.device)
        known = device is not None and device.announced is not None
        if device is not None and known and device.enabled:
            self._take(device, message)
        taken = ReadingsTaken(device=message.device, poll_no=message.poll_no, incarnation=self._stream, known=known)
        self.send(f"device/{message.device}", taken)

    def _take(self, device: DeviceLatest, message: PointsRead) -> None:
        now_s = self.now_s()
        if device.status not in {DeviceStatus.ONLINE, None}:
            # Its own word on that was lost with an earlier detector, or was never given: it does answer.
            online = _status_changed(device, device.status, DeviceStatus.ONLINE, message.sampled_at_ms, "it answers")
            self._device_status_changed(online)
        taken = device.take(message, now_s)
        self._counts["polls"] += 1
        self._counts["readings"] += len(message.readings)
        self._counts["strangers"] += taken.strangers
        if taken.changes:
            self._push(taken.changes, now_s, message.group)
            if taken.recovered:
                self._log(POINTS_RECOVERED, device=device.name, points=taken.recovered)
            self._pump(now_s)

    def _poll_missed(self, message: PollMissed) -> None:
        self._counts["polls_missed"] += 1
        device = self._latest.devices.get(message.device)
        if device is not None:
            device.counts = message.counts
            device.miss = message.reason

    def _device_status_changed(self, message: DeviceStatusChanged) -> None:
        device = self._latest.devices.get(message.device)
        if device is None:
            return  # without an announcement there is no row; the device announces itself to a new detector and answers
        now_s = self.now_s()
        device.status = message.status
        self._batches.push(message, now_s)
        if message.link_refused and message.status is DeviceStatus.OFFLINE:
            self._push_down(device, device.go_down(message.reason, now_s, message.at_ms), now_s)
        self._pump(now_s)

    def _device_removed(self, message: DeviceRemoved) -> None:
        device = self._latest.devices.get(message.device)
        now_s = self.now_s()
        if device is not None:
            self._push(device.disable(message.reason, now_s, message.at_ms), now_s)
            device.announced = None
            device.status = DeviceStatus.DISABLED
            self._reported.pop(message.device, None)
        self._batches.push(message, now_s)
        self._pump(now_s)

    def _grow_old(self, device: DeviceLatest, now_s: float, at_ms: int) -> None:
        old = device.grow_old(now_s, at_ms)
        if old.stale:
            self._log(POINTS_STALE, device=device.name, points=old.stale, last_ok_at=device.last_ok_at_ms)
        self._push_down(device, old.changes, now_s, old.down)

    def _push_down(
        self, device: DeviceLatest, changes: list[PointChange], now_s: float, down: int | None = None
    ) -> None:
        self._push(changes, now_s)
        down = len(changes) if down is None else down
        if down:
            self._log(POINTS_DOWN, device=device.name, points=down, last_ok_at=device.last_ok_at_ms)

    # -------------------------------------------------------------------------------------------------- batches

    def _push(self, changes: Iterable[PointChange], now_s: float, group: str | None = None) -> None:
        push, counts = self._batches.push, self._counts
        for change in changes:
            push(change, now_s, group)
            counts["changes" if change.changed else "repeats"] += 1
            counts["samples"] += change.sample
        if self._batches.pending.lost_samples and not self._behind:
            self._behind = True
            self._log(
                CHANGES_COALESCED,
                pending=len(self._batches.pending),
                lost_samples=self._batches.pending.lost_samples,
            )

    def _pump(self, now_s: float) -> None:
        """Close and send a batch where one is due; and one every PROGRESS_EVERY_S, so that the heartbeat stays fresh."""
        if self._batches.in_flight is not None:
            return
        heartbeat_due = now_s - self._closed_s >= PROGRESS_EVERY_S and self._anything_announced()
        if heartbeat_due or self._batches.due(now_s):
            self._close_batch(now_s)

    def _close_batch(self, now_s: float) -> None:
        self._push_progress(now_s)
        self._batches.close(self._wall_ms())
        self._closed_s = now_s
        self._send()
        if self._batches.caught_up() and self._behind:
            self._behind = False
            self._log(CHANGES_CAUGHT_UP, lost_samples=self._batches.pending.lost_samples)
            self._counts["lost_samples"] += self._batches.pending.lost_samples
            self._batches.pending.lost_samples = 0

    def _push_progress(self, now_s: float) -> None:
        if now_s - self._progress_s < PROGRESS_EVERY_S:
            return
        self._progress_s = now_s
        for device in self._latest.devices.values():
            if device.announced is None:
                continue
            progress = DeviceProgress(device=device.name, last_ok_at_ms=device.last_ok_at_ms, counts=device.counts)
            if progress != self._reported.get(device.name):
                self._reported[device.name] = progress
                self._batches.push(progress, now_s)

    def _send(self) -> None:
        self._sent_s = self.now_s()
        self._sent = self.send(WRITER, self._batches.in_flight)

    def _send_again_if_due(self) -> None:
        patience_s = ACKNOWLEDGED_WITHIN_S if self._sent else NOBODY_THERE_RETRY_S
        if self._batches.in_flight is not None and self.now_s() - self._sent_s >= patience_s:
            self._send()

    def _batch_stored(self, message: BatchStored) -> None:
        if not self._batches.stored(message):
            return
        self._counts["batches"] += 1
        self._counts["rows_stored"] += message.rows
        self._counts["samples_stored"] += message.samples
        now_s = self.now_s()
        if message.dropped:
            self._counts["changes_dropped"] += len(message.dropped)
            self._latest.forget(message.dropped, self._batches.pending.point_keys(), now_s)
        self._pump(now_s)

    def _anything_announced(self) -> bool:
        return any(device.announced is not None for device in self._latest.devices.values())

    # ------------------------------------------------------------------------------------------------- the stop

    def _unsettled(self) -> bool:
        if not self._loaded:
            return bool(self._held)
        return self._batches.in_flight is not None or bool(self._batches.pending)

    def _flush(self) -> None:
        if self._loaded and self._batches.in_flight is None and self._batches.pending:
            self._close_batch(self.now_s())

    async def _one_message(self) -> None:
        """Handle the next message of the inbox: the actor's own loop is over when on_stop runs."""
        envelope = self.actor_inbox.pop()
        if envelope is None:
            await self.actor_inbox.wait()
            return
        answer = self.on_receive(envelope.message)
        if envelope.reply_to is not None:
            envelope.reply_to.set(answer)

    # -------------------------------------------------------------------------------------------------- counts

    def _counts_requested(self, _message: DetectorCountsRequested) -> DetectorCounts:
        counts, pending = self._counts, self._batches.pending
        return DetectorCounts(
            incarnation=self._stream,
            loaded=self._loaded,
            devices=len(self._latest.devices),
            devices_online=sum(d.status is DeviceStatus.ONLINE for d in self._latest.devices.values()),
            points=self._latest.points(),
            polls=counts["polls"],
            polls_missed=counts["polls_missed"],
            readings=counts["readings"],
            strangers=counts["strangers"],
            changes=counts["changes"],
            repeats=counts["repeats"],
            samples=counts["samples"],
            batches_stored=counts["batches"],
            rows_stored=counts["rows_stored"],
            samples_stored=counts["samples_stored"],
            changes_dropped=counts["changes_dropped"],
            coalesced=pending.coalesced,
            lost_samples=counts["lost_samples"] + pending.lost_samples,
            pending=len(pending),
            in_flight=self._batches.in_flight_items,
        )


def _status_changed(
    device: DeviceLatest, was: DeviceStatus | None, status: DeviceStatus, at_ms: int, reason: str
) -> DeviceStatusChanged:
    return DeviceStatusChanged(
        device=device.name, at_ms=at_ms, status=status, was=was or DeviceStatus.UNKNOWN, reason=reason
    )
