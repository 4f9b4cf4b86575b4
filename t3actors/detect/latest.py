"""Every device with its points, by name: refilled from the store, forgotten where the store lost something.

A change that the store had to drop is forgotten here, so that the next reading brings it back. A device that is in the store but
never announces itself is aged by the default rules: its dead values must not look alive either.

`now_s` is monotonic, `at_ms` Unix UTC. Nothing here knows an actor or a clock. Called by detector.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from t3actors.detect.device import DeviceLatest
from t3actors.detect.track import Stamp, Track
from t3actors.messages import BatchItem, ClockStep, PointChange, StateLoaded
from t3actors.pauses import Pause
from t3actors.points import DeviceStatus, Status
from t3actors.questions import DeviceNow, LatestRequested


class Latest:
    """Every device. Bounded by the devices and points ever announced or stored."""

    def __init__(self) -> None:
        self.devices: dict[str, DeviceLatest] = {}
        self.conflicts: Mapping[str, str] = {}
        """Devices whose serial number is another's, as the store last said: whatever they say of themselves."""

    def device(self, name: str) -> DeviceLatest:
        """Return the device, making it known first where it is not."""
        device = self.devices.get(name)
        if device is None:
            device = self.devices[name] = DeviceLatest(name)
        return device

    def load(self, message: StateLoaded, now_s: float, at_ms: int = 0) -> None:
        """Refill from the store. Nobody knows that what is in it has held until now: the first good reading of each point says it again."""
        for stored in message.points:
            track = Track(stored.reading, Stamp(now_s, stored.sampled_at_ms))
            track.recalled = True
            track.unconfirmed = stored.reading.status is Status.OK
            self.device(stored.device).tracks[stored.point_id] = track
        for name, status in message.device_status.items():
            device = self.device(name)
            device.status = status
            device.enabled = status is not DeviceStatus.DISABLED
            device.confirm_from_ms = at_ms
            device.last_ok_at_ms = message.last_ok_at_ms.get(name)

    def said_again(self, at_ms: int) -> list[BatchItem]:
        """Return what devices said of themselves; forget those that were known from the lost store alone."""
        self.devices = {name: device for name, device in self.devices.items() if device.announced is not None}
        return [item for device in self.devices.values() for item in device.said(at_ms)]

    def unannounced(self) -> list[str]:
        """Return the stored devices that nobody has spoken for."""
        devices = self.devices.values()
        return [d.name for d in devices if d.announced is None and d.status is not DeviceStatus.DISABLED]

    def forget(self, dropped: Iterable[tuple[str, str]], waiting: set[tuple[str, str]], now_s: float) -> None:
        """Forget what the store dropped, but for points of which something newer waits to be stored anyway."""
        for key in dropped:
            device = self.devices.get(key[0])
            track = None if device is None else device.tracks.get(key[1])
            if device is not None and track is not None and key not in waiting:
                track.forget()
                device.look_again_at(now_s + track.rules.poll_interval_s)

    def pause(self, pause: Pause, now_s: float) -> list[PointChange]:
        """Nobody looked at any device for a while."""
        return [change for device in self.devices.values() for change in device.pause(pause, now_s)]

    def clock_stepped(self, step: ClockStep) -> list[PointChange]:
        """The wall clock stepped, for all devices."""
        return [change for device in self.devices.values() for change in device.clock_stepped(step)]

    def stood_still(self, gap_s: float, now_s: float) -> None:
        """The gateway itself stood still for so long: nobody is blamed for it."""
        for device in self.devices.values():
            device.stood_still(gap_s, now_s)

    def now(self, asked: LatestRequested) -> DeviceNow | None:
        """Answer for one device: the first announced with this serial number, else the one of this name."""
        found = None
        if asked.serial_number is not None:
            found = next((one for one in self.devices.values() if one.is_serial(asked.serial_number)), None)
        found = found or self.devices.get(asked.device)
        return None if found is None else found.now()

    def anything_announced(self) -> bool:
        """Say whether any device is being followed."""
        return any(device.announced is not None for device in self.devices.values())

    def points(self) -> int:
        """Return how many points are known."""
        return sum(len(device.tracks) for device in self.devices.values())
