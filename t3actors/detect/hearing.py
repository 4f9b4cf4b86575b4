"""Takes what devices say, and what their silence brings, into the latest values and on to the writer. The heart of detector.py.

    device --DeviceAnnounced, PointsRead, PollMissed, DeviceStatusChanged, DeviceRemoved--> here
    device --ObjectsRead, AlarmsRead, DeviceLearned, CycleEnded---------------------------> here
    device <--ReadingsTaken, GatewayPaused------------------------------------------------- here

What is a change, and how old a value may get, is decided in device.py; when a batch is due, in batch.py. No actor and no clock of its
own. Called by detector.py. Thread: the trio loop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from t3actors.cycles import CycleEnded
from t3actors.detect.beside import Beside
from t3actors.detect.delivery import Delivery
from t3actors.detect.device import DeviceLatest
from t3actors.detect.latest import Latest
from t3actors.detect.recoveries import Recoveries
from t3actors.events import Log
from t3actors.events.detect import POINTS_DOWN, POINTS_STALE
from t3actors.events.gateway import GATEWAY_STOOD_STILL
from t3actors.messages import (
    AlarmsRead,
    DeviceAnnounced,
    DeviceLearned,
    DeviceRemoved,
    DeviceStatusChanged,
    EventHappened,
    GatewayPaused,
    ObjectsRead,
    PointChange,
    PointsRead,
    PollMissed,
    ReadingsTaken,
)
from t3actors.pauses import Pause
from t3actors.points import DeviceStatus, Status

NO_POLL = -1
ON_ITS_WAY_S = 5.0
"""So long after the gateway stood still its detector may take to come to what had been sent to it before."""
CLOCK_STEPPED = "clock.stepped"
"""In EVENTS; with the row before it, the end of what held: as where the clock was put forward (store/stretches.py)."""


class Hearing:
    """The way from the devices. `send` and `is_played` are the registry's; `stream` names the detector that answers."""

    def __init__(
        self,
        latest: Latest,
        out: Delivery,
        stream: int,
        *,
        send: Callable[[str, object], bool],
        is_played: Callable[[str], bool],
        now_s: Callable[[], float],
        wall_ms: Callable[[], int],
        log: Log,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._latest = latest
        self._out = out
        self._stream = stream
        self._send = send
        self._is_played = is_played
        self._now_s = now_s
        self._wall_ms = wall_ms
        self._log = log
        self._recoveries = Recoveries(log)
        self._paused: Pause | None = None
        self._noticed_s = 0.0
        self.handlers: dict[type, Callable[[Any], object]] = {
            PointsRead: self._points_read,
            DeviceAnnounced: self._device_announced,
            DeviceStatusChanged: self._device_status_changed,
            PollMissed: self._poll_missed,
            DeviceRemoved: self._device_removed,
            ObjectsRead: self._told_beside,
            AlarmsRead: self._told_beside,
            DeviceLearned: self._told_beside,
            EventHappened: self._event_happened,
            CycleEnded: self._cycle_ended,
        }
        """Who takes which message."""

    # ------------------------------------------------------------------------------------------ what devices say

    def _device_announced(self, message: DeviceAnnounced) -> None:
        device = self._latest.device(message.device)
        news = message != device.announced
        now_s = self._now_s()
        changes = device.announce(message, now_s, self._wall_ms())
        if news:
            self._out.add(message, now_s)
            if not device.is_read and device.last_ok_at_ms and self._is_played(f"device/{device.name}"):
                self._answer(device.name, last_ok_at_ms=device.last_ok_at_ms)
        self._out.push(changes, now_s)
        self._out.pump(now_s)

    def ask_to_announce(self) -> None:
        """Have the devices that the store knows, and that are polled, say who they are: their next poll may come too late."""
        for device in self._latest.unannounced():
            if self._is_played(f"device/{device}"):
                self._answer(device, known=False)

    def _answer(self, device: str, poll_no: int = NO_POLL, **more: Any) -> None:
        answer = ReadingsTaken(device=device, poll_no=poll_no, incarnation=self._stream, **more)
        self._send(f"device/{device}", answer)

    def _points_read(self, message: PointsRead) -> None:
        device = self._latest.devices.get(message.device)
        known = device is not None and device.announced is not None
        is_of_before = self._paused is not None and self._is_of_before(message)
        if device is not None and known and device.enabled and not is_of_before:
            self._take(device, message)
        self._answer(message.device, message.poll_no, known=known)

    def _take(self, device: DeviceLatest, message: PointsRead) -> None:
        now_s = self._now_s()
        if device.status not in {DeviceStatus.ONLINE, None} and not message.is_hearsay:
            self._device_status_changed(device.answering(message.heard_at_ms))
        taken = device.take(message, now_s)
        self.counts["polls"] += 1
        self.counts["readings"] += len(message.readings)
        self.counts["strangers"] += taken.strangers
        self._out.push(taken.changes, now_s, message.group)
        self._recoveries.took(device.name, taken.recovered, message.group)
        self._out.heard(device, now_s, message.group)
        if taken.changes:
            self._out.pump(now_s)

    def _poll_missed(self, message: PollMissed) -> None:
        self.counts["polls_missed"] += 1
        device = self._latest.devices.get(message.device)
        if device is not None:
            device.counts = message.counts
            device.miss = message.reason

    def _device_status_changed(self, message: DeviceStatusChanged) -> None:
        device = self._latest.devices.get(message.device)
        if device is None:
            return  # without an announcement there is no row; the device announces itself to a new detector and answers
        now_s = self._now_s()
        message = device.following(message)
        self._out.add(message, now_s)
        if message.status is DeviceStatus.OFFLINE:
            self._push_down(device, device.go_down(message.reason, now_s, message.at_ms), now_s)
        self._out.pump(now_s)

    def _device_removed(self, message: DeviceRemoved) -> None:
        device = self._latest.devices.get(message.device)
        now_s = self._now_s()
        if device is not None:
            message = replace(message, was=device.status or DeviceStatus.UNKNOWN)
            self._out.push(device.removed(message.reason, now_s, message.at_ms), now_s)
        self._out.add(message, now_s)
        self._out.pump(now_s)

    def _told_beside(self, message: Beside) -> None:
        device = self._latest.devices.get(message.device)
        if device is None or not device.enabled:
            return  # it has no row, or is not to have more in it
        if device.told.is_news(message):
            now_s = self._now_s()
            self._out.add(message, now_s)
            self._out.pump(now_s)

    def _event_happened(self, message: EventHappened) -> None:
        self._out.add(message, self._now_s())

    def _cycle_ended(self, message: CycleEnded) -> None:
        now_s = self._now_s()
        self._recoveries.over(message.panels)
        self._out.add(message, now_s, message.group)
        self._out.pump(now_s)

    # ------------------------------------------------------------------------- what their silence, or ours, brings

    def paused(self, pause: Pause) -> None:
        """The gateway itself did not run for a while: no value holds over it, and every device is to be read anew."""
        now_s = self._now_s()
        self._paused, self._noticed_s = pause, now_s
        left = EventHappened(at_ms=pause.until_ms, event=CLOCK_STEPPED, reason=pause.reason, since_ms=pause.since_ms)
        self._out.add(left, now_s)
        changes = self._latest.pause(pause, now_s)
        self._out.push(changes, now_s)
        self._log(
            GATEWAY_STOOD_STILL,
            lasted_s=round(pause.lasted_s, 1),
            asleep_s=round(pause.asleep_s, 1),
            since=pause.since_ms,
            points_stale=sum(change.reading.status is Status.STALE for change in changes),
        )
        for device in self._latest.devices:
            if self._is_played(f"device/{device}"):
                self._send(f"device/{device}", GatewayPaused(device=device))

    def _is_of_before(self, message: PointsRead) -> bool:
        """Say whether a poll was on its way when the gateway stood still: it says nothing of now, and is read anew.

        By the wall clock; hence only for a moment after that was noticed, and the clock may be set back later.
        """
        paused = self._paused
        return (
            paused is not None
            and message.heard_at_ms < paused.until_ms
            and self._now_s() - self._noticed_s < ON_ITS_WAY_S
        )

    def grow_old(self, now_s: float, at_ms: int) -> None:
        """Mark what was not read for too long; most of the time no device can have any of that."""
        for device in self._latest.devices.values():
            if now_s >= device.check_at_s:
                self._grow_old(device, now_s, at_ms)

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

    def let_go_of_the_missing(self, at_ms: int) -> None:
        """Disable the devices of the store that nobody polls: they must not look online for ever."""
        for name in self._latest.unannounced():
            if not self._is_played(f"device/{name}"):
                reason = "nobody polls it: it is not in the configuration"
                self._device_removed(DeviceRemoved(device=name, at_ms=at_ms, reason=reason))
