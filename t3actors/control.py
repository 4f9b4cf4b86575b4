"""What a person changes at run time: which devices are polled, and how often. It holds until the gateway is restarted, or the
configuration, read anew, says something else on the very same.

Nothing is told to the device's actor: the actor is stopped in order and started again with what holds now. So a hanging one obeys as
well, a crash or a restart of its pool forgets nothing, and age follows by way of the device's announcement. Called by the API.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
import trio
from msgspec.structs import replace

from supervision.supervisor import Supervisor
from t3actors.config import DeviceConfig
from t3actors.errors import GatewayError
from t3actors.events import Log
from t3actors.events.control import DEVICE_STARTED, DEVICE_STOPPED, INTERVAL_SET
from t3actors.messages import EventHappened


class NotToBeChanged(GatewayError):
    """This device cannot be controlled so; the text says why."""


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """What holds instead of the configuration. `poll_interval_s` None: the configured one."""

    stopped: bool = False
    poll_interval_s: float | None = None


NOTHING = Override()


class Control:
    """Thread: the trio loop. `found`: the devices that were found, by name; `pool`: the supervisor of that name."""

    def __init__(
        self,
        configured: Sequence[DeviceConfig],
        found: Callable[[], Mapping[str, DeviceConfig]],
        pool: Callable[[str], Supervisor],
        tell: Callable[[EventHappened], object],
        wall_ms: Callable[[], int],
        log: Log,
    ) -> None:
        self.overrides: dict[str, Override] = {}
        self._configured: dict[str, DeviceConfig] = {}
        self.know(configured)
        self._found = found
        self._pool = pool
        self._tell = tell
        self._wall_ms = wall_ms
        self._log = log
        self.turn = trio.Lock()
        """One change at a time, a reload's too."""

    def know(self, configured: Sequence[DeviceConfig]) -> None:
        """Take these for the devices of the configuration from now on."""
        self._configured = {device.name: device for device in configured}

    def take_up(self, configured: Sequence[DeviceConfig]) -> tuple[str, ...]:
        """Know these, and end what a person set where the configuration has now said something else on the very same.

        A stop ends with another `enabled`, an interval with another configured interval, both with the device. The caller starts
        the device anew. **Returns**: what ended, in words.
        """
        ended = []
        before, after = self._configured, {device.name: device for device in configured}
        for name in before.keys() & self.overrides.keys():
            was, now, override = before[name], after.get(name), self.overrides[name]
            if override.stopped and (now is None or now.enabled != was.enabled):
                ended.append(f"{name} (stopped by hand)")
                override = replace(override, stopped=False)
            if override.poll_interval_s is not None and (
                now is None or now.rules.poll_interval_s != was.rules.poll_interval_s
            ):
                ended.append(f"{name} (polled every {override.poll_interval_s:g} s)")
                override = replace(override, poll_interval_s=None)
            self._keep(name, override)
        self.know(configured)
        return tuple(sorted(ended))

    def named(self) -> list[str]:
        """Name every device that is configured or was found."""
        return [*self._configured, *self._found()]

    def polled(self) -> list[str]:
        """Name those of them that are polled now."""
        known = [*self._configured.values(), *self._found().values()]
        return [device.name for device in known if self.present(device).enabled]

    def present(self, device: DeviceConfig) -> DeviceConfig:
        """Return the device's configuration as it holds now. Asked at each start of its actor."""
        override = self.overrides.get(device.name, NOTHING)
        if override.poll_interval_s is not None:
            device = polled_every(device, override.poll_interval_s)
        if override.stopped:
            reason = f"stopped by hand, until `t3actors device start {device.name}` or a restart of the gateway"
            device = replace(device, enabled=False, disabled_because=reason)
        return device

    async def stop(self, name: str) -> None:
        """Have a device polled no more. **Raises**: NotToBeChanged, SupervisionError."""
        await self._change(name, lambda override: replace(override, stopped=True))

    async def start(self, name: str) -> None:
        """Have it polled again. **Raises**: NotToBeChanged, SupervisionError."""
        await self._change(name, lambda override: replace(override, stopped=False))

    async def set_interval(self, name: str, seconds: float | None) -> None:
        """Have it polled so often; None for as often as configured. **Raises**: NotToBeChanged, SupervisionError."""
        await self._change(name, lambda override: replace(override, poll_interval_s=seconds))

    async def _change(self, name: str, change: Callable[[Override], Override]) -> None:
        async with self.turn:
            device = self._configured.get(name) or self._found().get(name)
            if device is None:
                raise NotToBeChanged(f"{name} is not polled by an actor of its own")
            pool = "devices" if name in self._configured else "found"
            if not device.enabled:
                raise NotToBeChanged(f"{name} is disabled in the configuration")
            before = self.overrides.get(name, NOTHING)
            override = change(before)
            if override.poll_interval_s == device.rules.poll_interval_s:
                override = replace(override, poll_interval_s=None)
            if override == before:
                return
            self._keep(name, override)
            with trio.CancelScope(shield=True):  # whoever asked may be gone; a device half stopped would stay so
                await self._pool(pool).stop_child(f"device/{name}")
                await self._pool(pool).restart_child(f"device/{name}")
            self._say(device, before, override)

    def _keep(self, name: str, override: Override) -> None:
        if override == NOTHING:
            self.overrides.pop(name, None)
        else:
            self.overrides[name] = override

    def _say(self, device: DeviceConfig, before: Override, override: Override) -> None:
        if before.stopped != override.stopped:
            event = DEVICE_STOPPED if override.stopped else DEVICE_STARTED
            self._log(event, device=device.name)
            self._tell(EventHappened(at_ms=self._wall_ms(), event=event.name, device=device.name, reason="by hand"))
        if before.poll_interval_s != override.poll_interval_s:
            configured_s = device.rules.poll_interval_s
            now_s = configured_s if override.poll_interval_s is None else override.poll_interval_s
            self._log(INTERVAL_SET, device=device.name, poll_interval_s=now_s, configured_s=configured_s)
            reason = f"polled every {now_s:g} s, configured are {configured_s:g} s"
            self._tell(EventHappened(at_ms=self._wall_ms(), event=INTERVAL_SET.name, device=device.name, reason=reason))


def polled_every(device: DeviceConfig, seconds: float) -> DeviceConfig:
    """Return the device with this poll interval; its points that have one of their own keep it."""
    was_s = device.rules.poll_interval_s
    points = tuple(
        replace(point, rules=replace(point.rules, poll_interval_s=seconds))
        if point.rules.poll_interval_s == was_s
        else point
        for point in device.points
    )
    return replace(device, rules=replace(device.rules, poll_interval_s=seconds), points=points)
