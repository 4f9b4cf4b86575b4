"""ChangeDetector: takes what devices read, drops repeats, marks what grows old, and hands batches of changes to the writer.

    device --DeviceAnnounced, PointsRead, PollMissed, DeviceStatusChanged, DeviceRemoved--> here --PointsChanged--> writer
    device --ObjectsRead, AlarmsRead, DeviceLearned---------------------------------------> here
    device <--ReadingsTaken, StoreRenewed, GatewayPaused----------------------------------- here <---BatchStored--- writer

At start it asks the writer what is stored and holds what devices say until it knows. Then one batch is in flight at a
time; it is sent again, under its number, when a writer says that it is ready, or when nobody acknowledged it in time. The
number of the batch stream is new at each start, and across restarts of the gateway, so that no writer can take a new
batch for one that it has stored.

Here are the start, the stop, the ticks and the talk with the writer; what devices say is taken in by hearing.py, and all that is decided
is decided in the pure files beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import trio

from supervision.actor import TrioActor
from t3actors.config import StoreConfig
from t3actors.detect.batch import Batches
from t3actors.detect.delivery import Delivery
from t3actors.detect.hearing import Hearing
from t3actors.detect.held import DeviceMessage, Held
from t3actors.detect.inquiries import inquiries
from t3actors.detect.latest import Latest
from t3actors.events import Log
from t3actors.events.detect import CHANGES_LOST, DETECTOR_LOADED
from t3actors.messages import (
    BatchStored,
    StateLoaded,
    StateRequested,
    StoreRenewed,
    WriterReady,
)
from t3actors.pauses import Pauses, no_pauses
from t3actors.questions import ChangesStored, LatestRequested

WRITER, LIVE = "writer", "live"
ASK_AGAIN_AFTER_S = 5.0
ON_STOP_LOOK_EVERY_S = 1.0
ANNOUNCED_WITHIN_S = 60.0
"""A device known from the store that nobody plays this long after the start is not in the configuration any more."""
STOOD_STILL_S = 1.0
"""A tick later than this means that the loop itself stood still (a suspended machine, SIGSTOP): no device is to blame."""
TICKS_S = (0.02, 0.25)  # shortest and longest time between two looks at ages and batches


class ChangeDetector(TrioActor):
    """Stage 2. `wall_ms` gives Unix UTC milliseconds; `stream_id` a number never used before, up to 62 bits.

    `flush_within_s`: how long a stop may wait for the writer; the supervisor's patience must be longer. `on_lost` hears how
    many changes it could not hand over by then. `pauses` tells when the gateway itself did not run.
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
        pauses: Pauses | None = None,
    ) -> None:
        super().__init__()
        self._pauses = pauses or no_pauses()
        self._away = self._pauses.away
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
        self._hearing = Hearing(
            self._latest,
            self._out,
            self._stream,
            send=self.send,
            is_played=self._is_played,
            now_s=self.now_s,
            wall_ms=wall_ms,
            log=log,
        )
        self._loaded = False
        self._looks = 0
        self._asked_s = 0.0
        self._missed_at_s = math.inf
        self._tick_s = min(max(store.batch_age_s / 4, TICKS_S[0]), TICKS_S[1])
        self._handlers: dict[type, Callable[[Any], object]] = {
            **self._hearing.handlers,
            BatchStored: self._batch_stored,
            WriterReady: self._writer_ready,
            StateLoaded: self._state_loaded,
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
        if self._pauses.look() is not self._away:  # before a batch is closed that the writer takes for one of after
            self._tell_pauses()
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
            for device in self._latest.devices.values():
                self._out.push(device.leaving(), self.now_s())
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
        began_s, away = self.now_s(), self._pauses.away
        while True:
            due_s = began_s + self._tick_s
            await trio.sleep_until(due_s)
            began_s = self.now_s()
            self._looks += 1
            if began_s - due_s > STOOD_STILL_S:
                self._missed_at_s += began_s - due_s
                if self._pauses.look() is away:  # else every age was seen to already
                    self._latest.stood_still(began_s - due_s, began_s)
            if self._pauses.look() is not self._away:
                self._tell_pauses()
            away = self._pauses.away
            if self._loaded:
                self._look()
            elif self.now_s() - self._asked_s >= ASK_AGAIN_AFTER_S:
                self._ask_for_state()

    def _tell_pauses(self) -> None:
        """End what held before the gateway stood still, before anything else is done; what is stored must be known for that."""
        if self._loaded:
            self._away = self._pauses.away
            for pause in self._pauses.take():
                self._hearing.paused(pause)

    def _look(self) -> None:
        now_s, at_ms = self.now_s(), self._wall_ms()
        self._hearing.grow_old(now_s, at_ms)
        if now_s >= self._missed_at_s:
            self._missed_at_s = math.inf
            self._hearing.let_go_of_the_missing(at_ms)
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
        self._loaded = True
        self._tell_pauses()  # of before anything was known here: the ages of what is loaded count from now
        self._latest.load(message, now_s, self._wall_ms())
        self._log(DETECTOR_LOADED, points=len(message.points), incarnation=self._stream)
        self._out.begin_with_loss(self._held.let_go)
        for held in self._held.take():
            self._handlers[type(held)](held)
        self._missed_at_s = now_s + ANNOUNCED_WITHIN_S
        self._hearing.ask_to_announce()

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
            if self._is_played(f"device/{device.name}"):
                self.send(f"device/{device.name}", StoreRenewed(device=device.name))

    def _batch_stored(self, message: BatchStored) -> None:
        if not self._out.stored(message):
            return
        now_s = self.now_s()
        for cycle in message.cycles:
            self.send(f"device/{cycle.device}", cycle)
        if message.dropped:
            self._latest.forget(message.dropped, self._out.batches.pending.point_keys(), now_s)
        if message.clock_step is not None:
            self._out.push(self._latest.clock_stepped(message.clock_step), now_s)
        self._out.pump(now_s)

    def _own_counts(self) -> dict[str, int]:
        return {"incarnation": self._stream, "loaded": self._loaded, "looks": self._looks, **self._hearing.counts}

    def _is_played(self, role: str) -> bool:
        return self.registry.incarnation(role) is not None

    def _tell_live(self, stored: ChangesStored) -> None:
        if self._is_played(LIVE):
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
