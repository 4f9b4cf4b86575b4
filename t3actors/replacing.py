"""Carries the difference between two configurations out on the running tree: who differs is started anew, everybody else is left alone.

What the pools of the tree are restarted by is replaced first, so that one that fails meanwhile comes up by the new configuration.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

import trio
from msgspec.structs import replace

from supervision.errors import AlreadyPresent, AlreadyStarted, ChildStartFailed, NotFound, NotRunning
from supervision.spec import ChildSpec
from supervision.supervisor import Supervisor
from t3actors.collect.bacnet.link.requests import DISCOVERY
from t3actors.collect.modbus.requests import LinkSettings, role_of
from t3actors.config import Config, DeviceConfig
from t3actors.configure.difference import Difference
from t3actors.messages import DeviceRemoved
from t3actors.pollers import Pollers

AT_A_TIME = 16
"""Devices that are stopped and started side by side: one that hangs takes its stop's whole patience."""
NOT_CONFIGURED = "the configuration does not have it any more"
NOT_SOUGHT = "the configuration does not look for such devices any more"
CONFIGURED_NOW = "the configuration has a device of this instance now"
GONE = (NotFound, NotRunning)
"""The pool is being started anew, by the new configuration; or the gateway stops."""


class Replacing:
    """Carries out one difference. Thread: the trio loop; whoever controls devices by hand has to wait meanwhile."""

    def __init__(self, pollers: Pollers, root: Supervisor, tell: Callable[[DeviceRemoved], object], at_ms: int) -> None:
        self.failed: dict[str, str] = {}
        """Why a device is not as configured, by its name."""
        self._pollers = pollers
        self._root = root
        self._tell = tell
        self._at_ms = at_ms
        self._before: dict[str, DeviceConfig] = {}
        self._places: dict[str, int] = {}

    async def carry_out(self, apart: Difference, holding: Config) -> tuple[str, ...]:
        """Let `holding` take the place of the running configuration. **Returns**: what a person had set, and has ended by that.

        A device that does not start as it is to be goes on as it was: see `failed`.
        """
        pollers = self._pollers
        self._before = {device.name: device for device in pollers.config.devices}
        links, lines = self._links(), pollers.lines()
        ended = self._take_up(holding)
        await self._open(set(links), lines)
        await self._each(self._remove, apart.removed)
        await self._each(self._change, (changed.device for changed in apart.changed))
        await self._each(self._add, apart.added)
        await self._search_anew(apart)
        links |= self._links()
        if self.failed:
            self._take_up(self._as_it_is(holding))
        for name in links.keys() - self._links().keys():
            await self._end("links", name)
        return ended

    def _take_up(self, config: Config) -> tuple[str, ...]:
        pollers = self._pollers
        ended = pollers.control.take_up(config.devices)
        pollers.config = config
        self._places = {device.name: place for place, device in enumerate(config.devices)}
        for pool in pollers.pools():
            self._root.replace_spec(pool)
        return ended

    def _as_it_is(self, holding: Config) -> Config:
        """Return the configuration with those that failed as they were."""
        devices = (
            self._before.get(device.name) if device.name in self.failed else device for device in holding.devices
        )
        return replace(holding, devices=tuple(device for device in devices if device is not None))

    # -- links

    def _links(self) -> dict[str, ChildSpec]:
        return {spec.name: spec for spec in self._pollers.link_specs()}

    async def _open(self, there: set[str], lines: dict[str, LinkSettings]) -> None:
        """Start the links that are new, and tell the others how patient they are to be: no connection is cut for that."""
        for name, spec in self._links().items():
            if name in there:
                with suppress(*GONE):
                    self._root.find("links").replace_spec(spec)
            else:
                await self._start("links", spec)
        for address, settings in self._pollers.lines().items():
            if address in lines and lines[address] != settings:
                self._root.registry.send(role_of(address), settings)

    # -- devices

    async def _each(self, act: Callable[[DeviceConfig], Awaitable[None]], devices: Iterable[DeviceConfig]) -> None:
        limit = trio.CapacityLimiter(AT_A_TIME)

        async def one(device: DeviceConfig) -> None:
            async with limit:
                await act(device)

        async with trio.open_nursery() as nursery:
            for device in devices:
                nursery.start_soon(one, device)

    async def _remove(self, device: DeviceConfig) -> None:
        await self._end("devices", f"device/{device.name}")
        self._removed(device.name, NOT_CONFIGURED)
        self._let_go_of_panels(device, NOT_CONFIGURED)

    async def _add(self, device: DeviceConfig) -> None:
        try:
            await self._start("devices", self._spec(device))
        except ChildStartFailed as failure:
            self.failed[device.name] = f"{device.name} was not started: {failure}"

    async def _change(self, device: DeviceConfig) -> None:
        was = self._before[device.name]
        try:
            await self._restart("devices", self._spec(device))
        except ChildStartFailed as failure:
            self.failed[device.name] = f"{device.name} goes on as it was: {failure}"
            with suppress(ChildStartFailed):
                await self._restart("devices", self._spec(was))
            return
        if device.protocol != was.protocol:
            self._let_go_of_panels(was, NOT_CONFIGURED)

    def _spec(self, device: DeviceConfig) -> ChildSpec:
        return self._pollers.device_spec(device, self._places.get(device.name, 0))

    def _removed(self, name: str, reason: str) -> None:
        self._tell(DeviceRemoved(device=name, at_ms=self._at_ms, reason=reason))

    def _let_go_of_panels(self, device: DeviceConfig, reason: str) -> None:
        """The panels of a T3000 are devices too, and nobody speaks for them any more."""
        prefix = "device/"
        for role in self._root.registry.no_longer_spoken_for(f"{prefix}{device.name}"):
            self._removed(role.removeprefix(prefix), reason)

    # -- devices that were found, and who looks for them

    async def _search_anew(self, apart: Difference) -> None:
        found, pollers = self._pollers.found, self._pollers
        if apart.search_changed:
            await self._end("found", DISCOVERY)
        configured = {device.instance for device in pollers.config.devices if device.protocol == "bacnet"}
        for name, device in list(found.devices.items()):
            if apart.found_let_go:
                await found.dismiss(name, NOT_SOUGHT)
            elif device.instance in configured:
                await found.dismiss(name, CONFIGURED_NOW)
        if apart.found:
            await self._each(self._change_found, list(found.devices.values()))
        if apart.search_changed:
            for spec in pollers.discovery_specs():
                await self._start("found", spec)

    async def _change_found(self, was: DeviceConfig) -> None:
        found, template = self._pollers.found, self._pollers.config.found_devices
        device = replace(
            template, name=was.name, address=was.address, instance=was.instance, enabled=True, discovered=True
        )
        found.devices[device.name] = device
        try:
            await self._restart("found", self._pollers.found_device_spec(device))
        except ChildStartFailed as failure:
            self.failed[device.name] = f"{device.name} was not started: {failure}"

    # -- children

    async def _start(self, pool: str, spec: ChildSpec) -> None:
        with suppress(AlreadyStarted, AlreadyPresent, *GONE):
            await self._root.find(pool).start_child(spec)

    async def _restart(self, pool: str, spec: ChildSpec) -> None:
        with suppress(*GONE):
            supervisor = self._root.find(pool)
            supervisor.replace_spec(spec)
            await supervisor.stop_child(spec.name)
            await supervisor.restart_child(spec.name)

    async def _end(self, pool: str, name: str) -> None:
        with suppress(*GONE):
            supervisor = self._root.find(pool)
            await supervisor.stop_child(name)
            await supervisor.delete_child(name)
