"""Finds BACnet devices while the gateway runs: asks who is there, and hands on what is to be polled. Role "discovery".

It decides who is a device of its own (sightings.py) and when to ask (sweeps.py); `polled` starts what polls it (handing_on.py).
Devices met in an earlier life are handed on first, reachable or not. It survives its own restart by beginning anew: whoever it hands
a device to twice must not start it twice. A link that is down is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec
import trio

from supervision.actor import TrioActor
from t3actors.collect.bacnet.discover.conflicts import DETECTOR, Conflicts
from t3actors.collect.bacnet.discover.first_round import FIRST_ROUND, sweeps_of
from t3actors.collect.bacnet.discover.handing_on import HandingOn, Polled, WriterSilent, ask_remembered
from t3actors.collect.bacnet.discover.search import IN_VAIN_FOR_S, ask_around
from t3actors.collect.bacnet.discover.sightings import (
    Claim,
    Conflict,
    Elsewhere,
    Found,
    Happening,
    Settled,
    Sightings,
)
from t3actors.collect.bacnet.discover.sweeps import Sweeps
from t3actors.collect.bacnet.link.requests import DeviceSeen, DevicesSeen
from t3actors.config import BacnetConfig, DeviceConfig
from t3actors.errors import DriverError
from t3actors.events import Log
from t3actors.events.bacnet import (
    BACNET_CONFLICTED,
    BACNET_ELSEWHERE,
    BACNET_SEEN,
    BACNET_SETTLED,
    BACNET_SWEPT,
    BACNET_UNASKED,
    REMEMBERED_AWAITED,
)
from t3actors.messages import EventHappened
from t3actors.points import DeviceStatus
from t3actors.questions import Remembered
from t3actors.stations import DEFAULT_PORT, TEMCO, Station, known_station

OURSELVES = "this gateway"
ASK_WRITER_AGAIN_S = (1.0, 30.0)
LOOK_AT_DETECTOR_S = 2.0


class Discovery(TrioActor):
    """Thread: the trio loop.

    `template`: what a found device takes over beside name, address and instance. `polled` is never used in mode "list".
    """

    def __init__(
        self,
        config: BacnetConfig,
        *,
        template: DeviceConfig,
        configured: Collection[DeviceConfig],
        polled: Polled | None,
        log: Log,
        wall_ms: Callable[[], int],
    ) -> None:
        super().__init__()
        self._config = config
        self._template = template
        self._configured = [device for device in configured if device.protocol == "bacnet"]
        self._polled = polled if config.discover in {"temco", "all"} else None
        self._handing: HandingOn | None = None
        self._log = log
        self._wall_ms = wall_ms
        self._sightings = Sightings()
        self._sweeps: Sweeps | None = None
        self._conflicts = Conflicts(template, wall_ms, self.send)
        self._told_incarnation: int | None = None
        self._said = ""
        self._new = 0

    def on_start(self) -> None:
        """Begin to ask, once it is known who was found earlier."""
        if self._config.discover == "off":
            return
        self._hold_configured()
        if self._polled is not None:
            self._handing = HandingOn(
                self._polled,
                self._sightings,
                registry=self.registry,
                now_s=self.now_s,
                spawn=self.spawn,
                tell=self._act_on,
                log=self._log,
            )
            self.spawn(self._handing.start_all)
            self.spawn(self._handing.look_at_newcomers)
        self.spawn(self._look_around)
        self.spawn(self._look_at_detector)

    def on_receive(self, message: object) -> None:
        """Take what the link heard."""
        if not isinstance(message, DevicesSeen):
            raise TypeError(f"Discovery: saw a {type(message).__name__}, allowed is DevicesSeen")
        if self._sweeps is None:
            return  # whoever was found earlier must be known first; all are asked then
        for seen in message.devices:
            self._take(seen, self._sweeps)
        if message.dropped:
            self._sweeps.dropped()

    # -- who is known before

    def _hold_configured(self) -> None:
        for device in self._configured:
            if device.instance is not None:
                at, address = known_station(device.address, self._port)
                self._sightings.hold(device.name, device.instance, at, address)
        if self._config.instance is not None:
            self._sightings.hold(OURSELVES, self._config.instance, None, heard=self.now_s())

    async def _look_around(self) -> None:
        if self._handing is not None:
            remembered = await self._remembered()
            await self._handing.dismiss_unknown({one.name for one in remembered})
            for one in remembered:
                self._recall(one)
        self._sweeps = sweeps_of(self._config, self.now_s(), self._port)
        await ask_around(self._sweeps, self.registry, self.now_s, self._told, self._sweep_over)

    async def _remembered(self) -> tuple[Remembered, ...]:
        pause_s, longest_s = ASK_WRITER_AGAIN_S
        said = ""
        while True:
            try:
                return await ask_remembered(self.registry)
            except WriterSilent as silent:
                reason = str(silent)
                if reason != said:
                    said = reason
                    self._log(REMEMBERED_AWAITED, reason=reason, next_try_s=pause_s)
            await trio.sleep(pause_s)
            pause_s = min(pause_s * 2, longest_s)

    def _recall(self, one: Remembered) -> None:
        try:
            at, address = known_station(one.address, self._port)
        except ValueError:
            return
        is_first = self._sightings.hold(one.name, one.instance, at, address)
        fits = one.vendor_id is None or self._fits(one.vendor_id)
        if is_first and fits and one.status is not DeviceStatus.CONFLICT:
            self._hand_on(one.name, address, one.instance)

    # -- what is seen

    def _take(self, seen: DeviceSeen, sweeps: Sweeps) -> None:
        happened = self._sightings.take(seen, self.now_s())
        is_new = any(isinstance(one, Found) for one in happened)
        sweeps.heard(Station(seen.network, seen.mac), seen.instance, is_new=is_new)
        self._act_on(happened)

    def _act_on(self, happened: Collection[Happening]) -> None:
        for one in happened:
            match one:
                case Found(device):
                    self._found(device)
                case Conflict():
                    self._conflict(one)
                case Elsewhere(first, later):
                    self._log(
                        BACNET_ELSEWHERE,
                        instance=first.instance,
                        device=first.name,
                        address=first.address,
                        seen_at=later.address,
                    )
                case Settled(first, later):
                    self._log(BACNET_SETTLED, instance=first.instance, device=later.name, held_by=first.name)
                    self._conflicts.ended(one)

    def _found(self, device: Claim) -> None:
        seen = device.seen
        if seen is None or not self._in_range(device.instance):
            return
        self._new += 1
        self._log(
            BACNET_SEEN,
            device=device.name,
            address=device.address,
            network=seen.network,
            instance=device.instance,
            vendor_id=seen.vendor_id,
            max_apdu=seen.max_apdu,
        )
        if self._config.discover == "list":
            what = f"{device.name} at {device.address}, vendor {seen.vendor_id}"
            self.send(DETECTOR, EventHappened(at_ms=self._wall_ms(), event=BACNET_SEEN.name, reason=what))
        elif self._fits(seen.vendor_id):
            self._hand_on(device.name, device.address, device.instance, device)

    def _conflict(self, conflict: Conflict) -> None:
        first, later = conflict
        self._log(
            BACNET_CONFLICTED,
            instance=first.instance,
            device=later.name,
            address=later.address,
            held_by=first.name,
            held_at=first.address,
        )
        if any(device.name == later.name for device in self._configured):
            return  # it is polled at its address all the same: whoever polls it says how it is
        wanted = later.seen is not None and self._polled is not None and self._fits(later.seen.vendor_id)
        if first.is_ours or (wanted and self._in_range(later.instance)):
            self._conflicts.began(conflict)

    async def _look_at_detector(self) -> None:
        self._told_incarnation = self.registry.incarnation(DETECTOR)
        while True:
            await trio.sleep(LOOK_AT_DETECTOR_S)
            incarnation = self.registry.incarnation(DETECTOR)
            if incarnation is not None and incarnation != self._told_incarnation:
                self._told_incarnation = incarnation
                self._conflicts.tell_all()

    # -- what is polled

    def _hand_on(self, name: str, address: str, instance: int, claim: Claim | None = None) -> None:
        if self._handing is None:
            return
        device = msgspec.structs.replace(
            self._template,
            name=name,
            protocol="bacnet",
            address=address,
            instance=instance,
            enabled=True,
            discovered=True,
        )
        self._handing.soon(device, claim)

    # -- how the asking goes

    def _told(self, error: DriverError | None, in_vain_s: float) -> None:
        if error is None:
            self._said = ""
            return
        reason = str(error)
        if reason != self._said and in_vain_s >= IN_VAIN_FOR_S:
            self._said = reason
            self._log(BACNET_UNASKED, reason=reason)
            if self._polled is not None:
                self._polled.looked(f"nobody could be asked who is there: {reason}")

    def _sweep_over(self) -> None:
        sweeps = self._sweeps
        self._act_on(self._sightings.swept())
        if self._handing is not None and sweeps is not None and sweeps.sweeps_done >= FIRST_ROUND:
            self._handing.round_over()
        if sweeps is None or sweeps.sweeps_done < FIRST_ROUND or (sweeps.sweeps_done > FIRST_ROUND and not self._new):
            return
        self._log(
            BACNET_SWEPT,
            sweeps=sweeps.sweeps_done,
            asked=sweeps.asked,
            devices=len(self._sightings),
            new=self._new,
            conflicts=sum(first is not None for _, first in self._sightings.listed()),
            ignored=self._sightings.ignored,
        )
        self._new = 0

    # -- small questions

    @property
    def _port(self) -> int:
        return self._config.port or DEFAULT_PORT

    def _fits(self, vendor_id: int) -> bool:
        return self._config.discover == "all" or vendor_id == TEMCO

    def _in_range(self, instance: int) -> bool:
        limits = self._config.who_is_range
        return limits is None or limits[0] <= instance <= limits[1]
