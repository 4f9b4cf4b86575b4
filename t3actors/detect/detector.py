"""ChangeDetector: takes what devices read, drops repeats, marks what grows old, and hands batches of changes to the writer.

    device --DeviceAnnounced, PointsRead, PollMissed, DeviceStatusChanged, DeviceRemoved--> here --PointsChanged--> writer
    device --ObjectsRead, AlarmsRead, DeviceLearned---------------------------------------> here
    device <--ReadingsTaken---------------------------------------------------------------- here <---BatchStored--- writer

At start it asks the writer what is stored and holds what devices say until it knows. Then one batch is in flight at a
time; it is sent again, under its number, when a writer says that it is ready, or when nobody acknowledged it in time. The
number of the batch stream is new at each start, and across restarts of the gateway, so that no writer can take a new
batch for one that it has stored.

All that is decided is decided in the pure files beside this one; here are only messages, the clock and the log.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import trio

from supervision.actor import TrioActor
from t3actors.config import StoreConfig
from t3actors.cycles import CycleEnded
from t3actors.detect.batch import Batches
from t3actors.detect.beside import Beside
from t3actors.detect.delivery import Delivery
from t3actors.detect.device import DeviceLatest
from t3actors.detect.held import DeviceMessage, Held
from t3actors.detect.inquiries import inquiries
from t3actors.detect.latest import Latest
from t3actors.events import Log
from t3actors.events.detect import CHANGES_LOST, DETECTOR_LOADED, POINTS_DOWN, POINTS_RECOVERED, POINTS_STALE
from t3actors.messages import (
    AlarmsRead,
    BatchStored,
    DeviceAnnounced,
    DeviceLearned,
    DeviceRemoved,
    DeviceStatusChanged,
    EventHappened,
    ObjectsRead,
    PointChange,
    PointsRead,
    PollMissed,
    ReadingsTaken,
    StateLoaded,
    StateRequested,
    WriterReady,
)
from t3actors.points import DeviceStatus
from t3actors.questions import ChangesStored, LatestRequested

WRITER, LIVE = "writer", "live"
ASK_AGAIN_AFTER_S = 5.0
ON_STOP_LOOK_EVERY_S = 1.0
ANNOUNCED_WITHIN_S = 60.0
"""A device known from the store that nobody plays this long after the start is not in the configuration any more."""
NO_POLL = -1
STOOD_STILL_S = 1.0
"""A tick later than this means that the loop itself stood still (a suspended machine, SIGSTOP): no device is to blame."""
TICKS_S = (0.02, 0.25)  # shortest and longest time between two looks at ages and batches


class ChangeDetector(TrioActor):
    """Stage 2. `wall_ms` gives Unix UTC milliseconds; `stream_id` a number never used before, up to 62 bits.

    `flush_within_s`: how long a stop may wait for the writer; the supervisor's patience must be longer. `on_lost` hears how
    many changes it could not hand over by then.
    """

    def __init__(
        self,
        store: StoreConfig,
        *,
        wall_ms: Callable[[], int],
        log: Log,
        stream_id: Callable[[], int],
        flush_within_s: float = 4.0,
        on_lost: Callable[[int], object] = lambda _lost: None,
    ) -> None:
        super().__init__()
        self._wall_ms = wall_ms
        self._log = log
        self._flush_within_s = flush_within_s
        self._on_lost = on_lost
        self._stream = stream_id()
        self._latest = Latest()
        self._held = Held()
        self._out = Delivery(
            Batches(self._stream, store),
            self._latest,
            lambda batch: self.send(WRITER, batch),
            wall_ms,
            log,
            self._tell_live,
        )
        self._loaded = False
        self._counts: Counter[str] = Counter()
        self._asked_s = 0.0
        self._missed_at_s = math.inf
        self._tick_s = min(max(store.batch_age_s / 4, TICKS_S[0]), TICKS_S[1])
        self._handlers: dict[type, Callable[[Any], object]] = {
            PointsRead: self._points_read,
            BatchStored: self._batch_stored,
            DeviceAnnounced: self._device_announced,
            DeviceStatusChanged: self._device_status_changed,
            PollMissed: self._poll_missed,
            DeviceRemoved: self._device_removed,
            ObjectsRead: self._told_beside,
            AlarmsRead: self._told_beside,
            DeviceLearned: self._told_beside,
            WriterReady: self._writer_ready,
            StateLoaded: self._state_loaded,
            EventHappened: self._event_happened,
            CycleEnded: self._cycle_ended,
            LatestRequested: self._latest.now,
            **inquiries(self._latest, self._out, self.now_s, self._own_counts),
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

    async def on_stop(self) -> None:
        """Hand everything that waits to the writer and have it acknowledged, within `flush_within_s`."""
        if self._loaded:
            self._out.note_progress(self.now_s())
        with trio.move_on_after(self._flush_within_s):
            while self._unsettled():
                self._flush()
                with trio.move_on_after(ON_STOP_LOOK_EVERY_S):
                    await self._one_message()
                self._out.send_again_if_due(self.now_s())
        lost = self._out.unstored if self._loaded else self._held.readings()
        if lost:
            reason = f"the writer had not acknowledged them {self._flush_within_s:g} s after the stop"
            self._log(CHANGES_LOST, changes=lost, reason=reason)
            self._on_lost(lost)

    async def _keep_looking(self) -> None:
        began_s = self.now_s()
        while True:
            due_s = began_s + self._tick_s
            await trio.sleep_until(due_s)
            began_s = self.now_s()
            self._counts["looks"] += 1
            if began_s - due_s > STOOD_STILL_S:
                self._latest.stood_still(began_s - due_s, began_s)
                self._missed_at_s += began_s - due_s
            if self._loaded:
                self._look()
            elif self.now_s() - self._asked_s >= ASK_AGAIN_AFTER_S:
                self._ask_for_state()

    def _look(self) -> None:
        now_s, at_ms = self.now_s(), self._wall_ms()
        for device in self._latest.devices.values():
            if now_s >= device.check_at_s:
                self._grow_old(device, now_s, at_ms)
        if now_s >= self._missed_at_s:
            self._missed_at_s = math.inf
            self._let_go_of_the_missing(at_ms)
        self._out.send_again_if_due(self.now_s())
        self._out.pump(now_s)

    # ------------------------------------------------------------------------------------------ what is stored

    def _ask_for_state(self) -> None:
        self._asked_s = self.now_s()
        self.send(WRITER, StateRequested(incarnation=self._stream))

    def _state_loaded(self, message: StateLoaded) -> None:
        if self._loaded or message.incarnation != self._stream:
            return
        now_s = self.now_s()
        self._out.begin(now_s)
        self._latest.load(message, now_s)
        self._loaded = True
        self._log(DETECTOR_LOADED, points=len(message.points), incarnation=self._stream)
        for held in self._held.take():
            self._handlers[type(held)](held)
        self._missed_at_s = now_s + ANNOUNCED_WITHIN_S
        for device in self._latest.unannounced():
            # A new detector cannot wait for its next poll: that may come later than the default rules call it dead.
            if self.registry.incarnation(f"device/{device}") is not None:
                self._answer(device, known=False)

    def _let_go_of_the_missing(self, at_ms: int) -> None:
        """Disable the devices of the store that nobody polls: they must not look online for ever."""
        for name in self._latest.unannounced():
            if self.registry.incarnation(f"device/{name}") is None:
                reason = "nobody polls it: it is not in the configuration"
                self._device_removed(DeviceRemoved(device=name, at_ms=at_ms, reason=reason))

    def _writer_ready(self, message: WriterReady) -> None:
        if not self._loaded:
            self._ask_for_state()
            return
        if message.fresh:
            self._begin_anew()
        self._out.send_again(self.now_s())
        self._out.pump(self.now_s())

    def _begin_anew(self) -> None:
        """The database is empty. What devices said of themselves is known here, so even one that hangs is stored again."""
        now_s, at_ms = self.now_s(), self._wall_ms()
        self._out.begin_anew(self._latest.said_again(at_ms), now_s)
        waiting = self._out.batches.pending.point_keys()
        for device in self._latest.devices.values():
            keys = ((device.name, point_id) for point_id in device.tracks)
            self._latest.forget(keys, waiting, now_s)

    # ------------------------------------------------------------------------------------------ what devices say

    def _device_announced(self, message: DeviceAnnounced) -> None:
        device = self._latest.device(message.device)
        news = message != device.announced
        now_s = self.now_s()
        changes = device.announce(message, now_s, self._wall_ms())
        if news:
            self._out.add(message, now_s)
            if not device.is_read and device.last_ok_at_ms and self.registry.incarnation(f"device/{device.name}"):
                self._answer(device.name, last_ok_at_ms=device.last_ok_at_ms)
        self._out.push(changes, now_s)
        self._out.pump(now_s)

    def _answer(self, device: str, poll_no: int = NO_POLL, **more: Any) -> None:
        answer = ReadingsTaken(device=device, poll_no=poll_no, incarnation=self._stream, **more)
        self.send(f"device/{device}", answer)

    def _points_read(self, message: PointsRead) -> None:
        device = self._latest.devices.get(message.device)
        known = device is not None and device.announced is not None
        if device is not None and known and device.enabled:
            self._take(device, message)
        self._answer(message.device, message.poll_no, known=known)

    def _take(self, device: DeviceLatest, message: PointsRead) -> None:
        now_s = self.now_s()
        if device.status not in {DeviceStatus.ONLINE, None} and not message.is_hearsay:
            self._device_status_changed(device.answering(message.heard_at_ms))
        taken = device.take(message, now_s)
        self._counts["polls"] += 1
        self._counts["readings"] += len(message.readings)
        self._counts["strangers"] += taken.strangers
        self._out.push(taken.changes, now_s, message.group)
        if taken.changes:
            if taken.recovered:
                self._log(POINTS_RECOVERED, device=device.name, points=taken.recovered)
            self._out.pump(now_s)

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
        message = device.following(message)
        self._out.add(message, now_s)
        if message.status is DeviceStatus.OFFLINE:
            self._push_down(device, device.go_down(message.reason, now_s, message.at_ms), now_s)
        self._out.pump(now_s)

    def _device_removed(self, message: DeviceRemoved) -> None:
        device = self._latest.devices.get(message.device)
        now_s = self.now_s()
        if device is not None:
            self._out.push(device.removed(message.reason, now_s, message.at_ms), now_s)
        self._out.add(message, now_s)
        self._out.pump(now_s)

    def _told_beside(self, message: Beside) -> None:
        device = self._latest.devices.get(message.device)
        if device is None or not device.enabled:
            return  # it has no row, or is not to have more in it
        if device.told.is_news(message):
            now_s = self.now_s()
            self._out.add(message, now_s)
            self._out.pump(now_s)

    def _event_happened(self, message: EventHappened) -> None:
        self._out.add(message, self.now_s())

    def _cycle_ended(self, message: CycleEnded) -> None:
        now_s = self.now_s()
        self._out.add(message, now_s, message.group)
        self._out.pump(now_s)

    def _grow_old(self, device: DeviceLatest, now_s: float, at_ms: int) -> None:
        old = device.grow_old(now_s, at_ms)
        if old.stale:
            self._log(POINTS_STALE, device=device.name, points=old.stale, last_ok_at=device.last_ok_at_ms)
        self._push_down(device, old.changes, now_s, old.down)

    def _push_down(
        self, device: DeviceLatest, changes: list[PointChange], now_s: float, down: int | None = None
    ) -> None:
        self._out.push(changes, now_s)
        down = len(changes) if down is None else down
        if down:
            self._log(POINTS_DOWN, device=device.name, points=down, last_ok_at=device.last_ok_at_ms)

    def _batch_stored(self, message: BatchStored) -> None:
        if not self._out.stored(message):
            return
        now_s = self.now_s()
        for cycle in message.cycles:
            self.send(f"device/{cycle.device}", cycle)
        if message.dropped:
            self._latest.forget(message.dropped, self._out.batches.pending.point_keys(), now_s)
        self._out.pump(now_s)

    def _own_counts(self) -> dict[str, int]:
        return {"incarnation": self._stream, "loaded": self._loaded, **self._counts}

    def _tell_live(self, stored: ChangesStored) -> None:
        if self.registry.incarnation(LIVE) is not None:
            self.send(LIVE, stored)

    # ------------------------------------------------------------------------------------------------- the stop

    def _unsettled(self) -> bool:
        return self._out.unsettled if self._loaded else bool(self._held)

    def _flush(self) -> None:
        if self._loaded:
            self._out.flush(self.now_s())

    async def _one_message(self) -> None:
        """Handle the next message of the inbox: the actor's own loop is over when on_stop runs."""
        envelope = self.actor_inbox.pop()
        if envelope is None:
            await self.actor_inbox.wait()
            return
        answer = self.on_receive(envelope.message)
        if envelope.reply_to is not None:
            envelope.reply_to.set(answer)
